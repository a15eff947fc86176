"""Requests that a step starts: whether the other workflow's start form takes what it is given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import AutomationStep, Definition, SubworkflowStep
from workflows.engine.texts import Text, text
from workflows.engine.values.fields import clean_field_value
from workflows.engine.values.placeholders import (
    PlaceholderProblem,
    only_placeholder,
    placeholder_names,
)


@dataclass(frozen=True)
class SubworkflowStart:
    """A step that starts a request of another workflow, and what it gives it."""

    key: str
    workflow: str
    data: Mapping[str, Any]


def find_subworkflow_starts(survey: Survey) -> Iterator[SubworkflowStart]:
    """The subworkflows, and the automations that start a workflow."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, SubworkflowStep):
            yield SubworkflowStart(key, step.workflow, step.data or {})
        elif isinstance(step, AutomationStep) and step.action == "start_workflow":
            arguments = step.with_ or {}
            workflow, data = arguments.get("workflow"), arguments.get("data")
            if isinstance(workflow, str):
                yield SubworkflowStart(key, workflow, data if isinstance(data, dict) else {})


def check_subworkflow_data(survey: Survey) -> Iterator[AuditFinding]:
    """What the other start form requires is given, and what is given it asks for."""
    for start in find_subworkflow_starts(survey):
        own = start.workflow == survey.definition.key
        child = survey.definition if own else survey.people.started_as(start.workflow)
        if child is not None:
            yield from _check_required_data(survey, start, child)
            yield from _check_unsure_data(survey, start, child)
            yield from _check_data_fits(survey, start, child)
        elif survey.people.has_workflow(start.workflow) and not survey.people.is_in_use(
            start.workflow
        ):
            yield make_finding(
                "subworkflow_not_in_use",
                start.key,
                step=survey.called(start.key),
                workflow=start.workflow,
            )


def _start_field_keys(child: Definition) -> list[str]:
    begin = child.start
    return [key for key in (begin.fields if begin else None) or [] if key in child.fields]


def _check_required_data(
    survey: Survey, start: SubworkflowStart, child: Definition
) -> Iterator[AuditFinding]:
    lacking = [
        f"'{key}'"
        for key in _start_field_keys(child)
        if child.fields[key].is_left_to_others and start.data.get(key) in (None, "")
    ]
    if lacking:
        yield make_finding(
            "subworkflow_field_missing",
            start.key,
            step=survey.called(start.key),
            fields=", ".join(lacking),
            workflow=start.workflow,
        )


def _check_unsure_data(
    survey: Survey, start: SubworkflowStart, child: Definition
) -> Iterator[AuditFinding]:
    """What is given may still be empty where the child's start requires a value."""
    for key in _start_field_keys(child):
        name = only_placeholder(start.data.get(key))
        unsure = name in survey.definition.all_fields and name not in survey.filled[start.key]
        if unsure and child.fields[key].is_left_to_others:
            yield make_finding(
                "subworkflow_field_may_be_empty",
                start.key,
                step=survey.called(start.key),
                name=name,
                key=key,
                workflow=start.workflow,
            )


def _check_data_fits(
    survey: Survey, start: SubworkflowStart, child: Definition
) -> Iterator[AuditFinding]:
    start_fields = _start_field_keys(child)
    for key, value in start.data.items():
        if key not in start_fields:
            problem: Text | str = text(
                "the start of '%(workflow)s' does not ask for '%(key)s'",
                workflow=start.workflow,
                key=key,
            )
        else:
            problem = _value_misfit(child, key, value)
        if problem:
            yield make_finding(
                "subworkflow_field_unfit",
                start.key,
                step=survey.called(start.key),
                workflow=start.workflow,
                problem=problem,
            )


def _value_misfit(child: Definition, key: str, value: Any) -> Text | str:
    """Why a value that is written out does not fit the field; placeholders are known later."""
    try:
        if not placeholder_names(value):
            clean_field_value(key, child.fields[key], value)
    except PlaceholderProblem:
        return ""  # found already
    except InvalidInput as refused:
        return str(refused).rstrip(".")
    return ""


CHECKS = (check_subworkflow_data,)
