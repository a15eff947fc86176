"""What an open step that no person does is waiting for: the next try, a moment, a message, a
request.

Read once for all the requests of a page; where none of them stands at such a step, nothing is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.sight.attempts import conceal_from_all
from workflows.outbox.choices import MessageKind
from workflows.outbox.models import HELD, TAKEN, WAITING, Attempt, OutboxMessage
from workflows.outbox.payloads import AttemptPayload, read_payload

KINDS = (MessageKind.ATTEMPT, MessageKind.WAKE, MessageKind.CHILD)

Activation = tuple[int, int | None]
"""A request's id and the number of a step's activation in it."""


@dataclass(slots=True)
class AutomaticStepStatus:
    """What is known of one activation: its message, the attempt that failed last, its request."""

    message: OutboxMessage | None = None
    failed: Attempt | None = None
    child: WorkflowInstance | None = None

    @property
    def is_held(self) -> bool:
        """Whether it rests until the request is resumed."""
        return self.message is not None and self.message.state == HELD

    @property
    def is_being_tried(self) -> bool:
        """Whether a worker makes an attempt just now."""
        return self.message is not None and self.message.state == TAKEN

    @property
    def attempt_count(self) -> int:
        """How many attempts were begun."""
        if self.message is None or self.message.kind != MessageKind.ATTEMPT:
            return 0
        return read_payload(self.message, AttemptPayload).tried


AutomaticStepStatuses = Mapping[Activation, AutomaticStepStatus]
NO_STATUSES: AutomaticStepStatuses = {}


def automatic_step_statuses(
    versions: Mapping[int, int], tasks: Iterable[WorkItem], *, with_failures: bool
) -> AutomaticStepStatuses:
    """What those of these tasks that are open, and that no person does, are waiting for.

    `versions` are the ids of the maps' versions by request. One statement, one more where they wait
    for requests, and one where an automation is among them and what failed is asked for; or none.
    """
    waiting = [
        task
        for task in tasks
        if task.is_open and not _is_human_task(task, versions[task.request_id])
    ]
    if not waiting:
        return NO_STATUSES
    statuses: dict[Activation, AutomaticStepStatus] = {
        (task.request_id, task.activation): AutomaticStepStatus() for task in waiting
    }
    kinds = {task: _step_kind(task, versions[task.request_id]) for task in waiting}
    _add_messages(statuses, {task.request_id for task in waiting})
    if with_failures:
        _add_failures(statuses, _requests_at(kinds, "automation"))
    _add_children(statuses, _requests_at(kinds, "subworkflow"))
    return statuses


def _step_kind(task: WorkItem, version_id: int) -> str:
    version_map = cached_map(version_id)
    return version_map.graph[version_map.step_keys[task.step_id]].kind


def _requests_at(kinds: Mapping[WorkItem, str], kind: str) -> set[int]:
    return {task.request_id for task, kind_of_step in kinds.items() if kind_of_step == kind}


def _is_human_task(task: WorkItem, version_id: int) -> bool:
    version_map = cached_map(version_id)
    return version_map.graph.is_human(version_map.step_keys[task.step_id])


def _add_messages(statuses: Mapping[Activation, AutomaticStepStatus], requests: set[int]) -> None:
    rows = OutboxMessage.objects.filter(
        request__in=requests, kind__in=KINDS, state__in=(WAITING, TAKEN, HELD)
    )
    for row in rows.order_by("id"):
        if row.request_id is not None and (row.request_id, row.activation) in statuses:
            statuses[row.request_id, row.activation].message = row


def _add_failures(statuses: Mapping[Activation, AutomaticStepStatus], requests: set[int]) -> None:
    if not requests:
        return
    rows = Attempt.objects.filter(request__in=requests, state__in=(Attempt.FAILED, Attempt.LOST))
    for row in rows.defer("answer").select_related("step").order_by("number"):
        if (row.request_id, row.activation) in statuses:
            statuses[row.request_id, row.activation].failed = conceal_from_all(row)


def _add_children(statuses: Mapping[Activation, AutomaticStepStatus], requests: set[int]) -> None:
    if not requests:
        return
    rows = WorkflowInstance.objects.filter(parent__in=requests, parent_activation__isnull=False)
    for row in rows.only("pk", "prefix", "title", "state", "parent_id", "parent_activation"):
        if row.parent_id is not None and (row.parent_id, row.parent_activation) in statuses:
            statuses[row.parent_id, row.parent_activation].child = row
