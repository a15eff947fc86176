"""Form fields that are small tables: names and values, triggers, the lines of a new map.

A table shows what is said and a few empty rows below; empty rows are ignored. All is plain HTML, so
a page without JavaScript has the same, and gets more empty rows when it is saved.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from workflows.admin_site.elements import render_include

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

NAME, VALUE = gettext_lazy("name"), gettext_lazy("value")
Row = dict[str, str]
Choices = Sequence[Any]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a small table: text to type, one of some choices, or a box to tick."""

    name: str
    label: "_StrOrPromise"
    choices: Choices | None = None
    placeholder: "_StrOrPromise" = ""
    is_tick: bool = False
    first: str = ""
    """What an empty row says here to begin with; that alone fills no row."""

    def widget(self, choices: Choices | None) -> forms.Widget:
        """What is shown in a cell."""
        label = {"aria-label": self.label}
        if self.is_tick:
            return forms.CheckboxInput(attrs=label)
        if choices is not None:
            return UnfoldAdminSelectWidget(attrs=label, choices=choices)
        return UnfoldAdminTextInputWidget(attrs={**label, "placeholder": self.placeholder})


class RowsWidget(forms.Widget):
    """A table whose cells are called `name-0-column`."""

    def __init__(self, columns: Sequence[Column], blank: int) -> None:
        super().__init__()
        self.columns, self.blank = columns, blank
        self.choices: dict[str, Choices] = {
            column.name: column.choices for column in columns if column.choices is not None
        }
        self.note: Callable[[Row], str] = lambda row: ""
        self.summary: _StrOrPromise = ""
        """Where it is said, the table is folded away behind it until it says something."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The rows as they were sent; None where the table was not."""
        rows: list[Row] = []
        while any(f"{name}-{len(rows)}-{column.name}" in data for column in self.columns):
            start = f"{name}-{len(rows)}-"
            rows.append({c.name: data.get(f"{start}{c.name}", "") for c in self.columns})
        return rows or None

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether no cell was sent."""
        return self.value_from_datadict(data, files, name) is None

    def id_for_label(self, id_: str) -> str:
        """The first cell's."""
        return f"{id_}-0-{self.columns[0].name}"

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The rows that say something, and empty ones."""
        said = list(value or [])
        blanks = self.blank if not said or self._says(said[-1]) else 0
        rows = [*said, *({c.name: c.first for c in self.columns} for _ in range(blanks))]
        cells = [
            {
                "cells": [
                    (column.label, self._cell(name, number, row, column)) for column in self.columns
                ],
                "note": self.note(row),
            }
            for number, row in enumerate(rows)
        ]
        summary = self.summary and str(self.summary) % {"count": len(said)}
        return render_include(
            "rows_widget", columns=self.columns, rows=cells, summary=summary, is_open=bool(said)
        )

    def _says(self, row: Row) -> bool:
        return any(row.get(c.name) and row[c.name] != c.first for c in self.columns)

    def _cell(self, name: str, number: int, row: Row, column: Column) -> SafeString:
        cell = f"{name}-{number}-{column.name}"
        value = row.get(column.name, "")
        choices = self.choices.get(column.name)
        if choices is not None and value and value not in _flat_values(choices):
            choices = [*choices, (value, value)]
        shown: Any = value == "on" if column.is_tick else value
        widget = column.widget(choices)
        return widget.render(cell, shown, attrs={"id": f"id_{cell}", **(widget.attrs or {})})


def _flat_values(choices: Choices) -> set[str]:
    values: set[str] = set()
    for value, label in choices:
        if isinstance(label, list | tuple):
            values |= {str(inner) for inner, _ in label}
        else:
            values.add(str(value))
    return values


class RowsField(forms.Field):
    """A list of rows; None where no row says anything."""

    widget: RowsWidget

    def __init__(self, columns: Sequence[Column], *, blank: int = 2, **kwargs: Any) -> None:
        super().__init__(widget=RowsWidget(columns, blank), **{"required": False, **kwargs})
        self.columns = columns

    def to_python(self, value: Any) -> list[Row] | None:
        """The rows in which something is said besides what an empty one says."""
        rows: list[Row] = [
            {name: text.strip() for name, text in row.items()}
            for row in value or []
            if self.says(row)
        ]
        return rows or None

    def says(self, row: Mapping[str, str]) -> bool:
        """Whether anything was filled in."""
        return any(
            (row.get(column.name) or "").strip() not in ("", column.first)
            for column in self.columns
        )

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the rows say something else."""
        return self.to_python(self.prepare_value(initial)) != self.to_python(data)


class PairsField(RowsField):
    """Names and values, such as headers; a mapping in the file. A value that is no text is kept as
    what it is while it is not touched."""

    def __init__(
        self,
        *,
        name: "_StrOrPromise" = NAME,
        value: "_StrOrPromise" = VALUE,
        names: Choices | None = None,
        values: Choices | None = None,
        placeholder: str = "",
        **kwargs: Any,
    ) -> None:
        columns = (
            Column(name="name", label=name, choices=names),
            Column(name="value", label=value, choices=values, placeholder=placeholder),
        )
        super().__init__(columns, **kwargs)
        self.current: Mapping[str, Any] = {}

    def offer(self, options: Choices, current: Any) -> None:
        """The names to choose from."""
        self.widget.choices["name"] = [("", "—"), *options]
        self.keep(current)

    def keep(self, current: Any) -> None:
        """What is said now, to know again what is not touched."""
        self.current = current if isinstance(current, Mapping) else {}

    def prepare_value(self, value: Any) -> Any:
        """A mapping as rows."""
        if isinstance(value, Mapping):
            return [{"name": str(key), "value": str(part)} for key, part in value.items()]
        return value

    def clean(self, value: Any) -> Any:
        """The rows as a mapping; a name without a value says an empty text."""
        rows = self.to_python(value)
        if rows is None:
            return None
        names = [row["name"] for row in rows]
        if "" in names or len(set(names)) != len(names):
            raise forms.ValidationError(
                gettext_lazy("Give each value a name, and each name only once.")
            )
        return {row["name"]: self._as_it_was(row["name"], row["value"]) for row in rows}

    def _as_it_was(self, name: str, text: str) -> Any:
        before = self.current.get(name)
        return before if before is not None and str(before) == text else text


def holds_pairs(value: Any) -> bool:
    """Whether a setting can be shown as names and values."""
    return isinstance(value, Mapping) and all(
        isinstance(part, str | int | float) and str(part) == str(part).strip()
        for part in value.values()
    )


def with_group(label: "_StrOrPromise", options: Iterable[tuple[str, Any]]) -> list[Any]:
    """Choices under a heading; nothing where there are none."""
    listed = list(options)
    return [(label, listed)] if listed else []
