"""Facts in rules: what is wrong with a name, and comparisons with what is not known."""

from difflib import get_close_matches
from typing import Any

from rule_engine import ast

from workflows.engine.rules.explanations import OR_EMPTY, rule_child_nodes
from workflows.engine.rules.fact_names import COUNT_OF, OUTCOME_OF, REQUESTER, fact_words
from workflows.engine.rules.operands import Fields
from workflows.engine.texts import Text, text


def named_symbols(node: Any) -> list[str]:
    """The names in a part of a rule, each once; also those with a dot that were bound already."""
    found: dict[str, None] = {}
    todo = [node]
    while todo:
        part = todo.pop()
        if part.cls is ast.SymbolExpression:
            found[part.args[1]] = None
        todo.extend(rule_child_nodes(part))
    return sorted(found)


def only_if_known(node: Any, facts: list[str]) -> None:
    """Let a comparison hold only where these facts are known; that two things differ holds where
    one is not."""
    if not facts:
        return
    differs = node.cls is ast.ComparisonExpression and node.args[1] == "NE"
    sign, joiner = ("EQ", "OR") if differs else ("NE", "AND")
    context = node.args[0]
    whole = _node(node, node.cls, *node.args, method=node.method, **node.kwargs)
    for name in facts:
        symbol = _node(node, ast.SymbolExpression, context, name + OR_EMPTY, scope=None)
        null = _node(node, ast.NullExpression, context)
        asked = _node(node, ast.ComparisonExpression, context, sign, symbol, null)
        whole = _node(node, ast.LogicExpression, context, joiner, asked, whole)
    node.cls, node.args, node.kwargs, node.method = whole.cls, whole.args, {}, whole.method


def _node(like: Any, cls: Any, *args: Any, method: str = "build", **kwargs: Any) -> Any:
    """A part of a tree that is not built yet."""
    return type(like)(cls, args=args, kwargs=kwargs, method=method)


def describe_unknown_fact(name: str, fields: Fields) -> Text | None:
    """What is wrong with the name of a fact that this map does not have; None for other names, and
    where no fact can be asked."""
    if name in fields or not fact_words(name):
        return None
    head, first, *outcome = fact_words(name)
    known = sorted(field for field, operand in fields.items() if operand.is_fact)
    if not known:
        return text(
            "`%(name)s` cannot be asked here: who asked, and what was decided, is known to rules"
            " that choose ways, and to sums of automations.",
            name=name,
        )
    if head == REQUESTER:
        return text(
            "Nothing is known of a requester under `%(name)s`; ask one of %(known)s.",
            name=name,
            known=", ".join(each for each in known if each.startswith(f"{REQUESTER}.")),
        )
    steps = [fact_words(each)[1] for each in known if each.startswith(f"{OUTCOME_OF}.")]
    if first not in steps:
        return _unknown_step(name, first, steps)
    ways = [fact_words(each)[2] for each in known if each.startswith(f"{COUNT_OF}.{first}.")]
    return text(
        "In `%(name)s`: '%(step)s' has no outcome '%(outcome)s'; write one of %(outcomes)s.",
        name=name,
        step=first,
        outcome=".".join(outcome),
        outcomes=", ".join(ways),
    )


def _unknown_step(name: str, step: str, steps: list[str]) -> Text:
    close = get_close_matches(step, steps, n=1)
    if close:
        return text(
            "In `%(name)s`: there is no step '%(step)s' of people; did you mean %(close)s?",
            name=name,
            step=step,
            close=close[0],
        )
    return text(
        "In `%(name)s`: there is no step '%(step)s' that people decide; correct its key.",
        name=name,
        step=step,
    )
