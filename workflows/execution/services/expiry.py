"""Tasks that expire: when their time is up, they go the way that their step names.

Nobody decides then, and nothing is approved: only tasks expire, and what they lead to is what the
map says of work that nobody did. While the requester has the question, the time stands still.
"""

from datetime import datetime

from workflows.engine.format.definition import EXPIRED
from workflows.engine.routing.effects import Expire
from workflows.execution.services.effect_handlers import apply_event
from workflows.execution.services.task_clocks.expiry_timers import find_expiry
from workflows.execution.services.task_clocks.requester_pauses import clock_stands
from workflows.execution.services.task_clocks.task_times import measure_task_times
from workflows.execution.services.unit_of_work import UnitOfWork, write_trail
from workflows.trail.choices import TrailCommand


def expire_task(work: UnitOfWork, activation: int, at: datetime) -> None:
    """The time of a task is up; nothing is done where it is over, expires at another moment by
    now, or rests with the requester."""
    item = work.item(activation)
    if item is None or not item.is_open or item.expires_at != at:
        return
    if find_expiry(work, item) is None or clock_stands(work, item):
        return
    before = item.state
    apply_event(work, Expire(activation))
    item.finish(now=work.now, outcome=EXPIRED, comment="", by=None)
    measure_task_times(work.map.calendar_at(item.step_id), item)
    work.touch(item, before)
    work.save(TrailCommand.EXPIRE)
    write_trail(work, TrailCommand.EXPIRE, item=item, from_state=before, outcome=EXPIRED)
