"""Ways to let a step of the sound map be agreed to by several roles."""

from collections.abc import Callable
from typing import Any

from tests.engine.audit_cases import REFUSE, Map, S, put, several
from tests.engine.audit_cases_rows import EACH, TURNS, rows


def agreed(
    quorum: dict[str, int], *edits: Callable[[Map], None], **roles: list[str]
) -> Callable[[Map], None]:
    """The legal step needs so many of each role; these roles are of named people."""
    return several(
        *(put(f"roles.{name}", {"users": users}) for name, users in roles.items()),
        put(S + "legal.quorum", quorum),
        put(S + "legal.role", next(iter(quorum))),
        *edits,
    )


def as_many_as(**bounds: Any) -> Callable[[Map], None]:
    """The legal step needs as many as a field of the start says."""
    field = {"type": "integer", "required": True} | bounds
    asked = ["amount", "urgent", "lead"] + ([] if "value" in bounds else ["many"])
    return several(
        put("fields.many", {name: said for name, said in field.items() if said is not None}),
        put("start.fields", asked),
        put(S + "legal.quorum", {"field": "many"}),
    )


def outcomes(said: Map) -> Callable[[Map], None]:
    """The legal step has these outcomes."""
    return put(S + "legal.outcomes", said)


def weekly() -> Callable[[Map], None]:
    """A schedule starts requests too."""
    data = {"amount": "1", "urgent": True, "lead": "c1"}
    return put("start.triggers", [{"kind": "schedule", "cron": "0 9 * * 1", "data": data}])


EXCEPTION = {"exception": True}
AFTER_REVIEW = put(S + "legal.not_by", ["review", "requester"])
QUORUM_CASES: list[tuple[str, Callable[[Map], None], str]] = [
    ("a role of many and a role of many", agreed({"crew": 1, "board": 1}), ""),
    ("a role of one beside a role of many", agreed({"single": 1, "crew": 1}), "one_person@legal"),
    ("a role of one behind a role of many", agreed({"crew": 1, "single": 1}), "one_person@legal"),
    (
        "two of a role of two",
        agreed({"crew": 1, "pair": 2}, pair=["b1", "b2"]),
        "",
    ),
    (
        "one person for two places",
        agreed({"single": 1, "same": 1}, same=["sam"]),
        "quorum_too_large@legal",
    ),
    (
        "a role of two, of whom another role needs the one",
        agreed({"single": 1, "both": 1, "crew": 1}, both=["sam", "b1"]),
        "one_person@legal",  # of both roles
    ),
    ("two of one person found in the request", agreed({"lead": 2, "crew": 1}),
        "quorum_too_large@legal"),
    ("one person found in the request, and a role of one", agreed({"lead": 1, "single": 1}),
        "one_person@legal"),
    (
        "the requester, who is kept away, and others",
        agreed({"crew": 1, "requester": 1}),
        "nobody_left@legal",
    ),
    (
        "a person kept away, and others",
        agreed({"crew": 1, "lead": 1}, put(S + "legal.not_by", ["requester", "field:lead"])),
        "nobody_left@legal",
    ),
    (
        "who did the only step before, and others",
        agreed({"crew": 1, "single": 1}, AFTER_REVIEW, put(S + "review.role", "single")),
        "nobody_left@legal one_person*",
    ),
    (
        "who may have done the step before, and others",
        agreed({"board": 1, "pair": 2}, AFTER_REVIEW, pair=["c1", "c2"]),
        "too_few_left@legal",
    ),
    (
        "three of two roles of three people",
        agreed({"pair": 1, "trio": 2}, AFTER_REVIEW, pair=["c1", "c2"], trio=["c1", "c2", "c3"]),
        "too_few_left@legal",
    ),
    (
        "three of two roles of four people",
        agreed({"pair": 1, "crew": 2}, AFTER_REVIEW, pair=["c1", "c2"]),
        "",
    ),
    (
        "whoever may have asked, and others",
        agreed({"crew": 1, "pair": 2}, pair=["s1", "s2"]),
        "too_few_left@legal",
    ),
    # what is asked of the step's own role is asked of the others
    (
        "somebody who may not be known, and others",
        agreed({"crew": 1, "lead": 1}, put("fields.lead.required", False)),
        "role_field_may_be_empty@legal role_field_may_be_empty@lead_look",
    ),
    (
        "somebody whom nobody has named, and others",
        agreed(
            {"crew": 1, "chosen": 1},
            put("fields.chosen", {"type": "user"}),
            put("roles.chosen", {"field": "chosen"}),
        ),
        "field_read_too_early@legal",
    ),
    (
        "somebody from a group that is not there, and others",
        agreed({"crew": 1, "strangers": 1}, put("roles.strangers", {"groups": ["board", "lost"]})),
        "group_unknown@legal",
    ),
    (
        "others who may not see what they are asked for",
        agreed(
            {"crew": 1, "board": 1},
            put("fields.note.visible_to", ["crew"]),
            put(S + "legal.outputs", ["note"]),
        ),
        "field_asked_unseen@legal",
    ),
    (
        "others named in a row where there is none",
        several(
            rows(EACH, TURNS),
            put("roles.of_row", {"field": "row.who"}),
            put(S + "review.quorum", {"crew": 1, "of_row": 1}),
        ),
        "row_outside@review role_field_may_be_empty@review forward_outcome_unclear@review",
    ),
    # as many as a field says
    ("as many as a field says, which may be none", as_many_as(), "quorum_field_unbounded@legal"),
    ("as many as a field says, no less than none", as_many_as(min=0),
        "quorum_field_unbounded@legal"),
    ("as many as a field says, one at least", as_many_as(min=1), ""),
    ("as many as a field works out", as_many_as(value="2 + 1", required=None), ""),
    # outcomes for others
    (
        "an outcome for the requester, who is kept away",
        outcomes({"ok": "checked", "back": {"to": "refused", "role": "requester"} | EXCEPTION}),
        "outcome_role_barred@legal",
    ),
    (
        "usual outcomes for the requester alone, who is kept away",
        outcomes({"ok": {"to": "checked", "role": "requester"}, "no": REFUSE}),
        "nobody_left@legal outcome_role_barred@legal",
    ),
    (
        "the only usual outcome for somebody who may not be known",
        several(
            outcomes({"ok": {"to": "checked", "role": "lead"}, "no": REFUSE}),
            put("fields.lead.required", False),
        ),
        "role_field_may_be_empty@legal role_field_may_be_empty@lead_look",
    ),
    (
        "an outcome for somebody who may not be known, beside another",
        several(
            outcomes({"ok": "checked", "so": {"to": "checked", "role": "lead"}, "no": REFUSE}),
            put("fields.lead.required", False),
        ),
        "role_field_may_be_empty@lead_look",
    ),
    # who asks
    (
        "the only one who asks, and approves",
        several(put("start.role", "single"), put(S + "legal.role", "single")),
        "nobody_left@legal one_person*",
    ),
    (
        "the only one who asks, but for a webhook, and approves",
        several(
            put("start.role", "single"),
            put(S + "legal.role", "single"),
            put("start.triggers", [{"kind": "webhook"}]),
        ),
        "one_person@legal",
    ),
    (
        "a schedule, and a step for the requester",
        weekly(),
        "trigger_without_requester@revise",
    ),
    (
        "a schedule, and an outcome for the requester beside another",
        several(weekly(), put(S + "revise.role", "crew"), put(S + "revise.outcomes.withdraw.role",
            "requester")),
        "",
    ),
    ("a webhook, and a step for the requester", put("start.triggers", [{"kind": "webhook"}]), ""),
]  # fmt: skip
