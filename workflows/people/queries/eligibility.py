"""Who is where around open tasks, read for the pure question `engine.standing.lack`.

Openings, decisions, remedies, pages and the clock ask here; for one request under its lock, or for
hundreds of tasks at once, in the same few statements.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflows.access.conditions.role_lookups import (
    ROLE_LOOKUPS,
    LockedAtRow,
    PersonQuestion,
    RequestAtRow,
)
from workflows.access.permissions import (
    active_role_members,
    role_member_pairs,
    sample_role_members,
)
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.authority.eligibility import EligibilityGap, TaskPeople, find_eligibility_gap
from workflows.engine.format.definition import HumanStep, RoleDef, roles_of_step
from workflows.engine.format.quorums import quorum_roles
from workflows.engine.routing.advance import barred_people
from workflows.engine.routing.marking import Marking, Person
from workflows.engine.routing.separation import RowView
from workflows.execution.models import AddedPerson, WorkflowInstance, WorkItem
from workflows.people.models import User

if TYPE_CHECKING:
    from workflows.execution.services.unit_of_work import UnitOfWork


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

    @property
    def view(self) -> RowView:
        """From where separation of duties is asked."""
        return self.map.view_of_task(self.item.step_id, self.item.rows)

    def roles(self) -> dict[str, RoleDef]:
        """The roles that the step and its outcomes name, by key."""
        step, roles = self.step, self.map.graph.definition.roles
        named = (*roles_of_step(step), *(outcome.role for outcome in step.outcomes.values()))
        return {key: roles[key] for key in named if key}


@dataclass(slots=True)
class TaskEligibility:
    """What was found: the people around the task, and whom its roles name (also who has left)."""

    task: OpenTask
    around: TaskPeople
    named: Mapping[str, Sequence[User]] = field(default_factory=dict)

    @property
    def lack(self) -> EligibilityGap | None:
        """Why nobody can finish it, or None."""
        return find_eligibility_gap(self.task.step, self.around)


def open_task_of(work: "UnitOfWork", item: WorkItem) -> OpenTask:
    """An open task of a case."""
    return OpenTask(
        instance=work.instance,
        map=work.map,
        marking=work.marking,
        item=item,
        fresh=frozenset(work.fresh),
    )


def find_task_eligibility(tasks: Sequence[OpenTask]) -> list[TaskEligibility]:
    """Who is around these tasks now. At most five statements for a hundred of them: the lists of
    their roles, holders and added people in them, who was added, and logins."""
    named = _named_people(tasks)
    added = _added_people_by_item([task.item.pk for task in tasks if task.item.pk is not None])
    role_members = sample_role_members(_needed_row_counts(tasks))
    memberships = _confirmed_memberships(tasks, added)
    return [
        _assess_task(task, named, added.get(task.item.pk, ()), role_members, memberships)
        for task in tasks
    ]


def _assess_task(
    task: OpenTask,
    named: Mapping[tuple[int, str], Sequence[User]],
    added: Sequence[AddedPerson],
    role_members: Mapping[int, frozenset[int]],
    memberships: frozenset[tuple[int, int]],
) -> TaskEligibility:
    item, token = task.item, task.marking.token(task.item.activation)
    candidate_ids = [item.assignee_id, *(addition.user_id for addition in added)]
    votes = token.votes if token is not None else ()
    return TaskEligibility(
        task,
        TaskPeople(
            roles={
                key: _role_people(task, key, role, named, candidate_ids, role_members, memberships)
                for key, role in task.roles().items()
            },
            holder=item.assignee_id if item.needed == 1 else None,
            added=frozenset(
                addition.user_id
                for addition in added
                if _may_still_act(task, addition, named, memberships)
            ),
            barred=barred_people(task.step, task.marking, task.view),
            voted=token.voters if token is not None else frozenset(),
            votes=len(votes),
            needed=item.needed,
            token=token,
        ),
        {key: named[id(task), key] for key, role in task.roles().items() if not role.is_static},
    )


def _role_people(
    task: OpenTask,
    key: str,
    role: RoleDef,
    named: Mapping[tuple[int, str], Sequence[User]],
    candidate_ids: Sequence[int | None],
    role_members: Mapping[int, frozenset[int]],
    memberships: frozenset[tuple[int, int]],
) -> frozenset[Person]:
    """Whom a role of the task names, as far as was read: a sample of its list, and those around
    the task who are in it."""
    if not role.is_static:
        return frozenset(person.pk for person in named[id(task), key] if person.is_active)
    pk = task.map.role_ids[key]
    confirmed = {
        person_id
        for person_id in candidate_ids
        if person_id is not None and (pk, person_id) in memberships
    }
    return frozenset[Person](role_members.get(pk, frozenset()) | confirmed)


def _may_still_act(
    task: OpenTask,
    addition: AddedPerson,
    named: Mapping[tuple[int, str], Sequence[User]],
    memberships: frozenset[tuple[int, int]],
) -> bool:
    """Whether an added person may still act: a stand-in does, somebody of the role that it was
    escalated to only as long as they are in it."""
    if not addition.user.is_active:
        return False
    if addition.stand_in:
        return True
    role = task.map.graph.definition.roles.get(addition.role)
    if role is None:
        return False
    if role.is_static:
        return (task.map.role_ids[addition.role], addition.user_id) in memberships
    found = named.get((id(task), addition.role), ())
    return any(person.pk == addition.user_id for person in found)


# -- what is read -----------------------------------------------------------------------------


def _needed_row_counts(tasks: Iterable[OpenTask]) -> dict[int, int]:
    """How many rows of each listed role decide the question: more than can be taken away, once
    for each entry by which somebody may be in it twice."""
    row_counts: dict[int, int] = {}
    for task in tasks:
        away = len(barred_people(task.step, task.marking, task.view)) + task.item.needed * 2
        for key, role in task.roles().items():
            if role.is_static:
                entries = len(role.listed_names) + 1
                pk = task.map.role_ids[key]
                row_counts[pk] = max(row_counts.get(pk, 0), away * entries)
    return row_counts


def _added_people_by_item(items: Sequence[int]) -> dict[int, list[AddedPerson]]:
    additions: dict[int, list[AddedPerson]] = {}
    rows = AddedPerson.objects.filter(work_item__in=items, found=False).select_related("user")
    for row in rows if items else ():
        additions.setdefault(row.work_item_id, []).append(row)
    return additions


def _confirmed_memberships(
    tasks: Iterable[OpenTask], added: Mapping[int, Sequence[AddedPerson]]
) -> frozenset[tuple[int, int]]:
    """Which holders and added people are in which of the listed roles: these are asked for by
    person, since the lists were not read to their ends."""
    roles, people = set(), set()
    for task in tasks:
        person_ids = {addition.user_id for addition in added.get(task.item.pk, ())}
        person_ids |= {task.item.assignee_id} if task.item.assignee_id is not None else set()
        keys = {*task.roles(), *(addition.role for addition in added.get(task.item.pk, ()))}
        if person_ids:
            people |= person_ids
            roles |= {task.map.role_ids[key] for key in keys if key in task.map.role_ids}
    return role_member_pairs(roles, people) if people else frozenset()


def _named_people(tasks: Iterable[OpenTask]) -> dict[tuple[int, str], Sequence[User]]:
    """For each task the people whom each of its roles finds that are found in the request."""
    lookups = [
        (task, key, role)
        for task in tasks
        for key, role in task.map.graph.definition.roles.items()
        if not role.is_static and (key in task.roles() or _escalates_to(task.step, key))
    ]
    people = _find_people_of_roles([(task, role) for task, _, role in lookups])
    return {(id(task), key): found for (task, key, _), found in zip(lookups, people, strict=True)}


def _find_people_of_roles(
    task_roles: Sequence[tuple[OpenTask, RoleDef]],
) -> list[Sequence[User]]:
    """Whom each of these roles finds in its request; each role finder is asked once."""
    people: list[Sequence[User]] = [()] * len(task_roles)
    by_finder: dict[str, list[tuple[int, PersonQuestion]]] = {}
    for number, (task, role) in enumerate(task_roles):
        ((finder, setting),) = role.sources
        seen_from = _seen_from(task.map, task.item, task.instance, task.marking)
        question = PersonQuestion(setting, seen_from, task.fresh, task.marking)
        by_finder.setdefault(finder.name, []).append((number, question))
    for name, questions in by_finder.items():
        answers = ROLE_LOOKUPS[name].find_everybody([question for _, question in questions])
        for (number, _), found in zip(questions, answers, strict=True):
            people[number] = found
    return people


def _seen_from(
    version_map: VersionMap, item: WorkItem, instance: WorkflowInstance, marking: Marking
) -> WorkflowInstance | RequestAtRow:
    """The request as a task's roles see it."""
    if not item.rows:
        return instance
    data = version_map.data_of_task(item.step_id, item.rows, instance.data, marking.chains)
    return RequestAtRow(instance, data)


def _escalates_to(step: HumanStep, key: str) -> bool:
    return step.on_overdue is not None and step.on_overdue.escalate_to == key


def find_named_people(work: "UnitOfWork", role: RoleDef, item: WorkItem) -> Sequence[User]:
    """Whom a role finds that is found in the request, for a task."""
    seen_from = _seen_from(work.map, item, work.instance, work.marking)
    return find_people_of_request(role, seen_from, work.marking, work.fresh)


def find_people_of_request(
    role: RoleDef,
    instance: WorkflowInstance | RequestAtRow,
    marking: Marking,
    fresh: Collection[str],
) -> Sequence[User]:
    """Whom a role finds in a request that stands so."""
    ((finder, setting),) = role.sources
    question = PersonQuestion(setting, instance, fresh, marking)
    (people,) = ROLE_LOOKUPS[finder.name].find_everybody([question])
    return people


def find_offered_people(found: TaskEligibility) -> list[User]:
    """Whom a task is offered to by name, because no list of its own role finds it for them: those
    whom its roles find in the request, and the members of the other roles of a quorum by roles,
    without whom separation of duties keeps from it."""
    task, own = found.task, found.task.step.role or ""
    people: dict[int, User] = {}
    for key, role in task.roles().items():
        if key not in roles_of_step(task.step) or (role.is_static and key == own):
            continue
        members = active_role_members([task.map.role_ids[key]]) if role.is_static else ()
        people |= {person.pk: person for person in (*found.named.get(key, ()), *members)}
    return [
        person
        for pk, person in sorted(people.items())
        if person.is_active and pk not in found.around.barred
    ][:MOST_OFFERED]


MOST_OFFERED = 1000
"""A task is offered to so many by name at most."""


# -- one person -------------------------------------------------------------------------------


def is_in_role(
    work: "UnitOfWork", person: User, key: str | None, item: WorkItem | None = None
) -> bool:
    """Whether the person is in a role of the map at this moment, in this request; for a task of an
    each-branch, in its row."""
    role = work.map.graph.definition.roles.get(key or "")
    if role is None:
        return False
    if role.is_static:
        return work.map.role_ids[key or ""] in work.roles_of(person)
    ((finder, setting),) = role.sources
    lookup = ROLE_LOOKUPS[finder.name]
    if item is None or not item.rows:
        return lookup.is_person(work, person, setting)
    seen_from = LockedAtRow(work, RequestAtRow(work.instance, work.data_of(item)))
    return lookup.is_person(seen_from, person, setting)


def is_in_step_role(
    work: "UnitOfWork", person: User, step: HumanStep, item: WorkItem | None = None
) -> bool:
    """Whether the person is in one of the roles whose people do the step."""
    return any(is_in_role(work, person, key, item) for key in roles_of_step(step))


def quorum_roles_of(work: "UnitOfWork", person: User, item: WorkItem) -> tuple[str, ...]:
    """For which roles of a quorum by roles the person can count at a task; whoever was put in by
    hand, or from another role, for any."""
    parts = quorum_roles(work.map.human(work.map.step_keys[item.step_id]).quorum)
    return tuple(key for key in parts if is_in_role(work, person, key, item)) or tuple(parts)


def added_role_of(work: "UnitOfWork", item: WorkItem, person: User) -> str | None:
    """As what the person was added to a task: the role that it was escalated to, nothing for a
    stand-in, None where they were not added. The actor's is known from the lock, all others' cost
    one statement a task."""
    if work.actor is not None and work.actor.pk == person.pk and item.pk in work.added_as:
        return work.added_as[item.pk]
    if item.pk not in work.others_added:
        rows = AddedPerson.objects.filter(work_item=item.pk, found=False)
        work.others_added[item.pk] = {row.user_id: "" if row.stand_in else row.role for row in rows}
    return work.others_added[item.pk].get(person.pk)


def may_act_by_addition(work: "UnitOfWork", item: WorkItem, person: User) -> bool:
    """Whether the person may act because they stand in, or because it was escalated to a role
    in which they still are."""
    role = added_role_of(work, item, person)
    return role is not None and (role == "" or is_in_role(work, person, role, item))
