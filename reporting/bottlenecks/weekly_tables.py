"""What changed from week to week: medians against the first month, and queues, with charts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from approvals.ui.tables import CellNote, Column, CountColumn, DayColumn, ReportTable, SpanColumn
from reporting.bottlenecks.messages import (
    render_queue,
    render_total_queue,
    render_trend,
    render_week_count,
)
from reporting.bottlenecks.queries import Bottlenecks
from reporting.bottlenecks.trends import StepQueue, StepTrend
from reporting.ui.charts import draw_line_chart, draw_queue_chart
from workflows.language.formats import (
    DASH,
    DAY_SECONDS,
    SpanUnit,
    choose_span_unit,
    date_text,
    render_business_span,
    render_span_in,
    render_time_span,
)

WEEKS_SHOWN = 26
CHARTS = 2
"""So many steps have their trend drawn; the table has them all."""


# -- medians ----------------------------------------------------------------------------------


def trend_table(figures: Bottlenecks, trend: Sequence[StepTrend]) -> ReportTable[StepTrend]:
    """Each step's newest median beside its first month and what is expected."""
    return ReportTable(
        key="trend",
        title=gettext_lazy("Getting slower, or quicker"),
        hint=gettext_lazy(
            "Each step's weekly median against its own first month (working time, queue included;"
            " waiting by the clock where the calendar is not known). Weeks with three tasks or"
            " more."
        ),
        columns=_trend_columns(_TrendSpans.of(trend, figures.day)),
        rows=trend,
        charts=[
            (render_trend(entry, figures.day), _trend_chart(figures, entry))
            for entry in _select_drawn_trends(figures, trend)
        ],
    )


@dataclass(frozen=True, slots=True)
class _TrendSpans:
    """Writes all lengths of the table in one unit, so that they compare at a glance: in days only
    where all are of one kind, for a working day is shorter than one by the clock."""

    unit: SpanUnit
    day: int

    @classmethod
    def of(cls, trend: Sequence[StepTrend], day: int) -> "_TrendSpans":
        """In the unit that suits these steps."""
        kinds = {entry.in_business_time for entry in trend}
        own_day = day if kinds == {True} else DAY_SECONDS
        unit = choose_span_unit((entry.now for entry in trend), own_day)
        is_mixed_day = len(kinds) > 1 and unit == SpanUnit.DAYS
        return cls(SpanUnit.HOURS if is_mixed_day else unit, own_day)

    def text(self, seconds: float | None) -> str:
        """'26.5 h'."""
        return DASH if seconds is None else render_span_in(seconds, self.unit, self.day)


def _trend_columns(spans: _TrendSpans) -> list[Column[StepTrend]]:
    return [
        Column(gettext_lazy("Step"), "step", lambda entry: entry.step),
        SpanColumn(
            gettext_lazy("Expected"),
            "expected_s",
            lambda entry: entry.expected,
            text=lambda entry: spans.text(entry.expected),
        ),
        SpanColumn(
            gettext_lazy("First month"),
            "first_month_s",
            lambda entry: entry.usual,
            text=lambda entry: spans.text(entry.usual),
        ),
        _newest_week_column(spans),
        CountColumn(
            gettext_lazy("Worse for"),
            "weeks_worse",
            lambda entry: entry.worse_for,
            text=lambda entry: render_week_count(entry.worse_for) if entry.worse_for else DASH,
            is_late=lambda entry: entry.crept,
        ),
    ]


def _newest_week_column(spans: _TrendSpans) -> Column[StepTrend]:
    return SpanColumn(
        gettext_lazy("Newest week"),
        "last_week_s",
        lambda entry: entry.now,
        text=lambda entry: spans.text(entry.now),
        notes=_week_notes,
        is_late=lambda entry: entry.crept,
    )


def _span_text(trend: StepTrend, seconds: float | None, day: int) -> str:
    return (
        render_business_span(seconds, day) if trend.in_business_time else render_time_span(seconds)
    )


def _week_notes(trend: StepTrend) -> list[CellNote]:
    """Which week the newest one is, where that is not now."""
    if trend.is_of_now or trend.last is None:
        return []
    return [CellNote(gettext("week of %(day)s") % {"day": date_text(trend.last)})]


def _select_drawn_trends(figures: Bottlenecks, trend: Sequence[StepTrend]) -> list[StepTrend]:
    """What crept up, then what costs most."""
    order = list(figures.by_step())

    def rank_of(entry: StepTrend) -> int:
        return order.index(entry.step) if entry.step in order else 99

    ranked = sorted(trend, key=lambda entry: (not entry.crept, rank_of(entry)))
    return [entry for entry in ranked if len(entry.weeks) > 1][:CHARTS]


def _trend_chart(figures: Bottlenecks, trend: StepTrend) -> SafeString:
    marks = [(gettext("first month"), trend.usual)] if trend.usual is not None else []
    if trend.expected is not None:
        marks.append((gettext("expected"), trend.expected))
    points = [(monday, median) for monday, median, _ in trend.weeks][-WEEKS_SHOWN:]
    return draw_line_chart(
        trend.step, points, marks, lambda seconds: _span_text(trend, seconds, figures.day)
    )


# -- queues -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WeekLine:
    """What came and went in one week, and what was open at its end."""

    monday: date
    arrived: int
    completed: int
    open_at_end: int


def queue_table(figures: Bottlenecks, queue: Sequence[StepQueue]) -> ReportTable[WeekLine]:
    """The last half year, the newest week first."""
    weeks = _week_lines(figures, figures.weeks.open_at_end())
    return ReportTable(
        key="queue",
        title=gettext_lazy("Queue by week"),
        hint=gettext_lazy(
            "Tasks that came, were done, were cancelled, and were open at the week's end (UTC)."
        ),
        columns=[
            DayColumn(gettext_lazy("Week of"), "week", lambda line: line.monday),
            CountColumn(gettext_lazy("Came"), "arrived", lambda line: line.arrived),
            CountColumn(gettext_lazy("Done"), "completed", lambda line: line.completed),
            CountColumn(
                gettext_lazy("Open at its end"), "open_at_end", lambda line: line.open_at_end
            ),
        ],
        rows=weeks[::-1],
        charts=_queue_charts(figures, queue, weeks),
    )


def _week_lines(
    figures: Bottlenecks, open_by_week: Mapping[date, int], step: str | None = None
) -> list[WeekLine]:
    """The weeks of the period, the last half year of them; of one step or of all."""
    arrived_by_week, completed_by_week = _count_weekly_moves(figures, step)
    return [
        WeekLine(
            monday,
            arrived_by_week.get(monday, 0),
            completed_by_week.get(monday, 0),
            open_by_week.get(monday, 0),
        )
        for monday in _select_recent_weeks(figures, figures.weeks.mondays())
    ]


def _select_recent_weeks(figures: Bottlenecks, mondays: Iterable[date]) -> list[date]:
    inside = [monday for monday in mondays if figures.is_inside(monday)]
    return inside[-WEEKS_SHOWN:]


def _count_weekly_moves(
    figures: Bottlenecks, step: str | None = None
) -> tuple[dict[date, int], dict[date, int]]:
    arrived_by_week: dict[date, int] = {}
    completed_by_week: dict[date, int] = {}
    for (name, day), (arrived, completed, _) in figures.weeks.moves.items():
        if step in (None, name):
            arrived_by_week[day] = arrived_by_week.get(day, 0) + arrived
            completed_by_week[day] = completed_by_week.get(day, 0) + completed
    return arrived_by_week, completed_by_week


def _queue_charts(
    figures: Bottlenecks, queue: Sequence[StepQueue], weeks: Sequence[WeekLine]
) -> list[tuple[str, SafeString]]:
    """All steps together, then the longest queue."""
    if len(weeks) < 2:
        return []
    drawn = [(_total_queue_text(figures, weeks), _queue_chart(gettext("All steps"), weeks))]
    for entry in queue[:1]:
        if entry.now:
            lines = _week_lines(figures, entry.open, entry.step)
            drawn.append((render_queue(entry), _queue_chart(entry.step, lines)))
    return drawn


def _queue_chart(name: str, weeks: Sequence[WeekLine]) -> SafeString:
    return draw_queue_chart(
        name,
        [(line.monday, line.open_at_end) for line in weeks],
        [line.arrived for line in weeks],
        [line.completed for line in weeks],
    )


def _total_queue_text(figures: Bottlenecks, weeks: Sequence[WeekLine]) -> str:
    fullest, newest = max(weeks, key=lambda line: line.open_at_end), weeks[-1]
    return render_total_queue(
        now=newest.open_at_end,
        last=None if figures.is_of_now(newest.monday) else newest.monday,
        most=fullest.open_at_end,
        fullest=fullest.monday,
    )
