"""The workflows whose reports a person may read, with what is open."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy

from approvals.ui.tables import Column, CountColumn, MomentColumn, ReportTable
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.open_work import open_instances_count
from workflows.people.models import User


@dataclass(frozen=True, slots=True)
class OverviewLine:
    """One workflow."""

    key: str
    name: str
    open_requests: int
    requests: int
    last_end: datetime | None


def reports_overview_table(user: User | AnonymousUser) -> ReportTable[OverviewLine]:
    """The workflows that this person may audit, by name. One statement."""
    return ReportTable(
        key="reports",
        as_cards=True,
        columns=[
            Column("", "workflow", lambda line: line.key, on_page=False),
            Column(
                gettext_lazy("Workflow"),
                "name",
                lambda line: line.name,
                href=lambda line: reverse("reporting:report", args=[line.key]),
            ),
            CountColumn(gettext_lazy("Open now"), "open_now", lambda line: line.open_requests),
            CountColumn(gettext_lazy("Requests"), "requests", lambda line: line.requests),
            MomentColumn(
                gettext_lazy("Last one finished"),
                "last_one_finished",
                lambda line: line.last_end,
                empty=gettext_lazy("none yet"),
            ),
        ],
        rows=_read_lines(user),
    )


def _read_lines(user: User | AnonymousUser) -> list[OverviewLine]:
    is_here = ~Q(instances__state__in=WorkflowInstance.NOT_HERE)
    rows = WorkflowTemplate.objects.auditable_by(user).annotate(
        requests=Count("instances", filter=is_here),
        open_requests=open_instances_count(),
        last_end=Max("instances__completed_at", filter=is_here),
    )
    columns = ("key", "name", "open_requests", "requests", "last_end")
    return [OverviewLine(*values) for values in rows.order_by("name").values_list(*columns)]
