"""A list of rows in a form: a table with a control in each cell, which works without a script.

Rows are added and removed by buttons that send the form: it comes back as it was typed, with a row
more or less, and nothing of it is checked. The cells of a list that is called `f-lines` are called
`f-lines-0-item`; `f-lines-rows` says how many rows were on the page.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from approvals.forms.conditional_fields import column_condition_hint
from approvals.forms.constraint_hints import constraint_hint, control_attributes
from approvals.forms.field_presentations import (
    FIELD_PRESENTATIONS,
    FieldPresentation,
    value_text,
)
from approvals.forms.pasted_rows import MOST_PASTED, TooManyCells, read_pasted_rows
from approvals.forms.people_boxes import PersonBox
from workflows.engine.format.definition import ColumnDef, display_title
from workflows.engine.values.field_types.base import FieldSpec, ValueRefused
from workflows.engine.values.field_types.rows import (
    CellRefused,
    columns_filled_in,
    columns_of,
    is_always_asked,
    max_rows_of,
    min_rows_of,
)
from workflows.engine.values.fields import clean_unnamed_value
from workflows.language.formats import count_text

TypedRow = Mapping[str, Any]
SPARE_ROWS: Final = 2
FIRST_ROWS: Final = 3
"""So many rows an empty list opens with."""
ROWS, ADD, REMOVE, PASTED, TAKE = "rows", "add", "remove", "pasted", "take"
BUTTONS: Final = (ADD, REMOVE, TAKE)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the table: its control, and what is wrong with what stands in it."""

    label: str
    control: SafeString
    why: str
    help: str = ""
    is_required: bool = False
    condition: str = ""
    name: str = ""
    """The control's, where its column is asked for under a condition."""


class RowsBox(forms.Widget):
    """The table. `refused` says what is wrong in which cell, by row (from 1) and column, `unasked`
    which cells are not asked for beside what else stands in their rows."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec
        columns: Mapping[str, Any] = columns_filled_in(columns_of(spec))
        beside = columns_of(spec)
        self.columns = {key: _ColumnBox(key, each, beside) for key, each in columns.items()}
        self.opening_row = {
            key: column.opens_with for key, column in self.columns.items() if column.opens_with
        }
        """What a new row opens with, as its controls send it."""
        self.unasked: set[tuple[int, str]] = set()
        self.refused: Mapping[tuple[int, str], str] = {}
        self.pasted = self.paste_problem = ""

    @property
    def person_boxes(self) -> Sequence[tuple[PersonBox, FieldSpec]]:
        """The controls for people, and their columns."""
        return [
            (column.box, column.spec)
            for column in self.columns.values()
            if isinstance(column.box, PersonBox)
        ]

    def look_people_up(self, rows: Iterable[TypedRow]) -> None:
        """Read who stands in the cells, a statement for each column of people."""
        typed = list(rows)
        for key, column in self.columns.items():
            if isinstance(column.box, PersonBox):
                column.box.look_up(row.get(key) for row in typed)

    def take_refusals(self, cells: Sequence[CellRefused]) -> None:
        """Say it in the cells that are wrong."""
        self.refused = {(cell.row, cell.column): str(cell.why) for cell in cells}

    # -- what was sent ------------------------------------------------------------------------

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        """The rows as they were typed, with one more or less where a button asks for it."""
        rows = [
            {
                key: column.box.value_from_datadict(data, files, f"{name}-{number}-{key}")
                for key, column in self.columns.items()
            }
            for number in range(_count_sent(data, name))
        ]
        removed = _pressed_row(data, name)
        rows = [row for number, row in enumerate(rows) if number != removed]
        rows = self._with_pasted(rows, str(data.get(f"{name}-{PASTED}") or ""))
        return [*rows, self.opening_row] if f"{name}-{ADD}" in data else rows

    def says_something(self, row: TypedRow) -> bool:
        """Whether somebody filled in a row: it says more than what it opened with."""
        return any(said and said != self.opening_row.get(key) for key, said in row.items())

    def _with_pasted(self, rows: list[dict[str, Any]], pasted: str) -> list[dict[str, Any]]:
        """The rows and behind them those that were pasted, in place of empty ones at the end. What
        does not fit stays where it was pasted, and it is said why."""
        titles = {key: column.label for key, column in self.columns.items()}
        self.paste_problem, self.pasted = "", ""
        try:
            more = read_pasted_rows(pasted, titles)
        except TooManyCells as problem:
            self._refuse_pasted(
                pasted,
                gettext("Row %(row)s of what was pasted has more cells than there are columns.")
                % {"row": problem.number},
            )
            return rows
        kept = rows
        while more and kept and not self.says_something(kept[-1]):
            kept = kept[:-1]
        if len(pasted) > MOST_PASTED:
            self._refuse_pasted(
                pasted,
                gettext("That is too long to be pasted at once: %(most)s characters are looked at.")
                % {"most": count_text(MOST_PASTED)},
            )
        elif more and len(kept) + len(more) > max_rows_of(self.spec):
            places = {
                "count": count_text(len(kept) + len(more)),
                "most": count_text(max_rows_of(self.spec)),
            }
            self._refuse_pasted(
                pasted,
                gettext("With what was pasted these are %(count)s rows; keep it to %(most)s.")
                % places,
            )
        else:
            return [*kept, *(self._as_sent(row) for row in more)]
        return rows

    def _refuse_pasted(self, pasted: str, why: str) -> None:
        """Nothing of it is taken; it stays where it was pasted."""
        self.pasted, self.paste_problem = pasted, why

    def _as_sent(self, row: TypedRow) -> dict[str, Any]:
        sent = {key: self._control_value(key, str(said)) for key, said in row.items()}
        return {**self.opening_row, **sent}

    def _control_value(self, key: str, said: str) -> str:
        """What was pasted as a control sends it: of a list of choices the one that is called so."""
        choices = getattr(self.columns[key].box, "choices", ()) if key in self.columns else ()
        for value, label in choices:
            if said and said.casefold() in (str(value).casefold(), str(label).casefold()):
                return str(value)
        return said

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether the table was not on the page."""
        return f"{name}-{ROWS}" not in data

    def is_button_pressed(self, data: Any, name: str) -> bool:
        """Whether the form was sent to get a row more or less."""
        return any(f"{name}-{button}" in data for button in BUTTONS)

    # -- what is shown ------------------------------------------------------------------------

    def id_for_label(self, id_: str) -> str:
        """The first cell's."""
        return f"{id_}-0-{next(iter(self.columns), '')}"

    def render(
        self,
        name: str,
        value: Any,
        attrs: Mapping[str, Any] | None = None,
        renderer: Any = None,
    ) -> SafeString:
        """The rows, and spare ones where the form opens."""
        rows = self._rows_shown(value)
        self.look_people_up(rows)
        given = dict(attrs or {})
        base_id = given.pop("id", f"id_{name}")
        context = {
            "name": name,
            "base_id": base_id,
            "titles": [column.label for column in self.columns.values()],
            "columns": list(self.columns.values()),
            "rows": [self._cells(name, base_id, number, row) for number, row in enumerate(rows)],
            "may_add": len(rows) < max_rows_of(self.spec),
            "most": max_rows_of(self.spec),
            "pasted": self.pasted,
            "paste_problem": self.paste_problem,
        }
        return SafeString(render_to_string("approvals/_rows_box.html", context))

    def _rows_shown(self, value: Any) -> Sequence[TypedRow]:
        if isinstance(value, SentRows):
            return value or [self.opening_row]
        rows = [row for row in value or () if isinstance(row, Mapping)]
        spare = SPARE_ROWS if rows else max(FIRST_ROWS, min_rows_of(self.spec))
        return [
            *rows,
            *(self.opening_row for _ in range(min(spare, max_rows_of(self.spec) - len(rows)))),
        ]

    def _cells(self, name: str, base_id: str, number: int, row: TypedRow) -> list[Cell]:
        return [
            Cell(
                column.label,
                column.render(name, base_id, number, row.get(key)),
                self.refused.get((number + 1, key), ""),
                column.help,
                column.is_always_required,
                column.condition,
                f"{name}-{number}-{key}" if column.spec.when is not None else "",
            )
            for key, column in self.columns.items()
        ]


class SentRows(list[dict[str, Any]]):
    """Rows as a form sent them: shown again as they stood, without spare ones."""


class _ColumnBox:
    """A column of the table: its heading and its control."""

    def __init__(self, key: str, spec: ColumnDef, beside: Mapping[str, Any]) -> None:
        self.key, self.spec = key, spec
        self.presentation = FIELD_PRESENTATIONS[spec.type]
        self.label = display_title(key, spec.label)
        self.box = self.presentation.widget(spec)
        self.box.attrs.update(control_attributes(spec))
        said = (spec.help, self.presentation.hint(spec), constraint_hint(spec))
        self.help = " ".join(str(part) for part in said if part)
        """What stands under the heading."""
        self.condition = column_condition_hint(beside, spec)
        self.is_always_required = is_always_asked(spec)
        self.opens_with = self._opening_text()
        if self.opens_with:
            self.box.attrs["data-opens-with"] = self.opens_with

    def _opening_text(self) -> str:
        if self.spec.default is None:
            return ""
        try:
            value = clean_unnamed_value(self.spec, self.spec.default)
        except ValueRefused:  # the audit says so of the map
            return ""
        return str(self.presentation.spec_form_value(self.spec, value) or "")

    def render(self, name: str, base_id: str, number: int, value: Any) -> SafeString:
        """The control in a row."""
        row_label = gettext("%(column)s, row %(row)s") % {"column": self.label, "row": number + 1}
        attrs = {"id": f"{base_id}-{number}-{self.key}", "aria-label": row_label}
        shown = self.presentation.spec_form_value(self.spec, value)
        return self.box.render(f"{name}-{number}-{self.key}", shown, attrs)


def _count_sent(data: Any, name: str) -> int:
    with suppress(ValueError):
        return min(max(int(data.get(f"{name}-{ROWS}", 0)), 0), 2000)
    return 0


def _pressed_row(data: Any, name: str) -> int | None:
    with suppress(ValueError, TypeError):
        return int(data.get(f"{name}-{REMOVE}"))
    return None


class RowsPresentation(FieldPresentation):
    """Rows under columns."""

    required_message = gettext_lazy("Fill in at least one row.")

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """The table."""
        return RowsBox(spec)

    def hint(self, spec: FieldSpec) -> str:
        """How many rows it takes."""
        if min_rows_of(spec) > 1:
            places = {"least": min_rows_of(spec), "most": max_rows_of(spec)}
            return gettext("From %(least)s to %(most)s rows; empty ones do not count.") % places
        return gettext("At most %(most)s rows; empty ones do not count.") % {
            "most": max_rows_of(spec)
        }

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """A line a row."""
        return "\n".join(
            f"{number}. {'; '.join(_cell_texts(spec, row, names))}"
            for number, row in enumerate(value, 1)
        )


def _cell_texts(spec: FieldSpec, row: TypedRow, names: Mapping[str, str]) -> list[str]:
    return [
        f"{display_title(key, column.label)}: {value_text(column, row[key], names)}"
        for key, column in columns_of(spec).items()
        if row.get(key) is not None
    ]


@dataclass(frozen=True, slots=True)
class DisplayedRows:
    """A list's rows to be read: the headings, and the texts of each row beside them."""

    labels: Sequence[str]
    rows: Sequence[Sequence[tuple[str, str]]]


def displayed_rows(spec: FieldSpec, value: Any, names: Mapping[str, str]) -> DisplayedRows | None:
    """The table of a list's value; None where it is empty or cannot be read."""
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        return None
    columns = columns_of(spec)
    labels = [display_title(key, column.label) for key, column in columns.items()]
    rows = [
        [
            (label, value_text(column, row.get(key), names))
            for label, (key, column) in zip(labels, columns.items(), strict=True)
        ]
        for row in value
    ]
    return DisplayedRows(labels, rows)


FIELD_PRESENTATIONS.register("list", RowsPresentation())
