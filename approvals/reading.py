"""A request as a command would see it, read without locks: for showing, never for writing."""

from datetime import datetime

from django.contrib.auth.models import User

from workflows.engine.errors import NotFound, WrongState
from workflows.engine.marking import Marking
from workflows.models import WorkflowInstance, WorkItem
from workflows.permissions import added_as, performs, visible_requests
from workflows.services.case import Case, who_was_first
from workflows.services.maps import cached_map

NO_REQUEST = "There is no such request, or it is not yours to see."
NO_TASK = "There is no such task, or it is not yours to see."


def task_in_sight(user: User, task_id: int) -> WorkItem:
    """The task with its step, request and people, and as what this person was added to it: the
    role that it was escalated to, nothing for a stand-in, None for neither (`added`).

    Raises NotFound for a task of a request that the person may not see. Who could have done a
    task that is over, and sees no more of its request, is told who was first (WrongState).
    """
    task = (
        WorkItem.objects.select_related(
            "step", "assignee", "decided_by", "request__template__owner", "request__requester"
        )
        .filter(pk=task_id, request__in=visible_requests(user))
        .annotate(added=added_as(user))
        .first()
    )
    if task is not None:
        return task
    if WorkItem.objects.filter(performs(user), pk=task_id).exists():
        raise WrongState(who_was_first(task_id))
    raise NotFound(NO_TASK)


def request_in_sight(user: User, reference: str) -> WorkflowInstance:
    """The request of this reference. Raises NotFound where the person may not see it."""
    found = (
        WorkflowInstance.objects.by_reference(reference)
        .filter(pk__in=visible_requests(user))
        .select_related("template__owner", "template__deputy", "requester", "version")
        .first()
    )
    if found is None:
        raise NotFound(NO_REQUEST)
    return found


def case_of(request: WorkflowInstance, user: User | None, now: datetime) -> Case:
    """The request, its map and where it stands."""
    return Case(
        instance=request,
        map=cached_map(request.version_id),
        actor=user,
        now=now,
        marking=Marking.from_json(request.marking),
    )
