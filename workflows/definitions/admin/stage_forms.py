"""The small forms of the guide: steps in order, and what can go wrong. Each is one command."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from workflows.admin_site.base import actor_of
from workflows.definitions.admin.add_step import ROLE
from workflows.definitions.admin.field_boxes.row_fields import with_group
from workflows.definitions.admin.first_lines import build_tasks_field, read_task_lines
from workflows.definitions.admin.guide import WORKING, address_of
from workflows.definitions.admin.map_inlines import load_version_options
from workflows.definitions.admin.map_options import VersionOptions
from workflows.definitions.models import TemplateVersion
from workflows.definitions.services.map_edits import edit_map
from workflows.engine.editing.adding import add_in_order, add_outcome
from workflows.engine.editing.ways import Form


class TasksForm(forms.Form):
    """Steps to go behind the last one, in order."""

    tasks = build_tasks_field()

    def __init__(self, offer: VersionOptions, *args: Any) -> None:
        super().__init__(*args)
        roles = [(f"{ROLE}{key}", name) for key, name in offer.role_keys]
        owners = [*with_group(gettext("Roles of this map"), roles), *offer.owners]
        tasks: Any = self.fields["tasks"]
        tasks.widget.choices["owner"] = [("", "—"), *owners]

    def edit(self, form: Form) -> Form:
        """The map with them. Raises InvalidInput."""
        form, lines = read_task_lines(form, self.cleaned_data["tasks"] or ())
        return add_in_order(form, lines).form

    def clean(self) -> dict[str, Any]:
        """Lines that can be steps."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            if not cleaned.get("tasks"):
                raise forms.ValidationError(gettext("Fill in a line for each step."))
            read_task_lines({}, cleaned["tasks"])
        return cleaned


class ExceptionForm(forms.Form):
    """Something that can go wrong at a step of people, and where it goes then."""

    step = forms.ChoiceField(label=gettext_lazy("At which step"), widget=UnfoldAdminSelectWidget)
    label = forms.CharField(
        label=gettext_lazy("What the button says"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": gettext_lazy("Send back")}),
    )
    to = forms.ChoiceField(label=gettext_lazy("Then it goes to"), widget=UnfoldAdminSelectWidget)
    comment = forms.BooleanField(
        label=gettext_lazy("Whoever presses it says why"), required=False, initial=True
    )

    def __init__(self, offer: VersionOptions, *args: Any) -> None:
        super().__init__(*args)
        fields: dict[str, Any] = self.fields
        fields["step"].choices = _named([s for s in offer.step_list if s.kind in WORKING])
        fields["to"].choices = _named(offer.step_list)

    def edit(self, form: Form) -> Form:
        """The map with it. Raises InvalidInput."""
        said = self.cleaned_data
        return add_outcome(
            form,
            said["step"],
            label=said["label"],
            to=said["to"],
            is_exception=True,
            wants_comment=said["comment"],
        )


def _named(steps: Sequence[Any]) -> list[tuple[str, str]]:
    return [(step.key, str(step)) for step in steps]


STAGE_FORMS: dict[str, type[TasksForm] | type[ExceptionForm]] = {
    "steps": TasksForm,
    "exceptions": ExceptionForm,
}


def build_stage_form(
    request: HttpRequest, version: TemplateVersion, part: str
) -> TasksForm | ExceptionForm | None:
    """The small form of a stage; as it was typed where it came back and was refused."""
    form = STAGE_FORMS.get(part)
    return form(load_version_options(request, version)) if form else None


def answer_stage_form(
    request: HttpRequest, version: TemplateVersion, part: str
) -> HttpResponse | TasksForm | ExceptionForm:
    """What the form says is done; the form itself where it cannot be. Raises HandoffError."""
    form = STAGE_FORMS[part](load_version_options(request, version), request.POST)
    if not form.is_valid():
        return form
    edit_map(version.pk, form.edit, actor=actor_of(request), now=timezone.now())
    messages.success(request, gettext("The map is changed."))
    return HttpResponseRedirect(address_of(version, part))
