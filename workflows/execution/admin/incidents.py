"""Incidents: whose they are, what was tried, and the three ways on, for one or for hundreds."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from workflows.access.conditions import MANAGE
from workflows.admin_site.base import PageContextMixin, StaffAdmin, actor_of
from workflows.admin_site.confirmed_actions import (
    ActionQuestion,
    ActionReasonForm,
    ask_then_run,
    build_confirmed_action,
)
from workflows.admin_site.drafts import manages_workflow
from workflows.admin_site.elements import (
    NOTHING,
    moment_column,
    render_link,
    render_state_badge,
    text_column,
)
from workflows.admin_site.request_links import RequestLinkMixin
from workflows.admin_site.site_links import incident_page_url
from workflows.definitions.models import Step, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.format.definition import FieldDef, display_title
from workflows.engine.values.field_types.base import type_of_field
from workflows.execution.models import Incident
from workflows.execution.queries.sight.attempts import conceal_attempts
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.services import incidents
from workflows.execution.texts.incident_codes import incident_code_text
from workflows.outbox.admin.messages import render_attempts_table
from workflows.outbox.models import Attempt
from workflows.people.models import User
from workflows.people.queries.person_names import name_in_workflow
from workflows.people.queries.stand_ins import prefetch_absences

EMPTY = ("", gettext_lazy("Leave it as it is"))
NO_STEP_IN_COMMON = gettext_lazy(
    "There is no step to which all of these may be sent. Choose incidents of one step, and try"
    " again."
)


# -- what is asked ----------------------------------------------------------------------------


def find_incident_steps(rows: QuerySet[Incident]) -> list[Step]:
    """The steps at which these incidents are."""
    return list(Step.objects.filter(pk__in=rows.order_by().values("step")))


def build_skip_form(rows: QuerySet[Incident]) -> type[ActionReasonForm]:
    """Asks for the reason and, where all are at one step, for what that step would have given."""
    steps = find_incident_steps(rows)
    if len(steps) != 1:
        return ActionReasonForm
    definition = cached_map(steps[0].version_id).graph.definition
    outputs = getattr(definition.steps[steps[0].key], "outputs", None) or {}
    form_fields = {
        f"value_{key}": _value_field(key, definition.all_fields[key])
        for key in outputs
        if key in definition.all_fields
    }
    return type("SkipForm", (ActionReasonForm,), form_fields)


def _value_field(key: str, spec: FieldDef) -> forms.Field:
    words = type_of_field(spec).word_choices(spec)
    widget = (
        UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
        if words is None
        else UnfoldAdminSelectWidget(choices=[EMPTY, *((word, word) for word in words)])
    )
    return forms.CharField(
        label=display_title(key, spec.label),
        required=False,
        widget=widget,
        help_text=_describe_output(spec),
    )


def _describe_output(spec: FieldDef) -> str:
    if not spec.required:
        return gettext("What the step would have given.")
    return gettext(
        "What the step would have given. The steps after it rely on it, so give it unless the"
        " request has it already."
    )


def build_reroute_form(rows: QuerySet[Incident]) -> type[ActionReasonForm] | None:
    """Asks to which step, of those to which all may be sent; none where there is no such step."""
    graphs = [(cached_map(step.version_id).graph, step.key) for step in find_incident_steps(rows)]
    titles_by_step = [{key: graph.title(key) for key in graph.ways_out(at)} for graph, at in graphs]
    common = [
        key
        for key in (titles_by_step[0] if titles_by_step else {})
        if all(key in titles for titles in titles_by_step)
    ]
    if not common:
        return None
    to = forms.ChoiceField(
        label=gettext("To the step"),
        choices=[("", gettext("Choose…")), *((key, titles_by_step[0][key]) for key in common)],
        widget=UnfoldAdminSelectWidget,
        help_text=gettext("Work goes on there, as if the request had come to it."),
    )
    return type("RerouteForm", (ActionReasonForm,), {"to": to, "field_order": ("to", "reason")})


# -- the actions ------------------------------------------------------------------------------


retry_selected = build_confirmed_action(
    ActionQuestion(
        action="retry_selected",
        title=gettext_lazy("Retry incidents"),
        button=gettext_lazy("Retry now"),
        done=gettext_lazy("%(count)s tried again."),
        command=incidents.retry,
    ),
    description=gettext_lazy("Retry now"),
    permission="mend",
)


def _skip_incident(
    incident_id: int, *, actor: User, reason: str, now: datetime, **outputs: Any
) -> None:
    """Skip with what was filled in for the step's outputs; what was left empty stays as it is."""
    data = {name.removeprefix("value_"): value for name, value in outputs.items() if value}
    incidents.skip(incident_id, actor=actor, reason=reason, now=now, data=data)


@admin.action(description=gettext_lazy("Skip…"), permissions=["mend"])
def skip_selected(
    page: "IncidentAdmin", request: HttpRequest, rows: QuerySet[Incident]
) -> TemplateResponse | None:
    """Go on as if each selected step had been done, or say why not."""
    question = ActionQuestion(
        action="skip_selected",
        title=gettext("Skip the steps of incidents"),
        button=gettext("Skip"),
        done=gettext_lazy("%(count)s skipped."),
        command=_skip_incident,
        form=build_skip_form(rows),
    )
    return ask_then_run(page, request, rows, question)


@admin.action(description=gettext_lazy("Send to another step…"), permissions=["mend"])
def reroute_selected(
    page: "IncidentAdmin", request: HttpRequest, rows: QuerySet[Incident]
) -> TemplateResponse | None:
    """Send the work of each selected incident to another step, or say why not."""
    form = build_reroute_form(rows)
    if form is None:
        page.message_user(request, NO_STEP_IN_COMMON, messages.ERROR)
        return None
    question = ActionQuestion(
        action="reroute_selected",
        title=gettext("Send incidents to another step"),
        button=gettext("Send"),
        done=gettext_lazy("%(count)s sent on."),
        command=incidents.reroute,
        form=form,
    )
    return ask_then_run(page, request, rows, question)


INCIDENT_ACTIONS = (retry_selected, skip_selected, reroute_selected)
INCIDENT_ACTION_LABELS = {
    retry_selected: gettext_lazy("Retry now"),
    skip_selected: gettext_lazy("Skip…"),
    reroute_selected: gettext_lazy("Send to another step…"),
}


# -- the pages --------------------------------------------------------------------------------


class IncidentColumns:
    """Columns of the list and of the page of an incident."""

    @admin.display(description=gettext_lazy("cause"), ordering="code")
    def cause(self, incident: Incident) -> str:
        """Its code in words."""
        return incident_code_text(incident.code)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_(self, incident: Incident) -> SafeString:
        """Marked where it is open."""
        return render_state_badge(incident.state, incident.get_state_display())

    @admin.display(description=gettext_lazy("owner"), ordering="owner")
    def owner_name(self, incident: Incident) -> str:
        """Whose it is, and whether they are away."""
        return name_in_workflow(incident.owner, incident.request.template_id) or NOTHING

    @admin.display(description=gettext_lazy("to do"))
    def what_to_do(self, incident: Incident) -> SafeString | str:
        """The page where values are put right and the step tries again."""
        if incident.state != Incident.OPEN:
            return NOTHING
        return render_link(incident_page_url(incident), gettext("put it right"))


MESSAGE = text_column("message", gettext_lazy("message"))
RESOLUTION = text_column("resolution", gettext_lazy("resolution"))


@admin.register(Incident)
class IncidentAdmin(IncidentColumns, PageContextMixin, RequestLinkMixin, StaffAdmin):
    """What could not go on by itself, and whose it is."""

    of_workflow = "request__template"
    list_display = (
        *(MESSAGE, "cause", "step", "its_request", "state_", "owner_name"),
        *(moment_column("opened_at", gettext_lazy("opened")), "what_to_do"),
    )
    list_select_related = ("step", "request", "owner")
    list_filter = ("state", "code", "request__template")
    list_per_page = 200
    search_fields = ("code", "request__title", "owner__username", "step__key")
    ordering = ("state", "-id")
    actions = INCIDENT_ACTIONS
    change_form_template = "admin/workflows/incident_page.html"
    fields = (
        ("its_request", "step", "what_to_do"),
        MESSAGE,
        ("state", "code", "owner_name"),
        ("opened_at", "resolved_at"),
        RESOLUTION,
    )
    readonly_fields = ("its_request", "owner_name", "what_to_do", MESSAGE, RESOLUTION)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        """With whether their owners are away."""
        rows: QuerySet[Incident] = super().get_queryset(request)
        return rows.prefetch_related(prefetch_absences("owner", timezone.now()))

    def has_mend_permission(self, request: HttpRequest) -> bool:
        """Who manages a workflow; the service asks for each incident's own."""
        request_cache = request.__dict__
        if "_mends" not in request_cache:
            request_cache["_mends"] = WorkflowTemplate.objects.with_verbs(
                request.user, MANAGE
            ).exists()
        return bool(request_cache["_mends"])

    def page_context(self, request: HttpRequest, row: Incident) -> dict[str, Any]:
        """What was tried, and the ways on for those who manage its workflow."""
        is_open = row.state == Incident.OPEN
        mends = is_open and manages_workflow(request, row.request.template)
        ways_on = [(action.__name__, label) for action, label in INCIDENT_ACTION_LABELS.items()]
        tried = render_incident_attempts(row, actor_of(request))
        return {"tried": tried, "ways_on": ways_on if mends else []}


def render_incident_attempts(incident: Incident, reader: User) -> SafeString:
    """Every attempt of the activation that waits on an incident."""
    rows = Attempt.objects.filter(request=incident.request, activation=incident.activation)
    hidden = hidden_fields(reader, incident.request)
    tried = conceal_attempts(rows.select_related("step").order_by("number"), hidden)
    return render_attempts_table(tried)
