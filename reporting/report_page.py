"""What the report page shows: what to do, the map coloured, and tables that are CSV files too."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.safestring import SafeString

from approvals.wording import day as in_words
from reporting.bottlenecks import Bottlenecks, Totals
from reporting.bottlenecks_tables import (
    Cell,
    Table,
    clock,
    counted,
    handoffs_table,
    lost_table,
    named,
    roles_table,
    rounded,
    times_table,
    versions_table,
    work,
    wrong_table,
)
from reporting.bottlenecks_trend import Queue, Trend, queues, trends
from reporting.bottlenecks_words import (
    Finding,
    findings,
    percent,
    queue_line,
    trend_line,
    week_of,
    weeks,
)
from reporting.charts import line_chart, queue_chart
from reporting.wording import NONE, span

WEEKS_SHOWN = 26
CHARTS = 2
"""So many steps have their trend drawn; the table has them all."""


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
    findings: list[Finding]
    period: str
    tables: list[Table] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.done and not self.open_now


def report_page(found: Bottlenecks) -> ReportPage:
    """The page of these figures. Three statements."""
    steps, trend, queue = found.by_step(), trends(found), queues(found)
    whole = Totals()
    for totals in steps.values():
        whole.sums = [a + b for a, b in zip(whole.sums, totals.sums, strict=True)]
    quantiles = found.requests["quantiles"] or [None, None]
    finished = found.requests["finished"]
    return ReportPage(
        finished=finished,
        done=whole.completed,
        open_now=sum(found.open_now().values()),
        median=span(quantiles[0]),
        p90=span(quantiles[1]),
        repeat_share=percent(found.requests["repeated"] / finished if finished else None),
        overdue_share=percent(whole.share("overdue")),
        is_exact=all(totals.is_exact for totals in steps.values()),
        day_hours=found.day // 3600,
        findings=findings(found, steps, trend, queue),
        period=_period(found),
        tables=[
            table
            for table in (
                lost_table(found, steps),
                times_table(found, steps),
                wrong_table(steps),
                _trend_table(found, trend),
                _queue_table(found, queue),
                handoffs_table(found),
                roles_table(found),
                versions_table(found),
            )
            if table.rows
        ],
    )


def _period(found: Bottlenecks) -> str:
    """'from 3 Jan 2025 to 8 Mar 2026': the weeks of the period in which tasks were done."""
    done = [monday for (_, monday), (_, done, _) in found.weeks.moves.items() if done]
    inside = sorted(monday for monday in done if found.is_inside(monday))
    if not inside:
        return ""
    first, last = inside[0], inside[-1] + timedelta(days=6)
    since, until = found.span.since, found.span.until
    last = min([last, *([until - timedelta(days=1)] if until else []),
                *([found.newest_day] if found.newest_day else [])])  # fmt: skip
    return f"from {in_words(max(first, since) if since else first)} to {in_words(last)}"


# -- weeks ------------------------------------------------------------------------------------


def _trend_table(found: Bottlenecks, trend: Sequence[Trend]) -> Table:
    return Table(
        key="trend",
        title="Getting slower, or quicker",
        hint="Each step's weekly median against its own first month (working time, queue included;"
        " waiting by the clock where the calendar is not known). Weeks with three tasks or more.",
        columns=(
            ("Step", "step"), ("Expected", "expected_s"), ("First month", "first_month_s"),
            ("Newest week", "last_week_s"), ("Worse for", "weeks_worse"),
        ),
        rows=[
            [
                named(one.step),
                *(_of(one, found, value) for value in (one.expected, one.usual)),
                _newest(one, found),
                Cell(text=weeks(one.worse_for) if one.worse_for else NONE,
                     value=one.worse_for, late=one.crept),
            ]
            for one in trend
        ],
        charts=[
            (trend_line(one, found.day), _trend_chart(found, one))
            for one in _drawn(found, trend)
        ],
    )  # fmt: skip


def _newest(one: Trend, found: Bottlenecks) -> Cell:
    """The median of the newest week, and which week that is where it is not of now."""
    week = "" if one.is_of_now or one.last is None else f"week of {in_words(one.last)}"
    text = _of(one, found, one.now).text
    return Cell(text=text, value=rounded(one.now), late=one.crept, small=week)


def _drawn(found: Bottlenecks, trend: Sequence[Trend]) -> list[Trend]:
    """What crept up, then what costs most."""
    order = list(found.by_step())
    place: Callable[[Trend], int] = lambda one: order.index(one.step) if one.step in order else 99  # noqa: E731
    ranked = sorted(trend, key=lambda one: (not one.crept, place(one)))
    return [one for one in ranked if len(one.weeks) > 1][:CHARTS]


def _of(one: Trend, found: Bottlenecks, seconds: float | None) -> Cell:
    return work(seconds, found.day) if one.in_business_time else clock(seconds)


def _trend_chart(found: Bottlenecks, one: Trend) -> SafeString:
    marks = [("first month", one.usual)] if one.usual is not None else []
    if one.expected is not None:
        marks.append(("expected", one.expected))
    points = [(monday, median) for monday, median, _ in one.weeks][-WEEKS_SHOWN:]
    return line_chart(one.step, points, marks, lambda value: _of(one, found, value).text)


def _queue_table(found: Bottlenecks, queue: Sequence[Queue]) -> Table:
    still = found.weeks.open_at_end()
    came, done = _moves(found)
    shown = _shown(found, list(still))
    return Table(
        key="queue",
        title="Queue by week",
        hint="Tasks that came, were done, were cancelled, and were open at the week's end (UTC).",
        columns=(
            ("Week of", "week"), ("Came", "arrived"), ("Done", "completed"),
            ("Open at its end", "open_at_end"),
        ),
        rows=[
            [
                Cell(text=f"{day.day} {day:%b %Y}", value=day.isoformat()),
                counted(came.get(day, 0)), counted(done.get(day, 0)), counted(still[day]),
            ]
            for day in reversed(shown)
        ],
        charts=_queue_charts(found, queue, shown),
    )  # fmt: skip


def _shown(found: Bottlenecks, mondays: Iterable[date]) -> list[date]:
    """The weeks of the period, the last half year of them."""
    inside = [monday for monday in mondays if found.is_inside(monday)]
    return inside[-WEEKS_SHOWN:]


def _moves(found: Bottlenecks, step: str | None = None) -> tuple[dict[date, int], dict[date, int]]:
    came: dict[date, int] = {}
    done: dict[date, int] = {}
    for (name, day), (arrived, completed, _) in found.weeks.moves.items():
        if step in (None, name):
            came[day] = came.get(day, 0) + arrived
            done[day] = done.get(day, 0) + completed
    return came, done


def _queue_charts(
    found: Bottlenecks, queue: Sequence[Queue], shown: Sequence[date]
) -> list[tuple[str, SafeString]]:
    """All steps together, then the longest queue."""
    drawn: list[tuple[str, SafeString]] = []
    still = found.weeks.open_at_end()
    for name, step, ends in [
        ("All steps", None, still),
        *((one.step, one.step, one.open) for one in queue[:1] if one.now),
    ]:
        came, done = _moves(found, step)
        chart = queue_chart(
            name,
            [(day, ends.get(day, 0)) for day in shown],
            [came.get(day, 0) for day in shown],
            [done.get(day, 0) for day in shown],
        )
        words = next((queue_line(one) for one in queue if one.step == step), None)
        if chart:
            drawn.append((words or _all_line(found, still, shown), chart))
    return drawn


def _all_line(found: Bottlenecks, still: Mapping[date, int], shown: Sequence[date]) -> str:
    most = max(shown, key=lambda day: still[day])
    now = still[shown[-1]]
    then = "now" if found.is_of_now(shown[-1]) else f"at the end of {week_of(shown[-1])}"
    return f"All steps: {now:,} open {then}; most {still[most]:,}, in {week_of(most)}."
