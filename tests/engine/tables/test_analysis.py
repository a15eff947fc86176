"""Gaps, overlaps and rows that never hold: the same as a look at every point of a grid."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.engine.tables.random_tables import FIELDS, points_of, random_table, rows_at
from workflows.engine.format.definition import FieldDef, TableStep
from workflows.engine.tables.analysis import (
    Box,
    TooEntangled,
    example_of,
    find_dead_rows,
    find_gaps,
    find_overlaps,
    space_of,
)
from workflows.engine.tables.compiling import compile_table, find_table_problems
from workflows.engine.tables.decision import DecisionTable

TABLES = 1000


def tables(hit: str) -> Any:
    random = Random(20260)
    made = 0
    while made < TABLES:
        problems, table = find_table_problems(random_table(random, hit), FIELDS)
        if table is not None and not problems:
            made += 1
            yield table, frozenset(key for key in FIELDS if random.random() < 0.5)


def is_in(table: DecisionTable, box: Box, point: dict[str, Any]) -> bool:
    return all(
        region.holds(column.place(point[column.key]))
        for column, region in zip(table.columns, box, strict=True)
    )


def test_a_thousand_random_tables_are_judged_as_each_point_of_a_grid_says() -> None:
    for table, filled in tables("first"):
        space = space_of(table, filled)
        held_at = [(point, rows_at(table, point)) for point in points_of(table, filled)]
        _check_gaps(table, find_gaps(table, space), held_at)
        _check_overlaps(table, space, held_at)
        first = {held[0] for _, held in held_at if held}
        assert find_dead_rows(table, space) == (sorted({*range(len(table.rows))} - first), [])


Held = list[tuple[dict[str, Any], list[int]]]


def _check_gaps(table: DecisionTable, gaps: list[Box], held_at: Held) -> None:
    """A gap is where no row holds, each such point is in one gap; the index finds who holds."""
    for point, held in held_at:
        assert sum(is_in(table, box, point) for box in gaps) == (not held), (table.step, point)
        assert table.rows_for(point) == sum(1 << row for row in held), (table.step, point)
        assert not held or table.decide(point).rows == (held[0] + 1,)
    for gap in gaps:
        assert not table.rows_for(example_of(table, gap)), (table.step, gap)


def _check_overlaps(table: DecisionTable, space: Box, held_at: Held) -> None:
    """Two rows overlap where a point has both, and the example is such a point."""
    found = {(one, two): box for one, two, box in find_overlaps(table, space)}
    assert set(found) == {
        (one, two) for _, held in held_at for one in held for two in held if one < two
    }
    for (one, two), box in found.items():
        held = table.rows_for(example_of(table, box))
        assert held >> one & held >> two & 1, (table.step, one, two)


class CountedRows(tuple[Any, ...]):
    """Rows that count how often one of them is looked at."""

    looks = 0

    def __getitem__(self, at: Any) -> Any:
        CountedRows.looks += 1
        return super().__getitem__(at)

    def __iter__(self) -> Any:
        CountedRows.looks += len(self)
        return super().__iter__()


def test_a_decision_looks_at_one_row_of_ten_thousand() -> None:
    rows = [{"amount": f"[{at}..{at + 1})", "supplier": f"s{at % 100}"} for at in range(10_000)]
    table = table_of(rows, "amount", "supplier")
    counted = replace(table, rows=CountedRows(table.rows))
    assert counted.decide({"amount": "7777.50", "supplier": "s77"}).rows == (7778,)
    before = CountedRows.looks
    assert counted.decide({"amount": "4242.00", "supplier": "s42"}).rows == (4243,)
    assert CountedRows.looks - before == 1


def table_of(rows: list[dict[str, Any]], *inputs: str) -> DecisionTable:
    step = TableStep.model_validate(
        {
            "kind": "table",
            "inputs": list(inputs),
            "rows": [{"when": row} for row in rows],
            "to": "on",
        }
    )
    return compile_table(step, FIELDS)


def gaps_of(table: DecisionTable, *filled: str) -> list[dict[str, Any]]:
    gaps = find_gaps(table, space_of(table, frozenset(filled)))
    return [dict(example_of(table, box)) for box in gaps]


def test_there_is_nothing_between_two_amounts_that_are_a_cent_apart() -> None:
    assert not gaps_of(
        table_of([{"amount": "<= 4999.99"}, {"amount": ">= 5000"}], "amount"), "amount"
    )
    assert not gaps_of(table_of([{"amount": "< 5000"}, {"amount": ">= 5000"}], "amount"), "amount")
    left_out = gaps_of(table_of([{"amount": "< 5000"}, {"amount": "> 5000"}], "amount"), "amount")
    assert left_out == [{"amount": "5000.00"}]


def test_what_a_field_does_not_take_is_no_gap() -> None:
    bounded = FIELDS | {
        "amount": FieldDef(type="money", currency="EUR", min=0, max=1000),
        "day": FieldDef(type="date", min="2026-01-01"),
    }
    for key, cell in (("amount", "[0..1000]"), ("amount", ">= 0"), ("day", ">= 2026-01-01")):
        row = {"when": {key: cell}}
        written = {"kind": "table", "inputs": [key], "rows": [row], "to": "on"}
        step = TableStep.model_validate(written)
        assert not gaps_of(compile_table(step, bounded), key)
        assert gaps_of(compile_table(step, FIELDS), key)


def test_dates_are_days() -> None:
    rows = [{"day": "<= 2026-01-31"}, {"day": ">= 2026-02-01"}]
    assert not gaps_of(table_of(rows, "day"), "day")


def test_an_empty_field_is_a_case_of_its_own() -> None:
    rows = [{"amount": "< 5000"}, {"amount": ">= 5000"}]
    assert gaps_of(table_of(rows, "amount")) == [{"amount": None}]
    assert not gaps_of(table_of([*rows, {"amount": None}], "amount"))


def test_every_choice_and_no_other_word_is_asked_for() -> None:
    assert gaps_of(table_of([{"region": ["EU", "US"]}], "region"), "region") == [{"region": "APAC"}]
    assert not gaps_of(table_of([{"region": "EU"}, {"region": "not(EU)"}], "region"), "region")


def test_a_text_that_no_row_names_is_a_gap() -> None:
    (gap,) = gaps_of(table_of([{"supplier": "a, b"}], "supplier"), "supplier")
    assert gap["supplier"] not in ("a", "b", None)


def test_ten_thousand_rows_are_judged_exactly() -> None:
    rows = [
        {"amount": f"[{low * 10}..{low * 10 + 10})", "supplier": f"s{who}"}
        for low in range(100)
        for who in range(100)
    ]
    del rows[4321]
    table = table_of(rows, "amount", "supplier")
    space = space_of(table, frozenset({"amount", "supplier"}))
    gaps = find_gaps(table, space)
    assert any(is_in(table, gap, {"amount": "435.00", "supplier": "s21"}) for gap in gaps)
    assert not any(is_in(table, gap, {"amount": "435.00", "supplier": "s22"}) for gap in gaps)
    assert next(find_overlaps(table, space), None) is None
    assert find_dead_rows(table, space) == ([], [])


def test_rows_that_are_too_entangled_are_said_to_be() -> None:
    random = Random(7)
    keys = ("amount", "count")
    rows = []
    for _ in range(4000):
        low, high = sorted(random.sample(range(10_000), 2))
        first, last = sorted(random.sample(range(10_000), 2))
        rows.append({"amount": f"[{low}..{high}]", "count": f"[{first}..{last}]"})
    table = table_of(rows, *keys)
    with pytest.raises(TooEntangled):
        find_gaps(table, space_of(table, frozenset(keys)))
