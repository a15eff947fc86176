"""Calls on tasks: the caller's inbox, and the commands on one task."""

from collections.abc import Callable

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Query, Router

from approvals.api.authentication import authorized_user
from approvals.api.responses import (
    command_operation,
    documented_responses,
    run_command_once,
    schema_response,
    task_out,
)
from approvals.api.schemas.bodies import DecideIn, ReasonIn
from approvals.api.schemas.tasks import InboxItemOut, InboxOut, TaskOut
from approvals.api.uploads import read_body
from approvals.ui.cursors import decode_inbox_cursor, encode_inbox_cursor
from workflows.access.models import ApiToken
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkItem
from workflows.execution.queries.inbox import PAGE, InboxRow, inbox_page
from workflows.execution.queries.inbox_narrowing import InboxCursor
from workflows.execution.queries.inbox_reach import find_work_reach
from workflows.execution.queries.visible_instances import find_visible_human_task
from workflows.execution.services import work_items as tasks
from workflows.execution.services.extensions import extend_task

router = Router(tags=["work"])

MAX_PAGE_SIZE = 200


@router.get(
    "/inbox",
    operation_id="inbox",
    url_name="inbox",
    summary="Inbox",
    response=documented_responses(InboxOut, refusals=(400, 401, 403, 405, 422, 429, 500)),
)
def read_inbox_call(
    request: HttpRequest,
    limit: int = Query(PAGE, ge=1, le=MAX_PAGE_SIZE),
    cursor: str = Query("", max_length=400),
    whose: str = Query("", alias="for", max_length=150),
) -> JsonResponse:
    """The caller's open work, oldest due first, and that of people who are away and for whom they
    stand in; `for` chooses `mine`, or what is in place of one of these (a username)."""
    user = authorized_user(request, ApiToken.READ)
    reach = find_work_reach(user, timezone.now()).narrowed(whose)
    current_page = inbox_page(user, limit=limit, after=_decode_cursor(cursor), reach=reach)
    return schema_response(
        InboxOut(
            items=[_inbox_item_out(row) for row in current_page.rows],
            next=encode_inbox_cursor(current_page.after) if current_page.after else None,
        )
    )


def _decode_cursor(cursor: str) -> InboxCursor | None:
    inbox_cursor = decode_inbox_cursor(cursor) if cursor else None
    if cursor and inbox_cursor is None:
        raise InvalidInput("This cursor is not one of ours; take `next` of the page before.")
    return inbox_cursor


def _inbox_item_out(row: InboxRow) -> InboxItemOut:
    return InboxItemOut(
        id=row.id,
        step=row.step,
        reference=row.reference,
        title=row.title,
        workflow=row.workflow,
        requester=row.requester,
        state=row.state,
        since=row.since,
        due=row.due,
        mine=row.mine,
        suspended=row.suspended,
        needed=row.needed,
        agreed=row.agreed,
        acted_for=row.acted_for or None,
        row=row.row or None,
    )


# -- commands on one task ---------------------------------------------------------------------


@router.post("/work-items/{int:task_id}/claim", **command_operation("claim", TaskOut))
def claim_task_call(request: HttpRequest, task_id: int) -> JsonResponse:
    """Take the task out of the queue; from now on it is the caller's."""
    return _run_task_command(request, task_id, tasks.claim)


@router.post("/work-items/{int:task_id}/start", **command_operation("start_work", TaskOut))
def start_task_call(request: HttpRequest, task_id: int) -> JsonResponse:
    """Say that work begins, or goes on after a pause."""
    return _run_task_command(request, task_id, tasks.start_work)


@router.post("/work-items/{int:task_id}/pause", **command_operation("pause", TaskOut))
def pause_task_call(request: HttpRequest, task_id: int) -> JsonResponse:
    """Let work rest; the rest does not count as working time."""
    return _run_task_command(request, task_id, tasks.pause)


@router.post("/work-items/{int:task_id}/release", **command_operation("release", TaskOut))
def release_task_call(request: HttpRequest, task_id: int) -> JsonResponse:
    """Give the task back to the queue it came from."""
    return _run_task_command(request, task_id, tasks.release)


def _run_task_command(
    request: HttpRequest, task_id: int, run: Callable[..., WorkItem]
) -> JsonResponse:
    user = authorized_user(request, ApiToken.WORK)
    find_visible_human_task(user, task_id)

    def command_task() -> TaskOut:
        return task_out(request, run(task_id, actor=user, now=timezone.now()))

    return run_command_once(request, user, command_task)


@router.post("/work-items/{int:task_id}/extend", **command_operation("extend_task", TaskOut))
def extend_task_call(request: HttpRequest, task_id: int, body: ReasonIn) -> JsonResponse:
    """Give the task more time, where its step lets it be given."""
    user = authorized_user(request, ApiToken.WORK)
    find_visible_human_task(user, task_id)

    def answer_extension() -> TaskOut:
        item = extend_task(task_id, actor=user, reason=body.reason, now=timezone.now())
        return task_out(request, item)

    return run_command_once(request, user, answer_extension)


@router.post(
    "/work-items/{int:task_id}/decide", **command_operation("decide", TaskOut, takes=DecideIn)
)
def decide_task_call(request: HttpRequest, task_id: int) -> JsonResponse:
    """Decide the task with one of its outcomes; 409 says who was first, or what has changed since
    it was seen. Documents that the step fills in come as files beside the JSON."""
    user = authorized_user(request, ApiToken.WORK)
    body, files = read_body(request, DecideIn)
    find_visible_human_task(user, task_id)

    def answer_decision() -> TaskOut:
        item = tasks.decide(
            task_id,
            actor=user,
            outcome=body.outcome,
            now=timezone.now(),
            comment=body.comment,
            data=body.data,
            files=files,
            seen=body.seen,
            must_have_seen=True,
        )
        return task_out(request, item)

    return run_command_once(request, user, answer_decision)
