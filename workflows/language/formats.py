"""How durations, moments, days, numbers, shares and money are written: the one place for it.

Everything is written in the active language and in the time zone that is current (the reader's
where it is known, else the site's), so that the same span reads the same on every page.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from statistics import median

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, gettext, ngettext, pgettext

from workflows.engine.timing.dates import to_zone_time
from workflows.engine.values.field_types.numbers import decimals_of

MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60, 3600, 86400
DASH = "\N{EN DASH}"
"""Stands where there is no value."""

# -- lengths of time --------------------------------------------------------------------------


def duration_text(length: timedelta | float) -> str:
    """A length of time in its two largest units: '2 d 3 h', '45 min'."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    return _unit_text(seconds) or gettext("under a minute")


def render_time_span(seconds: float | None) -> str:
    """A measured length, which may be negative or none: as `duration_text`, and '35 s' below a
    minute."""
    if seconds is None:
        return DASH
    return _sign_text(seconds, _unit_text(abs(seconds)) or _second_text(abs(seconds)))


def render_business_span(seconds: float | None, day: int) -> str:
    """Business seconds; 'wd' are working days of `day` seconds, of the workflow's calendar."""
    if seconds is None:
        return DASH
    if day >= DAY_SECONDS:
        return render_time_span(seconds)
    if abs(seconds) < 2 * day:
        return _sign_text(seconds, _hours_text(abs(seconds)))
    return gettext("%(count)s wd") % {"count": short_number_text(seconds / day)}


def render_spoken_span(seconds: float | None, day: int) -> str:
    """The same in a sentence: '2.5 working days'."""
    if seconds is None or day >= DAY_SECONDS or abs(seconds) < 2 * day:
        return render_business_span(seconds, day)
    days = seconds / day
    return ngettext("%(count)s working day", "%(count)s working days", plural_number(days)) % {
        "count": short_number_text(days)
    }


class SpanUnit(StrEnum):
    """What all lengths of time of one column are counted in."""

    SECONDS = "s"
    MINUTES = "min"
    HOURS = "h"
    DAYS = "d"
    WORKING_DAYS = "wd"


def choose_span_unit(lengths: Iterable[float | None], day: int = DAY_SECONDS) -> SpanUnit:
    """The largest unit of which the middle one of these lengths has one at least; a day of less
    than 24 hours is a working day."""
    measured = [abs(length) for length in lengths if length]
    middle = median(measured) if measured else 0
    if middle >= day:
        return SpanUnit.DAYS if day >= DAY_SECONDS else SpanUnit.WORKING_DAYS
    if middle >= HOUR_SECONDS:
        return SpanUnit.HOURS
    return SpanUnit.MINUTES if middle >= MINUTE_SECONDS else SpanUnit.SECONDS


def render_span_in(seconds: float, unit: SpanUnit, day: int = DAY_SECONDS) -> str:
    """A length in this unit, with one decimal: '26.5 h'; what is less than a tenth says so."""
    seconds_of = {SpanUnit.DAYS: DAY_SECONDS, SpanUnit.WORKING_DAYS: day}
    number = abs(seconds) / seconds_of.get(unit, _UNIT_SECONDS.get(unit, 1))
    is_less = 0 < number < 0.05
    text = _count_in_unit(0.1 if is_less else number, unit)
    return _sign_text(seconds, gettext("< %(length)s") % {"length": text} if is_less else text)


_UNIT_SECONDS = {SpanUnit.MINUTES: MINUTE_SECONDS, SpanUnit.HOURS: HOUR_SECONDS}


def _count_in_unit(number: float, unit: SpanUnit) -> str:
    places = {"count": decimal_text(number, 1)}
    plural = plural_number(number)
    match unit:
        case SpanUnit.SECONDS:
            return gettext("%(count)s s") % places
        case SpanUnit.MINUTES:
            return ngettext("%(count)s min", "%(count)s min", plural) % places
        case SpanUnit.HOURS:
            return ngettext("%(count)s h", "%(count)s h", plural) % places
        case SpanUnit.DAYS:
            return ngettext("%(count)s d", "%(count)s d", plural) % places
        case SpanUnit.WORKING_DAYS:
            return gettext("%(count)s wd") % places


def _sign_text(seconds: float, text: str) -> str:
    return gettext("-%(length)s") % {"length": text} if seconds < 0 else text


def _second_text(seconds: float) -> str:
    return gettext("%(count)s s") % {"count": short_number_text(seconds)}


def _unit_text(seconds: float) -> str:
    """The two largest units; nothing below a minute."""
    return _whole_units(max(0, int(seconds // MINUTE_SECONDS)), True, get_language())


def _hours_text(seconds: float) -> str:
    """Hours, however many, and minutes."""
    return _whole_units(max(0, int(seconds // MINUTE_SECONDS)), False, get_language()) or (
        _second_text(seconds)
    )


@lru_cache(maxsize=8192)
def _whole_units(minutes: int, with_days: bool, _language: str | None) -> str:
    """The two largest units of so many minutes. It is kept by language, as a page of figures says
    the same lengths again and again."""
    hours = minutes // 60
    if with_days and hours >= 24:
        return _join_units(_day_text(hours // 24), _hour_text(hours % 24))
    return _join_units(_hour_text(hours), _minute_text(minutes % 60))


def _join_units(larger: str, smaller: str) -> str:
    if not (larger and smaller):
        return larger or smaller
    return gettext("%(larger)s %(smaller)s") % {"larger": larger, "smaller": smaller}


def _day_text(count: int) -> str:
    return ngettext("%(count)s d", "%(count)s d", count) % {"count": count_text(count)}


def _hour_text(count: int) -> str:
    if not count:
        return ""
    return ngettext("%(count)s h", "%(count)s h", count) % {"count": count_text(count)}


def _minute_text(count: int) -> str:
    return ngettext("%(count)s min", "%(count)s min", count) % {"count": count} if count else ""


# -- moments and days -------------------------------------------------------------------------


def moment_text(value: datetime) -> str:
    """A moment in the current time zone: '5 Jan 2026, 09:00'."""
    local = to_zone_time(value, timezone.get_current_timezone())
    return date_format(local, "DATETIME_FORMAT", use_l10n=True)


def zoned_moment_text(value: datetime) -> str:
    """A moment with its time zone named: '5 Jan 2026, 09:00 (Europe/Berlin)'; for what leaves the
    site or is read from afar."""
    return gettext("%(moment)s (%(zone)s)") % {"moment": moment_text(value), "zone": zone_text()}


def zone_text() -> str:
    """The time zone in which moments are written."""
    return str(timezone.get_current_timezone())


def sortable_moment_text(value: datetime) -> str:
    """A moment in the current time zone as columns line it up: '2026-01-05 09:00'."""
    return f"{to_zone_time(value, timezone.get_current_timezone()):%Y-%m-%d %H:%M}"


def date_text(value: date) -> str:
    """A day, or that of a moment in the current time zone: '5 Jan 2026'."""
    if isinstance(value, datetime):
        value = to_zone_time(value, timezone.get_current_timezone()).date()
    return date_format(value, "DATE_FORMAT", use_l10n=True)


def full_date_text(value: date) -> str:
    """A day in a sentence: '3 March 2025'."""
    return date_format(value, pgettext("a day in Django's date format", "j F Y"))


def day_of_year_text(value: date) -> str:
    """A day where the year goes without saying: '3 March'."""
    return date_format(value, "MONTH_DAY_FORMAT", use_l10n=True)


def short_day_text(value: date) -> str:
    """A day where room is short and the year goes without saying: '5 Jan'."""
    return date_format(value, pgettext("day and month in Django's date format", "j M"))


# -- numbers, shares, money -------------------------------------------------------------------


def count_text(number: int) -> str:
    """A whole number with its thousands apart: '12,345'."""
    return number_format(number, use_l10n=True, force_grouping=True)


def decimal_text(number: float | Decimal, places: int) -> str:
    """A number rounded to so many decimals: '1,234.50'."""
    return _localize_digits(f"{number:.{places}f}")


def short_number_text(number: float | Decimal) -> str:
    """A number with one decimal, where that is not nought: '3.4', '3'."""
    return _localize_digits(f"{number:.1f}".removesuffix(".0"))


def exact_number_text(number: Decimal) -> str:
    """A number with all the decimals that it has."""
    is_whole = number == number.to_integral_value()
    return _localize_digits(f"{number.quantize(Decimal(1)) if is_whole else number.normalize():f}")


def typed_number_text(number: Decimal, places: int) -> str:
    """A number as people of this language type it: '1250,50', with no sign between thousands."""
    return number_format(number, places, use_l10n=True, force_grouping=False)


def share_text(share: float | None, places: int = 0) -> str:
    """A share in percent: '12%'; a dash for none."""
    if share is None:
        return DASH
    return gettext("%(number)s%%") % {"number": decimal_text(share * 100, places)}


def money_text(amount: Decimal | str | int, currency: str | None) -> str:
    """An amount with the decimals of its currency: '1,234.50 EUR'."""
    number = decimal_text(Decimal(amount), decimals_of(currency))
    if not currency:
        return number
    return gettext("%(amount)s %(currency)s") % {"amount": number, "currency": currency}


def file_size_text(size: int) -> str:
    """A file's size: '12 KB'."""
    if size < 1024:
        return ngettext("%(count)s byte", "%(count)s bytes", size) % {"count": size}
    if size < 1024**2:
        return gettext("%(count)s KB") % {"count": decimal_text(size / 1024, 0)}
    return gettext("%(count)s MB") % {"count": decimal_text(size / 1024**2, 1)}


def plural_number(number: float) -> int:
    """The whole number by which a language chooses its plural for a number with decimals."""
    return 1 if number == 1 else max(2, round(number))


def _localize_digits(number: str) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)


# -- lists of words ---------------------------------------------------------------------------


def join_words(words: Sequence[str]) -> str:
    """Words in a sentence: 'a, b and c'."""
    if len(words) < 2:
        return "".join(words)
    places = {"words": _separate_words(words[:-1]), "last": words[-1]}
    return gettext("%(words)s and %(last)s") % places


def join_alternatives(words: Sequence[str]) -> str:
    """Words of which one holds: 'a, b or c'."""
    if len(words) < 2:
        return "".join(words)
    places = {"words": _separate_words(words[:-1]), "last": words[-1]}
    return gettext("%(words)s or %(last)s") % places


def _separate_words(words: Sequence[str]) -> str:
    return pgettext("between the words of a list", ", ").join(words)
