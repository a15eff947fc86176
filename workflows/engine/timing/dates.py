"""Days: which dates are taken at all, when a day begins, and in which day a moment lies.

There is one rule, and waits, rules, sums, forms and answers all ask it here: a date means that
day in the site's time zone, from its first moment on, and a moment belongs to the day that the
site's calendar shows then.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final

from workflows.engine.texts import text

FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
"""Outside of these a date is a slip of the pen or another system's word for 'none'. They are far
enough from the ends of Python's and the databases' calendars to be worked with in any zone."""

OUT_OF_BOUNDS: Final = text(
    "write a date between the years %(first)s and %(last)s.",
    first=FIRST_DAY.year,
    last=LAST_DAY.year,
)
"""What whoever wrote such a date is told, at every door."""

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


def is_allowed_date(day: date) -> bool:
    """Whether values and periods may have this date."""
    return FIRST_DAY <= day <= LAST_DAY


def is_allowed_moment(moment: datetime, zone: tzinfo) -> bool:
    """Whether values and periods may have this moment: by the date that it has in this zone."""
    if FIRST_DAY.year < moment.year < LAST_DAY.year:  # logs have many of them
        return True
    try:
        return is_allowed_date(local_day_of(moment, zone))
    except (OverflowError, ValueError):  # a zone's clock cannot show it
        return False


def local_day_of(moment: datetime, zone: tzinfo) -> date:
    """The date that calendars in this zone show at an aware moment."""
    return moment.astimezone(zone).date()


def to_zone_time(moment: datetime, zone: tzinfo) -> datetime:
    """A moment as clocks in this zone show it; as it is, where they cannot."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day in this zone, in UTC: midnight, where the clocks show it.

    Where they leave it out, it is the moment to which they go forward; of a day that a zone has
    left out altogether, the beginning of the next one.
    """
    return _start_of_day(day, zone)


@lru_cache(maxsize=4096)
def _start_of_day(day: date, zone: tzinfo) -> datetime:
    moment = datetime.combine(day, time(0), zone).astimezone(UTC)
    before = moment - _SECOND
    if before.astimezone(zone).date() < day <= moment.astimezone(zone).date():
        return moment
    return _first_second(moment - _DAY, moment + _DAY, day, zone)


def _first_second(low: datetime, high: datetime, day: date, zone: tzinfo) -> datetime:
    """The first second after `low`, when it was not yet that day, at which it is."""
    while high - low > _SECOND:
        middle = low + (high - low) // (2 * _SECOND) * _SECOND
        low, high = (low, middle) if middle.astimezone(zone).date() >= day else (middle, high)
    return high


class Moment(datetime):
    """A date, or a date and time, where rules calculate.

    A date (`on` says which) is compared as the moment with which it begins, and moved by whole
    days on the calendar, however long a night in between is. Less than a day added to it, and
    whatever is added to a moment, is time that passes, and so is the time between two of them
    that are not both dates.
    """

    on: date | None = None
    zone: tzinfo = UTC

    @classmethod
    def at(cls, moment: datetime, zone: tzinfo, on: date | None = None) -> "Moment":
        """An aware moment, in UTC."""
        in_utc = moment.astimezone(UTC)
        result = cls.combine(in_utc.date(), in_utc.time(), UTC)
        result.on, result.zone = on, zone
        return result

    @classmethod
    def of_day(cls, day: date, zone: tzinfo) -> "Moment":
        """A date in this zone. Raises OverflowError or ValueError far out."""
        return cls.at(start_of_day(day, zone), zone, day)

    @property
    def local_date(self) -> date:
        """The date that it is, or that it has in its zone."""
        return self.on or local_day_of(self._plain(), self.zone)

    def _plain(self) -> datetime:
        return datetime.combine(self.date(), self.time(), UTC)

    def __add__(self, period: timedelta) -> "Moment":
        if self.on is not None and not period % _DAY:
            return Moment.of_day(self.on + period, self.zone)
        return Moment.at(self._plain() + period, self.zone)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, timedelta):
            return self + -other
        if self.on is not None and getattr(other, "on", None) is not None:
            return self.on - other.on
        return self._plain() - other
