"""What a step that no person does is waiting for: the next try, a moment, a message, a request.

Read once for all the requests of a page; where none of them stands at such a step, nothing is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from approvals.wording import listed, moment
from workflows.automation.attempts import ATTEMPTS
from workflows.engine.definition import AutomationStep, RoleDef, SubworkflowStep, WaitStep
from workflows.engine.graph import Graph
from workflows.models import Attempt, OutboxMessage, WorkflowInstance, WorkItem
from workflows.models.outbox import HELD, TAKEN, WAITING
from workflows.services.case import Case

KINDS = (OutboxMessage.ATTEMPT, OutboxMessage.WAKE, OutboxMessage.CHILD)

Activation = tuple[int, int | None]
"""A request's id and the number of a step's activation in it."""


@dataclass(slots=True)
class Standing:
    """What is known of one activation: its message, the attempt that failed last, its request."""

    message: OutboxMessage | None = None
    failed: Attempt | None = None
    child: WorkflowInstance | None = None


Standings = Mapping[Activation, Standing]


def standings(graphs: Mapping[int, Graph], tasks: Iterable[WorkItem]) -> Standings:
    """What the open steps of these requests that no person does are waiting for.

    `graphs` are the maps by request. Three statements, or none.
    """
    asked: dict[Activation, Standing] = {
        (task.request_id, task.activation): Standing()
        for task in tasks
        if not graphs[task.request_id].is_human(task.step.key)
    }
    if not asked:
        return {}
    requests = {request for request, _ in asked}
    _add_messages(asked, requests)
    _add_failures(asked, requests)
    _add_children(asked, requests)
    return asked


def _add_messages(asked: Mapping[Activation, Standing], requests: set[int]) -> None:
    rows = OutboxMessage.objects.filter(
        request__in=requests, kind__in=KINDS, state__in=(WAITING, TAKEN, HELD)
    )
    for row in rows.order_by("id"):
        if row.request_id is not None and (row.request_id, row.activation) in asked:
            asked[row.request_id, row.activation].message = row


def _add_failures(asked: Mapping[Activation, Standing], requests: set[int]) -> None:
    rows = Attempt.objects.filter(request__in=requests, state__in=(Attempt.FAILED, Attempt.LOST))
    for row in rows.defer("answer").order_by("number"):
        if (row.request_id, row.activation) in asked:
            asked[row.request_id, row.activation].failed = row


def _add_children(asked: Mapping[Activation, Standing], requests: set[int]) -> None:
    rows = WorkflowInstance.objects.filter(parent__in=requests, parent_activation__isnull=False)
    for row in rows.only("pk", "prefix", "title", "state", "parent_id", "parent_activation"):
        if row.parent_id is not None and (row.parent_id, row.parent_activation) in asked:
            asked[row.parent_id, row.parent_activation].child = row


# -- in words -----------------------------------------------------------------------------------


def in_short(case: Case, key: str, standing: Standing | None) -> str:
    """What a step waits for, in a few words for a list: 'the system, again at …'."""
    step, known = case.map.graph[key], standing or Standing()
    if isinstance(step, WaitStep):
        return f"nobody; it waits {_for_what(step, known)}"
    if isinstance(step, SubworkflowStep) and known.child is not None:
        return f"waits for {known.child.reference}"
    if isinstance(step, AutomationStep) and _tried(known):
        return f"the system; {_next_try(step, known, case.now)}"
    return "the system"


def in_full(case: Case, key: str, standing: Standing | None, *, audits: bool) -> str:
    """What a step waits for, as sentences; what went wrong outside only for those who audit."""
    step, known = case.map.graph[key], standing or Standing()
    if known.message is not None and known.message.state == HELD:
        return "Nobody; it waits until the request is resumed."
    if isinstance(step, WaitStep):
        sender = _sender(case, step) if step.message else ""
        return f"Nobody; it waits {_for_what(step, known)}{sender}."
    if isinstance(step, SubworkflowStep):
        if known.child is None and standing is None:
            return f"Nobody; it waits for a request of “{step.workflow}”."
        if known.child is None:
            return f"Nobody; the system starts a request of “{step.workflow}” for it now."
        return f"Nobody; it waits until {known.child.reference} has ended."
    if isinstance(step, AutomationStep) and standing is not None:
        return f"Nobody; the system does this step: {_course(step, known, case.now, audits)}"
    return "Nobody; the system does this step."


def _for_what(step: WaitStep, known: Standing) -> str:
    if step.message is not None:
        return f"for the message “{step.message}”"
    if known.message is not None:
        return f"until {moment(known.message.run_after)}"
    return "until its time has come"


def _sender(case: Case, step: WaitStep) -> str:
    """Who sends the message that a wait goes on with."""
    role: RoleDef | None = case.map.graph.definition.roles.get(step.role or "")
    if role is None or role.requester:
        return " from the requester"
    if role.field:
        return f" from {case.instance.data.get(role.field) or 'the person in its role'}"
    return f" from anybody in {listed([*(role.groups or []), *(role.users or [])], 'or')}"


FIRST = "its first attempt is about to be made."


def _course(step: AutomationStep, known: Standing, now: datetime, audits: bool) -> str:
    failed = known.failed
    why = f" ({failed.code}: {failed.message.rstrip('.')})" if failed and audits else ""
    last = f"the last attempt failed{why}; " if failed else ""
    if not _tried(known):
        return f"{last}it is about to be tried again." if failed else FIRST
    return f"{last}{_next_try(step, known, now)}."


def _next_try(step: AutomationStep, known: Standing, now: datetime) -> str:
    """'attempt 2 of 5 at 5 Jan 2026, 09:00'."""
    message, tried = known.message, _tried(known)
    allowed = (step.retry.attempts if step.retry else None) or ATTEMPTS
    if message is None:
        return "it is about to be tried again"
    if message.state == TAKEN:
        return f"attempt {tried} of {allowed} is being made"
    if message.run_after <= now:
        return f"attempt {tried + 1} of {allowed} is due now"
    return f"attempt {tried + 1} of {allowed} follows at {moment(message.run_after)}"


def _tried(known: Standing) -> int:
    return int(known.message.payload.get("tried", 0)) if known.message is not None else 0
