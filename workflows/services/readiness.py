"""Whether the machine behind the pages works: database, migrations, worker, clock, outbox, seals.

Each answer is a code with a sentence, and is read from rows that worker and clock wrote: a
process that is there and does nothing does not pass.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import Max

from workflows.models import Heartbeat, OutboxMessage, TrailEvent, Trouble
from workflows.models.outbox import WAITING
from workflows.services.health import CLOCK, oldest_of
from workflows.services.seals import unsealed
from workflows.services.verify import REPLAYED

DATABASE, MIGRATIONS, OUTBOX, SEALS = "database", "migrations", "outbox", "seals"
ROUNDS, ASIDE = "rounds", "set_aside"
LOOKED_AT = 5000
"""So many of the newest rows of the trail are looked at for their seals."""
MOST = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One question, whether it is answered well, and the answer in a sentence."""

    name: str
    is_well: bool
    text: str


def readiness(*, now: datetime) -> list[Check]:
    """All that a site needs to work at this moment; never raises for a database that is away."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return [Check(DATABASE, False, "The database does not answer.")]
    answers = [Check(DATABASE, True, "The database answers.")]
    missing = _missing_migrations()
    answers.append(
        Check(MIGRATIONS, not missing, f"{missing} migrations are to be applied: run `migrate`.")
        if missing
        else Check(MIGRATIONS, True, "All migrations are applied.")
    )
    return answers if missing else [*answers, *machine(now=now)]


def machine(*, now: datetime) -> list[Check]:
    """Worker, clock, outbox, rounds and seals; for a database that has its tables."""
    beats = {row.name: row for row in Heartbeat.objects.all()}
    return [
        *(_heard(name, beats.get(name), now) for name in (Heartbeat.WORKER, Heartbeat.CLOCK)),
        _outbox(now),
        _rounds(beats),
        _set_aside(),
        _seals(now),
    ]


def _missing_migrations() -> int:
    """How many migrations this code has that the database has not."""
    if _all_applied.cache_info().currsize:
        return 0
    loader = MigrationLoader(connection)
    missing = len(set(loader.graph.nodes) - set(loader.applied_migrations))
    if not missing:
        _all_applied()
    return missing


@lru_cache(maxsize=1)
def _all_applied() -> bool:
    """Once all are applied they stay so while this process runs: it is not asked again."""
    return True


def _heard(name: str, beat: Heartbeat | None, now: datetime) -> Check:
    if beat is None:
        return Check(name, False, f"The {name} was never heard: start it.")
    ago = now - beat.heard_at
    if ago < -CLOCK:
        return Check(
            name, False,
            f"The {name}'s clock is {_span(-ago)} ahead of this machine's: set both right.",
        )  # fmt: skip
    if ago > CLOCK:
        return Check(name, False, f"The {name} was last heard {_span(ago)} ago: start it.")
    return Check(name, True, f"The {name} was heard {_span(max(ago, timedelta(0)))} ago.")


def _outbox(now: datetime) -> Check:
    due = OutboxMessage.objects.filter(state=WAITING, run_after__lte=now)
    oldest = due.aggregate(oldest=oldest_of("run_after"))["oldest"]
    if oldest is not None and now - oldest > CLOCK:
        return Check(OUTBOX, False, f"The oldest message is due for {_span(now - oldest)}.")
    return Check(OUTBOX, True, "Nothing that is due waits.")


def _rounds(beats: dict[str, Heartbeat]) -> Check:
    bad = [row for row in beats.values() if row.failures]
    if bad:
        said = "; ".join(f"'{row.name}' {row.failures} times in a row: {row.error}" for row in bad)
        return Check(ROUNDS, False, f"Rounds of the clock fail: {said}"[:1000])
    return Check(ROUNDS, True, "The rounds of the clock end well.")


def _set_aside() -> Check:
    rows = [f"{row} ({row.error})" for row in Trouble.objects.all()[:MOST]]
    if rows:
        return Check(ASIDE, False, f"Rounds of the clock set aside: {'; '.join(rows)}"[:2000])
    return Check(ASIDE, True, "The rounds of the clock set nothing aside.")


def _seals(now: datetime) -> Check:
    highest = TrailEvent.objects.aggregate(highest=Max("pk"))["highest"] or 0
    late = unsealed(above=max(highest - LOOKED_AT, 0)).filter(recorded_at__lt=now - CLOCK)
    late = late.exclude(request__isnull=False, request__source__in=REPLAYED)
    count = late.count()
    if count:
        return Check(SEALS, False, f"{count} rows of the trail wait for their seals.")
    return Check(SEALS, True, "The trail is sealed.")


def _span(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} minutes" if seconds < 7200 else f"{seconds // 3600} hours"
