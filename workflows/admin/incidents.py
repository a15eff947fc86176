"""Incidents: whose they are, what was tried, and the three ways on, for one or for hundreds."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from workflows.admin.addresses import incident_page
from workflows.admin.asking import Question, ReasonForm, ask_then_do
from workflows.admin.base import StaffAdmin, actor_of, link, manages, timed
from workflows.admin.outside import attempts_table
from workflows.admin.records import OfRequest, badge
from workflows.engine.definition import FieldDef, title
from workflows.models import Attempt, Incident, Step
from workflows.permissions import MANAGE, templates_with
from workflows.services import incidents
from workflows.services.maps import cached_map

EMPTY = ("", "Leave it as it is")
NO_STEP_IN_COMMON = (
    "There is no step to which all of these may be sent. Choose incidents of one step, and try"
    " again."
)


# -- what is asked ----------------------------------------------------------------------------


def steps_of(rows: QuerySet[Incident]) -> list[Step]:
    """The steps at which these incidents are."""
    return list(Step.objects.filter(pk__in=rows.order_by().values("step")))


def skip_form(rows: QuerySet[Incident]) -> type[ReasonForm]:
    """Asks for the reason and, where all are at one step, for what that step would have given."""
    steps = steps_of(rows)
    if len(steps) != 1:
        return ReasonForm
    definition = cached_map(steps[0].version_id).graph.definition
    outputs = getattr(definition.steps[steps[0].key], "outputs", None) or {}
    asked = {
        f"value_{key}": _value_field(key, definition.fields[key])
        for key in outputs
        if key in definition.fields
    }
    return type("SkipForm", (ReasonForm,), asked)


def _value_field(key: str, spec: FieldDef) -> forms.Field:
    words = {"choice": spec.choices or (), "boolean": ("yes", "no")}.get(spec.type)
    widget = (
        UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
        if words is None
        else UnfoldAdminSelectWidget(choices=[EMPTY, *((word, word) for word in words)])
    )
    hint = "What the step would have given."
    if spec.required:
        hint += " The steps after it rely on it, so give it unless the request has it already."
    return forms.CharField(
        label=title(key, spec.label), required=False, widget=widget, help_text=hint
    )


def values_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was filled in for the step's outputs; what was left empty stays as it is."""
    return {
        name.removeprefix("value_"): value
        for name, value in given.items()
        if name.startswith("value_") and value
    }


def reroute_form(rows: QuerySet[Incident]) -> type[ReasonForm] | None:
    """Asks to which step, of those to which all may be sent; none where there is no such step."""
    graphs = [(cached_map(step.version_id).graph, step.key) for step in steps_of(rows)]
    found = [{key: graph.title(key) for key in graph.ways_out(at)} for graph, at in graphs]
    common = [key for key in (found[0] if found else {}) if all(key in ways for ways in found)]
    if not common:
        return None
    to = forms.ChoiceField(
        label="To the step",
        choices=[("", "Choose…"), *((key, found[0][key]) for key in common)],
        widget=UnfoldAdminSelectWidget,
        help_text="Work goes on there, as if the request had come to it.",
    )
    return type("RerouteForm", (ReasonForm,), {"to": to, "field_order": ("to", "reason")})


# -- the actions ------------------------------------------------------------------------------


@admin.action(description="Retry now", permissions=["mend"])
def retry_selected(
    page: "IncidentAdmin", request: HttpRequest, rows: QuerySet[Incident]
) -> TemplateResponse | None:
    """Let each selected request try its step again, or say why not."""

    def run(pk: int, given: Mapping[str, Any]) -> object:
        return incidents.retry(
            pk, actor=actor_of(request), reason=given["reason"], now=timezone.now()
        )  # fmt: skip

    question = Question(
        action="retry_selected", title="Retry incidents", button="Retry now",
        done="tried again", command=run,
    )  # fmt: skip
    return ask_then_do(page, request, rows, question)


@admin.action(description="Skip…", permissions=["mend"])
def skip_selected(
    page: "IncidentAdmin", request: HttpRequest, rows: QuerySet[Incident]
) -> TemplateResponse | None:
    """Go on as if each selected step had been done, or say why not."""

    def run(pk: int, given: Mapping[str, Any]) -> object:
        return incidents.skip(
            pk, actor=actor_of(request), reason=given["reason"], now=timezone.now(),
            data=values_of(given),
        )  # fmt: skip

    question = Question(
        action="skip_selected", title="Skip the steps of incidents", button="Skip",
        done="skipped", command=run, form=skip_form(rows),
    )  # fmt: skip
    return ask_then_do(page, request, rows, question)


@admin.action(description="Send to another step…", permissions=["mend"])
def reroute_selected(
    page: "IncidentAdmin", request: HttpRequest, rows: QuerySet[Incident]
) -> TemplateResponse | None:
    """Send the work of each selected incident to another step, or say why not."""
    form = reroute_form(rows)
    if form is None:
        page.message_user(request, NO_STEP_IN_COMMON, messages.ERROR)
        return None

    def run(pk: int, given: Mapping[str, Any]) -> object:
        return incidents.reroute(
            pk, actor=actor_of(request), to=given["to"], reason=given["reason"],
            now=timezone.now(),
        )  # fmt: skip

    question = Question(
        action="reroute_selected", title="Send incidents to another step", button="Send",
        done="sent on", command=run, form=form,
    )  # fmt: skip
    return ask_then_do(page, request, rows, question)


WAYS_ON = (retry_selected, skip_selected, reroute_selected)
WORDS = {
    retry_selected: "Retry now", skip_selected: "Skip…", reroute_selected: "Send to another step…",
}  # fmt: skip


# -- the pages --------------------------------------------------------------------------------


@admin.register(Incident)
class IncidentAdmin(OfRequest, StaffAdmin):
    """What could not go on by itself, and whose it is."""

    of_workflow = "request__template"
    list_display = (
        *("message", "code", "step", "its_request", "state_", "owner"),
        *(timed("opened_at", "opened"), "what_to_do"),
    )
    list_select_related = ("step", "request", "owner")
    list_filter = ("state", "code", "request__template")
    list_per_page = 200
    search_fields = ("message", "request__title", "owner__username", "step__key")
    ordering = ("state", "-id")
    actions = WAYS_ON
    change_form_template = "admin/workflows/incident_page.html"
    fields = (
        ("its_request", "step", "what_to_do"), "message", ("state", "code", "owner"),
        ("opened_at", "resolved_at"), "resolution",
    )  # fmt: skip
    readonly_fields = ("its_request", "what_to_do")

    def has_mend_permission(self, request: HttpRequest) -> bool:
        """Who manages a workflow; the service asks for each incident's own."""
        known = request.__dict__
        if "_mends" not in known:
            known["_mends"] = templates_with(request.user, MANAGE).exists()
        return bool(known["_mends"])

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With the ways on beside it, for those who manage its workflow."""
        incident: Incident | None = self.get_object(request, object_id)
        extra = {**(extra_context or {}), "ways_on": [], "tried": ""}
        if incident is not None:
            extra["tried"] = tried(incident)
            if incident.state == Incident.OPEN and manages(request, incident.request.template):
                extra["ways_on"] = [(action.__name__, WORDS[action]) for action in WAYS_ON]
        return super().change_view(request, object_id, form_url, extra)

    @admin.display(description="state", ordering="state")
    def state_(self, incident: Incident) -> SafeString:
        """Marked where it is open."""
        return badge(incident.state, incident.get_state_display())  # type: ignore[attr-defined]

    @admin.display(description="to do")
    def what_to_do(self, incident: Incident) -> SafeString | str:
        """The page where values are put right and the step tries again."""
        if incident.state != Incident.OPEN:
            return "—"
        return link(incident_page(incident), "put it right")


def tried(incident: Incident) -> SafeString:
    """Every attempt of the activation that waits on an incident."""
    rows = Attempt.objects.filter(request=incident.request, activation=incident.activation)
    return attempts_table(rows.order_by("number"))
