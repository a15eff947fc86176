"""Time that goes by faster and slower over the week, as work is begun in some hours and not in
others.

A delay that is measured and played in such time ends when work really begins: hardly ever at
night, though nobody says that the office is closed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from workflows.engine.rehearsal.scenario import HOURS_OF_A_WEEK

HOUR: Final = 3600
WEEK: Final = HOURS_OF_A_WEEK * HOUR
TO_MONDAY: Final = 3 * 24 * HOUR
"""1970 began on a Thursday."""


class WeekTime:
    """How much of such time goes by between two moments, in seconds since 1970. `hours` says how
    fast each hour of the week is, from Monday 00:00; `offset` how far local time is ahead."""

    def __init__(self, hours: Sequence[float], *, offset: int = 0) -> None:
        if len(hours) != HOURS_OF_A_WEEK or not any(hour > 0 for hour in hours):
            raise ValueError("168 hours of the week, in one of which time goes by")
        self.hours = tuple(hours)
        self._shift = TO_MONDAY + offset
        self._before = [0.0, *accumulate(HOUR * hour for hour in hours)]

    def is_open(self, moment: int) -> bool:
        """Whether time goes by in this hour."""
        return self.hours[(moment + self._shift) % WEEK // HOUR] > 0

    def position(self, moment: float) -> float:
        """How much has gone by until a moment."""
        weeks, rest = divmod(moment + self._shift, WEEK)
        hour = int(rest // HOUR)
        return weeks * self._before[-1] + self._before[hour] + (rest % HOUR) * self.hours[hour]

    def between(self, begin: float, end: float) -> float:
        """How much goes by between two moments."""
        return max(0.0, self.position(end) - self.position(begin)) if end > begin else 0.0

    def add(self, moment: int, seconds: float) -> int:
        """The first moment at which so much has gone by; with 0 the first in an open hour."""
        weeks, rest = divmod(self.position(moment) + seconds, self._before[-1])
        find = bisect_right if seconds == 0 else bisect_left
        hour = find(self._before, rest) - 1
        if hour < 0:  # the end of the week before
            weeks, hour, rest = weeks - 1, self._last_open(), self._before[-1]
        within = (rest - self._before[hour]) / (self.hours[hour] or 1.0)
        return max(moment, int(weeks * WEEK + hour * HOUR + within - self._shift))

    def _last_open(self) -> int:
        return max(hour for hour in range(HOURS_OF_A_WEEK) if self.hours[hour] > 0)
