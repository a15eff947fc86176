"""Ways to go through the rows of a list, and to damage that."""

from collections.abc import Callable
from typing import Any

from tests.engine.audit_cases import REFUSE, Map, S, human, put, several, steps

LINES: Map = {
    "type": "list",
    "required": True,
    "columns": {
        "item": {"type": "text", "required": True},
        "net": {"type": "money", "currency": "EUR", "required": True},
        "needed": {"type": "date", "required": True},
        "who": {"type": "user", "required": True},
        "checked": {"type": "boolean"},
    },
}
CHECKED = LINES | {"columns": LINES["columns"] | {"checked": {"type": "boolean", "required": True}}}
UNNAMED = LINES | {"columns": LINES["columns"] | {"who": {"type": "user"}}}
SOMETIMES = {"type": "user", "required": True, "when": "net > 100"}
SOMETIMES_NAMED = LINES | {"columns": LINES["columns"] | {"who": SOMETIMES}}
ASKED = ["amount", "urgent", "lead", "lines", "people"]
CHECK = human("task", "crew", {"ok": "checked", "no": REFUSE}, outputs=["row.checked"])
SIGN = human("approval", "signer", {"ok": "checked", "no": {"to": "checked", "exception": True}})


def rows(
    *branches: Map, check: Map = CHECK, sign: Map = SIGN, **more: Any
) -> Callable[[Map], None]:
    """The sound map with a list and several people, gone through by these branches."""
    return several(
        put("fields.lines", LINES),
        put("fields.people", {"type": "users", "required": True}),
        put("roles.signer", {"field": "person"}),
        put("start.fields", ASKED),
        steps(legal=check, tech=sign, **more),
        put(S + "checks.branches", list(branches)),
    )


EACH = {"each": "lines", "to": "legal"}
TURNS = {"each": "people", "as": "person", "to": "tech", "one_at_a_time": True}
BOTH = (EACH, TURNS)


def check(**said: Any) -> Map:
    """The step of each row, saying something else."""
    return CHECK | said


ROW_CASES: list[tuple[str, Callable[[Map], None], str]] = [
    ("a branch for each row, and one for each person in turn", rows(*BOTH), ""),
    ("a branch for each row alone", several(
        rows(EACH, sign=human("task", "board", {"ok": "pay"})),
        put(S + "lead_look.outcomes.look", "tech"), put("roles.signer.field", "lead")), ""),
    ("a row's values in rules, shown and told", several(
        rows({**EACH, "when": "row.net > 5"}, TURNS, check=check(
            inputs=["row.item", "row.net"], due={"after": "row.needed", "by": "5d"},
            outcomes={"ok": "checked", "small": {"to": "checked", "when": "row.net < 100"}}))), ""),
    ("a role by all who stand in a column", several(
        rows(*BOTH), put("roles.named", {"column": "lines.who"}),
        put(S + "fix.role", "named")), ""),
    ("a role by all who stand in a column that may be empty", several(
        rows(*BOTH), put("fields.lines", UNNAMED),
        put("roles.named", {"column": "lines.who"}), put(S + "fix.role", "named")),
        "role_field_may_be_empty@fix"),
    ("a role by all who stand in a column that is asked for under a rule", several(
        rows(*BOTH), put("fields.lines", SOMETIMES_NAMED),
        put("roles.named", {"column": "lines.who"}), put(S + "fix.role", "named")),
        "role_field_may_be_empty@fix"),
    ("a role by a column of the row that is asked for under a rule", several(
        rows(*BOTH, check=check(role="named")), put("fields.lines", SOMETIMES_NAMED),
        put("roles.named", {"field": "row.who"})), "role_field_may_be_empty@legal"),
    ("a role by a column of the row", several(
        rows(*BOTH, check=check(role="named")), put("roles.named", {"field": "row.who"})), ""),
    ("a share of the branches", several(rows(*BOTH), put(S + "checked.wait_for", "60%")), ""),
    ("more branches than the map names", several(rows(*BOTH), put(S + "checked.wait_for", 9)),
        "join_capped@checked"),
    ("rows of a list for others than those to whom they are shown", several(
        rows(*BOTH), put("fields.lines", LINES | {"visible_to": ["board"]})),
        "field_asked_unseen@legal"),
    ("a required column that its branch fills in", several(
        rows(*BOTH), put("fields.lines", CHECKED), put(S + "lead_look.outcomes.ok", "checks")), ""),
    ("a required column of a branch that a rule goes past", several(
        rows(*BOTH), put("fields.lines", CHECKED)), "column_filled_by_nobody"),
    ("a required column of rows that a branch may leave out", several(
        rows({**EACH, "when": "row.net > 5"}, TURNS), put("fields.lines", CHECKED),
        put(S + "lead_look.outcomes.ok", "checks")), "column_filled_by_nobody"),
    ("a required column that a way of its branch goes past", several(
        rows(*BOTH, check=human("task", "crew", {"ok": "checked", "no": REFUSE, "skip": "note_it"}),
            note_it=human("task", "crew", {"ok": "checked"}, outputs=["row.checked"])),
        put("fields.lines", CHECKED), put(S + "lead_look.outcomes.ok", "checks")),
        "column_filled_by_nobody"),
    ("rows of no field", rows({**EACH, "each": "nothing"}, TURNS, check=check(outputs=None)),
        "each_unfit@checks"),
    ("rows of a text", rows({**EACH, "each": "note"}, TURNS, check=check(outputs=None)),
        "each_unfit@checks"),
    ("rows that nobody fills in", several(
        rows(*BOTH), put("fields.lines", {**LINES, "required": False}),
        put("start.fields", ["amount", "urgent", "lead", "people"])), "each_of_nothing@checks"),
    ("a step of two branches, one for each row",
        rows(EACH, {"to": "legal", "when": "urgent"}, TURNS),
        "each_step_shared@legal branches_write_same_field@checks"),
    ("a row within a row within a row", several(
        rows({"each": "lines", "as": "one", "to": "second"}, TURNS,
            check=human("task", "crew", {"ok": "third_done"}),
            second={"kind": "parallel", "join": "second_done",
                "branches": [{"each": "lines", "as": "two", "to": "third"}]},
            third={"kind": "parallel", "join": "third_done",
                "branches": [{"each": "lines", "as": "three", "to": "legal"}]},
            third_done={"kind": "join", "to": "second_done"},
            second_done={"kind": "join", "to": "checked"})), "each_too_deep@third"),
    ("a branch that is to stop and cannot", rows({**EACH, "stop_on": "refusal"}, TURNS),
        "each_never_stops@checks"),
    ("a branch that stops at a refusal", rows(EACH, {**TURNS, "stop_on": "refusal"}), ""),
    ("a step of the branch that writes the whole list",
        rows(*BOTH, check=check(outputs=["lines"])),
        "each_list_changed@legal branches_write_same_field@checks"),
    ("every row writing one field", rows(*BOTH, check=check(outputs=["row.checked", "day"])),
        "branches_write_same_field@checks"),
    ("a condition on the row where nothing comes twice", several(
        rows({**EACH, "when": "row.net > 5"}, TURNS), put(S + "refused.reopen", ...)), ""),
    ("a condition on what may be empty in a row where nothing comes twice", several(
        rows({**EACH, "when": "row.checked"}, TURNS), put(S + "refused.reopen", ...)),
        "rule_field_may_be_empty@checks"),
    ("a row outside of its branch", several(rows(*BOTH), put(S + "pay.with.json", {
        "sum": "{{ row.net }}"})), "row_outside@pay"),
    ("a rule about a row outside of its branch",
        several(rows(*BOTH), put(S + "size.rules", [{"when": "row.net > 5", "to": "checks"}])),
        "row_outside@size rule_field_may_be_empty@size"),
    ("another branch's row", rows(*BOTH, sign=SIGN | {"inputs": ["row.item"]}), "row_outside@tech"),
    ("a column that is not there", rows(*BOTH, check=check(inputs=["row.price"])),
        "input_unknown@legal"),
    ("a column that may be empty in a rule", rows(*BOTH, check=check(outcomes={
        "ok": "checked", "good": {"to": "checked", "when": "row.checked"}})),
        "rule_field_may_be_empty@legal"),
]  # fmt: skip
