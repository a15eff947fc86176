"""Whether what a step works out, rounds or is given can be kept by its field."""

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import AutomationStep, RoundingDef, SubworkflowStep
from workflows.engine.format.field_parts import ColumnDef, FieldDef
from workflows.engine.rules.evaluation import Expression, RuleProblem, compile_expression
from workflows.engine.texts import Text, text
from workflows.engine.values.constraints import constraint_refusal
from workflows.engine.values.field_types.base import type_of_field
from workflows.engine.values.fields import clean_field_value


def check_rounding(survey: Survey) -> Iterator[AuditFinding]:
    """What is rounded is a number that the step gives, to digits that its field has."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, AutomationStep | SubworkflowStep):
            for name, rule in (step.round or {}).items():
                problem = _rounding_problem(survey, step, name, rule)
                if problem:
                    yield make_finding(
                        "round_unfit", key, step=survey.called(key), name=name, problem=problem
                    )


def _rounding_problem(
    survey: Survey, step: AutomationStep | SubworkflowStep, name: str, rule: RoundingDef
) -> Text | None:
    field = survey.definition.all_fields.get(name)
    if field is None:
        return text("no such field is declared")
    shape = type_of_field(field).shape(field)
    if shape is None:
        return text("a %(type)s is no number", type=field.type)
    if rule.digits > shape.decimals:
        return text(
            "the field keeps %(decimals)s digits after the point, not %(digits)s",
            decimals=shape.decimals,
            digits=rule.digits,
        )
    given_fields = set(step.outputs or {})
    if isinstance(step, AutomationStep) and step.action == "set_fields":
        given_fields |= set(step.with_ or {})
    are_outputs_known = isinstance(step, SubworkflowStep) or step.action in ("set_fields", "http")
    return (
        text("the step does not give it a value")
        if are_outputs_known and name not in given_fields
        else None
    )


def check_expression_results(survey: Survey) -> Iterator[AuditFinding]:
    """An expression of `set_fields` gives what its field can keep."""
    for key, step in survey.graph.steps.items():
        if not isinstance(step, AutomationStep) or step.action != "set_fields":
            continue
        for name, expression in (step.with_ or {}).items():
            field = survey.definition.all_fields.get(name)
            if field is None or not isinstance(expression, str):
                continue
            misfit = result_misfit(
                survey.definition.rule_fields(expression),
                field,
                expression,
                (step.round or {}).get(name),
            )
            if misfit:
                yield make_finding(
                    "result_may_not_fit",
                    key,
                    misfit,
                    step=survey.called(key),
                    name=name,
                    expression=expression,
                )


def result_misfit(
    fields: Mapping[str, FieldDef | ColumnDef],
    field: FieldDef | ColumnDef,
    expression: str,
    rule: RoundingDef | None,
) -> str:
    """Which kind of field cannot keep what an expression can give; empty where it can."""
    try:
        result = compile_expression(expression, fields)
    except RuleProblem:
        return ""  # that is an error of its own
    field_type = type_of_field(field)
    takes_whole_only = field_type.is_whole and result.kind == "number"
    if takes_whole_only and not result.whole and rule is None:
        return "whole"
    if field_type.has_choices and not _gives_only_choices(field, result):
        return "choice"
    return ""


def _gives_only_choices(field: FieldDef | ColumnDef, result: Expression) -> bool:
    if result.kind != "text":
        return True  # that is an error of its own
    possible = (result.literal,) if result.literal is not None else result.choices
    return possible is not None and set(possible) <= set(field.choices or ())


def check_trigger_values(survey: Survey) -> Iterator[AuditFinding]:
    """A value that a trigger always gives fits its field."""
    begin = survey.definition.start
    for number, trigger in enumerate((begin.triggers if begin else None) or [], start=1):
        for name, value in (trigger.data or {}).items():
            field = survey.definition.all_fields.get(name)
            problem = _value_problem(name, field, value) if field else None
            if problem:
                yield make_finding("trigger_value_unfit", None, number=number, problem=problem)


def _value_problem(name: str, field: FieldDef, value: Any) -> str | None:
    try:
        cleaned = clean_field_value(name, field, value)
    except InvalidInput as refused:
        return str(refused).rstrip(".")
    if cleaned is None:
        return None
    refusal = constraint_refusal(field, cleaned, {}, {})
    return f"{field.label or name}: {refusal}".rstrip(".") if refusal else None


CHECKS = (check_rounding, check_expression_results, check_trigger_values)
