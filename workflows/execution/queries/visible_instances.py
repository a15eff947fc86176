"""Requests and tasks by their address, as far as a person may see them."""

from contextlib import suppress

from django.utils.translation import gettext_noop

from workflows.access.conditions import performs_step_condition
from workflows.access.permissions import added_role_subquery
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.execution.models import (
    Incident,
    MergeRecord,
    WorkflowInstance,
    WorkItem,
)
from workflows.execution.queries.closed_tasks import describe_closed_task
from workflows.people.models import User

NO_REQUEST = gettext_noop("There is no such request, or it is not yours to see.")
NO_TASK = gettext_noop("There is no such task, or it is not yours to see.")


def find_visible_task(user: User, task_id: int) -> WorkItem:
    """The task with its step, request and people, and as what this person was added to it: the
    role that it was escalated to, nothing for a stand-in, None for neither (`added`).

    Raises NotFound for a task of a request that the person may not see. Who could have done a
    task that is over, and sees no more of its request, is told who was first (WrongState).
    """
    joined = WorkItem.objects.select_related(
        *("step", "assignee", "decided_by", "decided_for"),
        *("request__template", "request__requester__service_account"),
    )
    visible = joined.filter(request__in=WorkflowInstance.objects.visible_to(user))
    with suppress(WorkItem.DoesNotExist):
        return visible.annotate(added=added_role_subquery(user)).get(pk=task_id)
    if WorkItem.objects.filter(performs_step_condition(user), pk=task_id).exists():
        raise WrongState(describe_closed_task(task_id))
    raise NotFound(NO_TASK)


def find_visible_human_task(user: User, task_id: int) -> WorkItem:
    """The same for a task that a person does. Raises InvalidInput for one that the system does."""
    task = find_visible_task(user, task_id)
    if not cached_map(task.request.version_id).graph.is_human(task.step.key):
        raise InvalidInput("This step is not done by a person.")
    return task


def find_visible_request(user: User, reference: str) -> WorkflowInstance:
    """The request of this reference. Raises NotFound where the person may not see it."""
    rows = WorkflowInstance.objects.visible_to(user).by_reference(reference)
    try:
        return rows.select_related("template__owner", "requester").get()
    except WorkflowInstance.DoesNotExist:
        raise NotFound(NO_REQUEST) from None


def reread_instance(instance: WorkflowInstance) -> WorkflowInstance:
    """The request as it stands now."""
    return WorkflowInstance.objects.get(pk=instance.pk)


def find_visible_incident(user: User, incident_id: int) -> Incident:
    """The incident with its step and request. Raises NotFound where that may not be seen."""
    rows = Incident.objects.select_related("step", "request__template", "request__requester")
    try:
        return rows.get(pk=incident_id, request__in=WorkflowInstance.objects.visible_to(user))
    except Incident.DoesNotExist:
        raise NotFound(NO_REQUEST) from None


def find_visible_merge(user: User, merge_id: int) -> MergeRecord:
    """The merge record with its request. Raises NotFound where that may not be seen."""
    rows = MergeRecord.objects.select_related("request__template", "request__requester")
    try:
        return rows.get(pk=merge_id, request__in=WorkflowInstance.objects.visible_to(user))
    except MergeRecord.DoesNotExist:
        raise NotFound(NO_REQUEST) from None
