"""The box of a list's columns: a small table with a line for each, as they stand in the file.

What has no cell of its own stands in the last one, as in the file; so every column can be shown,
and one that nobody touched stays as it was written.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy
from pydantic import TypeAdapter
from pydantic import ValidationError as PartProblem

from workflows.definitions.admin.field_boxes.constraint_box import write_flow
from workflows.definitions.admin.field_boxes.row_fields import Column, Row, RowsField
from workflows.engine.format.explanations import explain_validation_error
from workflows.engine.format.field_parts import ColumnDef
from workflows.engine.format.parts import Name
from workflows.engine.format.plain_data import UnreadableText, read_plain
from workflows.engine.values.field_types.base import FIELD_TYPES

MOST_COLUMNS: Final = 30
ON: Final = "on"
PLAIN: Final = ("label", "currency")
"""Settings that are a text, and stand in their cells as they are."""
FLOWS: Final = ("min", "max", "value")
"""Settings whose cell is written as behind their name in the file."""
_KEYS: Final[TypeAdapter[dict[str, None]]] = TypeAdapter(dict[Name, None])


def _types() -> list[tuple[str, Any]]:
    named = [(kind.name, kind.title) for kind in FIELD_TYPES.entries() if kind.fits_column]
    return [("", "—"), *((name, str(title)) for name, title in named)]


class ColumnsField(RowsField):
    """The columns of a list, as a version keeps them; no line is null."""

    def __init__(self, **kwargs: Any) -> None:
        columns = (
            Column(name="key", label=gettext_lazy("Key")),
            Column(name="label", label=gettext_lazy("Label")),
            Column(name="type", label=gettext_lazy("Type"), choices=()),
            Column(name="required", label=gettext_lazy("Required"), is_tick=True),
            Column(
                name="choices",
                label=gettext_lazy("Choices"),
                placeholder=gettext_lazy("small, large"),
            ),
            Column(name="currency", label=gettext_lazy("Currency"), placeholder="EUR"),
            Column(name="min", label=gettext_lazy("At least")),
            Column(name="max", label=gettext_lazy("At most")),
            Column(name="value", label=gettext_lazy("Worked out"), placeholder="pieces * price"),
            Column(name="more", label=gettext_lazy("More"), placeholder="max_length: 20"),
        )
        super().__init__(columns, **kwargs)
        self.widget.summary = gettext_lazy("Columns of a list: %(count)s")
        self.current: dict[str, Mapping[str, Any]] = {}

    def keep(self, current: Sequence[Mapping[str, Any]] | None) -> None:
        """What is said now, to know again what is not touched. The types are read here, in the
        reader's language."""
        self.current = {str(column["key"]): column for column in current or ()}
        self.widget.choices = {**self.widget.choices, "type": _types()}

    def prepare_value(self, value: Any) -> Any:
        """Columns as lines of cells."""
        if not isinstance(value, list):
            return value
        return [row if _is_sent(row) else cells_of_column(row) for row in value]

    def clean(self, value: Any) -> Any:
        """The columns that the lines say. Raises ValidationError with the column's key."""
        rows = self.to_python(value) or []
        keys = [row["key"] for row in rows]
        if "" in keys or len(set(keys)) != len(keys):
            raise ValidationError(gettext("Give each column a key, and each key only once."))
        if len(rows) > MOST_COLUMNS:
            raise ValidationError(gettext("Keep it to %(most)s columns.") % {"most": MOST_COLUMNS})
        return [self._column(row) for row in rows] or None

    def _column(self, row: Row) -> dict[str, Any]:
        key = row["key"]
        was = self.current.get(key)
        if was is not None and _said(cells_of_column(was)) == _said(row):
            return dict(was)
        try:
            column = column_of_cells(row)
            _require_column(key, column)
            return {"key": key, **column}
        except ValidationError as problem:
            words = {"key": key, "why": " ".join(problem.messages)}
            raise ValidationError(gettext("Column “%(key)s”: %(why)s") % words) from None


def _is_sent(row: Mapping[str, Any]) -> bool:
    """Whether this is a line of cells already: one has every cell, and the last by that name."""
    return "more" in row


def _said(cells: Row) -> Row:
    return {name: text for name, text in cells.items() if text}


def cells_of_column(column: Mapping[str, Any]) -> Row:
    """A column as a line of cells."""
    left = dict(column)
    cells = {name: str(left.pop(name, "")) for name in ("key", "type", *PLAIN)}
    cells["required"] = ON if left.get("required") is True and left.pop("required") else ""
    choices = left.pop("choices", None)
    cells["choices"] = write_flow(choices)[1:-1] if choices else ""
    for name in FLOWS:
        cells[name] = write_flow(left.pop(name)) if left.get(name) is not None else ""
    cells["more"] = write_flow(left)[1:-1] if left else ""
    return cells


def column_of_cells(cells: Row) -> dict[str, Any]:
    """A column as the file says it. Raises ValidationError where it is none."""
    column: dict[str, Any] = {name: cells[name] for name in ("type", *PLAIN) if cells[name]}
    column.setdefault("type", "text")
    column |= {"required": True} if cells["required"] == ON else {}
    if cells["choices"]:
        column["choices"] = [str(word) for word in _read(f"[{cells['choices']}]")]
    column |= {name: _read(cells[name]) for name in FLOWS if cells[name]}
    more = _read(f"{{{cells['more']}}}") if cells["more"] else {}
    if not isinstance(more, dict) or None in more.values():
        raise ValidationError(gettext("Write names with values under “More”: max_length: 20."))
    twice = [name for name in more if name in column]
    if twice:
        raise ValidationError(
            gettext("“%(name)s” is said twice; take it out of “More”.") % {"name": twice[0]}
        )
    return column | more


def _read(written: str) -> Any:
    try:
        return read_plain(f"said: {written}").data["said"]
    except UnreadableText as problem:
        raise ValidationError(f"{problem.why}.") from None


def _require_column(key: str, column: Mapping[str, Any]) -> None:
    place: tuple[str, ...] = ("fields", "lines", "columns")
    try:
        _KEYS.validate_python({key: None})
        place = (*place, key)
        ColumnDef.model_validate(column)
    except PartProblem as problem:
        raise ValidationError(f"{explain_validation_error(problem, place)}.") from None
