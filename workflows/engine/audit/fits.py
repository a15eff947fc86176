"""Whether what a step works out, rounds or is given can be kept by its field."""

from collections.abc import Iterator
from typing import Any

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey
from workflows.engine.definition import AutomationStep, RoundingDef, SubworkflowStep
from workflows.engine.definition_parts import FieldDef
from workflows.engine.errors import InvalidInput
from workflows.engine.fields import clean
from workflows.engine.numbers import shape_of
from workflows.engine.rules import Expression, RuleProblem, compile_expression


def rounding(survey: Survey) -> Iterator[Finding]:
    """What is rounded is a number that the step gives, to digits that its field has."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, AutomationStep | SubworkflowStep):
            for name, rule in (step.round or {}).items():
                problem = _cannot_round(survey, step, name, rule)
                if problem:
                    yield found(
                        "round_unfit",
                        key,
                        f"{survey.called(key)} rounds '{name}', and {problem}: it would never"
                        " have the value that is meant.",
                        "Correct the name or the number of digits under `round`, or remove it.",
                    )


def _cannot_round(
    survey: Survey, step: AutomationStep | SubworkflowStep, name: str, rule: RoundingDef
) -> str | None:
    field = survey.definition.fields.get(name)
    if field is None:
        return "no such field is declared"
    shape = shape_of(field.type, field.currency)
    if shape is None:
        return f"a {field.type} is no number"
    if rule.digits > shape.decimals:
        return f"the field keeps {shape.decimals} digits after the point, not {rule.digits}"
    given = set(step.outputs or {})
    if isinstance(step, AutomationStep) and step.action == "set_fields":
        given |= set(step.with_ or {})
    known = isinstance(step, SubworkflowStep) or step.action in ("set_fields", "http")
    return "the step does not give it a value" if known and name not in given else None


def results(survey: Survey) -> Iterator[Finding]:
    """An expression of `set_fields` gives what its field can keep."""
    for key, step in survey.graph.steps.items():
        if not isinstance(step, AutomationStep) or step.action != "set_fields":
            continue
        for name, said in (step.with_ or {}).items():
            field = survey.definition.fields.get(name)
            if field is None or not isinstance(said, str):
                continue
            problem = _may_not_fit(survey, field, said, (step.round or {}).get(name))
            if problem:
                what, remedy = problem
                yield found(
                    "result_may_not_fit",
                    key,
                    f"{survey.called(key)} can give '{name}' {what}, by `{said}`: such a request"
                    " fails there.",
                    remedy,
                )


def _may_not_fit(
    survey: Survey, field: FieldDef, said: str, rule: RoundingDef | None
) -> tuple[str, str] | None:
    try:
        result = compile_expression(said, survey.definition.fields)
    except RuleProblem:
        return None  # that is an error of its own
    if field.type == "integer" and result.kind == "number" and not result.whole and rule is None:
        return (
            "a number with digits after the point, which a whole number has not",
            "Say under `round` how it is made whole, such as `round: {pages: 0}`, divide with `//`,"
            " or make the field a number.",
        )
    if field.type == "choice" and not _is_choice(field, result):
        return (
            "a text that is none of its choices",
            "Choose by the rules of a decision step, with a `set_fields` for each choice.",
        )
    return None


def _is_choice(field: FieldDef, result: Expression) -> bool:
    if result.kind != "text":
        return True  # that is an error of its own
    possible = (result.literal,) if result.literal is not None else result.choices
    return possible is not None and set(possible) <= set(field.choices or ())


def constants(survey: Survey) -> Iterator[Finding]:
    """A value that a trigger always gives fits its field."""
    begin = survey.definition.start
    for number, trigger in enumerate((begin.triggers if begin else None) or [], start=1):
        for name, value in (trigger.data or {}).items():
            field = survey.definition.fields.get(name)
            problem = _does_not_fit(name, field, value) if field else None
            if problem:
                yield found(
                    "trigger_value_unfit",
                    None,
                    f"Trigger {number} always gives a value that its field refuses ({problem}):"
                    " each request that it should start is refused.",
                    "Correct the value under the trigger's `data`.",
                )


def _does_not_fit(name: str, field: FieldDef, value: Any) -> str | None:
    try:
        clean(name, field, value)
    except InvalidInput as refused:
        return str(refused).rstrip(".")
    return None


CHECKS = (rounding, results, constants)
