"""When work is due: a working time after it was there, or a span after a date of the request.

Months and years are those of the calendar. A month after 31 January is the last day of February:
what has no such day ends with its month.
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final, Protocol

from workflows.engine.timing import dates as days
from workflows.engine.timing.working_time import Calendar, Duration, parse_duration

_MONTHS: Final = re.compile(r"(?=[0-9])(?:(?P<years>[0-9]{1,2})y)?(?:(?P<months>[0-9]{1,3})mo)?")
_MINUTE: Final = timedelta(minutes=1)


class AfterDate(Protocol):
    """What a definition says of a due date that is reckoned from a field."""

    after: str
    by: str


@dataclass(frozen=True)
class Months:
    """So many months of the calendar."""

    count: int

    def after(self, day: date) -> date:
        """The day so many months later, or the last day of that month. Raises OverflowError where
        no calendar of ours reaches so far."""
        year, month = divmod(day.year * 12 + day.month - 1 + self.count, 12)
        if year > days.LAST_DAY.year:
            raise OverflowError(f"{self.count} months after {day} lie beyond {days.LAST_DAY}")
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def parse_span(text: str) -> Duration | Months:
    """A working time such as `2d`, or months and years of the calendar such as `1mo` or `1y6mo`.

    Raises ValueError with a sentence that says what to write.
    """
    match = _MONTHS.fullmatch(text)
    if match is None:
        return parse_duration(text)
    return Months(12 * int(match["years"] or 0) + int(match["months"] or 0))


def due_moment(
    due: str | AfterDate | None,
    *,
    calendar: Calendar,
    zone: tzinfo,
    data: Mapping[str, Any],
    now: datetime,
) -> datetime | None:
    """When work is due that is there from `now` on; None where nothing says so.

    From a date of the request (a day in the site's `zone`), working time counts from that day's
    beginning, and months end with the last minute of the day to which they lead. A date that is
    empty, or too far off, is none.
    """
    if due is None:
        return None
    if isinstance(due, str):
        return calendar.add(now, parse_duration(due))
    written = data.get(due.after)
    if not isinstance(written, str):
        return None
    day, span = date.fromisoformat(written[:10]), parse_span(due.by)
    try:
        if isinstance(span, Months):
            return days.start_of_day(span.after(day) + timedelta(days=1), zone) - _MINUTE
        return calendar.add(days.start_of_day(day, zone), span)
    except OverflowError:
        return None
