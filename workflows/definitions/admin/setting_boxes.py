"""Boxes for what only some kinds of steps have: reminders, retries, actions, waits.

In the file these are keys of their own (`on_overdue`, `retry`, `with`); here each has an input, so
that nobody has to know how the file writes it.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget

from workflows.definitions.admin.field_boxes.row_fields import PairsField, holds_pairs
from workflows.definitions.admin.form_fields import (
    NOT_SAID,
    CountField,
    KeepField,
    NameField,
    NamesField,
    SpanField,
    TextField,
    WorkingTimeField,
)
from workflows.definitions.admin.setting_box import SettingBox

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


def choice_field(title: "_StrOrPromise", choices: Sequence[tuple[str, Any]]) -> forms.Field:
    """One of some words, or nothing said."""
    return forms.TypedChoiceField(
        choices=[("", NOT_SAID), *choices],
        required=False,
        empty_value=None,
        label=title,
        widget=UnfoldAdminSelectWidget,
    )


class PauseField(WorkingTimeField):
    """A pause between attempts, which may be seconds too: 10s."""

    def clean(self, value: Any) -> str | None:
        """The pause as written, if it is one."""
        text = forms.CharField.clean(self, value)
        digits = (text or "").removesuffix("s")
        is_seconds = text and text.endswith("s") and digits.isascii() and digits.isdigit()
        return text if is_seconds and len(digits) < 7 else super().clean(value)


class FactorField(forms.FloatField):
    """How much longer each pause is than the one before; a whole number stays one."""

    widget = UnfoldAdminDecimalFieldWidget

    def clean(self, value: Any) -> Any:
        """The number, or None."""
        number = super().clean(value)
        return int(number) if number is not None and number == int(number) else number


def _short_text(title: "_StrOrPromise", placeholder: str = "", **more: Any) -> TextField:
    field = TextField(rows=1, label=title, **more)
    field.widget.attrs["placeholder"] = placeholder
    return field


def is_number(value: Any) -> bool:
    """Whether a setting is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """Whether a setting is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def one_of(*words: str) -> Any:
    """Whether a setting is one of these words."""
    return lambda value: value in words


# -- every step -------------------------------------------------------------------------------

OWN: Final = gettext_lazy("Who answers for it")
OWNER_BOXES: Final = (
    SettingBox(
        path=("owner",),
        group=OWN,
        offers="users",
        build=lambda: NameField(
            label=gettext_lazy("Owner"), help_text=gettext_lazy("Not said: the workflow's owner.")
        ),
    ),
    SettingBox(
        path=("deputy",),
        group=OWN,
        offers="users",
        build=lambda: NameField(
            label=gettext_lazy("Deputy"),
            help_text=gettext_lazy("Not said: the workflow's deputy."),
        ),
    ),
)
"""Who owns a step for itself, whatever its kind."""


CALENDAR_BOX: Final = SettingBox(
    path=("calendar",),
    offers="calendars",
    build=lambda: NameField(
        label=gettext_lazy("Calendar"),
        help_text=gettext_lazy("In which durations count here. Not said: the workflow's."),
    ),
)
"""In which hours the durations of a step count."""


# -- people's steps ---------------------------------------------------------------------------

LATE: Final = gettext_lazy("When it is late")
PEOPLE_BOXES: Final = (
    CALENDAR_BOX,
    SettingBox(
        path=("due", "after"),
        group=LATE,
        offers="date_fields",
        build=lambda: NameField(
            label=gettext_lazy("Or due from a date of the request"),
            help_text=gettext_lazy("In place of “due after” above."),
        ),
    ),
    SettingBox(
        path=("due", "before"),
        group=LATE,
        offers="date_fields",
        build=lambda: NameField(label=gettext_lazy("Or before a date of the request")),
    ),
    SettingBox(
        path=("due", "by"),
        group=LATE,
        build=lambda: SpanField(label=gettext_lazy("so long after, or before, that date")),
    ),
    SettingBox(
        path=("clock",),
        group=LATE,
        build=lambda: choice_field(
            gettext_lazy("While the requester has a question"),
            [
                ("stops", gettext_lazy("the time stands still")),
                ("runs", gettext_lazy("the time goes on")),
            ],
        ),
        holds=one_of("stops", "runs"),
    ),
    SettingBox(
        path=("extend", "by"),
        group=LATE,
        build=lambda: SpanField(label=gettext_lazy("More time that can be given")),
    ),
    SettingBox(
        path=("extend", "times"),
        group=LATE,
        build=lambda: CountField(max_value=10, label=gettext_lazy("so often")),
        holds=is_whole,
    ),
    SettingBox(
        path=("on_overdue", "remind_every"),
        group=LATE,
        build=lambda: WorkingTimeField(label=gettext_lazy("Remind every")),
    ),
    SettingBox(
        path=("on_overdue", "escalate_to"),
        group=LATE,
        offers="role_keys",
        build=lambda: NameField(label=gettext_lazy("Then also tell")),
    ),
    SettingBox(
        path=("on_overdue", "after"),
        group=LATE,
        build=lambda: WorkingTimeField(label=gettext_lazy("so long after it was due")),
    ),
    SettingBox(
        path=("reassign",),
        build=lambda: choice_field(
            gettext_lazy("May be given to"),
            [("anyone", gettext_lazy("anybody, also outside the role"))],
        ),
        holds=one_of("anyone"),
    ),
    SettingBox(
        path=("sign",),
        build=lambda: _short_text(
            gettext_lazy("Signed as"),
            "approval",
            help_text=gettext_lazy(
                "Whoever decides gives their password or second factor again, and what it means is"
                " kept: approval, review, authorship, responsibility, or a sentence of your own."
            ),
        ),
    ),
)


TASK_BOXES: Final = (
    *PEOPLE_BOXES,
    SettingBox(
        path=("expires", "after"),
        group=LATE,
        build=lambda: SpanField(
            label=gettext_lazy("Expires after"),
            help_text=gettext_lazy("Then it goes the way “when time is up”; add one below."),
        ),
    ),
)


def _build_reaction_box(title: "_StrOrPromise") -> forms.Field:
    return choice_field(
        title,
        [
            ("require", gettext_lazy("the approval is asked again")),
            ("warn", gettext_lazy("it holds; owner and deputy are told")),
            ("keep", gettext_lazy("it holds")),
        ],
    )


_takes_reaction = one_of("require", "warn", "keep")
APPROVAL_BOXES: Final = (
    *PEOPLE_BOXES,
    SettingBox(
        path=("on_change",),
        build=lambda: _build_reaction_box(gettext_lazy("When what it showed changes")),
        holds=_takes_reaction,
    ),
    SettingBox(
        path=("on_new_version",),
        build=lambda: _build_reaction_box(gettext_lazy("When a document has a new version")),
        holds=_takes_reaction,
    ),
)


# -- what Handoff does ------------------------------------------------------------------------


def _outputs_box(help_text: "_StrOrPromise") -> SettingBox:
    return SettingBox(
        path=("outputs",),
        offers="fields",
        build=lambda: PairsField(
            label=gettext_lazy("What it gives"),
            name=gettext_lazy("field"),
            value=gettext_lazy("where it is in the answer"),
            placeholder="$.number",
            help_text=help_text,
        ),
        holds=holds_pairs,
    )


AGAIN: Final = gettext_lazy("When it fails")
AUTOMATION_BOXES: Final = (
    SettingBox(
        path=("action",),
        offers="actions",
        build=lambda: NameField(
            label=gettext_lazy("What is done"),
            help_text=gettext_lazy("Save to see the boxes of another action."),
        ),
    ),
    CALENDAR_BOX,
    _outputs_box(gettext_lazy("Fields of the request that are filled in from the answer.")),
    SettingBox(
        path=("retry", "attempts"),
        group=AGAIN,
        build=lambda: CountField(max_value=100, label=gettext_lazy("Attempts")),
        holds=is_whole,
    ),
    SettingBox(
        path=("retry", "first_delay"),
        group=AGAIN,
        build=lambda: PauseField(label=gettext_lazy("First pause")),
    ),
    SettingBox(
        path=("retry", "factor"),
        group=AGAIN,
        build=lambda: FactorField(
            required=False,
            min_value=1,
            max_value=100,
            label=gettext_lazy("Each pause so many times the one before"),
        ),
        holds=is_number,
    ),
)
WAIT_BOXES: Final = (
    SettingBox(path=("for",), build=lambda: SpanField(label=gettext_lazy("Wait for a time"))),
    SettingBox(
        path=("until",),
        offers="date_fields",
        build=lambda: NameField(label=gettext_lazy("Or until a date of the request")),
    ),
    SettingBox(
        path=("until", "after"),
        offers="date_fields",
        build=lambda: NameField(label=gettext_lazy("Or until some time after a date")),
    ),
    SettingBox(
        path=("until", "before"),
        offers="date_fields",
        build=lambda: NameField(label=gettext_lazy("Or until some time before a date")),
    ),
    SettingBox(
        path=("until", "by"),
        build=lambda: SpanField(label=gettext_lazy("so long after, or before, that date")),
    ),
    CALENDAR_BOX,
    SettingBox(
        path=("message",),
        build=lambda: _short_text(
            gettext_lazy("Or for a message of this name"), max_length=200, strip=True
        ),
    ),
    SettingBox(
        path=("outputs",),
        offers="fields",
        build=lambda: NamesField(
            label=gettext_lazy("The message fills in"),
            unsaid=gettext_lazy("not said: nothing"),
            none=gettext_lazy("none"),
        ),
        holds=lambda value: isinstance(value, list),
    ),
    SettingBox(
        path=("keep",),
        build=lambda: KeepField(
            label=gettext_lazy("A message that comes early is kept"),
            help_text=gettext_lazy("Not said: while the request runs. none: it is refused."),
        ),
    ),
)
SUBWORKFLOW_BOXES: Final = (
    SettingBox(
        path=("workflow",),
        offers="workflows",
        build=lambda: NameField(label=gettext_lazy("Which workflow")),
    ),
    CALENDAR_BOX,
    SettingBox(
        path=("data",),
        build=lambda: PairsField(
            label=gettext_lazy("What it is given"),
            name=gettext_lazy("field there"),
            placeholder="{{ amount }}",
        ),
        holds=holds_pairs,
    ),
    _outputs_box(gettext_lazy("Fields of the request that are filled in when it has ended.")),
)

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def _pairs(key: str, title: "_StrOrPromise", placeholder: str = "{{ amount }}") -> SettingBox:
    return SettingBox(
        path=("with", key),
        build=lambda: PairsField(label=title, placeholder=placeholder),
        holds=holds_pairs,
    )


ACTION_BOXES: Final[Mapping[str, Sequence[SettingBox]]] = {
    "http": (
        SettingBox(
            path=("with", "connection"),
            offers="connections",
            build=lambda: NameField(label=gettext_lazy("Connection")),
        ),
        SettingBox(
            path=("with", "method"),
            build=lambda: choice_field(
                gettext_lazy("Method"), [(method, method) for method in METHODS]
            ),
            holds=one_of(*METHODS),
        ),
        SettingBox(
            path=("with", "path"),
            build=lambda: _short_text(gettext_lazy("Path"), "/orders/{{ request.reference }}"),
        ),
        SettingBox(
            path=("with", "url"),
            build=lambda: _short_text(gettext_lazy("Or a whole address"), "https://…"),
        ),
        _pairs("query", gettext_lazy("Query")),
        _pairs("headers", gettext_lazy("Headers"), "handoff"),
        _pairs("json", gettext_lazy("What is sent")),
        _pairs("form", gettext_lazy("Or sent as a form")),
        SettingBox(
            path=("with", "text"),
            build=lambda: TextField(label=gettext_lazy("Or sent as a text"), rows=4),
        ),
        SettingBox(
            path=("with", "pages", "next"),
            build=lambda: _short_text(gettext_lazy("Where the next page is"), "$.next"),
        ),
        SettingBox(
            path=("with", "pages", "items"),
            build=lambda: _short_text(gettext_lazy("What each page has of"), "$.items"),
        ),
        SettingBox(
            path=("with", "pages", "max"),
            build=lambda: CountField(max_value=100, label=gettext_lazy("Pages at most")),
            holds=is_whole,
        ),
        SettingBox(
            path=("with", "timeout"),
            build=lambda: CountField(max_value=120, label=gettext_lazy("Seconds at most")),
            holds=is_whole,
        ),
    ),
    "email": (
        SettingBox(
            path=("with", "to"),
            build=lambda: _short_text(gettext_lazy("To"), "{{ manager }}"),
        ),
        SettingBox(path=("with", "subject"), build=lambda: _short_text(gettext_lazy("Subject"))),
        SettingBox(
            path=("with", "text"), build=lambda: TextField(label=gettext_lazy("Text"), rows=4)
        ),
    ),
    "start_workflow": (
        SettingBox(
            path=("with", "workflow"),
            offers="workflows",
            build=lambda: NameField(label=gettext_lazy("Which workflow")),
        ),
        _pairs("data", gettext_lazy("What it is given")),
    ),
    "set_fields": (
        SettingBox(
            path=("with",),
            offers="fields",
            build=lambda: PairsField(
                label=gettext_lazy("Fields and what they become"),
                name=gettext_lazy("field"),
                value=gettext_lazy("expression"),
                placeholder="amount / 1.19",
            ),
            holds=holds_pairs,
        ),
    ),
}
"""What the actions that come with Handoff know under `with`."""
