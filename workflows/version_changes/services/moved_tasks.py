"""A request's open tasks on a new map: their steps, due dates, timers and people.

A task keeps who has it, what was typed into it, since when it is there and, where the new map says
the same of its due date, when it is due. Where it says otherwise, the due date is reckoned anew
from when the task came; one that would be past by that is reckoned from now, so that nothing is
late by a move.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.authority.eligibility import EligibilityGap
from workflows.engine.format.definition import HumanStep
from workflows.engine.routing.rows import read_rows
from workflows.engine.versions.step_mapping import StepMapping
from workflows.execution.choices import TaskState
from workflows.execution.models import Incident, WorkItem
from workflows.execution.services.assignment import assign_open_tasks
from workflows.execution.services.effect_handlers import release_from_holder, report_incident
from workflows.execution.services.task_clocks.dated_work import due_columns
from workflows.execution.services.task_clocks.expiry_timers import move_expiry
from workflows.execution.services.task_clocks.late_work_timers import restart_task_timers
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.outbox.services.messages import drop_timers
from workflows.people.queries.eligibility import find_task_eligibility, open_task_of
from workflows.trail.changes import TaskMoved


@dataclass
class MovedTask:
    """A task with the step where it stood and the one where it stands."""

    item: WorkItem
    before: str
    step: str
    note: TaskMoved
    has_other_role: bool = False


def move_task(
    work: UnitOfWork, item: WorkItem, old_map: VersionMap, steps: StepMapping
) -> MovedTask:
    """Put an open task at its step of the new map; its people are settled afterwards."""
    token = work.marking.token(item.activation)
    assert token is not None
    before = old_map.step_keys[item.step_id]
    work.touch(item, item.state)
    item.step_id = work.map.step_ids[token.step]
    item.needed = token.needed
    item.came_from = steps.target(item.came_from) or item.came_from
    needed = token.needed - len(token.extras)
    note = TaskMoved(activation=item.activation, before=before, step=token.step, needed=needed)
    work.changes.notes.append(note)
    WorkItem.objects.filter(pk=item.pk).update(
        step=item.step_id, needed=item.needed, came_from=item.came_from
    )
    _move_due_date(work, item, old_map, before, token.step)
    return MovedTask(item, before, token.step, note, _has_other_role(old_map, work.map, note))


def _has_other_role(old: VersionMap, new: VersionMap, note: TaskMoved) -> bool:
    """Whether the step is of other people on the new map."""
    if not (old.graph.is_human(note.before) and new.graph.is_human(note.step)):
        return False
    return old.role_of(note.before) != new.role_of(note.step)


def _move_due_date(
    work: UnitOfWork, item: WorkItem, old_map: VersionMap, before: str, after: str
) -> None:
    old, new = old_map.graph[before], work.map.graph[after]
    if not isinstance(old, HumanStep) or not isinstance(new, HumanStep):
        return
    calendars = (
        old_map.graph.definition.calendar_of(before),
        work.map.graph.definition.calendar_of(after),
    )
    due = item.due_at
    if old.due != new.due or (calendars[0] != calendars[1] and new.due is not None):
        for column, value in _due_from(work, item, after).items():
            setattr(item, column, value)
    is_other_expiry = getattr(old, "expires", None) != getattr(new, "expires", None)
    if due != item.due_at or old.on_overdue != new.on_overdue or is_other_expiry:
        drop_timers(work.instance.pk, item.activation, now=work.now)
        if item.due_at is not None:
            restart_task_timers(work, [item])
        move_expiry(work, item, is_other=is_other_expiry)


def _due_from(work: UnitOfWork, item: WorkItem, key: str) -> dict[str, Any]:
    """Its due date by the new map, from when it came; from now, where it would be past."""
    rows = read_rows(item.rows)
    columns = due_columns(work, key, rows, item.enabled_at or work.now)
    if columns["due_at"] is not None and columns["due_at"] < work.now:
        columns = due_columns(work, key, rows, work.now)
    return columns


# -- people -------------------------------------------------------------------------------------


def settle_people(work: UnitOfWork, tasks: Sequence[MovedTask]) -> None:
    """Whoever has a task keeps it where the new map lets them; else it goes to those whose it is
    there. Where that is nobody, an incident says so."""
    items = {task.item.activation: task for task in tasks}
    holders = {task.item.activation: task.item.assignee_id for task in tasks}
    for standing in find_task_eligibility([open_task_of(work, task.item) for task in tasks]):
        if standing.lack is EligibilityGap.HOLDER or _is_held_in_vain(standing.task.item):
            release_from_holder(work, standing.task.item)
    waiting = [task.item for task in tasks if _waits_for_people(task)]
    missing = assign_open_tasks(work, waiting) if waiting else {}
    known = set(_troubled_activations(work))
    for activation, problem in missing.items():
        if activation not in known:
            step = items[activation].step
            work.new_incidents.append(report_incident(work, step, activation, problem))
    for task in tasks:
        has_other_holder = task.item.assignee_id != holders[task.item.activation]
        if has_other_holder or (task.has_other_role and task.item.assignee_id is None):
            _mark_as_others(work, task)


def _waits_for_people(task: MovedTask) -> bool:
    """Nobody has it alone: it is in the queue of its step's people, or its role names one."""
    item = task.item
    if item.state != TaskState.ENABLED or item.assignee_id is not None:
        return False
    item.in_queue = item.in_queue or task.has_other_role
    return True


def _is_held_in_vain(item: WorkItem) -> bool:
    """One person has it, and several must agree now."""
    return item.assignee_id is not None and item.needed > 1


def _troubled_activations(work: UnitOfWork) -> Sequence[int]:
    rows = Incident.objects.filter(request=work.instance, state=Incident.OPEN)
    return list(rows.values_list("activation", flat=True))


def _mark_as_others(work: UnitOfWork, task: MovedTask) -> None:
    """The trail says that other people have the task; they are told by that."""
    notes = work.changes.notes
    place = notes.index(task.note)
    task.note = replace(task.note, is_others=True)
    notes[place] = task.note
