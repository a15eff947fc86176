"""Boxes of a decision table: which row counts, and its rows as a table with a cell for each column.

The columns are the fields that the table asks and those that it sets, so they are known when the
step is saved with them. A table of more rows than a page can show is edited as a file.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from workflows.definitions.admin.form_fields import NamesField
from workflows.definitions.admin.row_fields import Column, PairsField, Row, RowsField
from workflows.definitions.admin.setting_box import SettingBox
from workflows.definitions.admin.setting_boxes import choice_field
from workflows.definitions.models import Step
from workflows.engine.format.table_parts import cell_text
from workflows.engine.tables.cell_tests import EMPTY

MOST_CELLS: Final = 1_500
"""A table of more cells is not shown as a form."""
WHEN, SET, TO, NOTE = "when.", "set.", "to", "note"
HIT_WORDS: Final = (
    ("unique", gettext_lazy("the one that holds; no two may")),
    ("first", gettext_lazy("the first that holds")),
    ("collect", gettext_lazy("all that hold, put together")),
)
COLLECT_WORDS: Final = (
    ("list", gettext_lazy("list")),
    ("sum", gettext_lazy("sum")),
    ("min", gettext_lazy("smallest")),
    ("max", gettext_lazy("largest")),
    ("count", gettext_lazy("number of rows")),
)
Words = str | Promise


class TableRowsField(RowsField):
    """The rows of a table. A cell that is not touched stays what it is, to the letter."""

    def __init__(self, step: Step, **kwargs: Any) -> None:
        self.before: list[Mapping[str, Any]] = list((step.config or {}).get("rows") or [])
        super().__init__(_columns_of(step, self.before), blank=3, **kwargs)

    def offer(self, options: Sequence[Any], current: Any) -> None:
        """The steps that a row may lead to."""
        self.widget.choices[TO] = [("", "—"), *options]

    def prepare_value(self, value: Any) -> Any:
        """Rows of the file as rows of cells."""
        is_file = [any(name in row for name in ("when", "set")) for row in value or ()]
        rows = zip(value or (), is_file, strict=True)
        return [_cells_of(row) if as_file else row for row, as_file in rows] or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether a cell says something else."""
        shown, sent = self.prepare_value(initial), self.to_python(data)
        return _said_cells(shown) != _said_cells(sent)

    def clean(self, value: Any) -> Any:
        """The rows as the file has them; None where there is none."""
        rows = self.to_python(value)
        if rows is None:
            return None
        before = [*self.before, *[{}] * len(rows)]
        return [_row_of(row, was) for row, was in zip(rows, before, strict=False)]


def _said_cells(rows: Sequence[Row] | None) -> list[Row]:
    return [{name: text for name, text in row.items() if text} for row in rows or ()]


class KeptRowsField(forms.Field):
    """The rows of a table that is too large for a page: they stay as they are."""

    def __init__(self, count: int, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"readonly": True})
        super().__init__(**{"required": False, "disabled": True, "widget": widget, **kwargs})
        self.count = count

    def prepare_value(self, value: Any) -> str:
        """How many there are."""
        return gettext("%(count)s rows: too many for a page. Edit them as a file.") % {
            "count": self.count
        }

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Never here."""
        return False


def _columns_of(step: Step, rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    asked = [*(step.inputs or []), *(key for row in rows for key in row.get("when") or {})]
    given = [*(step.outputs or []), *(key for row in rows for key in row.get("set") or {})]
    is_led = (step.config or {}).get("hit") != "collect"
    return [
        *(Column(name=f"{WHEN}{key}", label=key, placeholder="-") for key in dict.fromkeys(asked)),
        *(Column(name=f"{SET}{key}", label=f"= {key}") for key in dict.fromkeys(given)),
        *([Column(name=TO, label=gettext_lazy("leads to"), choices=[("", "—")])] if is_led else []),
        Column(name=NOTE, label=gettext_lazy("note")),
    ]


def _cells_of(row: Mapping[str, Any]) -> Row:
    cells = {f"{WHEN}{key}": cell_text(cell) for key, cell in (row.get("when") or {}).items()}
    cells |= {f"{SET}{key}": cell_text(value) for key, value in (row.get("set") or {}).items()}
    return cells | {name: row[name] for name in (TO, NOTE) if row.get(name)}


def _row_of(cells: Row, was: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the file; None stands for nothing said, which a file leaves out."""
    if {name: text for name, text in cells.items() if text} == _cells_of(was):
        return dict(was)
    row: dict[str, Any] = {}
    for part, start in (("when", WHEN), ("set", SET)):
        old = was.get(part) or {}
        said = {
            name.removeprefix(start): text
            for name, text in cells.items()
            if name.startswith(start) and text
        }
        kept = {key: _as_it_was(key, text, old) for key, text in said.items()}
        row |= {part: kept} if kept else {}
    return row | {name: cells[name] for name in (TO, NOTE) if cells.get(name)}


def _as_it_was(key: str, text: str, old: Mapping[str, Any]) -> Any:
    if key in old and cell_text(old[key]) == text:
        return old[key]
    return None if text == EMPTY else text


def build_table_boxes(step: Step) -> list[SettingBox]:
    """The boxes of a table."""
    rows = (step.config or {}).get("rows") or []
    boxes = [
        SettingBox(
            path=("hit",),
            build=lambda: choice_field(gettext_lazy("Which row counts"), HIT_WORDS),
        )
    ]
    is_large = len(rows) * len(_columns_of(step, rows)) > MOST_CELLS
    return [
        *boxes,
        _kept_rows_box(len(rows)) if is_large else _rows_box(step),
        SettingBox(
            path=("defaults",),
            holds=_holds_pairs,
            build=lambda: PairsField(
                label=gettext_lazy("Results where no row holds"), name=gettext_lazy("field")
            ),
        ),
        SettingBox(
            path=("collect",),
            holds=_holds_pairs,
            group=gettext_lazy("Where all rows that hold count"),
            build=lambda: PairsField(
                label=gettext_lazy("What is made of their results"),
                name=gettext_lazy("field"),
                value=gettext_lazy("how"),
                placeholder="list, sum, min, max, count",
            ),
        ),
        SettingBox(
            path=("exceptions",),
            offers="step_keys",
            holds=lambda value: isinstance(value, list),
            build=lambda: NamesField(
                label=gettext_lazy("Exception paths"),
                help_text=gettext_lazy("Steps to which a way is no usual one."),
            ),
        ),
    ]


def _rows_box(step: Step) -> SettingBox:
    return SettingBox(
        path=("rows",),
        offers="step_keys",
        holds=lambda value: isinstance(value, list),
        build=lambda: TableRowsField(
            step,
            label=gettext_lazy("Rows"),
            help_text=gettext_lazy(
                "Empty is any value. A value, several parted by commas, < 5000, [0..5000),"
                " not(EU), null for an empty field. A column more: add the field above and save."
            ),
        ),
    )


def _kept_rows_box(count: int) -> SettingBox:
    return SettingBox(
        path=("rows",),
        holds=lambda value: isinstance(value, list),
        build=lambda: KeptRowsField(count, label=gettext_lazy("Rows")),
    )


def _holds_pairs(value: Any) -> bool:
    return isinstance(value, Mapping)
