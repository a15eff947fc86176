"""Form fields for what a map's columns hold: lists of names, durations, keys, one a line.

They keep apart what the map does not say (null) and what it says is nothing (an empty list), so
that a draft that is saved unchanged stays equal to the file that it was loaded from.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminNullBooleanSelectWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from workflows.engine.calendar import parse_duration
from workflows.models.definitions import PrettyJSONEncoder

Options = Sequence[tuple[str, str]]

NONE = "(none)"
NOT_SAID = "—"


class NamesField(forms.MultipleChoiceField):
    """A list of names: nothing chosen is null, 'none' is an empty list, else those names."""

    widget = UnfoldAdminSelect2MultipleWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, **kwargs})
        self.current: list[str] = []
        self.offered: list[str] = []

    def offer(self, options: Options, current: Iterable[str] | None) -> None:
        """Give these options, and what the row names already though it is not there any more."""
        self.current = [str(name) for name in current or ()]
        known = {name for name, _ in options}
        gone = [(name, f"{name} (not there)") for name in self.current if name not in known]
        self.choices = [(NONE, "none of them"), *options, *gone]
        self.offered = [name for name, _ in [*options, *gone]]

    def prepare_value(self, value: Any) -> Any:
        """An empty list shows as the choice 'none'."""
        return [NONE] if value == [] else value

    def clean(self, value: Any) -> list[str] | None:
        """The names, in the order in which they stood; new ones behind them."""
        chosen = super().clean(value)
        if not chosen:
            return None
        if NONE in chosen:
            if len(chosen) > 1:
                raise ValidationError("Choose 'none of them', or names; not both.")
            return []
        kept = [name for name in self.current if name in chosen]
        return kept + [name for name in self.offered if name in chosen and name not in kept]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other names are chosen; their order is kept anyway."""
        return set(self.prepare_value(initial) or ()) != set(data or ())


class NameField(forms.TypedChoiceField):
    """One name of those offered, or null."""

    widget = UnfoldAdminSelectWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "empty_value": None, **kwargs})

    def offer(self, options: Options, current: str | None) -> None:
        """Give these options, and what the row names already though it is not there any more."""
        known = {name for name, _ in options}
        gone = [(current, f"{current} (not there)")] if current and current not in known else []
        self.choices = [("", NOT_SAID), *options, *gone]


class WorkingTimeField(forms.CharField):
    """A duration as maps write it, such as 4h or 2d."""

    widget = UnfoldAdminTextInputWidget(attrs={"placeholder": "4h, 2d, 1w"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "max_length": 20, "empty_value": None, **kwargs})

    def clean(self, value: Any) -> str | None:
        """The duration as written, if it is one."""
        text = super().clean(value)
        if text:
            try:
                parse_duration(text)
            except ValueError as problem:
                raise ValidationError(f"{problem}.") from problem
        return text


class LinesField(forms.CharField):
    """A list of texts, one a line; no line is null."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "one a line"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """A list as lines."""
        return "\n".join(str(line) for line in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The lines that say something."""
        lines = [line.strip() for line in str(super().to_python(value) or "").splitlines()]
        return [line for line in lines if line] or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the lines differ."""
        return bool((initial or None) != self.to_python(data))


class DataField(forms.JSONField):
    """Keys and values or a list, written as JSON; left empty it is null."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "encoder": PrettyJSONEncoder, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """Null is shown as nothing."""
        return "" if value is None else super().prepare_value(value)


class KeyField(forms.CharField):
    """A key: what files, rules and links call a thing."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, *, dashes: bool = False, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 80 if dashes else 60, **kwargs})
        self.pattern = re.compile(r"[a-z][a-z0-9_-]*" if dashes else r"[a-z][a-z0-9_]*")

    def clean(self, value: Any) -> str:
        """The key, if it is written as one."""
        key: str = super().clean(value)
        if key and not self.pattern.fullmatch(key):
            raise ValidationError(
                f"'{key}' is no key: begin with a small letter, then small letters, digits and _."
            )
        return key


class SaidField(forms.NullBooleanField):
    """Yes, no, or nothing said."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminNullBooleanSelectWidget()
        widget.choices = [("unknown", NOT_SAID), ("true", "yes"), ("false", "no")]
        super().__init__(**{"required": False, "widget": widget, **kwargs})


def plain_lines(text: str | None) -> str | None:
    """Browsers send line ends of two characters; maps have one."""
    return text.replace("\r\n", "\n") if text else text
