"""What has rotted as a table: declared once for the page and the CSV."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy

from approvals.ui.tables import CellNote, Column, MomentColumn, ReportTable
from reporting.decay.messages import KIND_TITLES, URGENT, describe_decay, next_step_of
from reporting.decay.queries import Decay
from workflows.people.models import User


def decay_table(rows: Iterable[Decay], reader: User | AnonymousUser) -> ReportTable[Decay]:
    """The rows in their order, each with what to do next."""

    def next_notes(row: Decay) -> list[CellNote]:
        step = next_step_of(row, reader)
        return [CellNote(step.text, step.address, "do", f"{step.text}: {row.thing}")]

    return ReportTable(
        key="ownership",
        columns=[
            Column(
                gettext_lazy("What"),
                "kind",
                lambda row: row.kind.value,
                text=lambda row: str(KIND_TITLES[row.kind]),
                is_late=lambda row: row.kind in URGENT,
            ),
            Column(gettext_lazy("Of what"), "thing", lambda row: row.thing),
            Column(
                "",
                "workflow",
                lambda row: row.workflow.key if row.workflow is not None else None,
                on_page=False,
            ),
            Column(
                "",
                "person",
                lambda row: row.person.get_username() if row.person is not None else None,
                on_page=False,
            ),
            Column(gettext_lazy("Why"), "why", describe_decay, notes=next_notes),
            MomentColumn(gettext_lazy("Since"), "since", lambda row: row.since),
            Column("", "to_do", lambda row: next_step_of(row, reader).text, on_page=False),
        ],
        rows=list(rows),
    )
