"""Ways to let the sound map come without a value to a step that needs it."""

from collections.abc import Callable
from typing import Any

from tests.engine.audit_cases import REFUSE, Map, S, human, put, several, steps
from tests.engine.audit_cases_resources import holds, spends

ASKED = ["amount", "urgent", "lead", "day"]


def pauses(*edits: Callable[[Map], None], until: Any = "day", **more: Any) -> Callable[[Map], None]:
    """The start asks for a day, which is optional, and a wait before the payment waits for it."""
    return several(
        steps(pause={"kind": "wait", "until": until, "to": "pay"}, **more),
        put("start.fields", ASKED),
        put(S + "lead_look.outcomes.ok", "pause"),
        *edits,
    )


def guarded(rules: list[Map], otherwise: str) -> Callable[[Map], None]:
    """A decision stands before the wait."""
    guard = {"kind": "decision", "rules": rules, "otherwise": otherwise}
    return pauses(put(S + "lead_look.outcomes.ok", "guard"), guard=guard)


def reckons(expression: str, *edits: Callable[[Map], None]) -> Callable[[Map], None]:
    """A sum before the payment, without a way for errors."""
    step = {"kind": "automation", "action": "set_fields", "with": {"part": expression}, "to": "pay"}
    return several(
        put("fields.part", {"type": "number"}),
        put("fields.many", {"type": "number"}),
        put("start.fields", ["amount", "urgent", "lead", "many"]),
        steps(sum=step),
        put(S + "lead_look.outcomes.ok", "sum"),
        *edits,
    )


def parts_are_there() -> Callable[[Map], None]:
    """A list of a column that is always filled in and one that is not."""
    columns = {"net": {"type": "integer", "required": True}, "many": {"type": "integer"}}
    return several(
        put("fields.parts", {"type": "list", "required": True, "columns": columns}),
        put("start.fields", ["amount", "urgent", "lead", "parts"]),
    )


def by_parts(value: str, *edits: Callable[[Map], None]) -> Callable[[Map], None]:
    """The decision asks what is worked out from a list."""
    return several(
        put("fields.parts", {"type": "list", "columns": {"net": {"type": "integer"}}}),
        put("fields.told", {"type": "number", "value": value}),
        put("start.fields", ["amount", "urgent", "lead", "parts"]),
        put(S + "size.rules", [{"when": "told > 9", "to": "checks"}]),
        *edits,
    )


def behind(wait_for: Any) -> Callable[[Map], None]:
    """A wait behind the join until a day that one branch asks for."""
    return several(
        steps(pause={"kind": "wait", "until": "day", "to": "pay"}),
        put("fields.day.required", True),
        put(S + "legal.outputs", ["day"]),
        put(S + "checked", {"kind": "join", "wait_for": wait_for, "to": "pause"}),
    )


def tells(to: Any) -> Callable[[Map], None]:
    """A mail in place of the payment, without a way for errors."""
    mail = {"kind": "automation", "action": "email", "with": {"to": to}, "to": "approved"}
    return several(
        put("fields.address", {"type": "email"}),
        put("start.fields", ["amount", "urgent", "lead", "address"]),
        steps(pay=mail),
        put(S + "fix", ...),
    )


def chooses(*rows: Map, hit: str = "first", **said: Any) -> Callable[[Map], None]:
    """A table stands before the wait."""
    table = {"kind": "table", "inputs": ["day", "urgent"], "hit": hit, "rows": list(rows)} | said
    return pauses(put(S + "lead_look.outcomes.ok", "table"), table=table)


EMPTY_DAY = {"when": {"day": "null"}, "to": "pay"}
IN_HASTE = {"when": {"day": "null", "urgent": True}, "to": "pay"}
SOME_DAY: Map = {"when": {}, "to": "pause"}
BY_DAY: Map = {"when": {"day": ">= 2026-01-01"}, "to": "pause"}
NO_WAY = "error_way_missing*"
MAY = "until_field_may_be_empty@pause"
PAST = {"when": "day == null", "to": "pay"}
EMPTY_CASES: list[tuple[str, Callable[[Map], None], str]] = [
    ("a wait until an optional day", pauses(), MAY),
    ("a wait after an optional day", pauses(until={"after": "day", "by": "1mo"}), MAY),
    ("a wait before an optional day", pauses(until={"before": "day", "by": "5d"}), MAY),
    ("a wait until a required day", pauses(put("fields.day.required", True)), ""),
    (
        "a wait until a day of some requests",
        pauses(put("fields.day", {"type": "date", "required": True, "when": "urgent"})),
        MAY,
    ),
    (
        "a wait until a day that the step before asks for",
        several(
            pauses(put("fields.day.required", True), put(S + "lead_look.outputs", ["day"])),
            put("start.fields", ["amount", "urgent", "lead"]),
        ),
        "",
    ),
    (
        "a wait until a day that the step before may empty",
        pauses(
            put("fields.day.required", True),
            put(S + "lead_look.outputs", ["day"]),
            put(S + "lead_look.outcomes.no", {"to": "pause", "exception": True}),
        ),
        MAY,
    ),
    (
        "a wait until a day of a branch that need not be opened",
        several(
            steps(pause={"kind": "wait", "until": "day", "to": "pay"}),
            put("fields.day.required", True),
            put(S + "tech.outputs", ["day"]),
            put(S + "checked.to", "pause"),
        ),
        MAY,
    ),
    (
        "a wait until a day of a branch that always is",
        several(
            steps(pause={"kind": "wait", "until": "day", "to": "pay"}),
            put("fields.day.required", True),
            put(S + "legal.outputs", ["day"]),
            put(S + "checked.to", "pause"),
        ),
        "",
    ),
    (
        "a task that is due after an optional day",
        several(put("start.fields", ASKED), put(S + "legal.due", {"after": "day", "by": "1mo"})),
        "",
    ),
    # what was asked before
    ("past the wait without a day", guarded([PAST], "pause"), ""),
    (
        "past the wait without a day, or in haste",
        guarded([PAST | {"when": "day == null or urgent"}], "pause"),
        "",
    ),
    (
        "past the wait without a day, in haste",
        guarded([PAST | {"when": "day == null and urgent"}], "pause"),
        MAY,
    ),
    (
        "past the wait in haste, or without a day",
        guarded([PAST | {"when": "urgent or day == null"}], "pause"),
        "",
    ),
    (
        "past the wait in brackets",
        guarded([PAST | {"when": "urgent and (amount > 5 or day == null or urgent)"}], "pause"),
        MAY,
    ),
    ("to the wait with a day", guarded([{"when": "day != null", "to": "pause"}], "pay"), ""),
    (
        "to the wait with a day, not in haste",
        guarded([{"when": "not urgent and day != null", "to": "pause"}], "pay"),
        "",
    ),
    (
        "to the wait with a day, or in haste",
        guarded([{"when": "day != null or urgent", "to": "pause"}], "pay"),
        MAY,
    ),
    (
        "a word that looks like a question",
        several(
            guarded([{"when": "note == 'x and day != null and y'", "to": "pause"}], "pay"),
            put("start.fields", [*ASKED, "note"]),
            put("fields.note.required", True),
        ),
        MAY,
    ),
    (
        "an outcome only with a day",
        pauses(
            put(
                S + "lead_look.outcomes",
                {"wait": {"to": "pause", "when": "day != null"}, "go": "pay"},
            )
        ),
        "",
    ),
    (
        "past the wait where a day was not asked for",
        several(guarded([PAST], "pause"), put("fields.day.when", "urgent")),
        "",
    ),
    (
        "past the wait where a day was not asked for, and something is written then",
        several(
            guarded([PAST], "writes"),
            put("fields.day.when", "urgent"),
            steps(writes=human("task", "crew", {"ok": "pause"}, outputs=["urgent"])),
        ),
        MAY,
    ),
    (
        "past a rule where nothing was worked out",
        several(
            by_parts("min(parts.net)"),
            put(S + "size.rules.0", {"when": "told == null", "to": "lead_look"}),
            put(S + "size.otherwise", "by_told"),
            steps(
                by_told={
                    "kind": "decision",
                    "rules": [{"when": "told > 9", "to": "checks"}],
                    "otherwise": "lead_look",
                }
            ),
        ),
        "",
    ),
    # sums and mails
    (
        "a sum with what may be empty",
        reckons("many * 2"),
        "action_field_may_be_empty@sum " + NO_WAY,
    ),
    ("a sum with what is there", reckons("many * 2", put("fields.many.required", True)), NO_WAY),
    (
        "a sum with the least of some rows",
        reckons("min(parts.net, net > 5)", parts_are_there()),
        "action_field_may_be_empty@sum " + NO_WAY,
    ),
    (
        "a sum with the least of an optional column",
        reckons("min(parts.many)", parts_are_there()),
        "action_field_may_be_empty@sum " + NO_WAY,
    ),
    (
        "a sum with the least of a column",
        reckons("min(parts.net)", parts_are_there()),
        NO_WAY,
    ),
    (
        "a sum with the number of some rows",
        reckons("count(parts, net > 5) * 2", parts_are_there()),
        NO_WAY,
    ),
    ("a sum with a way for errors", reckons("many * 2", put(S + "sum.on_error", "fix")), ""),
    (
        "a sum with what nobody gives",
        reckons("many * 2", put("start.fields", ASKED[:3])),
        "field_read_too_early@sum " + NO_WAY,
    ),
    (
        "a mail to who may be empty",
        tells("{{ address }}"),
        "action_field_may_be_empty@pay " + NO_WAY,
    ),
    ("a mail to somebody besides", tells(["{{ address }}", "ops@example.com"]), NO_WAY),
    (
        "a rule by a field that a sum empties",
        several(
            reckons("1"),
            put(S + "sum.with.note", None),
            put(S + "sum.to", "by_note"),
            steps(
                by_note={
                    "kind": "decision",
                    "rules": [{"when": "note == 'x'", "to": "fix"}],
                    "otherwise": "pay",
                }
            ),
        ),
        "rule_field_may_be_empty@by_note " + NO_WAY,
    ),
    # joins that wait for all by another word
    ("behind a join of all, as a share", behind("100%"), ""),
    ("behind a join of all, as a number", behind(2), "join_capped@checked"),
    ("behind a join of one", behind(1), MAY),
    ("behind a join of half", behind("50%"), MAY),
    # worked-out fields
    ("by the sum of a list that may be empty", by_parts("sum(parts.net)"), ""),
    (
        "by the least of a list that may be empty",
        by_parts("min(parts.net)"),
        "rule_field_may_be_empty@size",
    ),
    (
        "by the least of a list that is there",
        by_parts("min(parts.net)", put("fields.parts.required", True)),
        "",
    ),
    # resources
    (
        "a booking by what may be empty",
        holds(
            put(S + "tech.outputs", ["room", "starts"]),
            put("start.fields", ["amount", "urgent", "lead", "ends"]),
        ),
        "hold_field_may_be_empty@tech",
    ),
    (
        "a draw on what may be empty",
        several(
            holds(),
            spends(),
            put(S + "tech.outputs", ["room", "starts", "ends"]),
            put("start.fields", ["amount", "urgent", "lead", "centre"]),
        ),
        "hold_field_may_be_empty@tech",
    ),
    (
        "a step of people in the way of a refusal",
        pauses(
            put(S + "lead_look.outcomes.ok", "ask"),
            put("start.fields", ASKED[:3]),
            put("fields.day.required", True),
            ask=human("task", "crew", {"ok": "pause", "no": REFUSE}, outputs=["day"]),
        ),
        "",
    ),
    # tables
    ("a table that leads past the wait without a day", chooses(EMPTY_DAY, SOME_DAY), ""),
    ("a table that leads past the wait in haste without a day", chooses(IN_HASTE, SOME_DAY), MAY),
    (
        "a table that leads past the wait without a day, in haste or not",
        chooses(IN_HASTE, {"when": {"day": "null", "urgent": False}, "to": "pay"}, SOME_DAY),
        "",
    ),
    ("a table that leads to the wait by a day", chooses(BY_DAY, otherwise="pay"), ""),
    (
        "a table that leads to the wait by a day or none",
        chooses(BY_DAY, otherwise="pause"),
        f"{MAY} decision_of_one@table",
    ),
    (
        "a table that leads to the wait where no row holds",
        chooses(EMPTY_DAY, BY_DAY | {"to": "pay"}, otherwise="pause"),
        "",
    ),
    (
        "a table of one row, where none holds for a day that is empty",
        chooses(BY_DAY, hit="unique", otherwise="pay"),
        "",
    ),
]
