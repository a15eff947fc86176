"""The finished and open tasks of a workflow as rows for the figures."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from reporting.metrics.figures import compute_figures
from workflows.definitions.models import Step, TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.engine.timing.working_time import Calendar, parse_duration
from workflows.execution.models import WorkflowInstance, WorkItem

COLUMNS = (
    "request_id",
    "step_id",
    "performer_name",
    "enabled_at",
    "started_at",
    "completed_at",
    "waiting_business_seconds",
    "working_business_seconds",
    "paused_seconds",
)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task as the figures see it; `business` are its business seconds, queue included, and
    `paused` the wall-clock seconds that it rested."""

    case_id: int
    activity: str
    resource: str
    enabled: datetime | None
    start: datetime | None
    end: datetime | None
    business: float | None
    paused: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPeriod:
    """Requests that were started from `since` (included) to `until` (not included)."""

    since: datetime | None = None
    until: datetime | None = None

    def requests(self, template: WorkflowTemplate) -> QuerySet[WorkflowInstance]:
        """The workflow's requests of this period."""
        queryset = WorkflowInstance.objects.filter(template=template)
        if self.since is not None:
            queryset = queryset.filter(started_at__gte=self.since)
        if self.until is not None:
            queryset = queryset.filter(started_at__lt=self.until)
        return queryset


def report_step_titles(template: WorkflowTemplate) -> dict[int, str]:
    """What each step of all versions is called in reports: its name; with its key where two
    steps of a version have the same name."""
    return name_steps(Step.objects.filter(version__template=template).order_by("id"))


def name_steps(steps: Iterable[Step]) -> dict[int, str]:
    """The same, of steps that were read: all of a workflow's."""
    steps = list(steps)
    names: dict[tuple[int, str], int] = {}
    for step in steps:
        pair = (step.version_id, str(step))
        names[pair] = names.get(pair, 0) + 1
    return {
        step.pk: str(step) if names[step.version_id, str(step)] == 1 else f"{step} ({step.key})"
        for step in steps
    }


def read_task_rows(template: WorkflowTemplate, period: RequestPeriod) -> Iterator[TaskRow]:
    """Done and open tasks, oldest first. Two statements and a stream."""
    titles = report_step_titles(template)
    version = _current_version(template)
    calendar = get_version_map(version).calendar if version is not None else None
    tasks = (
        WorkItem.objects.filter(request__in=period.requests(template))
        .exclude(state="cancelled")
        .order_by("id")
    )
    for values in tasks.values_list(*COLUMNS).iterator(chunk_size=5000):
        yield _build_task_row(values, titles, calendar)


def _build_task_row(values: Any, titles: Mapping[int, str], calendar: Calendar | None) -> TaskRow:
    request, step, person, enabled, start, end, waited, worked, paused = values
    business = None
    if waited is not None and worked is not None:
        business = waited + worked
    elif enabled is not None and end is not None and calendar is not None:
        business = calendar.between(enabled, end).total_seconds()
    return TaskRow(request, titles[step], person, enabled, start, end, business, paused)


def _current_version(template: WorkflowTemplate) -> TemplateVersion | None:
    versions = template.versions.select_related("template").exclude(state=TemplateVersion.DRAFT)
    return versions.order_by("-number").first()


def expected_seconds_by_title(template: WorkflowTemplate) -> dict[str, float]:
    """What each step of the current version should take, in business seconds."""
    version = _current_version(template)
    if version is None:
        return {}
    version_map = get_version_map(version)
    titles = report_step_titles(template)
    steps = Step.objects.filter(version=version).exclude(expected=None).exclude(expected="")
    return {
        titles[step.pk]: _expected_seconds(version_map.calendar_of(step.key), step)
        for step in steps
    }


def _expected_seconds(calendar: Calendar, step: Step) -> float:
    return float(calendar.seconds(parse_duration(step.expected or "0h")))


def compute_workflow_figures(
    template: WorkflowTemplate, period: RequestPeriod, *, now: datetime
) -> dict[str, Any]:
    """All bottleneck figures of a workflow's requests of this period."""
    states = dict(period.requests(template).values_list("pk", "state"))
    return compute_figures(
        read_task_rows(template, period),
        finished={pk for pk, state in states.items() if state == WorkflowInstance.COMPLETED},
        gone={pk for pk, state in states.items() if state not in WorkflowInstance.LIVE},
        expected=expected_seconds_by_title(template),
        now=now,
    )
