"""Where a request is, who has it there, and since when: worked out once, for one request or for
many in a few statements. What can come next says `next_steps`.

These are facts. Whoever shows them (a page, the API, a column of the admin) makes the words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, prefetch_related_objects
from django.utils import timezone

from workflows.definitions.queries.compiled_versions import (
    VersionMap,
    cached_map,
    map_of_step,
)
from workflows.engine.format.definition import EndStep
from workflows.execution.models import ASKED, Incident, WorkflowInstance, WorkItem
from workflows.execution.queries.automatic_steps import (
    NO_STATUSES,
    AutomaticStepStatus,
    AutomaticStepStatuses,
    automatic_step_statuses,
)
from workflows.execution.queries.holders import Holder, HolderKind, find_holder
from workflows.execution.queries.open_work import open_incidents_condition
from workflows.people.models import User
from workflows.people.queries.person_names import NamesByLogin
from workflows.people.queries.stand_ins import absences_of, prefetch_absences
from workflows.persistence.prepared_queries import (
    ANY_MOMENT,
    PreparedQuery,
    any_rows,
    place_of_moment,
    places_of_rows,
)
from workflows.persistence.row_order import in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPosition:
    """One step at which a request stands. `task` is its open task (none at a merge that disagrees,
    or a rule that cannot be asked), `incident` what keeps it there."""

    key: str
    title: str
    round: int
    is_human: bool
    holder: Holder
    since: datetime | None
    due: datetime | None = None
    expires: datetime | None = None
    """When its task goes on by itself; None while its clock may stand still."""
    task: WorkItem | None = None
    incident: Incident | None = None
    status: AutomaticStepStatus | None = None
    row: str = ""
    """What people read of the row that it is about, in an each-branch."""

    @property
    def place(self) -> str:
        """The step by its title, and the row that it is about."""
        return f"{self.title} · {self.row}" if self.row else self.title

    def is_with(self, user: User) -> bool:
        """Whether this person has it."""
        return self.holder.kind == HolderKind.PERSON and self.holder.person == user

    def is_late(self, now: datetime) -> bool:
        """Whether it is still open, and was due before now."""
        return self.holder.kind != HolderKind.OVER and self.due is not None and self.due < now


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePosition:
    """Where a request is: at its open `steps`, or `held_up` where no task is open.

    A request that is over stands nowhere; `end` is the key of the end that it reached.
    """

    instance: WorkflowInstance
    map: VersionMap
    steps: tuple[StepPosition, ...] = ()
    held_up: tuple[StepPosition, ...] = ()
    end: str = ""

    @property
    def everywhere(self) -> tuple[StepPosition, ...]:
        """The open steps, and behind them those that are held up without a task."""
        return self.steps + self.held_up

    @property
    def tasks(self) -> tuple[tuple[StepPosition, WorkItem], ...]:
        """The open steps that have a task, each with its task."""
        return tuple((step, step.task) for step in self.steps if step.task is not None)

    @property
    def incidents(self) -> tuple[tuple[StepPosition, Incident], ...]:
        """What keeps the request, oldest first, each with the step that it keeps."""
        stuck = [(step, step.incident) for step in self.everywhere if step.incident is not None]
        return tuple(sorted(stuck, key=lambda pair: pair[1].pk))

    @property
    def since(self) -> datetime | None:
        """Since when the request stands where it stands first, or is over."""
        if self.everywhere:
            return self.everywhere[0].since
        return self.instance.completed_at or self.instance.started_at

    @property
    def reopens_at(self) -> str:
        """The step at which a request that is over could be opened again; nothing for others."""
        end = self.map.graph.steps.get(self.end)
        return (end.reopen or "") if isinstance(end, EndStep) else ""


# -- reading ----------------------------------------------------------------------------------


def find_positions(
    instances: Iterable[WorkflowInstance], *, with_failures: bool = False
) -> dict[int, InstancePosition]:
    """Where these requests are, by their ids. One statement, and one more each where an incident
    is open, where somebody who has one is away, where a step that no person does is open, where
    one waits for another request, and where one is tried and it is asked what failed: a list says
    nothing of that."""
    rows = {instance.pk: instance for instance in instances}
    tasks = _open_tasks(rows)
    incidents = _open_incidents(rows, tasks)
    _read_asked_requesters(rows, tasks)
    _read_absences(tasks, incidents)
    statuses = automatic_step_statuses(
        {pk: instance.version_id for pk, instance in rows.items()},
        [task for of_instance in tasks.values() for task in of_instance],
        with_failures=with_failures,
    )
    called = NamesByLogin()
    return {
        pk: build_position(instance, tasks[pk], incidents[pk], statuses, called=called)
        for pk, instance in rows.items()
    }


def find_position(instance: WorkflowInstance) -> InstancePosition:
    """Where a request is."""
    return find_positions([instance], with_failures=True)[instance.pk]


def _open_tasks(instances: Mapping[int, WorkflowInstance]) -> dict[int, list[WorkItem]]:
    tasks: dict[int, list[WorkItem]] = {pk: [] for pk in instances}
    places = places_of_rows(list(tasks)) | place_of_moment(timezone.now())
    rows = _OPEN_TASKS.rows(places, len(tasks))
    for task in sorted(rows, key=lambda row: row.pk):
        task.request = instances[task.request_id]
        tasks[task.request_id].append(task)
    return tasks


def _open_tasks_of(count: int) -> QuerySet[WorkItem]:
    """The open tasks of so many requests, each with whether its holder is away, and whether its
    request has an incident."""
    rows = WorkItem.objects.open().filter(request_id__in=any_rows(count))
    stuck = Incident.objects.filter(open_incidents_condition(), request=OuterRef("request"))
    beside = rows.select_related("assignee").annotate(
        is_holder_away=Exists(absences_of("assignee", ANY_MOMENT)), is_stuck=Exists(stuck)
    )
    return beside.order_by()


_OPEN_TASKS = PreparedQuery(_open_tasks_of)


def _read_asked_requesters(
    instances: Mapping[int, WorkflowInstance], tasks: Mapping[int, list[WorkItem]]
) -> None:
    """Who has to answer a question; a statement where somebody has to and was not read yet."""
    with_questions = [
        instances[pk]
        for pk, of_instance in tasks.items()
        if any(task.state == ASKED for task in of_instance)
    ]
    prefetch_related_objects(with_questions, "requester")


def _open_incidents(
    instances: Mapping[int, WorkflowInstance], tasks: Mapping[int, list[WorkItem]]
) -> dict[int, list[Incident]]:
    """What is open, asked only of requests whose tasks say that something is, and of those that
    are live with no task: nothing else can keep them."""
    incidents: dict[int, list[Incident]] = {pk: [] for pk in instances}
    stuck = [
        pk
        for pk, instance in instances.items()
        if instance.is_live and (not tasks[pk] or tasks[pk][0].is_stuck)  # type: ignore[attr-defined]
    ]
    if stuck:
        rows = Incident.objects.filter(open_incidents_condition(), request_id__in=stuck)
        for incident in in_order(rows.select_related("owner")):
            incidents[incident.request_id].append(incident)
    return incidents


def _read_absences(
    tasks: Mapping[int, list[WorkItem]], incidents: Mapping[int, list[Incident]]
) -> None:
    """Until when those who have something are away: of the holders of whom the tasks say that they
    are, and of whoever has to resolve an incident. One statement, or none."""
    holders = [
        task.assignee
        for of_instance in tasks.values()
        for task in of_instance
        if task.is_holder_away  # type: ignore[attr-defined]
    ]
    resolvers = [row.owner for of_instance in incidents.values() for row in of_instance]
    people = [person for person in (*holders, *resolvers) if person is not None]
    prefetch_related_objects(people, prefetch_absences("", timezone.now()))


def _open_task_rows() -> QuerySet[WorkItem]:
    return _with_away_holders(WorkItem.objects.open().select_related("assignee"))


def _with_away_holders(tasks: QuerySet[WorkItem]) -> QuerySet[WorkItem]:
    return tasks.annotate(is_holder_away=Exists(absences_of("assignee", timezone.now())))


def _open_incident_rows() -> QuerySet[Incident]:
    return Incident.objects.filter(open_incidents_condition()).select_related("owner")


# -- reading beside a list that Django reads (the admin's) --------------------------------------


def prefetch_positions(instances: QuerySet[WorkflowInstance]) -> QuerySet[WorkflowInstance]:
    """With what says where each is, for all of a page in two statements. `read_away_people` says
    then who is away."""
    is_away = Exists(absences_of("requester", timezone.now()))
    asked = instances.select_related("requester").annotate(is_requester_away=is_away)
    return asked.prefetch_related(
        Prefetch("work_items", _open_task_rows().order_by("id"), to_attr="open_tasks"),
        Prefetch("incidents", _open_incident_rows().order_by("id"), to_attr="open_incidents"),
    )


def read_prefetched_position(instance: Any) -> InstancePosition:
    """Where a request that came with `prefetch_positions` is; no statement."""
    tasks, incidents = instance.open_tasks, instance.open_incidents
    return build_position(instance, tasks, incidents, called=getattr(instance, "called", None))


def prefetch_task_positions(tasks: QuerySet[WorkItem]) -> QuerySet[WorkItem]:
    """With what says where each task stands, for all of a page in one statement more.
    `read_away_people` says then who is away."""
    incidents = _open_incident_rows().order_by("id")
    rows = _with_away_holders(tasks.select_related("request__requester", "assignee"))
    return rows.prefetch_related(
        Prefetch("request__incidents", incidents, to_attr="open_incidents")
    )


def read_away_people(rows: Iterable[Any]) -> None:
    """Until when those are away whom rows name that came with `prefetch_positions` or
    `prefetch_task_positions`. One statement, or none where nobody is. What those are called whom
    roles name one by one is read for all of the rows at once, when the first is shown."""
    people: list[User | None] = []
    called = NamesByLogin()
    for row in rows:
        row.called = called
        is_task = isinstance(row, WorkItem)
        tasks: list[Any] = [row] if is_task else row.open_tasks
        incidents = row.request.open_incidents if is_task else row.open_incidents
        people += [task.assignee for task in tasks if task.is_holder_away]
        people += [row.requester] if not is_task and row.is_requester_away else []
        people += [incident.owner for incident in incidents]
    known = [person for person in people if person is not None]
    prefetch_related_objects(known, prefetch_absences("", timezone.now()))


def read_prefetched_task_position(task: Any) -> StepPosition:
    """Where a task that came with `prefetch_task_positions` stands; no statement."""
    rows = task.request.open_incidents
    incident = next((row for row in rows if row.activation == task.activation), None)
    version_map, called = cached_map(task.request.version_id), getattr(task, "called", None)
    return build_step_position(version_map, task, incident, called=called)


# -- working it out ---------------------------------------------------------------------------


def build_position(
    instance: WorkflowInstance,
    tasks: Iterable[WorkItem],
    incidents: Iterable[Incident] = (),
    statuses: AutomaticStepStatuses = NO_STATUSES,
    *,
    end: str | None = None,
    called: NamesByLogin | None = None,
) -> InstancePosition:
    """The position, from what was read already: its tasks and incidents, of which those that are
    over say nothing. No statement. `end` is the key of the end where the instance's own marking
    does not say it. `called` is shared by positions that are shown together."""
    version_map = cached_map(instance.version_id)
    ended = instance.marking.get("ended") if end is None else end
    if not instance.is_live:
        return InstancePosition(instance=instance, map=version_map, end=ended or "")
    stuck = {row.activation: row for row in incidents if row.state == Incident.OPEN}
    called = called or NamesByLogin()
    open_tasks = [task for task in tasks if task.is_open]
    for task in open_tasks:
        task.request = instance
    steps = tuple(
        build_step_position(
            version_map,
            task,
            stuck.pop(task.activation, None),
            statuses.get((task.request_id, task.activation)),
            called=called,
        )
        for task in open_tasks
    )
    held_up = tuple(_held_up_position(version_map, incident) for incident in stuck.values())
    return InstancePosition(instance=instance, map=version_map, steps=steps, held_up=held_up)


def build_step_position(
    version_map: VersionMap,
    task: WorkItem,
    incident: Incident | None = None,
    status: AutomaticStepStatus | None = None,
    *,
    called: NamesByLogin | None = None,
) -> StepPosition:
    """Where one task stands, open or over; no statement. Without its incident it is what the task
    is for those whose it is."""
    version_map = map_of_step(version_map, task.step_id)
    key = version_map.step_keys[task.step_id]
    return StepPosition(
        key=key,
        title=version_map.graph.title(key),
        round=task.round,
        is_human=version_map.graph.is_human(key),
        holder=find_holder(version_map, task, incident, called),
        since=task.paused_at if task.state == ASKED else task.enabled_at,
        due=task.due_at,
        expires=task.expires_at if _runs_out(task) else None,
        task=task,
        incident=incident,
        status=status,
        row=task.row_label,
    )


def _runs_out(task: WorkItem) -> bool:
    """Whether the time of a task goes on: not while the requester has a question, nor while the
    request is suspended."""
    if not task.is_open or task.state == ASKED:
        return False
    return bool(task.request.state != WorkflowInstance.SUSPENDED)


def _held_up_position(version_map: VersionMap, incident: Incident) -> StepPosition:
    version_map = map_of_step(version_map, incident.step_id)
    key = version_map.step_keys[incident.step_id]
    return StepPosition(
        key=key,
        title=version_map.graph.title(key),
        round=1,
        is_human=False,
        holder=Holder(HolderKind.RESOLVER, incident.owner),
        since=incident.opened_at,
        incident=incident,
    )
