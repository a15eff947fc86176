"""When a task is due and a wait ends, as they open; and where that hangs on a date of the request,
they follow that date. Where it is emptied, or none that can be counted from, all stays as it was.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workflows.engine.format.definition import HumanStep, WaitStep
from workflows.engine.routing.marking import Token
from workflows.engine.routing.rows import Rows, value_at
from workflows.engine.routing.waits import find_wait_trouble
from workflows.engine.timing.due_dates import end_of_wait, parse_span, relative_moment
from workflows.engine.timing.due_records import (
    DueRecord,
    begin_record,
    due_of_record,
    follow_values,
)
from workflows.engine.values.fields import field_moment
from workflows.execution.models import WorkItem
from workflows.execution.services.task_clocks.late_work_timers import restart_task_timers
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.trail.changes import DateFollowed


def follow_dates(work: UnitOfWork, before: Mapping[str, Any]) -> None:
    """Let open tasks and waits follow the dates that were others `before`. No statement where none
    of these changed; none for each single task."""
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


def compute_wake_moment(work: UnitOfWork, activation: int, step: WaitStep) -> datetime:
    """When a wait is over: after its span in the step's calendar, or when its date begins on the
    site's clock, or so long before or after it. The engine has made sure that there is a date that
    can be waited for."""
    token = work.marking.token(activation)
    assert token is not None
    graph, calendar = work.map.graph, work.map.calendar_of(token.step)
    data = work.data_at_activation(token.id)
    if step.for_ is not None:
        span = parse_span(step.for_)
        return end_of_wait(work.now, span, calendar=calendar, zone=graph.zone)
    assert step.until is not None
    if isinstance(step.until, str):
        value = data[step.until]
        return field_moment(graph.definition.all_fields[step.until], value, zone=graph.zone)
    value = data[step.until.field]
    return relative_moment(step.until, value, calendar=calendar, zone=graph.zone)


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
