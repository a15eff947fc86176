"""The rows of a request's record: its tasks, merges, incidents, attempts, family and trail."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, QuerySet, prefetch_related_objects
from django.utils import timezone

from workflows.access.conditions.person_conditions import ANYBODY
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.execution.models import (
    DONE,
    AddedPerson,
    Incident,
    MergeRecord,
    WorkflowInstance,
    WorkItem,
)
from workflows.execution.queries.facets import RowsFacet, facet_of_rows
from workflows.outbox.models import Attempt
from workflows.people.models import StandInPeriod, User
from workflows.people.queries.stand_ins import (
    AwayNote,
    AwayNotes,
    current_periods,
    keep_absences,
    prefetch_absences,
    read_away_notes,
)
from workflows.persistence.prepared_queries import ANY_MOMENT, ANY_ROW
from workflows.trail.changes import SignatureRecord, read_changes
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent

MAX_TRAIL_ROWS = 200
MAX_CHILDREN = 50

CHILDREN = facet_of_rows(f"{WorkflowInstance._meta.db_table} WHERE parent_id = %(request)s")
COURSE_COMMANDS = (
    TrailCommand.CANCEL,
    TrailCommand.SUSPEND,
    TrailCommand.RESUME,
    TrailCommand.REOPEN,
    TrailCommand.SKIP,
    TrailCommand.RESOLVE_MERGE,
    TrailCommand.SET_VALUES,
    TrailCommand.REASSIGN,
    TrailCommand.REROUTE,
    TrailCommand.REMIND,
    TrailCommand.ESCALATE,
    TrailCommand.EXPIRE,
    TrailCommand.EXTEND,
    TrailCommand.WITHDRAW_VOTE,
    TrailCommand.ADD_APPROVER,
    TrailCommand.CHANGE_VERSION,
    TrailCommand.PUT_BACK,
)
"""What changes the course of a request beside its decisions, and is told on its page."""


# -- its tasks --------------------------------------------------------------------------------


def _tasks_of_any() -> QuerySet[WorkItem]:
    tasks = WorkItem.objects.filter(request=ANY_ROW)
    return tasks.select_related("assignee", "decided_by", "decided_for").order_by()


TASKS = RowsFacet(_tasks_of_any)


def tasks_of(instance: WorkflowInstance) -> list[WorkItem]:
    """Every task of the request with its people, oldest first. One statement, or none where they
    came with the request."""
    tasks = TASKS.rows_of(instance)
    read_absences_of_people(instance, [task.assignee for task in tasks], timezone.now())
    return sorted(tasks, key=lambda task: task.pk)


def _decided_tasks_of_any() -> QuerySet[WorkItem]:
    decided = WorkItem.objects.filter(request=ANY_ROW, state=DONE).exclude(outcome="")
    return decided.select_related("decided_by", "decided_for").order_by()


DECISIONS = RowsFacet(_decided_tasks_of_any)


def decided_tasks_of(instance: WorkflowInstance) -> list[WorkItem]:
    """Every task of the request on which somebody decided, oldest first. One statement, or none."""
    decided = DECISIONS.rows_of(instance)
    return sorted(decided, key=lambda task: (task.completed_at or task.enabled_at, task.pk))


def people_read_with(tasks: Iterable[WorkItem]) -> list[User]:
    """All who came with these tasks: who has or had them, and who decided."""
    people = (person for task in tasks for person in (task.assignee, task.decided_by))
    return [person for person in people if person is not None]


def find_last_extension(task: WorkItem) -> TrailEvent | None:
    """The row of the trail by which a task was given more time last. One statement, or none where
    it was not."""
    if not (task.due_record or {}).get("extended"):
        return None
    rows = TrailEvent.objects.filter(
        request=task.request_id, work_item=task.pk, command=TrailCommand.EXTEND
    )
    return rows.select_related("actor").order_by("-pk").first()


# -- who was added to them --------------------------------------------------------------------


def _additions_to_any() -> QuerySet[AddedPerson]:
    added = AddedPerson.objects.filter(work_item__request=ANY_ROW, found=False)
    return added.select_related("user").order_by()


ADDED_PEOPLE = RowsFacet(_additions_to_any)
"""Beside the people of the steps: by an escalation, or by hand."""


def find_added_person(task: WorkItem, user: User) -> AddedPerson | None:
    """As what this person was added to the task, where they were. One statement, or none where it
    came with the request."""
    additions = ADDED_PEOPLE.rows_of(task.request)
    return next(
        (row for row in additions if (row.work_item_id, row.user_id) == (task.pk, user.pk)), None
    )


def find_awaited_people(task: WorkItem) -> list[User]:
    """Who was added to a task to agree besides, and has not yet. No statement where nobody was;
    else one, or none where it came with the request."""
    token = task.request.read_marking().token(task.activation)
    awaited = set(token.extras) - token.voters if token is not None else set()
    rows = ADDED_PEOPLE.rows_of(task.request) if awaited else []
    return [row.user for row in rows if row.work_item_id == task.pk and row.user_id in awaited]


# -- who is away ------------------------------------------------------------------------------


def _absences_around_any() -> QuerySet[StandInPeriod]:
    periods = current_periods(ANY_MOMENT).order_by()
    requests = WorkflowInstance.objects.filter(pk=ANY_ROW).order_by()
    tasks = WorkItem.objects.filter(request=ANY_ROW).order_by()
    incidents = Incident.objects.filter(request=ANY_ROW).order_by()
    people = requests.values_list("requester").union(
        requests.values_list("template__owner"),
        tasks.values_list("assignee"),
        incidents.values_list("owner"),
        periods.filter(deputy=ANYBODY).values_list("person"),
        all=True,
    )
    return periods.filter(person__in=people).select_related(
        "person", "absence", "deputy", "via", "via_next"
    )


ABSENCES = RowsFacet(_absences_around_any)
"""The absences now of the requester, the workflow's owner, all who have or had something of the
request, and those for whom the reader stands in."""


def read_absences_of_people(
    instance: WorkflowInstance, people: Iterable[User | None], now: datetime
) -> None:
    """With these people beside a request comes whether they are away, for their names on its page.
    One statement, or none where it came with the request."""
    named_people = [person for person in people if person is not None]
    if ABSENCES.is_known_of(instance):
        keep_absences(named_people, ABSENCES.rows_of(instance))
    elif named_people:
        prefetch_related_objects(named_people, prefetch_absences("", now))


def find_away_note_beside(
    instance: WorkflowInstance, person_id: int | None, now: datetime
) -> AwayNote | None:
    """That somebody around a request is away. One statement, or none where it came with it."""
    notes = (
        AwayNotes(ABSENCES.rows_of(instance))
        if ABSENCES.is_known_of(instance)
        else read_away_notes([person_id], now)
    )
    return notes.of(person_id, instance.template_id)


# -- merges, incidents, attempts, family ------------------------------------------------------


def _merges_of_any() -> QuerySet[MergeRecord]:
    rows = MergeRecord.objects.filter(request=ANY_ROW)
    return rows.select_related("resolved_by").order_by()


MERGES = RowsFacet(_merges_of_any)


def merges_of(instance: WorkflowInstance) -> list[MergeRecord]:
    """The merge records of the request, oldest first. One statement, or none."""
    return sorted(MERGES.rows_of(instance), key=lambda row: row.pk)


def _incidents_of_any() -> QuerySet[Incident]:
    return Incident.objects.filter(request=ANY_ROW).select_related("owner").order_by()


INCIDENTS = RowsFacet(_incidents_of_any)


def incidents_of(instance: WorkflowInstance) -> list[Incident]:
    """The incidents of the request, oldest first. One statement, or none."""
    incidents = INCIDENTS.rows_of(instance)
    read_absences_of_people(instance, [row.owner for row in incidents], timezone.now())
    return sorted(incidents, key=lambda row: row.pk)


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


def signatures_of(
    instance: WorkflowInstance, signed_tasks: Collection[WorkItem]
) -> dict[tuple[int, int], SignatureRecord]:
    """How decisions on these tasks were signed, by task and person (ids); the last, where somebody
    took a vote back and gave another. No statement where there are no such tasks, else one."""
    if not signed_tasks:
        return {}
    rows = TrailEvent.objects.filter(request=instance, command=TrailCommand.DECIDE)
    rows = rows.filter(work_item__in=[task.pk for task in signed_tasks]).order_by("pk")
    return {
        (row.work_item or 0, row.actor_id or 0): signature
        for row in rows
        if (signature := read_changes(row).facts.signature) is not None
    }


def last_trail_row_id(instance: WorkflowInstance) -> int:
    """The newest row of the request's trail, to tell what comes after it."""
    return TrailEvent.objects.filter(request=instance).aggregate(last=Max("pk"))["last"] or 0


def trail_rows_after(
    instance: WorkflowInstance, last: int, commands: Collection[str]
) -> list[TrailEvent]:
    """What these commands recorded of the request after row `last`, oldest first."""
    rows = TrailEvent.objects.filter(request=instance, pk__gt=last, command__in=commands)
    return list(rows.order_by("pk"))


def _course_rows_of_any() -> QuerySet[TrailEvent]:
    rows = TrailEvent.objects.filter(request=ANY_ROW, command__in=COURSE_COMMANDS)
    return rows.select_related("actor").order_by("-id")[:MAX_TRAIL_ROWS]


COURSE_ROWS = RowsFacet(_course_rows_of_any)


def course_rows_of(
    instance: WorkflowInstance, *, until: datetime | None = None
) -> list[TrailEvent]:
    """The newest changes of the request's course (until a moment) with who did them, oldest first.
    One statement, or none."""
    if until is None:
        return sorted(COURSE_ROWS.rows_of(instance), key=lambda row: row.pk)
    rows = TrailEvent.objects.filter(request=instance, command__in=COURSE_COMMANDS)
    past_rows = rows.filter(recorded_at__lte=until).select_related("actor")
    return list(past_rows.order_by("-id")[:MAX_TRAIL_ROWS])[::-1]


RECORD_FACETS = (TASKS, INCIDENTS, MERGES, CHILDREN, COURSE_ROWS, ABSENCES)
