"""Worked-out fields: their expressions fit, none reads itself, and nothing else writes them."""

from collections.abc import Iterator, Mapping

from workflows.engine.audit.automations import expression_problems
from workflows.engine.audit.divisions import expressions_of_map, is_minded
from workflows.engine.audit.field_capacity import result_misfit
from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.flow.unsure_results import unsure_cells
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import ColumnDef, FieldDef
from workflows.engine.rules.worked_out import order_worked_out
from workflows.engine.texts import Text, text

Fields = Mapping[str, FieldDef | ColumnDef]


def check_expressions(survey: Survey) -> Iterator[AuditFinding]:
    """Each can be worked out, and its field can keep the result."""
    fields = survey.definition.fields
    yield from _check_expressions_of(fields, "")
    for name, field in fields.items():
        yield from _check_expressions_of(field.columns or {}, f"{name}.")


def _check_expressions_of(fields: Fields, prefix: str) -> Iterator[AuditFinding]:
    for key, field in fields.items():
        if field.value is not None:
            problem = _expression_problem(fields, key, field.value)
            if problem:
                yield make_finding("value_wrong", None, name=prefix + key, problem=problem)


def _expression_problem(fields: Fields, key: str, expression: str) -> Text | None:
    problem = next(expression_problems(fields, key, expression), None)
    if problem is not None:
        return problem
    misfit = result_misfit(fields, fields[key], expression, fields[key].round)
    if misfit == "choice":
        return text("it may give what is none of the field's choices")
    return text("the field keeps whole numbers, and it may give others") if misfit else None


def check_circles(survey: Survey) -> Iterator[AuditFinding]:
    """No field is worked out from itself, and no column of a list from itself."""
    circle = [f"'{key}'" for key in survey.graph.worked_out.circle]
    for name, field in survey.definition.fields.items():
        columns = order_worked_out(field.columns or {}, survey.graph.zone).circle
        circle += [f"'{name}.{column}'" for column in columns]
    if circle:
        yield make_finding("value_circle", None, names=", ".join(circle))


def check_sure_results(survey: Survey) -> Iterator[AuditFinding]:
    """What a field is worked out from is there in each row that it looks at, or the map minds that
    it may be empty."""
    asked = [*expressions_of_map(survey)]
    for each in survey.graph.worked_out.fields:
        unsure = [f"'{cell}'" for cell in unsure_cells(survey.graph, each.expression)]
        if unsure and not is_minded(survey, each.key, asked):
            yield make_finding("value_may_be_empty", None, name=each.key, listed=", ".join(unsure))


def check_writers(survey: Survey) -> Iterator[AuditFinding]:
    """Nobody is asked for a worked-out field, and no step gives it a value."""
    for name in survey.graph.worked_out.keys:
        for writer in _writers(survey, name):
            yield make_finding("value_written", None, name=name, writer=writer)


def _writers(survey: Survey, name: str) -> Iterator[Text | str]:
    begin = survey.definition.start
    if begin is not None:
        if name in (begin.fields or ()):
            yield text("the start form")
        for trigger in begin.triggers or ():
            if name in {*(trigger.data or ()), *(trigger.mapping or ())}:
                yield text("a trigger")
    for key, step in survey.graph.steps.items():
        gives = set(getattr(step, "outputs", None) or ())
        if getattr(step, "action", None) == "set_fields":
            gives |= set(getattr(step, "with_", None) or ())
        if name in gives:
            yield survey.called(key)


CHECKS = (check_expressions, check_circles, check_sure_results, check_writers)
