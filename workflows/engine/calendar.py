"""Working time: durations as a map writes them, counted in the hours in which people work.

Working hours are hours on the wall clock of the calendar's zone, so a working day stays a
working day when the clocks change. A day is never walked second by second: every moment has
a position in working time, and a position leads back to a moment.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import Final

_DURATION: Final = re.compile(
    r"(?=[0-9])"
    r"(?:(?P<weeks>[0-9]{1,5})w)?(?:(?P<days>[0-9]{1,5})d)?"
    r"(?:(?P<hours>[0-9]{1,5})h)?(?:(?P<minutes>[0-9]{1,5})m)?"
)
_MICROSECOND: Final = timedelta(microseconds=1)
_MONDAY_TO_FRIDAY: Final = frozenset(range(5))
_MIDNIGHT: Final = time(0)


@dataclass(frozen=True, kw_only=True)
class Duration:
    """A length of working time as it was written; how long it is depends on the calendar."""

    weeks: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0

    def __str__(self) -> str:
        units = ((self.weeks, "w"), (self.days, "d"), (self.hours, "h"), (self.minutes, "m"))
        return "".join(f"{count}{unit}" for count, unit in units if count) or "0h"


def parse_duration(text: str) -> Duration:
    """The duration that `text` says, such as `30m`, `4h`, `2d`, `1w` or `1d4h`.

    Raises ValueError with a sentence that says what to write.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(
            f"'{text[:40]}' is not a duration; write a whole number of minutes, hours, days or"
            " weeks such as 30m, 4h, 2d or 1w, or several from long to short such as 1d4h"
        )
    return Duration(**{unit: int(count or 0) for unit, count in found.groupdict().items()})


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The hours in which work is done, and the one place that counts them.

    Without `opens` and `closes` it is open all the time, and counts elapsed time.
    `weekdays` are 0 (Monday) to 6; `closures` are days off besides.
    """

    zone: tzinfo
    opens: time | None = None
    closes: time | None = None
    weekdays: frozenset[int] = _MONDAY_TO_FRIDAY
    closures: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if (self.opens is None) != (self.closes is None):
            raise ValueError("A calendar has both an opening and a closing time, or neither.")
        if self.opens is not None and self.closes is not None and self.opens >= self.closes:
            raise ValueError("A calendar opens before it closes, on the same day.")
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            raise ValueError("A calendar has at least one weekday, from 0 (Monday) to 6.")

    @classmethod
    def business(cls, zone: tzinfo) -> "Calendar":
        """Monday to Friday, 09:00 to 17:00 on the clock of `zone`."""
        return cls(zone=zone, opens=time(9), closes=time(17))

    @classmethod
    def always(cls) -> "Calendar":
        """Open day and night: a day is 24 hours and a week is 7 days."""
        return cls(zone=UTC, weekdays=frozenset(range(7)))

    def add(self, start: datetime, duration: Duration) -> datetime:
        """The moment, in UTC, when this much working time has passed since `start`.

        A duration that fills a day ends at closing time, not at the next opening.
        """
        moment = _in_utc(start)
        wanted = timedelta(seconds=self.seconds(duration))
        if not wanted:
            return moment
        try:
            if self._is_always:
                return moment + wanted
            return self._moment_at(self._position(moment) + wanted // _MICROSECOND)
        except (OverflowError, ValueError):
            raise ValueError(
                f"{duration} after {start.date()} is past the year 9999; use a shorter duration"
            ) from None

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """The working time from `begin` to `end`; nothing where `end` comes first."""
        first, last = _in_utc(begin), _in_utc(end)
        if last <= first:
            return timedelta(0)
        if self._is_always:
            return last - first
        return max(timedelta(0), (self._position(last) - self._position(first)) * _MICROSECOND)

    def seconds(self, duration: Duration) -> int:
        """How many seconds of working time a duration is in this calendar."""
        days = duration.weeks * len(self.weekdays) + duration.days
        return days * self._day // 1_000_000 + duration.hours * 3600 + duration.minutes * 60

    @property
    def _is_always(self) -> bool:
        return self.opens is None

    @cached_property
    def _day(self) -> int:
        """Microseconds in a working day."""
        if self.opens is None or self.closes is None:
            return timedelta(days=1) // _MICROSECOND
        return (_since_midnight(self.closes) - _since_midnight(self.opens)) // _MICROSECOND

    @cached_property
    def _offsets(self) -> tuple[int, ...]:
        return tuple(sorted(self.weekdays))

    @cached_property
    def _closed(self) -> tuple[int, ...]:
        """The ordinals of the days off that would be working days otherwise."""
        return tuple(sorted(d.toordinal() for d in self.closures if d.weekday() in self.weekdays))

    def _position(self, moment: datetime) -> int:
        """Microseconds of working time from the beginning of the calendar until `moment`."""
        local = moment.astimezone(self.zone)
        day = local.date()
        whole = self._working_days_before(day) * self._day
        if day.weekday() not in self.weekdays or day in self.closures:
            return whole
        today = (_since_midnight(local.time()) - _since_midnight(self.opens)) // _MICROSECOND
        return whole + min(max(today, 0), self._day)

    def _moment_at(self, position: int) -> datetime:
        """The earliest moment that has this position, which is not the very first."""
        index = (position - 1) // self._day
        into = (position - index * self._day) * _MICROSECOND
        midnight = datetime.combine(self._working_day(index), _MIDNIGHT)
        wall = midnight + _since_midnight(self.opens) + into
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def _working_days_before(self, day: date) -> int:
        ordinal = day.toordinal()
        weeks, rest = divmod(ordinal - 1, 7)
        inside = bisect_left(self._offsets, rest)
        return weeks * len(self._offsets) + inside - bisect_left(self._closed, ordinal)

    def _working_day(self, index: int) -> date:
        """The working day before which there are `index` others."""
        skipped = 0
        while True:
            weeks, rest = divmod(index + skipped, len(self._offsets))
            ordinal = 1 + weeks * 7 + self._offsets[rest]
            closed = bisect_right(self._closed, ordinal)
            if closed == skipped:
                return date.fromordinal(ordinal)
            skipped = closed


def calendar_named(name: str | None, zone: tzinfo = UTC) -> Calendar:
    """The calendar that a map names: none or `business` are office hours, `24/7` is always.

    Raises ValueError for any other name.
    """
    if name is None or name == "business":
        return Calendar.business(zone)
    if name == "24/7":
        return Calendar.always()
    raise ValueError(f"'{name}' is not a calendar; write business or 24/7, or leave it out")


def _in_utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; pass a moment that has one")
    return moment.astimezone(UTC)


def _since_midnight(clock: time | None) -> timedelta:
    moment = clock or _MIDNIGHT
    return timedelta(
        hours=moment.hour,
        minutes=moment.minute,
        seconds=moment.second,
        microseconds=moment.microsecond,
    )
