"""The tables of the report page, each of which is a CSV file too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from django.utils.translation import gettext, gettext_lazy

from approvals.ui.tables import (
    BAR_WIDTH,
    BusinessSpanColumn,
    CellBar,
    Column,
    CountColumn,
    ReportTable,
    Sentence,
    ShareColumn,
    SpanColumn,
    single_bar,
)
from reporting.bottlenecks.findings import SECOND
from reporting.bottlenecks.messages import report_role_name
from reporting.bottlenecks.queries import Bottlenecks, KnownTimes, Totals
from workflows.language.formats import count_text, share_text

MANY = 0.2
"""A share of what goes wrong from which on it is marked."""
NINE_OF_TEN = gettext_lazy("9 of 10")


@dataclass(frozen=True, slots=True, kw_only=True)
class KindWords:
    """What the tables call the time that ranks steps, and how the CSV does."""

    name: str
    heading: Sentence
    total: Sentence
    steps_title: Sentence
    steps_hint: Sentence
    handoffs_title: Sentence


KINDS: Mapping[str, KindWords] = {
    "waiting": KindWords(
        name="waiting",
        heading=gettext_lazy("Waiting"),
        total=gettext_lazy("Waiting, total"),
        steps_title=gettext_lazy("Steps, most waiting first"),
        steps_hint=gettext_lazy(
            "Waiting by the clock. Nothing took longer than the map expects, or it expects nothing."
        ),
        handoffs_title=gettext_lazy("Hand-offs by total waiting"),
    ),
    "lead_in": KindWords(
        name="lead_in",
        heading=gettext_lazy("Lead-in"),
        total=gettext_lazy("Lead-in, total"),
        steps_title=gettext_lazy("Steps, most lead-in first"),
        steps_hint=gettext_lazy(
            "Lead-in by the clock. Nothing took longer than the map expects, or it expects nothing."
        ),
        handoffs_title=gettext_lazy("Hand-offs by total lead-in"),
    ),
}


@dataclass(frozen=True, slots=True)
class TotalsLine:
    """A row of figures under a name."""

    name: str
    totals: Totals


def _name_column(
    heading: Sentence, csv: str, bars: Callable[[TotalsLine], list[CellBar]] | None = None
) -> Column[TotalsLine]:
    return Column(heading, csv, lambda line: line.name, bars=bars)


def _quantile(line: TotalsLine, measure: str, place: int) -> float | None:
    return line.totals.at(measure)[place]


def _clock_columns(kind: str, heading: Sentence, csv: str) -> list[Column[TotalsLine]]:
    """Median and 90th percentile by the clock."""
    return [
        SpanColumn(heading, f"{csv}_median_s", partial(_quantile, measure=kind, place=0)),
        SpanColumn(NINE_OF_TEN, f"{csv}_p90_s", partial(_quantile, measure=kind, place=1)),
    ]


def _business_columns(kind: str, heading: Sentence, day: int) -> list[Column[TotalsLine]]:
    """Median and 90th percentile in working time."""
    median, p90 = (partial(_quantile, measure=f"{kind}_business", place=place) for place in (0, 1))
    return [
        BusinessSpanColumn(heading, f"{kind}_median_business_s", median, day=day),
        BusinessSpanColumn(NINE_OF_TEN, f"{kind}_p90_business_s", p90, day=day),
    ]


def _share_of(value: int, whole: int) -> float | None:
    return value / whole if whole else None


# -- where time is lost -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LossLine:
    """What a step takes and what the map expects of it, in seconds of working time."""

    name: str
    totals: Totals
    open_now: int
    expected: float | None
    actual: float | None
    ranked_by: int
    """Microseconds: what is lost, or waited where nothing is."""

    @property
    def gap(self) -> float | None:
        """The median beyond what is expected."""
        if self.actual is None or self.expected is None:
            return None
        return self.actual - self.expected


def lost_time_table(figures: Bottlenecks, steps: Mapping[str, Totals]) -> ReportTable[LossLine]:
    """Where time is lost: expected against actual, and what it adds up to."""
    lines = _loss_lines(figures, steps)
    any_lost = any(totals.excess for totals in steps.values())
    words = KINDS[figures.known_times.kind]
    return ReportTable(
        key="steps",
        title=gettext_lazy("Steps, most time lost first") if any_lost else words.steps_title,
        hint=gettext_lazy(
            "Lost: working time of all tasks beyond what the map expects of the step. Actual: the"
            " median, queue included."
        )
        if any_lost
        else words.steps_hint,
        columns=_lost_time_columns(lines, words, figures.day, any_lost=any_lost),
        rows=lines,
    )


def _lost_time_columns(
    lines: Sequence[LossLine], words: KindWords, day: int, *, any_lost: bool
) -> list[Column[LossLine]]:
    whole = sum(line.ranked_by for line in lines)
    most = max((line.ranked_by for line in lines), default=0)
    span = partial(BusinessSpanColumn[LossLine], day=day)
    return [
        Column(
            gettext_lazy("Step"),
            "step",
            lambda line: line.name,
            bars=lambda line: single_bar("waiting", line.ranked_by, most),
        ),
        CountColumn(gettext_lazy("Done"), "completed", lambda line: line.totals.completed),
        CountColumn(gettext_lazy("Open now"), "open_now", lambda line: line.open_now),
        span(gettext_lazy("Expected"), "expected_business_s", lambda line: line.expected),
        span(gettext_lazy("Actual"), "actual_median_business_s", lambda line: line.actual),
        span(gettext_lazy("Gap"), "gap_business_s", lambda line: line.gap, is_difference=True),
        span(gettext_lazy("Lost"), "excess_s", _ranked_seconds)
        if any_lost
        else SpanColumn(words.total, f"{words.name}_total_s", _ranked_seconds),
        ShareColumn(gettext_lazy("Share"), "share", lambda line: _share_of(line.ranked_by, whole)),
    ]


def _ranked_seconds(line: LossLine) -> float:
    return line.ranked_by / SECOND


def _loss_lines(figures: Bottlenecks, steps: Mapping[str, Totals]) -> list[LossLine]:
    expected, open_now = figures.expected(), figures.open_now()
    any_lost = any(totals.excess for totals in steps.values())
    lines = []
    for name in [*steps, *(step for step in open_now if step not in steps)]:
        totals = steps.get(name) or Totals()
        lines.append(
            LossLine(
                name=name,
                totals=totals,
                open_now=open_now.get(name, 0),
                expected=expected.get(name),
                actual=totals.at("taken_business")[0],
                ranked_by=totals.excess if any_lost else figures.waited(totals),
            )
        )
    return lines


# -- how long steps take ----------------------------------------------------------------------


def times_table(figures: Bottlenecks, steps: Mapping[str, Totals]) -> ReportTable[TotalsLine]:
    """Medians and 90th percentiles, by the clock and in working time."""
    lines = [TotalsLine(name, totals) for name, totals in steps.items()]
    table: partial[ReportTable[TotalsLine]] = partial(
        ReportTable, key="times", title=gettext_lazy("How long each step takes"), rows=lines
    )
    lead_in = _clock_columns("lead_in", gettext_lazy("Lead-in"), "lead_in")
    if figures.known_times.kind == "lead_in":
        hint = gettext_lazy(
            "These rows have one time each, so waiting and working cannot be told apart: lead-in is"
            " the time since the row before."
        )
        return table(columns=[_name_column(gettext_lazy("Step"), "step"), *lead_in], hint=hint)
    longest = max((sum(_clock_medians(line)) for line in lines), default=0.0)
    bars = partial(_time_bars, longest=longest)
    waiting, working = gettext_lazy("Waiting"), gettext_lazy("Working")
    return table(
        hint=_times_hint(figures.known_times),
        columns=[
            _name_column(gettext_lazy("Step"), "step", bars),
            *_clock_columns("waiting", waiting, "waiting"),
            *_clock_columns("working", working, "working"),
            *_business_columns("waiting", gettext_lazy("Waiting, working time"), figures.day),
            *_business_columns("working", gettext_lazy("Working, working time"), figures.day),
            *(lead_in if figures.known_times.is_mixed else ()),
        ],
    )


def _clock_medians(line: TotalsLine) -> tuple[float, float]:
    return line.totals.at("waiting")[0] or 0.0, line.totals.at("working")[0] or 0.0


def _time_bars(line: TotalsLine, longest: float) -> list[CellBar]:
    """Waiting, then working."""
    waits, works = _clock_medians(line)
    scale = BAR_WIDTH / longest if longest else 0.0
    begin = round(waits * scale, 2)
    return [CellBar("waiting", 0.0, begin), CellBar("working", begin, round(works * scale, 2))]


def _times_hint(known_times: KnownTimes) -> str:
    sentences = [
        gettext(
            "Half take at most the first figure, 9 of 10 at most the second. By the clock, and in"
            " working time of the workflow's calendar. Bars: waiting, then working, by the clock."
        ),
        render_time_coverage(known_times),
    ]
    return " ".join(filter(None, sentences))


def render_time_coverage(known_times: KnownTimes) -> str:
    """For what share of the tasks times are known, where it is not for all."""
    if known_times.working == known_times.tasks or not known_times.tasks:
        return ""
    return gettext(
        "When work began is known of %(working)s of %(tasks)s tasks (%(share)s); waiting and"
        " working are theirs. The others have a lead-in: the time from when the work was there, or"
        " since the row before, to its end."
    ) % {
        "working": count_text(known_times.working),
        "tasks": count_text(known_times.tasks),
        "share": share_text(known_times.working / known_times.tasks),
    }


# -- what goes wrong, hand-offs, roles --------------------------------------------------------


def problems_table(steps: Mapping[str, Totals]) -> ReportTable[TotalsLine]:
    """Shares of the tasks that ended overdue, were done again, or were rejected."""
    lines = [TotalsLine(name, totals) for name, totals in steps.items()]
    lines.sort(key=lambda line: -_problem_count(line.totals))
    return ReportTable(
        key="wrong",
        title=gettext_lazy("What goes wrong"),
        hint=gettext_lazy(
            "Shares of the tasks done: overdue when done; a second round or later; ended on an"
            " exception path (rejected, failed). Cancelled tasks were not needed any more."
        ),
        columns=[
            _name_column(gettext_lazy("Step"), "step"),
            _problem_column(gettext_lazy("Overdue"), "overdue_share", "overdue"),
            _problem_column(gettext_lazy("Done again"), "rework_share", "reworked"),
            _problem_column(gettext_lazy("Rejected"), "exception_share", "exceptions"),
            CountColumn(gettext_lazy("Cancelled"), "cancelled", lambda line: line.totals.cancelled),
        ],
        rows=lines,
    )


def _problem_count(totals: Totals) -> int:
    return totals.overdue + totals.reworked + totals.exceptions


def _problem_column(heading: Sentence, csv: str, measure: str) -> Column[TotalsLine]:
    return ShareColumn(
        heading,
        csv,
        lambda line: line.totals.share(measure),
        is_late=lambda line: (line.totals.share(measure) or 0) >= MANY,
    )


def handoffs_table(figures: Bottlenecks) -> ReportTable[TotalsLine]:
    """From the step before to the step, the most waiting first."""
    lines = [
        TotalsLine(f"{source} → {target}", totals)
        for (source, target), totals in figures.by_handoff().items()
    ]
    return ReportTable(
        key="handoffs",
        title=KINDS[figures.known_times.kind].handoffs_title,
        hint=gettext_lazy("From the step before to the step; by the clock."),
        columns=_handoff_columns(figures, lines),
        rows=lines,
    )


def _handoff_columns(figures: Bottlenecks, lines: Sequence[TotalsLine]) -> list[Column[TotalsLine]]:
    whole = sum(figures.waited(line.totals) for line in lines)
    most = max((figures.waited(line.totals) for line in lines), default=0)
    name = KINDS[figures.known_times.kind].name
    return [
        _name_column(
            gettext_lazy("From → to"),
            "hand_off",
            lambda line: single_bar("waiting", figures.waited(line.totals), most),
        ),
        CountColumn(gettext_lazy("Times"), "count", lambda line: line.totals.completed),
        SpanColumn(
            gettext_lazy("Total"),
            f"{name}_total_s",
            lambda line: figures.waited(line.totals) / SECOND,
        ),
        *_clock_columns(name, gettext_lazy("Median"), name),
        ShareColumn(
            gettext_lazy("Share"),
            "share",
            lambda line: _share_of(figures.waited(line.totals), whole),
        ),
    ]


def roles_table(figures: Bottlenecks) -> ReportTable[TotalsLine]:
    """Each role's steps together; nothing where no step has one."""
    roles = figures.by_role()
    lines = [] if set(roles) <= {""} else [TotalsLine(*pair) for pair in roles.items()]
    return ReportTable(
        key="roles",
        title=gettext_lazy("Roles"),
        hint=gettext_lazy(
            "Each role's steps together, in working time; lost: beyond what the map expects."
        ),
        columns=_role_columns(lines, figures.day),
        rows=lines,
    )


def _role_columns(lines: Sequence[TotalsLine], day: int) -> list[Column[TotalsLine]]:
    most = max((line.totals.excess for line in lines), default=0)
    working_median, _ = _business_columns("working", gettext_lazy("Working"), day)
    return [
        Column(
            gettext_lazy("Role"),
            "role",
            lambda line: report_role_name(line.name),
            bars=lambda line: single_bar("waiting", line.totals.excess, most),
        ),
        CountColumn(gettext_lazy("Done"), "completed", lambda line: line.totals.completed),
        *_business_columns("waiting", gettext_lazy("Waiting"), day),
        working_median,
        BusinessSpanColumn(
            gettext_lazy("Lost"), "excess_s", lambda line: line.totals.excess / SECOND, day=day
        ),
        ShareColumn(
            gettext_lazy("Overdue"), "overdue_share", lambda line: line.totals.share("overdue")
        ),
    ]
