"""Ways to damage what fields ask of their values."""

from collections.abc import Callable
from typing import Any

from tests.engine.audit_cases import Map, put, several

DAY = {"type": "date"}


def field(name: str, **said: Any) -> Callable[[Map], None]:
    """A further field."""
    return put(f"fields.{name}", said)


def in_rows(**columns: Any) -> Callable[[Map], None]:
    """A list with these columns."""
    return field("lines", type="list", columns=columns)


NET = {"net": {"type": "integer", "required": True}}
OPEN = {"net": {"type": "integer"}, "what": {"type": "text"}}
FIELD_CASES: list[tuple[str, Callable[[Map], None], str]] = [
    ("a field that is worked out", field("tax", type="number", value="amount * 0.19"), ""),
    ("a worked-out field that reads nothing there is",
        field("tax", type="number", value="amnt * 2"), "value_wrong"),
    ("a worked-out field that may have digits after its point",
        field("half", type="integer", value="amount / 2"), "value_wrong"),
    ("fields that are worked out from each other", several(
        field("one", type="number", value="two"),
        field("two", type="number", value="one")), "value_circle"),
    ("a worked-out field that the form asks for", several(
        field("tax", type="number", value="amount * 2"),
        put("start.fields", ["amount", "urgent", "lead", "tax"])), "value_written"),
    ("a bound that is a number", field("rate", type="number", min=0, max=0.5), ""),
    ("a bound that is another field", field("net", type="money", currency="EUR", max="amount"), ""),
    ("two dates that bound each other", several(
        field("start", **DAY, max="end_day"), field("end_day", **DAY, min="start")), ""),
    ("a bound that is no field", field("rate", type="number", min="nothing"), "bound_unfit"),
    ("a field that bounds itself", field("rate", type="number", max="rate"), "bound_unfit"),
    ("an amount bounded by a date", field("rate", type="number", max="day"), "bound_unfit"),
    ("an amount bounded in another currency",
        field("net", type="money", currency="USD", max="amount"), "bound_unfit"),
    ("bounds that leave nothing", field("rate", type="number", min=5, max=4), "bounds_crossed"),
    ("bounds that leave one value", field("rate", type="number", min=5, max=5), ""),
    ("days that leave nothing",
        field("start", **DAY, min="2026-02-01", max="2026-01-31"), "bounds_crossed"),
    ("days from today that leave nothing",
        field("start", **DAY, min="today + 1d", max="today"), "bounds_crossed"),
    ("a day and today, which may leave something",
        field("start", **DAY, min="today", max="2020-01-01"), ""),
    ("a pattern", field("code", type="text", pattern="[A-Z]{2}"), ""),
    ("a pattern that nothing has",
        field("code", type="text", pattern=r"a[^\s\S]"), "pattern_never"),
    ("a pattern longer than the field",
        field("code", type="text", pattern="[A-Z]{5}", max_length=4), "pattern_too_long"),
    ("a column bounded by the one beside it", field("lines", type="list", columns={
        "net": {"type": "number", "max": "most"}, "most": {"type": "number"}}), ""),
    ("a column bounded by a field", field("lines", type="list", columns={
        "net": {"type": "number", "max": "amount"}}), "bound_unfit"),
    ("a column whose bounds leave nothing", field("lines", type="list", columns={
        "net": {"type": "number", "min": 2, "max": 1}}), "bounds_crossed"),
    ("a column with a pattern that nothing has", field("lines", type="list", columns={
        "code": {"type": "text", "pattern": r"a[^\s\S]"}}), "pattern_never"),
    ("groups to choose from", field("who", type="user", **{"in": ["board"]}), ""),
    ("a group that is not there",
        field("who", type="user", **{"in": ["gone_group"]}), "field_group_unknown"),
    ("a group of nobody", field("who", type="user", **{"in": ["empty"]}), "nobody_to_choose"),
    ("a trigger below the least", several(
        put("fields.amount.min", 10),
        put("start.triggers", [{"kind": "schedule", "cron": "0 9 * * 1",
            "data": {"amount": "1", "urgent": True, "lead": "c1"}}])),
        "trigger_value_unfit trigger_without_requester*"),
    ("a field under a condition", several(
        field("why", type="text", required=True, when="amount > 5"),
        put("start.fields", ["amount", "urgent", "lead", "why"])), ""),
    ("a field required under one", field("why", type="text", required={"when": "urgent"}), ""),
    ("a condition on no field", field("why", type="text", when="nothing > 5"), "condition_wrong"),
    ("a condition of the wrong kind",
        field("why", type="text", required={"when": "amount == 'x'"}), "condition_wrong"),
    ("fields that wait for each other", several(
        field("one", type="text", when="two == 'a'"), field("two", type="text", when="one == 'a'")),
        "condition_in_circle"),
    ("a field that waits for itself",
        field("one", type="text", when="one == 'a'"), "condition_in_circle"),
    ("columns under conditions of their row", in_rows(
        kind={"type": "choice", "choices": ["a", "b"], "default": "a"}, net={"type": "integer"},
        twice={"type": "integer", "value": "net * 2"},
        why={"type": "text", "when": "kind == 'a'", "required": {"when": "twice > 4"}}), ""),
    ("a column under a condition of the request",
        in_rows(why={"type": "text", "when": "amount > 5"}), "condition_wrong"),
    ("a column required under a rule of another kind",
        in_rows(net={"type": "integer"}, why={"type": "text", "required": {"when": "net == 'x'"}}),
        "condition_wrong"),
    ("columns that wait for each other",
        in_rows(one={"type": "text", "when": "two == 'a'"},
                two={"type": "text", "when": "one == 'a'"}), "condition_in_circle"),
    ("a column's default that is no choice",
        in_rows(kind={"type": "choice", "choices": ["a", "b"], "default": "c"}), "default_unfit"),
    ("a column's default of today",
        in_rows(on={"type": "date", "default": "today + 5d"}), "default_unfit"),
    ("a default", field("kind", type="choice", choices=["a", "b"], default="a"), ""),
    ("a default of today", field("start", type="date", default="today + 5d"), ""),
    ("a default that is no choice",
        field("kind", type="choice", choices=["a", "b"], default="c"), "default_unfit"),
    ("a default beyond the most", field("rate", type="number", max=5, default=6), "default_unfit"),
    ("a default of a person in a text",
        field("who", type="text", default={"requester": True}), "default_unfit"),
    ("a default who can never be chosen",
        field("who", type="user", never="requester", default={"requester": True}), "default_unfit"),
    ("a default document", field("paper", type="document", default="x"), "default_unfit"),
    ("a rule on what is asked for under a condition", several(
        field("why", type="text", required=True, when="urgent"),
        put("start.fields", ["amount", "urgent", "lead", "why"]),
        put("steps.size.rules", [{"when": "why == 'x'", "to": "checks"}])),
        "rule_field_may_be_empty@size"),
    ("a rule behind one that takes what is empty", several(
        field("why", type="text"),
        put("start.fields", ["amount", "urgent", "lead", "why"]),
        put("steps.size.rules", [
            {"when": "why == null or amount > 5", "to": "checks"},
            {"when": "why == 'x'", "to": "checks"}])), ""),
    ("a rule before one that takes what is empty", several(
        field("why", type="text"),
        put("start.fields", ["amount", "urgent", "lead", "why"]),
        put("steps.size.rules", [
            {"when": "why == 'x'", "to": "checks"},
            {"when": "why == null", "to": "checks"}])),
        "rule_field_may_be_empty@size rule_shadowed@size"),
    ("a rule behind one that takes only some of what is empty", several(
        field("why", type="text"),
        put("start.fields", ["amount", "urgent", "lead", "why"]),
        put("steps.size.rules", [
            {"when": "why == null and urgent", "to": "checks"},
            {"when": "why == 'x'", "to": "checks"}])), "rule_field_may_be_empty@size"),
    ("a rule that counts what may be empty", several(
        field("marks", type="choices", choices=["a", "b"]),
        put("start.fields", ["amount", "urgent", "lead", "marks"]),
        put("steps.size.rules", [{"when": "count(marks) > 1", "to": "checks"}])), ""),
    ("a rule that counts and looks into what may be empty", several(
        field("marks", type="choices", choices=["a", "b"]),
        put("start.fields", ["amount", "urgent", "lead", "marks"]),
        put("steps.size.rules", [
            {"when": "'a' in marks or count(marks) > 1", "to": "checks"}])),
        "rule_field_may_be_empty@size"),
    ("a rule that adds up a list that may be empty", several(
        field("parts", type="list", columns=NET),
        put("start.fields", ["amount", "urgent", "lead", "parts"]),
        put("steps.size.rules", [
            {"when": "sum(parts.net) > 9 or any(parts, net > 5)", "to": "checks"}])), ""),
    ("a rule by the least of a list that may be empty", several(
        field("parts", type="list", columns=NET),
        put("start.fields", ["amount", "urgent", "lead", "parts"]),
        put("steps.size.rules", [
            {"when": "min(parts.net) > 9", "to": "checks"}])), "rule_field_may_be_empty@size"),
    ("a rule by the least of a list that has rows", several(
        field("parts", type="list", columns=NET),
        put("start.fields", ["amount", "urgent", "lead", "parts"]),
        put("steps.size.rules", [
            {"when": "count(parts) > 0 and min(parts.net) > 9", "to": "checks"}])), ""),
    *((f"a rule by what may be empty in a row: {when}", several(
        field("parts", type="list", required=True, columns=OPEN),
        put("start.fields", ["amount", "urgent", "lead", "parts"]),
        put("steps.size.rules", [{"when": when, "to": "checks"}])), found)
        for when, found in (
            ("min(parts.net) > 9", "rule_field_may_be_empty@size"),
            ("any(parts, net > 9)", "rule_field_may_be_empty@size"),
            ("all(parts, net != null and net > 9)", ""),
            ("sum(parts.net) > 9", ""),
            ("count(parts) > 9", ""),
            ("count(parts, net > 9) > 1", "rule_field_may_be_empty@size"),
            ("sum(parts.net, net > 9) > 99", "rule_field_may_be_empty@size"),
            ("sum(parts.net, net != null and net > 9) > 99", ""),
            ("min(parts.net, net != null and net > 9) > 99", "rule_field_may_be_empty@size"),
            ("count(parts, net != null and net > 9) > 0"
             " and min(parts.net, net != null and net > 9) > 99", ""),
            ("count(parts) > 0 and max(parts.net, net != null and net > 9) > 99",
             "rule_field_may_be_empty@size"),
        )),
    ("a field for those who fill it in", several(
        put("fields.amount.visible_to", ["crew", "requester"]),
        put("steps.pay.with.json", {})), ""),
    ("a field for others than those who fill it in", several(
        put("fields.note.visible_to", ["board"]), put("steps.fix.outputs", ["note"])),
        "field_asked_unseen@fix"),
    ("a field for others than those who choose an outcome", several(
        put("fields.note.visible_to", ["crew"]), put("steps.fix.outputs", ["note"]),
        put("steps.fix.outcomes.again", {"to": "pay", "role": "board"})), "field_asked_unseen@fix"),
    ("a field for others than those who choose an exception", several(
        put("fields.note.visible_to", ["crew"]), put("steps.fix.outputs", ["note"]),
        put("steps.fix.outcomes.stop.role", "board")), ""),
    ("a field for others than those to whom it is shown", several(
        put("fields.note.visible_to", ["board"]), put("steps.fix.inputs", ["note"])),
        "field_not_shown@fix"),
    ("a field for some that is told outside",
        put("fields.amount.visible_to", ["crew", "requester"]), "hidden_field_told@pay"),
    ("a task that is due by a date for some", several(
        field("wanted", type="date", visible_to=["crew"]),
        put("start.fields", ["amount", "urgent", "lead", "wanted"]),
        put("steps.fix.due", {"after": "wanted", "by": "5d"})), "hidden_date_told@fix"),
    ("a request that is due by a date for some", several(
        field("wanted", type="date", visible_to=["crew"]),
        put("start.fields", ["amount", "urgent", "lead", "wanted"]),
        put("due", {"after": "wanted", "by": "5d"})), "hidden_date_told"),
]  # fmt: skip
