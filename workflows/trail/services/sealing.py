"""Sealing the trail: every committed row becomes the next link of one chain of hashes.

A decision never waits for the chain. The sealer runs by the clock, one at a time; it takes the
rows that have no seal, in the order of their ids as far as they are committed, and links each to
the one before. On PostgreSQL rows commit in another order than that of their ids, so a lower id
is never taken for sealed because a higher one is: see `_Mark`.
"""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import DataError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import ROOT, TrailSeal

SEALED = (
    *("id", "recorded_at", "request_id", "template_id", "workflow", "version", "reference"),
    *("step", "round", "activation", "work_item", "command", "actor_id", "actor_name"),
    *("acted_for", "role", "from_state", "to_state", "outcome", "comment", "changes"),
    *("document_versions", "channel", "capacity", "seen", "votes", "token", "token_by"),
    "changes_version",
)
"""Every column of a trail row: what a hash covers."""

LATER: Mapping[str, Any] = {
    "channel": "",
    "capacity": "",
    "seen": {},
    "votes": [],
    "token": "",
    "token_by": "",
    "changes_version": 1,
}
"""Columns that were added when there were seals already, with what rows of before have there. A
column that has just that is left out of the hash, so old seals fit and any other value breaks
them. Nothing may be taken out of here."""

BATCH = 1000
LOCK = 0x48414E44  # any number that nothing else in this database locks
WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
    AND relation = %s::regclass
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND pid IS DISTINCT FROM pg_backend_pid()
"""
"""Whoever inserts has this lock on the table from before the row's id is drawn to the very end."""

log = logging.getLogger(__name__)

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


# -- the hash ---------------------------------------------------------------------------------


def link_hash(before: str, position: int, sealed_at: datetime, row: Sequence[Any]) -> str:
    """The hash of one link: over the hash before, its place and time, and the row's content
    (`row` has the values of `SEALED` in their order)."""
    pairs = zip(SEALED, row, strict=True)
    content = {name: v for name, v in pairs if name not in LATER or v != LATER[name]}
    content["recorded_at"] = _utc_text(content["recorded_at"])
    link = {"position": position, "sealed_at": _utc_text(sealed_at), "row": content}
    return hashlib.sha256(f"{before}\n{_encode(link)}".encode()).hexdigest()


def _utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


# -- sealing ----------------------------------------------------------------------------------


def seal_trail_rows(now: datetime, limit: int = 5000) -> int:
    """Seal up to `limit` committed rows; returns how many. 0 where another sealer is at it."""
    # Two locks: this one for the threads of a process, which share the mark, and the database's for
    # the processes.
    if not _sealing_lock.acquire(blocking=False):
        return 0
    try:
        return _seal_round(now, limit)
    finally:
        _sealing_lock.release()


def _seal_round(now: datetime, limit: int) -> int:
    if not _mark.look():
        return 0
    last, done = _mark.stands_at, 0
    if unsealed_events(above=last).exists():
        with transaction.atomic():
            if not _is_only_sealer():
                _mark.begin_again()
                return 0
            last, done = _seal_after(last, limit, now)
    if done < limit:
        _mark.move()
    else:
        _mark.stands_at = last
    return done


def seal_all(clock: Callable[[], datetime], *, seconds: float = 30.0) -> int:
    """Seal until nothing is left, another sealer is at it, or the time is up; returns how many."""
    end, done = time.monotonic() + seconds, 0
    while (sealed := seal_trail_rows(clock())) and time.monotonic() < end:
        done += sealed
    return done + sealed


def unsealed_events(*, above: int = 0) -> QuerySet[TrailEvent]:
    """Rows after this id that have no seal; the bound is on both sides, so that neither table is
    read from its beginning."""
    seals = TrailSeal.objects.filter(event_id=OuterRef("pk"), event_id__gt=above)
    return TrailEvent.objects.filter(~Exists(seals), pk__gt=above).order_by("pk")


def _is_only_sealer() -> bool:
    """Whether this transaction is the one that seals. On SQLite it is: it holds the one lock."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _seal_after(above: int, limit: int, now: datetime) -> tuple[int, int]:
    """Seal at most `limit` rows after this id; the last id that was sealed, and how many were."""
    done = 0
    while done < limit:
        most = min(BATCH, limit - done)
        ids, rows = _next_rows(above, most)
        if rows:
            _append_seals(rows, now)
        if ids:
            above, done = ids[-1], done + len(ids)
        if len(ids) < most:
            break
    return above, done


def _next_rows(above: int, most: int) -> tuple[list[int], list[tuple[Any, ...]]]:
    """The next rows without a seal: their ids, and those of them that can be read. One that
    cannot be read is never sealed, which `verify` says; it stops no other."""
    rows = unsealed_events(above=above)
    try:
        readable_rows = list(rows.values_list(*SEALED)[:most])
        return [row[0] for row in readable_rows], readable_rows
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("A row of the trail cannot be read.")
    ids = list(rows.values_list("pk", flat=True)[:most])
    return ids, [row for pk in ids for row in _row_of(pk)]


def _row_of(pk: int) -> list[tuple[Any, ...]]:
    try:
        return list(TrailEvent.objects.filter(pk=pk).values_list(*SEALED))
    except (DataError, ValueError, OverflowError):
        log.warning("Row %s of the trail cannot be read and is not sealed.", pk)
        return []


def _append_seals(rows: Sequence[tuple[Any, ...]], now: datetime) -> None:
    position, before = end_of_chain()
    seals = []
    for row in rows:
        position += 1
        before = link_hash(before, position, now, row)
        seals.append(TrailSeal(position=position, event_id=row[0], hash=before, sealed_at=now))
    TrailSeal.objects.bulk_create(seals)


def end_of_chain() -> tuple[int, str]:
    """Position and hash of the last link; 0 and the root where there is none."""
    last = TrailSeal.objects.order_by("-position").values_list("position", "hash").first()
    return last or (0, ROOT)


# -- how far all is sealed --------------------------------------------------------------------


class _SealedMark:
    """The id up to which every row that will ever be there is sealed, as this process knows it.

    Only a matter of speed: it begins at 0 (one look at everything) and is kept nowhere. On
    PostgreSQL a transaction may still commit a lower id than one that is sealed. Such a one holds
    its lock on the table since before it drew the id, so an id is taken over once none of those
    that held the lock when it was the highest does any more, and all after the mark has been
    looked at since. `stands_at` is how far that round has come; a round may take many
    transactions.
    """

    def __init__(self) -> None:
        self.id = 0
        self.stands_at = 0
        self._seen: tuple[int, frozenset[str]] | None = None
        self._next: tuple[int, frozenset[str]] | None = None

    def look(self) -> bool:
        """At the beginning of a round: the highest id, then who may still commit one below it.
        False where all up to the highest is known to be sealed."""
        highest = _highest_event_id()
        if highest < self.stands_at:  # rows are gone: the database is another than it was
            self.forget()
        if self._seen is None or self.stands_at == self.id:
            self._seen = (highest, _writing_transactions())
        return highest > self.id

    def move(self) -> None:
        """The round is over, all is sealed: take over what nobody can add to any more."""
        assert self._seen is not None
        highest, writers = self._seen
        if not writers:
            self.id, self._next = highest, None
        elif self._next is None:
            self._next = self._seen
        elif not self._next[1] & writers:
            self.id, self._next = self._next[0], self._seen
        self.begin_again()

    def begin_again(self) -> None:
        """The next round begins at the mark."""
        self.stands_at, self._seen = self.id, None

    def forget(self) -> None:
        """Look at everything the next time."""
        self.id = self.stands_at = 0
        self._seen = self._next = None


def _writing_transactions() -> frozenset[str]:
    """The transactions that write to the trail now. On SQLite ids commit in their order."""
    if connection.vendor != "postgresql":
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(WRITERS, [TrailEvent._meta.db_table])
        return frozenset(row[0] for row in cursor.fetchall())


def _highest_event_id() -> int:
    return TrailEvent.objects.aggregate(highest=Max("pk"))["highest"] or 0


_mark = _SealedMark()
_sealing_lock = threading.Lock()
"""The mark is one for all threads of a process, so only one of them seals at a time."""


def reset_sealed_mark() -> None:
    """Let the next sealing look at every row, whatever was known."""
    _mark.forget()
