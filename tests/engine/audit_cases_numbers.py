"""Ways to let the sound map divide by what may be 0, and ways in which it asks before."""

from collections.abc import Callable
from typing import Any

from tests.engine.audit_cases import Map, S, put, several, steps
from tests.engine.audit_cases_empty import reckons
from tests.engine.audit_cases_rows import EACH, LINES, TURNS, rows

ASKED = ["amount", "urgent", "lead", "pieces"]


def counts(*edits: Callable[[Map], None], **keys: Any) -> Callable[[Map], None]:
    """The start asks for a number of pieces."""
    pieces = {"type": "integer", "required": True} | keys
    return several(put("fields.pieces", pieces), put("start.fields", ASKED), *edits)


def asks(*rules: str, **keys: Any) -> Callable[[Map], None]:
    """The decision asks these rules, the last of which leads on."""
    ways = ["lead_look", "lead_look", "lead_look"][: len(rules) - 1]
    listed = [{"when": rule, "to": to} for rule, to in zip(rules, [*ways, "checks"], strict=True)]
    return counts(put(S + "size.rules", listed), **keys)


def works_out(value: str, rule: str, **keys: Any) -> Callable[[Map], None]:
    """What is asked is worked out by dividing by the pieces."""
    return several(asks(rule, **keys), put("fields.each", {"type": "number", "value": value}))


def lists(rule: str, **keys: Any) -> Callable[[Map], None]:
    """The decision asks of a list of parts."""
    columns = {
        "net": {"type": "integer", "required": True, "min": 1},
        "many": {"type": "integer", "required": True},
    }
    return several(
        put("fields.parts", {"type": "list", "columns": columns} | keys),
        put("start.fields", ["amount", "urgent", "lead", "parts"]),
        put(S + "size.rules", [{"when": rule, "to": "checks"}]),
    )


def sums(expression: str, *edits: Callable[[Map], None], **many: Any) -> Callable[[Map], None]:
    """A sum before the payment divides by a required number."""
    return reckons(
        expression, put("fields.many", {"type": "number", "required": True} | many), *edits
    )


def behind_question(rule: str, to: str, otherwise: str) -> Callable[[Map], None]:
    """A decision before the sum."""
    guard = {"kind": "decision", "rules": [{"when": rule, "to": to}], "otherwise": otherwise}
    return several(steps(guard=guard), put(S + "lead_look.outcomes.ok", "guard"))


def told_by(value: str, rule: str) -> Callable[[Map], None]:
    """The decision asks a field that is worked out from a list with an optional column."""
    kind = "boolean" if value.startswith("any") else "number"
    return several(
        lists(rule, required=True),
        put("fields.parts.columns.many.required", False),
        put("fields.told", {"type": kind, "value": value}),
    )


def by_column(value: str, many: bool = False) -> Callable[[Map], None]:
    """The decision asks a column that is worked out."""
    return several(
        lists("any(parts, told > 5)"),
        put("fields.parts.columns.many.required", many),
        put("fields.parts.columns.told", {"type": "number", "value": value}),
    )


def by_table(past: str, on: str) -> Callable[[Map], None]:
    """A table before the sum: a cell that leads past it, and one that leads on."""
    rows = [{"when": {"many": past}, "to": "pay"}, {"when": {"many": on}, "to": "sum"}]
    guard = {"kind": "table", "inputs": ["many"], "hit": "first", "rows": rows}
    return several(steps(guard=guard), put(S + "lead_look.outcomes.ok", "guard"))


TWICE = {"type": "money", "currency": "EUR", "value": "net * 2"}
OF_FIELD = "rule_field_may_be_empty@size"
RULE = "may_divide_by_zero@size"
SUM = "may_divide_by_zero@sum error_way_missing*"
OF_LIST = f"value_may_be_empty {OF_FIELD}"
VALUE = "value_may_divide_by_zero"
DIVIDED = f"{VALUE} rule_field_may_be_empty@size"
BY_MANY = "amount / many"
NUMBER_CASES: list[tuple[str, Callable[[Map], None], str]] = [
    ("a rule that divides by a number", asks("amount / pieces > 5"), RULE),
    ("a rule that divides by a number from 0", asks("amount / pieces > 5", min=0), RULE),
    ("a rule that divides by a number from 1", asks("amount / pieces > 5", min=1), ""),
    ("a rule that divides by a number below 0", asks("amount / pieces < 5", max=-1), ""),
    ("a rest by a number", asks("5 % pieces == 0"), RULE),
    ("a whole part by a number", asks("5 // pieces > 2"), RULE),
    ("a division behind its question", asks("pieces != 0 and amount / pieces > 5"), ""),
    ("a division before its question", asks("amount / pieces > 5 and pieces != 0"), RULE),
    ("a division behind another question", asks("pieces > 0 and amount / pieces > 5"), ""),
    ("a division behind a wrong question", asks("pieces >= 0 and amount / pieces > 5"), RULE),
    ("a division where it is 0 or not", asks("pieces == 0 or amount / pieces > 5"), ""),
    ("a division where it is not", asks("not (pieces == 0) and amount / pieces > 5"), ""),
    (
        "a division in one of two cases",
        asks("(urgent and pieces > 0) or amount / pieces > 5"),
        RULE,
    ),
    (
        "a division in both of two cases",
        asks("(pieces > 3 or pieces < 0) and amount / pieces > 5"),
        "",
    ),
    (
        "a division by what is at least another field",
        several(
            asks("amount / pieces > 5", min="least"),
            put("fields.least", {"type": "integer", "required": True, "min": 1}),
            put("start.fields", [*ASKED, "least"]),
        ),
        "",
    ),
    (
        "a division by what is at least a field that is asked for under a rule",
        several(
            asks("amount / pieces > 5", min="least"),
            put("fields.least", {"type": "integer", "required": True, "min": 1, "when": "urgent"}),
            put("start.fields", [*ASKED, "least"]),
        ),
        RULE,
    ),
    ("a division by one of some numbers", asks("pieces in [1, 2] and amount / pieces > 5"), ""),
    ("a division by one of some numbers and 0", asks("pieces in [0, 2] and 5 / pieces > 2"), RULE),
    ("a division by more than it", asks("amount / (pieces + 1) > 5", min=0), ""),
    ("a division by less than it", asks("amount / (pieces - 1) > 5", min=1), RULE),
    ("a division by twice as much", asks("amount / (2 * pieces) > 5", min=1), ""),
    ("a division by what is left", asks("pieces > 3 and amount / (pieces - 3) > 5"), ""),
    (
        "a division by a difference that is asked for",
        asks("amount != pieces and 5 / (amount - pieces) > 2"),
        "",
    ),
    (
        "a division by a difference that is more than nothing",
        asks("amount > pieces and 5 / (amount - pieces) > 2"),
        "",
    ),
    (
        "a division by another difference",
        asks("1 - (pieces - 3) > 0 and 5 / (1 - pieces - 3) > 2"),
        RULE,
    ),
    ("a division behind an earlier rule", asks("pieces == 0", "amount / pieces > 5"), ""),
    ("a division behind another rule", asks("urgent and pieces == 0", "amount / pieces > 5"), RULE),
    ("a division by the rows of a list", lists("amount / count(parts) > 5"), RULE),
    (
        "a division by the rows of a list that is there",
        lists("5 / count(parts) > 2", required=True),
        "",
    ),
    (
        "a division by rows that are asked for",
        lists("count(parts) > 0 and amount / count(parts) > 5"),
        "",
    ),
    (
        "a division by rows of a list that is not empty",
        lists("parts != null and amount / count(parts) > 5"),
        "",
    ),
    ("a division by a sum of parts", lists("5 / sum(parts.net) > 2", required=True), ""),
    (
        "a division by a sum of parts of which one may not be asked for",
        several(
            lists("5 / sum(parts.net) > 2", required=True),
            put("fields.parts.columns.net.when", "many > 1"),
        ),
        RULE,
    ),
    ("a division by a sum of no parts", lists("5 / sum(parts.net) > 2"), RULE),
    ("a division in rows", lists("any(parts, net / many > 2)"), RULE),
    ("a division in some rows", lists("sum(parts.net, net / many > 2) > 5"), RULE),
    ("a division in rows that are counted", lists("count(parts, net / many > 2) > 5"), RULE),
    (
        "a division in rows that are counted where it can be",
        lists("count(parts, many > 0 and net / many > 2) > 5"),
        "",
    ),
    (
        "a division by some rows of a list that is there",
        lists("5 / count(parts, net > 5) > 2", required=True),
        RULE,
    ),
    (
        "a division by some rows of which there is one",
        lists("count(parts, net > 5) > 0 and 5 / count(parts, net > 5) > 2"),
        "",
    ),
    (
        "a division by the sum of some rows of a list that is there",
        lists("5 / sum(parts.net, net > 5) > 2", required=True),
        RULE,
    ),
    (
        "a division in rows behind its question",
        lists("any(parts, many > 0 and net / many > 2)"),
        "",
    ),
    ("a division in rows by a bounded column", lists("any(parts, many / net > 2)"), ""),
    (
        "an outcome that divides",
        counts(
            put(
                S + "lead_look.outcomes",
                {"ok": "pay", "few": {"to": "pay", "when": "5 / pieces > 2"}},
            )
        ),
        "may_divide_by_zero@lead_look",
    ),
    (
        "an outcome that divides by what the step asks for",
        counts(
            put(S + "lead_look.outputs", ["pieces"]),
            put(S + "size.rules", [{"when": "pieces == 0", "to": "checks"}]),
            put(
                S + "lead_look.outcomes",
                {"ok": "pay", "few": {"to": "pay", "when": "5 / pieces > 2"}},
            ),
        ),
        "may_divide_by_zero@lead_look",
    ),
    (
        "a branch that divides",
        counts(put(S + "checks.branches.1.when", "5 / pieces > 2")),
        "may_divide_by_zero@checks",
    ),
    # sums
    ("a sum that divides", sums(BY_MANY), SUM),
    (
        "a sum that divides, with another way",
        sums(BY_MANY, put(S + "sum.on_error", {"to": "fix"})),
        "",
    ),
    ("a sum that divides by more than 0", sums(BY_MANY, min=0.5), "error_way_missing*"),
    (
        "a sum that divides by an amount that rounds",
        sums("5 / (many / 3)", min=1),
        "error_way_missing*",
    ),
    (
        "a sum behind a question",
        sums(BY_MANY, behind_question("many == 0", "pay", "sum")),
        "error_way_missing*",
    ),
    (
        "a sum behind the other answer",
        sums(BY_MANY, behind_question("many > 0", "sum", "pay")),
        "error_way_missing*",
    ),
    (
        "a sum behind a wrong question",
        sums(BY_MANY, behind_question("many < 9", "sum", "pay")),
        SUM,
    ),
    (
        "a sum behind a question before it is changed",
        sums(
            BY_MANY,
            steps(
                change={
                    "kind": "task",
                    "role": "crew",
                    "expected": "1h",
                    "due": "2d",
                    "outputs": ["many"],
                    "outcomes": {"ok": "sum"},
                }
            ),
            behind_question("many == 0", "pay", "change"),
        ),
        SUM,
    ),
    (
        "a sum behind one that sees to it",
        sums(
            BY_MANY,
            steps(
                least={
                    "kind": "automation",
                    "action": "set_fields",
                    "with": {"many": 1},
                    "to": "sum",
                }
            ),
            behind_question("many == 0", "least", "sum"),
        ),
        "error_way_missing*",
    ),
    (
        "a sum that grows in a loop",
        sums(
            "many / (many + 1)",
            steps(
                more={
                    "kind": "automation",
                    "action": "set_fields",
                    "with": {"many": "many + 1"},
                    "to": "lead_look",
                }
            ),
            behind_question("many < 5", "more", "sum"),
            min=0,
        ),
        "error_way_missing*",
    ),
    (
        "a sum behind a table that leads past it",
        sums(BY_MANY, by_table("0", "-")),
        "error_way_missing*",
    ),
    ("a sum behind a table of more", sums(BY_MANY, by_table("<= 0", "> 0")), "error_way_missing*"),
    ("a sum behind a table of less", sums(BY_MANY, by_table("> 0", "<= 0")), SUM),
    (
        "a sum that gives what its field always refuses",
        sums("1", put(S + "sum.with", {"part": 9}), put("fields.part.max", 5)),
        "action_told_wrongly@sum error_way_missing*",
    ),
    (
        "a sum that gives what its field takes",
        sums("1", put(S + "sum.with", {"part": 5}), put("fields.part.max", 5)),
        "error_way_missing*",
    ),
    # what is worked out
    ("a field that divides", works_out("amount / pieces", "each > 5"), DIVIDED),
    ("a field that divides by more than 0", works_out("amount / pieces", "each > 5", min=1), ""),
    (
        "a field that divides, of which a rule minds that it is empty",
        works_out("amount / pieces", "each == null or each > 5"),
        "",
    ),
    (
        "a division by a field that is worked out",
        works_out("pieces + 1", "5 / each > 2", min=0),
        "",
    ),
    (
        "a division by a field that rounds to nothing",
        works_out("pieces / 9", "5 / each > 2", min=1),
        RULE,
    ),
    (
        "a column that divides",
        several(
            lists("urgent"),
            put("fields.parts.columns.each", {"type": "number", "value": "net / many"}),
        ),
        VALUE,
    ),
    (
        "a column by a bounded one",
        several(
            lists("urgent"),
            put("fields.parts.columns.each", {"type": "number", "value": "many / net"}),
        ),
        "",
    ),
    # what is worked out from columns that may be empty
    ("a field by an optional column", told_by("any(parts, many > 5)", "told"), OF_LIST),
    (
        "a field by the least of an optional column",
        told_by("min(parts.many)", "told > 5"),
        OF_LIST,
    ),
    (
        "a field by an optional column where a rule minds it",
        told_by("any(parts, many > 5)", "told != null and told"),
        "",
    ),
    ("a field by the sum of an optional column", told_by("sum(parts.many)", "told > 5"), ""),
    (
        "a field by an optional column that it asks for",
        told_by("any(parts, many != null and many > 5)", "told"),
        "",
    ),
    ("a field by a column that must be there", told_by("any(parts, net > 5)", "told"), ""),
    ("a field by the sum of some rows", told_by("sum(parts.net, net > 5)", "told > 5"), ""),
    ("a field by the least of some rows", told_by("min(parts.net, net > 5)", "told > 5"), OF_LIST),
    ("a rule by a column that reads an optional one", by_column("many * 2"), OF_FIELD),
    ("a rule by a column that reads a required one", by_column("net * 2"), ""),
    ("a rule by a column that divides", by_column("many / net", many=True), ""),
    (
        "a rule by a column that may divide by 0",
        by_column("net / many", many=True),
        f"{VALUE} {OF_FIELD}",
    ),
    # rows of branches
    (
        "a branch by what is worked out in its row",
        several(
            rows({**EACH, "when": "row.twice > 5"}, TURNS),
            put("fields.lines", {**LINES, "columns": {**LINES["columns"], "twice": TWICE}}),
        ),
        "",
    ),
    (
        "a branch that divides by a column of its row",
        rows({**EACH, "when": "5 / row.net > 2"}, TURNS),
        "may_divide_by_zero@checks",
    ),
    (
        "a branch that divides by a column of its row behind its question",
        rows({**EACH, "when": "row.net > 0 and 5 / row.net > 2"}, TURNS),
        "",
    ),
]
