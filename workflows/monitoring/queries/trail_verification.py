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

from workflows.definitions.models import TemplateVersion
from workflows.engine.errors import InvalidInput
from workflows.execution.models import DONE, WorkflowInstance, WorkItem
from workflows.monitoring.facts import (
    ChainHead,
    SealedRow,
    TrailDefect,
    TrailDefectKind,
    UntoldPublication,
    UntoldTask,
)
from workflows.trail.changes import SignatureRecord
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent
from workflows.trail.seal_models import ROOT, TrailHead, TrailSeal
from workflows.trail.services.sealing import SEALED, link_hash, unsealed_events
from workflows.trail.signature_digest import digest_of_seen, digest_of_signature

BATCH = 2000
GRACE = timedelta(minutes=10)
LATE = timedelta(days=1)
MOST = 1000
"""So many broken rows are named; all are counted."""

REPLAYED = (*WorkflowInstance.PAST, WorkflowInstance.DEMO)
"""Requests whose commands carry the time of what they tell of, not of when they were written."""


@dataclass(slots=True)
class VerificationResult:
    """What was found: how many links, the last of them, and what is broken."""

    sealed: int = 0
    hash: str = ROOT
    broken_count: int = 0
    broken: list[TrailDefect] = field(default_factory=list)
    waiting: int = 0
    late: int = 0
    heads: int = 0
    outside: int = 0

    def add(self, broken: TrailDefect) -> None:
        """Count it, and name it where there is room."""
        self.broken_count += 1
        if len(self.broken) < MOST:
            self.broken.append(broken)


def parse_chain_head(text: str) -> ChainHead:
    """A head as mails give it: DATE:POSITION:HASH. Raises InvalidInput."""
    parts = re.fullmatch(r"(\d{4}-\d\d-\d\d):([1-9]\d{0,17}):([0-9a-fA-F]{64})", text.strip())
    try:
        day = date.fromisoformat(parts[1]) if parts else None
    except ValueError:
        day = None
    if parts is None or day is None:
        raise InvalidInput(
            "--head: '%(written)s' is not a head; write it as it was sent, DATE:POSITION:HASH.",
            written=text[:100],
        )
    return ChainHead(day.isoformat(), int(parts[2]), parts[3].lower(), True)


def verify_trail(
    *, now: datetime, heads: Iterable[ChainHead] = (), everything: bool = False
) -> VerificationResult:
    """Walk the whole chain; stops at the first thing that is broken unless `everything`."""
    result = VerificationResult()
    all_heads = [*heads, *_stored_heads()]
    result.heads, result.outside = len(all_heads), sum(head.is_outside for head in all_heads)
    for broken in _find_defects(result, all_heads, now):
        result.add(broken)
        if not everything:
            break
    return result


def _stored_heads() -> list[ChainHead]:
    rows = TrailHead.objects.order_by("position").values_list("date", "position", "hash")
    return [ChainHead(day.isoformat(), position, hash_, False) for day, position, hash_ in rows]


def _find_defects(
    result: VerificationResult, heads: Sequence[ChainHead], now: datetime
) -> Iterator[TrailDefect]:
    yield from _walk_chain(result, heads)
    for head in sorted(heads, key=lambda head: head.position):
        if head.position > result.sealed:
            yield TrailDefect(
                kind=TrailDefectKind.CUT,
                position=result.sealed + 1,
                last=result.sealed,
                head=head,
            )
    overdue = _overdue_rows(now)
    for pk, reference, command in overdue.values_list("pk", "reference", "command").iterator():
        yield TrailDefect(
            kind=TrailDefectKind.UNSEALED,
            event=pk,
            reference=reference,
            row=SealedRow(pk, command, reference),
        )
    yield from _find_unrecorded_facts()
    result.waiting = unsealed_events().count()


# -- what must have a row ---------------------------------------------------------------------


def _find_unrecorded_facts() -> Iterator[TrailDefect]:
    """Requests, decisions and published maps that the trail does not tell of: a trail that was
    emptied with its seals fits itself, but not what stands beside it."""
    rows = TrailEvent.objects.filter(request=OuterRef("pk"))
    requests = WorkflowInstance.objects.filter(~Exists(rows)).order_by("pk")
    for instance in requests.only("pk", "prefix").iterator():
        yield TrailDefect(kind=TrailDefectKind.UNTOLD, reference=instance.reference)
    task_events = TrailEvent.objects.filter(request=OuterRef("request"), work_item=OuterRef("pk"))
    lived = WorkItem.objects.exclude(request__source__in=WorkflowInstance.PAST)
    done = lived.filter(~Exists(task_events), state=DONE).select_related("request", "step")
    for item in done.order_by("pk").iterator():
        yield TrailDefect(
            kind=TrailDefectKind.UNTOLD,
            reference=item.request.reference,
            untold=UntoldTask(item.pk, str(item.step)),
        )
    published = TrailEvent.objects.filter(
        template=OuterRef("template"), version=OuterRef("number"), command=TrailCommand.PUBLISH
    )
    maps = TemplateVersion.objects.filter(~Exists(published)).exclude(published_at=None)
    for version in maps.select_related("template").order_by("pk"):
        publication = UntoldPublication(version.template.key, version.number)
        yield TrailDefect(kind=TrailDefectKind.UNTOLD, untold=publication)


# -- the walk ---------------------------------------------------------------------------------


def _walk_chain(result: VerificationResult, heads: Sequence[ChainHead]) -> Iterator[TrailDefect]:
    """Each link in its order: its place, its row, its hash, and the heads that name it."""
    by_position: dict[int, list[ChainHead]] = {}
    for head in heads:
        by_position.setdefault(head.position, []).append(head)
    is_known = True  # whether the hash of the place before is there to be gone on from
    for position, hash_, sealed_at, event, row in _read_links():
        if position != result.sealed + 1:
            yield TrailDefect(
                kind=TrailDefectKind.GAP, position=result.sealed + 1, last=position - 1
            )
            is_known = False
        if row is None:
            yield TrailDefect(kind=TrailDefectKind.MISSING, position=position, event=event)
        else:
            result.late += sealed_at - row[1] > LATE
            right = link_hash(result.hash, position, sealed_at, row) == hash_
            if is_known and not right:
                yield _row_defect(TrailDefectKind.CHANGED, position, row)
            if not _signature_fits(row):
                yield _row_defect(TrailDefectKind.SIGNATURE, position, row)
        for head in by_position.get(position, ()):
            if head.hash != hash_:
                yield TrailDefect(
                    kind=TrailDefectKind.REWRITTEN, position=position, event=event, head=head
                )
        result.sealed, result.hash, is_known = position, hash_, True


def _read_links() -> Iterator[tuple[int, str, datetime, int, tuple[Any, ...] | None]]:
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


def _overdue_rows(now: datetime) -> Any:
    """Rows without a seal that should have one. The time of a replayed row says nothing; such a
    row is overdue when a later one was sealed long ago."""
    later = TrailSeal.objects.filter(event_id__gt=OuterRef("pk"), sealed_at__lt=now - GRACE)
    is_replayed = Q(request__source__in=REPLAYED)
    overtaken = Exists(later)
    old = Q(recorded_at__lt=now - GRACE) & ~Q(request__isnull=False, request__source__in=REPLAYED)
    return unsealed_events().filter(old | (is_replayed & overtaken))


def _signature_fits(content: tuple[Any, ...]) -> bool:
    """Whether a signature in a row is of what the row says; true where there is none. What was
    signed before signatures were bound is held against what was seen alone."""
    columns = dict(zip(SEALED, content, strict=True))
    changes, seen = columns["changes"], columns["seen"]
    written = changes.get("signature") if isinstance(changes, dict) else None
    if not written:
        return True
    try:
        signature = SignatureRecord(**written)
    except TypeError:
        return False
    if not isinstance(seen, dict):
        return False
    if not signature.digest == seen.get("digest") == digest_of_seen(seen.get("values", {})):
        return False
    return signature.bound is None or signature.bound == digest_of_signature(
        signature,
        signer=columns["actor_id"],
        request=columns["reference"],
        step=columns["step"],
        activation=columns["activation"],
        outcome=columns["outcome"],
        at=columns["recorded_at"],
    )


def _row_defect(kind: TrailDefectKind, position: int, content: tuple[Any, ...]) -> TrailDefect:
    columns = dict(zip(SEALED, content, strict=True))
    row = SealedRow(columns["id"], columns["command"], columns["reference"])
    return TrailDefect(
        kind=kind,
        position=position,
        event=row.pk,
        reference=row.reference,
        row=row,
    )
