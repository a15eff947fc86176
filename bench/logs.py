"""Bringing in an event log, beside another program's mere reading of the same file.

A log of 81,092 events (`LOG_EVENTS`) with life cycle, resource and two values an event is written
as XES. (a) is `import_log` into an empty database, requests, tasks, histories and trail included;
(b) is pm4py's `read_xes`, which writes nothing. Each turn is a process of its own; seconds are of
the call alone, memory is the process's largest.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.databases import SERVER, drop, fresh

EVENTS = int(os.environ.get("LOG_EVENTS", "81092"))
TURNS = int(os.environ.get("BENCH_TURNS", "3"))
BAR = 2.0
DATABASE = "handoff_bench_logs"
OTHER = os.environ.get("PM4PY_PYTHON", "")
STEPS = 14
BEGAN = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0" xmlns="http://www.xes-standard.org/">\n'

MINE = """
import json, resource, sys, time
import django
django.setup()
from django.utils import timezone
from reporting.eventlogs.services.importing import import_log
began = time.perf_counter()
done = import_log("bench-log", sys.argv[1], actor=None, now=timezone.now())
took = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"s": took, "mb": peak / 1024, "events": done.account.events}))
"""
THEIRS = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
import pm4py
began = time.perf_counter()
log = pm4py.read_xes(sys.argv[1])
took = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"s": took, "mb": peak / 1024, "events": len(log)}))
"""


def write_log(path: Path) -> None:
    """A log of so many events; the same each time."""
    chance, left = random.Random(11), EVENTS
    with path.open("w") as file:
        file.write(HEAD)
        case = 0
        while left > 0:
            case += 1
            events = list(case_events(chance, case))[:left]
            left -= len(events)
            file.write(f'<trace><string key="concept:name" value="case {case}"/>')
            file.writelines(events)
            file.write("</trace>\n")
        file.write("</log>\n")


def case_events(chance: random.Random, case: int) -> Iterator[str]:
    """Start and completion of some steps."""
    when = BEGAN + timedelta(minutes=7 * case)
    for step in range(chance.randint(3, STEPS)):
        person, value = chance.randint(1, 60), chance.randint(1, 10_000)
        for transition in ("start", "complete"):
            when += timedelta(seconds=chance.randint(60, 90_000))
            yield (
                f'<event><string key="concept:name" value="Step {step}"/>'
                f'<string key="lifecycle:transition" value="{transition}"/>'
                f'<string key="org:resource" value="person {person}"/>'
                f'<date key="time:timestamp" value="{when.isoformat()}"/>'
                f'<int key="amount" value="{value}"/><string key="note" value="n{value}"/></event>'
            )


def run(python: str, script: str, path: Path, **more: str) -> dict[str, Any]:
    """One turn in a process of its own."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", **more}
    done = subprocess.run(
        [python, "-c", script, str(path)],
        check=True,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if python == OTHER else None,
    )
    answer: dict[str, Any] = json.loads(done.stdout.decode().splitlines()[-1])
    return answer


def mine(path: Path, base: str) -> dict[str, Any]:
    """An import into an empty database."""
    if not base.startswith("sqlite"):
        fresh(DATABASE)
    environment = os.environ | {"DATABASE_URL": base}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True, env=environment)
    return run(sys.executable, MINE, path, DATABASE_URL=base)


def main() -> None:
    """Write the log, take turns, compare."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.xes"
        write_log(path)
        print(f"{EVENTS:,} events, {path.stat().st_size / 1e6:,.0f} MB of XES")
        turns: dict[str, list[dict[str, Any]]] = {"embedded": [], "postgresql": [], "other": []}
        for number in range(TURNS):
            turns["embedded"].append(mine(path, f"sqlite:///{folder}/{number}.sqlite3"))
            turns["postgresql"].append(mine(path, SERVER + DATABASE))
            if OTHER:
                turns["other"].append(run(OTHER, THEIRS, path))
        drop(DATABASE)
        told(turns)


def told(turns: dict[str, list[dict[str, Any]]]) -> None:
    """Print what came of it."""
    names = {
        "embedded": "(a) import, SQLite",
        "postgresql": "(a) import, PostgreSQL",
        "other": "(b) pm4py's read alone",
    }
    medians = {}
    for side, found in turns.items():
        if found:
            medians[side] = statistics.median(one["s"] for one in found)
            peak = statistics.median(one["mb"] for one in found)
            print(f"{names[side]}: {medians[side]:.1f} s, {peak:,.0f} MB at most")
    if "other" not in medians:
        print("SKIPPED: (b) needs a Python with pm4py in PM4PY_PYTHON.")
        return
    for side in ("embedded", "postgresql"):
        pairs = zip(turns[side], turns["other"], strict=True)
        ratio = statistics.median(one["s"] / other["s"] for one, other in pairs)
        print(f"  {names[side]} / (b): {ratio:.2f} (bar: at most {BAR:.0f})")


if __name__ == "__main__":
    main()
