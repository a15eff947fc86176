"""A review's facts as tables: the same columns for the page, the CSV files and the terminal."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from approvals.ui.tables import BusinessSpanColumn, Column, CountColumn, ReportTable, Sentence
from reporting.reviews.facts.choices import ComparedFigure
from reporting.reviews.facts.measures import IncidentCountDetails
from reporting.reviews.facts.review_facts import (
    BypassedApproval,
    FigureComparison,
    FixResult,
    ReviewFacts,
    ReviewRouteFacts,
    ReviewStepFacts,
)
from reporting.reviews.messages.amounts import render_amount
from reporting.reviews.messages.measures import (
    describe_measure,
    describe_route_ends,
    render_step_counts,
)
from reporting.reviews.messages.savings import describe_savings
from workflows.definitions.choices import kind_word
from workflows.execution.texts.incident_codes import incident_code_text

WORDS = "number words"
"""The class of a cell with words that stands right, as figures do."""


def review_tables(facts: ReviewFacts) -> list[ReportTable[Any]]:
    """All tables that have something to say, in the page's order."""
    candidates: tuple[ReportTable[Any], ...] = (
        _comparison_table(facts),
        _fixes_table(facts),
        _steps_table(facts),
        _routes_table(facts),
        _incidents_table(facts),
        _bypassed_approvals_table(facts),
    )
    return [table for table in candidates if table.rows]


def _comparison_table(facts: ReviewFacts) -> ReportTable[FigureComparison]:
    day = facts.working_day_s
    return ReportTable(
        key="figures",
        title=gettext_lazy("Against the last review and before"),
        hint=gettext_lazy(
            "A request went well when it came to an end by a way that the map does not mark as an"
            " exception. It had an error when a step was done again or an incident was opened."
        ),
        columns=[
            Column(
                gettext_lazy("Figure"),
                "Figure",
                lambda line: str(ComparedFigure(line.figure).label),
            ),
            _amount_column(gettext_lazy("Now"), "Now", lambda line: line.now, day),
            _amount_column(gettext_lazy("Last review"), "Last review", lambda line: line.last, day),
            _amount_column(
                gettext_lazy("Before the workflow"),
                "Before the workflow",
                lambda line: line.baseline,
                day,
            ),
        ],
        rows=facts.against,
    )


def _amount_column(
    heading: Sentence, name: str, amount: Callable[[FigureComparison], float | None], day: int
) -> Column[FigureComparison]:
    """An amount in the unit of its line; `day` is the working day in seconds."""
    return Column(
        heading,
        name,
        amount,
        text=lambda line: render_amount(amount(line), line.unit, day),
        css="number",
    )


def _fixes_table(facts: ReviewFacts) -> ReportTable[FixResult]:
    return ReportTable(
        key="fixes",
        title=gettext_lazy("Did the fixes of the last review help?"),
        hint=gettext_lazy("The figure of each finding that was to be fixed, then and now."),
        columns=_fix_columns(facts.working_day_s),
        rows=facts.fixes,
    )


def _fix_columns(day: int) -> list[Column[FixResult]]:
    return [
        Column(gettext_lazy("Finding"), "Finding", lambda fix: describe_measure(fix.finding)),
        Column(
            gettext_lazy("Then"),
            "Then",
            lambda fix: fix.before,
            text=lambda fix: render_amount(fix.before, fix.unit, day),
            css="number",
        ),
        Column(
            gettext_lazy("Now"),
            "Now",
            lambda fix: fix.after,
            text=lambda fix: _figure_after_fix(fix, day),
            css="number",
        ),
        Column(
            gettext_lazy("Helped"),
            "Helped",
            lambda fix: fix.helped,
            text=lambda fix: gettext("yes") if fix.helped else gettext("no"),
            is_late=lambda fix: not fix.helped,
            css=WORDS,
        ),
    ]


def _figure_after_fix(fix: FixResult, day: int) -> str:
    return gettext("gone") if fix.after is None else render_amount(fix.after, fix.unit, day)


def _steps_table(facts: ReviewFacts) -> ReportTable[ReviewStepFacts]:
    return ReportTable(
        key="steps",
        title=gettext_lazy("Steps"),
        hint=gettext_lazy(
            "Times are working time, waiting and working together (wd: working days); the gap is"
            " the median over what is expected."
        ),
        columns=_step_columns(facts.working_day_s),
        rows=facts.steps,
    )


def _step_columns(day: int) -> list[Column[ReviewStepFacts]]:
    return [
        Column(gettext_lazy("Step"), "Step", lambda step: step.name),
        Column(
            gettext_lazy("Kind"),
            "Kind",
            lambda step: step.kind,
            text=lambda step: kind_word(step.kind),
            css=WORDS,
        ),
        CountColumn(gettext_lazy("Used"), "Used", lambda step: step.used),
        CountColumn(gettext_lazy("Skipped"), "Skipped", lambda step: step.skipped),
        BusinessSpanColumn(gettext_lazy("Median"), "Median", lambda step: step.median_s, day=day),
        BusinessSpanColumn(gettext_lazy("9 of 10"), "9 of 10", lambda step: step.p90_s, day=day),
        BusinessSpanColumn(
            gettext_lazy("Expected"), "Expected", lambda step: step.expected_s, day=day
        ),
        BusinessSpanColumn(
            gettext_lazy("Gap"),
            "Gap",
            lambda step: step.gap_s,
            is_late=lambda step: (step.gap_s or 0) > 0,
            day=day,
        ),
    ]


def _routes_table(facts: ReviewFacts) -> ReportTable[ReviewRouteFacts]:
    return ReportTable(
        key="ways",
        title=gettext_lazy("Ways, the least taken first"),
        hint=gettext_lazy("Exception ways may well rest; the others are there to be taken."),
        columns=[
            Column(gettext_lazy("Way"), "Way", lambda route: describe_route_ends(route.route)),
            Column(
                gettext_lazy("Kind"),
                "Kind",
                lambda route: "exception" if route.exception else route.kind,
                text=lambda route: (
                    gettext("exception") if route.exception else kind_word(route.kind)
                ),
                css=WORDS,
            ),
            CountColumn(
                gettext_lazy("Taken"),
                "Taken",
                lambda route: route.taken,
                is_late=lambda route: not route.taken and not route.exception,
            ),
        ],
        rows=sorted(facts.ways, key=lambda route: (route.exception, route.taken)),
    )


def _incidents_table(facts: ReviewFacts) -> ReportTable[IncidentCountDetails]:
    return ReportTable(
        key="incidents",
        title=gettext_lazy("Incidents by cause"),
        hint=gettext_lazy("Incidents that were opened in the period."),
        columns=[
            Column(
                gettext_lazy("Cause"),
                "Code",
                lambda line: line.code,
                text=lambda line: incident_code_text(line.code),
            ),
            CountColumn(gettext_lazy("Count"), "Count", lambda line: line.count),
            CountColumn(
                gettext_lazy("Still open"),
                "Still open",
                lambda line: line.open,
                is_late=lambda line: bool(line.open),
            ),
            Column(
                gettext_lazy("Steps"),
                "Steps",
                lambda line: render_step_counts(line.steps),
                css=WORDS,
            ),
        ],
        rows=facts.incidents,
    )


def _bypassed_approvals_table(facts: ReviewFacts) -> ReportTable[BypassedApproval]:
    return ReportTable(
        key="past_approvals",
        title=gettext_lazy("Approvals that were gone past"),
        hint=gettext_lazy(
            "How often a request was sent on by hand past an approval that had not been given."
        ),
        columns=[
            Column(gettext_lazy("Approval"), "Approval", lambda line: line.step),
            CountColumn(
                gettext_lazy("Count"), "Count", lambda line: line.count, is_late=lambda _: True
            ),
        ],
        rows=facts.past_approvals,
    )


def review_text_lines(facts: ReviewFacts) -> Iterator[str]:
    """All facts for a terminal."""
    yield (
        f"{facts.name}, version {facts.version}: {facts.period.since:%Y-%m-%d} to"
        f" {facts.period.until:%Y-%m-%d}"
    )
    yield f"Owner {facts.owner or 'nobody'}, deputy {facts.deputy or 'nobody'}"
    for table in review_tables(facts):
        yield from table.text_lines()
    yield "\nSaved"
    yield from (f"  {sentence}" for sentence in describe_savings(facts))
    yield f"\nFindings: {len(facts.findings)}"
    for number, finding in enumerate(facts.findings, 1):
        yield f"  {number}. {describe_measure(finding.details)}"
