"""The finished and open tasks of a workflow as rows for the figures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from reporting.figures import figures
from workflows.engine.calendar import Calendar, parse_duration
from workflows.models import Step, TemplateVersion, WorkflowInstance, WorkflowTemplate, WorkItem
from workflows.services.maps import map_of

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
class Period:
    """Requests that were started from `since` (included) to `until` (not included)."""

    since: datetime | None = None
    until: datetime | None = None

    def requests(self, template: WorkflowTemplate) -> QuerySet[WorkflowInstance]:
        """The workflow's requests of this period."""
        found = WorkflowInstance.objects.filter(template=template)
        if self.since is not None:
            found = found.filter(started_at__gte=self.since)
        if self.until is not None:
            found = found.filter(started_at__lt=self.until)
        return found


def step_titles(template: WorkflowTemplate) -> dict[int, str]:
    """What each step of all versions is called in reports: its name; with its key where two
    steps of a version have the same name."""
    steps = list(Step.objects.filter(version__template=template).order_by("id"))
    names: dict[tuple[int, str], int] = {}
    for step in steps:
        pair = (step.version_id, str(step))
        names[pair] = names.get(pair, 0) + 1
    return {
        step.pk: str(step) if names[step.version_id, str(step)] == 1 else f"{step} ({step.key})"
        for step in steps
    }


def task_rows(template: WorkflowTemplate, period: Period) -> Iterator[TaskRow]:
    """Done and open tasks, oldest first. Two statements and a stream."""
    titles = step_titles(template)
    version = _current(template)
    calendar = map_of(version).calendar if version is not None else None
    tasks = (
        WorkItem.objects.filter(request__in=period.requests(template))
        .exclude(state="cancelled")
        .order_by("id")
    )
    for values in tasks.values_list(*COLUMNS).iterator(chunk_size=5000):
        yield _row(values, titles, calendar)


def _row(values: Any, titles: Mapping[int, str], calendar: Calendar | None) -> TaskRow:
    request, step, person, enabled, start, end, waited, worked, paused = values
    business = None
    if waited is not None and worked is not None:
        business = waited + worked
    elif enabled is not None and end is not None and calendar is not None:
        business = calendar.between(enabled, end).total_seconds()
    return TaskRow(request, titles[step], person, enabled, start, end, business, paused)


def _current(template: WorkflowTemplate) -> TemplateVersion | None:
    versions = template.versions.select_related("template").exclude(state=TemplateVersion.DRAFT)
    return versions.order_by("-number").first()


def expected_seconds(template: WorkflowTemplate) -> dict[str, float]:
    """What each step of the current version should take, in business seconds."""
    version = _current(template)
    if version is None:
        return {}
    calendar = map_of(version).calendar
    titles = step_titles(template)
    steps = Step.objects.filter(version=version).exclude(expected=None).exclude(expected="")
    return {
        titles[step.pk]: float(calendar.seconds(parse_duration(step.expected or "0h")))
        for step in steps
    }


def workflow_figures(
    template: WorkflowTemplate, period: Period, *, now: datetime
) -> dict[str, Any]:
    """All bottleneck figures of a workflow's requests of this period."""
    states = dict(period.requests(template).values_list("pk", "state"))
    return figures(
        task_rows(template, period),
        finished={pk for pk, state in states.items() if state == WorkflowInstance.COMPLETED},
        gone={pk for pk, state in states.items() if state not in WorkflowInstance.LIVE},
        expected=expected_seconds(template),
        now=now,
    )
