"""The steps of the health page: declared once for the page and the CSV."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from approvals.ui.tables import CellNote, Column, CountColumn, MomentColumn, ReportTable
from reporting.health.messages import describe_todo, state_light
from reporting.health.queries import StepHealthLine, WorkflowHealth
from workflows.execution.texts.incident_codes import incident_code_text
from workflows.language.formats import count_text, moment_text
from workflows.monitoring.queries.step_health import StepHealth


@dataclass(frozen=True, slots=True)
class HealthRow:
    """A step, with the workflow that it is of."""

    workflow: WorkflowHealth
    line: StepHealthLine

    @property
    def health(self) -> StepHealth:
        """The step's figures."""
        return self.line.health


def health_table(
    workflows: Iterable[WorkflowHealth], openable_lists: Collection[str] = ()
) -> ReportTable[HealthRow]:
    """The steps of these workflows in their order; what to do leads to those lists of the admin
    that the reader may open."""

    def step_notes(row: HealthRow) -> list[CellNote]:
        return [*_version_notes(row.health), *_todo_notes(row.line, openable_lists)]

    return ReportTable(
        key="health",
        columns=[
            Column("", "workflow", lambda row: row.workflow.template.key, on_page=False),
            Column("", "version", lambda row: row.health.step.version.number, on_page=False),
            Column("", "step", lambda row: row.health.step.key, on_page=False),
            Column(
                gettext_lazy("Step"),
                "name",
                lambda row: str(row.health.step),
                light=lambda row: state_light(row.health.state),
                notes=step_notes,
            ),
            Column("", "kind", lambda row: row.health.step.kind, on_page=False),
            Column("", "state", lambda row: row.health.state, on_page=False),
            *_run_columns(),
            *_trouble_columns(),
        ],
        rows=[HealthRow(workflow, line) for workflow in workflows for line in workflow.steps],
    )


def _run_columns() -> list[Column[HealthRow]]:
    """When it last went well, and how often it failed."""
    return [
        MomentColumn(
            gettext_lazy("Last went well"),
            "last_success",
            lambda row: row.health.last_success,
            empty=gettext_lazy("never"),
        ),
        CountColumn("", "runs_7_days", lambda row: row.health.runs_week, on_page=False),
        CountColumn(
            gettext_lazy("Failed, 7 days"),
            "failed_7_days",
            lambda row: row.health.failed_week,
            notes=lambda row: _of_runs(row.health.runs_week),
        ),
        CountColumn("", "runs_90_days", lambda row: row.health.runs_quarter, on_page=False),
        CountColumn(
            gettext_lazy("Failed, 90 days"),
            "failed_90_days",
            lambda row: row.health.failed_quarter,
            notes=lambda row: _of_runs(row.health.runs_quarter),
        ),
    ]


def _trouble_columns() -> list[Column[HealthRow]]:
    """What went wrong last, what is open and late, and whose it is."""
    return [
        Column(
            gettext_lazy("Last error"),
            "last_error",
            lambda row: row.health.last_error,
            text=lambda row: _error_text(row.health.last_error),
            notes=lambda row: _moment_notes(row.health.last_error_at),
        ),
        Column("", "last_error_at", lambda row: row.health.last_error_at, on_page=False),
        Column("", "open_incidents", lambda row: row.health.open_incidents, on_page=False),
        Column("", "oldest_incident", _oldest_incident_reference, on_page=False),
        CountColumn(
            gettext_lazy("Overdue"),
            "overdue",
            lambda row: row.health.overdue,
            is_late=lambda row: row.health.overdue > 0,
        ),
        Column("", "overdue_since", lambda row: row.health.overdue_since, on_page=False),
        Column(gettext_lazy("Whose it is"), "owner", lambda row: row.health.owner),
        Column(
            "",
            "to_do",
            lambda row: "; ".join(describe_todo(todo) for todo in row.line.todo),
            on_page=False,
        ),
    ]


def _oldest_incident_reference(row: HealthRow) -> str | None:
    incident = row.health.oldest_incident
    return incident.request.reference if incident else None


def _of_runs(count: int) -> list[CellNote]:
    return [CellNote(gettext("of %(count)s") % {"count": count_text(count)})]


def _error_text(code: str | None) -> str:
    """What Handoff itself says of a step, in words; a code of an action's own as it is."""
    return incident_code_text(code) if code else gettext("none")


def _moment_notes(moment: datetime | None) -> list[CellNote]:
    return [CellNote(moment_text(moment))] if moment else []


def _version_notes(health: StepHealth) -> list[CellNote]:
    """Which version it is of, where that is not the one in use."""
    version = health.step.version
    if version.state == "published":
        return []
    return [CellNote(gettext("version %(number)s") % {"number": version.number})]


def _todo_notes(line: StepHealthLine, openable_lists: Collection[str]) -> Sequence[CellNote]:
    notes = [
        CellNote(
            describe_todo(todo),
            todo.address if todo.model in openable_lists else "",
            "do",
            f"{describe_todo(todo)}: {line.health.step}",
        )
        for todo in line.todo
    ]
    incident = line.health.oldest_incident
    if notes and incident:
        reference = incident.request.reference
        text = gettext("the oldest: %(reference)s") % {"reference": reference}
        notes.insert(1, CellNote(text, reverse("approvals:request", args=[reference]), "do"))
    return notes
