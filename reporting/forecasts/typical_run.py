"""Of several simulated periods the one that is most like all of them: a single run of chance may
be far from what is likely."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from reporting.forecasts.simulated_log import SimulatedPeriod
from reporting.forecasts.staffing import BEGIN
from reporting.forecasts.week_profiles import count_hours

HOURS_COUNT: Final = 2
"""The hours of the week vary more by chance than durations do, and count more."""
HOUR: Final = 3600
"""Differences of less are none."""
POINTS: Final = 21
"""So many points of the distribution of durations are compared."""


def most_typical(periods: Sequence[SimulatedPeriod], *, offset: int = 0) -> SimulatedPeriod:
    """The period whose durations, and whose hours of each day of the week, are nearest to those of
    all together; the first of equals."""
    lengths = [_lengths(period) for period in periods]
    of_all = _points(sorted(chain.from_iterable(lengths)))
    durations = [_relative(_points(each), of_all) for each in lengths]
    hours = [list(_hours(period, offset)) for period in periods]
    middle = [sum(shares) / len(periods) for shares in zip(*hours, strict=True)]
    far = [
        one + HOURS_COUNT * other
        for one, other in zip(
            _distances(durations, [1.0] * POINTS), _distances(hours, middle), strict=True
        )
    ]
    return periods[far.index(min(far))]


def _distances(features: Sequence[Sequence[float]], middle: Sequence[float]) -> list[float]:
    """How far each is from the middle, measured by how far they are on average."""
    far = [
        sum(abs(value - usual) for value, usual in zip(each, middle, strict=True))
        for each in features
    ]
    mean = sum(far) / len(far)
    return [each / mean if mean else 0.0 for each in far]


def _lengths(period: SimulatedPeriod) -> list[int]:
    return sorted(run.ended - run.started for run in period.runs if run.ended is not None)


def _points(lengths: Sequence[int]) -> list[int]:
    """Points of the distribution of how long requests took."""
    return [
        lengths[len(lengths) * (2 * point + 1) // (2 * POINTS)] if lengths else 0
        for point in range(POINTS)
    ]


def _relative(points: Sequence[int], of_all: Sequence[int]) -> list[float]:
    """By how much they are longer or shorter: twice as long is as far in the small as in the
    large."""
    return [(one + HOUR) / (all_ + HOUR) for one, all_ in zip(points, of_all, strict=True)]


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
