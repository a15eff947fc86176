"""Tasks that expire: when their time is up, they go the way that their step names.

Nobody decides then, and nothing is approved: only tasks expire, and what they lead to is what the
map says of work that nobody did. While the requester has the question, the time stands still.
"""

from datetime import datetime

from django.db import transaction

from workflows.engine.errors import WrongState
from workflows.engine.format.definition import EXPIRED
from workflows.engine.routing.cancel_reasons import ShownByLog
from workflows.engine.routing.effects import Expire
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.closed_tasks import describe_closed_task
from workflows.execution.services.automation_steps import require_running_instance
from workflows.execution.services.effect_handlers import apply_event
from workflows.execution.services.task_clocks.expiry_timers import find_expiry
from workflows.execution.services.task_clocks.requester_pauses import clock_stands
from workflows.execution.services.task_clocks.task_times import (
    TaskMoments,
    measure_task_times,
    record_task_start,
)
from workflows.execution.services.unit_of_work import (
    UnitOfWork,
    find_locked_task,
    open_unit_of_work,
    write_trail,
)
from workflows.trail.choices import TrailCommand


def expire_task(work: UnitOfWork, activation: int, at: datetime) -> None:
    """The time of a task is up; nothing is done where it is over, expires at another moment by
    now, or rests with the requester."""
    item = work.item(activation)
    if item is None or not item.is_open or item.expires_at != at:
        return
    if find_expiry(work, item) is None or clock_stands(work, item):
        return
    _finish_expired(work, item, item.state)


def record_expiry(work_item_id: int, *, now: datetime, moments: TaskMoments) -> WorkflowInstance:
    """A log shows that the time of a task was up, whenever its map would have said so.

    Raises NotFound and WrongState; then nothing is written.
    """
    with transaction.atomic():
        work = open_unit_of_work(actor=None, now=now, work_item_id=work_item_id)
        item = find_locked_task(work, work_item_id)
        if item is None:
            raise WrongState(describe_closed_task(work_item_id))
        require_running_instance(work)
        if find_expiry(work, item) is None:
            raise WrongState("'%(step)s' does not expire by its map.", step=item.step)
        before = item.state
        record_task_start(item, now, None, moments)
        work.changes.facts.cause = ShownByLog()
        _finish_expired(work, item, before)
        return work.instance


def _finish_expired(work: UnitOfWork, item: WorkItem, before: str) -> None:
    assert item.activation is not None
    apply_event(work, Expire(item.activation))
    item.finish(now=work.now, outcome=EXPIRED, comment="", by=None)
    measure_task_times(work.map.calendar_at(item.step_id), item)
    work.touch(item, before)
    work.save(TrailCommand.EXPIRE)
    write_trail(work, TrailCommand.EXPIRE, item=item, from_state=before, outcome=EXPIRED)
