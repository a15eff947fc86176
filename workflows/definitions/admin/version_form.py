"""The form of a map's head: its words and people, how it starts, what its links may."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext, gettext_lazy

from workflows.definitions.admin.form_fields import (
    CountField,
    DataField,
    NameField,
    NamesField,
    OptionalYesNoField,
    SpanField,
    TextField,
    WorkingTimeField,
)
from workflows.definitions.admin.map_forms import BoxedForm
from workflows.definitions.admin.map_options import read_calendar_options
from workflows.definitions.admin.setting_box import SettingBox
from workflows.definitions.admin.setting_boxes import choice_field, is_whole, one_of
from workflows.definitions.admin.trigger_field import TriggersField
from workflows.definitions.models import TemplateVersion

TIME_BOXES: Final = (
    SettingBox(
        path=("due",),
        build=lambda: SpanField(
            label=gettext_lazy("A request is due after"),
            help_text=gettext_lazy("From its start, in the hours of the calendar above."),
        ),
    ),
    SettingBox(
        path=("due", "after"),
        offers="date_fields",
        build=lambda: NameField(label=gettext_lazy("Or due from a date of the request")),
    ),
    SettingBox(
        path=("due", "before"),
        offers="date_fields",
        build=lambda: NameField(label=gettext_lazy("Or before a date of the request")),
    ),
    SettingBox(
        path=("due", "by"),
        build=lambda: SpanField(label=gettext_lazy("so long after, or before, that date")),
    ),
    SettingBox(
        path=("clock",),
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
        build=lambda: SpanField(
            label=gettext_lazy("More time that can be given"),
            help_text=gettext_lazy("By owner and deputy, with a reason."),
        ),
    ),
    SettingBox(
        path=("extend", "times"),
        build=lambda: CountField(max_value=10, label=gettext_lazy("so often")),
        holds=is_whole,
    ),
    SettingBox(
        path=("on_overdue", "remind_every"),
        build=lambda: WorkingTimeField(
            label=gettext_lazy("Tell owner and deputy again every"),
            help_text=gettext_lazy("Not said: they are told once, when it is late."),
        ),
    ),
)
"""When a request as a whole is due, and what its clock does."""


class VersionForm(BoxedForm):
    """The head of a map."""

    boxed = "times"

    purpose = TextField(
        help_text=gettext_lazy("What this workflow is for."), label=gettext_lazy("Purpose")
    )
    owner_name = NameField(
        label=gettext_lazy("Owner"), help_text=gettext_lazy("The accountable owner.")
    )
    deputy_name = NameField(
        label=gettext_lazy("Deputy"), help_text=gettext_lazy("Stands in for the owner.")
    )
    calendar = NameField(
        help_text=gettext_lazy("In which hours durations count. Empty: office hours."),
        label=gettext_lazy("Calendar"),
    )
    start_fields = NamesField(
        label=gettext_lazy("Start form"),
        none=gettext_lazy("none: the form asks for nothing"),
        help_text=gettext_lazy("Fields that a requester fills in. New ones are asked last."),
    )
    start_triggers = TriggersField(
        label=gettext_lazy("What else starts it"),
        help_text=gettext_lazy("The form is always there."),
    )
    baseline = DataField(
        help_text=gettext_lazy(
            'Before the workflow: {"minutes_per_request": 95, "error_rate": 0.12}'
        ),
        label=gettext_lazy("Baseline"),
    )
    times = DataField(
        help_text=gettext_lazy("What the boxes above cannot show, as in the file."),
        label=gettext_lazy("More of the request as a whole"),
    )
    rehearse = DataField(
        help_text=gettext_lazy(
            'What rehearsals suppose: {"requests_per_week": 40, "people": {"finance": 3}}'
        ),
        label=gettext_lazy("For rehearsals"),
    )
    status_link = OptionalYesNoField(
        label=gettext_lazy("Status links"),
        help_text=gettext_lazy(
            "Yes: each requester is sent one. No: nobody can make one. Not said: requester and"
            " owner make them."
        ),
    )
    status_link_names = OptionalYesNoField(
        label=gettext_lazy("People by name on status links"),
        help_text=gettext_lazy("Without it the page names roles, never people."),
    )
    decide_by_mail = OptionalYesNoField(
        label=gettext_lazy("Decide from a mail"),
        help_text=gettext_lazy("No: mails lead to the task, where one signs in."),
    )
    names = {"owner_name": "users", "deputy_name": "users", "start_fields": "fields"}
    rows = {"start_role": "role_rows", "first_step": "step_rows"}

    class Meta:
        model = TemplateVersion
        fields = (
            *("name", "purpose", "owner_name", "deputy_name", "review_every_days", "calendar"),
            *("start_role", "first_step", "start_fields", "start_triggers", "baseline"),
            *("times", "rehearse"),
            *("status_link", "status_link_names", "decide_by_mail"),
            "mentions_give_sight",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "calendar" in self.fields:
            field: Any = self.fields["calendar"]
            field.offer(read_calendar_options(), self.instance.calendar)
        if "start_triggers" in self.fields:
            triggers: Any = self.fields["start_triggers"]
            triggers.offer(self.offer.workflows, self.instance.start_triggers)
        self.show_boxes()

    @classmethod
    def boxes_of(cls, row: Any) -> Sequence[SettingBox]:
        """The same of every map."""
        return TIME_BOXES

    def clean_times(self) -> dict[str, Any] | None:
        """Keys and values, as in the file."""
        return self.require_settings('{"due": "30cd"}')

    def clean_setting_due_by(self) -> str | None:
        """It stands with a date, and a date with it; and a request is due in one way."""
        cleaned = self.cleaned_data
        by: str | None = cleaned["setting_due_by"]
        dates = [name for name in ("after", "before") if cleaned.get(f"setting_due_{name}")]
        if by and not dates:
            raise forms.ValidationError(gettext("Choose the date from which this counts."))
        if len(dates) > 1 or (dates and cleaned.get("setting_due")):
            raise forms.ValidationError(
                gettext("Say in one way when a request is due: empty the other boxes.")
            )
        return by

    def clean_setting_extend_times(self) -> int | None:
        """How often goes with how much."""
        times: int | None = self.cleaned_data["setting_extend_times"]
        if times and not self.cleaned_data.get("setting_extend_by"):
            raise forms.ValidationError(gettext("Say how much more time can be given."))
        return times

    def clean(self) -> dict[str, Any]:
        """The deputy stands in for the owner, so it is somebody else."""
        cleaned = super().clean()
        owner, deputy = cleaned.get("owner_name"), cleaned.get("deputy_name")
        if owner and owner == deputy:
            self.add_error(
                "deputy_name", gettext("The deputy stands in for the owner: choose another.")
            )
        return cleaned
