"""Who is there for the work that a command opened: rule 12, no silent queue."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User

from workflows.engine.advance import barred
from workflows.engine.definition import RoleDef
from workflows.engine.effects import Opened
from workflows.permissions import people_of
from workflows.services.case import Case
from workflows.services.locks import steps_with_somebody


@dataclass(frozen=True, slots=True)
class Found:
    """Who is there: the one person that a role names, or why nobody is."""

    person: User | None = None
    missing: str = ""


def find_people(case: Case, opened: Iterable[Opened]) -> Iterator[tuple[Opened, Found]]:
    """For each opened human step the person it goes to, or that nobody is there.

    One statement for all steps with listed people (that bar the same persons), one for all
    people named in fields.
    """
    listed: dict[frozenset[int], list[Opened]] = {}
    named: list[tuple[Opened, RoleDef]] = []
    for effect in opened:
        role = case.map.role_of(effect.step)
        if role is not None and not role.is_static:
            named.append((effect, role))
        else:
            out = barred(case.map.human(effect.step), case.marking)
            listed.setdefault(frozenset(int(p) for p in out), []).append(effect)
    for out, effects in listed.items():
        yield from _listed(case, out, effects)
    if named:
        yield from _named(case, named)


def _listed(
    case: Case, out: frozenset[int], effects: list[Opened]
) -> Iterator[tuple[Opened, Found]]:
    ids = [case.map.step_ids[effect.step] for effect in effects]
    manned = steps_with_somebody(ids, out)
    for effect in effects:
        step_id = case.map.step_ids[effect.step]
        name = case.map.graph.title(effect.step)
        enough = step_id in manned
        if enough and effect.needed > 1:
            enough = people_of(step_id).exclude(pk__in=out).count() >= effect.needed
        if enough:
            yield effect, Found()
        else:
            yield effect, Found(missing=_too_few(name, effect.needed))


def _too_few(name: str, needed: int) -> str:
    """What the incident says of a step with too few people; a task for several has no holder."""
    if needed > 1:
        return (
            f"There are not {needed} different people who may act on '{name}'."
            " Add people to its role's group."
        )
    return (
        f"There is nobody who may act on '{name}'."
        " Add people to its role's group, or reassign the task to a person."
    )


def _named(case: Case, named: list[tuple[Opened, RoleDef]]) -> Iterator[tuple[Opened, Found]]:
    wanted = {case.instance.data.get(role.field) for _, role in named if role.field} - {None}
    users = (
        {user.username: user for user in User.objects.filter(username__in=wanted)} if wanted else {}
    )
    for effect, role in named:
        if role.requester:
            person = case.instance.requester
        else:
            person = users.get(case.instance.data.get(role.field or "") or "")
        yield effect, _fit(case, effect, role, person)


def _fit(case: Case, effect: Opened, role: RoleDef, person: User | None) -> Found:
    """Whether the one person whom a role names can act on the step."""
    name = case.map.graph.title(effect.step)
    if effect.needed > 1:
        return Found(
            missing=f"'{name}' needs {effect.needed} different people, and its role names one."
            " Cancel the request, and mend the map."
        )
    if person is None:
        source = f"the field '{role.field}' is empty" if role.field else "nobody asked for this"
        return Found(missing=f"'{name}' has nobody: {source}. Reassign the task to a person.")
    if not person.is_active:
        return Found(
            missing=f"'{name}' is for {person}, whose account is not active."
            " Reassign the task to a person."
        )
    if person.pk in barred(case.map.human(effect.step), case.marking):
        return Found(
            missing=f"'{name}' is for {person}, whom separation of duties keeps from it."
            " Reassign the task to a person."
        )
    return Found(person=person)
