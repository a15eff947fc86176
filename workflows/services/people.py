"""Who gets the work that a command opened, and what is said where nobody is there (rule 12)."""

from collections.abc import Iterable
from dataclasses import replace

from workflows.engine.definition import RoleDef
from workflows.engine.standing import Lack
from workflows.models import AddedPerson, WorkItem
from workflows.services.case import Case
from workflows.services.standing import Standing, standings, task_of

PUT = "put somebody in by reassigning the task"


def give(case: Case, items: Iterable[WorkItem]) -> dict[int, str]:
    """Give each open task to the person whom its role names, or leave it in its queue.

    Returns for each activation that nobody can finish the sentence why. At most five statements,
    however many tasks there are.
    """
    missing = {}
    for standing in standings([task_of(case, item) for item in items]):
        _give(case, standing)
        lack = standing.lack
        if lack is not None:
            missing[standing.task.item.activation] = why_nobody(standing, lack)
    return missing


def _give(case: Case, standing: Standing) -> None:
    item, task = standing.task.item, standing.task
    role = case.map.role_of(case.map.step_keys[item.step_id])
    if role is None or role.is_static or item.needed > 1:
        return
    person = standing.named.get(task.step.role or "")
    if person is None or not person.is_active or person.pk in standing.around.barred:
        return
    item.assignee = person
    standing.around = replace(standing.around, holder=person.pk)
    item.in_queue = bool(case.map.outcome_roles(case.map.step_keys[item.step_id]))


def follow_values(case: Case) -> dict[int, str]:
    """Where the field that names a task's person was given another value, the task goes to the
    person whom it names now; who was put in its place by hand keeps it."""
    if not case.fresh:
        return {}
    moved = [item for item in case.items.values() if _is_found_in(case, item)]
    placed = _placed(moved)
    moved = [item for item in moved if item.pk not in placed]
    for item in moved:
        case.touch(item, item.state)
    holders = {item.activation: item.assignee for item in moved}
    missing = give(case, moved)
    for item in moved:
        before = holders[item.activation]
        if item.activation not in missing and item.assignee != before:
            item.started_at = None
            case.note(
                "assignee",
                {
                    "from": before.get_username() if before else "",
                    "to": item.assignee.get_username() if item.assignee else "",
                },
            )
    return missing


def _is_found_in(case: Case, item: WorkItem) -> bool:
    """Whether an open task's person is found in a field that was just written."""
    if not item.is_open or case.marking.token(item.activation) is None:
        return False
    key = case.map.step_keys[item.step_id]
    role = case.map.role_of(key) if case.map.graph.is_human(key) else None
    return role is not None and role.field in case.fresh


def _placed(items: list[WorkItem]) -> set[int]:
    """Those of these tasks in which somebody stands in."""
    ids = [item.pk for item in items if item.pk is not None]
    rows = AddedPerson.objects.filter(work_item__in=ids, stand_in=True)
    return set(rows.values_list("work_item_id", flat=True)) if ids else set()


# -- what is said -----------------------------------------------------------------------------


def why_nobody(standing: Standing, lack: Lack) -> str:
    """What the incident says of a task that nobody can finish."""
    task = standing.task
    name = task.map.graph.title(task.map.step_keys[task.item.step_id])
    if lack is Lack.HOLDER:
        return _holder(standing, name)
    role = task.map.role_of(task.map.step_keys[task.item.step_id])
    if role is not None and not role.is_static:
        return _named(standing, role, name)
    if task.item.needed > 1:
        return _too_few(standing, name)
    if lack is Lack.BARRED:
        return (
            f"There is nobody who may act on '{name}': separation of duties keeps away everybody"
            f" who is there. Add people to its role's group, or {PUT}."
        )
    return f"There is nobody who may act on '{name}'. Add people to its role's group, or {PUT}."


def _holder(standing: Standing, name: str) -> str:
    holder = standing.task.item.assignee
    assert holder is not None
    if not holder.is_active:
        why = "whose account is not active any more"
    elif holder.pk in standing.around.barred:
        why = "whom separation of duties keeps from it"
    else:
        why = "who is not in its role any more"
    return (
        f"'{name}' is with {holder}, {why}. Reassign the task to a person, or try again to give it"
        " back to those whose it is."
    )


def _too_few(standing: Standing, name: str) -> str:
    needed, votes = standing.around.needed, standing.around.votes
    already = f" {votes} of them {'have' if votes > 1 else 'has'} agreed already," if votes else ""
    return (
        f"There are not {needed} different people who may act on '{name}':{already} and too few"
        f" are left. Add people to its role's group, or {PUT}."
    )


def _named(standing: Standing, role: RoleDef, name: str) -> str:
    task = standing.task
    person = standing.named.get(task.step.role or "")
    if task.item.needed > 1:
        return (
            f"'{name}' needs {task.item.needed} different people, and its role names one."
            " Cancel the request, and mend the map."
        )
    if person is None:
        source = f"the field '{role.field}' is empty" if role.field else "nobody asked for this"
        if role.field and task.instance.data.get(role.field):
            source = f"there is no person '{task.instance.data[role.field]}' any more"
        return f"'{name}' has nobody: {source}. Put the value right, or reassign the task."
    if not person.is_active:
        return (
            f"'{name}' is for {person}, whose account is not active. Reassign the task to a person."
        )
    if person.pk in standing.around.barred:
        return (
            f"'{name}' is for {person}, whom separation of duties keeps from it."
            " Reassign the task to a person."
        )
    return (
        f"There is nobody who may choose an outcome of '{name}' that goes on. Add people to the"
        " roles of its outcomes."
    )
