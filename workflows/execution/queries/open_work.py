"""What is still open, asked of many rows at once: what is behind every list, filter and count.

Where each of it stands is `position`; these say the same to the database.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Q

from workflows.definitions.models import WorkflowTemplate
from workflows.engine.rehearsal.running import can_be_taken_up, name_people
from workflows.engine.rehearsal.scenario import RunningRequest, RunningTask
from workflows.engine.routing.graph import Graph
from workflows.execution.models import Incident, WorkflowInstance, WorkItem
from workflows.people.models import User
from workflows.persistence.sql_constants import written_out


def open_instances_condition(relation: str = "") -> Q:
    """Requests that are not over; of rows that have them by this relation, where it is named."""
    return Q(**{_path(relation, "state__in"): written_out(WorkflowInstance.LIVE)})


def open_incidents_condition(relation: str = "") -> Q:
    """Incidents that somebody has to resolve."""
    return Q(**{_path(relation, "state__in"): written_out([Incident.OPEN])})


def late_tasks_condition(now: datetime) -> Q:
    """Tasks that are open and were due before now, as `StepPosition.is_late` says of one."""
    return Q(is_open=True, due_at__lt=now)


def open_instances_count() -> Count:
    """How many requests of a workflow, or of a version, are not over: a column of its list."""
    return Count("instances", filter=open_instances_condition("instances"))


def count_open_instances(template: WorkflowTemplate) -> dict[str, int]:
    """How many requests of a workflow are not over, by their states. One statement."""
    rows = WorkflowInstance.objects.filter(open_instances_condition(), template=template)
    return dict(rows.order_by().values_list("state").annotate(count=Count("pk")))


def _path(relation: str, column: str) -> str:
    return f"{relation}__{column}" if relation else column


def find_running_requests(
    template: WorkflowTemplate, graph: Graph, now: datetime
) -> Iterator[RunningRequest]:
    """The open requests as a simulation takes them up, named by their keys. Three statements."""
    requests = template.instances.filter(state=WorkflowInstance.RUNNING).order_by("pk")
    tasks: dict[int, list[RunningTask]] = {}
    rows = WorkItem.objects.filter(request__in=requests, is_open=True).order_by("pk")
    for row in rows.select_related("assignee"):
        tasks.setdefault(row.request_id, []).append(
            RunningTask(
                activation=row.activation,
                enabled=row.enabled_at or row.started_at or now,
                came_from=row.came_from or None,
                begun=row.started_at,
                who=row.assignee.username if row.assignee and row.started_at else None,
            )
        )
    names: dict[int | str, str] = dict(User.objects.values_list("pk", "username"))
    for request in requests:
        marking = request.read_marking()
        if can_be_taken_up(marking, graph):
            yield RunningRequest(
                name=str(request.pk),
                marking=name_people(marking, names),
                started=request.started_at,
                requester=names.get(request.requester_id or 0),
                values=request.data,
                tasks=tuple(tasks.get(request.pk, ())),
            )
