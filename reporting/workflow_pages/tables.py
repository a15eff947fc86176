"""The list of workflows."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from approvals.ui.formats import person_name
from approvals.ui.tables import CellLight, Column, CountColumn, ReportTable
from reporting.workflow_pages.messages import STATE_CSS
from reporting.workflow_pages.page import WorkflowLine
from workflows.people.models import User
from workflows.people.queries.person_names import name_in_workflow


def workflows_table(lines: Sequence[WorkflowLine]) -> ReportTable[WorkflowLine]:
    """The workflows that somebody answers for or may audit."""
    return ReportTable(
        key="workflows",
        as_cards=True,
        columns=[
            Column(
                gettext_lazy("Workflow"),
                "workflow",
                lambda line: line.template.name,
                href=lambda line: reverse("workflows:page", args=[line.template.key]),
            ),
            Column(
                gettext_lazy("State"),
                "state",
                lambda line: line.state.value,
                text=lambda _: "",
                light=lambda line: CellLight(STATE_CSS[line.state], str(line.state.label)),
            ),
            CountColumn(
                gettext_lazy("Open requests"), "open_requests", lambda line: line.open_requests
            ),
            Column(
                gettext_lazy("Owner"),
                "owner",
                lambda line: _name_of(line.template.owner),
                text=_owner_now,
            ),
            Column(gettext_lazy("Deputy"), "deputy", lambda line: _name_of(line.template.deputy)),
        ],
        rows=lines,
    )


def _owner_now(line: WorkflowLine) -> str:
    """On the page, while they are away, also until when and who stands in."""
    return name_in_workflow(line.template.owner, line.template.pk) or _name_of(None)


def _name_of(person: User | None) -> str:
    return person_name(person, gettext("nobody"))
