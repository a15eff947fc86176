"""What a step that was just opened asks of the outside: an attempt, a timer, a mail.

Only rows are written here, with the decision that opened the step.
"""

from workflows.engine.format.definition import WaitStep
from workflows.engine.format.parts import KEEP_NOTHING
from workflows.execution.models import KeptMessage
from workflows.execution.services.task_clocks.dated_work import compute_wake_moment
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
