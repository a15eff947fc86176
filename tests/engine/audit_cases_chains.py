"""Ways to go through a chain of managers, and to damage that."""

from collections.abc import Callable
from typing import Any

from tests.engine.audit_cases import Map, put, several
from tests.engine.audit_cases_rows import rows

TURNS = {"as": "person", "to": "tech", "one_at_a_time": True, "stop_on": "refusal"}


def managed(until: str = "limit >= amount", **said: Any) -> Callable[[Map], None]:
    """The sound map, signed by the managers above the person in a field."""
    chain = {"chain_of": "field:lead", "until": until, **said}
    return rows({"each": "lines", "to": "legal"}, {"each": chain, **TURNS})


CHAIN_CASES: list[tuple[str, Callable[[Map], None], str]] = [
    ("managers in turn", managed(), ""),
    ("managers by where they are", managed("department == 'IT' or level >= 3", levels=3), ""),
    ("managers above who did a step", managed(chain_of="lead_look"), ""),
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
