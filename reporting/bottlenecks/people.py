"""Figures by person, from the raw rows: not rolled up, because few may see them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from approvals.ui.tables import Column, CountColumn, ReportTable, SpanColumn
from reporting.metrics.native_rows import report_step_titles
from reporting.metrics.quantiles import quantile
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkItem

SECOND = 1_000_000


@dataclass(slots=True)
class PersonLine:
    """One person at one step."""

    person: str
    step: str
    done: int = 0
    overdue: int = 0
    waits: list[int] = field(default_factory=list)
    works: list[int] = field(default_factory=list)


def _median_seconds(values: Sequence[int]) -> float | None:
    return quantile(sorted(values), 0.5) / SECOND if values else None


def finished_tasks(template: WorkflowTemplate) -> QuerySet[WorkItem]:
    """The tasks of a workflow that somebody has done."""
    return (
        WorkItem.objects.of_visible_instances()
        .filter(request__template=template, state="done", completed_at__isnull=False)
        .exclude(performer_name="")
    )


def collect_person_lines(template: WorkflowTemplate, tasks: QuerySet[WorkItem]) -> list[PersonLine]:
    """Who did how many of these tasks at each step, and how long they took; by step, then by
    name."""
    titles = report_step_titles(template)
    lines: dict[tuple[str, str], PersonLine] = {}
    columns = ("performer_name", "step_id", "waiting_seconds", "working_seconds")
    rows = tasks.order_by("id").values_list(*columns, "due_at", "completed_at")
    for person, step, waited, worked, due, done in rows.iterator(2000):
        key = (titles[step], person)
        line = lines.setdefault(key, PersonLine(person=person, step=titles[step]))
        line.done += 1
        line.overdue += due is not None and done is not None and done > due
        if waited is not None:
            line.waits.append(round(waited * SECOND))
        if worked is not None:
            line.works.append(round(worked * SECOND))
    return [lines[key] for key in sorted(lines)]


def people_table(lines: Sequence[PersonLine]) -> ReportTable[PersonLine]:
    """Who did how much, and how long it took at the median."""
    return ReportTable(
        key="people",
        title=gettext_lazy("Tasks done, by step and person"),
        hint=gettext_lazy(
            "Medians by the clock: waiting until the person took a task up, then working."
        ),
        columns=[
            Column(
                gettext_lazy("Step and person"), "step", lambda line: f"{line.step}: {line.person}"
            ),
            CountColumn(gettext_lazy("Done"), "done", lambda line: line.done),
            SpanColumn(
                gettext_lazy("Waiting"),
                "waiting_median_s",
                lambda line: _median_seconds(line.waits),
            ),
            SpanColumn(
                gettext_lazy("Working"),
                "working_median_s",
                lambda line: _median_seconds(line.works),
            ),
            CountColumn(gettext_lazy("Overdue"), "overdue", lambda line: line.overdue),
        ],
        rows=lines,
    )
