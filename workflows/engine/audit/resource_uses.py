"""Resources: what steps book, spend and confirm can be read, is there, and comes to something."""

from collections.abc import Iterator

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import FieldDef, HoldingStep, ParallelStep
from workflows.engine.routing.holds import confirmed_by, holding_steps, purposes_of
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
    check_branches_hold_apart,
    check_confirmations,
    check_resource_groups,
    check_resource_kinds,
)
