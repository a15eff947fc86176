"""Decisions a second: Handoff, the same rows by plain psycopg, and django-viewflow, in turns."""

import os
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.databases import drop, fresh, process, size

HERE = Path(__file__).resolve().parent
TURNS = int(os.environ.get("BENCH_TURNS", "7"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "60"))
OUR_TABLES = (
    "workflows_workflowinstance",
    "workflows_workitem",
    "workflows_mergerecord",
    "workflows_trailevent",
    "workflows_historicalworkflowinstance",
    "workflows_historicalworkitem",
    "workflows_incident",
)
PEER_TABLES = ("viewflow_process", "viewflow_task", "viewflow_task_previous")
BARS = {"c": 2.0, "b": 0.2}


@dataclass
class Contender:
    """One way to do the same work, in a database and a process of its own."""

    name: str
    title: str
    prepare: list[str]
    turn: list[str]
    folder: Path
    tables: tuple[str, ...]
    speeds: list[float] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    requests: int = 0
    empty: int = 0

    @property
    def database(self) -> str:
        return f"handoff_bench_{self.name}"

    def set_up(self) -> None:
        fresh(self.database)
        process([*self.prepare, "prepare"], self.database, self.folder)
        self.empty = size(self.database, self.tables)

    def take_a_turn(self) -> None:
        self.last = process([*self.turn, str(REQUESTS)], self.database, self.folder)
        self.speeds.append(self.last["decisions"] / self.last["seconds"])
        self.requests += self.last["requests"]

    def row(self) -> str:
        """A line of the table: median speed, statements a decision, bytes a request."""
        each = self.last["each"]
        grown = (size(self.database, self.tables) - self.empty) // self.requests
        return (
            f"({self.name}) {self.title:33}{statistics.median(self.speeds):>12.0f}"
            f"{sum(each) / len(each):>12.1f}{grown:>15,}   {each}"
        )


def contenders() -> list[Contender]:
    """Handoff, plain SQL, and the peer where its environment is there."""
    ours = [sys.executable, "-m", "bench.handoff_purchase"]
    raw = [sys.executable, "-m", "bench.raw_purchase"]
    found = [
        Contender("a", "Handoff, everything recorded", ours, ours, HERE.parent, OUR_TABLES),
        Contender("b", "the same rows by plain psycopg", ours, raw, HERE.parent, OUR_TABLES),
    ]
    if os.environ.get("PEER_PYTHON"):
        peer = [os.environ["PEER_PYTHON"], "drive.py"]
        title = "django-viewflow at its barest"
        found.append(Contender("c", title, peer, peer, HERE / "peer", PEER_TABLES))
    return found


def compare(sides: list[Contender]) -> None:
    """Turn by turn, each after the other, so that a busy machine is busy for all of them."""
    for side in sides:
        side.set_up()
    for turn in range(1, TURNS + 1):
        for side in sides:
            side.take_a_turn()
        print(f"turn {turn}: " + ", ".join(f"{s.name} {s.speeds[-1]:.0f}/s" for s in sides))
    print(f"\n{'medians':37}{'decisions/s':>12}{'statements':>12}{'bytes/request':>15}   each")
    for side in sides:
        print(side.row())
    rows = sides[1].last["rows"]
    print(f"rows of a request over 10,000 in (a), found equal in (b): {sum(rows.values())}, of")
    print("  " + ", ".join(f"{table} {count}" for table, count in rows.items()))
    for other in sides[1:]:
        ratios = [a / x for a, x in zip(sides[0].speeds, other.speeds, strict=True)]
        print(
            f"a / {other.name}: {statistics.median(ratios):.2f} (from {min(ratios):.2f} to"
            f" {max(ratios):.2f}; the bar is at least {BARS[other.name]})"
        )


def main() -> None:
    """Compare, and leave nothing behind."""
    sides = contenders()
    try:
        compare(sides)
    finally:
        for side in sides:
            drop(side.database)


if __name__ == "__main__":
    main()
