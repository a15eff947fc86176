"""Whether somebody is there: every role that a step names leads to active people."""

from collections.abc import Iterator

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import HumanStep
from workflows.engine.texts import text
from workflows.engine.values.field_types.base import type_of_field


def check_step_roles(survey: Survey) -> Iterator[AuditFinding]:
    """Every step of people has an owner, and somebody is in that role."""
    for key, step in survey.humans():
        if step.role is None:
            yield make_finding("step_role_missing", key, step=survey.called(key))
        else:
            yield from _check_role_members(survey, key, step)


def _check_role_members(survey: Survey, key: str, step: HumanStep) -> Iterator[AuditFinding]:
    members = survey.members(step.role)
    if members == frozenset():
        yield make_finding("role_empty", key, role=step.role, step=survey.called(key))
    elif members is not None and len(members) == 1:
        (only,) = members
        yield make_finding("one_person", key, person=only, step=survey.called(key), role=step.role)
    yield from _check_quorum(survey, key, step, members)


def _check_quorum(
    survey: Survey, key: str, step: HumanStep, members: frozenset[str] | None
) -> Iterator[AuditFinding]:
    if not isinstance(step.quorum, int) or members == frozenset():
        return
    member_count = 1 if members is None else len(members)
    if step.quorum > member_count:
        yield make_finding(
            "quorum_too_large",
            key,
            step=survey.called(key),
            quorum=step.quorum,
            role=step.role,
            members=member_count,
        )


def check_other_roles(survey: Survey) -> Iterator[AuditFinding]:
    """Outcomes and escalations are for somebody."""
    for key, step in survey.humans():
        for name, route in step.outcomes.items():
            if route.role and survey.members(route.role) == frozenset():
                yield make_finding(
                    "outcome_role_empty", key, role=route.role, name=name, step=survey.called(key)
                )
        escalate_to = step.on_overdue.escalate_to if step.on_overdue else None
        if escalate_to and survey.members(escalate_to) == frozenset():
            yield make_finding("escalation_empty", key, role=escalate_to, step=survey.called(key))


def check_role_field_types(survey: Survey) -> Iterator[AuditFinding]:
    """A role that is found in a request is found in a field for people."""
    for name, role in survey.definition.roles.items():
        if role.person_field is None:
            continue
        field = survey.definition.fields.get(role.person_field)
        if field is None or not type_of_field(field).names_person:
            problem = (
                text("is not declared")
                if field is None
                else text("is of type %(type)s", type=field.type)
            )
            yield make_finding(
                "role_field_unfit",
                survey.step_with_role(name),
                name=name,
                field=role.person_field,
                problem=problem,
            )


def check_role_settings(survey: Survey) -> Iterator[AuditFinding]:
    """What the role finders are told is what they can work with."""
    for name, role in survey.definition.roles.items():
        for finder, setting in role.sources:
            problems = [*finder.problems(setting, survey.definition.fields)]
            step = finder.step_read(setting)
            if step is not None and step not in dict(survey.humans()):
                problems.append(text("'%(step)s' is no step that people decide", step=step))
            for problem in problems:
                yield make_finding(
                    "role_setting_wrong", survey.step_with_role(name), name=name, problem=problem
                )


CHECKS = (check_step_roles, check_other_roles, check_role_field_types, check_role_settings)
