"""The timer of a task that expires: set when it opens, and anew where its time moves.

It carries the moment for which it was set; where that is another by then, it does nothing.
"""

from workflows.engine.format.definition import TaskStep
from workflows.engine.format.parts import ExpiryDef
from workflows.engine.timing.due_dates import end_of_expiry, parse_span
from workflows.execution.models import WorkItem
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.outbox.payloads import ExpirePayload


def find_expiry(work: UnitOfWork, item: WorkItem) -> ExpiryDef | None:
    """What the task's step says of its expiry."""
    step = work.map.graph[work.map.step_keys[item.step_id]]
    return step.expires if isinstance(step, TaskStep) else None


def plan_expiry(work: UnitOfWork, item: WorkItem) -> None:
    """Say when a task expires that is there since `enabled_at`, and set its timer."""
    expires = find_expiry(work, item)
    item.expires_at = None
    if expires is None:
        return
    item.expires_at = end_of_expiry(
        item.enabled_at or work.now,
        parse_span(expires.after),
        calendar=work.map.calendar_at(item.step_id),
        zone=work.map.graph.zone,
    )
    set_expiry_timer(work, item)


def set_expiry_timer(work: UnitOfWork, item: WorkItem) -> None:
    """The timer for the moment at which the task expires."""
    if item.expires_at is not None:
        payload = ExpirePayload(at=item.expires_at)
        work.message(payload, activation=item.activation, run_after=item.expires_at)


def move_expiry(work: UnitOfWork, item: WorkItem, *, is_other: bool) -> None:
    """The expiry of a task that stands on another map: as it is, or, where that says otherwise,
    reckoned anew; one that would be past by that is reckoned from now."""
    if not is_other:
        set_expiry_timer(work, item)
        return
    since, item.enabled_at = item.enabled_at, item.enabled_at or work.now
    plan_expiry(work, item)
    if item.expires_at is not None and item.expires_at <= work.now:
        item.enabled_at = work.now
        plan_expiry(work, item)
    item.enabled_at = since
