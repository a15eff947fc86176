"""Names of facts in rules: `requester.department`, `outcome_of.review`, `count_of.review.return`.

Keys of steps and outcomes may have hyphens in them, and may be words of the rules themselves. So
these names are put into other letters, as many as they have, before a rule is read, and back again
in its tree; positions in messages stay true.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from rule_engine import ast

from workflows.engine.rules.explanations import rule_child_nodes

REQUESTER: Final = "requester"
OUTCOME_OF: Final = "outcome_of"
COUNT_OF: Final = "count_of"
HEADS: Final = (REQUESTER, OUTCOME_OF, COUNT_OF)

_KEY: Final = r"[a-z][a-z0-9_-]*"
_NAME: Final = re.compile(
    rf"'[^'\n]*'|\"[^\"\n]*\"|(?<![\w.$])(?P<name>{OUTCOME_OF}\.{_KEY}|{COUNT_OF}\.{_KEY}\.{_KEY})"
)
"""Texts in quotes are passed over."""
_ENCODED: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz.-", "ABCDEFGHIJKLMNOPQRSTUVWXYZxy")
_DECODED: Final = {code: chr(plain) for plain, code in _ENCODED.items()}


def names_facts(rule: str) -> bool:
    """Whether a rule may name a fact; cheap, and sometimes yes where it does not."""
    return any(f"{head}." in rule for head in HEADS)


_ANY_NAME: Final = re.compile(
    rf"'[^'\n]*'|\"[^\"\n]*\"|(?<![\w.$])(?P<name>(?:{'|'.join(HEADS)})\.{_KEY}(?:\.{_KEY})?)"
)


def names_in(rule: str, names: Collection[str]) -> frozenset[str]:
    """Those of these facts that stand in a rule."""
    written = (found["name"] for found in _ANY_NAME.finditer(rule) if found["name"])
    return frozenset(
        known
        for name in written
        if (known := next((part for part in _shorter(name) if part in names), None))
    )


def fact_words(name: str) -> tuple[str, ...]:
    """The parts of a fact's name; nothing for the name of anything else."""
    head, dot, rest = name.partition(".")
    if not dot or head not in HEADS:
        return ()
    return (head, *rest.split("."))


def with_names(rule: str, change: Callable[[str], str]) -> str:
    """A rule with each name of a decision (`outcome_of.…`, `count_of.…`) as `change` writes it."""
    return _NAME.sub(lambda found: change(found[0]) if found["name"] else found[0], rule)


def encode_names(rule: str, names: Collection[str]) -> str:
    """A rule that can be read: each name is one word. Where it is a known one less something
    (`count_of.review.return-1`), it is the longest that is known."""

    def encode(name: str) -> str:
        known = next((part for part in _shorter(name) if part in names), name)
        return known.translate(_ENCODED) + name[len(known) :]

    return with_names(rule, encode) if OUTCOME_OF in rule or COUNT_OF in rule else rule


def _shorter(name: str) -> list[str]:
    """The name, and what it is without its last parts behind hyphens."""
    ends = [at for at, letter in enumerate(name) if letter == "-"]
    return [name, *(name[:at] for at in reversed(ends))]


def decode_names(tree: Any) -> None:
    """Give the names in the tree of such a rule their own letters again."""
    todo = [tree]
    while todo:
        node = todo.pop()
        if node.cls is ast.SymbolExpression:
            node.args = (node.args[0], decode_name(node.args[1]))
        todo.extend(rule_child_nodes(node))


def decode_name(word: str) -> str:
    """A name as it was written; other words stay."""
    plain = str(word).translate(_DECODED) if str(word)[:1].isupper() else str(word)
    return plain if fact_words(plain) else str(word)


def rename_in_rule(
    rule: str, steps: Mapping[str, str], outcomes: Mapping[tuple[str, str], str] | None = None
) -> str:
    """A rule in which steps, and outcomes of steps (by their old keys), are called otherwise; also
    where an outcome stands in quotes beside `outcome_of`."""
    ways = outcomes or {}

    def change(name: str) -> str:
        head, step, *outcome = fact_words(name)
        new = [head, steps.get(step, step)]
        if outcome:
            new.append(ways.get((step, outcome[0]), outcome[0]))
        return ".".join(new)

    for (step, old), outcome in ways.items():
        rule = _rename_beside(rule, step, old, outcome)
    return with_names(rule, change) if names_facts(rule) else rule


def _rename_beside(rule: str, step: str, old: str, new: str) -> str:
    """The outcomes that the last one of a step is compared with."""
    name = rf"{OUTCOME_OF}\.{re.escape(step)}(?![a-z0-9_-])"
    word = rf"(['\"]){re.escape(old)}\1"

    def rename(found: re.Match[str]) -> str:
        return re.sub(word, lambda each: f"{each[1]}{new}{each[1]}", found[0])

    value = r"(?:'[^']*'|\"[^\"]*\")"
    beside = rf"{name}\s*(?:==|!=)\s*{value}|{value}\s*(?:==|!=)\s*{name}"
    listed = rf"{name}\s+in\s+\[[^\]]*\]"
    return re.sub(f"{listed}|{beside}", rename, rule)
