"""What gets worse: medians that creep up and queues that grow, against the workflow's own start.

The measure is each step's own first month (its first five weeks with work), because a team gets
used to what comes slowly. Weeks with fewer than `ENOUGH` tasks done say nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from reporting.bottlenecks.queries import Bottlenecks, first_week
from reporting.rollups.distributions import Spread
from reporting.rollups.models import WEEK, StepRollUp

ENOUGH = 3
FIRST, LAST = 5, 26
"""Weeks of the first month, and how many of the last weeks are looked at."""
WORSE, CREPT = 1.1, 1.25
"""A week is worse above the first times the usual median; named is what is now above the second."""
LONG_ENOUGH = 3
QUEUE_GREW = 2.0
QUEUE_LARGE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTrend:
    """A step's weekly medians in seconds, and what they are measured by."""

    step: str
    in_business_time: bool
    weeks: Sequence[tuple[date, float, int]]
    """Monday, median, tasks done; weeks with enough tasks only, oldest first."""
    usual: float | None
    """The median of its first month."""
    expected: float | None
    worse_for: int
    """So many of the last weeks in a row were worse than usual."""
    is_of_now: bool = True
    """Whether the last of these weeks is the last of the figures, and no filter ends before."""

    @property
    def last(self) -> date | None:
        """The Monday of the last week."""
        return self.weeks[-1][0] if self.weeks else None

    @property
    def now(self) -> float | None:
        """The median of the last week."""
        return self.weeks[-1][1] if self.weeks else None

    @property
    def crept(self) -> bool:
        """Whether it must be named."""
        if self.usual is None or self.now is None:
            return False
        return self.worse_for >= LONG_ENOUGH and self.now > self.usual * CREPT


@dataclass(frozen=True, slots=True, kw_only=True)
class StepQueue:
    """A step's open tasks at each week's end."""

    step: str
    open: Mapping[date, int]
    usual: float
    """Open at a week's end in its first month, on average."""
    grew_for: int
    """So many of the last weeks in a row ended with no fewer than the week before."""
    is_of_now: bool = True
    """As of a trend."""

    @property
    def last(self) -> date | None:
        """The Monday of the last week."""
        return list(self.open)[-1] if self.open else None

    @property
    def now(self) -> int:
        """Open at the end of the last week."""
        return list(self.open.values())[-1] if self.open else 0

    @property
    def grows(self) -> bool:
        """Whether it must be named."""
        increase = self.now - self.usual
        return (
            self.grew_for >= LONG_ENOUGH
            and increase >= QUEUE_LARGE
            and self.now >= QUEUE_GREW * self.usual
        )


def collect_trends(figures: Bottlenecks) -> list[StepTrend]:
    """Each step's weekly medians; the one that got worst first. Two statements."""
    cells = StepRollUp.objects.filter(template=figures.template)
    first = first_week(cells)
    if first is None:
        return []
    rows = _read_weekly_spreads(figures, cells.filter(grain=WEEK), first)
    expected = figures.expected()
    steps_in_scope = {
        step for step, _ in figures.weeks.moves
    }  # those of the role that was asked for
    step_trends = [
        _build_trend(figures, step, weeks, expected.get(step))
        for step, weeks in rows.items()
        if step in steps_in_scope
    ]
    return sorted(
        (trend for trend in step_trends if trend.weeks), key=_how_much_worse, reverse=True
    )


def _read_weekly_spreads(
    figures: Bottlenecks, cells: QuerySet[StepRollUp], first: date
) -> dict[str, dict[date, tuple[Spread, Spread]]]:
    """By step and week: taken in business time, and waiting by the clock."""
    versions = [v.pk for v in figures.versions if figures.version in (None, v.number)]
    weeks = Q(day__lt=first + timedelta(weeks=FIRST)) | Q(day__gte=_recent_weeks_start(figures))
    rows = cells.filter(weeks, version__in=versions).values_list(
        "step_id", "day", "taken_business_spread", f"{figures.known_times.kind}_spread"
    )
    by: dict[str, dict[date, tuple[Spread, Spread]]] = defaultdict(dict)
    for step, monday, taken_packed, waiting_packed in rows.order_by("day", "id"):
        pair = by[figures.steps[step].title].setdefault(monday, (Spread(), Spread()))
        for spread, cell in zip(pair, (taken_packed, waiting_packed), strict=True):
            spread.add(bytes(cell))
    return by


def _recent_weeks_start(figures: Bottlenecks) -> date:
    last = max((monday for _, monday in figures.weeks.moves), default=date.min)
    return last - timedelta(weeks=LAST - 1) if last > date.min else last


def _build_trend(
    figures: Bottlenecks,
    step: str,
    weeks: Mapping[date, tuple[Spread, Spread]],
    expected: float | None,
) -> StepTrend:
    in_business = any(len(taken_spread) for taken_spread, _ in weeks.values())
    chosen = {monday: pair[0] if in_business else pair[1] for monday, pair in weeks.items()}
    counted = {monday: (spread, len(spread)) for monday, spread in sorted(chosen.items())}
    known_weeks = [
        (monday, spread.quantiles(0.5)[0] / 1_000_000, count)
        for monday, (spread, count) in counted.items()
        if count >= ENOUGH
    ]
    usual = _usual_median(counted, known_weeks)
    inside = [week for week in known_weeks if figures.is_inside(week[0])]
    return StepTrend(
        step=step,
        in_business_time=in_business,
        weeks=inside,
        usual=usual,
        expected=expected,
        worse_for=_count_worse_weeks([median for _, median, _ in inside], usual),
        is_of_now=bool(inside) and figures.is_of_now(inside[-1][0]),
    )


def _usual_median(
    counted: Mapping[date, tuple[Spread, int]], known_weeks: Sequence[tuple[date, float, int]]
) -> float | None:
    """The median over the step's first month."""
    if not known_weeks:
        return None
    until = known_weeks[0][0] + timedelta(weeks=FIRST)
    whole = Spread()
    for monday, (spread, _) in counted.items():
        if known_weeks[0][0] <= monday < until:
            whole.values += spread.values
            whole.counts += spread.counts
    return whole.quantiles(0.5)[0] / 1_000_000


def _count_worse_weeks(medians: Sequence[float], usual: float | None) -> int:
    count = 0
    for median in reversed(medians):
        if usual is None or median <= usual * WORSE:
            break
        count += 1
    return count


def _how_much_worse(trend: StepTrend) -> tuple[bool, int, float]:
    return trend.crept, trend.worse_for, (trend.now or 0.0) - (trend.usual or 0.0)


def collect_queues(figures: Bottlenecks) -> list[StepQueue]:
    """Each step's queue, the longest first."""
    steps = {step for step, _ in figures.weeks.moves}
    step_queues = [_build_queue(figures, step) for step in sorted(steps)]
    return sorted(step_queues, key=lambda queue: -queue.now)


def _build_queue(figures: Bottlenecks, step: str) -> StepQueue:
    begin = min(monday for name, monday in figures.weeks.moves if name == step)
    ends = {day: n for day, n in figures.weeks.open_at_end([step]).items() if day >= begin}
    first = list(ends.values())[:FIRST]
    ends = {day: n for day, n in ends.items() if figures.is_inside(day)}
    counts = list(ends.values())
    grew = 0
    for earlier, later in zip(reversed(counts[:-1]), reversed(counts[1:]), strict=True):
        if later < earlier or later == 0:
            break
        grew += 1
    usual = sum(first) / len(first) if first else 0.0
    is_of_now = bool(ends) and figures.is_of_now(list(ends)[-1])
    return StepQueue(step=step, open=ends, usual=usual, grew_for=grew, is_of_now=is_of_now)
