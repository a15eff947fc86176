"""Worker and clock in one process, without a broker: `python -m config.background`.

The rounds of `CELERY_BEAT_SCHEDULE` are run here by threads of this process; they are the tasks
that Celery's worker runs where there is a broker. Nothing is kept in this process: what is to be
done stands in the outbox, and what a killed process had begun comes back with its lease.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import django
from celery import Celery
from celery.schedules import BaseSchedule, maybe_schedule
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone

from config.parent_process import end_with_parent, wait_for_gate

log = logging.getLogger(__name__)

THREADS_OF_ROUND = {"deliver": 4}
"""How many threads may be at one round; one where nothing is said. A call of an automation may
take minutes, and holds up nobody else's."""
PATIENCE_SECONDS = 6.0
QUIET_SECONDS = 60.0
"""A round that fails each second says so once in this time."""
STUCK_SECONDS = 3600.0
"""A round of each second that takes so long will not end: the process is given up."""


class Round:
    """One entry of the clock's schedule: when it is due, and what it does."""

    def __init__(
        self,
        name: str,
        act: Callable[[], Any],
        schedule: BaseSchedule | float,
        *,
        last: datetime | None = None,
    ) -> None:
        self.name, self.act = name, act
        self.every = float(schedule) if isinstance(schedule, int | float) else None
        self.schedule = maybe_schedule(schedule)
        self.last = last or datetime.now(UTC)
        self.next_at = time.monotonic()
        self.running: dict[threading.Thread, float] = {}
        self.failed, self.said_at = 0, 0.0

    def is_due(self, now: float) -> bool:
        """Whether it is to be begun now.

        Intervals go by a clock that nobody sets; what has an hour of the day goes by the wall.
        """
        if now < self.next_at:
            return False
        self.next_at = now + (self.every or 10.0)
        if self.every is not None:
            return True
        due: bool = self.schedule.is_due(self.last).is_due
        if due:
            self.last = datetime.now(UTC)
        return due

    def begin(self) -> None:
        """Run it in a thread of its own, unless enough are at it already."""
        self.running = {
            worker: since for worker, since in self.running.items() if worker.is_alive()
        }
        if len(self.running) < THREADS_OF_ROUND.get(self.name, 1):
            thread = threading.Thread(target=self._run_once, name=self.name, daemon=True)
            self.running[thread] = time.monotonic()
            thread.start()

    def is_stuck(self, now: float) -> bool:
        """Whether it has been at something for so long that it will not end."""
        often = self.every is not None and self.every <= 60
        return often and any(now - since > STUCK_SECONDS for since in self.running.values())

    def _run_once(self) -> None:
        try:
            self.act()
            self.failed = 0
        except Exception as problem:  # noqa: BLE001 - one round that fails stops no other
            self._log_failure(problem)
        finally:
            connections.close_all()

    def _log_failure(self, problem: Exception) -> None:
        """Log what happened: whole at first, then now and then in a line, so that no log fills."""
        self.failed += 1
        now = time.monotonic()
        if self.failed == 1:
            log.error("The round '%s' failed.", self.name, exc_info=problem)
        elif now - self.said_at > QUIET_SECONDS:
            log.error("The round '%s' failed %s times: %s", self.name, self.failed, problem)
        else:
            return
        self.said_at = now


class Background:
    """All rounds, until it is told to stop."""

    def __init__(self, rounds: list[Round], beat: Callable[[], None] = lambda: None) -> None:
        self.rounds, self.beat = rounds, beat
        self.stop = threading.Event()

    def run(self) -> int:
        """Begin what is due, each second; the exit code."""
        while not self.stop.wait(0.2):
            now = time.monotonic()
            self.beat()
            for clock_round in self.rounds:
                if clock_round.is_stuck(now):
                    log.error(
                        "The round '%s' does not end; this process is given up.", clock_round.name
                    )
                    return 1
                if clock_round.is_due(now):
                    clock_round.begin()
        limit = time.monotonic() + PATIENCE_SECONDS
        for clock_round in self.rounds:
            for thread in clock_round.running:
                thread.join(max(0.0, limit - time.monotonic()))
        return 0

    def stop_on_signal(self, number: int, frame: FrameType | None) -> None:
        """A signal: stop after what is being done."""
        self.stop.set()


def read_tasks() -> Celery:
    """Celery's app, with all tasks imported."""
    from config.celery import app

    app.loader.import_default_modules()
    return app


def load_clock_rounds(schedule: Mapping[str, Mapping[str, Any]]) -> list[Round]:
    """The rounds of the clock's schedule, with the tasks that they run."""
    from workflows.outbox.services.heartbeats import find_last_round_ends

    app = read_tasks()
    try:
        last = find_last_round_ends(list(schedule))
    except DatabaseError:  # it may answer later; what was missed while this was down is left out
        log.warning("The database does not answer yet.", exc_info=True)
        last = {}
    return [
        Round(name, app.tasks[entry["task"]], entry["schedule"], last=last.get(name))
        for name, entry in schedule.items()
    ]


def write_clock_heartbeat() -> None:
    """Say that the clock is alive; a database that does not answer stops no round."""
    from workflows.outbox.heartbeat_models import Heartbeat
    from workflows.outbox.services.heartbeats import record_sign_of_life

    try:
        close_old_connections()
        record_sign_of_life(Heartbeat.CLOCK, timezone.now())
    except Exception:
        log.debug("No sign of life could be written.", exc_info=True)


def run_background() -> int:
    """Run until told to stop, or until the process that started this one is gone."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    read_tasks()
    wait_for_gate()
    all_rounds = Background(load_clock_rounds(settings.CELERY_BEAT_SCHEDULE), write_clock_heartbeat)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, all_rounds.stop_on_signal)
    end_with_parent()
    return all_rounds.run()


if __name__ == "__main__":
    status = run_background()
    logging.shutdown()
    # What is still at work is left: its messages come back with their leases.
    sys.stderr.flush()
    os._exit(status)
