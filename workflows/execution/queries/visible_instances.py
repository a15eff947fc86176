"""Requests and tasks by their address, as far as a person may see them."""

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_noop

from workflows.access.conditions import performs_step_condition
from workflows.access.conditions.person_conditions import anybody, kind_of_reader, places_of
from workflows.access.conditions.role_lookups import WayIntoRole
from workflows.access.permissions import added_role_subquery
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.execution.models import (
    Incident,
    MergeRecord,
    WorkflowInstance,
    WorkItem,
)
from workflows.execution.models.instances import parse_reference
from workflows.execution.queries.closed_tasks import describe_closed_task
from workflows.people.models import User
from workflows.persistence.prepared_queries import ANY_ROW, PreparedQuery
from workflows.persistence.row_order import Row

NO_REQUEST = gettext_noop("There is no such request, or it is not yours to see.")
NO_TASK = gettext_noop("There is no such task, or it is not yours to see.")


def of_visible_request(user: User) -> Exists:
    """A condition on rows of requests: this person may read the row's request. It is asked of that
    one request; as a list of all that they may read, SQLite would make the list first."""
    return Exists(WorkflowInstance.objects.visible_to(user).filter(pk=OuterRef("request")))


def find_visible_task(user: User, task_id: int) -> WorkItem:
    """The task with its step, request and people, and as what this person was added to it: the
    role that it was escalated to, nothing for a stand-in, None for neither (`added`).

    Raises NotFound for a task of a request that the person may not see. Who could have done a
    task that is over, and sees no more of its request, is told who was first (WrongState).
    """
    for task in _VISIBLE_TASKS.rows(
        {**places_of(user.pk), ANY_ROW: task_id}, *kind_of_reader(user)
    ):
        return task
    if WorkItem.objects.filter(performs_step_condition(user), pk=task_id).exists():
        raise WrongState(describe_closed_task(task_id))
    raise NotFound(NO_TASK)


def _visible_task_rows(
    is_active: bool, is_superuser: bool, _ways: tuple[WayIntoRole, ...]
) -> QuerySet[WorkItem]:
    user = anybody(is_active, is_superuser)
    joined = WorkItem.objects.select_related(
        *("step", "assignee", "decided_by", "decided_for"),
        *("request__template", "request__requester__service_account"),
    )
    visible = joined.filter(of_visible_request(user), pk=ANY_ROW)
    return visible.annotate(added=added_role_subquery(user)).order_by()


_VISIBLE_TASKS = PreparedQuery(_visible_task_rows)


def find_visible_human_task(user: User, task_id: int) -> WorkItem:
    """The same for a task that a person does. Raises InvalidInput for one that the system does."""
    task = find_visible_task(user, task_id)
    if not cached_map(task.step.version_id).graph.is_human(task.step.key):
        raise InvalidInput("This step is not done by a person.")
    return task


def find_visible_request(user: User, reference: str) -> WorkflowInstance:
    """The request of this reference. Raises NotFound where the person may not see it."""
    reference_parts = parse_reference(reference)
    if reference_parts is not None:
        prefix, number = reference_parts
        places = {**places_of(user.pk), ANY_PREFIX: prefix, ANY_ROW: number}
        for instance in _VISIBLE_INSTANCES.rows(places, *kind_of_reader(user)):
            return instance
    raise NotFound(NO_REQUEST)


def _visible_instance_rows(
    is_active: bool, is_superuser: bool, _ways: tuple[WayIntoRole, ...]
) -> QuerySet[WorkflowInstance]:
    visible = WorkflowInstance.objects.visible_to(anybody(is_active, is_superuser))
    rows = visible.filter(pk=ANY_ROW, prefix=ANY_PREFIX)
    return rows.select_related("template__owner", "requester").order_by()


ANY_PREFIX = "any prefix of a reference"
_VISIBLE_INSTANCES = PreparedQuery(_visible_instance_rows)


def reread_instance(instance: WorkflowInstance) -> WorkflowInstance:
    """The request as it stands now."""
    return WorkflowInstance.objects.get(pk=instance.pk)


def row_of_visible_request(rows: QuerySet[Row], user: User, pk: int) -> Row:
    """One of these rows. Raises NotFound where the person may not see its request."""
    try:
        return rows.get(of_visible_request(user), pk=pk)
    except ObjectDoesNotExist:
        raise NotFound(NO_REQUEST) from None


def find_visible_incident(user: User, incident_id: int) -> Incident:
    """The incident with its step and request. Raises NotFound where that may not be seen."""
    rows = Incident.objects.select_related("step", "request__template", "request__requester")
    return row_of_visible_request(rows, user, incident_id)


def find_visible_merge(user: User, merge_id: int) -> MergeRecord:
    """The merge record with its request. Raises NotFound where that may not be seen."""
    rows = MergeRecord.objects.select_related("request__template", "request__requester")
    return row_of_visible_request(rows, user, merge_id)
