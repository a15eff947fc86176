"""A decision table as it is asked: cells read, results made values, an index built once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, reduce
from operator import and_
from typing import Any, Final

from workflows.engine.format.definition import TableStep
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated
from workflows.engine.tables.cell_tests import CellTests
from workflows.engine.tables.columns import TableColumn
from workflows.engine.tables.index import ColumnIndex, row_numbers
from workflows.engine.tables.regions import Region
from workflows.engine.texts import Text, join_texts, text
from workflows.engine.values.field_types.base import FieldSpec, ValueRefused, type_of_field

UNIQUE, FIRST, COLLECT = "unique", "first", "collect"
TO: Final = "to"
OTHERWISE: Final = "otherwise"
_FAILURES: Final = (ArithmeticError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: what each column takes, what it gives the fields that it names, and where it leads."""

    cells: tuple[CellTests, ...]
    regions: tuple[Region, ...]
    results: Mapping[str, Any]
    to: str | None


@dataclass(frozen=True, slots=True)
class TableDecision:
    """What a table says of a request: the rows that held (from 1), what they write, the way by
    its name and where it leads."""

    rows: tuple[int, ...]
    writes: Mapping[str, Any]
    way: str
    to: str


@dataclass(frozen=True)
class DecisionTable:
    """A table over declared fields; `outputs` are those that it sets."""

    step: TableStep
    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, FieldSpec] = field(default_factory=dict)

    @property
    def hit(self) -> str:
        """Which of the rows that hold counts."""
        return self.step.hit or UNIQUE

    @property
    def input_keys(self) -> frozenset[str]:
        """The fields that it asks."""
        return frozenset(column.key for column in self.columns)

    @cached_property
    def indexes(self) -> tuple[ColumnIndex, ...]:
        """One index a column."""
        return tuple(
            ColumnIndex([row.regions[at] for row in self.rows], is_ordered=column.is_ordered)
            for at, column in enumerate(self.columns)
        )

    @cached_property
    def every_row(self) -> int:
        """All rows as a set."""
        return (1 << len(self.rows)) - 1

    @cached_property
    def _way_names(self) -> Mapping[str, str]:
        return {to: str(number) for number, to in enumerate(self.step.row_targets, start=1)}

    def rows_for(self, data: Mapping[str, Any], unknown: frozenset[str] = frozenset()) -> int:
        """The rows that hold for a request's values; what is unknown may be anything.

        Raises RuleCannotBeEvaluated where a value is none of its field.
        """
        known = (
            index.rows_at(_place(column, data.get(column.key)))
            for column, index in zip(self.columns, self.indexes, strict=True)
            if column.key not in unknown
        )
        return reduce(and_, known, self.every_row)

    def decide(self, data: Mapping[str, Any]) -> TableDecision:
        """What the table says of these values. Raises RuleCannotBeEvaluated."""
        held = self.rows_for(data)
        if self.hit == COLLECT:
            return self._collect(tuple(row_numbers(held)), data)
        if not held:
            return self._without_row(data)
        if self.hit == UNIQUE and held & (held - 1):
            raise RuleCannotBeEvaluated(_several_rows(held))
        first = next(row_numbers(held))
        row = self.rows[first]
        return self._decision((first,), row.results, self.way_of(row), data)

    def way_of(self, row: TableRow) -> tuple[str, str]:
        """The name of the way that a row takes, and where it leads."""
        if row.to is not None:
            return self._way_names[row.to], row.to
        return TO, self.step.to or ""

    def way_without_row(self) -> tuple[str, str] | None:
        """The way where no row holds."""
        if self.step.otherwise is not None:
            return OTHERWISE, self.step.otherwise
        has_answer = self.hit == COLLECT or self.step.defaults is not None
        return (TO, self.step.to) if has_answer and self.step.to is not None else None

    def _without_row(self, data: Mapping[str, Any]) -> TableDecision:
        way = self.way_without_row()
        if way is None:
            raise RuleCannotBeEvaluated(
                text("No row of the table holds, and it has no `otherwise`.")
            )
        return self._decision((), self.defaults, way, data)

    def _collect(self, rows: tuple[int, ...], data: Mapping[str, Any]) -> TableDecision:
        collected = {
            key: self._put_together(key, how, rows)
            for key, how in (self.step.collect or {}).items()
        }
        if not rows:
            way = self.way_without_row()
            assert way is not None
            return self._decision((), {**collected, **self.defaults}, way, data)
        return self._decision(rows, collected, (TO, self.step.to or ""), data)

    def _decision(
        self,
        rows: Sequence[int],
        results: Mapping[str, Any],
        way: tuple[str, str],
        data: Mapping[str, Any],
    ) -> TableDecision:
        """Each of the table's fields is given its result, or is emptied."""
        writes = {
            key: results.get(key)
            for key in self.outputs
            if results.get(key) is not None or data.get(key) is not None
        }
        return TableDecision(tuple(row + 1 for row in rows), writes, *way)

    # -- collecting -----------------------------------------------------------------------

    def _put_together(self, key: str, how: str, rows: Sequence[int]) -> Any:
        given = (self.rows[row].results.get(key) for row in rows)
        values = [value for value in given if value is not None]
        spec = self.outputs[key]
        try:
            return _AGGREGATES[how](spec, values)
        except (ValueRefused, *_FAILURES) as problem:
            why = problem.text if isinstance(problem, ValueRefused) else text("too large")
            raise RuleCannotBeEvaluated(
                text(
                    "What the rows say of '%(field)s' cannot be put together: %(problem)s",
                    field=key,
                    problem=why,
                )
            ) from None


def _place(column: TableColumn, value: Any) -> int | str | None:
    try:
        return column.place(value)
    except _FAILURES:
        raise RuleCannotBeEvaluated(
            text(
                "The table needs %(label)s, which holds a value of another type; correct it.",
                label=column.spec.label or column.key,
            )
        ) from None


def _several_rows(held: int) -> Text:
    numbers = [str(row + 1) for row, _ in zip(row_numbers(held), range(5), strict=False)]
    return text(
        "Rows %(rows)s of the table hold at once, and only one may.", rows=join_texts(numbers)
    )


def _add_up(spec: FieldSpec, values: Sequence[Any]) -> Any:
    return _clean(spec, sum(map(Decimal, values)) if values else None)


def _smallest(spec: FieldSpec, values: Sequence[Any]) -> Any:
    return min(values, key=_order_of(spec), default=None)


def _largest(spec: FieldSpec, values: Sequence[Any]) -> Any:
    return max(values, key=_order_of(spec), default=None)


def _order_of(spec: FieldSpec) -> Any:
    column = TableColumn("", spec)
    return column.place


def _count(spec: FieldSpec, values: Sequence[Any]) -> Any:
    return _clean(spec, len(values))


def _list(spec: FieldSpec, values: Sequence[Any]) -> Any:
    several = dict.fromkeys(value for each in values for value in each)
    return _clean(spec, list(several) or None)


def _clean(spec: FieldSpec, value: Any) -> Any:
    return None if value is None else type_of_field(spec).clean(spec, value)


_AGGREGATES: Final = {
    "sum": _add_up,
    "min": _smallest,
    "max": _largest,
    "count": _count,
    "list": _list,
}
