"""What a step that was just opened asks of the outside: an attempt, a timer, a mail.

Only rows are written here, with the decision that opened the step.
"""

from datetime import datetime
from typing import Any

from workflows.engine.calendar import parse_duration
from workflows.engine.definition import HumanStep, WaitStep
from workflows.engine.fields import moment_of
from workflows.models import OutboxMessage, WorkItem
from workflows.services.case import Case


def ask_outside(case: Case, activation: int, step: Any) -> None:
    """The message for an automation, a wait or a subworkflow. A wait for a message asks nothing:
    the message comes, or it does not."""
    if step.kind == "automation":
        case.message(OutboxMessage.ATTEMPT, activation=activation)
    elif step.kind == "subworkflow":
        case.message(OutboxMessage.CHILD, activation=activation)
    elif isinstance(step, WaitStep) and step.message is None:
        case.message(OutboxMessage.WAKE, activation=activation, run_after=wakes_at(case, step))


def wakes_at(case: Case, step: WaitStep) -> datetime:
    """When a wait is over: after its duration in the workflow's calendar, or when its date begins
    on the site's clock. The engine has made sure that there is a date that can be waited for."""
    if step.for_ is not None:
        return case.map.calendar.add(case.now, parse_duration(step.for_))
    until, graph = step.until or "", case.map.graph
    return moment_of(graph.definition.fields[until], case.instance.data[until], zone=graph.zone)


def ask_in_time(case: Case, step: Any, item: WorkItem) -> None:
    """The timers of a task that reminds and escalates when it is late."""
    late = step.on_overdue if isinstance(step, HumanStep) else None
    if late is None or item.due_at is None:
        return
    if late.remind_every is not None:
        case.message(OutboxMessage.REMIND, activation=item.activation, run_after=item.due_at)
    if late.escalate_to is not None:
        after = parse_duration(late.after or "0h")
        case.message(
            OutboxMessage.ESCALATE,
            activation=item.activation,
            run_after=case.map.calendar.add(item.due_at, after),
        )
