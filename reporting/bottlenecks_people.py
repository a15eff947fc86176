"""Figures by person, from the raw rows: not rolled up, because few may see them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from reporting.bottlenecks import Span
from reporting.quantiles import quantile
from reporting.rows import step_titles
from reporting.wording import NONE, span
from workflows.models import WorkflowTemplate, WorkItem


@dataclass(slots=True)
class PersonLine:
    """One person at one step."""

    person: str
    step: str
    done: int = 0
    overdue: int = 0
    waits: list[int] = field(default_factory=list)
    works: list[int] = field(default_factory=list)

    @property
    def waiting(self) -> str:
        """The median time until this person took a task up."""
        return _median(self.waits)

    @property
    def working(self) -> str:
        """The median time that this person worked on a task."""
        return _median(self.works)


def _median(values: Sequence[int]) -> str:
    return span(quantile(sorted(values), 0.5) / 1_000_000) if values else NONE


def people_lines(template: WorkflowTemplate, period: Span) -> list[PersonLine]:
    """Who did how many tasks of each step, and how long they took; by step, then by name."""
    tasks = (
        WorkItem.objects.here()
        .filter(request__template=template, state="done", completed_at__isnull=False)
        .exclude(performer_name="")
    )
    if period.since is not None:
        tasks = tasks.filter(completed_at__gte=_begin(period.since))
    if period.until is not None:
        tasks = tasks.filter(completed_at__lt=_begin(period.until))
    titles = step_titles(template)
    lines: dict[tuple[str, str], PersonLine] = {}
    columns = ("performer_name", "step_id", "waiting_seconds", "working_seconds")
    rows = tasks.order_by("id").values_list(*columns, "due_at", "completed_at")
    for person, step, waited, worked, due, done in rows.iterator(2000):
        key = (titles[step], person)
        line = lines.setdefault(key, PersonLine(person=person, step=titles[step]))
        line.done += 1
        line.overdue += due is not None and done > due
        if waited is not None:
            line.waits.append(round(waited * 1_000_000))
        if worked is not None:
            line.works.append(round(worked * 1_000_000))
    return [lines[key] for key in sorted(lines)]


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
