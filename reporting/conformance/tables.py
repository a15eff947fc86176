"""Where cases leave a map, as a table."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy

from approvals.ui.tables import Column, CountColumn, ReportTable, ShareColumn
from reporting.conformance.messages import cause_text, deviation_sentence, name_steps
from reporting.conformance.results import ConformanceResult, Deviation


def deviations_table(
    result: ConformanceResult, example_href: Callable[[str], str] | None = None
) -> ReportTable[Deviation]:
    """The ways to leave the map, the most frequent first; examples lead somewhere where they are
    our own."""
    titles = result.titles
    return ReportTable(
        key="deviations",
        title=gettext_lazy("Where cases leave the map"),
        columns=[
            Column(
                gettext_lazy("Stood at"),
                "step",
                lambda entry: entry.step,
                text=lambda entry: name_steps(entry.kind.steps, titles),
            ),
            Column(gettext_lazy("What came"), "activity", lambda entry: entry.kind.activity),
            CountColumn(gettext_lazy("Cases"), "count", lambda entry: entry.count),
            ShareColumn(
                gettext_lazy("Of all"), "share", lambda entry: entry.count / max(1, result.cases)
            ),
            Column(
                gettext_lazy("For example"),
                "example",
                lambda entry: entry.example,
                href=(lambda entry: example_href(entry.example)) if example_href else None,
            ),
            Column(
                gettext_lazy("Why it leaves"),
                "message",
                lambda entry: deviation_sentence(entry.kind, titles),
                text=lambda entry: cause_text(entry.kind.cause),
            ),
        ],
        rows=result.deviations,
        as_cards=True,
    )
