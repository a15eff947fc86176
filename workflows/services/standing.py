"""Who is where around open tasks, read for the pure question `engine.standing.lack`.

Openings, decisions, remedies, pages and the clock ask here; for one request under its lock, or for
hundreds of tasks at once, in the same few statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import User

from workflows.engine.advance import barred
from workflows.engine.definition import HumanStep, RoleDef
from workflows.engine.marking import Marking, Person
from workflows.engine.standing import Around, Lack, lack
from workflows.models import AddedPerson, TrailEvent, WorkflowInstance, WorkItem
from workflows.permissions import pairs_of, some_of
from workflows.services.logins import Login, logins
from workflows.services.maps import VersionMap

if TYPE_CHECKING:
    from workflows.services.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """An open task of people with as much of its request as the question needs.

    `fresh` are the fields that the command which asks has just written.
    """

    instance: WorkflowInstance
    map: VersionMap
    marking: Marking
    item: WorkItem
    fresh: frozenset[str] = frozenset()

    @property
    def step(self) -> HumanStep:
        """The task's step."""
        return self.map.human(self.map.step_keys[self.item.step_id])

    def roles(self) -> dict[str, RoleDef]:
        """The roles that the step and its outcomes name, by key."""
        step, roles = self.step, self.map.graph.definition.roles
        named = (step.role, *(way.role for way in step.outcomes.values()))
        return {key: roles[key] for key in named if key}


@dataclass(slots=True)
class Standing:
    """What was found: the people around the task, and whom its roles name (also who has left)."""

    task: OpenTask
    around: Around
    named: Mapping[str, User | None] = field(default_factory=dict)

    @property
    def lack(self) -> Lack | None:
        """Why nobody can finish it, or None."""
        return lack(self.task.step, self.around)


def task_of(case: "Case", item: WorkItem) -> OpenTask:
    """An open task of a case."""
    return OpenTask(
        instance=case.instance, map=case.map, marking=case.marking, item=item,
        fresh=frozenset(case.fresh),
    )  # fmt: skip


def standings(tasks: Sequence[OpenTask]) -> list[Standing]:
    """Who is around these tasks now. At most five statements for a hundred of them: the lists of
    their roles, holders and added people in them, who was added, and logins."""
    named = _named(tasks)
    added = _added([task.item.pk for task in tasks if task.item.pk is not None])
    lists = some_of(_wanted(tasks))
    sure = _sure(tasks, added)
    return [_standing(task, named, added.get(task.item.pk, ()), lists, sure) for task in tasks]


def _standing(
    task: OpenTask,
    named: Mapping[tuple[int, str], User | None],
    added: Sequence[AddedPerson],
    lists: Mapping[int, frozenset[int]],
    sure: frozenset[tuple[int, int]],
) -> Standing:
    roles, found = task.roles(), {}
    item, token = task.item, task.marking.token(task.item.activation)
    everybody = [item.assignee_id, *(one.user_id for one in added)]
    for key, role in roles.items():
        if role.is_static:
            pk = task.map.role_ids[key]
            more = {who for who in everybody if who is not None and (pk, who) in sure}
            found[key] = frozenset[Person](lists.get(pk, frozenset()) | more)
        else:
            found[key] = _active(named[id(task), key])
    votes = token.votes if token is not None else ()
    return Standing(
        task,
        Around(
            roles=found,
            holder=item.assignee_id if item.needed == 1 else None,
            added=frozenset(
                one.user_id for one in added if _holds(task, one, named, sure)
            ),
            barred=barred(task.step, task.marking),
            voted=frozenset(votes),
            votes=len(votes),
            needed=item.needed,
        ),
        {key: named[id(task), key] for key, role in roles.items() if not role.is_static},
    )  # fmt: skip


def _active(person: User | None) -> frozenset[Person]:
    return frozenset({person.pk} if person is not None and person.is_active else ())


def _holds(
    task: OpenTask,
    one: AddedPerson,
    named: Mapping[tuple[int, str], User | None],
    sure: frozenset[tuple[int, int]],
) -> bool:
    """Whether an added person may still act: a stand-in does, somebody of the role that it was
    escalated to only as long as they are in it."""
    if not one.user.is_active:
        return False
    if one.stand_in:
        return True
    role = task.map.graph.definition.roles.get(one.role)
    if role is None:
        return False
    if role.is_static:
        return (task.map.role_ids[one.role], one.user_id) in sure
    person = named.get((id(task), one.role))
    return person is not None and person.pk == one.user_id


# -- what is read -----------------------------------------------------------------------------


def _wanted(tasks: Iterable[OpenTask]) -> dict[int, int]:
    """How many rows of each listed role decide the question: more than can be taken away, once
    for each entry by which somebody may be in it twice."""
    wanted: dict[int, int] = {}
    for task in tasks:
        away = len(barred(task.step, task.marking)) + task.item.needed * 2
        for key, role in task.roles().items():
            if role.is_static:
                entries = len(role.groups or []) + len(role.users or []) + 1
                pk = task.map.role_ids[key]
                wanted[pk] = max(wanted.get(pk, 0), away * entries)
    return wanted


def _added(items: Sequence[int]) -> dict[int, list[AddedPerson]]:
    found: dict[int, list[AddedPerson]] = {}
    rows = AddedPerson.objects.filter(work_item__in=items).select_related("user") if items else ()
    for row in rows:
        found.setdefault(row.work_item_id, []).append(row)
    return found


def _sure(
    tasks: Iterable[OpenTask], added: Mapping[int, Sequence[AddedPerson]]
) -> frozenset[tuple[int, int]]:
    """Which holders and added people are in which of the listed roles: these are asked for by
    person, since the lists were not read to their ends."""
    roles, people = set(), set()
    for task in tasks:
        there = {one.user_id for one in added.get(task.item.pk, ())}
        there |= {task.item.assignee_id} if task.item.assignee_id is not None else set()
        keys = {*task.roles(), *(one.role for one in added.get(task.item.pk, ()))}
        if there:
            people |= there
            roles |= {task.map.role_ids[key] for key in keys if key in task.map.role_ids}
    return pairs_of(roles, people) if people else frozenset()


def _named(tasks: Iterable[OpenTask]) -> dict[tuple[int, str], User | None]:
    """For each task the person whom each of its roles names that is found in the request."""
    wanted = [
        (task, key, role)
        for task in tasks
        for key, role in task.map.graph.definition.roles.items()
        if not role.is_static and (key in task.roles() or _escalates_to(task.step, key))
    ]
    known = logins(
        str(task.instance.data.get(role.field) or "") for task, _, role in wanted if role.field
    )
    return {
        (id(task), key): task.instance.requester
        if role.requester
        else _in_field(task.instance, role.field or "", known, task.fresh)
        for task, key, role in wanted
    }


def _escalates_to(step: HumanStep, key: str) -> bool:
    return step.on_overdue is not None and step.on_overdue.escalate_to == key


def _in_field(
    instance: WorkflowInstance, key: str, known: Mapping[str, Login], fresh: Iterable[str]
) -> User | None:
    login = known.get(str(instance.data.get(key) or ""))
    if login is None:
        return None
    if login.changed_hands and instance.pk is not None and key not in fresh:
        return login.at(written_at(instance, key))
    return login.now or login.at(None)


def written_at(instance: WorkflowInstance, key: str) -> datetime:
    """When the value that a field has was written into the request."""
    said = {f"changes__given__{key}": instance.data.get(key)}
    rows = TrailEvent.objects.filter(request=instance, **said).order_by("pk")
    return rows.values_list("recorded_at", flat=True).last() or instance.started_at


def person_in_field(case: "Case", key: str) -> User | None:
    """Who is meant by a field of the request that names a person."""
    known = logins([str(case.instance.data.get(key) or "")])
    return _in_field(case.instance, key, known, case.fresh)


# -- one person -------------------------------------------------------------------------------


def in_role(case: "Case", person: User, key: str | None) -> bool:
    """Whether the person is in a role of the map at this moment, in this request."""
    role = case.map.graph.definition.roles.get(key or "")
    if role is None:
        return False
    if role.is_static:
        return case.map.role_ids[key or ""] in case.roles_of(person)
    if role.requester:
        return case.instance.requester_id == person.pk
    return _is_named(case, person, role.field or "")


def _is_named(case: "Case", person: User, key: str) -> bool:
    said = case.instance.data.get(key)
    is_actor = case.actor is not None and case.actor.pk == person.pk
    if not said or (is_actor and not case.renamed):
        return bool(said == person.get_username())
    meant = person_in_field(case, key)
    return meant is not None and meant.pk == person.pk


def added_as(case: "Case", item: WorkItem, person: User) -> str | None:
    """As what the person was added to a task: the role that it was escalated to, nothing for a
    stand-in, None where they were not added. The actor's is known from the lock."""
    if case.actor is not None and case.actor.pk == person.pk and hasattr(item, "added"):
        return item.added  # type: ignore[no-any-return]
    row = AddedPerson.objects.filter(work_item=item.pk, user=person).first()
    return None if row is None else "" if row.stand_in else row.role


def stands_by_addition(case: "Case", item: WorkItem, person: User) -> bool:
    """Whether the person may act because they stand in, or because it was escalated to a role
    in which they still are."""
    role = added_as(case, item, person)
    return role is not None and (role == "" or in_role(case, person, role))
