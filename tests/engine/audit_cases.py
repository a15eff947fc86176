"""A sound map, its people, and every way to damage it that the audit finds.

Each row of `CASES` damages the map in one way and says which findings that gives: `code@step`;
`code*` stands for any number of findings of that code.
"""

import copy
from collections.abc import Callable
from typing import Any

from workflows.engine.audit.people import ResourceGroup
from workflows.engine.format.definition import Definition, RoleDef
from workflows.engine.timing.working_time import BUILT_IN_CALENDARS, Calendar, calendar_named

Map = dict[str, Any]


def human(kind: str, role: str, outcomes: Map, **more: Any) -> Map:
    return {"kind": kind, "role": role, "expected": "4h", "due": "2d", "outcomes": outcomes} | more


REFUSE = {"to": "refused", "exception": True}
SOUND: Map = {
    "format": 1,
    "key": "sound",
    "name": "Sound",
    "owner": "olga",
    "deputy": "dan",
    "roles": {
        "staff": {"groups": ["staff"]},
        "crew": {"groups": ["crew"]},
        "board": {"groups": ["board"]},
        "lead": {"field": "lead"},
        "requester": {"requester": True},
        "nobody": {"groups": ["empty"]},
        "single": {"users": ["sam"]},
    },
    "fields": {
        "amount": {"type": "money", "currency": "EUR", "required": True},
        "urgent": {"type": "boolean", "required": True},
        "lead": {"type": "user", "required": True},
        "note": {"type": "text"},
        "day": {"type": "date"},
    },
    "start": {"role": "staff", "fields": ["amount", "urgent", "lead"], "first": "review"},
    "steps": {
        "review": human("approval", "crew", {"ok": "size", "back": "revise", "no": REFUSE}),
        "revise": human(
            "task",
            "requester",
            {"again": "review", "withdraw": {"to": "withdrawn", "exception": True}},
            outputs=["amount"],
        ),
        "size": {
            "kind": "decision",
            "rules": [{"when": "amount > 1000", "to": "checks"}],
            "otherwise": "lead_look",
        },
        "lead_look": human("task", "lead", {"ok": "pay"}),
        "checks": {
            "kind": "parallel",
            "branches": [{"to": "legal"}, {"to": "tech", "when": "urgent"}],
            "join": "checked",
        },
        "legal": human("approval", "crew", {"ok": "checked", "no": REFUSE}),
        "tech": human("task", "board", {"ok": "checked"}),
        "checked": {"kind": "join", "wait_for": "all", "to": "pay"},
        "pay": {
            "kind": "automation",
            "action": "http",
            "with": {"connection": "bank", "path": "/pay", "json": {"sum": "{{ amount }}"}},
            "outputs": {"note": "$.number"},
            "on_error": "fix",
            "to": "approved",
        },
        "fix": human("task", "crew", {"again": "pay", "stop": REFUSE}),
        "approved": {"kind": "end", "result": "approved"},
        "refused": {"kind": "end", "result": "refused", "reopen": "review"},
        "withdrawn": {"kind": "end", "result": "withdrawn"},
    },
}


OTHER: Map = {
    "format": 1,
    "key": "other",
    "name": "Other",
    "fields": {
        "item": {"type": "text", "required": True},
        "size": {"type": "choice", "choices": ["s", "m"]},
        "secret": {"type": "text"},
    },
    "start": {"fields": ["item", "size"]},
    "steps": {"done": {"kind": "end", "result": "done"}},
}
"""What a step of the sound map may start."""


class Directory:
    """A small company held in memory."""

    groups: dict[str, set[str]]

    def __init__(self) -> None:
        self.groups = {
            "staff": {"s1", "s2", "s3"},
            "crew": {"c1", "c2", "c3", "c4"},
            "board": {"b1", "b2", "b3"},
            "empty": set(),
            "desk-north": {"c1"},
            "desk-vacant": set(),
        }

    def is_active(self, username: str) -> bool | None:
        if username == "gone":
            return False
        everybody = {"olga", "dan", "sam"}.union(*self.groups.values())
        return True if username in everybody else None

    def count_without_manager(self, role: RoleDef | None) -> int:
        return 2

    def has_action(self, name: str) -> bool:
        return name in ("http", "email", "set_fields", "start_workflow")

    def has_connection(self, key: str) -> bool:
        return key in ("bank", "shut")

    def calendar(self, name: str | None) -> Calendar | None:
        known = calendar_named(None) if name == "old" else None
        return calendar_named(name) if name in BUILT_IN_CALENDARS else known

    def has_workflow(self, key: str) -> bool:
        return key in ("other", "resting")

    def is_in_use(self, key: str) -> bool:
        return key == "other"

    def has_group(self, name: str) -> bool:
        return name in self.groups

    def is_connection_on(self, key: str) -> bool:
        return key == "bank"

    def calendar_has_run_out(self, name: str) -> bool:
        return name == "old"

    def resource_group(self, name: str) -> ResourceGroup | None:
        groups = {
            "rooms": ResourceGroup("bookable"),
            "costs": ResourceGroup("budget", frozenset({"EUR"})),
        }
        return groups.get(name)

    def started_as(self, key: str) -> Definition | None:
        return Definition.model_validate(OTHER) if key == "other" else None

    def members(self, role: RoleDef) -> frozenset[str]:
        grouped = (self.groups.get(group, set()) for group in role.groups)
        return frozenset(user for user in role.users if self.is_active(user)).union(*grouped)


def put(path: str, value: Any) -> Callable[[Map], None]:
    """Write a value at a dotted path; `…` as value takes the key away."""

    def edit(data: Map) -> None:
        *way, last = path.split(".")
        for key in way:
            data = data[int(key)] if isinstance(data, list) else data.setdefault(key, {})
        if value is ...:
            del data[last]
        elif isinstance(data, list):
            data[int(last)] = value
        else:
            data[last] = value

    return edit


def steps(**added: Any) -> Callable[[Map], None]:
    """Put steps in place of those of the same name."""
    return lambda data: data["steps"].update(added)


def several(*edits: Callable[[Map], None]) -> Callable[[Map], None]:
    def edit(data: Map) -> None:
        for one in edits:
            one(data)

    return edit


def join_step(to: str, wait_for: Any = "all") -> Map:
    return {"kind": "join", "wait_for": wait_for, "to": to}


def split(*to: str, join: str | None = "checked") -> Map:
    found: Map = {"kind": "parallel", "branches": [{"to": key} for key in to]}
    return found | ({"join": join} if join else {})


def decide(otherwise: str | None, **rules: str) -> Map:
    listed = [{"when": when, "to": to} for to, when in rules.items()]
    ways = {"rules": listed, "otherwise": otherwise}
    return {"kind": "decision"} | {name: way for name, way in ways.items() if way}


S = "steps."


def works_out(told: Map, rounding: Map | None = None, **fields: str) -> Callable[[Map], None]:
    """A step `sum` before the payment that works values out, into these fields besides."""

    def edit(data: Map) -> None:
        step = {"kind": "automation", "action": "set_fields", "with": told, "to": "pay"}
        step["on_error"] = {"to": "refused", "exception": True}
        data["steps"]["sum"] = step | ({"round": rounding} if rounding else {})
        data["steps"]["lead_look"]["outcomes"]["ok"] = "sum"
        currency = {"money": {"currency": "EUR"}}
        data["fields"] |= {name: {"type": k} | currency.get(k, {}) for name, k in fields.items()}

    return edit


CASES: list[tuple[str, Callable[[Map], None], str]] = [
    # the head
    (
        "no start at all",
        put("start", ...),
        "start_first_missing start_fields_missing start_role_missing field_never_filled*"
        " field_read_too_early*",
    ),
    ("no first step", put("start.first", ...), "start_first_missing"),
    (
        "no start fields",
        put("start.fields", ...),
        "start_fields_missing field_never_filled* rule_field_may_be_empty* field_read_too_early*",
    ),
    ("no start role", put("start.role", ...), "start_role_missing"),
    ("a start role found in the request", put("start.role", "lead"), "start_role_unfit"),
    ("nobody may start", put("start.role", "nobody"), "start_role_empty"),
    (
        "an undeclared start field",
        put("start.fields", ["amount", "urgent", "lead", "colour"]),
        "start_field_unknown",
    ),
    (
        "an undeclared trigger field",
        put("start.triggers", [{"kind": "webhook", "mapping": {"colour": "$.c"}}]),
        "trigger_field_unknown",
    ),
    ("no owner", put("owner", ...), "owner_missing"),
    ("an owner who left", put("owner", "gone"), "owner_inactive"),
    ("an owner nobody knows", put("owner", "zoe"), "owner_inactive"),
    ("a step whose owner left", put(S + "review.owner", "gone"), "part_owner_inactive@review"),
    ("a step's deputy nobody knows", put(S + "pay.deputy", "zoe"), "part_owner_inactive@pay"),
    (
        "a trigger whose owner left",
        put("start.triggers", [{"kind": "webhook", "owner": "gone"}]),
        "part_owner_inactive",
    ),
    (
        "one person for both of a step",
        several(put(S + "review.owner", "olga"), put(S + "review.deputy", "olga")),
        "part_deputy_is_owner@review",
    ),
    ("no deputy", put("deputy", ...), "deputy_missing"),
    ("a deputy who left", put("deputy", "gone"), "deputy_inactive"),
    ("one person for both", put("deputy", "olga"), "deputy_is_owner"),
    (
        "one exception way",
        several(
            put(S + "legal.outcomes", {"ok": "checked"}),
            put(S + "review.outcomes.no", ...),
            put(S + "fix.outcomes.stop", "refused"),
            put(S + "refused.reopen", ...),
        ),
        "exceptions_too_few",
    ),
    ("two steps of one name", put(S + "legal.name", "Review"), "step_name_twice@legal"),
    # reaching and ending
    (
        "a step that nobody comes to",
        steps(attic=human("task", "crew", {"ok": "approved"})),
        "step_unreachable@attic",
    ),
    (
        "no end",
        lambda m: m.update(
            steps={
                "a": human(
                    "task",
                    "crew",
                    {"x": {"to": "a", "exception": True}, "y": {"to": "a", "exception": True}},
                )
            },
            start=m["start"] | {"first": "a"},
        ),
        "end_missing",
    ),
    (
        "a trap",
        several(
            steps(trap=human("task", "crew", {"again": "trap"})),
            put(S + "fix.outcomes.lose", "trap"),
        ),
        "end_unreachable@trap",
    ),
    (
        "no otherwise",
        put(S + "size.otherwise", ...),
        "otherwise_missing@size step_unreachable@lead_look",
    ),
    ("reopened inside a block", put(S + "refused.reopen", "legal"), "reopen_unfit@refused"),
    (
        "reopened at a join",
        put(S + "refused.reopen", "checked"),
        "reopen_unfit@refused join_entered_from_outside@checked",
    ),
    ("reopened at an end", put(S + "refused.reopen", "approved"), "reopen_unfit@refused"),
    # blocks
    ("no join named", put(S + "checks.join", ...), "join_missing@checks join_alone@checked"),
    ("a join that is none", put(S + "checks.join", "pay"), "join_unfit@checks join_alone@checked"),
    (
        "a join for two",
        several(
            steps(more=split("legal", "tech")),
            put(S + "size.otherwise", "more"),
            put(S + "tech.outcomes.look", "lead_look"),
        ),
        "join_shared@checked block_entered_from_side*",
    ),
    (
        "a join without parallel",
        several(steps(lone=join_step("pay")), put(S + "lead_look.outcomes.ok", "lone")),
        "join_alone@lone",
    ),
    (
        "a join entered from outside",
        put(S + "lead_look.outcomes.ok", "checked"),
        "join_entered_from_outside@lead_look",
    ),
    ("a start at a join", put("start.first", "checked"), "join_entered_from_outside@checked"),
    ("a join that wants too many", put(S + "checked.wait_for", 3), "join_wants_too_many@checked"),
    ("a join that may get fewer", put(S + "checked.wait_for", 2), "join_capped@checked"),
    (
        "a branch that cannot arrive",
        put(S + "tech.outcomes", {"ok": REFUSE}),
        "branch_misses_join@checks",
    ),
    (
        "a branch that leads straight out",
        put(S + "checks.branches.1.to", "lead_look"),
        "branch_misses_join@checks step_unreachable@tech",
    ),
    (
        "a way into a block",
        put(S + "lead_look.outcomes.ok", "tech"),
        "block_entered_from_side@tech",
    ),
    ("a start inside a block", put("start.first", "legal"), "block_entered_from_side@legal"),
    (
        "an inner block that ends outside",
        several(
            steps(
                inner=split("tech", "deep", join="met"),
                met=join_step("pay"),
                deep=human("task", "crew", {"ok": "met", "up": "checked"}),
            ),
            put(S + "checks.branches.1.to", "inner"),
            put(S + "tech.outcomes.ok", "met"),
        ),
        "blocks_cross@inner",
    ),
    (
        "a loop of decisions",
        several(
            steps(one=decide("two"), two=decide("lead_look", one="urgent")),
            put(S + "size.otherwise", "one"),
        ),
        "loop_without_person@one decision_of_one@one",
    ),
    (
        "an automation that repairs itself",
        put(S + "pay.on_error", "pay"),
        "loop_without_person@pay step_unreachable@fix",
    ),
    (
        "a loop through a join of any",
        several(
            put(S + "checks.branches.1", {"to": "checked"}),
            put(S + "checked", join_step("next", "any")),
            steps(next=decide("pay", checks="urgent"), tech=SOUND["steps"]["lead_look"]),
            put(S + "lead_look.outcomes.look", "tech"),
        ),
        "loop_without_person@checks",
    ),
    # people
    ("a step without role", put(S + "legal.role", ...), "step_role_missing@legal"),
    ("a role of nobody", put(S + "legal.role", "nobody"), "role_empty@legal"),
    ("a role of one", put(S + "legal.role", "single"), "one_person@legal"),
    (
        "a role by a field that is no person",
        put("roles.lead.field", "note"),
        "role_field_unfit@lead_look",
    ),
    (
        "a role by an undeclared field",
        put("roles.lead.field", "boss"),
        "role_field_unfit@lead_look",
    ),
    (
        "an outcome for nobody",
        put(S + "legal.outcomes.no", REFUSE | {"role": "nobody"}),
        "outcome_role_empty@legal",
    ),
    (
        "an escalation to nobody",
        put(S + "legal.on_overdue", {"escalate_to": "nobody"}),
        "escalation_empty@legal",
    ),
    ("a quorum of more than there are", put(S + "legal.quorum", 5), "quorum_too_large@legal"),
    ("a quorum of one named person", put(S + "lead_look.quorum", 2), "quorum_too_large@lead_look"),
    ("a requester who may not approve", put(S + "revise.kind", "approval"), "nobody_left@revise"),
    (
        "the only one, and barred",
        several(
            put(S + "review.role", "single"),
            put(S + "legal.role", "single"),
            put(S + "legal.not_by", ["review", "requester"]),
        ),
        "nobody_left@legal one_person*",
    ),
    (
        "the same named person twice",
        several(
            put(S + "legal.role", "lead"),
            put(S + "review.role", "lead"),
            put(S + "legal.not_by", ["review", "requester"]),
        ),
        "nobody_left@legal",
    ),
    (
        "too few left",
        several(put(S + "legal.quorum", 4), put(S + "legal.not_by", ["review", "requester"])),
        "too_few_left@legal",
    ),
    ("an approval open to the requester", put(S + "legal.not_by", []), "separation_missing@legal"),
    (
        "an approval kept from others than the requester",
        put(S + "legal.not_by", ["review"]),
        "separation_missing@legal",
    ),
    (
        "an approval open to the requester, and why",
        several(put(S + "legal.not_by", []), put(S + "legal.not_by_reason", "Small sums.")),
        "requester_may_decide@legal",
    ),
    ("a task open to the requester", put(S + "tech.not_by", []), ""),
    ("an approval of nothing that is shown", put(S + "legal.inputs", []), "nothing_shown@legal"),
    (
        "an approval that speaks of documents and shows none",
        several(put(S + "legal.on_new_version", "keep"), put(S + "legal.inputs", ["amount"])),
        "no_document_shown@legal",
    ),
    ("a task that shows nothing", put(S + "tech.inputs", []), ""),
    ("a separation from what comes later", put(S + "review.not_by", ["requester", "fix"]), ""),
    (
        "a separation from what never comes before",
        several(put(S + "refused.reopen", ...), put(S + "review.not_by", ["requester", "fix"])),
        "not_by_without_effect@review",
    ),
    (
        "a separation from a decision",
        put(S + "legal.not_by", ["requester", "size"]),
        "not_by_without_effect@legal",
    ),
]


def damaged(edit: Callable[[Map], None]) -> Definition:
    data = copy.deepcopy(SOUND)
    edit(data)
    return Definition.model_validate(data)
