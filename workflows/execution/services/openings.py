"""What a step that was just opened asks of the outside: an attempt, a timer, a mail.

Only rows are written here, with the decision that opened the step.
"""

from datetime import datetime

from workflows.engine.format.definition import WaitStep
from workflows.engine.format.parts import KEEP_NOTHING
from workflows.engine.timing.due_dates import end_of_wait, parse_span, relative_moment
from workflows.engine.values.fields import field_moment
from workflows.execution.models import KeptMessage
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.outbox.payloads import (
    AttemptPayload,
    ChildPayload,
    HandOverPayload,
    WakePayload,
)


def enqueue_outside_work(work: UnitOfWork, activation: int, key: str) -> None:
    """The message for an automation, a wait or a subworkflow. A wait for a message asks for one
    that was kept for it; where none was, it asks nothing: the message comes, or it does not."""
    step = work.map.graph[key]
    if step.kind == "automation":
        work.message(AttemptPayload(), activation=activation)
    elif step.kind == "subworkflow":
        work.message(ChildPayload(), activation=activation)
    elif isinstance(step, WaitStep) and step.message is None:
        work.message(
            WakePayload(),
            activation=activation,
            run_after=compute_wake_moment(work, activation, step),
        )
    elif isinstance(step, WaitStep) and _may_be_kept(work, step):
        work.message(HandOverPayload(), activation=activation)


def _may_be_kept(work: UnitOfWork, step: WaitStep) -> bool:
    """Whether the request keeps a message of this name; it is locked, so none can come between."""
    if step.keep == KEEP_NOTHING or work.instance.pk is None:
        return False
    return KeptMessage.objects.filter(request=work.instance.pk, name=step.message).exists()


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
