"""Calls on what the caller follows: requests, workflows, teams."""

from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.authentication import authorized_user
from approvals.api.responses import (
    command_operation,
    documented_responses,
    run_command_once,
    schema_response,
)
from approvals.api.schemas.bodies import FollowIn
from approvals.api.schemas.conversation import FollowOut, FollowsOut
from workflows.access.models import ApiToken
from workflows.conversation.models import Follow
from workflows.conversation.queries.following import find_own_team, follows_of_person
from workflows.conversation.services import following
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.visible_instances import find_visible_request
from workflows.people.models import User

router = Router(tags=["work"])


@router.get(
    "/follows",
    operation_id="follows",
    url_name="follows",
    summary="What one follows",
    response=documented_responses(FollowsOut, refusals=(400, 401, 403, 405, 422, 429, 500)),
)
def read_follows_call(request: HttpRequest) -> JsonResponse:
    """What the caller follows, the newest first."""
    user = authorized_user(request, ApiToken.READ)
    rows = follows_of_person(user)
    requests = [row.request_id for row in rows if row.request_id is not None]
    visible = WorkflowInstance.objects.visible_to(user).filter(pk__in=requests)
    seen: set[int | None] = set(visible.values_list("pk", flat=True)) if requests else set()
    return schema_response(FollowsOut(follows=[_follow_out(row, seen) for row in rows]))


@router.post("/follows", **{**command_operation("follow", FollowOut), "url_name": "follows"})
def follow_call(request: HttpRequest, body: FollowIn) -> JsonResponse:
    """Follow a request, a workflow, or a team of the caller's; who follows it already goes on.
    Following gives no sight."""
    user = authorized_user(request, ApiToken.WORK)
    follow = _chosen_command(user, body)

    def answer_follow() -> FollowOut:
        row = follow(timezone.now())
        return _follow_out(row, {row.request_id})

    return run_command_once(request, user, answer_follow)


def _chosen_command(user: User, body: FollowIn) -> Callable[[datetime], Follow]:
    """The one command that the body asks for. Raises NotFound for what one may not follow."""
    if [body.request, body.workflow, body.team].count(None) != 2:
        raise InvalidInput("Name one of 'request', 'workflow' and 'team', and no other.")
    if body.request is not None:
        instance = find_visible_request(user, body.request)
        return lambda now: following.follow_request(instance.pk, actor=user, now=now)
    if body.workflow is not None:
        key = body.workflow
        return lambda now: following.follow_workflow(key, actor=user, now=now)
    team = find_own_team(user, body.team or "")
    return lambda now: following.follow_team(team, actor=user, now=now)


@router.post("/follows/{int:follow_id}/end", **command_operation("unfollow", FollowOut))
def unfollow_call(request: HttpRequest, follow_id: int) -> JsonResponse:
    """Stop following something."""
    user = authorized_user(request, ApiToken.WORK)

    def answer_end() -> FollowOut:
        return _follow_out(following.unfollow(follow_id, actor=user, now=timezone.now()), set())

    return run_command_once(request, user, answer_end)


def _follow_out(row: Follow, visible_requests: set[int | None]) -> FollowOut:
    is_visible = row.request is not None and row.request_id in visible_requests
    return FollowOut(
        id=row.pk,
        request=row.request.reference if row.request is not None and is_visible else None,
        workflow=row.template.key if row.template is not None else None,
        team=row.team.name if row.team is not None else None,
        since=row.since,
    )
