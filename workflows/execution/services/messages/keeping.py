"""Messages that come before the step that waits for them: kept for it, and handed to it once.

A message is kept only where a wait for it can still come on the request's way, from somebody from
whom that wait takes it, with values that it could take. What is kept is bounded, and the same
message twice is one. All of it is under the lock of the request, as is the step that comes to the
wait: whichever is first, the message is taken once, and not lost.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.db.models import Q, QuerySet

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import HandoffError, InvalidInput, WrongState
from workflows.engine.format.definition import WaitStep
from workflows.engine.routing.awaited_messages import keeping_waits
from workflows.engine.timing.due_dates import end_of_wait, parse_span
from workflows.execution.models import KeptMessage, WorkflowInstance
from workflows.execution.services.field_values.values import clean_values
from workflows.execution.services.messages.correlation import require_correlation_values
from workflows.execution.services.messages.waits import (
    authorize_sender,
    check_fills_only,
    find_coming_waits,
    is_accepted_from,
    split_correlation,
)
from workflows.execution.services.unit_of_work import UnitOfWork, write_trail
from workflows.outbox.payloads import DropKeptPayload
from workflows.people.models import User
from workflows.trail.changes import MessageKept
from workflows.trail.choices import TrailCommand

MOST_KEPT: Final = 20
"""So many messages a request keeps at most."""
LARGEST: Final = 65_536
"""So many bytes of JSON the values of a kept message have at most."""


def keep_message(
    work: UnitOfWork,
    message: str,
    actor: User,
    data: Mapping[str, Any],
    correlation: Mapping[str, Any],
) -> tuple[KeptMessage, bool]:
    """Keep a message for the wait that is still to come, and whether it was not kept before: the
    same one again is the one that is there. Raises NotAllowed, InvalidInput where it could not be
    taken, and WrongState where no wait for it can come, or too many are kept."""
    waits = _authorized_waits(work, message, actor)
    require_correlation_values(work, correlation)
    rows = split_correlation(work, correlation)[1]
    waits = _waits_that_take(work, waits, data, rows)
    values, wanted = clean_values(work.map, data), clean_values(work.map, rows)
    digest = digest_of_message(message, values, wanted)
    there = list(still_kept(work.instance.pk, work.now))
    for kept in there:
        if kept.digest == digest:
            _write_row(work, message)  # it came again
            return kept, False
    if len(there) >= MOST_KEPT:
        raise WrongState(
            "%(reference)s keeps %(count)s messages already; it takes no more until it goes on.",
            reference=work.instance.reference,
            count=MOST_KEPT,
        )
    KeptMessage.objects.filter(request=work.instance, digest=digest).delete()  # its time is over
    kept = KeptMessage.objects.create(
        request=work.instance,
        name=message,
        data=values,
        rows=wanted,
        digest=digest,
        sender=actor,
        received_at=work.now,
        keep_until=_latest_end(work, waits),
    )
    _record(work, kept)
    return kept, True


def _record(work: UnitOfWork, kept: KeptMessage) -> None:
    until = kept.keep_until
    if until is not None:
        work.message(DropKeptPayload(), run_after=until)
    work.note(
        MessageKept(
            message=kept.name,
            sender=kept.sender.get_username(),
            until=until.isoformat() if until is not None else None,
            fields=sorted(kept.data),
        )
    )
    _write_row(work, kept.name)


def _write_row(work: UnitOfWork, message: str) -> None:
    work.save(TrailCommand.KEEP_MESSAGE)
    write_trail(work, TrailCommand.KEEP_MESSAGE, from_state=work.instance.state, comment=message)


def _authorized_waits(work: UnitOfWork, message: str, actor: User) -> dict[str, WaitStep]:
    waits = find_coming_waits(work, message)
    if not waits:
        raise no_wait(work, message)
    accepted = {key: step for key, step in waits.items() if is_accepted_from(work, step, actor)}
    first = next(iter(accepted or waits))
    authorize_sender(work, waits[first], actor, None)
    return accepted or waits


def no_wait(work: UnitOfWork, message: str) -> WrongState:
    """Nothing waits for a message, and nothing will."""
    return WrongState(
        "%(reference)s has no step that waits for '%(message)s' now.",
        reference=work.instance.reference,
        message=message,
    )


def _waits_that_take(
    work: UnitOfWork,
    waits: Mapping[str, WaitStep],
    data: Mapping[str, Any],
    rows: Mapping[str, Any],
) -> dict[str, WaitStep]:
    """Those of the waits that could take these values. Raises the first one's refusal where none
    could."""
    taking, refusals = {}, []
    for key, step in waits.items():
        try:
            _require_row(work, key, rows)
            check_fills_only(work, step, data, None)
            taking[key] = step
        except HandoffError as refusal:
            refusals.append(refusal)
    if not taking:
        raise refusals[0]
    return taking


def _require_row(work: UnitOfWork, key: str, rows: Mapping[str, Any]) -> None:
    names = {scope.name for scope in work.map.graph.row_scopes[key]}
    if names and not rows:
        raise InvalidInput(
            "This message is for one row of several; say by its `correlation` which, such as"
            " '%(name)s'.",
            name=sorted(names)[0],
        )
    if any(field.partition(".")[0] not in names for field in rows):
        raise InvalidInput("The wait for this message is about no such row; correlate otherwise.")


def _latest_end(work: UnitOfWork, waits: Mapping[str, WaitStep]) -> datetime | None:
    """The latest moment up to which one of these waits wants it kept; None for the request's
    life."""
    moments = []
    for key, step in waits.items():
        if step.keep is None:
            return None
        calendar, zone = work.map.calendar_of(key), work.map.graph.zone
        moments.append(end_of_wait(work.now, parse_span(step.keep), calendar=calendar, zone=zone))
    return max(moments)


def digest_of_message(message: str, data: Mapping[str, Any], rows: Mapping[str, Any]) -> str:
    """By what the same message is told, however its values are written. Raises InvalidInput where
    it is too large to be kept."""
    written = json.dumps([message, data, rows], sort_keys=True)
    if len(written.encode()) > LARGEST:
        raise InvalidInput("The values of this message are too large to be kept.")
    return sha256(written.encode()).hexdigest()


def still_kept(request_id: int, now: datetime) -> QuerySet[KeptMessage]:
    """The messages that a request keeps now, oldest first."""
    within = Q(keep_until=None) | Q(keep_until__gt=now)
    return KeptMessage.objects.filter(within, request=request_id).select_related("sender")


def kept_messages_of(instance: WorkflowInstance, now: datetime) -> list[KeptMessage]:
    """What a request keeps that runs, for whoever reads it. One statement, or none where its map
    keeps no message."""
    if not instance.is_live or not keeping_waits(cached_map(instance.version_id).graph):
        return []
    return list(still_kept(instance.pk, now))
