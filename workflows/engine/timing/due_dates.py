"""When work is due and waits end: a span after it was there, or after or before a date of the
request.

A span is working time, or a stretch of the calendar: years, months and days, in which nights and
holidays count. A month after 31 January is the last day of February, and a month before 31 March
is too: what has no such day ends with its month.
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final, Protocol

from workflows.engine.texts import text
from workflows.engine.timing import dates as days
from workflows.engine.timing.working_time import Calendar, Duration, parse_duration

_STRETCH: Final = re.compile(
    r"(?=[0-9])(?:(?P<years>[0-9]{1,2})y)?(?:(?P<months>[0-9]{1,3})mo)?(?:(?P<days>[0-9]{1,4})cd)?"
)
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


class RelativeDate(Protocol):
    """What a definition says of a moment that is reckoned from a field; `before` may stand in the
    place of `after`."""

    @property
    def by(self) -> str:
        """How far from the field's date."""


@dataclass(frozen=True)
class Months:
    """A stretch of the calendar: so many months, and then so many days."""

    count: int
    days: int = 0

    def after(self, day: date) -> date:
        """The day so many months later, or the last day of that month, and the days on top. Raises
        OverflowError where no calendar of ours reaches so far."""
        return self._inside(_move_months(day, self.count) + self.days * _DAY, day)

    def before(self, day: date) -> date:
        """The day so many months earlier, or the last day of that month, less the days. Raises
        OverflowError where no calendar of ours reaches so far."""
        return self._inside(_move_months(day, -self.count) - self.days * _DAY, day)

    def _inside(self, found: date, start: date) -> date:
        if not days.is_allowed_date(found):
            raise OverflowError(
                f"{self} from {start} lies beyond {days.FIRST_DAY}, {days.LAST_DAY}"
            )
        return found


def _move_months(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if not days.FIRST_DAY.year <= year <= days.LAST_DAY.year:
        raise OverflowError(f"{count} months from {day} lie beyond {days.LAST_DAY}")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


Period = Duration | Months
"""What a span is: working time, or a stretch of the calendar."""


def parse_span(written: str) -> Period:
    """A working time such as `2d`, or a stretch of the calendar: years, months and days such as
    `1mo`, `1y6mo` or `14cd`.

    Raises ValueError with a sentence that says what to write.
    """
    match = _STRETCH.fullmatch(written)
    if match is None:
        return _parse_working_time(written)
    years, months = int(match["years"] or 0), int(match["months"] or 0)
    return Months(12 * years + months, int(match["days"] or 0))


def _parse_working_time(written: str) -> Duration:
    try:
        return parse_duration(written)
    except ValueError:
        raise ValueError(
            text(
                "'%(written)s' is not a duration; write working time such as 30m, 4h, 2d or 1w, or"
                " years, months and days of the calendar such as 1mo, 1y6mo or 14cd",
                written=written[:40],
            )
        ) from None


def deadline_after(since: datetime, span: Period, *, calendar: Calendar, zone: tzinfo) -> datetime:
    """The last moment of a span that begins at a moment: working time ends with itself, a stretch
    of the calendar with the last minute of its last day. Raises OverflowError."""
    if isinstance(span, Months):
        return _last_minute(span.after(days.local_day_of(since, zone)), zone)
    return calendar.add(since, span)


def end_of_wait(since: datetime, span: Period, *, calendar: Calendar, zone: tzinfo) -> datetime:
    """When a wait of this length is over: one of the calendar at the time of day at which it
    began. Raises OverflowError."""
    if isinstance(span, Months):
        local = since.astimezone(zone)
        found = datetime.combine(span.after(local.date()), local.time(), zone)
        return found.astimezone(since.tzinfo)
    return calendar.add(since, span)


def end_of_expiry(since: datetime, span: Period, *, calendar: Calendar, zone: tzinfo) -> datetime:
    """When what begins at a moment has expired: after its last moment. Raises OverflowError."""
    moment = deadline_after(since, span, calendar=calendar, zone=zone)
    return moment + _MINUTE if isinstance(span, Months) else moment


def put_off(
    moment: datetime,
    span: Period,
    since: datetime,
    until: datetime,
    *,
    calendar: Calendar,
    zone: tzinfo,
) -> datetime:
    """A moment that a span led to, when its clock has stood still from `since` to `until`: moved by
    the working time between, or, for a stretch of the calendar, by as many days as lie between the
    two days on the calendar, at the same time of day. Raises OverflowError."""
    if isinstance(span, Months):
        days_off = days_between(since, until, zone)
        local = moment.astimezone(zone)
        later = datetime.combine(local.date() + days_off * _DAY, local.time(), zone)
        return later.astimezone(moment.tzinfo)
    return calendar.postpone(moment, calendar.between(since, until))


def days_between(since: datetime, until: datetime, zone: tzinfo) -> int:
    """How many days lie between the days of two moments: none where they are the same."""
    return (days.local_day_of(until, zone) - days.local_day_of(since, zone)).days


def due_moment(
    due: str | RelativeDate | None,
    *,
    calendar: Calendar,
    zone: tzinfo,
    data: Mapping[str, Any],
    now: datetime,
) -> datetime | None:
    """When work is due that is there from `now` on; None where nothing says so.

    From a date of the request (a day in the site's `zone`), working time counts from that day's
    beginning, on or back; a stretch of the calendar ends with the last minute of the day to which
    it leads. A date that is empty, or too far off, is none.
    """
    if due is None:
        return None
    try:
        if isinstance(due, str):
            return deadline_after(now, parse_span(due), calendar=calendar, zone=zone)
        return _due_from_field(due, data, calendar=calendar, zone=zone)
    except OverflowError:
        return None


def _due_from_field(
    due: RelativeDate, data: Mapping[str, Any], *, calendar: Calendar, zone: tzinfo
) -> datetime | None:
    written = data.get(field_of(due))
    if not isinstance(written, str):
        return None
    span = parse_span(due.by)
    if isinstance(span, Months):
        return _last_minute(_move(span, local_date(written, zone), is_before(due)), zone)
    moment = _working_time_from(_begin_of(written, zone), span, calendar, back=is_before(due))
    return moment if days.is_allowed_moment(moment, zone) else None


def due_base(due: RelativeDate, data: Mapping[str, Any], *, zone: tzinfo) -> datetime:
    """The moment from which a date that hangs on a field is reckoned; the field has a value."""
    return _begin_of(str(data[field_of(due)]), zone)


def relative_moment(
    rule: RelativeDate, written: str, *, calendar: Calendar, zone: tzinfo
) -> datetime:
    """The moment with which what lies so long after or before a value begins: the first of that
    day, where the calendar is counted in. Raises ValueError or OverflowError where the value is
    none that can be waited for."""
    span, moment = parse_span(rule.by), _begin_of(written, zone)
    if not days.is_allowed_moment(moment, zone):
        raise ValueError(written)
    if isinstance(span, Months):
        return days.start_of_day(_move(span, local_date(written, zone), is_before(rule)), zone)
    return _working_time_from(moment, span, calendar, back=is_before(rule))


def is_before(rule: str | RelativeDate) -> bool:
    """Whether what is reckoned from a field lies before its date."""
    return getattr(rule, "before", None) is not None


def field_of(rule: RelativeDate) -> str:
    """The field from whose date it is reckoned."""
    before: str | None = getattr(rule, "before", None)
    after: str = getattr(rule, "after", "") or ""
    return after if before is None else before


def local_date(written: str, zone: tzinfo) -> date:
    """The day of a canonical date, or of a date and time in this zone. Raises ValueError."""
    if len(written) <= 10:
        return date.fromisoformat(written)
    return days.local_day_of(datetime.fromisoformat(written), zone)


def _begin_of(written: str, zone: tzinfo) -> datetime:
    if len(written) <= 10:
        return days.start_of_day(date.fromisoformat(written), zone)
    return datetime.fromisoformat(written)


def _move(span: Months, day: date, back: bool) -> date:
    return span.before(day) if back else span.after(day)


def _working_time_from(
    moment: datetime, span: Duration, calendar: Calendar, *, back: bool
) -> datetime:
    return calendar.subtract(moment, span) if back else calendar.add(moment, span)


def _last_minute(day: date, zone: tzinfo) -> datetime:
    return days.start_of_day(day + _DAY, zone) - _MINUTE
