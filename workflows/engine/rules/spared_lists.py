"""Which lists a rule can do without, since to count, to add up and to go through them an empty one
will do; and which cells of their rows it cannot."""

from typing import Any, NamedTuple

from workflows.engine.rules.explanations import render_rule_part
from workflows.engine.rules.fact_checks import named_symbols
from workflows.engine.rules.list_functions import COUNT, ListFunction, ListFunctions
from workflows.engine.rules.rule_functions import FunctionCall

_LEAST_AND_MOST = frozenset({"min", "max"})


class ListNeeds(NamedTuple):
    """What a rule needs of the lists that it names.

    `spared` are the fields that it can do without, `cells` the columns of which it compares what
    stands there, each behind its list (`lines.net`), and `chosen` those of which it asks the least
    or the most of rows that a condition chooses: there may be no such row.
    """

    spared: frozenset[str]
    cells: frozenset[str]
    chosen: frozenset[str]


def list_needs(tree: Any, functions: ListFunctions) -> ListNeeds:
    """What a rule needs whose tree is not built yet."""
    called = [each for each in functions.used.values() if isinstance(each, FunctionCall)]
    asked = [each for each in functions.used.values() if not isinstance(each, FunctionCall)]
    conditions = [each.condition for each in asked if each.condition is not None]
    arguments = [argument for each in called for argument in each.arguments]
    named = map(named_symbols, [tree, *conditions, *arguments])
    return ListNeeds(_spared(asked).difference(*named), _cells(asked), _chosen(asked))


def _spared(asked: list[ListFunction]) -> frozenset[str]:
    """The least and the most of a list are asked for safely beside its count, as an empty field is
    beside `!= null`."""
    uses: dict[str, set[str]] = {}
    for each in asked:
        uses.setdefault(each.list_key, set()).add(each.function)
    return frozenset(
        key for key, used in uses.items() if COUNT in used or not used & _LEAST_AND_MOST
    )


def _cells(asked: list[ListFunction]) -> frozenset[str]:
    """What a condition on the rows names beside its columns is among them."""
    needed: set[str] = set()
    for each in asked:
        if each.condition is not None:
            needed |= {f"{each.list_key}.{name}" for name in named_symbols(each.condition)}
        if each.function in _LEAST_AND_MOST:
            needed.add(f"{each.list_key}.{each.column}")
    return frozenset(needed)


def _chosen(asked: list[ListFunction]) -> frozenset[str]:
    """Rows that the rule counts under the same condition were asked for safely."""
    counted = {_rows_of(each) for each in asked if each.function == COUNT}
    return frozenset(
        f"{each.list_key}.{each.column}"
        for each in asked
        if each.function in _LEAST_AND_MOST
        and each.condition is not None
        and _rows_of(each) not in counted
    )


def _rows_of(each: ListFunction) -> tuple[str, str]:
    condition = each.condition
    return each.list_key, "" if condition is None else render_rule_part(condition, 1000)
