"""Handoffs between teams: what is on its way from one to another, has come, is taken up, was sent
back, or was sent on. Everything is read from open work that the person may see, and from the
requests that have ended lately.

At each step the oldest open tasks are looked at, along the index `open_by_step`, so that the answer
costs the same however much is open; the number of statements is fixed.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, QuerySet, When

from workflows.definitions.models import Step
from workflows.definitions.queries.compiled_versions import VersionMap, map_of_step
from workflows.engine.format.definition import ROUTING_KINDS
from workflows.engine.routing.next_stops import (
    find_likely_stops,
    find_stops_after,
    find_usual_way,
)
from workflows.execution.models import DONE, WorkflowInstance, WorkItem
from workflows.execution.queries.completion_estimates import (
    LEAST_REQUESTS,
    read_step_lengths,
)
from workflows.execution.queries.ended_requests import find_last_tasks_of_ended
from workflows.execution.queries.position import StepPosition, build_step_position
from workflows.people.models import User
from workflows.people.queries.person_names import NamesByLogin
from workflows.people.queries.teams import (
    REQUESTER,
    Team,
    TeamDirectory,
    TeamKind,
    read_teams,
)

OLDEST_TASKS: Final = 100
"""So many open tasks of each step are looked at."""
MOST_TASKS: Final = 3000
"""And so many in all, where the database reads all steps at once."""


class HandoffStage(StrEnum):
    """Where a request is between two teams, from the first to the second."""

    COMING = "coming"
    """It is with the first, and its likely way leads to the second next."""
    REACHED = "reached"
    """The second has it, and nobody there has taken it up."""
    TAKEN = "taken"
    SENT_BACK = "sent_back"
    """The second gave it back, and the first has it again."""
    SENT_ON = "sent_on"
    """The second is through with it, and handed it on to a third, or it has ended."""


@dataclass(frozen=True, slots=True)
class Handoff:
    """Two teams, of which the first hands requests to the second."""

    source: Team
    target: Team


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffLine:
    """One request in a handoff: where it stands now, and when it may be expected (of those on
    their way)."""

    stage: HandoffStage
    instance: WorkflowInstance
    position: StepPosition
    expected: datetime | None = None
    ended_at: datetime | None = None

    @property
    def since(self) -> datetime:
        """Since when it stands there; of one that has ended, when that was."""
        since = self.ended_at or self.position.since
        assert since is not None
        return since


@dataclass(frozen=True, slots=True)
class StageFigures:
    """How many requests are in a stage, half of them for at least so long, and the oldest since
    when; `is_capped` where more may be than were looked at."""

    count: int
    waiting: timedelta | None = None
    oldest: datetime | None = None
    is_capped: bool = False


@dataclass(slots=True)
class HandoffRecord:
    """What was found: the lines of each handoff, the directory of teams, and the steps of which not
    all open tasks were looked at."""

    teams: TeamDirectory
    lines: dict[Handoff, list[HandoffLine]] = field(default_factory=dict)
    capped: frozenset[int] = frozenset()

    def add(self, source: Team, target: Team, line: HandoffLine) -> None:
        """Put a line where it belongs; within a team nothing is handed over."""
        if source != target:
            self.lines.setdefault(Handoff(source, target), []).append(line)

    def stage_lines(self, handoff: Handoff, stage: HandoffStage) -> list[HandoffLine]:
        """The lines of one stage of a handoff, the oldest first."""
        lines = [line for line in self.lines.get(handoff, ()) if line.stage == stage]
        return sorted(lines, key=lambda line: (line.since, line.instance.pk))

    def figures(self, handoff: Handoff, stage: HandoffStage, now: datetime) -> StageFigures:
        """Count, median and oldest of one stage of a handoff."""
        lines = self.stage_lines(handoff, stage)
        if not lines:
            return StageFigures(0)
        waits = [max(now - line.since, timedelta()) for line in lines]
        steps = {
            line.position.task.step_id
            for line in lines
            if line.position.task is not None and line.ended_at is None
        }
        return StageFigures(
            len({line.instance.pk for line in lines}),
            timedelta(seconds=median(wait.total_seconds() for wait in waits)),
            lines[0].since,
            is_capped=not steps.isdisjoint(self.capped),
        )


def _since(position: StepPosition) -> datetime:
    assert position.since is not None
    return position.since


# -- reading ----------------------------------------------------------------------------------


def read_live_teams(workflow: str = "") -> TeamDirectory:
    """The teams of all versions on which work is open (of one workflow). Two statements."""
    open_work = WorkItem.objects.filter(step=OuterRef("pk"), is_open=True)
    steps = Step.objects.filter(Exists(open_work))
    if workflow:
        steps = steps.filter(version__template__key=workflow)
    return read_teams(sorted(set(steps.values_list("version_id", flat=True).order_by())))


def find_own_teams(user: User, teams: TeamDirectory) -> frozenset[str]:
    """The codes of the person's teams: their groups, roles that list them, and roles that found
    them in a request whose task they have now. Two statements."""
    held = WorkItem.objects.open().filter(assignee=user).order_by().distinct()
    codes = set(teams.of_person(user))
    for version_id, step_id in held.values_list("step__version_id", "step_id"):
        version_map = teams.maps.get(version_id)
        if version_map is None:
            continue
        step_teams = teams.of_step(version_id, version_map.step_keys[step_id])
        codes |= {team.code for team in step_teams if team.kind == TeamKind.ROLE}
    return frozenset(codes)


def find_handoffs(
    user: User, teams: TeamDirectory, now: datetime, *, around: Collection[str] | None = None
) -> HandoffRecord:
    """The handoffs in which the teams of these codes take part (None: all), as far as this person
    may see the requests; what was sent on also of requests that have ended lately, of versions on
    which work is open. Five statements and three for what has ended, and two more on PostgreSQL."""
    oldest = _oldest_open_tasks(_steps_around(teams, around))
    visible = _visible_request_ids(user, oldest)
    rows = WorkItem.objects.filter(
        pk__in=[row.pk for row in oldest if row.request_id in visible], enabled_at__isnull=False
    )
    tasks = _read_tasks(rows)
    templates = {version_map.template_id for version_map in teams.maps.values()}
    ended = find_last_tasks_of_ended(user, teams.maps, templates, now)
    past = _read_past([*tasks, *ended], teams)
    lengths = read_step_lengths({task.request.template_id for task in tasks}, LEAST_REQUESTS * 10)
    record = HandoffRecord(teams, capped=_capped_steps(oldest))
    reading = _Reading(teams, past, lengths, now)
    for task in tasks:
        for source, target, line in reading.lines_of(task):
            record.add(source, target, line)
    for task in ended:
        for source, target, line in reading.lines_of_ended(task):
            if around is None or {source.code, target.code} & set(around):
                record.add(source, target, line)
    return record


def _read_tasks(rows: QuerySet[WorkItem]) -> Sequence[WorkItem]:
    """The tasks with their requests. A marking may be large, and only where several must agree does
    it say something here: whom they were asked to have besides. One statement."""
    marking = Case(When(needed__gt=1, then=F("request__marking")))
    joined = rows.select_related("request", "assignee").defer("request__marking")
    tasks = list(joined.annotate(marking_of_several=marking).order_by("pk"))
    for task in tasks:
        if task.needed > 1:
            task.request.marking = task.marking_of_several
    return tasks


def _steps_around(teams: TeamDirectory, around: Collection[str] | None) -> list[int]:
    """The ids of the steps of these teams, and of those before and after them."""
    step_ids: set[int] = set()
    for version_id, version_map in teams.maps.items():
        graph = version_map.graph
        stops = [
            key for key in graph.steps if key in version_map.step_ids and _is_stop(graph[key].kind)
        ]
        near = {
            key
            for key in stops
            if around is None or any(team.code in around for team in teams.of_step(version_id, key))
        }
        after = {key: find_stops_after(graph, key) for key in stops}
        beside = {key for key in stops if after[key] & near}
        beside |= {other for key in near for other in after[key]}
        step_ids |= {version_map.step_ids[key] for key in near | beside}
    return sorted(step_ids)


def _is_stop(kind: str) -> bool:
    return kind not in ROUTING_KINDS and kind != "end"


class OldestTask(NamedTuple):
    """An open task that is looked at."""

    pk: int
    step_id: int
    request_id: int


OLDEST_OF_EACH_STEP = """
    SELECT t.id, t.step_id, t.request_id FROM unnest(%s::bigint[]) AS s (id) CROSS JOIN LATERAL (
        SELECT id, step_id, request_id FROM workflows_workitem
        WHERE step_id = s.id AND is_open ORDER BY enabled_at, id LIMIT %s
    ) AS t
"""


def _oldest_open_tasks(step_ids: Sequence[int]) -> list[OldestTask]:
    """The oldest open tasks of these steps. One statement."""
    if connection.vendor != "postgresql":
        rows = WorkItem.objects.open().filter(step_id__in=step_ids).order_by("enabled_at", "id")
        columns = rows.values_list("id", "step_id", "request_id")
        return [OldestTask(*row) for row in columns[:MOST_TASKS]]
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_OF_EACH_STEP, [list(step_ids), OLDEST_TASKS])
        return [OldestTask(*row) for row in cursor.fetchall()]


def _visible_request_ids(user: User, oldest: Iterable[OldestTask]) -> frozenset[int]:
    """Which of the requests of these tasks the person may see, asked at the row. One statement."""
    ids = {row.request_id for row in oldest}
    seen = WorkflowInstance.objects.visible_to(user).filter(pk__in=ids)
    return frozenset(seen.order_by().values_list("pk", flat=True))


def _capped_steps(oldest: Sequence[OldestTask]) -> frozenset[int]:
    """The steps of which there may be more open tasks than were looked at."""
    counts = Counter(row.step_id for row in oldest)
    if connection.vendor != "postgresql":
        return frozenset(counts) if len(oldest) == MOST_TASKS else frozenset()
    return frozenset(step_id for step_id, count in counts.items() if count >= OLDEST_TASKS)


@dataclass(frozen=True, slots=True)
class PastTask:
    """A task that is done: its step, and from where it came."""

    key: str
    came_from: str


def _read_past(tasks: Iterable[WorkItem], teams: TeamDirectory) -> dict[int, list[PastTask]]:
    """What was done in the requests of these tasks, newest first. One statement."""
    versions = {task.request_id: task.request.version_id for task in tasks}
    rows = WorkItem.objects.filter(request_id__in=versions, state=DONE)
    columns = rows.values_list("request_id", "step_id", "came_from", "completed_at", "id")
    past: dict[int, list[PastTask]] = {}
    for request_id, step_id, came_from, *_ in sorted(
        columns.order_by(), key=lambda row: (row[3], row[4]), reverse=True
    ):
        version_map = teams.maps[versions[request_id]]
        key = map_of_step(version_map, step_id).step_keys[step_id]
        if key in version_map.graph.steps:  # it may have been moved from another version since
            past.setdefault(request_id, []).append(PastTask(key, came_from))
    return past


# -- working it out ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Reading:
    """What the lines are worked out from; `usual` keeps what follows a step of a version."""

    teams: TeamDirectory
    past: Mapping[int, Sequence[PastTask]]
    lengths: Mapping[tuple[int, str], Sequence[timedelta]]
    now: datetime
    usual: dict[tuple[int, str], set[str]] = field(default_factory=dict)
    called: NamesByLogin = field(default_factory=NamesByLogin)

    def lines_of(self, task: WorkItem) -> Iterator[tuple[Team, Team, HandoffLine]]:
        """The handoffs in which an open task stands, and as what."""
        version_map = self.teams.maps[task.request.version_id]
        position = build_step_position(version_map, task, called=self.called)
        here = self._teams_of(version_map, position.key)
        for source, target, stage in self._arrival(version_map, task, position, here):
            yield source, target, self._line(stage, task, position)
        for key in find_likely_stops(version_map.graph, position.key, task.request.data):
            expected = self._expected(task, position)
            for source in here:
                for target in self._teams_of(version_map, key):
                    line = self._line(HandoffStage.COMING, task, position, expected)
                    yield source, target, line

    def lines_of_ended(self, task: WorkItem) -> Iterator[tuple[Team, Team, HandoffLine]]:
        """The handoff to whoever did the last task of a request that has ended: they sent it on."""
        version_map = self.teams.maps[task.request.version_id]
        position = build_step_position(version_map, task)
        line = HandoffLine(
            stage=HandoffStage.SENT_ON,
            instance=task.request,
            position=position,
            ended_at=task.request.completed_at,
        )
        before = self._step_before(version_map, task.request_id, task.came_from)
        for source in self._teams_of(version_map, before):
            for target in self._teams_of(version_map, position.key):
                yield source, target, line

    def _line(
        self,
        stage: HandoffStage,
        task: WorkItem,
        position: StepPosition,
        expected: datetime | None = None,
    ) -> HandoffLine:
        return HandoffLine(stage=stage, instance=task.request, position=position, expected=expected)

    def _arrival(
        self,
        version_map: VersionMap,
        task: WorkItem,
        position: StepPosition,
        here: Sequence[Team],
    ) -> Iterator[tuple[Team, Team, HandoffStage]]:
        """From whom a task came, and to whom it was handed or given back."""
        before = self._step_before(version_map, task.request_id, task.came_from)
        is_back = before is not None and before in self._usual_way(version_map, position.key)
        stage = HandoffStage.REACHED if task.assignee_id is None else HandoffStage.TAKEN
        for source in self._teams_of(version_map, before):
            for target in here:
                if is_back:
                    yield target, source, HandoffStage.SENT_BACK
                else:
                    yield source, target, stage
        if before is None or is_back:
            return
        earlier = self._step_before(version_map, task.request_id, self._origin_of(task, before))
        for source in self._teams_of(version_map, earlier):
            for middle in self._teams_of(version_map, before):
                yield source, middle, HandoffStage.SENT_ON

    def _origin_of(self, task: WorkItem, key: str) -> str:
        """From where the task came that was done last at a step."""
        past = self.past.get(task.request_id, ())
        return next((entry.came_from for entry in past if entry.key == key), "")

    def _step_before(self, version_map: VersionMap, request_id: int, came_from: str) -> str | None:
        """The step at which the request stood before it came from there; None for the start."""
        graph = version_map.graph
        if came_from not in graph.steps or graph[came_from].kind == "end":
            return None
        if graph[came_from].kind not in ROUTING_KINDS:
            return came_from
        past = self.past.get(request_id, ())
        return next(
            (entry.key for entry in past if came_from in _routers_after(version_map, entry.key)),
            None,
        )

    def _teams_of(self, version_map: VersionMap, key: str | None) -> tuple[Team, ...]:
        if key is None:
            return (REQUESTER,)
        return self.teams.of_step(version_map.version_id, key)

    def _usual_way(self, version_map: VersionMap, key: str) -> set[str]:
        place = (version_map.version_id, key)
        if place not in self.usual:
            self.usual[place] = find_usual_way(version_map.graph, key)
        return self.usual[place]

    def _expected(self, task: WorkItem, position: StepPosition) -> datetime | None:
        """When a task may be through, by the half of those of the past that stood as long."""
        lengths = self.lengths.get((task.request.template_id, position.key), ())
        waited = self.now - _since(position)
        rest = [(length - waited).total_seconds() for length in lengths if length >= waited]
        if len(rest) < LEAST_REQUESTS:
            return None
        return self.now + timedelta(seconds=median(rest))


def _routers_after(version_map: VersionMap, key: str) -> frozenset[str]:
    """The steps that only route and that a request can pass right after a step."""
    graph, passed, pending = version_map.graph, set[str](), [key]
    while pending:
        for other in graph.following[pending.pop()]:
            if graph[other].kind in ROUTING_KINDS and other not in passed:
                passed.add(other)
                pending.append(other)
    return frozenset(passed)


# -- the map's handoffs -------------------------------------------------------------------------


def list_map_handoffs(teams: TeamDirectory) -> list[Handoff]:
    """The handoffs that the maps of these teams provide for, in the order of the steps."""
    handoffs: dict[Handoff, None] = {}
    for version_id, version_map in sorted(teams.maps.items(), reverse=True):
        graph = version_map.graph
        first = [graph.first] if graph.first else []
        pairs: list[tuple[str | None, str]] = [
            (None, key) for key in first if _is_stop(graph[key].kind)
        ]
        stops = [key for key in graph.steps if _is_stop(graph[key].kind)]
        pairs += [(key, other) for key in stops for other in sorted(find_stops_after(graph, key))]
        for before, after in pairs:
            sources = (REQUESTER,) if before is None else teams.of_step(version_id, before)
            for source in sources:
                for target in teams.of_step(version_id, after):
                    if source != target:
                        handoffs[Handoff(source, target)] = None
    return list(handoffs)
