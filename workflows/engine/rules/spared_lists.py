"""Which lists a rule can do without, since to count, to add up and to go through them an empty one
will do; and which cells of their rows it cannot."""

from typing import Any

from workflows.engine.rules.fact_checks import named_symbols
from workflows.engine.rules.list_functions import COUNT, ListFunctions
from workflows.engine.rules.rule_functions import FunctionCall


def needed_cells(functions: ListFunctions) -> frozenset[str]:
    """The columns, each behind its list, of which a rule compares what stands there. What a
    condition on the rows names beside its columns is among them."""
    needed: set[str] = set()
    for function in functions.used.values():
        if isinstance(function, FunctionCall):
            continue
        if function.condition is not None:
            names = named_symbols(function.condition)
            needed |= {f"{function.list_key}.{name}" for name in names}
        elif function.function in ("min", "max"):
            needed.add(f"{function.list_key}.{function.column}")
    return frozenset(needed)


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
