"""Simulated time: when somebody is at work, in whole seconds since 1970.

Days are looked at once, as far ahead as is asked, so that a long rehearsal asks the calendar no
more than once a day of it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from random import Random

from workflows.engine.rehearsal.scenario import hour_of_week
from workflows.engine.timing.working_time import Calendar

Stretches = Iterator[tuple[int, int]]
"""From and until, in seconds, one behind the other."""

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
