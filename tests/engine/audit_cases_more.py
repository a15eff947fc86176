"""More ways to damage the sound map: what says less than it seems to, beside what only looks so."""

from collections.abc import Callable
from typing import Any

from tests.engine.audit_cases import REFUSE, Map, S, human, put, several, steps


def sub(**data: Any) -> Callable[[Map], None]:
    """A step that starts the other workflow with this data."""
    step = {"kind": "subworkflow", "workflow": "other", "on_error": "fix", "to": "pay"}
    return several(steps(sub=step | {"data": data}), put(S + "lead_look.outcomes.ok", "sub"))


def rules(*whens: str, otherwise: str = "lead_look") -> Callable[[Map], None]:
    """The rules of the decision, each to another place."""
    places = ("checks", "pay", "fix", "revise")
    listed = [{"when": when, "to": to} for when, to in zip(whens, places, strict=False)]
    return several(put(S + "size.rules", listed), put(S + "size.otherwise", otherwise))


def cron(text: str) -> Callable[[Map], None]:
    """A schedule that gives what the start asks for."""
    given = {"amount": "1", "urgent": True, "lead": "c1"}
    triggers = [{"kind": "schedule", "cron": text, "data": given}]
    return several(put("start.triggers", triggers), put(S + "revise.role", "crew"))


def public(*fields: str, **given: Any) -> Callable[[Map], None]:
    """A public form of a map in which nobody but people with accounts has a step."""
    return several(
        put("start.triggers", [{"kind": "public_form", **({"data": given} if given else {})}]),
        put("start.fields", list(fields)),
        put(S + "review.outcomes.back", REFUSE),
        lambda data: data["steps"].pop("revise"),
        lambda data: data["steps"].pop("withdrawn"),
    )


MORE: list[tuple[str, Callable[[Map], None], str]] = [
    (
        "a rule that asks who asked, and what was decided before it",
        put(
            S + "size.rules.0.when",
            "requester.department == 'IT' or count_of.review.back > 1",
        ),
        "",
    ),
    (
        "a rule that asks what was decided where no request can have been",
        several(
            steps(late=human("task", "lead", {"ok": "approved"})),
            put(S + "lead_look.outcomes.ok", "late"),
            put(S + "size.rules.0.when", "amount > 1000 or outcome_of.late == 'ok'"),
        ),
        "decided_too_late@size",
    ),
    (
        "a rule that asks of a requester what nobody knows",
        put(S + "size.rules.0.when", "requester.floor == '3'"),
        "rule_wrong@size",
    ),
    # forms of people without an account
    ("a public form that says who leads", public("amount", "urgent", "lead", lead="c1"), ""),
    (
        "a public form that would have to show people",
        public("amount", "urgent", "lead"),
        "public_form_field_missing",
    ),
    (
        "a public form before a step of the requester",
        put("start.triggers", [{"kind": "public_form", "data": {"lead": "c1"}}]),
        "public_form_nobody@revise",
    ),
    (
        "a public form before a step of the requester's manager",
        several(
            public("amount", "urgent", "lead", lead="c1"),
            put("roles.lead", {"manager_of": "requester"}),
        ),
        "public_form_nobody@lead_look manager_missing*",
    ),
    (
        "a public form that nobody could follow",
        several(public("amount", "urgent", "lead", lead="c1"), put("status_link", False)),
        "public_form_unfollowed",
    ),
    # ways that are never taken
    ("a rule behind a wider one", rules("amount > 1000", "amount > 5000"), "rule_shadowed@size"),
    ("a rule behind a narrower one", rules("amount > 5000", "amount > 1000"), ""),
    (
        "a rule behind two that cover it",
        rules("amount > 10", "amount < 20", "amount == 15"),
        "rule_shadowed@size otherwise_never@size",
    ),
    (
        "a rule between two that leave it room",
        rules("amount > 20", "amount < 10", "amount == 15"),
        "",
    ),
    ("the same rule twice", rules("urgent", "urgent"), "rule_shadowed@size"),
    (
        "a choice that is used up",
        several(
            put("fields.kind", {"type": "choice", "required": True, "choices": ["a", "b"]}),
            put("start.fields", ["amount", "urgent", "lead", "kind"]),
            rules("kind == 'a'", "kind in ['a', 'b']", "kind != 'a'"),
        ),
        "rule_shadowed@size otherwise_never@size",
    ),
    ("rules that share out all there is", rules("urgent", "not urgent"), "otherwise_never@size"),
    ("rules that leave one value", rules("amount > 5", "amount < 5"), ""),
    ("a rule that cannot hold", rules("amount > 10 and amount < 5"), "way_never_taken@size"),
    ("a rule that holds for one value", rules("amount >= 5 and amount <= 5"), ""),
    (
        "whole numbers that lie between none",
        several(
            put("fields.amount", {"type": "integer", "required": True}),
            rules("amount > 1 and amount < 2"),
        ),
        "way_never_taken@size",
    ),
    ("amounts that lie between", rules("amount > 1 and amount < 2"), ""),
    (
        "days that lie between none",
        several(
            put("fields.day.required", True),
            put("start.fields", ["amount", "urgent", "lead", "day"]),
            rules("day > d'2026-03-01' and day < d'2026-03-02'"),
        ),
        "way_never_taken@size",
    ),
    (
        "days that lie between",
        several(
            put("fields.day.required", True),
            put("start.fields", ["amount", "urgent", "lead", "day"]),
            rules("day > d'2026-03-01' and day < d'2026-03-03'"),
        ),
        "",
    ),
    ("a rule that calculates is not judged", rules("amount * 2 > 10", "amount > 5"), ""),
    (
        "a rule that calculates behind one that always holds",
        rules("amount > 5 or amount <= 5", "amount * 2 > 10"),
        "rule_shadowed@size otherwise_never@size",
    ),
    (
        "a branch that cannot be opened",
        put(S + "checks.branches.1.when", "amount > 10 and amount < 5"),
        "way_never_taken@checks",
    ),
    (
        "an outcome that can never be chosen",
        put(S + "legal.outcomes.no", REFUSE | {"when": "urgent and not urgent"}),
        "way_never_taken@legal",
    ),
    ("rules that mind what is empty", rules("note == null", "note != null and note == 'x'"), ""),
    (
        "what is empty and what is not",
        rules("note == null", "note != null"),
        "otherwise_never@size",
    ),
    # shapes
    (
        "a parallel step of one branch",
        put(S + "checks.branches", [{"to": "legal"}]),
        "parallel_of_one@checks step_unreachable@tech",
    ),
    (
        "a decision that decides nothing",
        put(S + "size.otherwise", "checks"),
        "decision_of_one@size step_unreachable@lead_look",
    ),
    (
        "a choice of one value",
        put("fields.kind", {"type": "choice", "choices": ["a"]}),
        "choice_of_one",
    ),
    ("a choice of two values", put("fields.kind", {"type": "choice", "choices": ["a", "b"]}), ""),
    ("an amount of nothing", put("fields.amount.currency", ...), "currency_missing"),
    (
        "a public field that no link shows",
        several(put("status_link", False), put("fields.amount.public", True)),
        "public_without_link",
    ),
    (
        "a public field, and links that are made by hand",
        put("fields.amount.public", True),
        "",
    ),
    (
        "a refusal that ends as a success",
        put(S + "legal.outcomes.no", REFUSE | {"to": "approved"}),
        "end_not_told_apart@legal",
    ),
    ("two ends of one result", put(S + "refused.result", "approved"), "end_not_told_apart*"),
    (
        "a refusal that is written down first",
        several(
            steps(file=human("task", "crew", {"ok": "approved"})),
            put(S + "legal.outcomes.no", REFUSE | {"to": "file"}),
        ),
        "end_not_told_apart@file",
    ),
    (
        "a refusal that is written down first and ends as one",
        several(
            steps(file=human("task", "crew", {"ok": "refused"})),
            put(S + "legal.outcomes.no", REFUSE | {"to": "file"}),
        ),
        "",
    ),
    (
        "two decisions that end alike",
        put(
            S + "review.outcomes",
            {"ok": "size", "back": "revise", "no": REFUSE, "a": "approved", "b": "approved"},
        ),
        "end_not_told_apart@review",
    ),
    (
        "what was put right by hand ends as anything",
        several(
            put(S + "pay.on_error", {"to": "fix", "exception": True}),
            put(S + "fix.outcomes.done", "approved"),
        ),
        "",
    ),
    (
        "what was put right by somebody ends as anything",
        several(
            steps(mend=human("task", "crew", {"ok": "approved"})),
            put(S + "lead_look.outcomes.help", {"to": "mend", "exception": True}),
        ),
        "",
    ),
    # who names whom
    (
        "an approver named by who comes before",
        several(put(S + "review.outputs", ["lead"]), put(S + "legal.role", "lead")),
        "approver_named_by_themselves@legal",
    ),
    (
        "an approver named by who is kept away",
        several(
            put(S + "review.outputs", ["lead"]),
            put(S + "legal.role", "lead"),
            put(S + "legal.not_by", ["requester", "review"]),
        ),
        "",
    ),
    ("an approver named by the requester, who is kept away", put(S + "legal.role", "lead"), ""),
    (
        "an approver named by the requester, who is not",
        several(
            put(S + "legal.role", "lead"),
            put(S + "legal.not_by", []),
            put(S + "legal.not_by_reason", "Small sums."),
        ),
        "approver_named_by_themselves@legal requester_may_decide@legal",
    ),
    # read before it is there
    (
        "a field that is shown before anybody fills it in",
        several(put("fields.colour", {"type": "text"}), put(S + "review.inputs", ["colour"])),
        "field_read_too_early@review",
    ),
    (
        "a field that is shown once somebody filled it in",
        several(
            put("fields.colour", {"type": "text"}),
            put(S + "review.outputs", ["colour"]),
            put(S + "legal.inputs", ["colour"]),
        ),
        "",
    ),
    (
        "a field that is shown where it is filled in",
        several(
            put("fields.colour", {"type": "text"}),
            put(S + "review.outputs", ["colour"]),
            put(S + "review.inputs", ["colour"]),
        ),
        "",
    ),
    (
        "a field that an automation tells before anybody fills it in",
        several(
            put("fields.colour", {"type": "text"}),
            put(S + "pay.with.json", {"sum": "{{ colour }}"}),
        ),
        "field_read_too_early@pay",
    ),
    (
        "a wait until what nobody says",
        several(
            steps(pause={"kind": "wait", "until": "day", "to": "pay"}),
            put(S + "lead_look.outcomes.ok", "pause"),
        ),
        "field_read_too_early@pause",
    ),
    (
        "a wait until what a message may say",
        several(
            steps(
                pause={"kind": "wait", "until": "day", "to": "pay"},
                news={"kind": "wait", "message": "news", "to": "pause"},
            ),
            put(S + "lead_look.outcomes.ok", "news"),
        ),
        "until_field_may_be_empty@pause",
    ),
    # requests that a step starts
    ("a subworkflow that is given nothing", sub(), "subworkflow_field_missing@sub"),
    ("a subworkflow that is given what it asks", sub(item="a pen", size="s"), ""),
    (
        "a subworkflow that is given what may be empty",
        sub(item="{{ note }}"),
        "subworkflow_field_may_be_empty@sub",
    ),
    (
        "a subworkflow that is given what it does not ask for",
        sub(item="a pen", secret="x"),
        "subworkflow_field_unfit@sub",
    ),
    (
        "a subworkflow that is given no choice of its own",
        sub(item="a pen", size="xl"),
        "subworkflow_field_unfit@sub",
    ),
    (
        "an automation that starts another workflow with too little",
        several(
            put(S + "pay.action", "start_workflow"),
            put(S + "pay.outputs", ...),
            put(S + "pay.with", {"workflow": "other", "data": {}}),
        ),
        "subworkflow_field_missing@pay",
    ),
    (
        "a subworkflow that is not in use",
        several(sub(item="a pen"), put(S + "sub.workflow", "resting")),
        "subworkflow_not_in_use@sub",
    ),
    # what is outside the map
    (
        "a group that is not there",
        put("roles.crew.groups", ["crew", "lost"]),
        "group_unknown@review",
    ),
    (
        "a group of a choice that is not there",
        several(
            put("fields.place", {"type": "choice", "choices": ["north", "east"], "required": True}),
            put("start.fields", ["amount", "urgent", "lead", "place"]),
            put("roles.desk", {"groups": "desk-{{ place }}"}),
            put(S + "lead_look.role", "desk"),
        ),
        "group_choice_unknown@lead_look",
    ),
    (
        "a group of a choice that has nobody",
        several(
            put(
                "fields.place", {"type": "choice", "choices": ["north", "vacant"], "required": True}
            ),
            put("start.fields", ["amount", "urgent", "lead", "place"]),
            put("roles.desk", {"groups": "desk-{{ place }}"}),
            put(S + "lead_look.role", "desk"),
        ),
        "group_choice_empty@lead_look",
    ),
    (
        "a field that keeps nobody away, as it names nobody",
        put(S + "review.not_by", ["requester", "field:amount"]),
        "not_by_field_unfit@review",
    ),
    (
        "a field that keeps somebody away and may be empty",
        several(
            put("fields.boss", {"type": "user"}),
            put("start.fields", ["amount", "urgent", "lead", "boss"]),
            put(S + "review.not_by", ["requester", "field:boss"]),
        ),
        "not_by_field_may_be_empty@review",
    ),
    (
        "a quorum from a field that is no whole number",
        put(S + "review.quorum", {"field": "amount"}),
        "quorum_field_unfit@review forward_outcome_unclear@review",
    ),
    (
        "a quorum from a field that may be empty",
        several(
            put("fields.many", {"type": "integer", "min": 1}),
            put("start.fields", ["amount", "urgent", "lead", "many"]),
            put(S + "review.quorum", {"field": "many"}),
        ),
        "quorum_field_may_be_empty@review forward_outcome_unclear@review",
    ),
    (
        "a quorum by roles that has too few of one",
        put(S + "review.quorum", {"crew": 1, "single": 2}),
        "quorum_too_large@review forward_outcome_unclear@review",
    ),
    (
        "a manager of who need not have decided",
        put("roles.lead", {"manager_of": "fix"}),
        "decider_may_be_missing@lead_look",
    ),
    ("a manager of who has decided", put("roles.lead", {"manager_of": "review"}), ""),
    (
        "a manager whom some who may ask do not have",
        put("roles.lead", {"manager_of": "requester"}),
        "manager_missing@lead_look",
    ),
    (
        "a person who left a role of several",
        put("roles.crew.users", ["gone"]),
        "person_inactive@review",
    ),
    (
        "a trigger that names a person who left",
        put(
            "start.triggers",
            [
                {
                    "kind": "schedule",
                    "cron": "0 9 1 * *",
                    "data": {"amount": "1", "urgent": True, "lead": "gone"},
                }
            ],
        ),
        "person_inactive trigger_without_requester*",
    ),
    (
        "a trigger by a workflow that is not in use",
        put(
            "start.triggers",
            [
                {
                    "kind": "workflow_end",
                    "workflow": "resting",
                    "data": {"amount": "1", "urgent": True, "lead": "c1"},
                }
            ],
        ),
        "trigger_workflow_unknown",
    ),
    (
        "a trigger by a workflow that is",
        put(
            "start.triggers",
            [
                {
                    "kind": "workflow_end",
                    "workflow": "other",
                    "data": {"amount": "1", "urgent": True, "lead": "c1"},
                }
            ],
        ),
        "",
    ),
    (
        "a connection that is switched off",
        put(S + "pay.with.connection", "shut"),
        "connection_off@pay",
    ),
    ("a calendar whose days off are all past", put("calendar", "old"), "calendar_runs_out"),
    # schedules
    ("a schedule of seconds", cron("* * * * * *"), "schedule_wrong"),
    ("a schedule on no day", cron("0 9 30 2 *"), "schedule_wrong"),
    ("a schedule of each minute", cron("* * * * *"), "schedule_too_often"),
    ("a schedule of each minute of a morning", cron("* 9 * * 1"), "schedule_too_often"),
    ("a schedule of each quarter", cron("*/15 * * * *"), ""),
    ("a schedule of the 31st", cron("0 9 31 * *"), "schedule_skips_months"),
    ("a schedule of the 30th", cron("0 9 30 * *"), "schedule_skips_months"),
    ("a schedule of leap years", cron("0 9 29 2 *"), "schedule_skips_months"),
    ("a schedule of a fifth Monday", cron("0 9 * * 1#5"), "schedule_skips_months"),
    ("a schedule of the last day", cron("0 9 L * *"), ""),
    ("a schedule of the 31st of months that have one", cron("0 9 31 1,3,5 *"), ""),
    ("a schedule of the 31st or a Monday", cron("0 9 31 * 1"), ""),
]
