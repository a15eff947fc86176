"""Run it: `python -m tests.acceptance.moving --requests 1000 --kills 6`.

A Handoff of its own (DATABASE_URL says on which database, whose name ends in _kill; else SQLite)
has requests at every place of a map. They are moved to a version in which steps were renamed, taken
out, split, added and put into a parallel block, by a command that is killed at random and begun
again. After each kill every request is whole on one side. At the end the command has done what its
dry run said, fifty are put back and equal, row by row. Prints the table; ends with 1 where a line
of it is not as it must be.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, "manage.py", "migrate_requests", "hiring", "--to", "2", "--json")
Line = tuple[str, Any, bool]


def prepare(home: Path, requests: int) -> None:
    """Tables, people, and requests at every place of the map; then the newer version."""
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
    begin_requests(requests)


def begin_requests(count: int) -> None:
    """So many requests, one after another at each place of the map."""
    from tests.workflows.moves import WAY, hiring, hiring_later
    from tests.workflows.support import again, begin, publish

    flows = [begin(hiring(), helper="bob")]
    flows += [again("hiring", helper="bob") for _ in range(count - 1)]
    for number, flow in enumerate(flows):
        for one in WAY[: number % (len(WAY) + 1)]:
            step, outcome, by = one.split("/")
            flow.decide(step, outcome, by)
    publish(hiring_later())


def verdicts(printed: str) -> dict[str, str]:
    """What the command says of each request."""
    return {row["reference"]: row["verdict"] for row in json.loads(printed)["requests"]}


def call(*more: str) -> str:
    """The command, run to its end."""
    ran = subprocess.run(
        [*COMMAND, *more], cwd=ROOT, capture_output=True, text=True, check=False, timeout=1200
    )
    if ran.returncode > 1:
        raise SystemExit(ran.stderr)
    return ran.stdout


def kill_on_the_way(chance: random.Random, moved_before: int, requests: int) -> bool:
    """Begin to move, and kill after some more requests; False where it was through before."""
    from tests.acceptance.moving.judging import count_moved

    process = subprocess.Popen(
        [*COMMAND, "--apply"], cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    goal = moved_before + chance.randint(1, max(2, requests // 12))
    while process.poll() is None and count_moved() < goal:
        time.sleep(0.02)
    is_killed = process.poll() is None
    if is_killed:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return is_killed


def run(requests: int, kills: int, seed: int) -> int:
    """The whole of it; the exit code."""
    home, chance = Path(tempfile.mkdtemp(prefix="handoff-moving-")), random.Random(seed)
    prepare(home, requests)
    from tests.acceptance.moving import judging

    before = judging.read_all()
    foreseen = verdicts(call())
    killed, torn = 0, 0
    while killed < kills and kill_on_the_way(chance, judging.count_moved(), requests):
        killed += 1
        torn += len(judging.find_torn(before))
    verdicts(call("--apply"))
    moved = judging.references_moved()
    table: list[Line] = [
        ("requests", len(foreseen), len(foreseen) == requests),
        *((f"dry run: {v}", list(foreseen.values()).count(v), True) for v in
          ("moves", "stays", "needs_person")),
        ("killed with SIGKILL", killed, killed == kills),
        ("neither whole here nor there after a kill", torn, torn == 0),
        ("not whole at the end", len(judging.find_torn(before)), not judging.find_torn(before)),
        ("moved otherwise than the dry run said",
         *differing(moved, {r for r, v in foreseen.items() if v == "moves"})),
        *judging.put_some_back(before, 50),
    ]  # fmt: skip
    call("--undo")
    table.append(("not as before after all were put back", *differing_rows(before)))
    began = time.monotonic()
    applied = verdicts(call("--apply"))
    seconds = round(time.monotonic() - began, 1)
    table.append(("seconds to move all at once", seconds, applied == foreseen))
    for what, how_much, fine in table:
        print(f"{'' if fine else 'WRONG  '}{what:<45} {how_much}")
    shutil.rmtree(home, ignore_errors=True)
    return 0 if all(fine for *_, fine in table) else 1


def differing(some: set[str], others: set[str]) -> tuple[int, bool]:
    """How many are in one alone."""
    return len(some ^ others), some == others


def differing_rows(before: dict[int, Any]) -> tuple[int, bool]:
    """How many requests have other rows than before."""
    from tests.acceptance.moving.judging import read_all

    after = read_all()
    wrong = sum(after[pk] != rows for pk, rows in before.items())
    return wrong, wrong == 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=20261126)
    said = parser.parse_args()
    return run(said.requests, said.kills, said.seed)


if __name__ == "__main__":
    sys.exit(main())
