"""The outbox in the demo's past: what waited for the clock happens at the moment it was due.

The product's own delivery does it, with a clock that stands at that moment. Two things are left
out because there would be hundreds of them: timers of tasks that were done in time, which would do
nothing, and notices by mail. Those of the last day are sent once the worker runs.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet

from workflows.automation.deliver import deliver
from workflows.models import OutboxMessage, TrailEvent, WorkflowInstance, WorkItem
from workflows.services import outbox

TIMERS = (OutboxMessage.REMIND, OutboxMessage.ESCALATE)
MOVING = (
    *(OutboxMessage.ATTEMPT, OutboxMessage.WAKE, OutboxMessage.CHILD, OutboxMessage.CHILD_ENDED),
    *(OutboxMessage.CHILD_CANCEL, OutboxMessage.START, OutboxMessage.SCHEDULE),
)
"""Kinds after which a request stands elsewhere, or a new one is there."""
KINDS = (*TIMERS, *MOVING, OutboxMessage.ENDED)
NEWS = timedelta(days=1)

_IDLE = Q(kind__in=TIMERS) & ~Q(
    Exists(
        WorkItem.objects.filter(
            request=OuterRef("request"), activation=OuterRef("activation"), is_open=True
        )
    )
)
"""Timers of tasks that are over."""


NEXT = """
    SELECT id, run_after FROM workflows_outboxmessage AS message
    WHERE state = 'waiting' AND kind NOT IN ('mail', 'head') AND (
        kind NOT IN ('remind', 'escalate') OR EXISTS (
            SELECT 1 FROM workflows_workitem AS task WHERE task.is_open
            AND task.request_id = message.request_id AND task.activation = message.activation
        )
    )
    ORDER BY run_after, id LIMIT 1
"""
"""Written out, for it is asked after everything that happens."""


def next_due() -> datetime | None:
    """When the next message is due that would do something."""
    return next((message.run_after for message in OutboxMessage.objects.raw(NEXT)), None)


def deliver_at(moment: datetime) -> list[WorkflowInstance]:
    """Deliver what is due at this moment; returns the requests that it moved.

    What that makes due in turn is for the next call.
    """
    idle = _waiting().filter(_IDLE, run_after__lte=moment)
    idle.update(state="delivered", closed_at=F("run_after"))
    messages = outbox.take(now=moment, kinds=KINDS, limit=1000)
    seen = _last_event() if any(message.kind in MOVING for message in messages) else None
    for message in messages:
        deliver(message, lambda: moment)
    return [] if seen is None else _moved_since(seen)


def forget_old_notices(now: datetime) -> None:
    """Delete the notices that nobody would want any more."""
    old = OutboxMessage.objects.filter(kind=OutboxMessage.MAIL, run_after__lt=now - NEWS)
    old.delete()


def _moved_since(event: int) -> list[WorkflowInstance]:
    moved = TrailEvent.objects.filter(pk__gt=event, request__isnull=False).values("request")
    return list(WorkflowInstance.objects.filter(pk__in=moved).order_by("pk"))


def _waiting() -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(state="waiting", kind__in=KINDS)


def _last_event() -> int:
    return TrailEvent.objects.aggregate(last=Max("pk"))["last"] or 0
