"""Random decision tables over a small grid, and what each says by looking at every point."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

from workflows.engine.format.definition import FieldDef, TableStep
from workflows.engine.tables.cell_tests import Between, CellTests, Compare, Equal, IsEmpty
from workflows.engine.tables.decision import DecisionTable

FIELDS = {
    "amount": FieldDef(type="money", currency="EUR"),
    "count": FieldDef(type="integer"),
    "day": FieldDef(type="date"),
    "region": FieldDef(type="choice", choices=["EU", "US", "APAC"]),
    "urgent": FieldDef(type="boolean"),
    "supplier": FieldDef(type="text"),
}
GRID: Mapping[str, list[Any]] = {
    "amount": ["-0.01", "0.00", "0.01", "0.02", "0.03", "0.04", "0.05"],
    "count": [-1, 0, 1, 2, 3, 4, 5],
    "day": [f"2026-01-{day:02}" for day in range(1, 8)],
    "region": ["EU", "US", "APAC"],
    "urgent": [True, False],
    "supplier": ["a", "b", "c", "something else"],
}
"""Every value at which a table of these can change its mind, and one beyond."""
ORDERED = ("amount", "count", "day")


def random_table(random: Random, hit: str) -> TableStep:
    """A table of one to four columns and up to seven rows."""
    inputs = random.sample(list(FIELDS), random.randint(1, 4))
    rows = [
        {"when": {key: random_cell(random, key) for key in inputs if random.random() < 0.8}}
        for _ in range(random.randint(1, 7))
    ]
    return TableStep.model_validate(
        {"kind": "table", "inputs": inputs, "hit": hit, "rows": rows, "to": "on"}
    )


def random_cell(random: Random, key: str) -> Any:
    """A cell in one of the ways in which it can be written."""
    if random.random() < 0.15:
        return random.choice(["-", None, "null"])
    tests = [_random_test(random, key) for _ in range(random.randint(1, 2))]
    if random.random() < 0.08:
        tests.append("null")
    written = ", ".join(tests)
    return f"not({written})" if random.random() < 0.2 else written


def _random_test(random: Random, key: str) -> str:
    if key == "urgent":
        return random.choice(["true", "false"])
    if key not in ORDERED:
        return str(random.choice([word for word in GRID[key] if " " not in word]))
    inner = [str(value) for value in GRID[key][1:-1]]
    shape = random.random()
    if shape < 0.3:
        return random.choice(inner)
    if shape < 0.6:
        return f"{random.choice(['<', '<=', '>', '>='])} {random.choice(inner)}"
    low, high = sorted(random.choices(inner, k=2))
    return f"{random.choice('[(]')}{low}..{high}{random.choice('])[')}"


def points_of(table: DecisionTable, filled: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Every point of the grid, with empty fields where they may be."""
    keys = [column.key for column in table.columns]
    values = [[*GRID[key], *([] if key in filled else [None])] for key in keys]
    for point in product(*values):
        yield dict(zip(keys, point, strict=True))


def rows_at(table: DecisionTable, point: Mapping[str, Any]) -> list[int]:
    """The rows that hold there, test by test, with no sets and no index."""
    return [
        number
        for number, row in enumerate(table.rows)
        if all(
            _cell_holds(cell, column.key, point[column.key])
            for column, cell in zip(table.columns, row.cells, strict=True)
        )
    ]


def _cell_holds(cell: CellTests, key: str, value: Any) -> bool:
    if not cell.tests:
        return True
    if value is None:
        return IsEmpty() in cell.tests and not cell.is_negated
    return any(_holds(test, key, value) for test in cell.tests) != cell.is_negated


def _holds(test: Any, key: str, value: Any) -> bool:
    def order(one: Any) -> Any:
        return Decimal(one) if key in ("amount", "count") else one

    match test:
        case Equal(wanted):
            return bool(order(wanted) == order(value)) if key in ORDERED else wanted == value
        case Compare("<", wanted):
            return bool(order(value) < order(wanted))
        case Compare("<=", wanted):
            return bool(order(value) <= order(wanted))
        case Compare(">", wanted):
            return bool(order(value) > order(wanted))
        case Compare(">=", wanted):
            return bool(order(value) >= order(wanted))
        case Between(low, high, with_low, with_high):
            above = order(value) > order(low) or (with_low and order(value) == order(low))
            below = order(value) < order(high) or (with_high and order(value) == order(high))
            return bool(above and below)
    return False
