"""Requests that a step starts: whether the other workflow's start form takes what it is given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey
from workflows.engine.definition import AutomationStep, Definition, SubworkflowStep
from workflows.engine.errors import InvalidInput
from workflows.engine.fields import clean
from workflows.engine.templates import PlaceholderProblem, only_placeholder, placeholders


@dataclass(frozen=True)
class Call:
    """A step that starts a request of another workflow, and what it gives it."""

    key: str
    workflow: str
    data: Mapping[str, Any]


def calls(survey: Survey) -> Iterator[Call]:
    """The subworkflows, and the automations that start a workflow."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, SubworkflowStep):
            yield Call(key, step.workflow, step.data or {})
        elif isinstance(step, AutomationStep) and step.action == "start_workflow":
            told = step.with_ or {}
            workflow, data = told.get("workflow"), told.get("data")
            if isinstance(workflow, str):
                yield Call(key, workflow, data if isinstance(data, dict) else {})


def given(survey: Survey) -> Iterator[Finding]:
    """What the other start form requires is given, and what is given it asks for."""
    for call in calls(survey):
        own = call.workflow == survey.definition.key
        child = survey.definition if own else survey.people.started_as(call.workflow)
        if child is not None:
            yield from _lacking(survey, call, child)
            yield from _unfit(survey, call, child)
        elif survey.people.has_workflow(call.workflow) and not survey.people.is_in_use(
            call.workflow
        ):
            yield found(
                "subworkflow_not_in_use",
                call.key,
                f"{survey.called(call.key)} starts '{call.workflow}', of which no version is"
                " published: until one is, every request waits there on an incident.",
                "Publish that workflow, or start another one.",
            )


def _asked(child: Definition) -> list[str]:
    begin = child.start
    return [key for key in (begin.fields if begin else None) or [] if key in child.fields]


def _lacking(survey: Survey, call: Call, child: Definition) -> Iterator[Finding]:
    lacking = [
        f"'{key}'"
        for key in _asked(child)
        if child.fields[key].required and call.data.get(key) in (None, "")
    ]
    if lacking:
        yield found(
            "subworkflow_field_missing",
            call.key,
            f"{survey.called(call.key)} does not give {', '.join(lacking)}, which the start of"
            f" '{call.workflow}' requires: every request waits there on an incident.",
            "Give them under `data`.",
        )
    for key in _asked(child):
        name = only_placeholder(call.data.get(key))
        unsure = name in survey.definition.fields and name not in survey.filled[call.key]
        if unsure and child.fields[key].required:
            yield found(
                "subworkflow_field_may_be_empty",
                call.key,
                f"{survey.called(call.key)} gives '{name}' as '{key}', which"
                f" '{call.workflow}' requires and which may still be empty there: such a"
                " request waits on an incident.",
                f"Require '{name}' and ask for it before.",
            )


def _unfit(survey: Survey, call: Call, child: Definition) -> Iterator[Finding]:
    asked = _asked(child)
    for key, value in call.data.items():
        if key not in asked:
            problem = f"the start of '{call.workflow}' does not ask for '{key}'"
        else:
            problem = _misfit(child, key, value)
        if problem:
            yield found(
                "subworkflow_field_unfit",
                call.key,
                f"{survey.called(call.key)} cannot start '{call.workflow}': {problem}. Every"
                " request waits there on an incident.",
                "Correct what stands under `data`.",
            )


def _misfit(child: Definition, key: str, value: Any) -> str:
    """Why a value that is written out does not fit the field; placeholders are known later."""
    try:
        if not placeholders(value):
            clean(key, child.fields[key], value)
    except PlaceholderProblem:
        return ""  # found already
    except InvalidInput as refused:
        return str(refused).rstrip(".")
    return ""


CHECKS = (given,)
