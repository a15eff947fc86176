"""Incidents: let the step try again, skip it, or send the work to another step. A GET only asks."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals.forms import DeclaredForm, ReasonForm, RerouteForm
from approvals.pages import page, person_of
from approvals.reading import case_of
from approvals.typed import form_data
from approvals.views.asking import GET_OR_POST, Asked, ask, in_sight
from workflows.models import Incident, WorkflowInstance
from workflows.services import incidents
from workflows.services.case import Case


@require_http_methods(GET_OR_POST)
@page
def retry(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Let a step that could not go on try again, with values put right."""
    user = person_of(request)
    incident = in_sight(user, Incident, incident_id)
    case = case_of(incident.request, user, timezone.now())
    values = _values_form(case, request)
    form = ReasonForm(form_data(request))

    def run(now: datetime) -> WorkflowInstance:
        return incidents.retry(
            incident.pk,
            actor=user,
            reason=form.cleaned_data["reason"],
            now=now,
            data=values.changed(),
        )

    asked = Asked("Try again:", "Retry now", incident.message)
    return ask(request, incident.request, asked, form, run, values=values)


def _values_form(case: Case, request: HttpRequest) -> DeclaredForm:
    """The request's values, to be put right; documents come in at their steps."""
    definition = case.map.graph.definition
    keys = [key for key, field in definition.fields.items() if field.type != "document"]
    shown = {key: case.instance.data.get(key) for key in keys}
    return DeclaredForm(definition, keys, form_data(request), shown=shown, required=False)


@require_http_methods(GET_OR_POST)
@page
def skip(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Go on as if the step had been done, with the values that it would have given."""
    user = person_of(request)
    incident = in_sight(user, Incident, incident_id)
    case = case_of(incident.request, user, timezone.now())
    key = case.map.step_keys[incident.step_id]
    values = _outputs_form(case, key, request)
    form = ReasonForm(form_data(request))

    def run(now: datetime) -> WorkflowInstance:
        return incidents.skip(
            incident.pk,
            actor=user,
            reason=form.cleaned_data["reason"],
            now=now,
            data=values.changed() if values else {},
        )

    asked = Asked(
        f"Skip “{case.map.graph.title(key)}” of",
        "Skip the step",
        "The request goes on as if the step had been done. What it would have done outside is"
        " not done: see to that first.",
    )
    shown: dict[str, Any] = {"values_title": "What the step would have given", "values_open": True}
    return ask(request, incident.request, asked, form, run, values=values, **shown)


def _outputs_form(case: Case, key: str, request: HttpRequest) -> DeclaredForm | None:
    """What the step would have given; nothing is asked where it gives nothing."""
    definition = case.map.graph.definition
    outputs = getattr(definition.steps[key], "outputs", None) or {}
    keys = [
        k for k in outputs if k in definition.fields and definition.fields[k].type != "document"
    ]
    if not keys:
        return None
    shown = {k: case.instance.data.get(k) for k in keys}
    return DeclaredForm(definition, keys, form_data(request), shown=shown)


@require_http_methods(GET_OR_POST)
@page
def reroute(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Send the work to another step."""
    user = person_of(request)
    incident = in_sight(user, Incident, incident_id)
    form = RerouteForm(form_data(request), ways=incidents.ways_out(incident))

    def run(now: datetime) -> WorkflowInstance:
        given = form.cleaned_data
        return incidents.reroute(
            incident.pk, actor=user, to=given["to"], reason=given["reason"], now=now
        )

    asked = Asked(
        "Send to another step:",
        "Send it there",
        f"It waits at “{incident.step}” and goes on at the step that you choose.",
    )
    return ask(request, incident.request, asked, form, run)
