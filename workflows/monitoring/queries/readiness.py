"""Whether the machine behind the pages works: database, migrations, worker, clock, outbox, seals.

Each answer is a code with what it rests on, and is read from rows that worker and clock wrote: a
process that is there and does nothing does not pass.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import Max

from workflows.monitoring.facts import (
    FailingRound,
    HeartbeatState,
    MachinePart,
    ReadinessCheck,
    UnitSetAside,
)
from workflows.monitoring.queries.step_health import CLOCK_TOLERANCE, earliest_valid_moment
from workflows.monitoring.queries.trail_verification import REPLAYED
from workflows.outbox.heartbeat_models import Heartbeat, Trouble
from workflows.outbox.models import WAITING, OutboxMessage
from workflows.trail.models import TrailEvent
from workflows.trail.services.sealing import unsealed_events

LOOKED_AT = 5000
"""So many of the newest rows of the trail are looked at for their seals."""
MOST = 20


def check_readiness(*, now: datetime) -> list[ReadinessCheck]:
    """All that a site needs to work at this moment; never raises for a database that is away."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return [ReadinessCheck(part=MachinePart.DATABASE, is_well=False)]
    answers = [ReadinessCheck(part=MachinePart.DATABASE, is_well=True)]
    missing = _missing_migrations()
    answers.append(ReadinessCheck(part=MachinePart.MIGRATIONS, is_well=not missing, count=missing))
    return answers if missing else [*answers, *check_background_processes(now=now)]


def check_background_processes(*, now: datetime) -> list[ReadinessCheck]:
    """Worker, clock, outbox, rounds and seals; for a database that has its tables."""
    beats = {row.name: row for row in Heartbeat.objects.all()}
    return [
        *(_check_heartbeat(part, beats.get(name), now) for name, part in _HEARTBEAT_PARTS.items()),
        _check_outbox(now),
        _check_clock_rounds(beats),
        _check_set_aside(),
        _check_seals(now),
    ]


def _missing_migrations() -> int:
    """How many migrations this code has that the database has not."""
    if _are_all_migrations_applied.cache_info().currsize:
        return 0
    loader = MigrationLoader(connection)
    missing = len(set(loader.graph.nodes) - set(loader.applied_migrations))
    if not missing:
        _are_all_migrations_applied()
    return missing


@lru_cache(maxsize=1)
def _are_all_migrations_applied() -> bool:
    """Once all are applied they stay so while this process runs: it is not asked again."""
    return True


_HEARTBEAT_PARTS = {
    Heartbeat.WORKER: MachinePart.WORKER,
    Heartbeat.CLOCK: MachinePart.CLOCK,
}


def _check_heartbeat(part: MachinePart, beat: Heartbeat | None, now: datetime) -> ReadinessCheck:
    state, span = _read_heartbeat(beat, now)
    is_well = state is HeartbeatState.HEARD
    return ReadinessCheck(part=part, is_well=is_well, heartbeat=state, span=span)


def _read_heartbeat(beat: Heartbeat | None, now: datetime) -> tuple[HeartbeatState, timedelta]:
    """Whether the process lives, and how long ago it was heard or how far ahead its clock is."""
    if beat is None:
        return HeartbeatState.NEVER, timedelta(0)
    ago = now - beat.heard_at
    if ago < -CLOCK_TOLERANCE:
        return HeartbeatState.AHEAD, -ago
    if ago > CLOCK_TOLERANCE:
        return HeartbeatState.SILENT, ago
    return HeartbeatState.HEARD, max(ago, timedelta(0))


def _check_outbox(now: datetime) -> ReadinessCheck:
    due = OutboxMessage.objects.filter(state=WAITING, run_after__lte=now)
    oldest = due.aggregate(oldest=earliest_valid_moment("run_after"))["oldest"]
    overdue = now - oldest if oldest is not None else timedelta(0)
    return ReadinessCheck(part=MachinePart.OUTBOX, is_well=overdue <= CLOCK_TOLERANCE, span=overdue)


def _check_clock_rounds(beats: dict[str, Heartbeat]) -> ReadinessCheck:
    failing = tuple(
        FailingRound(row.name, row.failures, row.error) for row in beats.values() if row.failures
    )
    return ReadinessCheck(part=MachinePart.ROUNDS, is_well=not failing, failing_rounds=failing)


def _check_set_aside() -> ReadinessCheck:
    units = tuple(UnitSetAside(str(row), row.error) for row in Trouble.objects.all()[:MOST])
    return ReadinessCheck(part=MachinePart.SET_ASIDE, is_well=not units, set_aside=units)


def _check_seals(now: datetime) -> ReadinessCheck:
    highest = TrailEvent.objects.aggregate(highest=Max("pk"))["highest"] or 0
    late = unsealed_events(above=max(highest - LOOKED_AT, 0)).filter(
        recorded_at__lt=now - CLOCK_TOLERANCE
    )
    late = late.exclude(request__isnull=False, request__source__in=REPLAYED)
    count = late.count()
    return ReadinessCheck(part=MachinePart.SEALS, is_well=not count, count=count)
