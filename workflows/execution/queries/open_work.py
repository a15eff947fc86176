"""What is still open, asked of many rows at once: what is behind every list, filter and count.

Where each of it stands is `position`; these say the same to the database.
"""

from datetime import datetime

from django.db.models import Count, Q

from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import Incident, WorkflowInstance
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
