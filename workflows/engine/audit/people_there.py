"""Whether somebody is there: every role that a step names leads to active people."""

from collections.abc import Iterator

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey
from workflows.engine.definition import HumanStep


def step_roles(survey: Survey) -> Iterator[Finding]:
    """Every step of people has an owner, and somebody is in that role."""
    for key, step in survey.humans():
        if step.role is None:
            yield found(
                "step_role_missing",
                key,
                f"{survey.called(key)} belongs to nobody: every request that comes there stays"
                " there.",
                "Name a role under `role`.",
            )
        else:
            yield from _somebody(survey, key, step)


def _somebody(survey: Survey, key: str, step: HumanStep) -> Iterator[Finding]:
    members = survey.members(step.role)
    if members == frozenset():
        yield found(
            "role_empty",
            key,
            f"Nobody active is in the role {step.role}: every request that comes to"
            f" {survey.called(key)} opens an incident instead of a task.",
            "Add people to the role's groups, or give the step another role.",
        )
    elif members is not None and len(members) == 1:
        (only,) = members
        yield found(
            "one_person",
            key,
            f"Only {only} can do {survey.called(key)}: while {only} is away or may not decide,"
            " every request waits.",
            f"Add somebody to the role {step.role}.",
        )
    yield from _enough(survey, key, step, members)


def _enough(
    survey: Survey, key: str, step: HumanStep, members: frozenset[str] | None
) -> Iterator[Finding]:
    if not isinstance(step.quorum, int) or members == frozenset():
        return
    there = 1 if members is None else len(members)
    if step.quorum > there:
        yield found(
            "quorum_too_large",
            key,
            f"{survey.called(key)} needs {step.quorum} different people and the role"
            f" {step.role} has {there}: it can never be agreed to.",
            "Lower `quorum`, or add people to the role.",
        )


def other_roles(survey: Survey) -> Iterator[Finding]:
    """Outcomes and escalations are for somebody."""
    for key, step in survey.humans():
        for name, way in step.outcomes.items():
            if way.role and survey.members(way.role) == frozenset():
                yield found(
                    "outcome_role_empty",
                    key,
                    f"Nobody active is in the role {way.role}: nobody can ever choose '{name}' at"
                    f" {survey.called(key)}.",
                    "Add people to the role's groups, or give the outcome another role.",
                )
        escalate_to = step.on_overdue.escalate_to if step.on_overdue else None
        if escalate_to and survey.members(escalate_to) == frozenset():
            yield found(
                "escalation_empty",
                key,
                f"Nobody active is in the role {escalate_to}: when {survey.called(key)} is late,"
                " nobody hears of it.",
                "Add people to the role's groups, or escalate to another role.",
            )


def role_fields(survey: Survey) -> Iterator[Finding]:
    """A role that is found in a request is found in a field for people."""
    for name, role in survey.definition.roles.items():
        if role.field is None:
            continue
        field = survey.definition.fields.get(role.field)
        if field is None or field.type != "user":
            what = "is not declared" if field is None else f"is of type {field.type}"
            yield found(
                "role_field_unfit",
                next((key for key, step in survey.humans() if step.role == name), None),
                f"The role {name} is found in the field '{role.field}', which {what}: no person"
                " would ever be found.",
                "Name a field of type user.",
            )


CHECKS = (step_roles, other_roles, role_fields)
