"""A message for all requests of a workflow that wait for it, or will: each takes it, keeps it, or
refuses it, for itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from workflows.engine.errors import HandoffError, NotFound
from workflows.engine.texts import Text
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.messages.correlation import (
    find_signalled,
    require_correlation_fields,
)
from workflows.execution.services.messages.incoming import MessageFate, deliver_message
from workflows.execution.services.unit_of_work import open_unit_of_work
from workflows.people.models import User

MOST_AT_ONCE: Final = 200
"""So many requests one call goes through; the next call goes on after them."""


@dataclass(frozen=True, slots=True)
class SignalLine:
    """What became of a signal at one request; where it was refused, why."""

    reference: str
    fate: MessageFate | None
    refusal: Text | None = None


@dataclass(frozen=True, slots=True)
class SignalReport:
    """The same of up to so many requests; after which one (its id) the next call goes on."""

    lines: Sequence[SignalLine]
    following: int | None


def send_signal(
    workflow: str,
    message: str,
    *,
    actor: User,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    where: Mapping[str, Any] | None = None,
    after: int = 0,
    most: int = MOST_AT_ONCE,
) -> SignalReport:
    """Send a message to the running requests of a workflow that wait for it or will come to a wait
    that it is kept for, and whose fields have the values of `where`; up to `most`, by their ids
    behind `after`.

    Each request is a transaction of its own, or a savepoint of its caller's: what one refuses
    stops no other. Only requests that this person sees, or whose wait is theirs by its role, are
    named. Raises NotFound where there is none at all, and InvalidInput.
    """
    require_correlation_fields(where or {})
    found, following = find_signalled(
        workflow, message, where or {}, actor, now, after=after, most=most
    )
    if not found and not after and following is None:
        raise NotFound(
            "No request of '%(workflow)s' waits for '%(message)s' with these values.",
            workflow=workflow,
            message=message,
        )
    lines = [_send_to(one, message, actor, now, data or {}, where or {}) for one in found]
    return SignalReport(lines, following)


def _send_to(
    instance: WorkflowInstance,
    message: str,
    actor: User,
    now: datetime,
    data: Mapping[str, Any],
    where: Mapping[str, Any],
) -> SignalLine:
    try:
        with transaction.atomic():
            work = open_unit_of_work(actor=actor, now=now, instance_id=instance.pk)
            received = deliver_message(work, message, actor, data, where)
    except HandoffError as refused:
        return SignalLine(instance.reference, None, refused.text)
    return SignalLine(instance.reference, received.fate)
