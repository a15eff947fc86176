"""The outbox in the demo's past: what waited for the clock happens at the moment it was due.

The product's own delivery does it, with a clock that stands at that moment. Two things are left
out because there would be hundreds of them: timers of tasks that were done in time, which would do
nothing, and notices by mail. Those of the last day are sent once the worker runs.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max

from workflows.automation.services.delivery import deliver_message
from workflows.execution.models import WorkflowInstance
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import OutboxMessage
from workflows.outbox.services import messages as outbox
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent

TIMER_KINDS = (MessageKind.REMIND, MessageKind.ESCALATE)
ADVANCING_KINDS = (
    *(MessageKind.ATTEMPT, MessageKind.WAKE, MessageKind.CHILD, MessageKind.CHILD_ENDED),
    *(MessageKind.CHILD_CANCEL, MessageKind.START, MessageKind.SCHEDULE, MessageKind.EXPIRE),
)
"""Kinds after which a request stands elsewhere, or a new one is there."""
DEMO_MESSAGE_KINDS = (*TIMER_KINDS, *ADVANCING_KINDS, MessageKind.ENDED)
NEWS_KINDS = (MessageKind.TELL, MessageKind.MAIL)
NEWS = timedelta(days=1)

CLOSE_IDLE = """
    UPDATE workflows_outboxmessage SET state = 'delivered', closed_at = run_after
    WHERE state = 'waiting' AND kind IN ('remind', 'escalate') AND run_after <= %s
    AND NOT EXISTS (
        SELECT 1 FROM workflows_workitem AS task WHERE task.is_open
        AND task.request_id = workflows_outboxmessage.request_id
        AND task.activation = workflows_outboxmessage.activation
    )
"""
"""Timers of tasks that are over."""
NEXT = """
    SELECT run_after FROM workflows_outboxmessage AS message
    WHERE state = 'waiting'
    AND kind NOT IN ('mail', 'head', 'tell', 'due', 'notice', 'digest') AND (
        kind NOT IN ('remind', 'escalate') OR EXISTS (
            SELECT 1 FROM workflows_workitem AS task WHERE task.is_open
            AND task.request_id = message.request_id AND task.activation = message.activation
        )
    )
    ORDER BY run_after, id LIMIT 1
"""
"""Both written out, for they are asked after everything that happens."""
_RUN_AFTER = OutboxMessage._meta.get_field("run_after").get_col("message")


def next_message_due_at() -> datetime | None:
    """When the next message is due that would do something."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT)
        row = cursor.fetchone()
    due: datetime | None = row and row[0]
    for convert in connection.ops.get_db_converters(_RUN_AFTER):
        due = convert(due, _RUN_AFTER, connection)
    return due


def deliver_due_messages(moment: datetime) -> list[WorkflowInstance]:
    """Deliver what is due at this moment; returns the requests that it moved.

    What that makes due in turn is for the next call.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_IDLE, [connection.ops.adapt_datetimefield_value(moment)])
    messages = outbox.lease_messages(now=moment, kinds=DEMO_MESSAGE_KINDS, limit=1000)
    last_event = (
        _last_event() if any(message.kind in ADVANCING_KINDS for message in messages) else None
    )
    for message in messages:
        deliver_message(message, lambda: moment)
    return [] if last_event is None else _moved_since(last_event)


def forget_old_notices(now: datetime) -> None:
    """Delete the notices that nobody would want any more: what is old, and of the reminders of a
    task all but the last."""
    news = OutboxMessage.objects.filter(kind__in=NEWS_KINDS)
    news.filter(run_after__lt=now - NEWS).delete()
    tell_messages = news.filter(kind=MessageKind.TELL).values_list("payload__trail", "pk")
    message_ids = dict(tell_messages.order_by("pk"))
    reminders = TrailEvent.objects.filter(pk__in=message_ids, command=TrailCommand.REMIND)
    last_of_task = dict(reminders.order_by("pk").values_list("work_item", "pk"))
    overtaken = reminders.exclude(pk__in=last_of_task.values()).values_list("pk", flat=True)
    news.filter(pk__in=[message_ids[pk] for pk in overtaken]).delete()


def _moved_since(event: int) -> list[WorkflowInstance]:
    moved = TrailEvent.objects.filter(pk__gt=event, request__isnull=False).values("request")
    return list(WorkflowInstance.objects.filter(pk__in=moved).order_by("pk"))


def _last_event() -> int:
    return TrailEvent.objects.aggregate(last=Max("pk"))["last"] or 0
