"""Who gets the work that a command opened, and what is said where nobody is there (rule 12)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from workflows.engine.authority.eligibility import EligibilityGap
from workflows.engine.format.definition import RoleDef
from workflows.engine.format.quorums import quorum_roles
from workflows.engine.format.role_finders import FIELD
from workflows.execution.choices import StaffingGap
from workflows.execution.facts import NobodyCanFinish
from workflows.execution.models import AddedPerson, WorkItem
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.people.models import User
from workflows.people.queries.eligibility import (
    TaskEligibility,
    find_offered_people,
    find_task_eligibility,
    open_task_of,
)
from workflows.trail.changes import AssigneeChanged


def assign_open_tasks(work: UnitOfWork, items: Iterable[WorkItem]) -> dict[int, NobodyCanFinish]:
    """Give each open task to the person whom its role names, or leave it in its queue.

    Returns for each activation that nobody can finish what is missing. At most five statements,
    however many tasks there are.
    """
    missing = {}
    for eligibility in find_task_eligibility([open_task_of(work, item) for item in items]):
        _assign_task(work, eligibility)
        lack = eligibility.lack
        if lack is not None:
            missing[eligibility.task.item.activation] = find_staffing_problem(eligibility, lack)
    return missing


def _assign_task(work: UnitOfWork, eligibility: TaskEligibility) -> None:
    item, task = eligibility.task.item, eligibility.task
    role = work.map.role_of(work.map.step_keys[item.step_id])
    if role is None or role.is_static:
        if quorum_roles(task.step.quorum):
            _offer_beside_queue(work, eligibility)
        return
    people = [
        person
        for person in eligibility.named.get(task.step.role or "", ())
        if person.is_active and person.pk not in eligibility.around.barred
    ]
    work.offers.set_people(
        item,
        task.step.role or "",
        find_offered_people(eligibility) if quorum_roles(task.step.quorum) else people,
    )
    if item.needed > 1 or not people:
        return
    if len(people) > 1:
        _offer_to_people(eligibility, item, people)
        return
    (person,) = people
    item.assignee = person
    eligibility.around = replace(eligibility.around, holder=person.pk)
    item.in_queue = bool(work.map.outcome_roles(work.map.step_keys[item.step_id]))


def _offer_beside_queue(work: UnitOfWork, eligibility: TaskEligibility) -> None:
    """The people of the other roles of a quorum find the task by their names."""
    people = find_offered_people(eligibility)
    work.offers.set_people(eligibility.task.item, eligibility.task.step.role or "", people)


def _offer_to_people(eligibility: TaskEligibility, item: WorkItem, people: Sequence[User]) -> None:
    """The task waits for whoever of them takes it; one of them who has it keeps it."""
    if item.assignee in people:
        return
    item.assignee, item.in_queue = None, True
    eligibility.around = replace(eligibility.around, holder=None)


def reassign_by_changed_values(work: UnitOfWork) -> dict[int, NobodyCanFinish]:
    """Where the field that names a task's person was given another value, the task goes to the
    person whom it names now; who was put in its place by hand keeps it."""
    if not work.fresh:
        return {}
    moved = [
        item
        for item in work.items.at_steps(_steps_of_changed_people(work))
        if item.is_open and work.marking.token(item.activation) is not None
    ]
    placed = _items_with_stand_in(moved)
    moved = [item for item in moved if item.pk not in placed]
    for item in moved:
        work.touch(item, item.state)
    holders = {item.activation: item.assignee for item in moved}
    missing = assign_open_tasks(work, moved)
    for item in moved:
        before = holders[item.activation]
        if item.activation not in missing and item.assignee != before:
            item.started_at = None
            work.note(
                AssigneeChanged(
                    before=before.get_username() if before else "",
                    to=item.assignee.get_username() if item.assignee else "",
                )
            )
    return missing


def _steps_of_changed_people(work: UnitOfWork) -> frozenset[int]:
    """The steps (ids) whose person is found in a field that was just written."""
    graph, step_ids = work.map.graph, work.map.step_ids
    roles = {key: work.map.role_of(key) for key in step_ids if graph.is_human(key)}
    return frozenset(
        step_ids[key]
        for key, role in roles.items()
        if role is not None and not role.fields_read.isdisjoint(work.fresh)
    )


def _items_with_stand_in(items: list[WorkItem]) -> set[int]:
    """Those of these tasks in which somebody stands in."""
    ids = [item.pk for item in items if item.pk is not None]
    rows = AddedPerson.objects.filter(work_item__in=ids, stand_in=True)
    return set(rows.values_list("work_item_id", flat=True)) if ids else set()


# -- what is missing -----------------------------------------------------------------------------


def find_staffing_problem(eligibility: TaskEligibility, lack: EligibilityGap) -> NobodyCanFinish:
    """What the incident says of a task that nobody can finish."""
    task = eligibility.task
    step = task.map.step_keys[task.item.step_id]
    title, role = task.map.graph.title(step), task.map.role_of(step)
    if lack is EligibilityGap.HOLDER:
        return _holder_problem(eligibility, title)
    if role is not None and not role.is_static:
        return _named_person_problem(eligibility, role, title)
    if task.item.needed > 1:
        around = eligibility.around
        return NobodyCanFinish(title, StaffingGap.TOO_FEW, needed=around.needed, votes=around.votes)
    is_barred = lack is EligibilityGap.BARRED
    return NobodyCanFinish(title, StaffingGap.BARRED if is_barred else StaffingGap.NOBODY)


def _holder_problem(eligibility: TaskEligibility, title: str) -> NobodyCanFinish:
    holder = eligibility.task.item.assignee
    assert holder is not None
    if not holder.is_active:
        gap = StaffingGap.HOLDER_INACTIVE
    elif holder.pk in eligibility.around.barred:
        gap = StaffingGap.HOLDER_BARRED
    else:
        gap = StaffingGap.HOLDER_LEFT_ROLE
    return NobodyCanFinish(title, gap, person=str(holder))


def _named_person_problem(
    eligibility: TaskEligibility, role: RoleDef, title: str
) -> NobodyCanFinish:
    task = eligibility.task
    people = eligibility.named.get(task.step.role or "", ())
    if task.item.needed > 1 and role.is_shared(task.instance.data):
        around = eligibility.around
        return NobodyCanFinish(title, StaffingGap.TOO_FEW, needed=around.needed, votes=around.votes)
    if task.item.needed > 1:
        return NobodyCanFinish(title, StaffingGap.ROLE_OF_ONE, needed=task.item.needed)
    person = next((person for person in people if person.is_active), next(iter(people), None))
    if person is None:
        return _nobody_named_problem(task.instance.data, role, title)
    if not person.is_active:
        return NobodyCanFinish(title, StaffingGap.PERSON_INACTIVE, person=str(person))
    if person.pk in eligibility.around.barred:
        return NobodyCanFinish(title, StaffingGap.PERSON_BARRED, person=str(person))
    return NobodyCanFinish(title, StaffingGap.OUTCOMES_CLOSED)


def _nobody_named_problem(data: Mapping[str, Any], role: RoleDef, title: str) -> NobodyCanFinish:
    if role.is_requester:
        return NobodyCanFinish(title, StaffingGap.NO_REQUESTER)
    field = role.person_field
    if field is not None and not data.get(field):
        return NobodyCanFinish(title, StaffingGap.FIELD_EMPTY, field=field)
    if FIELD.name in role.settings:
        return NobodyCanFinish(title, StaffingGap.PERSON_GONE, person=str(data.get(field or "")))
    return NobodyCanFinish(title, StaffingGap.NOBODY_FOUND)
