"""A task that rests until its requester has answered: its clock stands still meanwhile.

The rest is a pause, so no working time. The due date, and the moment at which the task expires,
move by the rest when it ends: by its working time, or by its days where they were reckoned in
months and days of the calendar. Until then nothing reminds or escalates. With `clock: runs` neither
moves.
"""

from datetime import datetime

from workflows.engine.format.definition import HumanStep
from workflows.engine.timing.due_dates import Months, Period, days_between, parse_span, put_off
from workflows.engine.timing.due_records import DueRecord
from workflows.execution.models import ASKED, WorkItem
from workflows.execution.services.task_clocks.expiry_timers import find_expiry, set_expiry_timer
from workflows.execution.services.task_clocks.late_work_timers import restart_task_timers
from workflows.execution.services.task_clocks.task_times import close_pause, measure_elapsed_seconds
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.trail.changes import DueMoved


def begin_requester_pause(work: UnitOfWork, item: WorkItem) -> None:
    """The task rests from now on; a rest of its own ends with it."""
    if item.paused_at is not None:
        close_pause(work.map.calendar_at(item.step_id), item, work.now)
    item.await_requester(now=work.now)


def end_requester_pause(work: UnitOfWork, item: WorkItem) -> None:
    """The task goes on where it rested with the requester; nothing is done to another."""
    if item.state != ASKED:
        return
    since, stood = item.paused_at, clock_stands(work, item)
    assert since is not None
    calendar, until = work.map.calendar_at(item.step_id), max(work.now, since)
    rested, business = measure_elapsed_seconds(calendar, since, until)
    item.return_from_requester(rested=rested, rested_business=business)
    if stood:
        _move_due_date(work, item, since, until)
        _move_expiry(work, item, since, until)


def clock_stands(work: UnitOfWork, item: WorkItem) -> bool:
    """Whether the clock of a task stands still just now, because its requester has the question."""
    step = work.map.graph[work.map.step_keys[item.step_id]]
    return item.state == ASKED and getattr(step, "clock", None) != "runs"


def _move_due_date(work: UnitOfWork, item: WorkItem, since: datetime, until: datetime) -> None:
    before, step = item.due_at, work.map.human(work.map.step_keys[item.step_id])
    if before is None:
        return
    span = _span_of_due(step)
    moved = _put_off(work, item, before, span, since, until)
    if moved == before:
        if since <= before <= work.now:  # its timers came while it rested
            restart_task_timers(work, [item])
        return
    item.due_at = moved
    _record_stand(work, item, since, until)
    calendar, zone = work.map.calendar_at(item.step_id), work.map.graph.zone
    is_by_days = isinstance(span, Months)
    work.note(
        DueMoved(
            before=before.isoformat(),
            to=moved.isoformat(),
            working_seconds=round(calendar.between(since, until).total_seconds()),
            days=days_between(since, until, zone) if is_by_days else None,
        )
    )
    restart_task_timers(work, [item])


def _record_stand(work: UnitOfWork, item: WorkItem, since: datetime, until: datetime) -> None:
    """A due date that may be extended keeps for how long its clock stood still."""
    if item.due_record:
        record = DueRecord.from_json(item.due_record)
        calendar, zone = work.map.calendar_at(item.step_id), work.map.graph.zone
        item.due_record = record.go_on(since, until, calendar, zone).to_json()


def _move_expiry(work: UnitOfWork, item: WorkItem, since: datetime, until: datetime) -> None:
    expires, before = find_expiry(work, item), item.expires_at
    if expires is None or before is None:
        return
    item.expires_at = _put_off(work, item, before, parse_span(expires.after), since, until)
    set_expiry_timer(work, item)


def _put_off(
    work: UnitOfWork,
    item: WorkItem,
    moment: datetime,
    span: Period,
    since: datetime,
    until: datetime,
) -> datetime:
    calendar, zone = work.map.calendar_at(item.step_id), work.map.graph.zone
    return put_off(moment, span, since, until, calendar=calendar, zone=zone)


def _span_of_due(step: HumanStep) -> Period:
    written = step.due if isinstance(step.due, str) or step.due is None else step.due.by
    return parse_span(written or "0h")
