"""A task that rests until its requester has answered: its clock stands still meanwhile.

The rest is a pause, so no working time. The due date moves by the working time of the rest when it
ends; until then nothing reminds or escalates.
"""

from datetime import datetime, timedelta

from workflows.execution.models import ASKED, WorkItem
from workflows.execution.services.late_work_timers import restart_task_timers
from workflows.execution.services.task_times import close_pause, measure_elapsed_seconds
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
    since = item.paused_at
    assert since is not None
    rested, business = measure_elapsed_seconds(
        work.map.calendar_at(item.step_id), since, max(work.now, since)
    )
    item.return_from_requester(rested=rested, rested_business=business)
    if item.due_at is None:
        return
    if business:
        _move_due_date(work, item, item.due_at, timedelta(seconds=business))
    elif since <= item.due_at <= work.now:  # its timers came while it rested
        restart_task_timers(work, item)


def _move_due_date(work: UnitOfWork, item: WorkItem, before: datetime, by: timedelta) -> None:
    item.due_at = work.map.calendar_at(item.step_id).postpone(before, by)
    work.note(
        DueMoved(
            before=before.isoformat(),
            to=item.due_at.isoformat(),
            working_seconds=round(by.total_seconds()),
        )
    )
    restart_task_timers(work, item)
