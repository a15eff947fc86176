"""What would become of running requests: asked by the dry run, and again under each one's lock."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.authority.decision_guards import steering_refusal
from workflows.engine.routing.marking import Marking
from workflows.engine.versions import move_reasons as reasons
from workflows.engine.versions.move_planning import MovePlan, plan_move
from workflows.engine.versions.move_reasons import MoveReason, Verdict
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User
from workflows.version_changes.queries.target_versions import MoveTarget

PIECE = 500
"""So many requests are read at a time."""


@dataclass(frozen=True, slots=True)
class RequestVerdict:
    """What becomes of one request, and why."""

    request_id: int
    reference: str
    title: str
    version: int
    reason: MoveReason

    @property
    def verdict(self) -> Verdict:
        """Whether it moves, stays or needs a person."""
        return self.reason.VERDICT


def plan_request(instance: WorkflowInstance, target: MoveTarget, mover: User | None) -> MovePlan:
    """What becomes of a request as it stands in its row. No statement, but once for all requests
    where a quorum is everybody."""
    standing = _standing_reason(instance, target)
    if standing is not None:
        return MovePlan(reason=standing)
    old, marking = cached_map(instance.version_id).graph, instance.read_marking()
    plan = plan_move(
        old,
        target.map.graph,
        target.steps_from(instance.version_id),
        marking,
        instance.data,
        target.electorate,
        mover=mover.pk if mover is not None else None,
        asks_again=instance.source not in WorkflowInstance.PAST,
    )
    refusal = plan.marking and mover and _find_refusal(target, plan, plan.marking, mover)
    return MovePlan(reason=refusal) if refusal else plan


def _standing_reason(instance: WorkflowInstance, target: MoveTarget) -> MoveReason | None:
    """Why a request stays where it is whatever the maps say."""
    if instance.version_id == target.version.pk:
        return reasons.AlreadyThere()
    if instance.state == WorkflowInstance.SUSPENDED:
        return reasons.IsSuspended()
    if instance.state != WorkflowInstance.RUNNING:
        return reasons.NotRunning()
    return reasons.ToldByLog() if instance.source == WorkflowInstance.LOG else None


def _find_refusal(
    target: MoveTarget, plan: MovePlan, marking: Marking, mover: User
) -> MoveReason | None:
    """That whoever moves it asked for it, or is kept from an approval that it would leap over."""
    refused = steering_refusal(target.map.graph, marking, mover.pk, plan.skips)
    return reasons.SteeringRefused(refused.text) if refused is not None else None


def plan_requests(
    target: MoveTarget,
    mover: User | None,
    only: Collection[int] | None = None,
    *,
    after: int = 0,
) -> Iterator[RequestVerdict]:
    """What would become of each running request of the workflow, oldest first, or of those behind
    one. A statement for each 500 of them."""
    for instance in running_requests(target, only, after=after):
        yield verdict_on(instance, plan_request(instance, target, mover).reason)


def verdict_on(instance: WorkflowInstance, reason: MoveReason) -> RequestVerdict:
    """A request's line."""
    number = cached_map(instance.version_id).number
    return RequestVerdict(instance.pk, instance.reference, instance.title, number, reason)


def running_requests(
    target: MoveTarget, only: Collection[int] | None = None, *, after: int = 0
) -> Iterator[WorkflowInstance]:
    """The workflow's running requests, or these of them, or those behind one, oldest first."""
    last = after
    rows = WorkflowInstance.objects.running().filter(template=target.version.template_id)
    if only is not None:
        rows = rows.filter(pk__in=only)
    while piece := list(rows.filter(pk__gt=last).order_by("pk")[:PIECE]):
        yield from piece
        last = piece[-1].pk


def count_verdicts(verdicts: Iterable[RequestVerdict]) -> dict[Verdict, int]:
    """How many move, stay and need a person."""
    counts = dict.fromkeys(Verdict, 0)
    for line in verdicts:
        counts[line.verdict] += 1
    return counts
