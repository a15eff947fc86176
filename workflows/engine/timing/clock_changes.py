"""The days on which a zone's clocks change, cut into the stretches in which they run evenly.

Working hours stand on the wall clock, and on such a day the wall clock leaves an hour out or
shows one twice. Whoever works then has worked the time that really passed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

DAY: Final = timedelta(days=1)
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2100
"""Changes before and after are not looked for: nobody works in those nights."""
_STEP: Final = timedelta(days=16)
"""Clocks that change and change back sooner are not noticed; in Ramadan they take a month."""


class Stretch(NamedTuple):
    """A part of a day in which the clocks run evenly: two moments in UTC, and the offset."""

    begin: datetime
    end: datetime
    offset: timedelta


@lru_cache(maxsize=64)
def find_clock_changes(zone: tzinfo) -> Mapping[int, tuple[Stretch, ...]]:
    """The stretches of each day on which this zone's clocks change, by the day's ordinal."""
    days: dict[int, tuple[Stretch, ...]] = {}
    for moment in _change_moments(zone):
        before, after = _utc_offset(moment - timedelta(seconds=1), zone), _utc_offset(moment, zone)
        touched = sorted(((moment + before).toordinal(), (moment + after).toordinal()))
        for day in range(touched[0] - 1, touched[1] + 2):
            parts = _split_day(day, moment, before, after)
            if len(parts) != 1 or parts[0].end - parts[0].begin != DAY:
                days[day] = parts
    return days


def _split_day(
    day: int, moment: datetime, before: timedelta, after: timedelta
) -> tuple[Stretch, ...]:
    """A day before and after its clocks change; nothing of a day that is left out."""
    midnight = datetime.fromordinal(day).replace(tzinfo=UTC)
    old = Stretch(midnight - before, min(midnight - before + DAY, moment), before)
    new = Stretch(max(midnight - after, moment), midnight - after + DAY, after)
    return tuple(part for part in (old, new) if part.begin < part.end)


def _change_moments(zone: tzinfo) -> list[datetime]:
    """The moments at which the offset changes, found between two looks half a month apart."""
    moments = []
    begin = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    while begin.year < LAST_YEAR:
        end = begin + _STEP
        if _utc_offset(begin, zone) != _utc_offset(end, zone):
            moments.append(_locate_change(begin, end, zone))
        begin = end
    return moments


def _locate_change(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The second between two moments from which the offset of the first does not hold."""
    offset = _utc_offset(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // timedelta(seconds=2) * timedelta(seconds=1)
        low, high = (middle, high) if _utc_offset(middle, zone) == offset else (low, middle)
    return high


def _utc_offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
