"""Fields that are read where nothing can have filled them in yet, whatever way a request came."""

from collections.abc import Iterator, Mapping

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey
from workflows.engine.definition import (
    AutomationStep,
    HumanStep,
    Step,
    SubworkflowStep,
    WaitStep,
)
from workflows.engine.rules import RuleProblem
from workflows.engine.templates import PlaceholderProblem, placeholders


def read_too_early(survey: Survey) -> Iterator[Finding]:
    """What a step reads may have been filled in before."""
    for key, step in survey.graph.steps.items():
        declared = survey.definition.fields.keys()
        for name, how in sorted(_reads(survey, key, step).items()):
            if name in declared and not survey.may_know(key, name):
                yield found(
                    "field_read_too_early",
                    key,
                    f"{survey.called(key)} {how} '{name}', and no way there fills it in: it is"
                    " always empty.",
                    f"Ask for '{name}' under `start: fields` or in a step before, or take it out"
                    " here.",
                )


def _reads(survey: Survey, key: str, step: Step) -> Mapping[str, str]:
    """The fields that a step reads, each with what it does with it."""
    reads: dict[str, str] = {}
    if isinstance(step, HumanStep):
        reads |= dict.fromkeys(step.inputs or (), "shows")
        role = survey.role(step.role)
        if role is not None and role.field:
            reads[role.field] = "is for whoever is named in"
    if isinstance(step, WaitStep) and step.until:
        reads[step.until] = "waits until"
    reads |= dict.fromkeys(_told(step), "tells others")
    reads |= dict.fromkeys(_asked(survey, key), "decides by")
    return reads


def _told(step: Step) -> frozenset[str]:
    told = step.data if isinstance(step, SubworkflowStep) else None
    if isinstance(step, AutomationStep) and step.action != "set_fields":
        told = step.with_
    try:
        return frozenset(placeholders(told))
    except PlaceholderProblem:
        return frozenset()


def _asked(survey: Survey, key: str) -> set[str]:
    """The fields of the step's conditions; where a rule minds that one is empty, it may be."""
    asked: set[str] = set()
    for link in survey.graph.links:
        if link.source == key and link.route.when is not None:
            try:
                asked |= survey.graph.rule(link.route.when).fields
            except RuleProblem:
                continue
    return asked


CHECKS = (read_too_early,)
