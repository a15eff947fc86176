"""Incidents: let the step try again, skip it, or send the work to another step. A GET only asks."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from approvals.forms.field_forms import CommandReasonForm, DeclaredForm, RerouteForm
from approvals.forms.put_right import form_to_put_right
from approvals.ui.responses import signed_in_page, signed_in_user
from approvals.ui.typed_text import form_data
from approvals.views.confirmations import (
    GET_OR_POST,
    Confirmation,
    confirm_and_run,
    find_steerable_incident,
)
from workflows.engine.values.field_types.base import type_of_field
from workflows.execution.models import Incident, WorkflowInstance
from workflows.execution.services import incidents
from workflows.execution.services.corrections import fields_to_put_right
from workflows.execution.services.read_only_work import read_only_unit_of_work
from workflows.execution.services.unit_of_work import UnitOfWork


@require_http_methods(GET_OR_POST)
@signed_in_page
def retry_incident_view(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Let a step that could not go on try again, with values put right."""
    user = signed_in_user(request)
    incident = find_steerable_incident(user, incident_id)
    work = read_only_unit_of_work(incident.request, user, timezone.now())
    values = _values_form(work, incident, request)
    form = CommandReasonForm(form_data(request))

    def retry_step(now: datetime) -> WorkflowInstance:
        return incidents.retry(
            incident.pk,
            actor=user,
            reason=form.cleaned_data["reason"],
            now=now,
            data=values.changed(),
        )

    confirmation = Confirmation(
        gettext("Try again: %(reference)s?") % {"reference": incident.request.reference},
        gettext("Retry now"),
        incident.message,
    )
    return confirm_and_run(request, incident.request, confirmation, form, retry_step, values=values)


def _values_form(work: UnitOfWork, incident: Incident, request: HttpRequest) -> DeclaredForm:
    """The request's values, and those of the row that it is about."""
    scopes = work.map.graph.row_scopes[work.map.step_keys[incident.step_id]]
    keys = fields_to_put_right(
        work.map.graph.definition,
        rows={scope.name for scope in scopes},
        lists={scope.source for scope in scopes},
    )
    return form_to_put_right(request, work, keys, work.data_at_activation(incident.activation))


@require_http_methods(GET_OR_POST)
@signed_in_page
def skip_incident_view(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Go on as if the step had been done, with the values that it would have given."""
    user = signed_in_user(request)
    incident = find_steerable_incident(user, incident_id)
    work = read_only_unit_of_work(incident.request, user, timezone.now())
    key = work.map.step_keys[incident.step_id]
    values = _outputs_form(work, incident, key, request)
    form = CommandReasonForm(form_data(request))

    def skip_step(now: datetime) -> WorkflowInstance:
        return incidents.skip(
            incident.pk,
            actor=user,
            reason=form.cleaned_data["reason"],
            now=now,
            data=values.changed() if values else {},
        )

    values_context: dict[str, Any] = {
        "values_title": gettext("What the step would have given"),
        "values_open": True,
    }
    confirmation = _skip_confirmation(work.map.graph.title(key), incident.request.reference)
    return confirm_and_run(
        request, incident.request, confirmation, form, skip_step, values=values, **values_context
    )


def _skip_confirmation(step: str, reference: str) -> Confirmation:
    return Confirmation(
        gettext("Skip “%(step)s” of %(reference)s?") % {"step": step, "reference": reference},
        gettext("Skip the step"),
        gettext(
            "The request goes on as if the step had been done. What it would have done outside is"
            " not done: see to that first."
        ),
    )


def _outputs_form(
    work: UnitOfWork, incident: Incident, key: str, request: HttpRequest
) -> DeclaredForm | None:
    """What the step would have given; nothing is asked where it gives nothing."""
    definition = work.map.graph.definition
    outputs = getattr(definition.steps[key], "outputs", None) or {}
    keys = [
        key
        for key in outputs
        if key in definition.all_fields
        and not type_of_field(definition.all_fields[key]).holds_document
    ]
    data = work.data_at_activation(incident.activation)
    return form_to_put_right(request, work, keys, data, required=True) if keys else None


@require_http_methods(GET_OR_POST)
@signed_in_page
def reroute_incident_view(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Send the work to another step."""
    user = signed_in_user(request)
    incident = find_steerable_incident(user, incident_id)
    form = RerouteForm(form_data(request), routes=incidents.find_reroute_targets(incident))

    def reroute_work(now: datetime) -> WorkflowInstance:
        cleaned = form.cleaned_data
        return incidents.reroute(
            incident.pk, actor=user, to=cleaned["to"], reason=cleaned["reason"], now=now
        )

    confirmation = Confirmation(
        gettext("Send to another step: %(reference)s?") % {"reference": incident.request.reference},
        gettext("Send it there"),
        gettext("It waits at “%(step)s” and goes on at the step that you choose.")
        % {"step": incident.step},
    )
    return confirm_and_run(request, incident.request, confirmation, form, reroute_work)
