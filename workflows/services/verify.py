"""Walks the trail's chain from its beginning and names what does not fit.

Nothing is written, and memory stays flat: seals are read in batches by position, each with its
rows. The row at which the chain breaks is named with what can be known of it. A break does not
hide the next: the walk goes on from the hash that is written there.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from workflows.engine.errors import InvalidInput
from workflows.models import (
    TemplateVersion,
    TrailEvent,
    TrailHead,
    TrailSeal,
    WorkflowInstance,
    WorkItem,
)
from workflows.models.runs import DONE
from workflows.models.seals import ROOT
from workflows.services.seals import SEALED, link_hash, unsealed

BATCH = 2000
GRACE = timedelta(minutes=10)
LATE = timedelta(days=1)
MOST = 1000
"""So many broken rows are named; all are counted."""

REPLAYED = (*WorkflowInstance.PAST, WorkflowInstance.DEMO)
"""Requests whose commands carry the time of what they tell of, not of when they were written."""

CHANGED, MISSING, GAP, UNSEALED, CUT, REWRITTEN, UNTOLD = (
    *("changed", "event_missing", "seals_missing", "unsealed", "cut_off", "head_differs"),
    "untold",
)


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ended at the end of a day, as somebody has kept it."""

    day: str
    position: int
    hash: str
    is_outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One thing that does not fit: at which place of the chain, and in which row of the trail."""

    kind: str
    position: int | None
    event: int | None
    reference: str
    text: str


@dataclass(slots=True)
class Verified:
    """What was found: how many links, the last of them, and what is broken."""

    sealed: int = 0
    hash: str = ROOT
    found: int = 0
    broken: list[Broken] = field(default_factory=list)
    waiting: int = 0
    late: int = 0
    heads: int = 0
    outside: int = 0

    def add(self, broken: Broken) -> None:
        """Count it, and name it where there is room."""
        self.found += 1
        if len(self.broken) < MOST:
            self.broken.append(broken)


def read_head(text: str) -> Head:
    """A head as mails give it: DATE:POSITION:HASH. Raises InvalidInput."""
    parts = re.fullmatch(r"(\d{4}-\d\d-\d\d):([1-9]\d{0,17}):([0-9a-fA-F]{64})", text.strip())
    try:
        day = date.fromisoformat(parts[1]) if parts else None
    except ValueError:
        day = None
    if parts is None or day is None:
        raise InvalidInput(
            f"--head: '{text[:100]}' is not a head; write it as it was sent, DATE:POSITION:HASH."
        )
    return Head(day.isoformat(), int(parts[2]), parts[3].lower(), True)


def verify(*, now: datetime, heads: Iterable[Head] = (), everything: bool = False) -> Verified:
    """Walk the whole chain; stops at the first thing that is broken unless `everything`."""
    found = Verified()
    kept = [*heads, *_heads_kept_here()]
    found.heads, found.outside = len(kept), sum(head.is_outside for head in kept)
    for broken in _all_broken(found, kept, now):
        found.add(broken)
        if not everything:
            break
    return found


def _heads_kept_here() -> list[Head]:
    rows = TrailHead.objects.order_by("position").values_list("date", "position", "hash")
    return [Head(day.isoformat(), position, hash_, False) for day, position, hash_ in rows]


def _all_broken(found: Verified, heads: Sequence[Head], now: datetime) -> Iterator[Broken]:
    yield from _walk(found, heads)
    for head in sorted(heads, key=lambda head: head.position):
        if head.position > found.sealed:
            yield _cut_off(head, found.sealed)
    overdue = _overdue(now)
    for pk, reference, command in overdue.values_list("pk", "reference", "command").iterator():
        yield _never_sealed(pk, reference, command)
    yield from _untold()
    found.waiting = unsealed().count()


# -- what must have a row ---------------------------------------------------------------------


def _untold() -> Iterator[Broken]:
    """Requests, decisions and published maps that the trail does not tell of: a trail that was
    emptied with its seals fits itself, but not what stands beside it."""
    rows = TrailEvent.objects.filter(request=OuterRef("pk"))
    requests = WorkflowInstance.objects.filter(~Exists(rows)).order_by("pk")
    for request in requests.only("pk", "prefix").iterator():
        yield _no_row(request.reference, f"Request {request.reference}")
    told = TrailEvent.objects.filter(request=OuterRef("request"), work_item=OuterRef("pk"))
    lived = WorkItem.objects.exclude(request__source__in=WorkflowInstance.PAST)
    done = lived.filter(~Exists(told), state=DONE).select_related("request", "step")
    for item in done.order_by("pk").iterator():
        reference = item.request.reference
        yield _no_row(reference, f"The end of '{item.step}' of {reference} (task {item.pk})")
    published = TrailEvent.objects.filter(
        template=OuterRef("template"), version=OuterRef("number"), command="publish"
    )
    maps = TemplateVersion.objects.filter(~Exists(published)).exclude(published_at=None)
    for version in maps.select_related("template").order_by("pk"):
        yield _no_row("", f"The publication of {version.template.key} version {version.number}")


def _no_row(reference: str, what: str) -> Broken:
    return Broken(
        kind=UNTOLD, position=None, event=None, reference=reference,
        text=f"{what} has no row in the trail: the row was deleted, with its seal.",
    )  # fmt: skip


# -- the walk ---------------------------------------------------------------------------------


def _walk(found: Verified, heads: Sequence[Head]) -> Iterator[Broken]:
    """Each link in its order: its place, its row, its hash, and the heads that name it."""
    by_position: dict[int, list[Head]] = {}
    for head in heads:
        by_position.setdefault(head.position, []).append(head)
    is_known = True  # whether the hash of the place before is there to be gone on from
    for position, hash_, sealed_at, event, row in _links():
        if position != found.sealed + 1:
            yield _gap(found.sealed + 1, position - 1)
            is_known = False
        if row is None:
            yield _missing(position, event)
        else:
            found.late += sealed_at - row[1] > LATE
            right = link_hash(found.hash, position, sealed_at, row) == hash_
            if is_known and not right:
                yield _changed(position, row)
        for head in by_position.get(position, ()):
            if head.hash != hash_:
                yield _differs(head, event)
        found.sealed, found.hash, is_known = position, hash_, True


def _links() -> Iterator[tuple[int, str, datetime, int, tuple[Any, ...] | None]]:
    """Every seal with its row's content; None where the row is not there."""
    last = 0
    while True:
        seals = TrailSeal.objects.filter(position__gt=last).order_by("position")
        batch = list(seals.values_list("position", "hash", "sealed_at", "event_id")[:BATCH])
        events = TrailEvent.objects.filter(pk__in=[seal[3] for seal in batch])
        rows = {row[0]: row for row in events.order_by().values_list(*SEALED)}
        for position, hash_, sealed_at, event in batch:
            yield position, hash_, sealed_at, event, rows.get(event)
        if len(batch) < BATCH:
            return
        last = batch[-1][0]


def _overdue(now: datetime) -> Any:
    """Rows without a seal that should have one. The time of a replayed row says nothing; such a
    row is overdue when a later one was sealed long ago."""
    later = TrailSeal.objects.filter(event_id__gt=OuterRef("pk"), sealed_at__lt=now - GRACE)
    is_replayed = Q(request__source__in=REPLAYED)
    overtaken = Exists(later)
    old = Q(recorded_at__lt=now - GRACE) & ~Q(request__isnull=False, request__source__in=REPLAYED)
    return unsealed().filter(old | (is_replayed & overtaken))


# -- in words ---------------------------------------------------------------------------------


def _row(pk: int, reference: str, command: str) -> str:
    return f"{pk} ({command}{f' of {reference}' if reference else ''})"


def _changed(position: int, row: tuple[Any, ...]) -> Broken:
    content = dict(zip(SEALED, row, strict=True))
    pk, reference = content["id"], content["reference"]
    return Broken(
        kind=CHANGED, position=position, event=pk, reference=reference,
        text=f"Row {_row(pk, reference, content['command'])}, at place {position} of the chain,"
        " does not fit its seal: the row was changed, or the seal, or the place before it.",
    )  # fmt: skip


def _never_sealed(pk: int, reference: str, command: str) -> Broken:
    return Broken(
        kind=UNSEALED, position=None, event=pk, reference=reference,
        text=f"Row {_row(pk, reference, command)} was never sealed: it was put in past the sealer,"
        " its seal was taken away, or the sealer does not run.",
    )  # fmt: skip


def _missing(position: int, event: int) -> Broken:
    return Broken(
        kind=MISSING, position=position, event=event, reference="",
        text=f"Row {event}, at place {position} of the chain, is gone: it was deleted.",
    )  # fmt: skip


def _gap(first: int, last: int) -> Broken:
    places = f"Place {first} of the chain is" if first == last else f"Places {first} to {last} are"
    return Broken(
        kind=GAP, position=first, event=None, reference="",
        text=f"{places} missing: seals were deleted.",
    )  # fmt: skip


def _cut_off(head: Head, sealed: int) -> Broken:
    return Broken(
        kind=CUT, position=sealed + 1, event=None, reference="",
        text=f"The chain ends at place {sealed:,}, but on {head.day} it reached place"
        f" {head.position:,}: its end was cut off, or an older backup was restored.",
    )  # fmt: skip


def _differs(head: Head, event: int) -> Broken:
    where = "kept outside" if head.is_outside else "kept here"
    return Broken(
        kind=REWRITTEN, position=head.position, event=event, reference="",
        text=f"At place {head.position:,} (row {event}) the chain has another hash than the head of"
        f" {head.day} that was {where}: it was written anew, or the head was mistyped.",
    )  # fmt: skip
