"""Of several simulated periods the one that is most like all of them: a single run of chance may
be far from what is likely."""

from collections.abc import Iterator, Sequence
from typing import Final

from reporting.forecasts.simulated_log import SimulatedPeriod
from reporting.forecasts.staffing import BEGIN
from reporting.forecasts.week_profiles import count_hours

HOURS_COUNT: Final = 2
"""The hours of the week vary more by chance than durations do, and count more."""
POINTS: Final = 20
"""So many points of the distribution of durations are compared."""


def most_typical(periods: Sequence[SimulatedPeriod], *, offset: int = 0) -> SimulatedPeriod:
    """The period whose durations, and whose hours of each day of the week, are nearest to the mean
    of all; the first of equals."""
    durations = [list(_durations(period)) for period in periods]
    hours = [list(_hours(period, offset)) for period in periods]
    far = [
        one + HOURS_COUNT * other
        for one, other in zip(_distances(durations), _distances(hours), strict=True)
    ]
    return periods[far.index(min(far))]


def _distances(features: Sequence[Sequence[float]]) -> list[float]:
    """How far each is from the mean of all, measured by how far they are on average."""
    mean = [sum(values) / len(features) for values in zip(*features, strict=True)]
    far = [
        sum(abs(value - middle) for value, middle in zip(each, mean, strict=True))
        for each in features
    ]
    usual = sum(far) / len(far)
    return [each / usual if usual else 0.0 for each in far]


def _durations(period: SimulatedPeriod) -> Iterator[float]:
    """Points of the distribution of how long requests took."""
    lengths = sorted(run.ended - run.started for run in period.runs if run.ended is not None)
    for point in range(POINTS):
        yield float(lengths[len(lengths) * point // POINTS]) if lengths else 0.0


def _hours(period: SimulatedPeriod, offset: int) -> Iterator[float]:
    """For each day of the week, which share of its work was done by each hour."""
    moments = [
        moment
        for run in period.runs
        for task in run.tasks
        if task.step != BEGIN
        for moment in (task.started, task.completed)
        if moment is not None
    ]
    counts = count_hours(moments, offset=offset)
    for day in range(7):
        of_day = counts[day * 24 : day * 24 + 24]
        so_far = 0
        for count in of_day:
            so_far += count
            yield so_far / (sum(of_day) or 1)
