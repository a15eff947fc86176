"""Deliver what is due in the outbox: take messages, do what each asks for, close it.

What a message asks of this database is done in the transaction that closes it. The broker's bell
and the clock both come here; it does not matter which, nor how often, nor how many at once.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from django.core.exceptions import ObjectDoesNotExist
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)

from workflows.automation.actions.internal import PAUSED
from workflows.automation.services import subworkflows as families
from workflows.automation.services.attempts import run_attempt
from workflows.automation.services.head_delivery import send_head
from workflows.automation.services.notice_delivery import send_digest, send_notice
from workflows.automation.services.public_mail import send_public_mail
from workflows.automation.triggers import schedules
from workflows.definitions.services.schedule_planning import continue_schedule
from workflows.engine.errors import HandoffError
from workflows.engine.format.actions import ActionFailed
from workflows.execution.facts import NotDelivered
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import timers
from workflows.execution.services.automation_steps import (
    fail_waiting_step,
    open_work_of_instance,
    waiting_token,
)
from workflows.execution.services.expiry import expire_task
from workflows.execution.services.messages.handing_over import (
    drop_overdue_messages,
    hand_over_kept_message,
)
from workflows.execution.services.staffing_watch import watch_queues
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.notices.services import telling_people
from workflows.outbox.choices import OUTSIDE_KINDS, MessageKind
from workflows.outbox.delivery_problems import (
    ActionRefused,
    CommandRefused,
    DeliveryProblem,
    ErrorRaised,
)
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import (
    PAYLOADS,
    DeadlinePayload,
    EscalatePayload,
    ExpirePayload,
    HeadPayload,
    RemindPayload,
    SchedulePayload,
    StartPayload,
    UnreadableMessage,
    read_payload,
    require_readable,
)
from workflows.outbox.services import messages as outbox
from workflows.outbox.services.heartbeats import describe_error
from workflows.trail.choices import TrailChannel
from workflows.trail.services.channel import channel_scope
from workflows.trail.services.daily_heads import record_head_delivery

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

BATCH = 50
MOST_TRIES = 12
"""A message whose delivery is refused so often becomes an incident, or is set aside."""
LONGEST_PAUSE: Mapping[str, int] = {
    MessageKind.NOTICE: 900,
    MessageKind.DIGEST: 900,
    MessageKind.PUBLIC_MAIL: 900,
    MessageKind.HEAD: 3600,
}
"""Seconds between two tries, at most; 300 where nothing is said."""
PATIENCE: Mapping[str, timedelta] = {MessageKind.HEAD: timedelta(days=30)}
"""How long another machine, or the database, may be away before a message is set aside; a week
where nothing is said. It is on the health page all the while."""
A_WEEK = timedelta(days=7)
HOPELESS = (
    *(DataError, ObjectDoesNotExist),
    *(KeyError, IndexError, TypeError, ValueError, AttributeError, AssertionError),
)
"""What will be the same the next time: the message, or a row that it names, cannot be read."""
TIMED = frozenset(
    {
        *(MessageKind.WAKE, MessageKind.REMIND, MessageKind.ESCALATE, MessageKind.SCHEDULE),
        *(MessageKind.EXPIRE, MessageKind.DEADLINE, MessageKind.DROP_KEPT),
        *(MessageKind.DUE, MessageKind.DIGEST),
    }
)
"""What a moment asks for and not another command."""


def deliver_due(clock: Clock, *, seconds: float = 30.0, most: int | None = None) -> int:
    """Deliver until nothing is due, the time is up, or `most` are done; returns how many were.

    What waits for other machines is taken one by one, so a slow one holds nobody's message; and
    not by all threads of a process, so that one is left for what is quick.
    """
    end, done = time.monotonic() + seconds, 0
    outbox.set_aside_unknown(tuple(_DELIVERIES), clock())
    while time.monotonic() < end and (most is None or done < most):
        got = _deliver_batch(clock, QUICK, BATCH, _at_quick if _has_one_writer() else None)
        got += _deliver_batch(clock, OUTSIDE_KINDS, 1, _at_slow)
        if not got:
            break
        done += got
    return done


SLOW_AT_ONCE = 3
_at_slow, _at_quick = threading.BoundedSemaphore(SLOW_AT_ONCE), threading.BoundedSemaphore(1)


def _has_one_writer() -> bool:
    """SQLite lets one write at a time: more threads would only wait for each other."""
    return connection.vendor == "sqlite"


def _deliver_batch(
    clock: Clock,
    kinds: Collection[str],
    limit: int,
    seats: threading.BoundedSemaphore | None,
) -> int:
    """Take and deliver up to `limit`, unless all seats at these kinds are taken; how many."""
    if seats is not None and not seats.acquire(blocking=False):
        return 0
    try:
        messages = outbox.lease_messages(now=clock(), kinds=kinds, limit=limit)
        for message in messages:
            deliver_message(message, clock)
        return len(messages)
    finally:
        if seats is not None:
            seats.release()


def deliver_message(message: OutboxMessage, clock: Clock) -> None:
    """Do what one taken message asks for. Whatever goes wrong is written on it, and stops no
    other message."""
    try:
        require_readable(message)
        with channel_scope(TrailChannel.CLOCK if message.kind in TIMED else TrailChannel.WORKER):
            _DELIVERIES[message.kind](message, clock)
    except outbox.TicketLost:
        log.info("Message %s was taken by another worker.", message.pk)
    except HandoffError as refused:
        _retry_or_give_up(message, CommandRefused(refused.text), clock())
    except (OperationalError, InterfaceError, IntegrityError) as problem:
        log.warning("Message %s waits: %s", message.pk, problem)
        _retry_for_days(message, ErrorRaised(describe_error(problem)), clock())
    except UnreadableMessage as unreadable:
        log.exception("Message %s cannot be read.", message.pk)
        _give_up(message, unreadable.problem, clock())
    except HOPELESS as problem:
        log.exception("Message %s cannot be delivered.", message.pk)
        _give_up(message, ErrorRaised(describe_error(problem)), clock())
    except Exception as problem:
        log.exception("Message %s could not be delivered.", message.pk)
        _retry_or_give_up(message, ErrorRaised(describe_error(problem)), clock())


def _retry_for_days(message: OutboxMessage, why: DeliveryProblem, now: datetime) -> None:
    """Somebody else's machine is at fault: try again with growing pauses, for days."""
    since = message.failing_since or now
    if now - since > PATIENCE.get(message.kind, A_WEEK):
        _give_up(message, why, now)
    else:
        _put_off_message(message, why, now)


def _retry_or_give_up(message: OutboxMessage, why: DeliveryProblem, now: datetime) -> None:
    """The message itself may be at fault: try again some times; at last a person is told."""
    if message.tries < MOST_TRIES:
        _put_off_message(message, why, now)
    else:
        _give_up(message, why, now)


def _put_off_message(message: OutboxMessage, why: DeliveryProblem, now: datetime) -> None:
    pause = min(2 ** min(message.tries, 16), LONGEST_PAUSE.get(message.kind, 300))
    try:
        outbox.put_off(message, until=now + timedelta(seconds=pause), why=why, now=now)
    except outbox.TicketLost:
        log.info("Message %s was taken by another worker.", message.pk)


def _give_up(message: OutboxMessage, why: DeliveryProblem, now: datetime) -> None:
    """Open an incident where a step waits for the message; else it is set aside."""
    try:
        try:
            with transaction.atomic():
                is_reported = _report_to_step(message, why, now)
        except (HandoffError, UnreadableMessage, *HOPELESS):  # the request cannot be read either
            log.exception("Nobody can be told of message %s.", message.pk)
            is_reported = False
        if not is_reported:
            outbox.set_aside(message, why=why, now=now)
    except outbox.TicketLost:
        log.info("Message %s was taken by another worker.", message.pk)


def _report_to_step(message: OutboxMessage, why: DeliveryProblem, now: datetime) -> bool:
    """Whether the step that waits for the message is on an incident now, or the message held."""
    if not PAYLOADS[message.kind].OF_STEP or message.request_id is None:
        return False
    case = open_work_of_instance(message.request_id, now=now)
    token = waiting_token(case, message.activation)
    if token is None or case.map.graph.is_human(token.step):
        return False
    if case.instance.state == WorkflowInstance.SUSPENDED:
        outbox.hold_message(message)
        return True
    if case.instance.state != WorkflowInstance.RUNNING:
        return False
    outbox.drop_message(message, now=now, why=why)
    fail_waiting_step(case, token.id, NotDelivered(why))
    return True


# -- one function a kind ----------------------------------------------------------------------


def _as_request_command(
    command: Callable[[UnitOfWork, int], None],
) -> Callable[[OutboxMessage, Clock], None]:
    """Deliveries that are one command on the message's request."""

    def deliver_it(message: OutboxMessage, clock: Clock) -> None:
        assert message.request_id is not None
        assert message.activation is not None
        now = clock()
        with transaction.atomic():
            case = open_work_of_instance(message.request_id, now=now)
            if case.instance.state == WorkflowInstance.SUSPENDED:
                outbox.hold_message(message)
                return
            if case.instance.state == WorkflowInstance.RUNNING:
                command(case, message.activation)
            outbox.mark_delivered(message, now=now)

    return deliver_it


def _as_task_timer(
    command: Callable[[UnitOfWork, int], None],
    payload_type: type[RemindPayload] | type[EscalatePayload],
) -> Callable[[OutboxMessage, Clock], None]:
    """Deliveries about late work; nothing is done where the task is due at another moment now, for
    then there is another message."""

    def deliver_it(message: OutboxMessage, clock: Clock) -> None:
        due = read_payload(message, payload_type).due

        def run_timer(case: UnitOfWork, activation: int) -> None:
            if timers.is_still_due_at(case, activation, due):
                command(case, activation)

        _as_request_command(run_timer)(message, clock)

    return deliver_it


def _deliver_hand_over(message: OutboxMessage, clock: Clock) -> None:
    def hand_over(case: UnitOfWork, activation: int) -> None:
        hand_over_kept_message(case.instance.pk, activation, case.now)

    _as_request_command(hand_over)(message, clock)


def _drop_overdue_messages(message: OutboxMessage, now: datetime) -> None:
    assert message.request_id is not None
    drop_overdue_messages(message.request_id, now)


def _as_own_transaction(
    command: Callable[[OutboxMessage, datetime], None],
) -> Callable[[OutboxMessage, Clock], None]:
    """Deliveries that lock what they need themselves."""

    def deliver_it(message: OutboxMessage, clock: Clock) -> None:
        now = clock()
        with transaction.atomic():
            command(message, now)
            outbox.mark_delivered(message, now=now)

    return deliver_it


def _deliver_child_start(message: OutboxMessage, clock: Clock) -> None:
    _as_request_command(lambda case, activation: families.start_subworkflow(case, message))(
        message, clock
    )


def _deliver_escalation(message: OutboxMessage, clock: Clock) -> None:
    is_deputy_asked = read_payload(message, EscalatePayload).is_deputy_asked
    _as_task_timer(
        lambda case, activation: timers.escalate_late_task(
            case, activation, is_deputy_asked=is_deputy_asked
        ),
        EscalatePayload,
    )(message, clock)


def _deliver_deadline(message: OutboxMessage, clock: Clock) -> None:
    """A request as a whole is due: its owner and deputy are told, and nothing else happens."""
    assert message.request_id is not None
    at, now = read_payload(message, DeadlinePayload).at, clock()
    with transaction.atomic():
        case = open_work_of_instance(message.request_id, now=now)
        if case.instance.state == WorkflowInstance.SUSPENDED:
            outbox.hold_message(message)
            return
        if case.instance.state == WorkflowInstance.RUNNING:
            timers.remind_of_late_request(case, at)
        outbox.mark_delivered(message, now=now)


def _deliver_expiry(message: OutboxMessage, clock: Clock) -> None:
    at = read_payload(message, ExpirePayload).at
    _as_request_command(lambda case, activation: expire_task(case, activation, at))(message, clock)


def _deliver_child_end(message: OutboxMessage, clock: Clock) -> None:
    _as_request_command(lambda case, activation: families.resume_after_child(case, message))(
        message, clock
    )


def _as_sending(
    send: Callable[[OutboxMessage, Clock], None],
) -> Callable[[OutboxMessage, Clock], None]:
    """Deliveries that settle what they send themselves; what the other side could not take now is
    tried again for days."""

    def deliver_it(message: OutboxMessage, clock: Clock) -> None:
        try:
            send(message, clock)
        except ActionFailed as failed:
            _retry_for_days(message, ActionRefused(failed.code, failed.text), clock())

    return deliver_it


def _deliver_head(message: OutboxMessage, clock: Clock) -> None:
    try:
        head = send_head(message)
    except ActionFailed as failed:
        if failed.retry:
            _retry_for_days(message, ActionRefused(failed.code, failed.text), clock())
        else:
            outbox.drop_message(message, now=clock(), why=ActionRefused(failed.code, failed.text))
        return
    # Sent outside of a transaction, which would hold its locks while the other side thinks. A
    # worker that dies here sends the same head once more, and that does no harm.
    now, payload = clock(), read_payload(message, HeadPayload)
    with transaction.atomic():
        record_head_delivery(head, transport=payload.way, to=payload.to, now=now)
        outbox.mark_delivered(message, now=now)


def _deliver_watch(message: OutboxMessage, clock: Clock) -> None:
    """One look at all work answers every call for one that was there when it began: a hundred
    people who change groups at once are one round of the clock, and not a hundred."""
    now = clock()
    called = outbox.open_message_ids(MessageKind.WATCH)
    if message.pk in called:
        watch_queues(now=now)
        outbox.close_alike(called, now=now)


def _deliver_schedule(message: OutboxMessage, clock: Clock) -> None:
    """Start the request of this moment; one that is refused is told to the owner, not retried."""
    now = clock()
    with transaction.atomic():
        # The next moment comes first: a start that is refused must not end the schedule.
        continue_schedule(message, now)
        try:
            # A savepoint, so that what was refused leaves nothing and its message is dropped here.
            with transaction.atomic():
                schedules.start_scheduled(message, now)
        except HandoffError as refused:
            payload = read_payload(message, SchedulePayload)
            schedules.notify_of_refused_start(
                payload.version, refused.text, now, trigger=payload.trigger
            )
            outbox.drop_message(message, now=now, why=CommandRefused(refused.text))
            return
        outbox.mark_delivered(message, now=now)


def _deliver_triggered_start(message: OutboxMessage, clock: Clock) -> None:
    now = clock()
    with transaction.atomic():
        try:
            with transaction.atomic():
                families.start_triggered_request(message, now)
        except ActionFailed as refused:
            if refused.code == PAUSED:
                families.note_not_started(message, now)
            else:
                version_id = read_payload(message, StartPayload).version
                schedules.notify_of_refused_start(version_id, refused.text, now)
            outbox.drop_message(message, now=now, why=ActionRefused(refused.code, refused.text))
            return
        outbox.mark_delivered(message, now=now)


_DELIVERIES: Mapping[str, Callable[[OutboxMessage, Clock], None]] = {
    MessageKind.ATTEMPT: run_attempt,
    MessageKind.WAKE: _as_request_command(timers.end_wait),
    MessageKind.REMIND: _as_task_timer(timers.remind_of_late_task, RemindPayload),
    MessageKind.ESCALATE: _deliver_escalation,
    MessageKind.EXPIRE: _deliver_expiry,
    MessageKind.DEADLINE: _deliver_deadline,
    MessageKind.HAND_OVER: _deliver_hand_over,
    MessageKind.DROP_KEPT: _as_own_transaction(_drop_overdue_messages),
    MessageKind.CHILD: _deliver_child_start,
    MessageKind.CHILD_ENDED: _deliver_child_end,
    MessageKind.CHILD_CANCEL: _as_own_transaction(families.cancel_child),
    MessageKind.ENDED: _as_own_transaction(families.follow_request_end),
    MessageKind.START: _deliver_triggered_start,
    MessageKind.SCHEDULE: _deliver_schedule,
    MessageKind.TELL: _as_own_transaction(telling_people.tell_of_trail_row),
    MessageKind.DUE: _as_own_transaction(telling_people.tell_of_due_task),
    MessageKind.MAIL: _as_own_transaction(telling_people.tell_one_person),
    MessageKind.NOTICE: _as_sending(send_notice),
    MessageKind.DIGEST: _as_sending(send_digest),
    MessageKind.PUBLIC_MAIL: _as_sending(send_public_mail),
    MessageKind.HEAD: _deliver_head,
    MessageKind.WATCH: _deliver_watch,
}
QUICK = tuple(kind for kind in _DELIVERIES if kind not in OUTSIDE_KINDS)
