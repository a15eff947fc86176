"""What is known of the parts of a rule before it runs, and how a part is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rule_engine import ast

from workflows.engine.errors import SentenceError
from workflows.engine.rules.explanations import REFUSED, render_rule_part
from workflows.engine.texts import text


class RuleProblem(SentenceError, ValueError):
    """A rule cannot be used as it is written; the message says which part and what to change."""


@dataclass(frozen=True)
class Operand:
    """What is known of a part of a rule before it runs: its kind, and what narrows it."""

    kind: str
    choices: tuple[str, ...] | None = None
    currency: str | None = None
    literal: str | None = None
    whole: bool = False
    """Of a number: whether it never has digits after its point."""
    columns: tuple[tuple[str, "Operand"], ...] = ()
    """Of a list of rows: what its columns are."""
    is_fact: bool = False
    """Of who asked, or of what was decided: no field of the request."""
    may_be_unknown: bool = False
    """Of a fact: a comparison with it does not hold where it is not known."""


Fields = Mapping[str, Operand]

CONDITION: Final = Operand("boolean")


def refusal_of(node: Any) -> RuleProblem:
    """Why this part cannot stand in a rule."""
    reason = REFUSED.get(node.cls.__name__, text("this is not allowed in a rule"))
    return RuleProblem("In `%(part)s`: %(reason)s.", part=render_rule_part(node), reason=reason)


def become_symbol(node: Any, name: str) -> None:
    """Let a part of the tree be a symbol of this name."""
    node.cls, node.args, node.kwargs = ast.SymbolExpression, (node.args[0], name), {"scope": None}
