"""The outbox: writing what is to be done, taking it with a lease, and closing it.

A message is closed in the transaction that does what it asks for, and only by the one who holds
its ticket: whatever dies in between, it is done once as far as this database goes.
"""

import logging
import threading
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet

from workflows.outbox.choices import MessageKind
from workflows.outbox.delivery_problems import (
    DeliveryProblem,
    ErrorRaised,
    KindUnknown,
    VersionLeft,
)
from workflows.outbox.models import (
    ASIDE,
    DELIVERED,
    DROPPED,
    HELD,
    TAKEN,
    WAITING,
    OutboxMessage,
)
from workflows.outbox.payloads import MessagePayload
from workflows.outbox.services.heartbeats import describe_error
from workflows.persistence.bulk_sql import insert_rows
from workflows.persistence.prepared_queries import ANY_MOMENT, PreparedQuery, place_of_moment

log = logging.getLogger(__name__)

DELIVER_TASK_NAME = "handoff.deliver"
"""The name of the Celery task that delivers what is due."""
QUIET_SECONDS = 5.0
"""How long the bell is left alone after it could not be rung."""
IDLE_SECONDS = 60.0
"""After so long without a ring the bell's thread ends; the next ring starts another."""


class TicketLost(Exception):
    """Somebody else has taken this message since; what was done for it is rolled back."""


# -- writing ----------------------------------------------------------------------------------


def write_messages(messages: Sequence[OutboxMessage], *, now: datetime) -> None:
    """Insert messages in the caller's transaction; the bell rings when it has committed."""
    insert_rows(messages)
    if any(message.run_after <= now for message in messages):
        transaction.on_commit(wake_workers)


def move_wakes(request: int, moments: Mapping[int, datetime], *, now: datetime) -> None:
    """Let waits of a request end at other moments than they would have, by activation."""
    together: dict[datetime, list[int]] = {}
    for activation, moment in moments.items():
        together.setdefault(moment, []).append(activation)
    for moment, activations in together.items():
        wakes = OutboxMessage.objects.filter(
            request=request, activation__in=activations, kind=MessageKind.WAKE, state=WAITING
        )
        wakes.update(run_after=moment)
    if any(moment <= now for moment in together):
        transaction.on_commit(wake_workers)


def enqueue_message(
    payload: MessagePayload,
    *,
    now: datetime,
    run_after: datetime | None = None,
    key: str | None = None,
    request: int | None = None,
    activation: int | None = None,
) -> None:
    """Write a message for which no case is open. A key that is there already writes nothing."""
    row = OutboxMessage(
        kind=payload.KIND,
        payload=payload.to_json(),
        key=key,
        run_after=run_after or now,
        created_at=now,
        request_id=request,
        activation=activation,
    )
    # In the insert itself: one that looks first misses what another writes at the same time.
    OutboxMessage.objects.bulk_create([row], ignore_conflicts=key is not None)
    if row.run_after <= now:
        transaction.on_commit(wake_workers)


# -- the bell ---------------------------------------------------------------------------------


class WorkerNotifier:
    """Nudges a worker through the broker. It may fail: the clock delivers what it did not.

    A thread of its own rings it, so that no decision waits for a broker, not even for one that
    neither answers nor refuses. Rings that come while it is busy are one ring.
    """

    def __init__(self, app: Any = current_app) -> None:
        self._app = app
        self._wanted = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def notify(self) -> None:
        """Say that something is due; returns at once."""
        self._wanted.set()
        if self._thread is None or not self._thread.is_alive():  # also after a fork
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._serve, name="bell", daemon=True)
                    self._thread.start()

    def _serve(self) -> None:
        while self._wanted.wait(IDLE_SECONDS):
            self._wanted.clear()
            try:
                self._app.send_task(DELIVER_TASK_NAME, expires=60, retry=False, ignore_result=True)
            except Exception as problem:  # noqa: BLE001 - whatever the broker's library raises
                log.warning("The broker does not answer (%s); the clock will deliver.", problem)
                time.sleep(QUIET_SECONDS)


_worker_notifier = WorkerNotifier()


def wake_workers() -> None:
    """Wake a worker, where a broker can; elsewhere the clock comes round within a second."""
    if settings.HAS_BROKER:
        _worker_notifier.notify()


# -- taking and closing -----------------------------------------------------------------------


def lease_messages(
    *,
    now: datetime,
    kinds: Collection[str],
    limit: int,
    lease: timedelta | None = None,
) -> list[OutboxMessage]:
    """Take up to `limit` messages that are due, in their order; they are the caller's until the
    lease runs out. Messages whose lease has run out (their worker died) come first."""
    until = now + (lease or timedelta(seconds=settings.OUTBOX_LEASE_SECONDS))
    while ids := _lease_message_ids(now, until, kinds, limit):
        # Where none of them could be read, others may be due.
        if rows := _read_messages(ids, now):
            return rows
    return []


def _lease_message_ids(
    now: datetime, until: datetime, kinds: Collection[str], limit: int
) -> list[int]:
    moment, key = place_of_moment(now), tuple(sorted(kinds))
    with transaction.atomic():
        ids = [row.pk for row in _LAPSED.rows(moment, key, limit)]
        # Those whose worker died first, else new ones that keep coming would keep them waiting.
        if len(ids) < limit:
            ids += [row.pk for row in _DUE.rows(moment, key, limit - len(ids))]
        if ids:
            # A new ticket each time: a worker whose lease ran out cannot close what another has.
            OutboxMessage.objects.filter(pk__in=ids).update(
                state=TAKEN, ticket=uuid.uuid4().hex, taken_until=until, tries=F("tries") + 1
            )
    return ids


def _lapsed_messages(kinds: Sequence[str], limit: int) -> QuerySet[OutboxMessage]:
    lapsed = OutboxMessage.objects.filter(state=TAKEN, taken_until__lt=ANY_MOMENT)
    return _lock_messages(lapsed, kinds, limit)


def _due_messages(kinds: Sequence[str], limit: int) -> QuerySet[OutboxMessage]:
    due = OutboxMessage.objects.filter(state=WAITING, run_after__lte=ANY_MOMENT)
    return _lock_messages(due, kinds, limit)


def _lock_messages(
    rows: QuerySet[OutboxMessage], kinds: Sequence[str], limit: int
) -> QuerySet[OutboxMessage]:
    """Some rows that nobody else has locked, in the order in which they are due; locked by reading.

    Their ids alone are read here: a row with a value that cannot be read stops no other.
    """
    locked = rows.select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked
    )
    return locked.filter(kind__in=kinds).order_by("run_after", "id").only("pk")[:limit]


_LAPSED = PreparedQuery(_lapsed_messages)
_DUE = PreparedQuery(_due_messages)
"""Asked each second of every site; writing them out took longer than answering them."""


def _read_messages(ids: Sequence[int], now: datetime) -> list[OutboxMessage]:
    """What was taken, in that order. A row that cannot be read is set aside."""
    try:
        with transaction.atomic():
            rows_by_id = {row.pk: row for row in OutboxMessage.objects.filter(pk__in=ids)}
    except (OperationalError, InterfaceError):
        raise
    except Exception as problem:
        if len(ids) == 1:
            log.exception("Message %s cannot be read.", ids[0])
            set_aside_unread(ids[0], ErrorRaised(describe_error(problem)), now)
            return []
        return [row for pk in ids for row in _read_messages([pk], now)]
    return [rows_by_id[pk] for pk in ids if pk in rows_by_id]


def set_aside_unread(pk: int, why: DeliveryProblem, now: datetime) -> None:
    """Set a message aside by its id, without reading a value of it; moments that cannot be read
    are replaced by this one, so that people can look at the row."""
    OutboxMessage.objects.filter(pk=pk, state__in=(WAITING, TAKEN)).update(
        state=ASIDE,
        ticket="",
        taken_until=None,
        error_code=why.code,
        error_parameters=why.parameters,
        failing_since=now,
        run_after=now,
        created_at=now,
        closed_at=None,
    )


def set_aside_unknown(known_kinds: Collection[str], now: datetime) -> int:
    """Set aside what is due and of a kind that nobody delivers; how many there were."""
    due = OutboxMessage.objects.filter(state=WAITING, run_after__lte=now).exclude(
        kind__in=known_kinds
    )
    return due.update(state=ASIDE, failing_since=now, error_code=KindUnknown.CODE)


def mark_delivered(message: OutboxMessage, *, now: datetime) -> None:
    """What the message asks for is done, in this transaction. Raises TicketLost."""
    closed = copy(message)
    closed.deliver(now=now)
    _write_back(closed, message.ticket)


def open_message_ids(kind: str) -> list[int]:
    """The messages of a kind that are not closed yet."""
    rows = OutboxMessage.objects.filter(kind=kind, state__in=(WAITING, TAKEN))
    return list(rows.values_list("pk", flat=True))


def close_alike(ids: Collection[int], *, now: datetime) -> None:
    """What these messages ask for was done for all of them at once, whoever had taken them."""
    OutboxMessage.objects.filter(pk__in=ids, state__in=(WAITING, TAKEN)).update(
        state=DELIVERED, closed_at=now, ticket="", taken_until=None
    )


def drop_message(message: OutboxMessage, *, now: datetime, why: DeliveryProblem) -> None:
    """The message is given up. Raises TicketLost."""
    dropped = copy(message)
    dropped.drop(now=now, why=why)
    _write_back(dropped, message.ticket)


def put_off(
    message: OutboxMessage, *, until: datetime, why: DeliveryProblem, now: datetime | None = None
) -> None:
    """The message is to be tried again at `until`; `now` where that is because it failed. Raises
    TicketLost."""
    later = copy(message)
    later.put_off(until=until, why=why, now=now)
    _write_back(later, message.ticket)


def set_aside(message: OutboxMessage, *, why: DeliveryProblem, now: datetime) -> None:
    """The message cannot be delivered; a person has to look at it. Raises TicketLost."""
    aside = copy(message)
    aside.set_aside(why=why, now=now)
    _write_back(aside, message.ticket)


# The copies: a transaction that is rolled back must leave the caller's message as it was.

COLUMNS = (
    *("state", "ticket", "taken_until", "run_after", "tries", "closed_at"),
    *("failing_since", "error_code", "error_parameters", "payload"),
)


def _write_back(message: OutboxMessage, ticket: str) -> None:
    values = {name: getattr(message, name) for name in COLUMNS}
    held = OutboxMessage.objects.filter(pk=message.pk, state=TAKEN, ticket=ticket)
    if held.update(**values) != 1:
        raise TicketLost(f"Message {message.pk} was taken by somebody else.")


def extend_lease(message: OutboxMessage, *, until: datetime) -> None:
    """Have the message for longer, with what its payload says now. Raises TicketLost."""
    message.taken_until = until
    _write_back(message, message.ticket)


def hold_message(message: OutboxMessage) -> None:
    """The message waits until its request goes on, however long. Raises TicketLost."""
    held = copy(message)
    held.hold()
    _write_back(held, message.ticket)


def release_held_messages(work: Any) -> None:
    """The request goes on, or is over, and with it what was held back."""
    held = OutboxMessage.objects.filter(request=work.instance, state=HELD)
    if held.update(state=WAITING, run_after=work.now):
        transaction.on_commit(wake_workers)


def drop_timers(instance_id: int, activation: int, *, now: datetime) -> None:
    """The timers of a task are not needed any more: its map has others."""
    timers = OutboxMessage.objects.filter(
        request=instance_id,
        activation=activation,
        kind__in=(MessageKind.REMIND, MessageKind.ESCALATE, MessageKind.EXPIRE),
        state__in=(WAITING, HELD),
    )
    timers.update(state=DROPPED, closed_at=now, error_code=VersionLeft.CODE, error_parameters={})


def delete_closed_messages(*, before: datetime) -> int:
    """Delete messages that were closed before this moment; what they did stays on record."""
    return OutboxMessage.objects.filter(closed_at__lt=before).delete()[0]
