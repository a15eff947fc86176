"""Ways to damage the sound map in what its steps do and in the values that they read."""

from collections.abc import Callable

from tests.engine.audit_cases import (
    SOUND,
    Map,
    S,
    put,
    several,
    steps,
    works_out,
)


def pages(most: int) -> Callable[[Map], None]:
    """A call that reads so many pages at most."""
    return several(
        put(S + "pay.with.json", ...),
        put(S + "pay.with.method", "GET"),
        put(S + "pay.with.pages", {"next": "$.next", "items": "$.items", "max": most}),
    )


WORK_CASES: list[tuple[str, Callable[[Map], None], str]] = [
    # work
    ("no expected time", put(S + "legal.expected", ...), "expected_missing@legal"),
    ("no due time", put(S + "legal.due", ...), "due_missing@legal"),
    (
        "due after nothing",
        put(S + "legal.due", {"after": "amount", "by": "1mo"}),
        "due_after_no_date@legal",
    ),
    ("due too early", put(S + "legal.due", "2h"), "due_before_expected@legal"),
    (
        "more time for nothing",
        several(put(S + "fix.due", ...), put(S + "fix.extend", {"by": "1d"})),
        "due_missing@fix extend_without_due@fix",
    ),
    (
        "signed, and said to be decided from mails",
        several(put("decide_by_mail", True), put(S + "legal.sign", "approval")),
        "signed_not_by_mail@legal",
    ),
    ("signed", put(S + "legal.sign", "I have checked the figures"), ""),
    (
        "expires too soon",
        put(S + "fix.expires", {"after": "1d", "to": "refused", "exception": True}),
        "expires_too_soon@fix",
    ),
    (
        "a working day is eight hours",
        put(S + "legal", SOUND["steps"]["legal"] | {"expected": "9h", "due": "1d"}),
        "due_before_expected@legal",
    ),
    (
        "a day is a day in another calendar",
        several(
            put("calendar", "24/7"),
            put(S + "legal", SOUND["steps"]["legal"] | {"expected": "9h", "due": "1d"}),
        ),
        "",
    ),
    (
        "overdue without due",
        several(put(S + "legal.due", ...), put(S + "legal.on_overdue", {"remind_every": "1d"})),
        "due_missing@legal overdue_without_due@legal",
    ),
    ("an undeclared input", put(S + "legal.inputs", ["colour"]), "input_unknown@legal"),
    ("an undeclared output", put(S + "legal.outputs", ["colour"]), "output_unknown@legal"),
    (
        "an automation's undeclared output",
        put(S + "pay.outputs", {"colour": "$.c"}),
        "output_unknown@pay",
    ),
    ("an unknown calendar", put("calendar", "berlin"), "calendar_unknown"),
    (
        "an unknown action",
        put(S + "pay", SOUND["steps"]["pay"] | {"action": "fly"}),
        "action_unknown@pay",
    ),
    ("a call to nowhere", put(S + "pay.with", {"path": "/pay"}), "action_told_wrongly@pay"),
    (
        "a call to two places",
        put(S + "pay.with.url", "https://bank.example/"),
        "action_told_wrongly@pay",
    ),
    ("an unknown connection", put(S + "pay.with.connection", "nobody"), "action_told_wrongly@pay"),
    (
        "a word that the action does not know",
        put(S + "pay.with.body", "x"),
        "action_told_wrongly@pay",
    ),
    (
        "a call with two bodies",
        several(put(S + "pay.with.json", {"sum": 1}), put(S + "pay.with.form", {"sum": 1})),
        "action_told_wrongly@pay",
    ),
    (
        "a form that is a list",
        several(put(S + "pay.with.json", ...), put(S + "pay.with.form", ["sum"])),
        "action_told_wrongly@pay",
    ),
    (
        "pages without items",
        several(put(S + "pay.with.json", ...), put(S + "pay.with.pages", {"next": "$.next"})),
        "action_told_wrongly@pay",
    ),
    (
        "pages of what is written",
        put(S + "pay.with.pages", {"next": "link", "items": "$"}),
        "action_told_wrongly@pay",
    ),
    ("as many pages as may be", pages(100), ""),
    ("a page more than may be", pages(101), "action_told_wrongly@pay"),
    ("a time-out of an hour", put(S + "pay.with.timeout", 3600), "action_told_wrongly@pay"),
    (
        "a placeholder for nothing",
        put(S + "pay.with.json", {"sum": "{{ amonut }}"}),
        "placeholder_unknown@pay",
    ),
    (
        "half a placeholder",
        put(S + "pay.with.json", {"sum": "{{ amount"}),
        "placeholder_unknown@pay",
    ),
    ("an unreadable path", put(S + "pay.outputs", {"note": "$.["}), "output_path_wrong@pay"),
    (
        "fields set to values of another type",
        several(put(S + "pay.action", "set_fields"), put(S + "pay.with", {"amount": "'x'"})),
        "action_told_wrongly@pay",
    ),
    (
        "fields set by a wrong expression",
        several(put(S + "pay.action", "set_fields"), put(S + "pay.with", {"amount": "amount *"})),
        "action_told_wrongly@pay",
    ),
    (
        "a field set that is not declared",
        several(put(S + "pay.action", "set_fields"), put(S + "pay.with", {"colour": "amount"})),
        "action_told_wrongly@pay",
    ),
    (
        "fields set well",
        several(
            put(S + "pay.action", "set_fields"),
            put(S + "pay.with", {"amount": "amount * 2"}),
            put(S + "pay.outputs", ...),
        ),
        "",
    ),
    (
        "a subworkflow that is not there",
        several(
            steps(
                sub={"kind": "subworkflow", "workflow": "not-there", "on_error": "fix", "to": "pay"}
            ),
            put(S + "lead_look.outcomes.ok", "sub"),
        ),
        "subworkflow_unknown@sub",
    ),
    (
        "a schedule that is none",
        put("start.triggers", [{"kind": "schedule", "cron": "daily", "data": {"amount": "1"}}]),
        "schedule_wrong trigger_field_missing* trigger_without_requester*",
    ),
    (
        "a schedule that leaves the form empty",
        put("start.triggers", [{"kind": "schedule", "cron": "0 9 * * *"}]),
        "trigger_field_missing trigger_without_requester*",
    ),
    (
        "a webhook that finds nothing",
        put("start.triggers", [{"kind": "webhook", "mapping": {"amount": "amount["}}]),
        "trigger_path_wrong",
    ),
    (
        "a reminder without a pause",
        put(S + "legal.on_overdue", {"remind_every": "0h"}),
        "reminder_never@legal",
    ),
    (
        "a wait until no date",
        several(
            steps(pause={"kind": "wait", "until": "note", "to": "pay"}),
            put(S + "lead_look.outcomes.ok", "pause"),
        ),
        "until_unfit@pause",
    ),
    (
        "no way for errors",
        put(S + "pay.on_error", ...),
        "error_way_missing@pay step_unreachable@fix",
    ),
    ("a quorum with two ways on", put(S + "review.quorum", 2), "forward_outcome_unclear@review"),
    (
        "only conditional outcomes",
        put(
            S + "tech.outcomes",
            {
                "a": {"to": "checked", "when": "urgent"},
                "b": {"to": "checked", "when": "amount > 5"},
            },
        ),
        "outcome_uncertain@tech",
    ),
    (
        "opposite conditions",
        put(
            S + "tech.outcomes",
            {
                "a": {"to": "checked", "when": "urgent"},
                "b": {"to": "checked", "when": "not urgent"},
            },
        ),
        "",
    ),
    (
        "opposite comparisons",
        put(
            S + "tech.outcomes",
            {
                "a": {"to": "checked", "when": "amount > 5"},
                "b": {"to": "checked", "when": "amount <= 5"},
            },
        ),
        "",
    ),
    (
        "opposite conditions on what may be empty",
        put(
            S + "tech.outcomes",
            {
                "a": {"to": "checked", "when": "note == 'x'"},
                "b": {"to": "checked", "when": "note != 'x'"},
            },
        ),
        "outcome_uncertain@tech rule_field_may_be_empty*",
    ),
    (
        "the only outcome is for nobody",
        put(S + "tech.outcomes.ok", {"to": "checked", "role": "nobody"}),
        "outcome_uncertain@tech outcome_role_empty@tech",
    ),
    # values
    (
        "a rule that does not type-check",
        put(S + "size.rules.0.when", "amount > 'much'"),
        "rule_wrong@size",
    ),
    ("a rule over no field", put(S + "checks.branches.1.when", "urgnet"), "rule_wrong@checks"),
    (
        "a wrong condition of an outcome",
        put(S + "review.outcomes.back", {"to": "revise", "when": "amount >"}),
        "rule_wrong@review",
    ),
    (
        "a rule over what may be empty",
        put(S + "size.rules.0.when", "note == 'x'"),
        "rule_field_may_be_empty@size",
    ),
    (
        "a rule that minds what is empty",
        put(S + "size.rules.0.when", "note == null or note == 'x'"),
        "",
    ),
    (
        "a person who may not be known",
        put("fields.lead.required", False),
        "role_field_may_be_empty@lead_look",
    ),
    (
        "a person who is named on the way",
        several(put("start.fields", ["amount", "urgent"]), put(S + "review.outputs", ["lead"])),
        "",
    ),
    (
        "a required field that nobody fills in",
        put("fields.colour", {"type": "text", "required": True}),
        "field_never_filled",
    ),
    (
        "branches that write one field",
        several(put(S + "legal.outputs", ["note"]), put(S + "tech.outputs", ["note"])),
        "branches_write_same_field@checks",
    ),
    (
        "a share that a whole number cannot keep",
        works_out({"pages": "amount / 3"}, pages="integer"),
        "result_may_not_fit@sum",
    ),
    (
        "an amount for a whole number",
        works_out({"pages": "amount"}, pages="integer"),
        "result_may_not_fit@sum",
    ),
    (
        "a share that is made whole",
        works_out({"pages": "amount / 3"}, {"pages": 0}, pages="integer"),
        "",
    ),
    ("a whole part", works_out({"pages": "amount // 3 + 1"}, pages="integer"), ""),
    ("a share of an amount", works_out({"part": "amount / 3"}, part="money"), ""),
    (
        "rounding of a text",
        works_out({"part": "note"}, {"part": 2}, part="text"),
        "round_unfit@sum",
    ),
    (
        "rounding to more digits than there are",
        works_out({"part": "amount / 3"}, {"part": 4}, part="money"),
        "round_unfit@sum",
    ),
    (
        "rounding of what is not given",
        works_out({"part": "amount / 3"}, {"amount": 2}, part="money"),
        "round_unfit@sum",
    ),
    (
        "rounding of no field",
        works_out({"part": "amount / 3"}, {"prat": 2}, part="money"),
        "round_unfit@sum",
    ),
    (
        "a text for a choice",
        several(
            works_out({"size": "note"}),
            put("fields.size", {"type": "choice", "choices": ["S", "M"]}),
        ),
        "result_may_not_fit@sum",
    ),
    (
        "a choice for a choice",
        several(
            works_out({"size": "'S'"}),
            put("fields.size", {"type": "choice", "choices": ["S", "M"]}),
        ),
        "",
    ),
    (
        "a sum in another currency",
        several(
            works_out({"dear": "cheap + 1"}),
            put("fields.dear", {"type": "money", "currency": "USD"}),
            put("fields.cheap", {"type": "money", "currency": "EUR"}),
        ),
        "action_told_wrongly@sum field_read_too_early@sum",
    ),
    (
        "a trigger with a value that its field refuses",
        put("start.triggers", [{"kind": "webhook", "data": {"amount": "a lot"}}]),
        "trigger_value_unfit",
    ),
    (
        "a trigger with a date that nobody means",
        put("start.triggers", [{"kind": "webhook", "data": {"day": "9999-12-31"}}]),
        "trigger_value_unfit",
    ),
    (
        "branches that write one field where one is enough",
        several(
            put(S + "legal.outputs", ["note"]),
            put(S + "tech.outputs", ["note"]),
            put(S + "checked.wait_for", "any"),
        ),
        "",
    ),
]
