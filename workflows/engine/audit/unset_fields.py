"""Fields that are read where nothing can have filled them in yet, whatever way a request came, or
where a request may have come without them and cannot go on."""

from collections.abc import Iterator, Mapping

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.flow.emptiness import asks_whether_empty
from workflows.engine.audit.flow.unsure_results import unsure_cells
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import (
    AutomationStep,
    HoldingStep,
    HumanStep,
    Step,
    TableStep,
    WaitStep,
)
from workflows.engine.routing.holds import fields_of_hold, holding_steps, purposes_of
from workflows.engine.routing.outside_fields import fields_sent_outside
from workflows.engine.routing.waits import awaited_field
from workflows.engine.rules.evaluation import Expression, RuleProblem, compile_expression
from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import type_of_field
from workflows.engine.values.placeholders import PlaceholderProblem, only_placeholder


def check_read_too_early(survey: Survey) -> Iterator[AuditFinding]:
    """What a step reads may have been filled in before."""
    for key, step in survey.graph.steps.items():
        declared = survey.definition.all_fields.keys()
        for name, usage in sorted(_fields_read(survey, key, step).items()):
            if name in declared and not survey.may_know(key, name):
                yield make_finding(
                    "field_read_too_early", key, step=survey.called(key), usage=usage, name=name
                )


def _fields_read(survey: Survey, key: str, step: Step) -> Mapping[str, Text]:
    """The fields that a step reads, each with what it does with it."""
    reads: dict[str, Text] = {}
    if isinstance(step, HumanStep):
        reads |= dict.fromkeys(step.inputs or (), text("shows"))
        for role in survey.roles_of(step):
            reads |= dict.fromkeys(role.fields_read, text("is for whoever is named in"))
    if isinstance(step, WaitStep) and step.until:
        reads[awaited_field(step)] = text("waits until")
    if isinstance(step, AutomationStep) and step.action == "set_fields":
        reads |= dict.fromkeys(_needed_to_act(survey, step), text("reckons with"))
    reads |= dict.fromkeys(fields_sent_outside(step), text("tells others"))
    asked = step.inputs or () if isinstance(step, TableStep) else _condition_fields(survey, key)
    reads |= dict.fromkeys(asked, text("decides by"))
    if isinstance(step, HoldingStep):
        for purpose in purposes_of(step):
            reads |= dict.fromkeys(fields_of_hold(step, purpose), text("books or spends by"))
    return reads


def _condition_fields(survey: Survey, key: str) -> set[str]:
    """The fields of the step's conditions; where a rule minds that one is empty, it may be."""
    field_names: set[str] = set()
    for link in survey.graph.links:
        if link.source == key and link.route.when is not None:
            try:
                fields = survey.graph.rule(link.route.when).fields
            except RuleProblem:
                continue
            field_names |= {name for name in fields if not survey.is_of_row(link, name)}
    return field_names


def check_awaited_dates_filled(survey: Survey) -> Iterator[AuditFinding]:
    """A wait until a field has a date to wait for."""
    for key, step in survey.graph.steps.items():
        if not isinstance(step, WaitStep):
            continue
        name = awaited_field(step)
        field = survey.definition.all_fields.get(name)
        is_date = field is not None and type_of_field(field).kind == "date"
        if is_date and survey.may_be_empty(key, name):
            yield make_finding("until_field_may_be_empty", key, step=survey.called(key), field=name)


def check_told_filled(survey: Survey) -> Iterator[AuditFinding]:
    """What an automation of ours cannot do without is filled in, where no way is told for when it
    fails."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, AutomationStep) and step.on_error is None:
            needed = _needed_to_act(survey, step)
            unsure = {name for name in needed if survey.may_be_empty(key, name)}
            for name in sorted(unsure | _unsure_in_lists(survey, step)):
                yield make_finding(
                    "action_field_may_be_empty", key, step=survey.called(key), field=name
                )


def _needed_to_act(survey: Survey, step: AutomationStep) -> set[str]:
    """The fields without which a sum cannot be worked out, or a mail goes to nobody."""
    told = step.with_ or {}
    try:
        if step.action == "email":
            to = told.get("to")
            listed = to if isinstance(to, list) else [to]
            names = {only_placeholder(entry) or "" for entry in listed}
            return names if len(names) == 1 else set()
        return set().union(*(_needed_by(sum_) for sum_ in _sums(survey, step)))
    except (PlaceholderProblem, RuleProblem):
        return set()  # found already


def _unsure_in_lists(survey: Survey, step: AutomationStep) -> set[str]:
    """The columns of which the step's sums may find nothing although the list has rows."""
    try:
        return {cell for sum_ in _sums(survey, step) for cell in unsure_cells(survey.graph, sum_)}
    except RuleProblem:
        return set()  # found already


def _sums(survey: Survey, step: AutomationStep) -> Iterator[Expression]:
    if step.action == "set_fields":
        for written in (step.with_ or {}).values():
            if isinstance(written, str):
                yield compile_expression(written, survey.definition.rule_fields(written))


def _needed_by(read: Expression) -> frozenset[str]:
    needed = read.fields - read.spared
    return frozenset(name for name in needed if not asks_whether_empty(read.text, name))


def check_holds_filled(survey: Survey) -> Iterator[AuditFinding]:
    """Where a step may want something of a resource, all that says what is filled in. What its own
    people fill in they are asked for."""
    for key, step in holding_steps(survey.graph).items():
        own = (step.outputs or ()) if isinstance(step, HumanStep) else ()
        for name in _needed_to_hold(survey, key, step):
            if name not in own and survey.may_be_empty(key, name):
                yield make_finding(
                    "hold_field_may_be_empty", key, step=survey.called(key), field=name
                )


def _needed_to_hold(survey: Survey, key: str, step: HoldingStep) -> Iterator[str]:
    """The fields that may not be empty while the one that says whether anything is wanted is
    filled in."""
    if step.books is not None and survey.may_know(key, step.books.resource):
        said = (step.books.from_, step.books.until, step.books.amount)
        yield from (name for name in said if isinstance(name, str))
    if step.spends is not None and survey.may_know(key, step.spends.amount):
        yield from (name for name in (step.spends.budget, step.spends.day) if name is not None)


CHECKS = (
    check_read_too_early,
    check_awaited_dates_filled,
    check_told_filled,
    check_holds_filled,
)
