"""The least and the most that a field takes: a constant, a day counted from today, another field.

A bound of days is held against the days of dates; a moment counts as the day that the site's
calendar shows then, unless the bound is a moment too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from workflows.engine.texts import ReaderAmount, ReaderDay, ReaderMoment, Text, text
from workflows.engine.timing.dates import is_allowed_date, is_allowed_moment, local_day_of
from workflows.engine.timing.due_dates import Months
from workflows.engine.values.field_types.base import FieldSpec, type_of_field
from workflows.engine.values.field_types.numbers import (
    MAX_DECIMALS,
    MAX_WHOLE_DIGITS,
    NotANumber,
    decimals_of,
    exact_number,
    plain_number,
)

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_TODAY: Final = re.compile(r"today(?:\s*([+-])\s*([0-9]{1,4})(d|w|mo|y))?")
TODAY: Final = "today"

Limit = Decimal | date | datetime


@dataclass(frozen=True, slots=True)
class DayFromToday:
    """Today, or so many days, weeks, months or years of the calendar before or after it."""

    days: int = 0
    months: int = 0

    def on(self, today: date) -> date:
        """The day, counted from this one. Raises OverflowError beyond all calendars."""
        return (Months(self.months).after(today) if self.months else today) + timedelta(self.days)


def parse_day_from_today(written: object) -> DayFromToday | None:
    """`today`, `today + 5d`, `today - 18y`; None where it is something else."""
    match = _TODAY.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None:
        return None
    if match[1] is None:
        return DayFromToday()
    count = int(f"{match[1]}{match[2]}")
    if match[3] in "dw":
        return DayFromToday(days=count * (7 if match[3] == "w" else 1))
    return DayFromToday(months=count * (12 if match[3] == "y" else 1))


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of what a field takes, as it is written: one of these."""

    constant: Limit | None = None
    from_today: DayFromToday | None = None
    field: str | None = None


@lru_cache(maxsize=4096)
def parse_bound(kind: str, written: str | int | float) -> Bound:
    """What is written under `min` or `max` of a field whose values are of this kind.

    Raises ValueError with a sentence.
    """
    if kind == "number":
        return _number_bound(written)
    from_today = parse_day_from_today(written)
    if from_today is not None:
        return Bound(from_today=from_today)
    if isinstance(written, str) and _NAME.fullmatch(written):
        return Bound(field=written)
    try:
        return Bound(constant=_read_day_or_moment(str(written)))
    except ValueError:
        raise ValueError(
            text(
                "write a date such as 2026-11-23, `today`, `today + 5d`, or the key of another date"
                " field"
            )
        ) from None


def _number_bound(written: str | int | float) -> Bound:
    if isinstance(written, str) and _NAME.fullmatch(written):
        return Bound(field=written)
    try:
        number = exact_number(written)
        if number and not -MAX_DECIMALS <= number.adjusted() < MAX_WHOLE_DIGITS:
            raise NotANumber(str(written))
        return Bound(constant=number)
    except NotANumber:
        raise ValueError(
            text("write a number, or the key of another field that holds a number")
        ) from None


def _read_day_or_moment(written: str) -> date | datetime:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written):
        day = date.fromisoformat(written)
        if not is_allowed_date(day):
            raise ValueError(written)
        return day
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None or not is_allowed_moment(moment, UTC):
        raise ValueError(written)
    return moment


@dataclass(frozen=True, slots=True)
class BoundContext:
    """What bounds are counted from: the request's values, and the day (None: unknown)."""

    fields: Mapping[str, FieldSpec]
    data: Mapping[str, Any]
    today: date | None
    zone: tzinfo

    def limit(self, bound: Bound, currency: str | None = None) -> Limit | None:
        """What the bound comes to now; None where it cannot be known, or is in another currency
        than the value that it bounds."""
        if bound.constant is not None:
            return bound.constant
        if bound.from_today is not None:
            try:
                return bound.from_today.on(self.today) if self.today else None
            except (OverflowError, ValueError):
                return None
        spec = self.fields.get(bound.field or "")
        value = self.data.get(bound.field or "")
        if spec is None or value is None or (currency and spec.currency not in (None, currency)):
            return None
        return self.comparable(spec, value)

    def comparable(self, spec: FieldSpec, value: Any) -> Limit | None:
        """A field's value, to be held against a bound; None where it is of no use."""
        try:
            field_type = type_of_field(spec)
            if field_type.is_day:
                return date.fromisoformat(value)
            found = field_type.python_value(value, self.zone)
        except (ValueError, TypeError, ArithmeticError):
            return None
        return found if isinstance(found, Decimal | date) else None

    def is_below(self, low: Limit, high: Limit) -> bool:
        """Whether the first is less; a moment and a day are held against each other as days."""
        if isinstance(low, Decimal) or isinstance(high, Decimal):
            return isinstance(low, Decimal) and isinstance(high, Decimal) and low < high
        if isinstance(low, datetime) and isinstance(high, datetime):
            return low < high
        return self._day(low) < self._day(high)

    def _day(self, limit: date) -> date:
        return local_day_of(limit, self.zone) if isinstance(limit, datetime) else limit


def money_limit(limit: Decimal, currency: str) -> ReaderAmount:
    """A limit of amounts in their currency, with no digit lost."""
    own = -int(limit.normalize().as_tuple().exponent)
    return ReaderAmount(limit, max(decimals_of(currency), own), currency)


def limit_text(
    limit: Limit, currency: str | None = None
) -> str | ReaderAmount | ReaderDay | ReaderMoment:
    """A limit as it stands in messages; of amounts with their currency."""
    if isinstance(limit, Decimal):
        return money_limit(limit, currency) if currency else plain_number(limit)
    return ReaderMoment(limit) if isinstance(limit, datetime) else ReaderDay(limit)


def too_low(bound: Bound, limit: Limit, other: str, currency: str | None = None) -> Text:
    """What whoever wrote less than the least is told; `other` is the field that says it, and
    `currency` that of amounts."""
    is_number = isinstance(limit, Decimal)
    if bound.field is not None:
        if is_number:
            return text("write no less than '%(other)s' says.", other=other)
        return text("write a date that is not before '%(other)s'.", other=other)
    if is_number:
        return text("write %(limit)s or more.", limit=limit_text(limit, currency))
    return text("write %(limit)s or a later date.", limit=limit_text(limit))


def too_high(bound: Bound, limit: Limit, other: str, currency: str | None = None) -> Text:
    """What whoever wrote more than the most is told."""
    is_number = isinstance(limit, Decimal)
    if bound.field is not None:
        if is_number:
            return text("write no more than '%(other)s' says.", other=other)
        return text("write a date that is not after '%(other)s'.", other=other)
    if is_number:
        return text("write %(limit)s or less.", limit=limit_text(limit, currency))
    return text("write %(limit)s or an earlier date.", limit=limit_text(limit))
