"""The form field of a list: every cell read as a field of its own would be."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import capfirst

from approvals.forms.field_presentations import FIELD_PRESENTATIONS
from approvals.forms.number_boxes import NumberBox
from approvals.forms.people_boxes import PersonBox
from approvals.forms.rows_box import RowsBox, SentRows
from workflows.engine.format.definition import FieldDef, display_title
from workflows.engine.rules.asked_cells import AskedCells
from workflows.engine.texts import text
from workflows.engine.timing.dates import local_day_of
from workflows.engine.values.constraints import refused_cells
from workflows.engine.values.field_types.base import FieldSpec, ValueRefused
from workflows.engine.values.field_types.rows import (
    CellRefused,
    RowsRefused,
    columns_filled_in,
    columns_of,
)
from workflows.execution.services.field_values.values import read_unnamed_value


class RowsField(forms.Field):
    """Rows as the engine keeps them. A cell that is sent back as it stood there is that value."""

    widget: RowsBox

    def __init__(
        self, key: str, spec: FieldDef, *, opening_value: Any = None, **options: Any
    ) -> None:
        self.key, self.spec, self.opening_value = key, spec, opening_value
        self.cells = AskedCells(columns_of(spec), timezone.get_default_timezone())
        super().__init__(label=display_title(key, spec.label), **options)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was sent, to be shown again as it stood."""
        return SentRows(data or ())

    def to_python(self, value: Any) -> Any:
        """The canonical rows; what is wrong stands in the cells, and is said with row and
        column."""
        if self.widget.paste_problem:
            raise forms.ValidationError(self.widget.paste_problem)
        rows = value if isinstance(value, Sequence) else []
        self.widget.look_people_up(rows)
        numbered = enumerate(zip(rows, self._are_filled(rows), strict=True), 1)
        read = [self._read_row(number, row, is_filled) for number, (row, is_filled) in numbered]
        refused = [cell for _, cells in read for cell in cells]
        kept = None
        try:
            kept = read_unnamed_value(self.spec, [row for row, _ in read])
        except RowsRefused as unread:
            said = {(cell.row, cell.column) for cell in refused}
            refused += [cell for cell in unread.cells if (cell.row, cell.column) not in said]
        except ValueRefused as unfit:
            raise forms.ValidationError(capfirst(str(unfit))) from None
        if kept is None or kept != self.opening_value:
            refused += self._unfit_cells([row for row, _ in read], refused)
        if refused:
            self._refuse(refused)
        return kept

    def _unfit_cells(
        self, rows: Sequence[Mapping[str, Any]], unread: Sequence[CellRefused]
    ) -> list[CellRefused]:
        """The cells that can be read and are not what their columns ask for: all that is wrong is
        said at once, by the rows as they stand in the form."""
        unreadable = {(cell.row, cell.column) for cell in unread}
        columns = columns_filled_in(columns_of(self.spec))
        readable = [
            {
                key: read_unnamed_value(column, row.get(key))
                for key, column in columns.items()
                if (number, key) not in unreadable
            }
            for number, row in enumerate(rows, 1)
        ]
        zone = timezone.get_default_timezone()
        today = local_day_of(timezone.now(), zone)
        return refused_cells(self.spec, enumerate(readable, 1), today=today, zone=zone)

    def _sent_row(
        self, number: int, row: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[CellRefused]]:
        """What the controls of a row sent, as the engine reads it."""
        sent, refused = {}, []
        for key, column in columns_filled_in(columns_of(self.spec)).items():
            try:
                sent[key] = self._read_cell(key, column, row.get(key))
            except forms.ValidationError as problem:
                label, why = display_title(key, column.label), " ".join(problem.messages)
                refused.append(CellRefused(number, key, label, text("%(why)s", why=why)))
        return sent, refused

    def _read_row(
        self, number: int, row: Mapping[str, Any], is_filled: bool
    ) -> tuple[dict[str, Any], list[CellRefused]]:
        """What a row says and what is wrong in it. Which cells are asked for hangs on what stands
        in it, also where nobody filled it in yet."""
        read = self._without_unasked(number, *self._sent_row(number, row))
        return read if is_filled else ({}, [])

    def _are_filled(self, rows: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Of each row whether it counts; one that only says what it opened with does not, but as
        often as such a row was there."""
        left = [self.widget.says_something(row) for row in self._form_rows(self.opening_value)]
        may_stay, filled = left.count(False), []
        for row in rows:
            is_row = self.widget.says_something(row) or may_stay > 0
            may_stay -= not self.widget.says_something(row) and any(row.values())
            filled.append(is_row)
        return filled

    def _without_unasked(
        self, number: int, sent: dict[str, Any], refused: list[CellRefused]
    ) -> tuple[dict[str, Any], list[CellRefused]]:
        """A row without the cells that are not asked for beside the others, and what is wrong in
        them."""
        if not self.cells.when:
            return sent, refused
        wrong, columns = {cell.column for cell in refused}, columns_of(self.spec)
        row = {key: _readable(columns[key], said) for key, said in sent.items() if key not in wrong}
        whole = self.cells.settled({key: cell for key, cell in row.items() if cell is not None})
        unasked = {key for key in self.cells.when if not self.cells.asks(key, whole)}
        self.widget.unasked |= {(number, key) for key in unasked}
        return (
            {key: said for key, said in sent.items() if key not in unasked},
            [cell for cell in refused if cell.column not in unasked],
        )

    def with_emptied(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Rows that say which of their cells are empty though they opened with something."""
        return [{**dict.fromkeys(self.widget.opening_row), **row} for row in rows]

    def _read_cell(self, key: str, column: FieldSpec, typed: Any) -> Any:
        """What a control sent; the canonical value where its text is one that stood in this
        column."""
        presentation = FIELD_PRESENTATIONS[column.type]
        box = self.widget.columns[key].box
        if typed and isinstance(box, PersonBox):
            box.require_known(typed)
        for row in self.opening_value or ():
            is_there = row.get(key) is not None
            if is_there and presentation.spec_form_value(column, row[key]) == typed:
                return row[key]
        if isinstance(box, NumberBox) and (asked := box.asks_about(typed)):
            raise forms.ValidationError(asked)
        return presentation.spec_sent_value(column, typed)

    def _refuse(self, cells: Sequence[CellRefused]) -> None:
        places = ["", *columns_of(self.spec)]
        cells = sorted(cells, key=lambda cell: (cell.row, places.index(cell.column)))
        self.widget.take_refusals(cells)
        raise forms.ValidationError([capfirst(str(cell.sentence)) for cell in cells[:10]])

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether a row that says something differs from what the form showed."""
        return self._said(self._form_rows(initial)) != self._said(data)

    def _said(self, rows: Any) -> list[dict[str, str]]:
        return [
            {key: str(cell) for key, cell in row.items() if cell}
            for row in rows or ()
            if self.widget.says_something(row)
        ]

    def _form_rows(self, value: Any) -> Sequence[Mapping[str, Any]]:
        columns = columns_filled_in(columns_of(self.spec))
        return [
            {
                key: FIELD_PRESENTATIONS[columns[key].type].spec_form_value(columns[key], cell)
                for key, cell in row.items()
                if key in columns
            }
            for row in value or ()
        ]


def _readable(column: FieldSpec, said: Any) -> Any:
    """The canonical value of a cell; None where it cannot be read."""
    try:
        return read_unnamed_value(column, said)
    except ValueRefused:
        return None
