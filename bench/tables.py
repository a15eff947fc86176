"""How long a decision table of ten thousand rows takes to decide, beside a look at every row.

    python -m bench.tables [ROWS]

The index is built once a compiled map, at the first question; what is measured is every one after.
"""

import sys
from collections.abc import Callable, Iterator
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

from workflows.engine.format.definition import FieldDef, TableStep
from workflows.engine.tables.analysis import find_dead_rows, find_gaps, find_overlaps, space_of
from workflows.engine.tables.compiling import compile_table
from workflows.engine.tables.decision import DecisionTable

FIELDS = {
    "amount": FieldDef(type="money", currency="EUR", required=True),
    "department": FieldDef(type="text", required=True),
    "region": FieldDef(type="choice", choices=["EU", "US", "APAC", "LATAM"], required=True),
    "day": FieldDef(type="date", required=True),
}
ASKED = 2000


def build_step(rows: int) -> TableStep:
    """Limits by amount, department, region and year; no two rows meet."""
    bands = max(1, rows // (50 * 4 * 2))
    written = [
        {
            "when": {
                "amount": f"[{band * 100}..{band * 100 + 100})",
                "department": f"department {who}",
                "region": region,
                "day": day,
            },
            "to": f"step_{band % 7}",
        }
        for band in range(bands)
        for who in range(50)
        for region in ("EU", "US", "APAC", "LATAM")
        for day in ("< 2026-01-01", ">= 2026-01-01")
    ]
    return TableStep.model_validate(
        {"kind": "table", "inputs": list(FIELDS), "rows": written[:rows], "otherwise": "board"}
    )


def questions(random: Random, bands: int) -> Iterator[dict[str, Any]]:
    """Values of requests, most of which a row takes."""
    for _ in range(ASKED):
        yield {
            "amount": f"{random.randrange(bands * 110)}.00",
            "department": f"department {random.randrange(51)}",
            "region": random.choice(["EU", "US", "APAC", "LATAM"]),
            "day": random.choice(["2025-06-30", "2026-06-30"]),
        }


def look_at_every_row(table: DecisionTable, data: dict[str, Any]) -> int | None:
    """The first row that holds, with no index."""
    places = [column.place(data[column.key]) for column in table.columns]
    for number, row in enumerate(table.rows, start=1):
        if all(region.holds(place) for region, place in zip(row.regions, places, strict=True)):
            return number
    return None


def _measure(ask: Callable[[dict[str, Any]], object], asked: list[dict[str, Any]]) -> str:
    times = []
    for data in asked:
        begun = perf_counter()
        ask(data)
        times.append(perf_counter() - begun)
    times.sort()
    p99 = times[int(len(times) * 0.99)]
    return f"median {median(times) * 1e6:8.1f} µs   p99 {p99 * 1e6:8.1f} µs"


def _timed(words: str, work: Callable[[], object]) -> None:
    begun = perf_counter()
    work()
    print(f"{words:34} {(perf_counter() - begun) * 1000:8.1f} ms")


def main() -> None:
    """Print the figures."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    step = build_step(rows)
    table = compile_table(step, FIELDS)
    asked = list(questions(Random(1), max(1, rows // 400)))
    print(f"{len(table.rows)} rows, {len(table.columns)} columns")
    _timed("reading the cells", lambda: compile_table(step, FIELDS))
    _timed("the first decision (the index)", lambda: table.decide(asked[0]))
    for data in asked[:100]:
        assert table.decide(data).rows == tuple(filter(None, [look_at_every_row(table, data)]))
    print(f"{'by the index':34} {_measure(table.decide, asked)}")
    print(
        f"{'by a look at every row':34} "
        f"{_measure(lambda data: look_at_every_row(table, data), asked[:200])}"
    )
    space = space_of(table, frozenset(FIELDS))
    _timed("the audit: gaps", lambda: find_gaps(table, space, most=1))
    _timed("the audit: all gaps", lambda: find_gaps(table, space))
    _timed("the audit: overlaps", lambda: list(find_overlaps(table, space)))
    _timed("the audit: rows that never hold", lambda: find_dead_rows(table, space))


if __name__ == "__main__":
    main()
