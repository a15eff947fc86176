"""Run it: `python -m tests.acceptance.holding --clients 8 --rounds 200 --kills 20`.

A Handoff of its own (DATABASE_URL says on which database, whose name ends in _kill; else SQLite)
has a room, three cars and a budget. Clients, each a process, ask for them at the same times and
decide on what was asked, and are killed at random. All the while it is looked whether two have a
room, four have a car, or more is held and spent than there is. Prints the table; ends with 1 where
a line of it is not as it must be.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from tests.acceptance.moving.__main__ import ROOT, Line

CAPACITIES = {"blue": 1, "cars": 3}


def prepare(home: Path) -> None:
    """Tables, people, resources and a published map."""
    os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", HANDOFF_VAR=str(home))
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        from tests.acceptance.kill.__main__ import empty_database

        empty_database(os.environ["DATABASE_URL"])
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from tests.migrated import copy_migrated

    if connection.vendor == "sqlite":
        copy_migrated(settings.VAR)
    call_command("migrate", verbosity=0)
    furnish()


def furnish() -> None:
    """What there is to be had, and the map by which it is asked for."""
    from tests.factories import NOW
    from tests.workflows.resource_scenes import (
        build_period,
        build_resource,
        desk_step,
        make_room,
        publish_room_map,
        room_map,
    )
    from workflows.persistence.row_edits import RowEdits
    from workflows.resources.services.resources import save_resource

    owner = make_room("blue").owner
    make_room("cars", capacity=CAPACITIES["cars"])
    budget = build_resource(
        "4711", owner=owner, kind="budget", group="cost-centres", currency="EUR"
    )
    years = build_period(budget, "100.00", date(2020, 1, 1), date(2040, 12, 31))
    save_resource(budget, RowEdits(added=[years]), by=owner, now=NOW)
    takes = {
        "books": {"resource": "room", "from": "starts", "until": "ends"},
        "spends": {"budget": "cost_centre", "amount": "total"},
    }
    data = room_map({"take": desk_step(confirms=["take"], **takes)})
    publish_room_map(data)


class Clients:
    """The processes; one that was killed or is through is followed until all rounds are done."""

    def __init__(self, count: int, rounds: int, log: Path, chance: random.Random) -> None:
        self.chance, self.rounds, self.log = chance, rounds, log
        self.killed = self.fell = 0
        self.running = [self._start() for _ in range(count)]

    def _start(self) -> subprocess.Popen[bytes]:
        seed = str(self.chance.randrange(10**9))
        command = [sys.executable, "-m", "tests.acceptance.holding.client", seed, str(self.rounds)]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    def kill_one(self) -> None:
        """One of those that run is gone, and another is there in its place."""
        alive = [process for process in self.running if process.poll() is None]
        if alive:
            process = self.chance.choice(alive)
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.killed += 1
            self.running[self.running.index(process)] = self._start()

    @property
    def are_through(self) -> bool:
        """Whether all rounds are done; who ended badly is counted."""
        ended = [process.poll() for process in self.running]
        self.fell = sum(code not in (None, 0) for code in ended)
        return None not in ended

    def stop(self) -> None:
        """End those that are left."""
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()


def watch(clients: Clients, kills: int, every: float) -> tuple[dict[str, int], int, int]:
    """Kill at random and look all the while; how many were had at once at most, how often a budget
    was miscounted, and how often it was looked."""
    from tests.acceptance.holding.judging import miscounted_periods, most_at_once

    most: dict[str, int] = dict.fromkeys(CAPACITIES, 0)
    wrong = looks = 0
    next_kill = time.monotonic() + every
    while not clients.are_through:
        for key, number in most_at_once().items():
            most[key] = max(most[key], number)
        wrong += miscounted_periods()
        looks += 1
        if clients.killed < kills and time.monotonic() > next_kill:
            clients.kill_one()
            next_kill = time.monotonic() + clients.chance.uniform(0.3, 1.5)
        time.sleep(0.05)
    return most, wrong, looks


def run(count: int, rounds: int, kills: int, seed: int) -> int:
    """The whole of it; the exit code."""
    home = Path(tempfile.mkdtemp(prefix="handoff-holding-"))
    prepare(home)
    from tests.acceptance.holding.judging import lines

    log = home / "clients.log"
    clients = Clients(count, rounds, log, random.Random(seed))
    began = time.monotonic()
    try:
        most, wrong, looks = watch(clients, kills, every=3.0)
    finally:
        clients.stop()
    said = log.read_text(errors="replace")
    table: list[Line] = [
        ("clients", count, True),
        ("rounds done", said.count("made") + said.count("refused"), True),
        ("refused", said.count("refused"), "refused" in said),
        ("decided by another before", said.count(" late"), True),
        ("killed with SIGKILL", clients.killed, clients.killed == kills),
        ("ended with an error", clients.fell, clients.fell == 0 and "Traceback" not in said),
        ("looked", looks, looks > 0),
        ("at once at most", most, all(most[key] <= n for key, n in CAPACITIES.items())),
        ("budgets miscounted on the way", wrong, wrong == 0),
        ("seconds", round(time.monotonic() - began, 1), True),
        *lines(CAPACITIES),
    ]
    for what, how_much, fine in table:
        print(f"{'' if fine else 'WRONG  '}{what:<45} {how_much}")
    is_fine = all(fine for *_, fine in table)
    if not is_fine:
        print(said[-3000:])
    shutil.rmtree(home, ignore_errors=True)
    return 0 if is_fine else 1


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20261127)
    said: Any = parser.parse_args()
    return run(said.clients, said.rounds, said.kills, said.seed)


if __name__ == "__main__":
    sys.exit(main())
