"""Form fields for what a map's columns hold: lists of names, durations, keys, one a line.

They keep apart what the map does not say (null) and what it says is nothing (an empty list), so
that a draft that is saved unchanged stays equal to the file that it was loaded from.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import (
    SELECT_CLASSES,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminNullBooleanSelectWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from workflows.admin_site.elements import render_include
from workflows.definitions.models import PrettyJSONEncoder
from workflows.engine.format.parts import KEEP_NOTHING
from workflows.engine.timing.due_dates import parse_span
from workflows.engine.timing.working_time import parse_duration

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

Options = Sequence[tuple[str, "_StrOrPromise"]]

UNSAID, NONE, THESE = "(not said)", "(none)", "(these)"
WORDS_THESE = gettext_lazy("these:")
NOT_SAID = "—"
NOTHING_IS_SAID, NONE_ARE = gettext_lazy("not said"), gettext_lazy("none")


class NamesWidget(UnfoldAdminSelect2MultipleWidget):
    """What is said of a list (nothing, none, these), and beside it the names.

    Both have one name in the form, so that a list that is sent always says which of the three
    it is: an empty choice can never be taken for "none", however often a form is shown again.
    """

    words: Mapping[str, "_StrOrPromise"] = {}

    class Media:
        js = ("workflows/names.js",)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The three answers, one of them chosen, and the names."""
        answer = next((word for word in value or () if word in self.words), UNSAID)
        return render_include(
            "names_widget",
            name=name,
            answer=answer,
            words=self.words.items(),
            select_id=(attrs or {}).get("id", name),
            select_classes=" ".join(SELECT_CLASSES),
            chosen=super().render(name, value, attrs, renderer),
        )


class NamesField(forms.MultipleChoiceField):
    """A list of names that knows three answers: nothing said is null, none is [], else those.

    `unsaid` and `none` say in words what the first two come to for this list.
    """

    widget = NamesWidget

    def __init__(
        self,
        *,
        unsaid: "_StrOrPromise" = NOTHING_IS_SAID,
        none: "_StrOrPromise" = NONE_ARE,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"required": False, **kwargs})
        self.current: list[str] = []
        self.offered: list[str] = []
        self.say(unsaid, none)

    def say(self, unsaid: "_StrOrPromise", none: "_StrOrPromise") -> None:
        """What the two answers without names come to, in words."""
        self.widget.words = {UNSAID: unsaid, NONE: none, THESE: WORDS_THESE}

    def offer(self, options: Options, current: Iterable[str] | None) -> None:
        """Give these options, and what the row names already though it is not there any more."""
        self.current = [str(name) for name in current or ()]
        offered_names = {name for name, _ in options}
        gone = [
            (name, (gettext("%(name)s (not there)") % {"name": name}))
            for name in self.current
            if name not in offered_names
        ]
        self.choices = [*options, *gone]
        self.offered = [name for name, _ in self.choices]

    def valid_value(self, value: Any) -> bool:
        """The three answers, and the names that are offered."""
        return value in (UNSAID, NONE, THESE) or super().valid_value(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was sent, with its answer, so that it is shown again as it was."""
        answer, names = _split_answer(data)
        return [answer, *names]

    def prepare_value(self, value: Any) -> Any:
        """A row's list with its answer in front."""
        if value is None:
            return [UNSAID]
        if value == []:
            return [NONE]
        return value if value[0] in (UNSAID, NONE, THESE) else [THESE, *value]

    def clean(self, value: Any) -> list[str] | None:
        """The names, in the order in which they stood; new ones behind them."""
        answer, chosen = _split_answer(super().clean(value))
        if answer == THESE and not chosen:
            raise ValidationError(gettext("Choose the names, or another answer than 'these'."))
        if answer != THESE and chosen:
            words = self.widget.words[answer]
            raise ValidationError(
                gettext("Choose '%(words)s', or names; not both.") % {"words": words}
            )
        if answer != THESE:
            return [] if answer == NONE else None
        kept_names = [name for name in self.current if name in chosen]
        return kept_names + [
            name for name in self.offered if name in chosen and name not in kept_names
        ]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another answer or other names are chosen; their order is kept anyway."""
        return set(self.prepare_value(initial)) != set(self.bound_data(data, None))


def _split_answer(sent: Iterable[str] | None) -> tuple[str, list[str]]:
    """The answer and the names; names alone are 'these', and nothing at all says nothing."""
    values = list(sent or ())
    answers = [word for word in values if word in (UNSAID, NONE, THESE)]
    names = [word for word in values if word not in answers]
    return (answers[0] if answers else THESE if names else UNSAID), names


class NameField(forms.TypedChoiceField):
    """One name of those offered, or null."""

    widget = UnfoldAdminSelectWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "empty_value": None, **kwargs})

    def offer(self, options: Options, current: str | None) -> None:
        """Give these options, and what the row names already though it is not there any more."""
        offered_names = {name for name, _ in options}
        gone = (
            [(current, (gettext("%(current)s (not there)") % {"current": current}))]
            if current and current not in offered_names
            else []
        )
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


class SpanField(forms.CharField):
    """A duration, or a stretch of the calendar: 1mo, 2y, 14cd."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"placeholder": "3d, 2w, 14cd, 1mo, 1y"})
        defaults = {"required": False, "max_length": 20, "empty_value": None, "widget": widget}
        super().__init__(**{**defaults, **kwargs})

    def clean(self, value: Any) -> str | None:
        """The span as written, if it is one."""
        text = super().clean(value)
        if text:
            try:
                parse_span(text)
            except ValueError as problem:
                raise ValidationError(f"{problem}.") from problem
        return text


class KeepField(SpanField):
    """A span, or `none`."""

    def clean(self, value: Any) -> str | None:
        """The span as written, if it is one."""
        text = forms.CharField.clean(self, value)
        return text if text == KEEP_NOTHING else super().clean(value)


class CountField(forms.IntegerField):
    """A whole number from one on, or nothing said, in a box that looks as the others do."""

    widget = UnfoldAdminIntegerFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "min_value": 1, **kwargs})


class TextField(forms.CharField):
    """Text that is kept to the letter, blank lines at its end included."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        area = UnfoldAdminTextareaWidget(attrs={"rows": rows})
        defaults = {"required": False, "strip": False, "empty_value": None, "widget": area}
        super().__init__(**{**defaults, **kwargs})

    def to_python(self, value: Any) -> Any:
        """Blanks alone say nothing."""
        text = super().to_python(value)
        return text if text and text.strip() else self.empty_value


class LinesField(forms.CharField):
    """A list of texts, one a line; no line is null."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": gettext_lazy("one a line")})

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
                gettext(
                    "'%(key)s' is no key: begin with a small letter, then small letters, digits"
                    " and _."
                )
                % {"key": key}
            )
        return key


class OptionalYesNoField(forms.NullBooleanField):
    """Yes, no, or nothing said."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminNullBooleanSelectWidget()
        widget.choices = [
            ("unknown", NOT_SAID),
            ("true", gettext_lazy("yes")),
            ("false", gettext_lazy("no")),
        ]
        super().__init__(**{"required": False, "widget": widget, **kwargs})


def normalize_line_ends(text: str) -> str:
    """Browsers send line ends of two characters; maps have one."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def drop_line_breaks(text: str) -> str:
    """What a browser makes of a text in a field of one line."""
    return re.sub(r"[\r\n]", "", text).strip()
