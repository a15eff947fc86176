"""The rows of a request's record: its tasks, merges, incidents, attempts, family and trail."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Model, QuerySet, prefetch_related_objects
from django.utils import timezone

from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.execution.models import (
    DONE,
    AddedPerson,
    Incident,
    MergeRecord,
    WorkflowInstance,
    WorkItem,
)
from workflows.execution.queries.facets import facet_of_rows
from workflows.outbox.models import Attempt
from workflows.people.models import StandInPeriod, User
from workflows.people.queries.stand_ins import prefetch_absences
from workflows.persistence.prepared_queries import ANY_ROW, PreparedQuery
from workflows.persistence.row_order import in_order
from workflows.persistence.sql_text import compose_sql
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent

MAX_TRAIL_ROWS = 200
MAX_CHILDREN = 50

_TASK, _INCIDENT = WorkItem._meta.db_table, Incident._meta.db_table
_WORKFLOW = WorkflowTemplate._meta.db_table
DECISIONS = facet_of_rows(
    f"{_TASK} WHERE request_id = %(request)s AND state = '{DONE}' AND outcome <> ''"
)
INCIDENTS = facet_of_rows(f"{_INCIDENT} WHERE request_id = %(request)s")
MERGES = facet_of_rows(f"{MergeRecord._meta.db_table} WHERE request_id = %(request)s")
CHILDREN = facet_of_rows(f"{WorkflowInstance._meta.db_table} WHERE parent_id = %(request)s")
_EVERYDAY_COMMANDS = (TrailCommand.START, TrailCommand.DECIDE)
TRAIL_BESIDE_DECISIONS = facet_of_rows(
    f"{TrailEvent._meta.db_table} WHERE request_id = %(request)s"
    f" AND command NOT IN ({', '.join(repr(command.value) for command in _EVERYDAY_COMMANDS)})"
)
_ABSENCE = (
    f"{StandInPeriod._meta.db_table} WHERE begins_at <= %(now)s AND ends_at > %(now)s AND person_id"
)
ABSENCES = facet_of_rows(
    f"{_ABSENCE} = %(requester)s",
    *(
        compose_sql(
            "{absence} IN (SELECT {column} FROM {table} WHERE request_id = %(request)s)",
            absence=_ABSENCE,
            column=column,
            table=table,
        )
        for table, column in ((_TASK, "assignee_id"), (_INCIDENT, "owner_id"))
    ),
    compose_sql(
        "{absence} = (SELECT owner_id FROM {table} WHERE id = %(template)s)",
        absence=_ABSENCE,
        table=_WORKFLOW,
    ),
)
"""Whether the requester, the workflow's owner, or somebody who has or had something of the request,
is away now."""
RECORD_FACETS = (INCIDENTS, MERGES, CHILDREN, TRAIL_BESIDE_DECISIONS, ABSENCES)


def read_absences_of_people(
    instance: WorkflowInstance, people: Iterable[User | None], now: datetime
) -> None:
    """With these people beside a request comes whether they are away, for their names on its page.
    One statement, or none where it is known that nobody is."""
    named_people = [person for person in people if person is not None]
    if named_people and not ABSENCES.is_absent(instance):
        prefetch_related_objects(named_people, prefetch_absences("", now))


def tasks_of(instance: WorkflowInstance) -> list[WorkItem]:
    """Every task of the request with its people, oldest first. One statement."""
    tasks = _TASKS.rows({ANY_ROW: instance.pk})
    _read_absences(tasks, "assignee", instance)
    return sorted(tasks, key=lambda task: task.pk)


def _tasks_of_any() -> QuerySet[WorkItem]:
    tasks = WorkItem.objects.filter(request=ANY_ROW)
    return tasks.select_related("assignee", "decided_by", "decided_for").order_by()


_TASKS = PreparedQuery(_tasks_of_any)


def _read_absences(rows: Sequence[Model], relation: str, instance: WorkflowInstance) -> None:
    if not ABSENCES.is_absent(instance):
        prefetch_related_objects(rows, prefetch_absences(relation, timezone.now()))


def decided_tasks_of(instance: WorkflowInstance) -> list[WorkItem]:
    """Every task of the request on which somebody decided, oldest first. One statement, or none
    where it is known that nobody did."""
    if DECISIONS.is_absent(instance):
        return []
    decided = _DECIDED_TASKS.rows({ANY_ROW: instance.pk})
    return sorted(decided, key=lambda task: (task.completed_at or task.enabled_at, task.pk))


def _decided_tasks_of_any() -> QuerySet[WorkItem]:
    decided = WorkItem.objects.filter(request=ANY_ROW, state=DONE).exclude(outcome="")
    return decided.select_related("decided_by", "decided_for").order_by()


_DECIDED_TASKS = PreparedQuery(_decided_tasks_of_any)


def people_read_with(tasks: Iterable[WorkItem]) -> list[User]:
    """All who came with these tasks: who has or had them, and who decided."""
    people = (person for task in tasks for person in (task.assignee, task.decided_by))
    return [person for person in people if person is not None]


def find_added_person(task: WorkItem, user: User) -> AddedPerson | None:
    """As what this person was added to the task, where they were."""
    return AddedPerson.objects.filter(work_item=task, user=user).first()


def merges_of(instance: WorkflowInstance) -> list[MergeRecord]:
    """The merge records of the request. One statement, or none where it is known that there are
    none."""
    if MERGES.is_absent(instance):
        return []
    rows = MergeRecord.objects.filter(request=instance).select_related("resolved_by")
    return in_order(rows)


def incidents_of(instance: WorkflowInstance) -> list[Incident]:
    """The incidents of the request, oldest first. One statement, or none where it is known that
    there are none."""
    if INCIDENTS.is_absent(instance):
        return []
    incidents = in_order(Incident.objects.filter(request=instance).select_related("owner"))
    _read_absences(incidents, "owner", instance)
    return incidents


def attempts_of(instance: WorkflowInstance, version_map: VersionMap) -> list[Attempt]:
    """Everything that the request's automations tried, oldest first. One statement, or none."""
    if not any(step.kind == "automation" for step in version_map.graph.steps.values()):
        return []
    rows = Attempt.objects.filter(request=instance).select_related("step").order_by()
    return sorted(rows, key=lambda attempt: (attempt.activation, attempt.number))


@dataclass(frozen=True, slots=True)
class RequestFamily:
    """The request that started this one, and those that it has started, as far as one may see."""

    parent: WorkflowInstance | None
    children: list[WorkflowInstance]
    waits: bool


def request_family_of(user: User, instance: WorkflowInstance) -> RequestFamily:
    """Who started whom. One statement, none where it is known that it started none, and another
    where there is somebody."""
    ids = [] if CHILDREN.is_absent(instance) else _ids_of_children(instance)
    near = [*ids, instance.parent_id] if instance.parent_id is not None else ids
    rows = (
        WorkflowInstance.objects.visible_to(user).select_related("template").in_bulk(near)
        if near
        else {}
    )
    return RequestFamily(
        parent=rows.get(instance.parent_id or 0),
        children=[rows[pk] for pk in ids if pk in rows],
        waits=instance.parent_activation is not None,
    )


def _ids_of_children(instance: WorkflowInstance) -> list[int]:
    children = WorkflowInstance.objects.filter(parent=instance).order_by("pk")
    return list(children.values_list("pk", flat=True)[:MAX_CHILDREN])


# -- the trail --------------------------------------------------------------------------------


def trail_of(
    instance: WorkflowInstance, commands: Collection[str] | None = None
) -> list[TrailEvent]:
    """The newest rows of the request's trail (of these commands), newest first. One statement."""
    rows = TrailEvent.objects.filter(request=instance)
    if commands is not None:
        rows = rows.filter(command__in=commands)
    return list(rows.order_by("-id")[:MAX_TRAIL_ROWS])


def last_trail_row_id(instance: WorkflowInstance) -> int:
    """The newest row of the request's trail, to tell what comes after it."""
    return TrailEvent.objects.filter(request=instance).aggregate(last=Max("pk"))["last"] or 0


def trail_rows_after(
    instance: WorkflowInstance, last: int, commands: Collection[str]
) -> list[TrailEvent]:
    """What these commands recorded of the request after row `last`, oldest first."""
    rows = TrailEvent.objects.filter(request=instance, pk__gt=last, command__in=commands)
    return list(rows.order_by("pk"))


def course_rows_of(
    instance: WorkflowInstance, commands: Collection[str], *, until: datetime | None = None
) -> list[TrailEvent]:
    """The newest rows (until a moment) of the request's trail of these commands with who did it,
    oldest first. One statement, or none where it is known that nothing but everyday commands was
    done."""
    if TRAIL_BESIDE_DECISIONS.is_absent(instance) and not set(commands) & {*_EVERYDAY_COMMANDS}:
        return []
    rows = TrailEvent.objects.filter(request=instance, command__in=commands)
    if until is not None:
        rows = rows.filter(recorded_at__lte=until)
    return list(rows.select_related("actor").order_by("-id")[:MAX_TRAIL_ROWS])[::-1]
