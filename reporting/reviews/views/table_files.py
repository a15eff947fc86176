"""The tables of a review as files."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from approvals.ui.csv_download import table_csv_response
from approvals.ui.responses import signed_in_page
from approvals.ui.tables import Column, ReportTable
from reporting.reviews.messages.measures import describe_review_finding
from reporting.reviews.models import Decision, Finding
from reporting.reviews.tables import review_tables
from reporting.reviews.views.access import get_visible_review


@require_safe
@signed_in_page
def review_table_csv_view(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One table of a review as a file."""
    review = get_visible_review(request, pk)
    file = f"review-{review.template.key}-{review.period_end:%Y-%m-%d}-{name}"
    if name == "findings":
        findings = review.findings.prefetch_related("decisions__responsible")
        return table_csv_response(file, findings_table(list(findings)))
    tables = {table.key: table for table in review_tables(review.read_facts())}
    if name not in tables:
        raise Http404(gettext("There is no such table in this review."))
    return table_csv_response(file, tables[name])


def findings_table(findings: Sequence[Finding]) -> ReportTable[Finding]:
    """The findings with what was decided on each; the page shows each as a card of its own."""

    def decided(name: str, value: Callable[[Decision], Any]) -> Column[Finding]:
        return Column("", name, lambda finding: value(finding.decision) if finding.decision else "")

    return ReportTable(
        key="findings",
        columns=[
            Column("", "kind", lambda finding: finding.kind),
            Column("", "key", lambda finding: finding.key),
            Column("", "step", lambda finding: finding.step),
            Column("", "figure", lambda finding: finding.figure),
            Column("", "unit", lambda finding: finding.unit),
            Column("", "finding", describe_review_finding),
            Column("", "reviews_in_a_row", lambda finding: finding.times),
            decided("decision", lambda decision: decision.verdict),
            decided("reason", lambda decision: decision.reason),
            decided("until", lambda d: d.until.isoformat() if d.until else ""),
            decided(
                "who_sees_to_it",
                lambda d: d.responsible.get_username() if d.responsible else "",
            ),
            decided("decided_by", lambda decision: decision.made_by_name),
            decided("decided_at", lambda decision: decision.made_at),
        ],
        rows=findings,
    )
