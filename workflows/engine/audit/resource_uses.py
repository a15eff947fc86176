"""Resources: what steps book, spend and confirm can be read, is there, and comes to something."""

from collections.abc import Iterator

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.flow.known_numbers import base_of_earlier, base_of_later
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import FieldDef, HoldingStep, HumanStep, ParallelStep
from workflows.engine.routing.holds import confirmed_by, holding_steps, purposes_of
from workflows.engine.rules.number_reasoning import difference_key
from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import type_of_field

RESOURCE_FIELD = text("a resource")
DATE_FIELD = text("a date, or a date and time")
NUMBER_FIELD = text("a number")
BUDGET_FIELD = text("a resource, a choice or a text")


def check_hold_fields(survey: Survey) -> Iterator[AuditFinding]:
    """What steps book and spend is said by fields of the right types."""
    for key, step in holding_steps(survey.graph).items():
        for place, name, wanted in _fields_said(step):
            field = survey.definition.all_fields.get(name)
            if field is None or not _fits(field, wanted):
                yield make_finding(
                    "hold_field_unfit",
                    key,
                    step=survey.called(key),
                    place=place,
                    name=name,
                    wanted=wanted,
                )


def _fields_said(step: HoldingStep) -> Iterator[tuple[str, str, Text]]:
    """Each field that says what a step wants: where it stands, its key, what it has to be."""
    if step.books is not None:
        yield "books: resource", step.books.resource, RESOURCE_FIELD
        yield "books: from", step.books.from_, DATE_FIELD
        yield "books: until", step.books.until, DATE_FIELD
        if isinstance(step.books.amount, str):
            yield "books: amount", step.books.amount, NUMBER_FIELD
    if step.spends is not None:
        yield "spends: budget", step.spends.budget, BUDGET_FIELD
        yield "spends: amount", step.spends.amount, NUMBER_FIELD
        if step.spends.day is not None:
            yield "spends: day", step.spends.day, DATE_FIELD


def _fits(field: FieldDef, wanted: Text) -> bool:
    field_type = type_of_field(field)
    if wanted is RESOURCE_FIELD:
        return field_type.names_resource
    if wanted is DATE_FIELD:
        return field_type.kind == "date"
    if wanted is NUMBER_FIELD:
        return field_type.kind == "number"
    is_person = field_type.names_person or field_type.holds_document
    return field_type.kind == "text" and not is_person


def check_amounts(survey: Survey) -> Iterator[AuditFinding]:
    """As many are booked as there can be, one at least, and no budget is drawn on for less than
    nothing. What a step's own people fill in they are told of."""
    for key, step in holding_steps(survey.graph).items():
        booked = step.books.amount if step.books is not None else None
        if isinstance(booked, str) and _is_settled(survey, step, booked, NUMBER_FIELD):
            variant = "" if _is_count(survey, key, booked) else "books"
            variant = variant or ("" if _is_whole(survey, booked) else "whole")
            if variant:
                called = survey.called(key)
                yield make_finding("hold_amount_unfit", key, variant, step=called, field=booked)
        drawn = step.spends.amount if step.spends is not None else None
        is_settled = drawn is not None and _is_settled(survey, step, drawn, NUMBER_FIELD)
        if drawn and is_settled and survey.numbers.range_at(key, drawn).may_be_negative:
            called = survey.called(key)
            yield make_finding("hold_amount_unfit", key, "spends", step=called, field=drawn)


def _is_settled(survey: Survey, step: HoldingStep, name: str, wanted: Text) -> bool:
    """Whether a field says what it should, and the step's own people cannot change it."""
    field = survey.definition.all_fields.get(name)
    own = step.outputs if isinstance(step, HumanStep) else None
    return field is not None and _fits(field, wanted) and name not in (own or ())


def _is_count(survey: Survey, key: str, name: str) -> bool:
    found = survey.numbers.range_at(key, name)
    is_above_nothing = found.low == 0 and not found.may_be_zero and _is_whole(survey, name)
    return found.low >= 1 or is_above_nothing


def _is_whole(survey: Survey, name: str) -> bool:
    results = {each.key: each.expression for each in survey.graph.worked_out.fields}
    is_whole = type_of_field(survey.definition.all_fields[name]).is_whole
    return is_whole or (name in results and results[name].whole)


def check_times(survey: Survey) -> Iterator[AuditFinding]:
    """No booking ends before it begins."""
    for key, step in holding_steps(survey.graph).items():
        if step.books is None:
            continue
        starts, ends = step.books.from_, step.books.until
        both = [_is_settled(survey, step, name, DATE_FIELD) for name in (starts, ends)]
        if all(both) and not _ends_after(survey, key, starts, ends):
            names = {"starts": starts, "ends": ends, "bound": starts.rpartition(".")[2]}
            yield make_finding("hold_may_end_before", key, step=survey.called(key), **names)


def _ends_after(survey: Survey, key: str, starts: str, ends: str) -> bool:
    """Whether bounds, what is worked out or what was asked before keep the end behind the
    beginning. A day ends when the next begins."""
    fields = survey.definition.all_fields
    if starts == ends:
        return type_of_field(fields[ends]).is_day
    told = survey.numbers.at(key).get(difference_key(ends, starts))
    if told is not None and told.low >= 0:
        return True
    (scope, _, start), (other_scope, _, end) = starts.rpartition("."), ends.rpartition(".")
    if scope != other_scope:
        return False
    if fields[ends].min == start or fields[starts].max == end:
        return True
    later, earlier = (survey.numbers.reader.read(fields[n].value or "") for n in (ends, starts))
    is_later = later is not None and base_of_later(later) == start
    return is_later or (earlier is not None and base_of_earlier(earlier) == end)


def check_branches_hold_apart(survey: Survey) -> Iterator[AuditFinding]:
    """What holds something in a block is a step of one of its branches."""
    graph, holding = survey.graph, holding_steps(survey.graph)
    for parallel, step in graph.steps.items() if holding else ():
        if not isinstance(step, ParallelStep):
            continue
        inside = [graph.inside_branch(parallel, index) for index in range(len(step.branches))]
        for key in holding:
            if sum(key in branch for branch in inside) > 1:
                names = {"step": survey.called(key), "parallel_step": survey.called(parallel)}
                yield make_finding("hold_step_shared", key, **names)


def check_confirmations(survey: Survey) -> Iterator[AuditFinding]:
    """What is confirmed was held before, and what is held is confirmed somewhere."""
    confirmed: set[str] = set()
    for key, step in survey.graph.steps.items():
        for other in confirmed_by(step):
            holds = any(purposes_of(survey.graph[other]))
            comes_before = other == key or survey.may_come_before(other, key)
            if holds and comes_before:
                confirmed.add(other)
            else:
                yield make_finding(
                    "confirm_unfit",
                    key,
                    "late" if holds else "nothing",
                    step=survey.called(key),
                    other=survey.called(other),
                )
    for key in holding_steps(survey.graph):
        if key not in confirmed:
            yield make_finding("hold_never_confirmed", key, step=survey.called(key))


def check_resource_groups(survey: Survey) -> Iterator[AuditFinding]:
    """The groups that fields offer have resources in use."""
    for name, field in survey.definition.fields.items():
        if field.of and survey.people.resource_group(field.of) is None:
            yield make_finding("resource_group_unknown", None, name=name, group=field.of)


def check_resource_kinds(survey: Survey) -> Iterator[AuditFinding]:
    """Rooms are booked, budgets are drawn on, and in their own currency."""
    fields = survey.definition.all_fields
    for key, step in holding_steps(survey.graph).items():
        booked = fields.get(step.books.resource) if step.books is not None else None
        if booked is not None and booked.of:
            yield from _check_kind(survey, key, booked.of, "bookable")
        budget = fields.get(step.spends.budget) if step.spends is not None else None
        group = budget.of if budget is not None else None
        if step.spends is not None and (group or step.spends.of):
            amount = fields.get(step.spends.amount)
            currency = amount.currency if amount is not None else None
            yield from _check_kind(survey, key, group or step.spends.of or "", "budget", currency)


def _check_kind(
    survey: Survey, key: str, name: str, kind: str, currency: str | None = None
) -> Iterator[AuditFinding]:
    group = survey.people.resource_group(name)
    if group is None or group.kind is None:
        return
    if group.kind != kind:
        yield make_finding("resource_kind_wrong", key, kind, step=survey.called(key), group=name)
    elif currency and group.currencies and currency not in group.currencies:
        yield make_finding(
            "resource_kind_wrong",
            key,
            "currency",
            step=survey.called(key),
            group=name,
            currency=currency,
        )


CHECKS = (
    check_hold_fields,
    check_amounts,
    check_times,
    check_branches_hold_apart,
    check_confirmations,
    check_resource_groups,
    check_resource_kinds,
)
