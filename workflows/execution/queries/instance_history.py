"""A request as it was at a moment of the past, from the kept versions of its rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Min, Q

from workflows.execution.models import Incident, WorkflowInstance, WorkItem
from workflows.people.models import User
from workflows.trail.models import TrailEvent


@dataclass(frozen=True, slots=True)
class PastRows:
    """The rows as they stood: its tasks with their people, oldest first, and what was open of its
    incidents; `before` and `after` are the moments of the nearest commands around."""

    tasks: list[WorkItem]
    incidents: list[Incident]
    before: datetime | None
    after: datetime | None


def find_instance_at(instance: WorkflowInstance, at: datetime) -> WorkflowInstance | None:
    """The request as it was then; None where it was not there yet."""
    row = _versions_of(instance).filter(history_date__lte=at).last()
    if row is None:
        return None
    then: WorkflowInstance = row.instance
    then.template, then.requester = instance.template, instance.requester
    return then


def find_record_begin(instance: WorkflowInstance) -> datetime | None:
    """When the first version of the request was kept."""
    moment: datetime | None = _versions_of(instance).values_list("history_date", flat=True).first()
    return moment


def _versions_of(instance: WorkflowInstance) -> Any:
    return instance.history.order_by("history_date", "history_id")


def find_rows_at(then: WorkflowInstance, at: datetime) -> PastRows:
    """What belonged to the request at that moment. Four statements."""
    before, after = _moments_around(then, at)
    return PastRows(_tasks_at(then, at), _incidents_at(then, at), before, after)


def _tasks_at(then: WorkflowInstance, at: datetime) -> list[WorkItem]:
    history: Any = WorkItem.history
    rows = history.filter(request_id=then.pk, history_date__lte=at)
    last = {row.id: row for row in rows.order_by("history_date", "history_id")}
    tasks = [last[pk].instance for pk in sorted(last)]
    people = User.objects.in_bulk(_people_ids(tasks))
    for task in tasks:
        task.request = then
        task.assignee = people.get(task.assignee_id)
        task.decided_by = people.get(task.decided_by_id)
        task.decided_for = people.get(task.decided_for_id)
    return tasks


def _people_ids(tasks: Iterable[WorkItem]) -> set[int]:
    ids = {
        pk for task in tasks for pk in (task.assignee_id, task.decided_by_id, task.decided_for_id)
    }
    return {pk for pk in ids if pk is not None}


def _incidents_at(then: WorkflowInstance, at: datetime) -> list[Incident]:
    """The incidents that were open then, as they stood then."""
    still_open = Q(resolved_at=None) | Q(resolved_at__gt=at)
    rows = Incident.objects.filter(still_open, request=then, opened_at__lte=at).order_by("id")
    field_names = [field.attname for field in Incident._meta.concrete_fields]
    return [
        Incident(
            **{name: getattr(row, name) for name in field_names}
            | {"state": Incident.OPEN, "resolved_at": None, "resolution_code": ""}
        )
        for row in rows
    ]


def _moments_around(
    then: WorkflowInstance, at: datetime
) -> tuple[datetime | None, datetime | None]:
    """When something was recorded last before this moment, and next after it."""
    moments = TrailEvent.objects.filter(request=then).aggregate(
        before=Max("recorded_at", filter=Q(recorded_at__lt=at)),
        after=Min("recorded_at", filter=Q(recorded_at__gt=at)),
    )
    return moments["before"], moments["after"]


def trail_until(then: WorkflowInstance, at: datetime) -> list[TrailEvent]:
    """What was in the request's trail then, newest first."""
    rows = TrailEvent.objects.filter(request=then, recorded_at__lte=at)
    return list(rows.order_by("-id"))
