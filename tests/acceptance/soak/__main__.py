"""Run the soak: `python -m tests.acceptance.soak --minutes 60 --kills 20 --load 10`.

The real `make run` (its process, not its parts) on a data folder of its own; people ask and decide
over HTTP all the time, the machine is kept busy, and in the first two thirds of the time each of
its processes is killed with SIGKILL so many times. It must start them again, lose nothing, grow by
nothing, and leave nobody behind when it is killed itself. Prints the table; ends with 1 where a
line of it is not as it must be.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.acceptance.kill.judging import judge, unfinished
from tests.acceptance.kill.office import GONE, Client, Office
from tests.acceptance.kill.processes import ROOT, free_port
from tests.acceptance.kill.receiver import running
from tests.acceptance.kill.scene import furnish
from tests.acceptance.soak.machine import (
    Load,
    Memory,
    bytes_of,
    children_of,
    kill,
    of_group,
)

PATIENCE = 300.0
"""How long what is under way may take after the last request, in seconds."""
SECONDS_A_REQUEST = 2.0
"""A request in so many seconds is a busy day of a small team; the calls and tasks come on top."""
MOST_GROWTH = 30.0
"""Megabytes by which a process may grow after the last kill (caches fill in the first minutes)."""
WARM_MINUTES = 30
"""In a shorter run the processes are still warming up at the end; what they use is only shown."""
KINDS = ("web", "background", "web's processes")


class Run:
    """The `make run` under test."""

    def __init__(self, home: Path, port: int) -> None:
        self.said = home.parent / f"{home.name}.log"
        env = {**os.environ, "PORT": str(port)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.run"],
            cwd=ROOT,
            env=env,
            start_new_session=True,
            stdout=self.said.open("wb"),
            stderr=subprocess.STDOUT,
        )
        self.killed: Counter[str] = Counter()

    def comes_up(self, client: Client) -> bool:
        """Wait for the first answer."""
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit and self.process.poll() is None:
            try:
                if client.send("GET", "/inbox?limit=1")[0] == 200:
                    return True
            except GONE:
                time.sleep(0.5)
        return False

    def kill_a(self, kind: str, chance: random.Random) -> None:
        """SIGKILL one of this kind as soon as one is there."""
        limit = time.monotonic() + 90
        while time.monotonic() < limit:
            pids = self._pids(kind)
            if pids and kill(chance.choice(pids)):
                self.killed[kind] += 1
                return
            time.sleep(0.2)

    def _pids(self, kind: str) -> list[int]:
        mine = children_of(self.process.pid)
        if kind == "web's processes":
            webs = [pid for pid, what in mine.items() if what == "web"]
            return [pid for web in webs for pid in children_of(web)]
        return [pid for pid, what in mine.items() if what == kind]

    @property
    def deaths(self) -> Counter[str]:
        """What ended, by the lines that the run printed."""
        said = self.said.read_text(errors="replace")
        return Counter(
            {
                "web": len(re.findall(r"^The web server ended", said, re.M)),
                "background": len(re.findall(r"^The background ended", said, re.M)),
                "web's processes": len(re.findall(r"Worker \(pid:\d+\) (?:was sent|exited)", said)),
            }
        )

    def end(self) -> int:
        """Kill the supervisor alone; how many of its processes are still there after a while."""
        group = self.process.pid
        self.process.kill()
        self.process.wait()
        limit = time.monotonic() + 20
        while (left := of_group(group)) and time.monotonic() < limit:
            time.sleep(0.2)
        for pid in left:
            kill(pid)
        return len(left)


class Visitor:
    """Somebody who asks each second whether the site is there."""

    def __init__(self, port: int, token: str) -> None:
        self.client, self.stop = Client(port, token), threading.Event()
        self.asked = self.failed = 0
        self.longest = 0.0
        self.thread = threading.Thread(target=self._visit, daemon=True)

    def _visit(self) -> None:
        fine_at = time.monotonic()
        while not self.stop.wait(1.0):
            self.asked += 1
            try:
                status = self.client.send("GET", "/inbox?limit=1")[0]
            except GONE:
                status = 0
            now = time.monotonic()
            if status == 200:
                self.longest = max(self.longest, now - fine_at)
                fine_at = now
            else:
                self.failed += 1


def soak(
    run: Run, home: Path, load: Load, memory: Memory, *, minutes: float, kills: int, seed: int
) -> dict[str, int]:
    """Kill, load and measure until the time is up and each kill is made; the largest sizes of the
    files."""
    chance, began, most = random.Random(seed), time.monotonic(), Counter(bytes_of(home))
    end = began + minutes * 60
    times = sorted(chance.uniform(0.05, 0.66) for _ in range(kills * len(KINDS)))
    kinds = list(KINDS) * kills
    chance.shuffle(kinds)
    due = [(began + share * minutes * 60, kind) for share, kind in zip(times, kinds, strict=True)]
    measured_at = 0.0
    while ((now := time.monotonic()) < end or due) and run.process.poll() is None:
        if due and now >= due[0][0]:
            run.kill_a(due.pop(0)[1], chance)
        if now - measured_at >= 10:
            measured_at = now
            load.adjust()
            memory.sample(now - began, run.process.pid)
            most |= Counter(bytes_of(home))
        time.sleep(0.2)
    return dict(most)


def drain(run: Run, office: Office) -> float:
    """Wait until all is through; how many seconds it took."""
    from django.db import connection

    office.enough.set()
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE and run.process.poll() is None:
        if office.asked == len(office.started) and unfinished() == 0:
            break
        connection.close()
        time.sleep(0.5)
    return time.monotonic() - began


def seals_fit() -> bool:
    """Whether `verify_audit` finds the trail whole."""
    checked = subprocess.run(
        [sys.executable, "manage.py", "verify_audit"], cwd=ROOT, capture_output=True, check=False
    )
    return checked.returncode == 0


def table(
    run: Run, load: Load, memory: Memory, visitor: Visitor, *, minutes: float, kills: int
) -> list[tuple[str, Any, bool]]:
    """What was done to it, and how it stood that."""
    deaths = run.deaths - run.killed
    killed = ", ".join(f"{kind} {run.killed[kind]}" for kind in KINDS)
    kept_up = run.process.poll() is None
    return [
        ("load average", load.text if load.target else "not raised", True),
        ("killed with SIGKILL", killed, all(run.killed[kind] >= kills for kind in KINDS)),
        ("deaths that were not ours", dict(deaths) or 0, not deaths),
        ("the supervisor is up at the end", kept_up, kept_up),
        ("looks at the site", visitor.asked, True),
        ("looks that were not answered", visitor.failed, True),
        ("longest time without an answer", f"{visitor.longest:.1f} s", visitor.longest < 90),
        *(
            (f"memory: {what}", words, growth <= MOST_GROWTH or minutes < WARM_MINUTES)
            for what, words, growth in memory.lines(minutes * 60 * 0.7)
        ),
    ]


def files(before: dict[str, int], most: dict[str, int], after: dict[str, int]) -> list[Any]:
    """How the files grew. The database holds the record, so it grows; its log must not."""
    return [
        (
            f"files: {what}",
            f"{before[what] / 1e6:.1f} → {after[what] / 1e6:.1f} MB,"
            f" {most[what] / 1e6:.1f} MB at most",
            what != "log of changes" or most[what] < 100e6,
        )
        for what in before
    ]


def main() -> int:
    """Read the command line and run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--kills", type=int, default=20, help="of each process")
    parser.add_argument("--load", type=float, default=10, help="the load average; 0: as it is")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=20261126)
    said = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="handoff-soak-"))
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "ALLOWED_HOSTS"):
        os.environ.pop(name, None)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings", HANDOFF_VAR=str(home), API_RATE="100000/m"
    )
    port, began = said.port or free_port(), time.monotonic()
    with running(said.seed) as receiver:
        tokens = furnish(receiver.url)
        run, load, memory = Run(home, port), Load(said.load), Memory()
        office = Office(port, tokens, 10**6, said.seed, pause=SECONDS_A_REQUEST * 2)
        visitor = Visitor(port, next(iter(tokens.values())))
        try:
            assert run.comes_up(visitor.client), run.said.read_text(errors="replace")
            before = bytes_of(home)
            office.begin()
            visitor.thread.start()
            most = soak(
                run, home, load, memory, minutes=said.minutes, kills=said.kills, seed=said.seed
            )
            late = drain(run, office)
            lines = table(run, load, memory, visitor, minutes=said.minutes, kills=said.kills)
            lines += files(before, most, bytes_of(home))
        finally:
            visitor.stop.set()
            office.end()
            load.stop()
            left = run.end()
        lines += [
            (
                "seconds, and those after the last request",
                f"{time.monotonic() - began:.0f}, {late:.0f}",
                late < PATIENCE,
            ),
            ("left behind when the supervisor was killed", left, left == 0),
            ("the trail's seals fit", fits := seals_fit(), fits),
            *judge(office, receiver),
        ]
    return report(lines, home, run.said)


def report(lines: list[tuple[str, Any, bool]], home: Path, said: Path) -> int:
    """Print the table; the exit code."""
    for what, how_much, fine in lines:
        print(f"{'' if fine else 'WRONG  '}{what:<45} {how_much}")
    wrong = [what for what, _, fine in lines if not fine]
    if wrong:
        print(f"Not as it must be: {'; '.join(wrong)}. The log is {said}.")
        print(said.read_text(errors="replace")[-4000:])
        return 1
    shutil.rmtree(home, ignore_errors=True)
    said.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
