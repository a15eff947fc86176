"""Commands on an incident: try again, skip the step, send the work to another step.

Each is for the workflow's owner, deputy and managers, with a reason.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.engine.routing.effects import CorrectValues, Reroute, Retry
from workflows.engine.routing.marking import Token
from workflows.engine.routing.token_walk import ExternalStep
from workflows.engine.texts import text
from workflows.execution.models import Incident, WorkflowInstance
from workflows.execution.services.automation_steps import (
    complete_waiting_step,
    require_running_instance,
    validate_output_values,
)
from workflows.execution.services.bypassed_approvals import (
    find_routed_past_approvals,
    find_skipped_approvals,
    record_bypassed_approvals,
)
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.effect_handlers import apply_event, retry_assignment
from workflows.execution.services.field_values.value_constraints import clean_writes
from workflows.execution.services.field_values.values import require_reason
from workflows.execution.services.unit_of_work import UnitOfWork, open_unit_of_work, write_trail
from workflows.people.models import User
from workflows.trail.choices import TrailCommand

SKIPPED = "skipped"
NOT_YOURS = text("Only the workflow's owner or deputy may mend its incidents.")


def retry(
    incident_id: int,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> WorkflowInstance:
    """Let a step that could not go on try again, after the owner put values or people right.

    An automation keeps its idempotency key. Raises NotFound, NotAllowed, WrongState,
    InvalidInput, each with a sentence for the person; then nothing is written.
    """
    reason = require_reason(reason)
    with transaction.atomic():
        work, _, token = _open_incident_work(incident_id, actor, now)
        values = clean_writes(work, data or {})
        work.changes.facts.given = values
        if token.stuck is None:
            apply_event(work, CorrectValues(values, _actor_id(actor)))
            if work.marking.token(token.id) is not None:  # else it waits for an approval
                retry_assignment(work, token)
        else:
            apply_event(work, Retry(token.id, values, _actor_id(actor)))
        return _save_command(work, TrailCommand.RETRY, token, reason)


def skip(
    incident_id: int,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> WorkflowInstance:
    """Go on as if the step had been done; `data` gives what the step would have given."""
    reason = require_reason(reason)
    with transaction.atomic():
        work, _, token = _open_incident_work(incident_id, actor, now)
        validate_output_values(work, _skippable_step(work, token), data or {}, token.id)
        record_bypassed_approvals(work, find_skipped_approvals(work, token), NOT_YOURS)
        complete_waiting_step(
            work,
            token.id,
            outcome=SKIPPED,
            raw_values=data,
            command=TrailCommand.SKIP,
            comment=reason,
        )
        return work.instance


def _skippable_step(work: UnitOfWork, token: Token) -> ExternalStep:
    step = work.map.graph[token.step]
    if not isinstance(step, ExternalStep):
        raise WrongState(
            "'%(title)s' is not done outside, so it cannot be skipped. Try again, or send the"
            " work to another step.",
            title=work.map.graph.title(token.step),
        )
    return step


def reroute(
    incident_id: int, *, actor: User | None, to: str, reason: str, now: datetime
) -> WorkflowInstance:
    """Send work that cannot go on to another step (`to` is the step's key)."""
    reason = require_reason(reason)
    with transaction.atomic():
        work, _, token = _open_incident_work(incident_id, actor, now)
        if to not in work.map.graph.steps:
            raise InvalidInput(
                "There is no step '%(to)s' in this map; choose one of the list.", to=to
            )
        before = work.instance.state
        _send_elsewhere(work, token, to)
        work.save(TrailCommand.REROUTE)
        write_trail(
            work,
            TrailCommand.REROUTE,
            step=token.step,
            activation=token.id,
            from_state=before,
            outcome=to,
            comment=reason,
        )
        return work.instance


def _send_elsewhere(work: UnitOfWork, token: Token, to: str) -> None:
    """Send the work on, and record which approvals it goes past, on branches cut off by it too."""
    were_open = [other for other in work.marking.tokens if other.id != token.id]
    apply_event(work, Reroute(token.id, to, _actor_id(work.actor)))
    cut_off = [other for other in were_open if work.marking.token(other.id) is None]
    record_bypassed_approvals(work, find_routed_past_approvals(work, token, to, cut_off), NOT_YOURS)


def find_reroute_targets(incident: Incident) -> list[tuple[str, str]]:
    """The steps that this incident's work may be sent to: key and name."""
    graph = cached_map(incident.request.version_id).graph
    token = incident.request.read_marking().token(incident.activation)
    beside = token is not None and token.again
    return [(key, graph.title(key)) for key in graph.ways_out(incident.step.key, beside=beside)]


def _open_incident_work(
    incident_id: int, actor: User | None, now: datetime
) -> tuple[UnitOfWork, Incident, Token]:
    """The locked case of an open incident, and the work that waits on it."""
    request_id = (
        Incident.objects.filter(pk=incident_id).values_list("request_id", flat=True).first()
    )
    if request_id is None:
        raise NotFound("There is no such incident; it may have been typed wrongly.")
    work = open_unit_of_work(actor=actor, now=now, instance_id=int(request_id))
    incident = Incident.objects.get(pk=incident_id)
    token = work.marking.token(incident.activation)
    authorize_steering(work, NOT_YOURS, *([token.step] if token else []))
    require_running_instance(work)
    if incident.state != Incident.OPEN:
        raise WrongState("This incident is over; nothing waits on it any more.")
    if token is None:
        raise WrongState(incident.message)
    return work, incident, token


def _actor_id(actor: User | None) -> int | None:
    return actor.pk if actor is not None else None


def _save_command(
    work: UnitOfWork, command: TrailCommand, token: Token, reason: str
) -> WorkflowInstance:
    state = work.instance.state
    work.save(command)
    write_trail(
        work, command, step=token.step, activation=token.id, from_state=state, comment=reason
    )
    return work.instance
