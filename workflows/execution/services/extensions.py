"""More time for a task or for a request as a whole, where its map lets it be given: so much, so
often, with a reason, and before the time is up."""

from datetime import datetime

from django.db import transaction

from workflows.engine.errors import InvalidInput, WrongState
from workflows.engine.format.definition import HumanStep
from workflows.engine.format.parts import ExtendDef
from workflows.engine.texts import text
from workflows.engine.timing.due_records import DueRecord, due_of_record
from workflows.execution.models import NEVER, WorkflowInstance, WorkItem
from workflows.execution.queries.closed_tasks import describe_closed_task
from workflows.execution.services.automation_steps import require_running_instance
from workflows.execution.services.capacities import authorize_steering
from workflows.execution.services.field_values.values import require_reason
from workflows.execution.services.task_clocks.late_work_timers import restart_task_timers
from workflows.execution.services.task_clocks.requester_pauses import clock_stands
from workflows.execution.services.unit_of_work import (
    UnitOfWork,
    find_locked_task,
    open_unit_of_work,
    write_trail,
)
from workflows.execution.services.unit_of_work.deadlines import (
    due_by_deadline_record,
    read_deadline,
    set_deadline,
)
from workflows.execution.services.work_items import may_pass_on
from workflows.people.models import User
from workflows.trail.changes import DueMoved
from workflows.trail.choices import TrailCommand

_NOT_YOURS = text(
    "Only whoever has this task, and the workflow's owner or deputy, may give it more time."
)
_NOT_YOURS_AS_A_WHOLE = text("Only the workflow's owner or deputy may give a request more time.")


def extend_task(work_item_id: int, *, actor: User, reason: str, now: datetime) -> WorkItem:
    """Give a task the time that its step lets be given, from its original base on; for whoever has
    it or could take it, and for who answers for the workflow.

    Raises NotFound, NotAllowed, InvalidInput and WrongState; then nothing is written.
    """
    reason = require_reason(reason)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, work_item_id=work_item_id)
        item = find_locked_task(work, work_item_id)
        if item is None:
            authorize_steering(work, _NOT_YOURS)
            raise WrongState(describe_closed_task(work_item_id))
        step = work.map.step_keys[item.step_id]
        if not may_pass_on(work, item, step):
            authorize_steering(work, _NOT_YOURS, step)
        require_running_instance(work)
        refusal = find_task_refusal(work, item, work.now)
        if refusal is not None:
            raise refusal
        _extend_item(work, item, work.map.human(step))
        work.touch(item, item.state)
        work.save(TrailCommand.EXTEND)
        write_trail(work, TrailCommand.EXTEND, item=item, from_state=item.state, comment=reason)
        return item


def find_task_refusal(
    work: UnitOfWork, item: WorkItem, now: datetime
) -> InvalidInput | WrongState | None:
    """Why a task cannot be given more time, or None; asked by the service and by the page."""
    step = work.map.graph[work.map.step_keys[item.step_id]]
    extend = step.extend if isinstance(step, HumanStep) else None
    if extend is None or item.due_at is None:
        return InvalidInput("The map lets nobody give '%(step)s' more time.", step=item.step)
    until = item.paused_at if clock_stands(work, item) and item.paused_at else now
    given = len(_task_record(item).extended)
    return _refusal(extend, given, is_late=item.due_at < until)


def _extend_item(work: UnitOfWork, item: WorkItem, step: HumanStep) -> None:
    assert item.due_at is not None
    assert step.extend is not None
    assert step.due is not None
    before, record = item.due_at, _task_record(item).extend(step.extend.by)
    item.due_at = due_of_extended_task(work, item, step)
    item.due_record = record.to_json()
    work.note(_moved_note(before, item.due_at, step.extend))
    restart_task_timers(work, [item])


def due_of_extended_task(work: UnitOfWork, item: WorkItem, step: HumanStep) -> datetime:
    """When a task that can be given more time is due if it is."""
    assert step.extend is not None
    assert step.due is not None
    record = _task_record(item).extend(step.extend.by)
    calendar, zone = work.map.calendar_at(item.step_id), work.map.graph.zone
    return due_of_record(step.due, record, calendar=calendar, zone=zone)


def due_of_extended_request(work: UnitOfWork) -> datetime | None:
    """When a request as a whole is due if it is given more time; None where it cannot be."""
    if find_request_refusal(work, work.now) is not None:
        return None
    extend, record = work.map.graph.definition.extend, read_deadline(work)
    assert extend is not None
    assert record is not None
    return due_by_deadline_record(work, record.extend(extend.by))


def _task_record(item: WorkItem) -> DueRecord:
    """How the task's due date came to be; of one that was opened before its map said so, from the
    date that it has."""
    if item.due_record:
        return DueRecord.from_json(item.due_record)
    assert item.due_at is not None
    return DueRecord(base=item.due_at.isoformat(), first=item.due_at.isoformat())


def extend_request(
    instance_id: int, *, actor: User | None, reason: str, now: datetime
) -> WorkflowInstance:
    """Give a request as a whole the time that its map lets be given; for who answers for its
    workflow. Raises NotFound, NotAllowed, InvalidInput and WrongState."""
    reason = require_reason(reason)
    with transaction.atomic():
        work = open_unit_of_work(actor=actor, now=now, instance_id=instance_id)
        authorize_steering(work, _NOT_YOURS_AS_A_WHOLE)
        require_running_instance(work)
        refusal = find_request_refusal(work, work.now)
        if refusal is not None:
            raise refusal
        extend, record = work.map.graph.definition.extend, read_deadline(work)
        assert extend is not None
        assert record is not None
        before = work.instance.deadline_at
        set_deadline(work, record.extend(extend.by))
        work.note(_moved_note(before, work.instance.deadline_at, extend))
        work.save(TrailCommand.EXTEND)
        write_trail(work, TrailCommand.EXTEND, from_state=work.instance.state, comment=reason)
        return work.instance


def find_request_refusal(work: UnitOfWork, now: datetime) -> InvalidInput | WrongState | None:
    """Why a request as a whole cannot be given more time, or None."""
    extend, record = work.map.graph.definition.extend, read_deadline(work)
    if extend is None or record is None or work.instance.deadline_at >= NEVER:
        return InvalidInput("The map lets nobody give this request more time.")
    is_late = work.instance.deadline_at < now and record.stands_since is None
    return _refusal(extend, len(record.extended), is_late=is_late)


def _refusal(extend: ExtendDef, given: int, *, is_late: bool) -> WrongState | None:
    if given >= (extend.times or 1):
        return WrongState("More time was given already, as often as the map lets it be.")
    if is_late:
        return WrongState("It is overdue already; more time can be given only before.")
    return None


def _moved_note(before: datetime, to: datetime, extend: ExtendDef) -> DueMoved:
    return DueMoved(
        before=before.isoformat(), to=to.isoformat(), working_seconds=0, extended_by=extend.by
    )
