"""The texts that a control sent, whatever it consists of, and the control filled in with them."""

from collections.abc import Mapping
from typing import Any

from django import forms

from approvals.forms.files_box import REMOVE, FilesBox
from approvals.forms.rows_box import BUTTONS, RowsBox, SentRows
from approvals.forms.several_people import PeopleBox
from approvals.forms.several_values import ChoicesBox


def sent_texts(widget: forms.Widget, data: Any, name: str) -> list[tuple[str, str]]:
    """The names and texts of all parts of a control, without the buttons of a table."""
    if not isinstance(widget, RowsBox | ChoicesBox | PeopleBox | FilesBox):
        return [(name, str(data.get(name, "")))]
    if isinstance(widget, FilesBox):
        removed = widget.value_from_datadict(data, {}, name).removed
        return [(f"{name}-{REMOVE}", str(number)) for number in sorted(removed)]
    buttons = [f"{name}-{button}" for button in BUTTONS]
    return [
        (part, str(text))
        for part, texts in data.lists()
        if (part == name or part.startswith(f"{name}-")) and part not in buttons
        for text in texts
    ]


def typed_value(widget: forms.Widget, typed: Mapping[str, Any], name: str) -> Any:
    """What stands in a control that these texts were typed into."""
    if isinstance(widget, RowsBox):
        return SentRows(widget.value_from_datadict(typed, {}, name))
    if isinstance(widget, ChoicesBox | PeopleBox):
        return widget.value_from_datadict(typed, {}, name)
    return typed[name]
