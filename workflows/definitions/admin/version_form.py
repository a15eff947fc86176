"""The form of a map's head: its words and people, how it starts, what its links may."""

from typing import Any

from django.utils.translation import gettext, gettext_lazy

from workflows.definitions.admin.form_fields import (
    DataField,
    NameField,
    NamesField,
    OptionalYesNoField,
    TextField,
)
from workflows.definitions.admin.map_forms import MapForm
from workflows.definitions.admin.map_options import read_calendar_options
from workflows.definitions.admin.trigger_field import TriggersField
from workflows.definitions.models import TemplateVersion


class VersionForm(MapForm):
    """The head of a map."""

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
        help_text=gettext_lazy(
            'When a request as a whole is due: {"due": "30cd", "extend": {"by": "2mo"}}'
        ),
        label=gettext_lazy("The request as a whole"),
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

    def clean(self) -> dict[str, Any]:
        """The deputy stands in for the owner, so it is somebody else."""
        cleaned = super().clean()
        owner, deputy = cleaned.get("owner_name"), cleaned.get("deputy_name")
        if owner and owner == deputy:
            self.add_error(
                "deputy_name", gettext("The deputy stands in for the owner: choose another.")
            )
        return cleaned
