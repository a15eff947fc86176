"""Which lists a rule can do without: to count, to add up and to go through them, an empty one will
do."""

from typing import Any

from workflows.engine.rules.fact_checks import named_symbols
from workflows.engine.rules.list_functions import COUNT, ListFunctions
from workflows.engine.rules.rule_functions import FunctionCall


def spared_lists(tree: Any, functions: ListFunctions) -> frozenset[str]:
    """The fields that a rule's tree, not yet built, only counts, adds up or goes through. The least
    and the most of a list are asked for safely beside its count, as an empty field is beside
    `!= null`."""
    parts, uses = [tree], dict[str, set[str]]()
    for function in functions.used.values():
        if isinstance(function, FunctionCall):
            parts += function.arguments
            continue
        uses.setdefault(function.list_key, set()).add(function.function)
        if function.condition is not None:
            parts.append(function.condition)
    spared = {key for key, used in uses.items() if COUNT in used or not used & {"min", "max"}}
    return frozenset(spared.difference(*map(named_symbols, parts)))
