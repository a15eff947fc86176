"""Ways to go through a chain of managers, and to damage that."""

from collections.abc import Callable
from typing import Any

from tests.engine.audit_cases import Map, human, put, several
from tests.engine.audit_cases_rows import rows

TURNS = {"as": "person", "to": "tech", "one_at_a_time": True, "stop_on": "refusal"}


def managed(until: str = "limit >= amount", **said: Any) -> Callable[[Map], None]:
    """The sound map, signed by the managers above the person in a field."""
    chain = {"chain_of": "field:lead", "until": until, **said}
    return rows({"each": "lines", "to": "legal"}, {"each": chain, **TURNS})


CHAIN_CASES: list[tuple[str, Callable[[Map], None], str]] = [
    ("managers in turn", managed(), ""),
    ("managers by where they are", managed("department == 'IT' or level >= 3", levels=3), ""),
    ("managers above who did a step", managed(chain_of="review"), ""),
    ("managers above who need not have done a step", managed(chain_of="lead_look"),
        "decider_may_be_missing@checks"),
    ("managers above who did a step that may expire", several(
        managed(chain_of="before"), put("steps.before", human("task", "crew", {"ok": "checks"},
            expires={"after": "9d", "to": "checks"})), put("steps.size.rules.0.to", "before")),
        "decider_may_be_missing@checks"),
    ("managers above who did a step of the block before", several(
        managed(chain_of="one"), put("steps.size.rules.0.to", "both"), put("steps.both", {
            "kind": "parallel", "branches": [{"to": "one"}, {"to": "two"}], "join": "met"}),
        put("steps.one", human("task", "crew", {"ok": "met"})),
        put("steps.two", human("task", "board", {"ok": "met"})),
        put("steps.met", {"kind": "join", "to": "checks"})), ""),
    ("more levels than are asked", managed("level >= 9", levels=3), "chain_never_ends@checks"),
    ("as many levels as are asked", managed("level >= 3", levels=3), ""),
    ("more levels than are asked, or another", managed("level >= 9 or place == 'Rome'", levels=3),
        ""),
    ("managers above the requester, and a schedule", several(managed(chain_of="requester"),
        put("steps.revise.role", "crew"), put("start.triggers", [{"kind": "schedule",
            "cron": "0 9 * * 1"}])),
        "trigger_without_requester@checks chain_manager_missing* trigger_field_missing*"),
    ("managers above the requester, and a public form", several(managed(chain_of="requester"),
        put("steps.revise.role", "crew"), put("start.triggers", [{"kind": "public_form"}])),
        "public_form_nobody@checks chain_manager_missing* public_form_field_missing*"),
    ("managers above the requester, of whom some have none", managed(chain_of="requester"),
        "chain_manager_missing@checks"),
    ("managers above a text", several(
        managed(chain_of="field:note"), put("fields.note.required", True)),
        "chain_start_unfit@checks"),
    ("managers above no field", managed(chain_of="field:nobody"), "chain_start_unfit@checks"),
    ("managers above nothing that people do", managed(chain_of="size"),
        "chain_start_unfit@checks"),
    ("a misspelt rule", managed("limit >= amuont"), "chain_rule_wrong@checks"),
    ("a rule that compares what cannot be", managed("limit >= 'a lot'"),
        "chain_rule_wrong@checks"),
    ("a rule that asks nothing of a manager", managed("amount > 5"), "chain_rule_idle@checks"),
    ("a field that is called as what is known of a manager", several(
        managed("department == 'IT'"), put("fields.department", {"type": "text"})),
        "chain_fact_is_field@checks"),
    ("amounts in two currencies", several(
        managed("limit >= amount and limit >= dollars"),
        put("fields.amount.currency", "EUR"),
        put("fields.dollars", {"type": "money", "currency": "USD", "required": True}),
        put("start.fields", ["amount", "urgent", "lead", "lines", "people", "dollars"])),
        "chain_currencies@checks"),
    ("a value that may be empty", managed("place == note"),
        "chain_value_may_be_empty@checks"),
]  # fmt: skip
