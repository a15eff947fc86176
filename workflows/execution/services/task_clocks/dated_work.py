"""Open work whose moments hang on a date of the request follows that date: a task when it is due, a
wait when it ends. Where the date is emptied, or none that can be counted from, all stays as it was.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workflows.engine.format.definition import HumanStep, WaitStep
from workflows.engine.routing.marking import Token
from workflows.engine.routing.rows import Rows, value_at
from workflows.engine.routing.waits import find_wait_trouble
from workflows.engine.timing.due_records import (
    DueRecord,
    begin_record,
    due_of_record,
    follow_values,
)
from workflows.execution.models import WorkItem
from workflows.execution.services.openings import compute_wake_moment
from workflows.execution.services.task_clocks.late_work_timers import restart_task_timers
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.trail.changes import DateFollowed


def follow_dates(work: UnitOfWork, before: Mapping[str, Any]) -> None:
    """Let open tasks and waits follow the dates that were others `before`. No statement where none
    of these changed; as many for a thousand tasks as for one."""
    graph, after = work.map.graph, work.instance.data
    if not graph.date_fields or before is after:
        return
    moved: list[WorkItem] = []
    for token in work.marking.tokens:
        field = graph.date_fields.get(token.step)
        if field is None:
            continue
        scopes = graph.row_scopes[token.step]
        was, now = (value_at(scopes, token.rows, data, field) for data in (before, after))
        if was != now and now is not None:
            moved += _follow(work, token)
    restart_task_timers(work, moved)


def _follow(work: UnitOfWork, token: Token) -> list[WorkItem]:
    """Move what is open at one place; the task, where its due date is another now."""
    step, item = work.map.graph[token.step], work.item(token.id)
    if isinstance(step, WaitStep):
        _move_wake(work, token, step)
    elif item is not None and item.is_open and isinstance(step, HumanStep):
        return [item] if _move_due_date(work, item, step) else []
    return []


def _move_wake(work: UnitOfWork, token: Token, step: WaitStep) -> None:
    data = work.data_at_activation(token.id)
    if find_wait_trouble(work.map.graph, token.step, step, data) is not None:
        return
    moment = compute_wake_moment(work, token.id, step)
    work.moved_wakes[token.id] = moment
    work.note(DateFollowed(activation=token.id, step=token.step, to=moment.isoformat()))


def _move_due_date(work: UnitOfWork, item: WorkItem, step: HumanStep) -> bool:
    before, record = item.due_at, _follow_record(work, item, step)
    if record is None or step.due is None:
        return False
    calendar, zone = work.map.calendar_at(item.step_id), work.map.graph.zone
    item.due_at = due_of_record(step.due, record, calendar=calendar, zone=zone)
    item.due_record = record.to_json()
    work.touch(item, item.state)
    if item.due_at == before:
        return False
    work.note(
        DateFollowed(
            activation=item.activation,
            step=work.map.step_keys[item.step_id],
            before=before.isoformat() if before is not None else None,
            to=item.due_at.isoformat(),
        )
    )
    return True


def _follow_record(work: UnitOfWork, item: WorkItem, step: HumanStep) -> DueRecord | None:
    return follow_values(
        DueRecord.from_json(item.due_record) if item.due_record else None,
        step.due,
        calendar=work.map.calendar_at(item.step_id),
        zone=work.map.graph.zone,
        data=work.data_of(item),
        now=work.now,
    )


def due_columns(work: UnitOfWork, key: str, rows: Rows, since: datetime) -> dict[str, Any]:
    """When a task at this step is due that is there `since` then; how that came to be, where it
    can move."""
    graph = work.map.graph
    step = graph[key]
    record = begin_record(
        getattr(step, "due", None),
        calendar=work.map.calendar_of(key),
        zone=graph.zone,
        data=graph.data_at(key, rows, work.instance.data, work.marking.chains),
        now=since,
    )
    if record is None:
        return {"due_at": None, "due_record": None}
    can_move = key in graph.date_fields or getattr(step, "extend", None) is not None
    return {
        "due_at": datetime.fromisoformat(record.first),
        "due_record": record.to_json() if can_move else None,
    }
