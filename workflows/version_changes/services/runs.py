"""Many requests moved, or put back, one after another, each in a transaction of its own.

Whatever ends a run in the middle leaves each request whole on one side; the same run begun again
goes on with those that have not moved.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from workflows.engine.errors import HandoffError
from workflows.engine.texts import Text
from workflows.engine.versions.move_reasons import SteeringRefused, Verdict
from workflows.people.models import User
from workflows.version_changes.models import MovedRequest
from workflows.version_changes.queries.move_plans import (
    RequestVerdict,
    plan_request,
    running_requests,
    verdict_on,
)
from workflows.version_changes.queries.target_versions import MoveTarget
from workflows.version_changes.services.moving import move_request, require_may_move
from workflows.version_changes.services.putting_back import put_back

Clock = Callable[[], datetime]


def move_requests(
    target: MoveTarget,
    *,
    actor: User | None,
    reason: str,
    clock: Clock,
    only: Collection[int] | None = None,
) -> Iterator[RequestVerdict]:
    """Move every running request of the workflow that moves, or these of them, and say of each what
    became of it. Raises NotAllowed at once for who may not."""
    require_may_move(target.version.template, actor)
    return _move_each(target, actor, reason, clock, only, uuid4().hex)


def _move_each(
    target: MoveTarget,
    actor: User | None,
    reason: str,
    clock: Clock,
    only: Collection[int] | None,
    run: str,
) -> Iterator[RequestVerdict]:
    for instance in running_requests(target, only):
        foreseen = verdict_on(instance, plan_request(instance, target, actor).reason)
        if foreseen.verdict is not Verdict.MOVES:
            yield foreseen
            continue
        try:
            yield move_request(
                instance.pk, target, actor=actor, reason=reason, now=clock(), run=run
            )
        except HandoffError as refused:
            yield verdict_on(instance, SteeringRefused(refused.text))


@dataclass(frozen=True, slots=True)
class PutBackResult:
    """A request that was put back, or why it was not."""

    reference: str
    why_not: Text | str = ""


def put_back_requests(
    moves: Collection[int], *, actor: User | None, reason: str, clock: Clock
) -> Iterator[PutBackResult]:
    """Put back each of these moves that can be, newest first, and say of the others why not."""
    rows = MovedRequest.objects.filter(pk__in=moves, put_back_at=None).order_by("-pk")
    for moved in rows.select_related("request"):
        try:
            put_back(moved.pk, actor=actor, reason=reason, now=clock())
        except HandoffError as refused:
            yield PutBackResult(moved.request.reference, refused.text)
        else:
            yield PutBackResult(moved.request.reference)
