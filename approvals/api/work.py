"""Calls on tasks: the caller's inbox, and the commands on one task."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Query, Router

from approvals.api.answers import command, documented, done, shown, task_out
from approvals.api.callers import acting
from approvals.api.shapes import DecideIn, InboxItemOut, InboxOut, TaskOut
from approvals.inbox import PAGE, InboxRow, Place, inbox_page
from approvals.reading import task_in_sight
from approvals.views.inbox import read_place, write_place
from workflows.engine.errors import InvalidInput
from workflows.models import ApiToken, WorkItem
from workflows.services import tasks
from workflows.services.maps import cached_map

router = Router(tags=["work"])

MOST = 200


@router.get(
    "/inbox",
    operation_id="inbox",
    response=documented(InboxOut, refusals=(401, 403, 405, 422, 429, 500)),
)
def inbox(
    request: HttpRequest,
    limit: int = Query(PAGE, ge=1, le=MOST),
    cursor: str = Query("", max_length=400),
) -> JsonResponse:
    """The caller's open work, oldest due first."""
    user = acting(request, ApiToken.READ)
    found = inbox_page(user, limit=limit, after=_place(cursor))
    return shown(
        InboxOut(
            items=[_item(row) for row in found.rows],
            next=write_place(found.after) if found.after else None,
        )
    )


def _place(cursor: str) -> Place | None:
    place = read_place(cursor) if cursor else None
    if cursor and place is None:
        raise InvalidInput("This cursor is not one of ours; take `next` of the page before.")
    return place


def _item(row: InboxRow) -> InboxItemOut:
    return InboxItemOut(
        id=row.id,
        step=row.step,
        reference=row.reference,
        title=row.title,
        workflow=row.workflow,
        requester=row.requester,
        state=row.state,
        since=row.enabled_at,
        due=row.due_at,
        mine=row.mine,
        suspended=row.suspended,
        needed=row.needed,
        agreed=row.agreed,
    )


# -- commands on one task ---------------------------------------------------------------------


@router.post("/work-items/{int:task_id}/claim", **command("claim", TaskOut))
def claim(request: HttpRequest, task_id: int) -> JsonResponse:
    """Take the task out of the queue; from now on it is the caller's."""
    return _on_task(request, task_id, tasks.claim)


@router.post("/work-items/{int:task_id}/start", **command("start_work", TaskOut))
def start(request: HttpRequest, task_id: int) -> JsonResponse:
    """Say that work begins, or goes on after a pause."""
    return _on_task(request, task_id, tasks.start_work)


@router.post("/work-items/{int:task_id}/pause", **command("pause", TaskOut))
def pause(request: HttpRequest, task_id: int) -> JsonResponse:
    """Let work rest; the rest does not count as working time."""
    return _on_task(request, task_id, tasks.pause)


@router.post("/work-items/{int:task_id}/release", **command("release", TaskOut))
def release(request: HttpRequest, task_id: int) -> JsonResponse:
    """Give the task back to the queue it came from."""
    return _on_task(request, task_id, tasks.release)


def human_task_in_sight(user: User, task_id: int) -> None:
    """Raises NotFound for a task that this person may not see, and InvalidInput for one that the
    system does: its page says the same."""
    task = task_in_sight(user, task_id)
    if not cached_map(task.request.version_id).graph.is_human(task.step.key):
        raise InvalidInput("This step is not done by a person.")


def _on_task(request: HttpRequest, task_id: int, run: Callable[..., WorkItem]) -> JsonResponse:
    user = acting(request, ApiToken.WORK)
    human_task_in_sight(user, task_id)

    def act() -> TaskOut:
        return task_out(request, run(task_id, actor=user, now=timezone.now()))

    return done(request, user, act)


@router.post("/work-items/{int:task_id}/decide", **command("decide", TaskOut))
def decide(request: HttpRequest, task_id: int, body: DecideIn) -> JsonResponse:
    """Decide the task with one of its outcomes; 409 says who was first, or what has changed since
    it was seen."""
    user = acting(request, ApiToken.WORK)
    human_task_in_sight(user, task_id)

    def act() -> TaskOut:
        item = tasks.decide(
            task_id,
            actor=user,
            outcome=body.outcome,
            now=timezone.now(),
            comment=body.comment,
            data=body.data,
            seen=body.seen,
            must_have_seen=True,
        )
        return task_out(request, item)

    return done(request, user, act)
