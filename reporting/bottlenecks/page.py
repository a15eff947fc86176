"""What the report page shows: what to do, the map coloured, and tables that are CSV files too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext

from approvals.ui.tables import ReportTable
from reporting.bottlenecks.findings import BottleneckFinding, collect_findings
from reporting.bottlenecks.messages import FindingSentences, describe_finding
from reporting.bottlenecks.queries import Bottlenecks, Totals
from reporting.bottlenecks.requester_table import requester_table
from reporting.bottlenecks.tables import (
    handoffs_table,
    lost_time_table,
    problems_table,
    roles_table,
    times_table,
)
from reporting.bottlenecks.trends import StepQueue, StepTrend, collect_queues, collect_trends
from reporting.bottlenecks.versions_table import versions_table
from reporting.bottlenecks.weekly_tables import queue_table, trend_table
from workflows.language.formats import date_text, render_time_span, share_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """The whole page."""

    finished: int
    done: int
    open_now: int
    median: str
    p90: str
    repeat_share: str
    overdue_share: str
    is_exact: bool
    day_hours: int
    findings: list[BottleneckFinding]
    period: str
    tables: Sequence[ReportTable[Any]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.done and not self.open_now

    @property
    def advice(self) -> list[FindingSentences]:
        """The findings in words."""
        return [describe_finding(finding) for finding in self.findings]


def build_report_page(figures: Bottlenecks) -> ReportPage:
    """The page of these figures. Four statements, and one more where requesters were asked."""
    steps, trend, queue = figures.by_step(), collect_trends(figures), collect_queues(figures)
    quantiles = figures.requests["quantiles"] or [None, None]
    finished = figures.requests["finished"]
    done = sum(totals.completed for totals in steps.values())
    overdue = sum(totals.overdue for totals in steps.values())
    return ReportPage(
        finished=finished,
        done=done,
        open_now=sum(figures.open_now().values()),
        median=render_time_span(quantiles[0]),
        p90=render_time_span(quantiles[1]),
        repeat_share=share_text(figures.requests["repeated"] / finished if finished else None),
        overdue_share=share_text(overdue / done if done else None),
        is_exact=all(totals.is_exact for totals in steps.values()),
        day_hours=figures.day // 3600,
        findings=collect_findings(figures, steps, trend, queue),
        period=_render_period(figures),
        tables=_build_report_tables(figures, steps, trend, queue),
    )


def _build_report_tables(
    figures: Bottlenecks,
    steps: Mapping[str, Totals],
    trend: Sequence[StepTrend],
    queue: Sequence[StepQueue],
) -> list[ReportTable[Any]]:
    """The tables that have rows, in the page's order."""
    tables: list[ReportTable[Any]] = [
        lost_time_table(figures, steps),
        times_table(figures, steps),
        problems_table(steps),
        requester_table(figures),
        trend_table(figures, trend),
        queue_table(figures, queue),
        handoffs_table(figures),
        roles_table(figures),
        versions_table(figures),
    ]
    return [table for table in tables if table.rows]


def _render_period(figures: Bottlenecks) -> str:
    """By which tasks these figures are, where any were done."""
    days = _find_period(figures)
    if days is None:
        return ""
    return gettext("By the tasks that were done from %(first)s to %(last)s.") % {
        "first": date_text(days[0]),
        "last": date_text(days[1]),
    }


def _find_period(figures: Bottlenecks) -> tuple[date, date] | None:
    """The first and last day of the weeks of the period in which tasks were done."""
    done = [monday for (_, monday), (_, done, _) in figures.weeks.moves.items() if done]
    inside = sorted(monday for monday in done if figures.is_inside(monday))
    if not inside:
        return None
    since, until = figures.span.since, figures.span.until
    ends = [inside[-1] + timedelta(days=6)]
    if until:
        ends.append(until - timedelta(days=1))
    if figures.newest_day:
        ends.append(figures.newest_day)
    return max(inside[0], since) if since else inside[0], min(ends)
