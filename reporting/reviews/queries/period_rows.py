"""Reads the requests, tasks, routes, incidents and people of one workflow and period."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from reporting.reviews.facts.period_rows import (
    LATELY,
    EndedRun,
    ResponsiblePerson,
    ReviewedIncident,
    ReviewedTask,
    ReviewRows,
    route_identity,
)
from reporting.reviews.queries.due import version_in_force
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import VersionMap, get_version_map
from workflows.engine.format.definition import Definition, Link
from workflows.engine.routing.graph import Graph
from workflows.execution.choices import ClosingCode
from workflows.execution.models import CANCELLED, DONE, Incident, WorkflowInstance, WorkItem
from workflows.people.models import User
from workflows.people.queries.directory import audit_people_for
from workflows.trail.changes import BlockSplit, EndReached, JoinPassed, TrailChanges, WayTaken
from workflows.trail.choices import TrailCommand
from workflows.trail.models import TrailEvent
from workflows.version_changes.models import MovedRequest

ON_ERROR = ("error", "fail")


def read_review_rows(template: WorkflowTemplate, *, since: datetime, until: datetime) -> ReviewRows:
    """Read the period; runs, tasks and incidents count when they ended (were opened) in it."""
    version = version_in_force(template)
    reader = _PeriodReader(template, get_version_map(version), since, until)
    reader.trail()
    runs = reader.runs()
    definition = reader.map.graph.definition
    published = template.versions.exclude(published_at=None).order_by("published_at").first()
    requests = WorkflowInstance.objects.filter(template=template)
    return ReviewRows(
        template=template,
        map=reader.map,
        in_use_since=_published_since(published, since),
        since=since,
        until=until,
        started=requests.filter(started_at__gte=since, started_at__lt=until).count(),
        open_now=requests.running().count(),
        runs=[run for run in runs if run.ended >= since],
        successes_lately=sum(run.is_success and run.ended >= until - LATELY for run in runs),
        tasks=reader.tasks(),
        route_counts=reader.route_counts,
        passed=reader.passed,
        rerouted=reader.rerouted,
        gone_past=reader.gone_past,
        troubles=reader.troubles(),
        owner=_responsible_person(template.owner),
        deputy=_responsible_person(template.deputy),
        roles=_people_in_roles(version, definition),
    )


def _published_since(published: TemplateVersion | None, since: datetime) -> datetime:
    return (published.published_at if published else None) or since


@dataclass
class _PeriodReader:
    """Reads one workflow's rows; the trail first, because it says how requests came to an end."""

    template: WorkflowTemplate
    map: VersionMap
    since: datetime
    until: datetime
    route_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    rerouted: set[tuple[int, int]] = field(default_factory=set)
    gone_past: Counter[str] = field(default_factory=Counter)
    exceptions: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        versions = self.template.versions.select_related("template")
        self.versions = {
            version.number: get_version_map(version).graph
            for version in versions.exclude(state="draft")
        }

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
            self._read_event(*row)

    def _read_event(
        self,
        run: int,
        version: int,
        at: datetime,
        step: str,
        activation: int | None,
        command: str,
        outcome: str,
        kept_changes: Mapping[str, Any],
    ) -> None:
        changes = TrailChanges.from_json(kept_changes)
        if ends := changes.notes_of(EndReached):
            took = changes.notes_of(WayTaken)
            last = (step, "error" if command == TrailCommand.FAIL else outcome)
            if took and took[-1].to == ends[-1].step:
                last = (took[-1].step, took[-1].way)
            self.exceptions[run] = _is_exception_route(self.versions.get(version), *last)
        if at < self.since:
            return
        if command == TrailCommand.REROUTE and activation is not None:
            self.rerouted.add((run, activation))
        self.gone_past.update(changes.facts.past_approvals or [])
        if version == self.map.number:
            self._count_routes(changes)

    def _count_routes(self, changes: TrailChanges) -> None:
        for took in changes.notes_of(WayTaken):
            self.passed[took.step] += 1
            link = _find_link(self.map.graph, took.step, took.way)
            if link is not None:
                self.route_counts[took.step, route_identity(link)] += 1
        for split in changes.notes_of(BlockSplit):
            self.passed[split.step] += 1
            self.route_counts.update((split.step, target) for target in set(split.branches))
        for merged in changes.notes_of(JoinPassed):
            self.passed[merged.join] += 1
        for ended in changes.notes_of(EndReached):
            self.passed[ended.step] += 1

    def runs(self) -> list[EndedRun]:
        """Requests that ended in the period, or in the thirty days before its end."""
        wide = min(self.since, self.until - LATELY)
        instances = WorkflowInstance.objects.filter(
            template=self.template, completed_at__gte=wide, completed_at__lt=self.until
        ).exclude(state__in=WorkflowInstance.LIVE)
        moves = MovedRequest.objects.filter(request=OuterRef("pk"), put_back_at=None)
        instances = instances.annotate(was_moved=Exists(moves))
        columns = ("pk", "version__number", "started_at", "completed_at", "state", "was_moved")
        return [
            EndedRun(
                id=pk,
                version=version,
                started=started,
                ended=ended,
                is_cancelled=state == WorkflowInstance.CANCELLED,
                is_success=state == WorkflowInstance.COMPLETED
                and not self.exceptions.get(pk, False),
                was_moved=moved,
            )
            for pk, version, started, ended, state, moved in instances.order_by("pk").values_list(
                *columns
            )
        ]

    def tasks(self) -> list[ReviewedTask]:
        """Tasks done in the period; and those that came in it and were called off alone."""
        done = Q(state=DONE, completed_at__gte=self.since, completed_at__lt=self.until)
        alone = Q(state=CANCELLED, enabled_at__gte=self.since, enabled_at__lt=self.until) & ~Q(
            request__state=WorkflowInstance.CANCELLED
        )
        rows = WorkItem.objects.of_visible_instances().filter(
            done | alone, request__template=self.template
        )
        rows = rows.exclude(closing_code=ClosingCode.TRIED_AGAIN).order_by("id")
        return list(_iterate_tasks(rows))

    def troubles(self) -> list[ReviewedIncident]:
        """Incidents opened in the period."""
        rows = Incident.objects.filter(
            request__template=self.template, opened_at__gte=self.since, opened_at__lt=self.until
        ).order_by("id")
        columns = ("request_id", "activation", "step__key", "code", "state")
        return [
            ReviewedIncident(
                run=run, activation=number, step=step, code=code, is_open=state == "open"
            )
            for run, number, step, code, state in rows.values_list(*columns)
        ]


TASK_COLUMNS = (
    *("request_id", "step__version__number", "activation", "step__key", "step__kind"),
    *("outcome", "state", "round", "waiting_business_seconds", "working_business_seconds"),
)


def _iterate_tasks(rows: QuerySet[WorkItem]) -> Iterator[ReviewedTask]:
    for values in rows.values_list(*TASK_COLUMNS).iterator(chunk_size=5000):
        run, version, activation, step, kind, outcome, state, number, waiting, working = values
        yield ReviewedTask(
            run=run,
            version=version,
            activation=activation,
            step=step,
            kind=kind,
            outcome=outcome,
            is_done=state == DONE,
            round=number,
            waiting=waiting,
            working=working,
        )


def _find_link(graph: Graph, step: str, name: str) -> Link | None:
    return next((link for link in graph.links if link.source == step and link.name == name), None)


def _is_exception_route(graph: Graph | None, step: str, name: str) -> bool:
    """Whether the way out of a step is one that work should not go; an error way always is."""
    if name in ON_ERROR:
        return True
    link = _find_link(graph, step, name) if graph is not None else None
    return bool(link and link.route.exception)


def _responsible_person(user: User | None) -> ResponsiblePerson | None:
    if user is None:
        return None
    return ResponsiblePerson(
        username=user.get_username(), is_active=user.is_active, groups=user.groups.count()
    )


def _people_in_roles(version: TemplateVersion, definition: Definition) -> dict[str, int]:
    """How many active people are in each role whose people are listed and that owns a step."""
    used = {getattr(step, "role", None) for step in definition.steps.values()}
    people = audit_people_for(version)
    return {
        name: len(people.members(role))
        for name, role in definition.roles.items()
        if role.is_static and name in used
    }
