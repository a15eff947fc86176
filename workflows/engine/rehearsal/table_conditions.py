"""The rows of a map's decision tables as conditions, with values under which each is the one taken.

They need not be looked for: what a row takes is known exactly, less what earlier rows take before
it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from workflows.engine.format.definition import Link, RouteDef
from workflows.engine.format.table_parts import row_text
from workflows.engine.routing.graph import Graph
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated
from workflows.engine.tables.analysis import (
    TooEntangled,
    example_of,
    find_example_of_row,
    find_gaps,
    space_of,
)
from workflows.engine.tables.cell_tests import Between, Compare, Equal
from workflows.engine.tables.decision import DecisionTable

MOST_ROWS: Final = 200
"""So many rows of a table are each sent a request."""
MOST_LITERALS: Final = 200
ROW: Final = "table_row"
Key = tuple[str, str, str]


@dataclass(frozen=True)
class TableGroup:
    """The rows and the ways of one table."""

    step: str
    table: DecisionTable
    links: tuple[Link, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it asks."""
        return tuple(column.key for column in self.table.columns)

    @cached_property
    def rows(self) -> tuple[Link, ...]:
        """Each row as a way of its own."""
        return tuple(
            Link.model_construct(
                source=self.step,
                kind=ROW,
                name=str(number),
                route=RouteDef(to=self.table.way_of(row)[1]),
            )
            for number, row in enumerate(self.table.rows[:MOST_ROWS], start=1)
        )

    @cached_property
    def keys(self) -> frozenset[Key]:
        """Each row, and each way."""
        return frozenset((self.step, link.kind, link.name) for link in (*self.rows, *self.links))

    def holding(self, values: Mapping[str, Any]) -> frozenset[Key]:
        """The rows and the way that are taken under these values; none where that cannot be
        said."""
        try:
            decision = self.table.decide(values)
        except RuleCannotBeEvaluated:
            return frozenset()
        rows = {(self.step, ROW, str(number)) for number in decision.rows}
        ways = {
            (self.step, link.kind, link.name) for link in self.links if link.name == decision.way
        }
        return frozenset(rows | ways)

    def find_witnesses(self) -> dict[Key, Mapping[str, Any]]:
        """Values for each row that can be taken, and for each way."""
        found: dict[Key, Mapping[str, Any]] = {}
        for values in self._examples():
            for key in self.holding(values):
                found.setdefault(key, values)
        return found

    def _examples(self) -> Iterator[Mapping[str, Any]]:
        required = {column.key for column in self.table.columns if column.spec.required}
        for filled in (frozenset(self.fields), frozenset(required)):
            space = space_of(self.table, filled)
            for number in range(min(len(self.table.rows), MOST_ROWS)):
                box = find_example_of_row(self.table, number, space)
                if box is not None:
                    yield example_of(self.table, box)
            try:
                gaps = find_gaps(self.table, space, most=1)
            except TooEntangled:
                continue
            yield from (example_of(self.table, box) for box in gaps)


def row_label(graph: Graph, link: Link) -> str:
    """A row as a finding names it."""
    step = graph[link.source]
    rows = getattr(step, "rows", None) or ()
    return row_text(int(link.name), rows[int(link.name) - 1])


def collect_table_literals(table: DecisionTable) -> dict[str, frozenset[str]]:
    """What the cells of each column set its field against."""
    found: dict[str, dict[str, None]] = {}
    for row in table.rows:
        for column, cell in zip(table.columns, row.cells, strict=True):
            written = found.setdefault(column.key, {})
            if len(written) < MOST_LITERALS:
                written |= dict.fromkeys(str(value) for value in _values_of(cell.tests))
    return {key: frozenset(values) for key, values in found.items()}


def _values_of(tests: tuple[Any, ...]) -> Iterator[Any]:
    for test in tests:
        if isinstance(test, Equal | Compare):
            yield test.value
        elif isinstance(test, Between):
            yield test.low
            yield test.high
