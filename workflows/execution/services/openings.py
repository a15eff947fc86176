"""What a step that was just opened asks of the outside: an attempt, a timer, a mail.

Only rows are written here, with the decision that opened the step.
"""

from datetime import datetime
from typing import Any

from workflows.engine.format.definition import WaitStep
from workflows.engine.timing.working_time import parse_duration
from workflows.engine.values.fields import field_moment
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.outbox.payloads import (
    AttemptPayload,
    ChildPayload,
    WakePayload,
)


def enqueue_outside_work(work: UnitOfWork, activation: int, step: Any) -> None:
    """The message for an automation, a wait or a subworkflow. A wait for a message asks nothing:
    the message comes, or it does not."""
    if step.kind == "automation":
        work.message(AttemptPayload(), activation=activation)
    elif step.kind == "subworkflow":
        work.message(ChildPayload(), activation=activation)
    elif isinstance(step, WaitStep) and step.message is None:
        work.message(
            WakePayload(), activation=activation, run_after=compute_wake_moment(work, step)
        )


def compute_wake_moment(work: UnitOfWork, step: WaitStep) -> datetime:
    """When a wait is over: after its duration in the workflow's calendar, or when its date begins
    on the site's clock. The engine has made sure that there is a date that can be waited for."""
    if step.for_ is not None:
        return work.map.calendar.add(work.now, parse_duration(step.for_))
    until, graph = step.until or "", work.map.graph
    return field_moment(graph.definition.fields[until], work.instance.data[until], zone=graph.zone)
