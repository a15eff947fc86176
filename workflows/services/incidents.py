"""Commands on an incident: try again, skip the step, send the work to another step.

Each is for the workflow's owner, deputy and managers, with a reason; one at a time or many.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from workflows.engine.effects import PutRight, Reroute, Retry
from workflows.engine.errors import HandoffError, InvalidInput, NotFound, WrongState
from workflows.engine.marking import Marking, Token
from workflows.engine.walk import Outside
from workflows.models import Incident, WorkflowInstance
from workflows.services.acting import steering
from workflows.services.bypass import go_past, sent_past, skipped_past
from workflows.services.case import Case, open_case, write_trail
from workflows.services.handlers import apply, look_again
from workflows.services.maps import cached_map
from workflows.services.outside import check_given, complete, must_run
from workflows.services.values import clean_values, reason_given

SKIPPED = "skipped"
NOT_YOURS = "Only the workflow's owner or deputy may mend its incidents."


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
    reason = reason_given(reason)
    with transaction.atomic():
        case, _, token = _open(incident_id, actor, now)
        values = clean_values(case.map, data or {})
        case.changes["given"] = values
        if token.stuck is None:
            apply(case, PutRight(values, _by(actor)))
            if case.marking.token(token.id) is not None:  # else it waits for an approval
                look_again(case, token)
        else:
            apply(case, Retry(token.id, values, _by(actor)))
        return _save(case, "retry", token, reason)


def skip(
    incident_id: int,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> WorkflowInstance:
    """Go on as if the step had been done; `data` gives what the step would have given."""
    reason = reason_given(reason)
    with transaction.atomic():
        case, _, token = _open(incident_id, actor, now)
        step = case.map.graph[token.step]
        if not isinstance(step, Outside):
            raise WrongState(
                f"'{case.map.graph.title(token.step)}' is not done outside, so it cannot be"
                " skipped. Try again, or send the work to another step."
            )
        check_given(case, step, data or {})
        go_past(case, skipped_past(case, token), NOT_YOURS)
        complete(case, token.id, how=SKIPPED, given=data, command="skip", comment=reason)
        return case.instance


def reroute(
    incident_id: int, *, actor: User | None, to: str, reason: str, now: datetime
) -> WorkflowInstance:
    """Send work that cannot go on to another step (`to` is the step's key)."""
    reason = reason_given(reason)
    with transaction.atomic():
        case, _, token = _open(incident_id, actor, now)
        if to not in case.map.graph.steps:
            raise InvalidInput(f"There is no step '{to}' in this map; choose one of the list.")
        before = case.instance.state
        were_open = [other for other in case.marking.tokens if other.id != token.id]
        apply(case, Reroute(token.id, to, _by(actor)))
        cut_off = [other for other in were_open if case.marking.token(other.id) is None]
        go_past(case, sent_past(case, token, to, cut_off), NOT_YOURS)
        case.save("reroute")
        write_trail(
            case, "reroute", step=token.step, activation=token.id, from_state=before, outcome=to,
            comment=reason,
        )  # fmt: skip
        return case.instance


def ways_out(incident: Incident) -> list[tuple[str, str]]:
    """The steps that this incident's work may be sent to: key and name."""
    graph = cached_map(incident.request.version_id).graph
    token = Marking.from_json(incident.request.marking).token(incident.activation)
    beside = token is not None and token.again
    keys = graph.ways_out(incident.step.key, beside=beside)
    return [(key, graph.title(key)) for key in keys]


def many(
    incident_ids: Collection[int],
    command: Callable[..., WorkflowInstance],
    *,
    actor: User | None,
    now: datetime,
    **how: Any,
) -> list[tuple[int, str]]:
    """Do the same with many incidents, each in its own transaction.

    Gives for each incident an empty text, or the sentence why it was refused.
    """
    results = []
    for incident_id in incident_ids:
        try:
            command(incident_id, actor=actor, now=now, **how)
            results.append((incident_id, ""))
        except HandoffError as refused:
            results.append((incident_id, str(refused)))
    return results


def _open(incident_id: int, actor: User | None, now: datetime) -> tuple[Case, Incident, Token]:
    """The locked case of an open incident, and the work that waits on it."""
    found = Incident.objects.filter(pk=incident_id).values_list("request_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such incident; it may have been typed wrongly.")
    case = open_case(actor=actor, now=now, instance_id=int(found))
    incident = Incident.objects.get(pk=incident_id)
    token = case.marking.token(incident.activation)
    steering(case, NOT_YOURS, *([token.step] if token else []))
    must_run(case)
    if incident.state != Incident.OPEN:
        raise WrongState("This incident is over; nothing waits on it any more.")
    if token is None:
        raise WrongState(incident.message)
    return case, incident, token


def _by(actor: User | None) -> int | None:
    return actor.pk if actor is not None else None


def _save(case: Case, command: str, token: Token, reason: str) -> WorkflowInstance:
    state = case.instance.state
    case.save(command)
    write_trail(
        case, command, step=token.step, activation=token.id, from_state=state, comment=reason
    )
    return case.instance
