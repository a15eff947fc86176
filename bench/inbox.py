"""The inbox at size, beside the best SQL by hand.

`python -m bench.inbox` fills a database of its own (`bench/inbox_site.py`) and asks both sides the
same in turns; compared are medians of the ratios turn by turn. Both must give the same rows, or the
run stops. A smaller site tells whether the number of statements grows.
"""

import contextlib
import json
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from bench.databases import drop, fresh, process
from bench.inbox_questions import Question, ask_by_hand, inbox_questions
from bench.inbox_site import Sizes, make_site
from bench.list_questions import beside_the_inbox, list_questions

ROOT = Path(__file__).resolve().parent.parent
DATABASE = os.environ.get("BENCH_DATABASE", "scale_bench")
TIMES = int(os.environ.get("BENCH_TIMES", "9"))
WARMING = 9
"""So often both are asked before it counts: after eight times the server has settled on a plan."""
LARGE = Sizes(
    int(os.environ.get("BENCH_OPEN", "1000000")), int(os.environ.get("BENCH_FINISHED", "5000000"))
)
SMALL = Sizes(10_000, 50_000)
SCAN = ("Seq Scan on workflows_workitem", "Seq Scan on workflows_workflowinstance")


@dataclass(frozen=True, slots=True)
class Measure:
    """What one question took, in milliseconds, and how often one side took of the other; `rows` is
    what our statements took alone, with their rows fetched."""

    question: Question
    ours: float
    rows: float
    by_hand: float
    ratio: float
    statements: int
    scans: int

    def __str__(self) -> str:
        verdict = "" if self.ratio <= self.question.bar else f"  over {self.question.bar}"
        scans = f"  {self.scans} scans" if self.scans else ""
        return (
            f"{self.question.name:40} {self.ours:8.2f} {self.rows:8.2f} {self.by_hand:8.2f}"
            f" {self.ratio:6.2f} {self.statements:3}{verdict}{scans}"
        )


def timed(action: Callable[[], Any]) -> float:
    """Milliseconds; with SQLite of processor time, as all of it is in this process, and a turn of
    another takes longer than most answers."""
    from django.db import connection

    clock = time.process_time if connection.vendor == "sqlite" else time.perf_counter
    begun = clock()
    action()
    return (clock() - begun) * 1000


def measure(question: Question, cursor: Any) -> Measure:
    """Both sides in turns; what they give is compared first."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    wanted, given = ask_by_hand(question, cursor), question.ours()
    if given != wanted:
        raise SystemExit(f"{question.name}: the answers differ: {given[:9]}, {wanted[:9]}")
    with CaptureQueriesContext(connection) as captured:
        question.ours()
    statements = [query["sql"] for query in captured.captured_queries]
    turns = (question.ours, replay_of(question.ours), lambda: ask_by_hand(question, cursor))
    times = [[timed(act) for act in turns] for _ in range(TIMES + WARMING)][WARMING:]
    ours, rows, by_hand = (statistics.median(side) for side in zip(*times, strict=True))
    ratio = statistics.median(turn[0] / turn[2] for turn in times)
    scans = sum(reads_all(connection, sql) for sql in statements)
    return Measure(question, ours, rows, by_hand, ratio, len(statements), scans)


def replay_of(action: Callable[[], Any]) -> Callable[[], None]:
    """The statements of an action alone, with their rows fetched and nothing made of them."""
    from django.db import connection

    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, parameters: Any, *others: Any) -> Any:
        asked.append((sql, parameters))
        return execute(sql, parameters, *others)

    with connection.execute_wrapper(note):
        action()

    def replay() -> None:
        for sql, parameters in asked:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                cursor.fetchall()

    return replay


def reads_all(connection: Any, sql: str) -> bool:
    """Whether a statement reads all tasks or all requests from end to end."""
    if connection.vendor != "postgresql" or "SELECT" not in sql.upper():
        return False
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"))
        return any(scan in row[0] for row in cursor.fetchall() for scan in SCAN)


def measure_site(only: str) -> dict[str, int]:
    """All questions; what each takes is printed, and its number of statements given back."""
    from workflows.people.models import User

    ann = User.objects.get(username="ann")
    print(f"{'':40} {'ours':>8} {'rows':>8} {'by hand':>8} {'ratio':>6}  n", file=sys.stderr)
    found: dict[str, int] = {}
    with by_hand_cursor() as cursor:
        for question in chain(inbox_questions(ann), beside_the_inbox(ann), list_questions(ann)):
            if only in question.name:
                measured = measure(question, cursor)
                print(measured, file=sys.stderr, flush=True)
                found[question.name] = measured.statements
    return found


def by_hand_cursor() -> Any:
    """A connection beside Django's, that keeps plans as Django's does."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"]).cursor())
    import psycopg

    url = os.environ["DATABASE_URL"]
    found = psycopg.connect(url, autocommit=True, prepare_threshold=3, options="-c jit=off")
    return found.cursor()


def fill_and_measure(sizes: Sizes) -> None:
    """In the process of one site: its rows, then all questions; the statements as JSON."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    if not is_filled():
        make_site(sizes)
    print(json.dumps(measure_site(os.environ.get("BENCH_ONLY", ""))))


def is_filled() -> bool:
    """Whether the database has its site already."""
    from django.db import connection

    return "workflows_workitem" in connection.introspection.table_names()


def main() -> int:
    """A small site and a large one, and whether the statements grow between them."""
    if len(sys.argv) == 3:
        fill_and_measure(Sizes(int(sys.argv[1]), int(sys.argv[2])))
        return 0
    counts = []
    for sizes in (SMALL, LARGE):
        fresh(DATABASE)
        print(sizes, file=sys.stderr)
        command = [sys.executable, "-m", "bench.inbox", str(sizes.open), str(sizes.finished)]
        try:
            counts.append(process(command, DATABASE, ROOT))
        finally:
            drop(DATABASE)
    small, large = counts
    grown = [name for name, number in large.items() if number > small[name]]
    print(f"statements grow with the site: {', '.join(grown) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
