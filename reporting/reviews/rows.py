"""What a review reads: the runs, tasks, ways, incidents and people of one workflow and period."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from workflows.engine.definition import Definition, Link
from workflows.engine.errors import NotFound
from workflows.engine.graph import Graph
from workflows.models import (
    Incident,
    TemplateVersion,
    TrailEvent,
    WorkflowInstance,
    WorkflowTemplate,
    WorkItem,
)
from workflows.models.runs import CANCELLED, DONE
from workflows.services.bypass import PAST
from workflows.services.directory import people_for
from workflows.services.maps import VersionMap, map_of

LATELY = timedelta(days=30)
"""A workflow without a successful run in this time is stale."""
TRIED_AGAIN = "tried again"
ON_ERROR = ("error", "fail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One request that is over."""

    id: int
    version: int
    started: datetime
    ended: datetime
    is_cancelled: bool
    is_success: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task that was done, or called off while its request went on. Business seconds."""

    run: int
    version: int
    activation: int
    step: str
    kind: str
    outcome: str
    is_done: bool
    round: int
    waiting: float | None
    working: float | None

    @property
    def taken(self) -> float | None:
        """From arrival to end, where both parts are known."""
        if self.waiting is None or self.working is None:
            return None
        return self.waiting + self.working


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One incident that was opened in the period."""

    run: int
    activation: int
    step: str
    code: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Owner or deputy as they are now; `groups` is how many groups they are in."""

    username: str
    is_active: bool
    groups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All of it. `ways` counts how often each way of the current map was taken, `passed` how
    often each of its routing steps was passed; `gone_past` how often work was sent on by hand past
    an approval, by its step's key."""

    template: WorkflowTemplate
    map: VersionMap
    in_use_since: datetime
    since: datetime
    until: datetime
    started: int
    open_now: int
    runs: list[Run]
    successes_lately: int
    tasks: list[Task]
    ways: Counter[tuple[str, str]]
    passed: Counter[str]
    rerouted: set[tuple[int, int]]
    gone_past: Counter[str]
    troubles: list[Trouble]
    owner: Person | None
    deputy: Person | None
    roles: Mapping[str, int]

    @property
    def graph(self) -> Graph:
        """The map in force."""
        return self.map.graph


def ident(link: Link) -> str:
    """What tells a way from the others of its step, also when rules move up or down."""
    if link.kind == "rule":
        return f"{link.route.when}"
    return link.to if link.kind == "branch" else link.name


def version_in_force(template: WorkflowTemplate) -> TemplateVersion:
    """The published version, else the newest that is no draft. Raises NotFound."""
    versions = template.versions.select_related("template").exclude(state=TemplateVersion.DRAFT)
    ordered = sorted(versions, key=lambda one: (one.state == "published", one.number))
    if not ordered:
        raise NotFound(f"'{template.name}' has no published version yet; there is no review.")
    return ordered[-1]


def read(template: WorkflowTemplate, *, since: datetime, until: datetime) -> Rows:
    """Read the period; runs, tasks and incidents count when they ended (were opened) in it."""
    version = version_in_force(template)
    reader = _Reader(template, map_of(version), since, until)
    reader.trail()
    runs = reader.runs()
    definition = reader.map.graph.definition
    published = template.versions.exclude(published_at=None).order_by("published_at").first()
    requests = WorkflowInstance.objects.filter(template=template)
    return Rows(
        template=template,
        map=reader.map,
        in_use_since=_began(published, since),
        since=since,
        until=until,
        started=requests.filter(started_at__gte=since, started_at__lt=until).count(),
        open_now=requests.running().count(),
        runs=[run for run in runs if run.ended >= since],
        successes_lately=sum(run.is_success and run.ended >= until - LATELY for run in runs),
        tasks=reader.tasks(),
        ways=reader.ways,
        passed=reader.passed,
        rerouted=reader.rerouted,
        gone_past=reader.gone_past,
        troubles=reader.troubles(),
        owner=_person(template.owner),
        deputy=_person(template.deputy),
        roles=_people_in_roles(version, definition),
    )


def _began(published: TemplateVersion | None, since: datetime) -> datetime:
    return (published.published_at if published else None) or since


@dataclass
class _Reader:
    """Reads one workflow's rows; the trail first, because it says how requests came to an end."""

    template: WorkflowTemplate
    map: VersionMap
    since: datetime
    until: datetime
    ways: Counter[tuple[str, str]] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    rerouted: set[tuple[int, int]] = field(default_factory=set)
    gone_past: Counter[str] = field(default_factory=Counter)
    exceptions: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        versions = self.template.versions.select_related("template")
        self.versions = {
            one.number: map_of(one).graph for one in versions.exclude(state="draft")
        }  # fmt: skip

    def trail(self) -> None:
        """What the trail alone knows: ways through routing steps, and the way into each end."""
        wide = min(self.since, self.until - LATELY)
        events = TrailEvent.objects.filter(
            template=self.template,
            request__isnull=False,
            recorded_at__gte=wide,
            recorded_at__lt=self.until,
        ).order_by("id")
        columns = (
            *("request_id", "version", "recorded_at", "step", "activation"),
            *("command", "outcome", "changes"),
        )
        for row in events.values_list(*columns).iterator(chunk_size=2000):
            self._event(*row)

    def _event(
        self, run: int, version: int, at: datetime, step: str, activation: int | None,
        command: str, outcome: str, changes: Mapping[str, Any],
    ) -> None:  # fmt: skip
        if changes.get("ended"):
            end = changes["ended"][-1]["step"]
            took = changes.get("took") or []
            last = (step, "error" if command == "fail" else outcome)
            if took and took[-1]["to"] == end:
                last = (took[-1]["step"], took[-1]["way"])
            self.exceptions[run] = _is_exception(self.versions.get(version), *last)
        if at < self.since:
            return
        if command == "reroute" and activation is not None:
            self.rerouted.add((run, activation))
        self.gone_past.update(changes.get(PAST) or [])
        if version == self.map.number:
            self._ways(changes)

    def _ways(self, changes: Mapping[str, Any]) -> None:
        for took in changes.get("took") or []:
            self.passed[took["step"]] += 1
            link = _link(self.map.graph, took["step"], took["way"])
            if link is not None:
                self.ways[took["step"], ident(link)] += 1
        for split in changes.get("split") or []:
            self._split(set(split["branches"]))
        for merged in changes.get("merged") or []:
            self.passed[merged["join"]] += 1
        for ended in changes.get("ended") or []:
            self.passed[ended["step"]] += 1

    def _split(self, targets: set[str]) -> None:
        """The trail names the branches that were opened, and not the step that split."""
        branches: dict[str, set[str]] = defaultdict(set)
        for link in self.map.graph.links:
            if link.kind == "branch":
                branches[link.source].add(link.to)
        source = next((key for key, its in branches.items() if targets <= its), None)
        if source is not None:
            self.passed[source] += 1
            self.ways.update((source, target) for target in targets)

    def runs(self) -> list[Run]:
        """Requests that ended in the period, or in the thirty days before its end."""
        wide = min(self.since, self.until - LATELY)
        found = WorkflowInstance.objects.filter(
            template=self.template, completed_at__gte=wide, completed_at__lt=self.until
        ).exclude(state__in=WorkflowInstance.LIVE)
        columns = ("pk", "version__number", "started_at", "completed_at", "state")
        return [
            Run(
                id=pk,
                version=version,
                started=started,
                ended=ended,
                is_cancelled=state == WorkflowInstance.CANCELLED,
                is_success=state == WorkflowInstance.COMPLETED
                and not self.exceptions.get(pk, False),
            )
            for pk, version, started, ended, state in found.order_by("pk").values_list(*columns)
        ]

    def tasks(self) -> list[Task]:
        """Tasks done in the period; and those that came in it and were called off alone."""
        done = Q(state=DONE, completed_at__gte=self.since, completed_at__lt=self.until)
        alone = Q(state=CANCELLED, enabled_at__gte=self.since, enabled_at__lt=self.until) & ~Q(
            request__state=WorkflowInstance.CANCELLED
        )
        rows = WorkItem.objects.here().filter(done | alone, request__template=self.template)
        rows = rows.exclude(cancel_reason=TRIED_AGAIN).order_by("id")
        return list(_tasks(rows))

    def troubles(self) -> list[Trouble]:
        """Incidents opened in the period."""
        rows = Incident.objects.filter(
            request__template=self.template, opened_at__gte=self.since, opened_at__lt=self.until
        ).order_by("id")
        columns = ("request_id", "activation", "step__key", "code", "state")
        return [
            Trouble(run=run, activation=number, step=step, code=code, is_open=state == "open")
            for run, number, step, code, state in rows.values_list(*columns)
        ]


TASK_COLUMNS = (
    *("request_id", "request__version__number", "activation", "step__key", "step__kind"),
    *("outcome", "state", "round", "waiting_business_seconds", "working_business_seconds"),
)


def _tasks(rows: Any) -> Iterator[Task]:
    for values in rows.values_list(*TASK_COLUMNS).iterator(chunk_size=5000):
        run, version, activation, step, kind, outcome, state, number, waiting, working = values
        yield Task(
            run=run, version=version, activation=activation, step=step, kind=kind,
            outcome=outcome, is_done=state == DONE, round=number, waiting=waiting, working=working,
        )  # fmt: skip


def _link(graph: Graph, step: str, name: str) -> Link | None:
    return next((one for one in graph.links if one.source == step and one.name == name), None)


def _is_exception(graph: Graph | None, step: str, name: str) -> bool:
    """Whether the way out of a step is one that work should not go; an error way always is."""
    if name in ON_ERROR:
        return True
    link = _link(graph, step, name) if graph is not None else None
    return bool(link and link.route.exception)


def _person(user: User | None) -> Person | None:
    if user is None:
        return None
    return Person(
        username=user.get_username(), is_active=user.is_active, groups=user.groups.count()
    )


def _people_in_roles(version: TemplateVersion, definition: Definition) -> dict[str, int]:
    """How many active people are in each role whose people are listed and that owns a step."""
    used = {getattr(step, "role", None) for step in definition.steps.values()}
    people = people_for(version)
    return {
        name: len(people.members(role.groups or [], role.users or []))
        for name, role in definition.roles.items()
        if role.is_static and name in used
    }
