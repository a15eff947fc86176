"""A site's calendars as the engine counts in them, kept in the process for a little while.

A decision asks for its workflow's calendar; the built-in ones never ask the database, a site's own
at most once in half a minute.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta, tzinfo
from datetime import time as clock
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import holidays
from django.utils import timezone

from workflows.engine.calendar import BUILT_IN, Calendar, Span, calendar_named
from workflows.models import BusinessCalendar

KEPT_SECONDS: Final = 30.0
YEARS: Final = range(2000, 2061)
"""The years whose public holidays are known; others have none."""
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_kept: dict[str, tuple[float, Calendar]] = {}


def site_calendar(name: str | None) -> Calendar:
    """The calendar that a map names, in the site's time zone where it says no other.

    A calendar that is not there any more counts as office hours: the audit has refused maps that
    name none, and what runs must go on.
    """
    if name in BUILT_IN:
        return calendar_named(name, timezone.get_default_timezone())
    assert name is not None
    known = _kept.get(name)
    if known is None or known[0] < time.monotonic():
        built = calendar_of_key(name) or Calendar.business(timezone.get_default_timezone())
        known = _kept[name] = (time.monotonic() + KEPT_SECONDS, built)
    return known[1]


def calendar_of_key(key: str) -> Calendar | None:
    """The site's own calendar of this key as it is now; None where there is none."""
    row = BusinessCalendar.objects.filter(key=key).first()
    return None if row is None else build(row)


def forget_calendars() -> None:
    """Empty the cache (a calendar that was just changed here, or a test's database)."""
    _kept.clear()


def build(row: BusinessCalendar) -> Calendar:
    """A row as the engine's calendar. Raises ValueError with what to change."""
    return Calendar.weekly(zone_of(row.zone), read_hours(row.hours), _days_off(row))


def zone_of(name: str) -> tzinfo:
    """The time zone of this name, or the site's. Raises ValueError."""
    if not name:
        return timezone.get_default_timezone()
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{name}' is no time zone; write one such as Europe/Berlin.") from None


def read_hours(written: Any) -> Mapping[int, list[Span]]:
    """The hours by weekday, of `{"mon": [["09:00", "17:00"]], …}`. Raises ValueError."""
    if not isinstance(written, Mapping):
        raise ValueError('Write the hours as {"mon": [["09:00", "17:00"]], …}.')
    unknown = [str(day) for day in written if day not in WEEKDAYS]
    if unknown:
        raise ValueError(f"'{unknown[0]}' is no weekday; write {', '.join(WEEKDAYS)}.")
    return {WEEKDAYS.index(day): [_span(day, one) for one in written[day]] for day in written}


def _span(day: str, written: Any) -> Span:
    try:
        opens, closes = written
        return clock.fromisoformat(opens), _closing(closes)
    except (TypeError, ValueError):
        raise ValueError(
            f'{day}: {written!r} is no span; write opening and closing time, such as ["09:00",'
            ' "17:00"].'
        ) from None


def _closing(text: str) -> clock:
    """Midnight at the end of a day is written 24:00, or 00:00."""
    return clock(0) if text == "24:00" else clock.fromisoformat(text)


def _days_off(row: BusinessCalendar) -> Iterator[date]:
    yield from public_holidays(row.country, row.subdivision)
    for closure in row.closures.all():
        for number in range((closure.last_day - closure.first_day).days + 1):
            yield closure.first_day + timedelta(days=number)


@lru_cache(maxsize=32)
def public_holidays(country: str, subdivision: str) -> Mapping[date, str]:
    """The public holidays of a country, or of one of its states, by day; none without a country.

    Raises ValueError where the country or the state is not known.
    """
    if not country:
        return {}
    try:
        found = holidays.country_holidays(
            country.upper(), subdiv=subdivision.upper() or None, years=YEARS, language="en_US"
        )
    except (NotImplementedError, KeyError, ValueError):
        raise ValueError(
            f"No holidays are known of {country}{' ' + subdivision if subdivision else ''}; write"
            " the code of a country, such as DE, and of a state in it, such as BE, or nothing."
        ) from None
    return dict(sorted(found.items()))
