"""Calls where several must agree: take agreement back, and ask one more person to agree."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.api.authentication import authorized_user
from approvals.api.questions import find_people
from approvals.api.responses import command_operation, run_command_once, task_out
from approvals.api.schemas.bodies import ApproverIn
from approvals.api.schemas.tasks import TaskOut
from workflows.access.models import ApiToken
from workflows.execution.queries.visible_instances import find_visible_human_task
from workflows.execution.services.agreement.added_approvers import add_approver
from workflows.execution.services.agreement.withdrawn_votes import withdraw_vote

router = Router(tags=["work"])


@router.post(
    "/work-items/{int:task_id}/withdraw-vote", **command_operation("withdraw_vote", TaskOut)
)
def withdraw_vote_call(request: HttpRequest, task_id: int) -> JsonResponse:
    """Take back that the caller agreed, while others are still awaited. They may agree again, or
    refuse."""
    user = authorized_user(request, ApiToken.WORK)
    find_visible_human_task(user, task_id)

    def take_back() -> TaskOut:
        return task_out(request, withdraw_vote(task_id, actor=user, now=timezone.now()))

    return run_command_once(request, user, take_back)


@router.post("/work-items/{int:task_id}/approvers", **command_operation("add_approver", TaskOut))
def add_approver_call(request: HttpRequest, task_id: int, body: ApproverIn) -> JsonResponse:
    """Ask one more person to agree: for whoever has the task or could take it, and for the
    workflow's owner and deputy. It does not go on without them."""
    user = authorized_user(request, ApiToken.WORK)
    find_visible_human_task(user, task_id)

    def add() -> TaskOut:
        [person] = find_people([body.person])
        item = add_approver(
            task_id, actor=user, person=person, reason=body.reason, now=timezone.now()
        )
        return task_out(request, item)

    return run_command_once(request, user, add)
