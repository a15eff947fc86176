"""Fields that are read where nothing can have filled them in yet, whatever way a request came."""

from collections.abc import Iterator, Mapping

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import (
    HoldingStep,
    HumanStep,
    Step,
    TableStep,
    WaitStep,
)
from workflows.engine.routing.holds import fields_of_hold, purposes_of
from workflows.engine.routing.outside_fields import fields_sent_outside
from workflows.engine.routing.waits import awaited_field
from workflows.engine.rules.evaluation import RuleProblem
from workflows.engine.texts import Text, text


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
        role = survey.role(step.role)
        for name in role.fields_read if role is not None else ():
            reads[name] = text("is for whoever is named in")
    if isinstance(step, WaitStep) and step.until:
        reads[awaited_field(step)] = text("waits until")
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
                field_names |= survey.graph.rule(link.route.when).fields
            except RuleProblem:
                continue
    return field_names


CHECKS = (check_read_too_early,)
