"""Simulated time: when somebody is at work, in whole seconds since 1970.

Days are looked at once, as far ahead as is asked, so that a long rehearsal asks the calendar no
more than once a day of it.

A delay that is measured and played in a `WeekTime` ends when work really begins: hardly ever at
night, though nobody says that the office is closed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import accumulate
from random import Random
from typing import Final

from workflows.engine.rehearsal.scenario import HOURS_OF_A_WEEK, hour_of_week
from workflows.engine.timing.working_time import Calendar

Stretches = Iterator[tuple[int, int]]
"""From and until, in seconds, one behind the other."""

HOUR: Final = 3600
WEEK: Final = HOURS_OF_A_WEEK * HOUR
TO_MONDAY: Final = 3 * 24 * HOUR
"""1970 began on a Thursday."""
EMPTY_DAYS = 800
"""Nobody who is not at work for so many days in a row comes back in a rehearsal."""


def to_seconds(moment: datetime) -> int:
    """A moment as the seconds that the simulation counts."""
    return int(moment.timestamp())


def to_moment(seconds: int) -> datetime:
    """The moment of so many seconds, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


class OpenTime:
    """The time that is worked in: how long work takes that stands still in between."""

    def __init__(self, days: Callable[[date], list[tuple[int, int]]], first: date) -> None:
        """`days` gives the stretches of a day, the first of which is looked at is `first`."""
        self._days, self._day, self._empty = days, first, 0
        self._begins: list[int] = []
        self._ends: list[int] = []
        self._before: list[int] = [0]

    def next_open(self, moment: int) -> int | None:
        """The first moment from this one on at which there is work; None where there is none."""
        place = self._place(moment)
        return None if place is None else max(moment, self._begins[place])

    def is_open(self, moment: int) -> bool:
        """Whether there is work at this moment."""
        return self.next_open(moment) == moment

    def add(self, moment: int, work: int) -> int | None:
        """When so many seconds of work are done that are begun at this moment."""
        place = self._place(moment)
        if place is None or work == 0:
            return moment if work == 0 else None
        goal = self._before[place] + max(0, moment - self._begins[place]) + work
        while self._before[-1] < goal:
            if not self._look_further():
                return None
        place = bisect_left(self._before, goal) - 1
        return self._begins[place] + goal - self._before[place]

    def between(self, begin: int, end: int) -> int:
        """The seconds of work between two moments."""
        return max(0, self._position(end) - self._position(begin))

    def _position(self, moment: int) -> int:
        place = self._place(moment)
        if place is None:
            return self._before[-1]
        return self._before[place] + max(0, moment - self._begins[place])

    def _place(self, moment: int) -> int | None:
        """The stretch in which a moment lies, or the next one."""
        while not self._ends or self._ends[-1] <= moment:
            if not self._look_further():
                return None
        return bisect_right(self._ends, moment)

    def _look_further(self) -> bool:
        while self._empty < EMPTY_DAYS:
            stretches = self._days(self._day)
            self._day += timedelta(days=1)
            self._empty = 0 if stretches else self._empty + 1
            for begin, end in stretches:
                if self._ends and begin <= self._ends[-1]:  # one stretch with the last
                    begin = self._begins.pop()
                    self._ends.pop()
                    self._before.pop()
                self._begins.append(begin)
                self._ends.append(end)
                self._before.append(self._before[-1] + end - begin)
            if stretches:
                return True
        return False


def calendar_time(calendar: Calendar, starts_at: datetime) -> OpenTime:
    """The working time of a calendar."""

    def days(day: date) -> list[tuple[int, int]]:
        return [(to_seconds(a), to_seconds(b)) for a, b in calendar.open_stretches(day)]

    return OpenTime(days, _day_before(starts_at))


def person_time(
    hours: tuple[float, ...], *, zone: tzinfo, starts_at: datetime, seed: int
) -> OpenTime:
    """The time of somebody of whom it is known in which hours of the week they are at work how
    often. Which hours of a day they are, is drawn for each day by itself."""

    def days(day: date) -> list[tuple[int, int]]:
        random = Random(seed * 4_000_037 + day.toordinal())
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        found = []
        for hour in range(24):
            begins_at = midnight.replace(hour=hour)
            share = hours[hour_of_week(begins_at)]
            if share > 0 and random.random() < share:
                begin = to_seconds(begins_at)
                found.append((begin, begin + 3600))
        return found

    return OpenTime(days, _day_before(starts_at))


def _day_before(moment: datetime) -> date:
    return moment.astimezone(UTC).date() - timedelta(days=2)


class WeekTime:
    """Time that goes by faster and slower over the week, as work is begun in some hours and not in
    others: how much of it goes by between two moments, in seconds since 1970. `hours` says how
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
