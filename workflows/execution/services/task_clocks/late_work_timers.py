"""The timers of a task that reminds and escalates when it is late: set, and set anew where its due
date moves. Each carries the due date for which it was set; where that is another by then, it does
nothing."""

from collections.abc import Sequence
from datetime import datetime

from workflows.engine.format.definition import HumanStep, OverdueDef
from workflows.engine.timing.working_time import Calendar, Duration, parse_duration
from workflows.execution.models import AddedPerson, WorkItem
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.outbox.payloads import EscalatePayload, RemindPayload


def schedule_task_timers(work: UnitOfWork, step: object, item: WorkItem) -> None:
    """The timers of a task that reminds and escalates when it is late."""
    overdue_rule = step.on_overdue if isinstance(step, HumanStep) else None
    if overdue_rule is None or item.due_at is None:
        return
    if overdue_rule.remind_every is not None:
        work.message(
            RemindPayload(due=item.due_at), activation=item.activation, run_after=item.due_at
        )
    if overdue_rule.escalate_to is not None:
        schedule_escalation(work, overdue_rule, item, item.due_at)


def schedule_escalation(
    work: UnitOfWork, overdue_rule: OverdueDef, item: WorkItem, due: datetime
) -> None:
    """The timer that adds people to a task when it is late."""
    after = parse_duration(overdue_rule.after or "0h")
    work.message(
        EscalatePayload(due=due),
        activation=item.activation,
        run_after=work.map.calendar_at(item.step_id).add(due, after),
    )


def schedule_next_reminder(work: UnitOfWork, item: WorkItem, every: str, number: int) -> None:
    """The timer of a reminder of this number, if its moment is still to come."""
    assert item.due_at is not None
    moment = reminder_time(work.map.calendar_at(item.step_id), item.due_at, every, number)
    if moment > work.now:  # an interval of nothing reminds once
        payload = RemindPayload(due=item.due_at)
        work.message(payload, activation=item.activation, run_after=moment)


def reminder_time(calendar: Calendar, due: datetime, every: str, times: int) -> datetime:
    """The moment of a reminder: the due date, and each further one an interval later."""
    interval = parse_duration(every)
    return calendar.add(
        due,
        Duration(
            weeks=interval.weeks * times,
            days=interval.days * times,
            hours=interval.hours * times,
            minutes=interval.minutes * times,
        ),
    )


def elapsed_intervals(calendar: Calendar, due: datetime, every: str, now: datetime) -> int:
    """How many intervals have passed since the due date: reminders missed meanwhile are one."""
    interval = calendar.seconds(parse_duration(every))
    if interval <= 0:
        return 0
    return int(calendar.between(due, now).total_seconds() // interval)


def restart_task_timers(work: UnitOfWork, items: Sequence[WorkItem]) -> None:
    """Set the timers of tasks anew, whose due dates have moved; those of before find that out. One
    statement for all that escalate."""
    late = {item.pk: _late_rule(work, item) for item in items if item.due_at is not None}
    escalated = _find_escalated([pk for pk, rule in late.items() if rule and rule.escalate_to])
    for item in items:
        rule = late.get(item.pk)
        if rule is None or item.due_at is None:
            continue
        if rule.remind_every is not None:
            _restart_reminders(work, item, rule.remind_every, item.due_at)
        if rule.escalate_to is not None and item.pk not in escalated:
            schedule_escalation(work, rule, item, item.due_at)


def _late_rule(work: UnitOfWork, item: WorkItem) -> OverdueDef | None:
    return work.map.human(work.map.step_keys[item.step_id]).on_overdue


def _find_escalated(ids: Sequence[int]) -> set[int]:
    """Those of these tasks that were escalated already."""
    if not ids:
        return set()
    rows = AddedPerson.objects.filter(work_item__in=ids, stand_in=False, found=False)
    return set(rows.values_list("work_item_id", flat=True))


def _restart_reminders(work: UnitOfWork, item: WorkItem, every: str, due: datetime) -> None:
    if due > work.now:
        work.message(RemindPayload(due=due), activation=item.activation, run_after=due)
        return
    number = elapsed_intervals(work.map.calendar_at(item.step_id), due, every, work.now)
    schedule_next_reminder(work, item, every, number + 1)
