"""Working time: durations as a map writes them, counted in the hours in which people work.

Opening and closing times stand on the wall clock of the calendar's zone, so a working day stays
a working day when the clocks change; whoever works in that very night has worked the time that
passed. A day is never walked second by second: every moment has a position in working time, and
a position leads back to a moment.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Final

from workflows.engine.texts import text
from workflows.engine.timing.clock_changes import Stretch, find_clock_changes

_DURATION: Final = re.compile(
    r"(?=[0-9])"
    r"(?:(?P<weeks>[0-9]{1,5})w)?(?:(?P<days>[0-9]{1,5})d)?"
    r"(?:(?P<hours>[0-9]{1,5})h)?(?:(?P<minutes>[0-9]{1,5})m)?"
)
_MICROSECOND: Final = timedelta(microseconds=1)


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


def parse_duration(written: str) -> Duration:
    """The duration that is written, such as `30m`, `4h`, `2d`, `1w` or `1d4h`.

    Raises ValueError with a sentence that says what to write.
    """
    match = _DURATION.fullmatch(written)
    if match is None:
        raise ValueError(
            text(
                "'%(written)s' is not a duration; write a whole number of minutes, hours, days or"
                " weeks such as 30m, 4h, 2d or 1w, or several from long to short such as 1d4h",
                written=written[:40],
            )
        )
    return Duration(**{unit: int(count or 0) for unit, count in match.groupdict().items()})


Span = tuple[time, time]
"""From an opening to a closing on the clock of one day; closing at 00:00 is the day's end."""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The hours in which work is done, and the one place that counts them.

    `hours` are the spans of each weekday, Monday first; without it the calendar is open all the
    time and counts elapsed time. `closures` are days off besides, and on the days of `early` work
    ends at that time on the clock.
    """

    zone: tzinfo
    hours: tuple[tuple[Span, ...], ...] | None = None
    closures: frozenset[date] = frozenset()
    early: Mapping[date, time] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.hours is None:
            return
        if len(self.hours) != 7:
            raise ValueError(text("A calendar has hours for each of the seven weekdays."))
        for spans in self.hours:
            _validate_spans(spans)
        if not any(self.hours):
            raise ValueError(text("A calendar has hours on at least one weekday."))

    @classmethod
    def weekly(
        cls,
        zone: tzinfo,
        hours: Mapping[int, Iterable[Span]],
        closures: Iterable[date] = (),
        early: Mapping[date, time] | None = None,
    ) -> "Calendar":
        """Open in these spans of the weekdays 0 (Monday) to 6, but for the closures, and closing
        early on some days."""
        if not hours.keys() <= set(range(7)):
            raise ValueError(text("A calendar's weekdays are 0 (Monday) to 6."))
        spans = tuple(tuple(hours.get(day, ())) for day in range(7))
        return cls(zone=zone, hours=spans, closures=frozenset(closures), early=early or {})

    @classmethod
    def business(cls, zone: tzinfo) -> "Calendar":
        """Monday to Friday, 09:00 to 17:00 on the clock of `zone`."""
        return cls.weekly(zone, {day: [(time(9), time(17))] for day in range(5)})

    @classmethod
    def always(cls) -> "Calendar":
        """Open day and night: a day is 24 hours and a week is 7 days."""
        return cls(zone=UTC)

    def of_step(self, key: str) -> "Calendar":
        """The calendar in which a step's durations count: this one, unless it is a map's."""
        return self

    def add(self, start: datetime, duration: Duration) -> datetime:
        """The moment, in UTC, when this much working time has passed since `start`.

        A duration that fills a day ends at closing time, not at the next opening.
        """
        moment = _in_utc(start)
        working_time = timedelta(seconds=self.seconds(duration))
        if not working_time:
            return moment
        try:
            if self.hours is None:
                return moment + working_time
            return self._moment_at(self._position(moment) + working_time // _MICROSECOND)
        except (OverflowError, ValueError):
            raise ValueError(
                text(
                    "%(duration)s after %(date)s is past the year 9999; use a shorter duration",
                    duration=duration,
                    date=start.date(),
                )
            ) from None

    def subtract(self, end: datetime, duration: Duration) -> datetime:
        """The latest moment, in UTC, from which this much working time is left until `end`: an
        opening, and not the closing before it. Raises OverflowError."""
        moment = _in_utc(end)
        working_time = timedelta(seconds=self.seconds(duration))
        if not working_time:
            return moment
        if self.hours is None:
            return moment - working_time
        position = self._position(moment) - working_time // _MICROSECOND
        if position <= 0:
            raise OverflowError
        return self._next_opening(self._moment_at(position))

    def _next_opening(self, moment: datetime) -> datetime:
        """The first moment from this one on from which there is work."""
        day = moment.astimezone(self.zone).date()
        while True:
            for begin, end in self.open_stretches(day):
                if end > moment:
                    return max(begin, moment)
            day += timedelta(days=1)

    def postpone(self, moment: datetime, by: timedelta) -> datetime:
        """The moment, in UTC, that lies so much working time behind another."""
        if self.hours is None or not by:
            return _in_utc(moment) + by
        return self._moment_at(self._position(_in_utc(moment)) + by // _MICROSECOND)

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """The working time from `begin` to `end`; nothing where `end` comes first."""
        first, last = _in_utc(begin), _in_utc(end)
        if last <= first:
            return timedelta(0)
        if self.hours is None:
            return last - first
        return max(timedelta(0), (self._position(last) - self._position(first)) * _MICROSECOND)

    def seconds(self, duration: Duration) -> int:
        """How many seconds of working time a duration is in this calendar.

        A day is as long as most of the calendar's working days are (the longer where two lengths
        are equally common), a week as long as all its days together.
        """
        micro = duration.weeks * self._week_length + duration.days * self._day_length
        return micro // 1_000_000 + duration.hours * 3600 + duration.minutes * 60

    @cached_property
    def _weekday_lengths(self) -> tuple[int, ...]:
        """Microseconds of work on each weekday."""
        if self.hours is None:
            return (timedelta(days=1) // _MICROSECOND,) * 7
        return tuple(sum(_span_length(span) for span in spans) for spans in self.hours)

    @cached_property
    def _week_length(self) -> int:
        return sum(self._weekday_lengths)

    @cached_property
    def _day_length(self) -> int:
        working = [length for length in self._weekday_lengths if length]
        return max(working, key=lambda length: (working.count(length), length))

    @cached_property
    def _before_weekday(self) -> tuple[int, ...]:
        """Microseconds of work in a week before each weekday."""
        return tuple(sum(self._weekday_lengths[:day]) for day in range(7))

    @cached_property
    def _clock_changes(self) -> Mapping[int, tuple[Stretch, ...]]:
        return find_clock_changes(self.zone)

    @cached_property
    def _exceptional_days(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The ordinals of the days with more or less work than their weekday has, and how much
        that comes to up to and with each."""
        closed = {day.toordinal() for day in self.closures}
        work = dict.fromkeys(closed, 0)
        for day in self._early_ordinals.keys() - closed:
            work[day] = sum((end - begin) // _MICROSECOND for begin, end in self._spans_on(day))
        for day in self._clock_changes.keys() - closed:
            work[day] = sum(
                (end - begin) // _MICROSECOND for begin, end in self._working_intervals(day)
            )
        surplus = {
            day: length - self._weekday_lengths[(day - 1) % 7] for day, length in work.items()
        }
        days = sorted(day for day, length in surplus.items() if length)
        return tuple(days), tuple(accumulate(surplus[day] for day in days))

    @cached_property
    def _early_ordinals(self) -> dict[int, timedelta]:
        """When work ends on the days on which it ends early."""
        return {day.toordinal(): _since_midnight(clock) for day, clock in self.early.items()}

    def _spans_on(self, day: int) -> list[tuple[timedelta, timedelta]]:
        """From when until when there is work on a day, on the wall clock, closures apart."""
        assert self.hours is not None
        spans = [
            (_since_midnight(opens), _closing_time(closes))
            for opens, closes in self.hours[(day - 1) % 7]
        ]
        ends = self._early_ordinals.get(day)
        if ends is None:
            return spans
        return [(begin, min(end, ends)) for begin, end in spans if begin < ends]

    def _working_intervals(self, day: int) -> Iterator[tuple[datetime, datetime]]:
        """When there is work on a day on which the clocks change."""
        assert self.hours is not None
        midnight = datetime.fromordinal(day).replace(tzinfo=UTC)
        for part in self._clock_changes[day]:
            for opens, closes in self._spans_on(day):
                begin = max(part.begin, midnight + opens - part.offset)
                end = min(part.end, midnight + closes - part.offset)
                if begin < end:
                    yield begin, end

    def open_stretches(self, day: date) -> list[tuple[datetime, datetime]]:
        """When there is work on a day of the calendar's zone: from and until, in UTC."""
        if self.hours is None:
            midnight = datetime.combine(day, time(), tzinfo=UTC)
            return [(midnight, midnight + timedelta(days=1))]
        ordinal = day.toordinal()
        if day in self.closures:
            return []
        if ordinal in self._clock_changes:
            return list(self._working_intervals(ordinal))
        midnight = datetime.combine(day, time())
        return [
            (
                (midnight + opens).replace(tzinfo=self.zone).astimezone(UTC),
                (midnight + closes).replace(tzinfo=self.zone).astimezone(UTC),
            )
            for opens, closes in self._spans_on(ordinal)
        ]

    def _work_before(self, ordinal: int) -> int:
        """Microseconds of work before this day."""
        weeks, weekday = divmod(ordinal - 1, 7)
        days, cumulative = self._exceptional_days
        odd = bisect_left(days, ordinal)
        usual = weeks * self._week_length + self._before_weekday[weekday]
        return usual + (cumulative[odd - 1] if odd else 0)

    def _position(self, moment: datetime) -> int:
        """Microseconds of working time from the beginning of the calendar until `moment`."""
        local = moment.astimezone(self.zone)
        position = self._work_before(local.toordinal())
        if local.date() in self.closures:
            return position
        return position + sum(
            min(max(now - begin, timedelta(0)), end - begin) // _MICROSECOND
            for now, begin, end in self._spans_at(moment, local)
        )

    def _spans_at(
        self, moment: datetime, local: datetime
    ) -> Iterator[tuple[timedelta, timedelta, timedelta]]:
        """The day's spans with the time it is now, all on one clock."""
        assert self.hours is not None
        if local.toordinal() in self._clock_changes:
            for begin, end in self._working_intervals(local.toordinal()):
                yield moment - begin, timedelta(0), end - begin
            return
        now = _since_midnight(local.time())
        for opens, closes in self._spans_on(local.toordinal()):
            yield now, opens, closes

    def _moment_at(self, position: int) -> datetime:
        """The earliest moment that has this position, which is not the very first."""
        last = date.max.toordinal()
        if position > self._work_before(last):
            raise OverflowError
        # The day before whose end the position lies: the first whose next day begins behind it.
        day = bisect_left(range(last), position, lo=1, key=lambda day: self._work_before(day + 1))
        rest = (position - self._work_before(day)) * _MICROSECOND
        if day in self._clock_changes:
            return _moment_after_work(self._working_intervals(day), rest)
        assert self.hours is not None
        midnight = datetime.fromordinal(day)
        spans = ((midnight + opens, midnight + closes) for opens, closes in self._spans_on(day))
        return _moment_after_work(spans, rest).replace(tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class MapCalendar(Calendar):
    """The calendar of a map, with those of the steps that have one of their own."""

    of_steps: Mapping[str, Calendar] = field(default_factory=dict, hash=False)

    @classmethod
    def with_steps(cls, calendar: Calendar, of_steps: Mapping[str, Calendar]) -> "MapCalendar":
        """A map's calendar, and those of steps by their keys."""
        own = {"hours": calendar.hours, "closures": calendar.closures, "early": calendar.early}
        return cls(zone=calendar.zone, of_steps=of_steps, **own)  # type: ignore[arg-type]

    def of_step(self, key: str) -> Calendar:
        """The step's own, or the map's."""
        return self.of_steps.get(key, self)


def _moment_after_work(spans: Iterable[tuple[datetime, datetime]], work: timedelta) -> datetime:
    """When this much work, which there is in the spans, is done."""
    for begin, end in spans:
        if work <= end - begin:
            return begin + work
        work -= end - begin
    raise AssertionError("a position lies in the day that it was found in")


def _validate_spans(spans: tuple[Span, ...]) -> None:
    """Raise ValueError where a span ends before it begins, or before the one before it does."""
    behind = timedelta(0)
    for opens, closes in spans:
        begin, end = _since_midnight(opens), _closing_time(closes)
        if begin >= end:
            raise ValueError(text("A calendar opens before it closes, on the same day."))
        if begin < behind:
            raise ValueError(
                text("A calendar's spans come one after the other, without overlapping.")
            )
        behind = end


def _closing_time(clock: time) -> timedelta:
    return _since_midnight(clock) or timedelta(days=1)


def _span_length(span: Span) -> int:
    return (_closing_time(span[1]) - _since_midnight(span[0])) // _MICROSECOND


BUILT_IN_CALENDARS: Final = (None, "business", "24/7")
"""The calendars that need no row of a site's own."""


@lru_cache(maxsize=64)
def calendar_named(name: str | None, zone: tzinfo = UTC) -> Calendar:
    """A built-in calendar: none or `business` are office hours, `24/7` is always.

    Raises ValueError for any other name: those are a site's own.
    """
    if name is None or name == "business":
        return Calendar.business(zone)
    if name == "24/7":
        return Calendar.always()
    raise ValueError(
        text(
            "'%(name)s' is not a built-in calendar; write business or 24/7, or add it under"
            " Calendars",
            name=name,
        )
    )


def _in_utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; pass a moment that has one")
    return moment.astimezone(UTC)


def _since_midnight(clock: time) -> timedelta:
    return timedelta(
        hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond
    )
