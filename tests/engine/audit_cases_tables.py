"""Ways to damage the sound map by a decision table in the place of its decision."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.engine.audit_cases import Map, S, put, several

SOUND_ROWS = [
    {"when": {"amount": "<= 1000"}, "to": "lead_look"},
    {"when": {"amount": "> 1000"}, "to": "checks"},
]


def table(*rows: Map, **said: Any) -> Callable[[Map], None]:
    """The map with a table where its decision is."""
    written = {"kind": "table", "inputs": ["amount"], "rows": list(rows or SOUND_ROWS)} | said
    return put(S + "size", {key: part for key, part in written.items() if part is not None})


def tangled(random: Random, most: int = 1_000_000) -> Map:
    """A row that crosses most others."""
    sides = [sorted(random.sample(range(most), 2)) for _ in range(3)]
    names = ("amount", "first", "second")
    cells = {name: f"[{low}..{high}]" for name, (low, high) in zip(names, sides, strict=True)}
    return {"when": cells, "to": random.choice(["lead_look", "checks"])}


TANGLE = Random(5)
TABLE_CASES: list[tuple[str, Callable[[Map], None], str]] = [
    ("a sound table", table(), ""),
    (
        "a table of a field that is not there",
        table(inputs=["amuont"]),
        "input_unknown@size table_wrong*",
    ),
    ("a table that asks nothing", table(inputs=[]), "table_wrong*"),
    (
        "a cell that is no amount",
        table({"when": {"amount": "< lots"}, "to": "checks"}, otherwise="lead_look"),
        "table_wrong@size",
    ),
    (
        "an order of words",
        table({"when": {"note": "> a"}, "to": "checks"}, inputs=["note"], otherwise="lead_look"),
        "table_wrong@size",
    ),
    (
        "a result that its field refuses",
        table({"set": {"day": "tomorrow"}, "to": "checks"}, outputs=["day"], otherwise="lead_look"),
        "table_wrong@size",
    ),
    (
        "a row that leads nowhere",
        table({"when": {"amount": "< 5"}}, SOUND_ROWS[1], otherwise="lead_look"),
        "table_wrong@size",
    ),
    (
        "a gap of one amount",
        table({"when": {"amount": "< 1000"}, "to": "lead_look"}, SOUND_ROWS[1]),
        "table_gap@size",
    ),
    (
        "an empty field that no row takes",
        several(
            table(
                {"when": {"day": "< 2026-05-01"}, "to": "lead_look"},
                {"when": {"day": ">= 2026-05-01"}, "to": "checks"},
                inputs=["day"],
            ),
            put("start.fields", ["amount", "urgent", "lead", "day"]),
        ),
        "table_gap@size",
    ),
    (
        "two rows at once",
        table({"when": {"amount": "<= 1000.01"}, "to": "lead_look"}, SOUND_ROWS[1]),
        "table_overlap@size",
    ),
    (
        "the first of two rows",
        table({"when": {"amount": "<= 1000.01"}, "to": "lead_look"}, SOUND_ROWS[1], hit="first"),
        "",
    ),
    (
        "a row in the shadow of another",
        table(*SOUND_ROWS, {"when": {"amount": "5"}, "to": "lead_look"}, hit="first"),
        "table_row_never@size",
    ),
    ("an otherwise that never is", table(otherwise="lead_look"), "otherwise_never@size"),
    (
        "a table of one way",
        table({"when": {"amount": "< 5"}, "to": "checks"}, otherwise="checks"),
        "decision_of_one@size step_unreachable*",
    ),
    (
        "a table that is too tangled to be judged",
        several(
            put("fields.first", {"type": "integer", "required": True}),
            put("fields.second", {"type": "integer", "required": True}),
            put("start.fields", ["amount", "urgent", "lead", "first", "second"]),
            table(
                *[tangled(TANGLE) for _ in range(1500)],
                {"when": {"first": "< 500000"}, "to": "checks"},
                {"when": {"first": ">= 500000"}, "to": "lead_look"},
                inputs=["amount", "first", "second"],
                hit="first",
            ),
        ),
        "table_gap_unsure@size table_row_never*",
    ),
]
