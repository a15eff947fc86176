"""Decisions a second: Handoff, the same rows by plain psycopg, and django-viewflow, in turns."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

HERE = Path(__file__).resolve().parent
SERVER = os.environ.get("BENCH_SERVER", "postgres://root@127.0.0.1:5432/")
TURNS = int(os.environ.get("BENCH_TURNS", "5"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "60"))
OURS, PEER = "handoff_bench_purchase", "handoff_bench_peer"
OUR_TABLES = (
    "workflows_workflowinstance", "workflows_workitem", "workflows_mergerecord",
    "workflows_trailevent", "workflows_historicalworkflowinstance",
    "workflows_historicalworkitem", "workflows_incident",
)  # fmt: skip
PEER_TABLES = ("viewflow_process", "viewflow_task", "viewflow_task_previous", "purchase_purchase")


def fresh(name: str) -> None:
    """An empty database of this name."""
    with psycopg.connect(SERVER + "postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")


def drop(name: str) -> None:
    """Leave nothing behind."""
    with psycopg.connect(SERVER + "postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def size(database: str, tables: tuple[str, ...]) -> int:
    """Bytes of these tables with their indexes."""
    with psycopg.connect(SERVER + database) as connection:
        found = connection.execute(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
            " WHERE relname = ANY(%s) AND relkind = 'r'",
            [list(tables)],
        ).fetchone()
    return int(found[0]) if found else 0


def ours(module: str, argument: str) -> dict[str, Any]:
    """Run one of our own contenders."""
    return run([sys.executable, "-m", module, argument], OURS, HERE.parent)


def peer(argument: str) -> dict[str, Any]:
    """Run the peer in its own environment."""
    return run([os.environ["PEER_PYTHON"], "drive.py", argument], PEER, HERE / "peer")


def run(command: list[str], database: str, folder: Path) -> dict[str, Any]:
    """A process's JSON; nothing where it only prepares."""
    environment = os.environ | {"DATABASE_URL": SERVER + database, "PYTHONDONTWRITEBYTECODE": "1"}
    if folder == HERE.parent:
        environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    done = subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    answer: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    return answer


def main() -> None:
    """Five turns of each, medians, ratios."""
    fresh(OURS)
    ours("bench.handoff_purchase", "prepare")
    contenders = {
        "a": (
            "Handoff, everything recorded",
            lambda: ours("bench.handoff_purchase", str(REQUESTS)),
        ),
        "b": ("the same rows by plain psycopg", lambda: ours("bench.raw_purchase", str(REQUESTS))),
    }
    if os.environ.get("PEER_PYTHON"):
        fresh(PEER)
        peer("prepare")
        contenders["c"] = ("django-viewflow at its barest", lambda: peer(str(REQUESTS)))
    grown = {"a": bytes_a_request(), "b": None, "c": None}
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    last: dict[str, dict[str, Any]] = {}
    for turn in range(TURNS):
        for name, (_, go) in contenders.items():
            last[name] = go()
            speeds[name].append(last[name]["decisions"] / last[name]["seconds"])
        print(f"turn {turn + 1}: " + ", ".join(f"{n} {v[-1]:.0f}/s" for n, v in speeds.items()))
    if "c" in contenders:
        grown["c"] = size(PEER, PEER_TABLES) // (TURNS * (REQUESTS + 4))
    show(contenders, speeds, last, grown)
    drop(OURS)
    drop(PEER)


def bytes_a_request() -> int:
    """What one request adds to our tables."""
    before = size(OURS, OUR_TABLES)
    ours("bench.handoff_purchase", "200")
    return (size(OURS, OUR_TABLES) - before) // 204


def show(
    contenders: dict[str, Any],
    speeds: dict[str, list[float]],
    last: dict[str, dict[str, Any]],
    grown: dict[str, int | None],
) -> None:
    """The table, and the ratios turn by turn."""
    print(f"\n{'':36}{'decisions/s':>12}{'statements':>12}{'bytes/request':>15}")
    for name, (title, _) in contenders.items():
        count = last[name]["statements"]
        print(
            f"({name}) {title:32}{statistics.median(speeds[name]):>12.0f}"
            f"{f'{count:.1f}' if count else '-':>12}{grown[name] or '-':>15}"
        )
    print(f"statements of each decision of (a): {last['a']['each']}")
    for other, bar in (("c", "at least 2.0"), ("b", "at least 0.2")):
        if other in speeds:
            ratios = [a / x for a, x in zip(speeds["a"], speeds[other], strict=True)]
            print(
                f"a / {other}: {statistics.median(ratios):.2f}"
                f" (from {min(ratios):.2f} to {max(ratios):.2f}; bar: {bar})"
            )


if __name__ == "__main__":
    main()
