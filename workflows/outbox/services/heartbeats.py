"""Writing down that worker and clock are alive, and what a round of the clock could not do.

Cheap, for it is done all day: a round that goes well is written down every few seconds at most.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F

from workflows.outbox.heartbeat_models import Heartbeat, Trouble

log = logging.getLogger(__name__)

EVERY_SECONDS = 10.0
"""So often a sign of life that says nothing new is written down."""
MOST_TROUBLES = 100
"""So many troubles of one round are kept; more tell nobody more."""

_written_at: dict[str, float] = {}
_logged_failures: set[tuple[str, str]] = set()
MOST_LOGGED_FAILURES = 1000


def forget_heartbeats() -> None:
    """Write each sign of life down the next time, however short ago the last was."""
    _written_at.clear()
    _logged_failures.clear()


def record_sign_of_life(name: str, now: datetime) -> None:
    """`name` is alive. Whatever the database says to that stops nobody's work."""
    if not _is_write_due(name):
        return
    with suppress(DatabaseError), transaction.atomic():
        _write_heartbeat(name, now, heard_at=now)


def record_round_success(name: str, now: datetime) -> None:
    """A round of the clock has ended as it should."""
    if not _is_write_due(name):
        return
    with suppress(DatabaseError), transaction.atomic():
        _write_heartbeat(name, now, heard_at=now, well_at=now, failures=0, error="")


def record_round_failure(name: str, why: str, now: datetime) -> None:
    """A round of the clock has ended with an error."""
    _written_at.pop(name, None)
    with suppress(DatabaseError), transaction.atomic():
        _write_heartbeat(
            name, now, heard_at=now, failed_at=now, failures=F("failures") + 1, error=why[:2000]
        )


def find_last_round_ends(names: list[str]) -> dict[str, datetime]:
    """When each of these rounds last ended well, as far as it is known."""
    rows = Heartbeat.objects.filter(name__in=names, well_at__isnull=False)
    return {row.name: row.well_at for row in rows if row.well_at is not None}


def _is_write_due(name: str) -> bool:
    now = time.monotonic()
    if now - _written_at.get(name, -EVERY_SECONDS) < EVERY_SECONDS:
        return False
    _written_at[name] = now
    return True


def _write_heartbeat(name: str, now: datetime, **values: Any) -> None:
    if Heartbeat.objects.filter(name=name).update(**values):
        return
    initial = {key: 1 if key == "failures" and value else value for key, value in values.items()}
    Heartbeat.objects.bulk_create([Heartbeat(name=name, **initial)], ignore_conflicts=True)


def run_as_round(name: str, action: Callable[[], Any], clock: Callable[[], datetime]) -> None:
    """Run a round of the clock and write down how it ended; an error goes on to the caller."""
    try:
        action()
    except Exception as problem:
        record_round_failure(name, describe_error(problem), clock())
        raise
    record_round_success(name, clock())


def describe_error(problem: Exception) -> str:
    """An error for the eyes of those who run the site: its kind and its text, not where it was."""
    return f"{type(problem).__name__}: {problem}"[:500]


# -- one bad row stops nothing else -----------------------------------------------------------


def _log_failure_once(name: str, unit: object, problem: Exception) -> None:
    """Log a thing that fails whole, the first time: it will fail each minute, and fill no log."""
    if len(_logged_failures) >= MOST_LOGGED_FAILURES:
        _logged_failures.clear()
    if (name, str(unit)) not in _logged_failures:
        _logged_failures.add((name, str(unit)))
        log.error("The round '%s' sets %s aside.", name, unit, exc_info=problem)


class RoundUnits:
    """The things that a round works through: each in a transaction of its own, and what goes
    wrong with one is written down and stops no other."""

    def __init__(self, round: str, now: datetime) -> None:  # noqa: A002  the model's word
        self.round, self.now = round, now
        self.failing: dict[str, str] = {}

    @contextmanager
    def isolate_unit(self, unit: object, *, in_one: bool = True) -> Iterator[None]:
        """One of them; `in_one` transaction, unless it makes its own. A database that does not
        answer is no fault of the thing: that goes on up."""
        try:
            with transaction.atomic() if in_one else nullcontext():
                yield
        except (OperationalError, InterfaceError):
            raise
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is this thing's alone
            _log_failure_once(self.round, unit, problem)
            self.failing[str(unit)[:200]] = describe_error(problem)

    def close(self) -> None:
        """Write down what failed, and take away what does not any more."""
        recorded = set(Trouble.objects.filter(round=self.round).values_list("unit", flat=True))
        if not recorded and not self.failing:
            return
        Trouble.objects.filter(round=self.round, unit__in=recorded - set(self.failing)).delete()
        for unit, error in list(self.failing.items())[:MOST_TROUBLES]:
            row, is_new = Trouble.objects.get_or_create(
                round=self.round,
                unit=unit,
                defaults={"error": error, "since": self.now, "last_at": self.now},
            )
            if not is_new:
                Trouble.objects.filter(pk=row.pk).update(
                    error=error, last_at=self.now, times=F("times") + 1
                )


@contextmanager
def open_round_units(round: str, now: datetime) -> Iterator[RoundUnits]:  # noqa: A002  the model's word
    """A round's work through its things, with what failed written down at the end."""
    round_units = RoundUnits(round, now)
    yield round_units
    round_units.close()
