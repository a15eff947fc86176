"""Which ways a table can still choose while some of the values that it asks may change."""

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine.tables.decision import COLLECT, FIRST, TO, DecisionTable
from workflows.engine.tables.index import row_numbers


def find_possible_ways(
    table: DecisionTable, data: Mapping[str, Any], changing: frozenset[str]
) -> frozenset[str]:
    """The names of the ways. Raises RuleCannotBeEvaluated."""
    unknown = table.input_keys & changing
    if not unknown and table.hit != COLLECT:
        held = table.rows_for(data)
        return frozenset(_names_of_first(table, held) if held else _names_without_row(table))
    return frozenset(_names_that_may_be(table, table.rows_for(data, unknown), unknown))


def _names_of_first(table: DecisionTable, held: int) -> Iterator[str]:
    first = next(row_numbers(held))
    yield table.way_of(table.rows[first])[0]


def _names_without_row(table: DecisionTable) -> Iterator[str]:
    way = table.way_without_row()
    if way is not None:
        yield way[0]


def _names_that_may_be(table: DecisionTable, held: int, unknown: frozenset[str]) -> Iterator[str]:
    if table.hit == COLLECT:
        yield from [TO] if held else []
    else:
        for number in row_numbers(held):
            row = table.rows[number]
            yield table.way_of(row)[0]
            is_sure = all(
                region == column.whole
                for column, region in zip(table.columns, row.regions, strict=True)
                if column.key in unknown
            )
            if is_sure and table.hit == FIRST:
                return  # what stands behind a row that holds is out
    yield from _names_without_row(table)
