"""The outbox: writing what is to be done, taking it with a lease, and closing it.

A message is closed in the transaction that does what it asks for, and only by the one who holds
its ticket: whatever dies in between, it is done once as far as this database goes.
"""

import logging
import threading
import time
import uuid
from collections.abc import Collection, Iterable, Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from workflows.models import OutboxMessage
from workflows.services.fastsql import insert_rows

log = logging.getLogger(__name__)

RING = "handoff.deliver"
"""The name of the Celery task that delivers what is due."""
SUSPENDED = "the request is suspended"
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
        transaction.on_commit(_ring)


def put(
    kind: str,
    *,
    now: datetime,
    run_after: datetime | None = None,
    key: str | None = None,
    **payload: Any,
) -> None:
    """Write a message that belongs to no request. A key that is there already writes nothing."""
    row = OutboxMessage(
        kind=kind, payload=payload, key=key, run_after=run_after or now, created_at=now
    )
    OutboxMessage.objects.bulk_create([row], ignore_conflicts=key is not None)
    if row.run_after <= now:
        transaction.on_commit(_ring)


# -- the bell ---------------------------------------------------------------------------------


class Bell:
    """Nudges a worker through the broker. It may fail: the clock delivers what it did not.

    A thread of its own rings it, so that no decision waits for a broker, not even for one that
    neither answers nor refuses. Rings that come while it is busy are one ring.
    """

    def __init__(self, app: Any = current_app) -> None:
        self._app = app
        self._wanted = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
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
                self._app.send_task(RING, expires=60, retry=False, ignore_result=True)
            except Exception as problem:  # noqa: BLE001 - whatever the broker's library raises
                log.warning("The broker does not answer (%s); the clock will deliver.", problem)
                time.sleep(QUIET_SECONDS)


_bell = Bell()


def _ring() -> None:
    """Wake a worker, where a broker can; elsewhere the clock comes round within a second."""
    if settings.HAS_BROKER:
        _bell.ring()


# -- taking and closing -----------------------------------------------------------------------


def take(
    *,
    now: datetime,
    kinds: Collection[str],
    limit: int,
    lease: timedelta | None = None,
) -> list[OutboxMessage]:
    """Take up to `limit` messages that are due, in their order; they are the caller's until the
    lease runs out. Messages whose lease has run out (their worker died) come first."""
    until = now + (lease or timedelta(seconds=settings.OUTBOX_LEASE_SECONDS))
    with transaction.atomic():
        rows = _lock(OutboxMessage.objects.filter(state="taken", taken_until__lt=now), kinds, limit)
        if len(rows) < limit:
            due = OutboxMessage.objects.filter(state="waiting", run_after__lte=now)
            rows += _lock(due, kinds, limit - len(rows))
        ticket = uuid.uuid4().hex
        ids = [row.pk for row in rows]
        if ids:
            OutboxMessage.objects.filter(pk__in=ids).update(
                state="taken", ticket=ticket, taken_until=until, tries=F("tries") + 1
            )
    for row in rows:
        row.take(ticket=ticket, until=until)
    return rows


def _lock(rows: Any, kinds: Collection[str], limit: int) -> list[OutboxMessage]:
    """Lock some rows that nobody else has locked, in the order in which they are due."""
    locked = rows.select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked
    )
    return list(locked.filter(kind__in=kinds).order_by("run_after", "id")[:limit])


def close(message: OutboxMessage, *, now: datetime) -> None:
    """What the message asks for is done, in this transaction. Raises TicketLost."""
    closed = copy(message)
    closed.deliver(now=now)
    _write_back(closed, message.ticket)


def drop(message: OutboxMessage, *, now: datetime, why: str) -> None:
    """The message is given up. Raises TicketLost."""
    dropped = copy(message)
    dropped.drop(now=now, why=why)
    _write_back(dropped, message.ticket)


def put_off(message: OutboxMessage, *, until: datetime, why: str) -> None:
    """The message is to be tried again at `until`. Raises TicketLost."""
    later = copy(message)
    later.put_off(until=until, why=why[:2000])
    _write_back(later, message.ticket)


# The copies: a transaction that is rolled back must leave the caller's message as it was.

COLUMNS = ("state", "ticket", "taken_until", "run_after", "closed_at", "last_error", "payload")


def _write_back(message: OutboxMessage, ticket: str) -> None:
    values = {name: getattr(message, name) for name in COLUMNS}
    held = OutboxMessage.objects.filter(pk=message.pk, state="taken", ticket=ticket)
    if held.update(**values) != 1:
        raise TicketLost(f"Message {message.pk} was taken by somebody else.")


def keep(message: OutboxMessage, *, until: datetime) -> None:
    """Hold the message for longer, with what its payload says now. Raises TicketLost."""
    message.taken_until = until
    _write_back(message, message.ticket)


def hold(message: OutboxMessage, *, now: datetime) -> None:
    """The message waits until its request goes on. Raises TicketLost."""
    put_off(message, until=now + timedelta(days=1), why=SUSPENDED)


def go_on(case: Any) -> None:
    """The request goes on, and with it what was held back."""
    held = OutboxMessage.objects.filter(
        request=case.instance, state="waiting", last_error=SUSPENDED
    )
    if held.update(run_after=case.now, last_error=""):
        transaction.on_commit(_ring)


def let_go(messages: Iterable[OutboxMessage]) -> None:
    """Give back what was taken and not begun."""
    ids = [message.pk for message in messages]
    tickets = {message.ticket for message in messages}
    OutboxMessage.objects.filter(pk__in=ids, state="taken", ticket__in=tickets).update(
        state="waiting", ticket="", taken_until=None
    )


def forget_closed(*, before: datetime) -> int:
    """Delete messages that were closed before this moment; what they did stays on record."""
    return OutboxMessage.objects.filter(closed_at__lt=before).delete()[0]
