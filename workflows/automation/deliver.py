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

from workflows.automation import families, mails
from workflows.automation.attempts import attempt
from workflows.automation.heads import send_head
from workflows.automation.inside import PAUSED
from workflows.automation.readable import OF_A_STEP, Unreadable, must_be_readable
from workflows.engine.actions import ActionFailed
from workflows.engine.errors import HandoffError
from workflows.models import OutboxMessage, WorkflowInstance
from workflows.services import outbox, schedules, timers
from workflows.services.case import Case
from workflows.services.channel import through
from workflows.services.heads import note_sent
from workflows.services.heartbeats import said
from workflows.services.outside import case_of, fail, waiting_token

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

BATCH = 50
MOST_TRIES = 12
"""A message whose delivery is refused so often becomes an incident, or is set aside."""
LONGEST_PAUSE = {OutboxMessage.MAIL: 900, OutboxMessage.HEAD: 3600}
"""Seconds between two tries, at most; 300 where nothing is said."""
PATIENCE = {OutboxMessage.HEAD: timedelta(days=30)}
"""How long another machine, or the database, may be away before a message is set aside; a week
where nothing is said. It is on the health page all the while."""
A_WEEK = timedelta(days=7)
HOPELESS = (
    *(Unreadable, DataError, ObjectDoesNotExist),
    *(KeyError, IndexError, TypeError, ValueError, AttributeError, AssertionError),
)
"""What will be the same the next time: the message, or a row that it names, cannot be read."""
TIMED = frozenset(
    {OutboxMessage.WAKE, OutboxMessage.REMIND, OutboxMessage.ESCALATE, OutboxMessage.SCHEDULE}
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
        got = _deliver_some(clock, QUICK, BATCH, _at_quick if _has_one_writer() else None)
        got += _deliver_some(clock, OutboxMessage.OUTSIDE, 1, _at_slow)
        if not got:
            break
        done += got
    return done


SLOW_AT_ONCE = 3
_at_slow, _at_quick = threading.BoundedSemaphore(SLOW_AT_ONCE), threading.BoundedSemaphore(1)


def _has_one_writer() -> bool:
    """SQLite lets one write at a time: more threads would only wait for each other."""
    return connection.vendor == "sqlite"


def _deliver_some(
    clock: Clock,
    kinds: Collection[str],
    limit: int,
    seats: threading.BoundedSemaphore | None,
) -> int:
    """Take and deliver up to `limit`, unless all seats at these kinds are taken; how many."""
    if seats is not None and not seats.acquire(blocking=False):
        return 0
    try:
        messages = outbox.take(now=clock(), kinds=kinds, limit=limit)
        for message in messages:
            deliver(message, clock)
        return len(messages)
    finally:
        if seats is not None:
            seats.release()


def deliver(message: OutboxMessage, clock: Clock) -> None:
    """Do what one taken message asks for. Whatever goes wrong is written on it, and stops no
    other message."""
    try:
        must_be_readable(message)
        with through("clock" if message.kind in TIMED else "worker"):
            _DELIVERIES[message.kind](message, clock)
    except outbox.TicketLost:
        log.info("Message %s was taken by another worker.", message.pk)
    except HandoffError as refused:
        _again_or_never(message, str(refused), clock())
    except (OperationalError, InterfaceError, IntegrityError) as problem:
        log.warning("Message %s waits: %s", message.pk, problem)
        _again(message, said(problem), clock())
    except HOPELESS as problem:
        log.exception("Message %s cannot be delivered.", message.pk)
        _never(message, said(problem), clock())
    except Exception as problem:
        log.exception("Message %s could not be delivered.", message.pk)
        _again_or_never(message, said(problem), clock())


def _again(message: OutboxMessage, why: str, now: datetime) -> None:
    """Somebody else's machine is at fault: try again with growing pauses, for days."""
    since = message.failing_since or now
    if now - since > PATIENCE.get(message.kind, A_WEEK):
        _never(message, why, now)
    else:
        _put_off(message, why, now)


def _again_or_never(message: OutboxMessage, why: str, now: datetime) -> None:
    """The message itself may be at fault: try again some times; at last a person is told."""
    if message.tries < MOST_TRIES:
        _put_off(message, why, now)
    else:
        _never(message, why, now)


def _put_off(message: OutboxMessage, why: str, now: datetime) -> None:
    pause = min(2 ** min(message.tries, 16), LONGEST_PAUSE.get(message.kind, 300))
    try:
        outbox.put_off(message, until=now + timedelta(seconds=pause), why=why, now=now)
    except outbox.TicketLost:
        log.info("Message %s was taken by another worker.", message.pk)


def _never(message: OutboxMessage, why: str, now: datetime) -> None:
    """Open an incident where a step waits for the message; else it is set aside."""
    try:
        try:
            with transaction.atomic():
                is_told = _told(message, why, now)
        except (HandoffError, *HOPELESS):  # the request cannot be read either
            log.exception("Nobody can be told of message %s.", message.pk)
            is_told = False
        if not is_told:
            outbox.set_aside(message, why=why, now=now)
    except outbox.TicketLost:
        log.info("Message %s was taken by another worker.", message.pk)


def _told(message: OutboxMessage, why: str, now: datetime) -> bool:
    """Whether the step that waits for the message is on an incident now, or the message held."""
    if message.kind not in OF_A_STEP or message.request_id is None:
        return False
    case = case_of(message.request_id, now=now)
    token = waiting_token(case, message.activation)
    if token is None or case.map.graph.is_human(token.step):
        return False
    if case.instance.state == WorkflowInstance.SUSPENDED:
        outbox.hold(message)
        return True
    if case.instance.state != WorkflowInstance.RUNNING:
        return False
    outbox.drop(message, now=now, why=why)
    fail(case, token.id, code="not_delivered", message=f"It was given up: {why}"[:1000])
    return True


# -- one function a kind ----------------------------------------------------------------------


def _with_case(act: Callable[[Case, int], None]) -> Callable[[OutboxMessage, Clock], None]:
    """Deliveries that are one command on the message's request."""

    def deliver_it(message: OutboxMessage, clock: Clock) -> None:
        assert message.request_id is not None
        assert message.activation is not None
        now = clock()
        with transaction.atomic():
            case = case_of(message.request_id, now=now)
            if case.instance.state == WorkflowInstance.SUSPENDED:
                outbox.hold(message)
                return
            if case.instance.state == WorkflowInstance.RUNNING:
                act(case, message.activation)
            outbox.close(message, now=now)

    return deliver_it


def _in_one(
    act: Callable[[OutboxMessage, datetime], None],
) -> Callable[[OutboxMessage, Clock], None]:
    """Deliveries that lock what they need themselves."""

    def deliver_it(message: OutboxMessage, clock: Clock) -> None:
        now = clock()
        with transaction.atomic():
            act(message, now)
            outbox.close(message, now=now)

    return deliver_it


def _child(message: OutboxMessage, clock: Clock) -> None:
    _with_case(lambda case, activation: families.start_subworkflow(case, message))(message, clock)


def _child_ended(message: OutboxMessage, clock: Clock) -> None:
    _with_case(lambda case, activation: families.child_ended(case, message))(message, clock)


def _mail(message: OutboxMessage, clock: Clock) -> None:
    try:
        mails.notice(message)
    except ActionFailed as failed:
        if failed.retry:
            _again(message, failed.message, clock())
        else:
            outbox.drop(message, now=clock(), why=failed.message)
        return
    outbox.close(message, now=clock())


def _head(message: OutboxMessage, clock: Clock) -> None:
    try:
        head = send_head(message)
    except ActionFailed as failed:
        if failed.retry:
            _again(message, failed.message, clock())
        else:
            outbox.drop(message, now=clock(), why=failed.message)
        return
    now, payload = clock(), message.payload
    with transaction.atomic():
        note_sent(head, way=payload["way"], to=payload["to"], now=now)
        outbox.close(message, now=now)


def _schedule(message: OutboxMessage, clock: Clock) -> None:
    """Start the request of this moment; one that is refused is told to the owner, not retried."""
    now = clock()
    with transaction.atomic():
        schedules.continue_schedule(message, now)
        try:
            with transaction.atomic():
                schedules.start_scheduled(message, now)
        except HandoffError as refused:
            schedules.tell_owners(message, str(refused), now)
            outbox.drop(message, now=now, why=str(refused))
            return
        outbox.close(message, now=now)


def _start(message: OutboxMessage, clock: Clock) -> None:
    now = clock()
    with transaction.atomic():
        try:
            with transaction.atomic():
                families.start_after(message, now)
        except ActionFailed as refused:
            if refused.code == PAUSED:
                families.note_not_started(message, now)
            else:
                schedules.tell_owners(message, refused.message, now)
            outbox.drop(message, now=now, why=refused.message)
            return
        outbox.close(message, now=now)


_DELIVERIES: Mapping[str, Callable[[OutboxMessage, Clock], None]] = {
    OutboxMessage.ATTEMPT: attempt,
    OutboxMessage.WAKE: _with_case(timers.wake),
    OutboxMessage.REMIND: _with_case(timers.remind),
    OutboxMessage.ESCALATE: _with_case(timers.escalate),
    OutboxMessage.CHILD: _child,
    OutboxMessage.CHILD_ENDED: _child_ended,
    OutboxMessage.CHILD_CANCEL: _in_one(families.cancel_child),
    OutboxMessage.ENDED: _in_one(families.follow),
    OutboxMessage.START: _start,
    OutboxMessage.SCHEDULE: _schedule,
    OutboxMessage.MAIL: _mail,
    OutboxMessage.HEAD: _head,
}
QUICK = tuple(kind for kind in _DELIVERIES if kind not in OutboxMessage.OUTSIDE)
