"""Whether somebody is there: every role that a step names leads to active people."""

import re
from collections.abc import Iterator, Mapping

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.format.definition import HumanStep, RouteDef, excluded_parties
from workflows.engine.format.quorums import fixed_votes, quorum_field, quorum_roles
from workflows.engine.routing.quorum import filled_parts
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
    members, parts = survey.members_of_step(step), quorum_roles(step.quorum)
    yield from _check_quorum_field(survey, key, step)
    if members == frozenset():
        yield make_finding("role_empty", key, role=step.role, step=survey.called(key))
    elif parts:
        yield from _check_quorum_by_roles(survey, key, parts)
        return
    elif members is not None and len(members) == 1:
        (only,) = members
        yield make_finding("one_person", key, person=only, step=survey.called(key), role=step.role)
    yield from _check_quorum(survey, key, step, members)


def _check_quorum(
    survey: Survey, key: str, step: HumanStep, members: frozenset[str] | None
) -> Iterator[AuditFinding]:
    needed = fixed_votes(step.quorum)
    if needed is not None and members != frozenset():
        member_count = 1 if members is None else len(members)
        if needed > member_count and not _is_open(survey, step.role):
            yield _quorum_finding(survey, key, step.role, needed, member_count)


def _is_open(survey: Survey, name: str | None) -> bool:
    """Whether a request may find several people in a role."""
    role = survey.role(name)
    return role is not None and not role.is_static and role.may_be_several


def _quorum_finding(
    survey: Survey, key: str, role: str | None, needed: int, members: int
) -> AuditFinding:
    return make_finding(
        "quorum_too_large",
        key,
        step=survey.called(key),
        quorum=needed,
        role=role,
        members=members,
    )


def _check_quorum_by_roles(
    survey: Survey, key: str, parts: Mapping[str, int]
) -> Iterator[AuditFinding]:
    """Each role has as many as it must give, and together they can, each person for one role."""
    known = {role: people for role in parts if (people := survey.members(role)) is not None}
    for role, needed in parts.items():
        there = len(known[role]) if role in known else 1
        if there < needed and not _is_open(survey, role):
            yield _quorum_finding(survey, key, role, needed, there)
            return
    places = {role: parts[role] for role in known}
    everybody = frozenset[str]().union(*known.values())
    if not _can_fill(places, known, everybody):
        yield _quorum_finding(survey, key, ", ".join(known), sum(places.values()), len(everybody))
        return
    for role in known:
        able = [one for one in sorted(known[role]) if _can_fill_with(places, known, role, one)]
        if places[role] == 1 and len(able) == 1:
            names = {"person": able[0], "step": survey.called(key), "role": role}
            yield make_finding("one_person", key, "role", **names)


def _can_fill(
    places: Mapping[str, int], known: Mapping[str, frozenset[str]], people: frozenset[str]
) -> bool:
    """Whether these people can fill all places, each of them one."""
    roles_of = ([role for role in places if person in known[role]] for person in sorted(people))
    return filled_parts(places, roles_of) == sum(places.values())


def _can_fill_with(
    places: Mapping[str, int], known: Mapping[str, frozenset[str]], role: str, person: str
) -> bool:
    """Whether the others can fill all other places while this person is there for a role."""
    others = frozenset[str]().union(*known.values()) - {person}
    return _can_fill({**places, role: places[role] - 1}, known, others)


def _check_quorum_field(survey: Survey, key: str, step: HumanStep) -> Iterator[AuditFinding]:
    """A field that says how many is declared, whole, and filled in."""
    name = quorum_field(step.quorum)
    if name is None:
        return
    field = survey.definition.fields.get(name)
    if field is None or not type_of_field(field).is_whole:
        yield make_finding("quorum_field_unfit", key, step=survey.called(key), field=name)
    elif name not in survey.filled[key]:
        yield make_finding("quorum_field_may_be_empty", key, step=survey.called(key), field=name)
    elif field.value is None and not re.fullmatch(r"0*[1-9][0-9]*", str(field.min)):
        yield make_finding("quorum_field_unbounded", key, step=survey.called(key), field=name)


def is_barred_outcome(survey: Survey, step: HumanStep, route: RouteDef) -> bool:
    """Whether an outcome is for the requester, whom the step's `not_by` keeps away."""
    role = survey.role(route.role)
    return role is not None and role.is_requester and "requester" in excluded_parties(step)


def check_other_roles(survey: Survey) -> Iterator[AuditFinding]:
    """Outcomes and escalations are for somebody."""
    for key, step in survey.humans():
        for name, route in step.outcomes.items():
            if route.role and survey.members(route.role) == frozenset():
                yield make_finding(
                    "outcome_role_empty", key, role=route.role, name=name, step=survey.called(key)
                )
            elif is_barred_outcome(survey, step, route):
                yield make_finding(
                    "outcome_role_barred", key, role=route.role, name=name, step=survey.called(key)
                )
        escalate_to = step.on_overdue.escalate_to if step.on_overdue else None
        if escalate_to and survey.members(escalate_to) == frozenset():
            yield make_finding("escalation_empty", key, role=escalate_to, step=survey.called(key))


def check_role_field_types(survey: Survey) -> Iterator[AuditFinding]:
    """A role that is found in a request is found in a field for people."""
    for name, role in survey.definition.roles.items():
        if role.person_field is None:
            continue
        field = survey.definition.all_fields.get(role.person_field)
        if field is None or not type_of_field(field).names_anybody:
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
            problems = [*finder.problems(setting, survey.definition.all_fields)]
            step = finder.step_read(setting)
            if step is not None and step not in dict(survey.humans()):
                problems.append(text("'%(step)s' is no step that people decide", step=step))
            for problem in problems:
                yield make_finding(
                    "role_setting_wrong", survey.step_with_role(name), name=name, problem=problem
                )


CHECKS = (check_step_roles, check_other_roles, check_role_field_types, check_role_settings)
