"""How often something happens in each hour of the week, also where little was seen."""

from collections.abc import Iterable, Sequence
from typing import Final

from workflows.engine.rehearsal.scenario import HOURS_OF_A_WEEK

ENOUGH_FOR_EACH_HOUR: Final = 5000
"""From so many moments on, each hour of the week is taken as it was; from fewer, the hours of
working days are taken together."""
SELDOM: Final = 0.05
"""An hour in which so little happens, measured by the usual, is one of no work."""
BUSIEST_LEFT_OUT: Final = 8
"""The busiest hours that do not set the measure: one in twenty."""

Counts = Sequence[float]


def count_hours(moments: Iterable[int], *, offset: int = 0) -> list[int]:
    """How many of these moments (seconds since 1970) are in each hour of the week."""
    counts = [0] * HOURS_OF_A_WEEK
    for moment in moments:
        counts[(moment + offset + 3 * 86400) // 3600 % HOURS_OF_A_WEEK] += 1
    return counts


def smooth_hours(counts: Sequence[int]) -> list[float]:
    """The counts, evened out over the working days where there are few."""
    if sum(counts) >= ENOUGH_FOR_EACH_HOUR:
        return [float(count) for count in counts]
    workdays = [sum(counts[day * 24 + hour] for day in range(5)) / 5 for hour in range(24)]
    return [*workdays * 5, *(float(count) for count in counts[5 * 24 :])]


def hours_at_work(counts: Sequence[int]) -> tuple[float, ...]:
    """1 for the hours of the week in which there is work, 0 for the others; all of them where
    nothing is known."""
    smooth = smooth_hours(counts)
    known = [count for count in smooth if count > 0]
    if not known:
        return (1.0,) * HOURS_OF_A_WEEK
    least = SELDOM * sum(known) / len(known)
    return tuple(float(count > 0 and count >= least) for count in smooth)


def hour_speeds(counts: Sequence[int]) -> tuple[float, ...]:
    """How readily work is begun in each hour of the week: 1 in the busiest, 0 where it never is."""
    smooth = smooth_hours(counts)
    ranked = sorted(smooth, reverse=True)
    measure = ranked[BUSIEST_LEFT_OUT] or ranked[0]
    if not measure:
        return (1.0,) * HOURS_OF_A_WEEK
    return tuple(min(1.0, count / measure) for count in smooth)


def arrival_rates(moments: Sequence[int], *, begin: int, end: int, offset: int) -> list[float]:
    """How many came in on average in each hour of the week between two moments.

    Each day of the week keeps how many came in on it; where few came in, the hours of the day are
    taken from the working days together.
    """
    counts = count_hours(moments, offset=offset)
    there_were = count_hours(range(begin, max(end, begin + 3600), 3600), offset=offset)
    smooth, rates = smooth_hours(counts), list[float]()
    for day in range(7):
        hours = range(day * 24, day * 24 + 24)
        of_day = sum(counts[hour] for hour in hours)
        profile = sum(smooth[hour] for hour in hours)
        days = max(sum(there_were[hour] for hour in hours) / 24, 1 / 24)
        rates += [of_day * smooth[hour] / profile / days if profile else 0.0 for hour in hours]
    return rates
