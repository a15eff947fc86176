"""A site's calendars as the engine counts in them, kept in the process for a little while.

A decision asks for its workflow's calendar; the built-in ones never ask the database, a site's own
at most once in half a minute.
"""

import json
import logging
import re
import time
import warnings
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from datetime import time as clock
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import holidays
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext

from workflows.calendars.models import BusinessCalendar
from workflows.engine.format.definition import Definition
from workflows.engine.texts import text
from workflows.engine.timing.added_calendars import ADDED_CALENDARS
from workflows.engine.timing.working_time import (
    BUILT_IN_CALENDARS,
    Calendar,
    MapCalendar,
    Span,
    calendar_named,
)

CACHE_SECONDS: Final = 30.0
YEARS: Final = range(2000, 2061)
"""The years whose public holidays are known; others have none."""
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LONGEST_CLOSURE: Final = timedelta(days=1100)
"""Three years; a longer one is a slip of the pen, and every day of it is kept in memory."""

_MONTH_AND_DAY: Final = re.compile(r"[0-9]{2}-[0-9]{2}")
_HOUR_AND_MINUTE: Final = re.compile(r"[0-9]{2}:[0-9]{2}")
_log = logging.getLogger(__name__)
_calendar_cache: dict[str, tuple[float, Calendar]] = {}
_zone_cache: dict[str, tuple[float, list[str]]] = {}


def site_calendar(name: str | None) -> Calendar:
    """The calendar that a map names, in the site's time zone where it says no other.

    A calendar that is not there any more, or cannot be read any more, counts as office hours:
    the audit has refused maps that name none, and what runs must go on.
    """
    if name in BUILT_IN_CALENDARS:
        return calendar_named(name, timezone.get_default_timezone())
    assert name is not None
    cached = _calendar_cache.get(name)
    if cached is None or cached[0] < time.monotonic():
        built = find_site_calendar(name)
        if built is None:
            _log.error("There is no calendar '%s' that can be read; office hours count.", name)
            built = calendar_named(None, timezone.get_default_timezone())
        cached = _calendar_cache[name] = (time.monotonic() + CACHE_SECONDS, built)
    return cached[1]


def map_calendar(definition: Definition) -> Calendar:
    """The calendar of a map, with those of its steps that have their own."""
    named = {key: getattr(step, "calendar", None) for key, step in definition.steps.items()}
    calendar, of_steps = site_calendar(definition.calendar), {k: v for k, v in named.items() if v}
    if not of_steps:
        return calendar
    return MapCalendar.with_steps(
        calendar, {key: site_calendar(name) for key, name in of_steps.items()}
    )


def site_calendars_in(zone: tzinfo) -> list[Calendar]:
    """The site's own calendars for people of a time zone; office hours where it has none."""
    name = str(zone)
    cached = _zone_cache.get(name)
    if cached is None or cached[0] < time.monotonic():
        zones = [name, ""] if name == str(timezone.get_default_timezone()) else [name]
        rows = BusinessCalendar.objects.filter(zone__in=zones).order_by("key")
        keys = list(rows.values_list("key", flat=True))
        cached = _zone_cache[name] = (time.monotonic() + CACHE_SECONDS, keys)
    return [site_calendar(key) for key in cached[1]] or [Calendar.business(zone)]


def find_site_calendar(key: str) -> Calendar | None:
    """The site's own calendar of this key as it is now, or one that a package has added; None where
    none can be counted in."""
    row = BusinessCalendar.objects.filter(key=key).first()
    added = ADDED_CALENDARS.find(key) if row is None else None
    try:
        if added is not None:
            return added.build(timezone.get_default_timezone())
        return None if row is None else build_site_calendar(row)
    except ValueError:
        return None


def forget_calendars() -> None:
    """Empty the cache (a calendar that was just changed here, or a test's database)."""
    _calendar_cache.clear()
    _zone_cache.clear()


def check_calendar_columns(row: BusinessCalendar) -> None:
    """Raise ValueError, with what to change, for a calendar that could not be counted in."""
    Calendar.weekly(parse_time_zone(row.zone), parse_weekly_hours(row.hours))
    parse_half_days(row.half_days)
    public_holidays(row.country, row.subdivision)


def build_site_calendar(row: BusinessCalendar) -> Calendar:
    """A row as the engine's calendar. Raises ValueError with what to change."""
    return Calendar.weekly(
        parse_time_zone(row.zone),
        parse_weekly_hours(row.hours),
        _iterate_days_off(row),
        parse_half_days(row.half_days),
    )


def parse_time_zone(name: str) -> tzinfo:
    """The time zone of this name, or the site's. Raises ValueError."""
    if not name:
        return timezone.get_default_timezone()
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            gettext("'%(name)s' is no time zone; write one such as Europe/Berlin.") % {"name": name}
        ) from None


def parse_weekly_hours(written: Any) -> Mapping[int, list[Span]]:
    """The hours by weekday, of `{"mon": [["09:00", "17:00"]], …}`. Raises ValueError."""
    if not isinstance(written, Mapping):
        raise ValueError(gettext('Write the hours as {"mon": [["09:00", "17:00"]], …}.'))
    unknown = [str(day) for day in written if day not in WEEKDAYS]
    if unknown:
        raise ValueError(
            gettext("'%(unknown)s' is no weekday; write %(weekdays)s.")
            % {
                "unknown": unknown[0],
                "weekdays": ", ".join(WEEKDAYS),
            }
        )
    return {WEEKDAYS.index(day): list(_parse_spans(day, written[day])) for day in written}


MOST_HALF_DAYS: Final = 100


def parse_half_days(written: Any) -> dict[date, clock]:
    """When work ends on the days on which it ends early, of `{"12-24": "12:00"}` for each year or
    `{"2026-02-16": "12:00"}` for one; a day with its year goes before the same of each year.
    Raises ValueError."""
    if not isinstance(written, Mapping) or len(written) > MOST_HALF_DAYS:
        raise ValueError(gettext('Write half holidays as {"12-24": "12:00"}, 100 at most.'))
    yearly, single = dict[date, clock](), dict[date, clock]()
    for day, ends in written.items():
        try:
            at = _parse_clock_time(ends)
            if at == clock(0):
                raise ValueError(ends)
            if _MONTH_AND_DAY.fullmatch(day):
                yearly |= dict.fromkeys(_days_of_each_year(day), at)
            else:
                single[date.fromisoformat(day)] = at
        except (TypeError, ValueError):
            raise ValueError(
                gettext(
                    "'%(day)s': '%(ends)s' is no half holiday; write a day such as 12-24 or"
                    " 2026-02-16, and when work ends, such as 12:00."
                )
                % {"day": str(day)[:40], "ends": str(ends)[:40]}
            ) from None
    return yearly | single


def _days_of_each_year(written: str) -> Iterator[date]:
    """The day of every year that has it; 29 February is no day of most. Raises ValueError."""
    month, day = map(int, written.split("-"))
    date(2000, month, day)
    for year in YEARS:
        if (month, day) != (2, 29) or monthrange(year, 2)[1] == 29:
            yield date(year, month, day)


def _parse_spans(day: str, written: Any) -> Iterator[Span]:
    for span in written if isinstance(written, list) else [written]:
        try:
            opens, closes = span
            yield (
                _parse_clock_time(opens),
                _parse_clock_time("00:00" if closes == "24:00" else closes),
            )
        except (TypeError, ValueError):
            raise ValueError(
                gettext(
                    "%(day)s: %(span)s is no span; write a list of opening and closing times, such"
                    ' as [["09:00", "17:00"]]. The end of the day is 24:00.'
                )
                % {"day": day, "span": json.dumps(span)}
            ) from None


def _parse_clock_time(text: str) -> clock:
    if not _HOUR_AND_MINUTE.fullmatch(text):
        raise ValueError(text)
    return clock.fromisoformat(text)


def _iterate_days_off(row: BusinessCalendar) -> Iterator[date]:
    yield from public_holidays(row.country, row.subdivision)
    for closure in row.closures.all():
        length = min(closure.last_day - closure.first_day, LONGEST_CLOSURE)
        for number in range(length.days + 1):
            yield closure.first_day + timedelta(days=number)


@lru_cache(maxsize=32)
def public_holidays(country: str, subdivision: str) -> Mapping[date, str]:
    """The public holidays of a country, or of one of its states, by day; none without a country.

    Raises ValueError where the country or the state is not known.
    """
    if not country:
        return {}
    try:
        with warnings.catch_warnings():
            # Of some countries not all these years are known; those that are not have none.
            warnings.simplefilter("ignore", UserWarning)
            country_days = holidays.country_holidays(
                country.upper(), subdiv=subdivision.upper() or None, years=YEARS, language="en_US"
            )
    except (NotImplementedError, KeyError, ValueError):
        raise ValueError(
            text(
                "No holidays are known of %(place)s; write the code of a country, such as DE, and"
                " of a state in it, such as BE, or nothing.",
                place=f"{country} {subdivision}".strip(),
            )
        ) from None
    return dict(sorted(country_days.items()))


@dataclass(frozen=True, slots=True, order=True)
class DaysOff:
    """A public holiday, or a closure from its first to its last day."""

    first_day: date
    last_day: date
    name: str


def find_days_off(row: BusinessCalendar, year: int) -> list[DaysOff]:
    """A year's public holidays and closures, in their order. Raises ValueError as `public_holidays`
    does."""
    free = [
        DaysOff(day, day, name)
        for day, name in public_holidays(row.country, row.subdivision).items()
        if day.year == year
    ]
    closures = [
        DaysOff(closure.first_day, closure.last_day, closure.name)
        for closure in row.closures.all()
        if closure.first_day.year <= year <= closure.last_day.year
    ]
    return sorted([*free, *closures])


def is_calendar_exhausted(key: str) -> bool:
    """Whether a calendar of the site has days off of its own, all of them past, and no country
    whose holidays go on."""
    row = BusinessCalendar.objects.filter(key=key, country="").first()
    if row is None:
        return False
    last = row.closures.aggregate(last=Max("last_day"))["last"]
    return last is not None and last < timezone.localdate()
