"""From a table of a map to one that can be asked; what keeps it from that, cell by cell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Final

from workflows.engine.errors import SentenceError
from workflows.engine.format.definition import TableRowDef, TableStep
from workflows.engine.format.table_parts import ANY
from workflows.engine.tables.cell_tests import CellProblem, CellTests
from workflows.engine.tables.columns import TableColumn, fits_column
from workflows.engine.tables.decision import COLLECT, DecisionTable, TableRow
from workflows.engine.tables.regions import Region
from workflows.engine.texts import Text, text
from workflows.engine.values.constraints import ConstrainedSpec, constraint_refusal
from workflows.engine.values.field_types.base import FieldSpec, ValueRefused, type_of_field

MOST_PROBLEMS: Final = 20
NUMBERS_ONLY: Final = ("sum", "count")


class TableProblem(SentenceError):
    """A table cannot be used; `row` (from 1) and `column` say where, if it is about one place."""

    def __init__(self, problem: Text, row: int = 0, column: str = "") -> None:
        super().__init__(problem)
        self.row, self.column = row, column


def compile_table(
    step: TableStep, fields: Mapping[str, ConstrainedSpec], *, zone: tzinfo = UTC
) -> DecisionTable:
    """The table, ready to be asked. Raises TableProblem for the first thing that is wrong."""
    compiling = _Compiling(step, fields, zone)
    table = compiling.table()
    for problem in compiling.problems:
        raise problem
    return table


def find_table_problems(
    step: TableStep, fields: Mapping[str, ConstrainedSpec]
) -> tuple[list[TableProblem], DecisionTable | None]:
    """Everything that keeps a table from being asked, and the table where nothing does."""
    compiling = _Compiling(step, fields, UTC)
    table = compiling.table()
    return compiling.problems, (None if compiling.problems else table)


@dataclass
class _Compiling:
    """One table, and what was found wrong with it on the way."""

    step: TableStep
    fields: Mapping[str, ConstrainedSpec]
    zone: tzinfo
    problems: list[TableProblem] = field(default_factory=list)

    def table(self) -> DecisionTable:
        """The table, as far as it can be read."""
        self.problems += self._problems_of_head()
        columns = tuple(
            TableColumn(key, self.fields[key], self.zone)
            for key in dict.fromkeys(self.step.inputs or ())
            if key in self.fields and fits_column(self.fields[key])
        )
        self._known: dict[tuple[str, Any], tuple[CellTests, Region]] = {}
        outputs = {key: self.fields[key] for key in self.step.outputs or () if key in self.fields}
        rows = []
        for number, row in enumerate(self.step.rows or (), start=1):
            if len(self.problems) < MOST_PROBLEMS:
                rows.append(self._row(number, row, columns, outputs))
        defaults = self._results(0, self.step.defaults or {}, outputs)
        return DecisionTable(self.step, columns, tuple(rows), defaults, outputs)

    # -- the head -------------------------------------------------------------------------

    def _problems_of_head(self) -> Iterator[TableProblem]:
        step = self.step
        if not step.inputs:
            yield TableProblem(text("it asks no field; name some under `inputs`."))
        if not step.rows:
            yield TableProblem(text("it has no rows; add one."))
        yield from self._problems_of_fields()
        if step.hit == COLLECT:
            yield from self._problems_of_collecting()
        elif step.collect:
            yield TableProblem(
                text(
                    "what is made of results (`collect`) is for tables of which all rows count that"
                    " hold (`hit: collect`); take it out, or let all count."
                )
            )
        led_to = {*step.row_targets, step.to, step.otherwise}
        for key in step.exceptions or ():
            if key not in led_to:
                yield TableProblem(
                    text("`exceptions` names '%(step)s', and no way leads there.", step=key)
                )

    def _problems_of_fields(self) -> Iterator[TableProblem]:
        for key in self.step.inputs or ():
            if key not in self.fields:
                yield TableProblem(text("there is no field '%(field)s'.", field=key), column=key)
            elif not fits_column(self.fields[key]):
                yield TableProblem(
                    text("a field of this type cannot be asked; ask another one."), column=key
                )
        for key in self.step.outputs or ():
            if key not in self.fields:
                yield TableProblem(text("there is no field '%(field)s'.", field=key), column=key)
            elif not _can_be_given(self.fields[key]):
                yield TableProblem(
                    text("a table cannot give a document or rows of a list."), column=key
                )
        for keys in (self.step.inputs or (), self.step.outputs or ()):
            for key in {key for key in keys if keys.count(key) > 1}:
                yield TableProblem(text("it is named twice; take one out."), column=key)

    def _problems_of_collecting(self) -> Iterator[TableProblem]:
        step, how = self.step, self.step.collect or {}
        if step.to is None:
            yield TableProblem(text("a table that collects leads on by its `to`; add it."))
        for key in dict.fromkeys((*(step.outputs or ()), *how)):
            if key not in how or key not in (step.outputs or ()):
                yield TableProblem(
                    text(
                        "`outputs` and `collect` name the same fields, each with list, sum, min,"
                        " max or count."
                    ),
                    column=key,
                )
            elif key in self.fields and not _can_collect(self.fields[key], how[key]):
                yield TableProblem(
                    text("a field of this type cannot take the %(how)s of rows.", how=how[key]),
                    column=key,
                )

    # -- rows -----------------------------------------------------------------------------

    def _row(
        self,
        number: int,
        row: TableRowDef,
        columns: tuple[TableColumn, ...],
        outputs: Mapping[str, ConstrainedSpec],
    ) -> TableRow:
        written = row.when or {}
        for key in written:
            if key not in (self.step.inputs or ()):
                self._note(text("it is no column; add it to `inputs`."), number, key)
        read = [self._cell(number, column, written) for column in columns]
        self.problems += self._problems_of_way(number, row)
        results = self._results(number, row.set_ or {}, outputs)
        return TableRow(
            tuple(cell for cell, _ in read), tuple(region for _, region in read), results, row.to
        )

    def _problems_of_way(self, number: int, row: TableRowDef) -> Iterator[TableProblem]:
        if self.step.hit == COLLECT and row.to is not None:
            yield TableProblem(
                text("rows that are collected choose no way; take `to` out."), number, "to"
            )
        elif self.step.hit != COLLECT and row.to is None and self.step.to is None:
            yield TableProblem(
                text("it leads nowhere; give the row or the table a `to`."), number, "to"
            )

    def _cell(
        self, number: int, column: TableColumn, written: Mapping[str, Any]
    ) -> tuple[CellTests, Region]:
        """Cells repeat, so each text of a column is read once."""
        value = written.get(column.key, ANY)
        place = (column.key, repr(value))
        if place not in self._known:
            try:
                cell = column.read(value)
                self._known[place] = (cell, column.region_of(cell))
            except CellProblem as problem:
                self._note(problem.text, number, column.key)
                return CellTests(), column.whole
        cell, region = self._known[place]
        if region.is_nothing:
            self._note(text("nothing fits this cell; correct it."), number, column.key)
        return cell, region

    def _results(
        self, number: int, written: Mapping[str, Any], outputs: Mapping[str, ConstrainedSpec]
    ) -> dict[str, Any]:
        results: dict[str, Any] = {}
        for key, value in written.items():
            if key not in (self.step.outputs or ()):
                self._note(text("it is no result; add it to `outputs`."), number, key)
            elif key in outputs and value is not None:
                spec = outputs[key]
                try:
                    results[key] = type_of_field(spec).clean(spec, value)
                except ValueRefused as problem:
                    self._note(problem.text, number, key)
                else:
                    refused = constraint_refusal(spec, results[key], self.fields, {})
                    if refused is not None:
                        self._note(refused, number, key)
        return results

    def _note(self, problem: Text, row: int, column: str) -> None:
        self.problems.append(TableProblem(problem, row, column))


def _can_be_given(spec: FieldSpec) -> bool:
    field_type = type_of_field(spec)
    return not (field_type.holds_document or field_type.holds_rows)


def _can_collect(spec: FieldSpec, how: str) -> bool:
    field_type = type_of_field(spec)
    is_number = field_type.kind == "number" and field_type.shape(spec) is not None
    if how in NUMBERS_ONLY:
        return is_number
    if how in ("min", "max"):
        return is_number or field_type.kind == "date"
    return field_type.holds_several
