"""A site's calendars as the engine counts in them, kept in the process for a little while.

A decision asks for its workflow's calendar; the built-in ones never ask the database, a site's own
at most once in half a minute.
"""

import json
import logging
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from datetime import date, timedelta, tzinfo
from datetime import time as clock
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import holidays
from django.db.models import Max
from django.utils import timezone

from workflows.engine.calendar import BUILT_IN, Calendar, Span, calendar_named
from workflows.models import BusinessCalendar

KEPT_SECONDS: Final = 30.0
YEARS: Final = range(2000, 2061)
"""The years whose public holidays are known; others have none."""
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LONGEST_CLOSURE: Final = timedelta(days=1100)
"""Three years; a longer one is a slip of the pen, and every day of it is kept in memory."""

_HOUR_AND_MINUTE: Final = re.compile(r"[0-9]{2}:[0-9]{2}")
_log = logging.getLogger(__name__)
_kept: dict[str, tuple[float, Calendar]] = {}


def site_calendar(name: str | None) -> Calendar:
    """The calendar that a map names, in the site's time zone where it says no other.

    A calendar that is not there any more, or cannot be read any more, counts as office hours:
    the audit has refused maps that name none, and what runs must go on.
    """
    if name in BUILT_IN:
        return calendar_named(name, timezone.get_default_timezone())
    assert name is not None
    known = _kept.get(name)
    if known is None or known[0] < time.monotonic():
        built = calendar_of_key(name)
        if built is None:
            _log.error("There is no calendar '%s' that can be read; office hours count.", name)
            built = calendar_named(None, timezone.get_default_timezone())
        known = _kept[name] = (time.monotonic() + KEPT_SECONDS, built)
    return known[1]


def calendar_of_key(key: str) -> Calendar | None:
    """The site's own calendar of this key as it is now; None where none can be counted in."""
    row = BusinessCalendar.objects.filter(key=key).first()
    try:
        return None if row is None else build(row)
    except ValueError:
        return None


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
    return {WEEKDAYS.index(day): list(_spans(day, written[day])) for day in written}


def _spans(day: str, written: Any) -> Iterator[Span]:
    for one in written if isinstance(written, list) else [written]:
        try:
            opens, closes = one
            yield _clock(opens), _clock("00:00" if closes == "24:00" else closes)
        except (TypeError, ValueError):
            raise ValueError(
                f"{day}: {json.dumps(one)} is no span; write a list of opening and closing times,"
                ' such as [["09:00", "17:00"]]. The end of the day is 24:00.'
            ) from None


def _clock(text: str) -> clock:
    if not _HOUR_AND_MINUTE.fullmatch(text):
        raise ValueError(text)
    return clock.fromisoformat(text)


def _days_off(row: BusinessCalendar) -> Iterator[date]:
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
            found = holidays.country_holidays(
                country.upper(), subdiv=subdivision.upper() or None, years=YEARS, language="en_US"
            )
    except (NotImplementedError, KeyError, ValueError):
        raise ValueError(
            f"No holidays are known of {country}{' ' + subdivision if subdivision else ''}; write"
            " the code of a country, such as DE, and of a state in it, such as BE, or nothing."
        ) from None
    return dict(sorted(found.items()))


def has_run_out(key: str) -> bool:
    """Whether a calendar of the site has days off of its own, all of them past, and no country
    whose holidays go on."""
    row = BusinessCalendar.objects.filter(key=key, country="").first()
    if row is None:
        return False
    last = row.closures.aggregate(last=Max("last_day"))["last"]
    return last is not None and last < timezone.localdate()
