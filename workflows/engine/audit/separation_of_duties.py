"""Separation of duties: whom `not_by` keeps away, and whether somebody is left."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.audit.staffing import is_barred_outcome
from workflows.engine.format.definition import HumanStep, excluded_parties, roles_of_step
from workflows.engine.format.directory_finders import MANAGER_OF, field_of_word
from workflows.engine.format.quorums import fixed_votes, quorum_roles
from workflows.engine.texts import Text, text
from workflows.engine.values.field_types.base import type_of_field

MOST_ROLES: Final = 10
"""Of a quorum by more roles only each and all together are looked at."""


def check_requester_separation(survey: Survey) -> Iterator[AuditFinding]:
    """Nobody approves what they asked for, unless the map says why."""
    for key, step in survey.humans():
        if step.kind != "approval" or "requester" in excluded_parties(step):
            continue
        if step.not_by_reason is None:
            yield make_finding("separation_missing", key, step=survey.called(key))
        else:
            yield make_finding(
                "requester_may_decide",
                key,
                step=survey.called(key),
                reason=step.not_by_reason.rstrip("."),
            )


def check_self_named_approver(survey: Survey) -> Iterator[AuditFinding]:
    """Nobody who names the person for an approval can name themselves."""
    for key, step in survey.humans():
        role = survey.role(step.role)
        if step.kind != "approval" or role is None or role.person_field is None:
            continue
        barred = excluded_parties(step)
        for writer, other in survey.humans():
            if writer == key or role.person_field not in (other.outputs or ()) or writer in barred:
                continue
            writer_role = survey.role(other.role)
            is_requester = (
                writer_role is not None and writer_role.is_requester and "requester" in barred
            )
            same = writer_role == role
            if not (is_requester or same) and survey.may_come_before(writer, key):
                yield _self_naming_finding(
                    survey,
                    key,
                    role.person_field,
                    text("Whoever does %(step)s", step=survey.called(writer)),
                )
        if "requester" not in barred and role.person_field in _asked_at_start(survey):
            yield _self_naming_finding(survey, key, role.person_field, text("Whoever asks"))


def _asked_at_start(survey: Survey) -> list[str]:
    begin = survey.definition.start
    return list((begin.fields if begin else None) or [])


def _self_naming_finding(survey: Survey, key: str, field: str, writer: Text) -> AuditFinding:
    return make_finding(
        "approver_named_by_themselves", key, writer=writer, field=field, step=survey.called(key)
    )


def check_separation_effect(survey: Survey) -> Iterator[AuditFinding]:
    """A step in `not_by` can have been done before."""
    for key, step in survey.humans():
        for other in excluded_parties(step):
            field = field_of_word(other)
            if field is not None:
                yield from _check_field_kept_apart(survey, key, field)
                continue
            if other in ("requester", key):
                continue
            if not survey.graph.is_human(other):
                why = text("%(step)s is not done by people", step=survey.called(other))
            elif not survey.may_come_before(other, key):
                why = text("%(step)s always comes later", step=survey.called(other))
            else:
                continue
            yield make_finding(
                "not_by_without_effect",
                key,
                step=survey.called(key),
                other=other,
                why=why,
                other_step=survey.called(other),
            )


def _check_field_kept_apart(survey: Survey, key: str, field: str) -> Iterator[AuditFinding]:
    """The field names people, and is filled in by then."""
    spec = survey.definition.fields[field]
    if not type_of_field(spec).names_anybody:
        yield make_finding("not_by_field_unfit", key, step=survey.called(key), field=field)
    elif field not in survey.filled[key]:
        yield make_finding("not_by_field_may_be_empty", key, step=survey.called(key), field=field)


def check_somebody_left(survey: Survey) -> Iterator[AuditFinding]:
    """After everybody whom `not_by` keeps away, somebody is left: of each role that must agree."""
    for key, step in survey.humans():
        parts = quorum_roles(step.quorum)
        roles: list[str | None] = [*parts] if parts else [step.role]
        always = next(
            (
                (other, role)
                for role in roles
                for other in excluded_parties(step)
                if _bars_everybody(survey, key, role, other)
            ),
            None,
        )
        if always is not None:
            other, role = always
            names = {"step": survey.called(key), "excluded": _excluded_words(other), "role": role}
            yield make_finding("nobody_left", key, **names)
        elif (role := _role_of_barred_ways(survey, step)) is not None:
            names = {"step": survey.called(key), "excluded": _excluded_words("requester")}
            yield make_finding("nobody_left", key, role=role, **names)
        else:
            yield from _check_too_few(survey, key, step)


def _role_of_barred_ways(survey: Survey, step: HumanStep) -> str | None:
    """The role of all usual outcomes, where `not_by` keeps everybody in it away."""
    usual = [route for route in step.outcomes.values() if not route.exception]
    is_barred = usual and all(is_barred_outcome(survey, step, route) for route in usual)
    return usual[0].role if is_barred else None


def _excluded_words(other: str) -> Text:
    if other == "requester":
        return text("the requester")
    field = field_of_word(other)
    if field is not None:
        return text("the person in '%(field)s'", field=field)
    return text("who did '%(step)s'", step=other)


def _bars_everybody(survey: Survey, key: str, name: str | None, other: str) -> bool:
    """Whether this entry of `not_by` always keeps away everybody in a role of the step."""
    role = survey.role(name)
    if role is None:
        return False
    if other == "requester":
        return role.is_requester or _is_only_requester(survey, name)
    field = field_of_word(other)
    if field is not None:
        return role.person_field == field and MANAGER_OF.name not in role.settings
    before = survey.graph[other]
    if other == key or not isinstance(before, HumanStep) or not survey.always_before(other, key):
        return False
    if any(route.role for route in before.outcomes.values()) or len(roles_of_step(before)) > 1:
        return False
    return _is_same_single_person(survey, name, before)


def _is_only_requester(survey: Survey, name: str | None) -> bool:
    """Whether the one person in a role is the only one who ever asks."""
    begin = survey.definition.start
    if begin is None or begin.triggers:
        return False
    members = survey.members(name)
    return members is not None and len(members) == 1 and members == survey.members(begin.role)


def _is_same_single_person(survey: Survey, name: str | None, before: HumanStep) -> bool:
    role, earlier_role = survey.role(name), survey.role(before.role)
    assert role is not None
    if earlier_role is None:
        return False
    if not role.is_static:
        written = _fields_written_by_steps(survey)
        return role == earlier_role and role.person_field not in written
    members = survey.members(name)
    return members is not None and len(members) == 1 and members == survey.members(before.role)


def _fields_written_by_steps(survey: Survey) -> set[str]:
    """The fields that steps change after the start."""
    return {
        name
        for step in survey.graph.steps.values()
        for name in getattr(step, "outputs", None) or []
    }


def _check_too_few(survey: Survey, key: str, step: HumanStep) -> Iterator[AuditFinding]:
    """Of the people of the step, or of some of the roles that must agree, enough are left."""
    for roles, needed in _wanted_of_roles(step):
        known = [people for role in roles if (people := survey.members(role)) is not None]
        members = frozenset[str]().union(*known)
        if len(known) < max(1, len(roles)) or len(members) < max(needed, 2):
            continue
        barred = sum(
            _max_barred_count(survey, members, step, other) for other in excluded_parties(step)
        )
        if len(members) - barred < needed:
            yield make_finding(
                "too_few_left",
                key,
                step=survey.called(key),
                needed=needed,
                role=", ".join(roles),
                members=len(members),
                barred=barred,
            )
            return


def _wanted_of_roles(step: HumanStep) -> Iterator[tuple[tuple[str, ...], int]]:
    """How many must be left of which roles together. By roles there are enough exactly if there
    are of each selection of them, since each person counts for one."""
    parts = quorum_roles(step.quorum)
    if not parts:
        yield roles_of_step(step), fixed_votes(step.quorum) or 1
    for size in range(1, len(parts) + 1) if len(parts) <= MOST_ROLES else (1, len(parts)):
        for roles in combinations(parts, size):
            yield roles, sum(parts[role] for role in roles)


def _max_barred_count(survey: Survey, members: frozenset[str], step: HumanStep, other: str) -> int:
    """How many of these people one entry of `not_by` may keep away in one round."""
    if other == "requester":
        begin = survey.definition.start
        starters = survey.members(begin.role) if begin else None
        return int(bool(members & (starters or frozenset())))
    if field_of_word(other) is not None:
        return 1
    before = survey.graph[other]
    if not isinstance(before, HumanStep) or before is step:
        return 0
    earlier_members = survey.members_of_step(before)
    if earlier_members is None:
        return 1
    fixed = fixed_votes(before.quorum)
    earlier_count = len(earlier_members) if fixed is None else fixed
    return min(len(members & earlier_members), earlier_count)


CHECKS = (
    check_requester_separation,
    check_self_named_approver,
    check_separation_effect,
    check_somebody_left,
)
