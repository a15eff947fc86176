"""Types of fields that hold a time: a date, and a date with a time of day."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

from workflows.engine.texts import text
from workflows.engine.timing.dates import (
    OUT_OF_BOUNDS,
    Moment,
    is_allowed_date,
    is_allowed_moment,
    start_of_day,
)
from workflows.engine.values.field_types.base import (
    FIELD_TYPES,
    FieldSpec,
    FieldType,
    ValueRefused,
)

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STEPS: Final = range(-2, 3)
"""So many days and seconds around a date are tried: more than zones can move it."""


class DateType(FieldType):
    """A day of the calendar; what it begins at is the site's zone to say."""

    name = "date"
    title = text("date")
    kind = "date"
    is_day = True
    is_personal = False

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """Year-month-day."""
        if isinstance(raw, date) and not isinstance(raw, datetime):
            return raw.isoformat()
        written = raw.strip() if isinstance(raw, str) else ""
        if not _DATE.fullmatch(written):
            raise ValueRefused("write a date as year-month-day, such as 2026-11-23.")
        try:
            return date.fromisoformat(written).isoformat()
        except ValueError:
            raise ValueRefused(
                "there is no %(date)s in the calendar; write another date.", date=written
            ) from None

    def bounded_value(self, value: Any, zone: tzinfo) -> Any:
        """A date that is nobody's: the 'none' of another system, or a slip of the pen."""
        if not is_allowed_date(date.fromisoformat(value)):
            raise ValueRefused(OUT_OF_BOUNDS)
        return value

    def python_value(self, value: Any, zone: tzinfo) -> datetime:
        """The moment with which it begins in this zone."""
        return start_of_day(date.fromisoformat(value), zone)

    def rule_value(self, value: Any, zone: tzinfo) -> Moment:
        """Dates stay dates, so that a sum moves them on the calendar."""
        return Moment.of_day(date.fromisoformat(value), zone)

    def take_result(self, value: Any) -> Any:
        """The day of a moment."""
        return value.local_date if isinstance(value, Moment) else value

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A date."""
        return {"type": "string", "format": "date"}

    def probe_values(self, spec: FieldSpec, constants: Sequence[str]) -> list[Any] | None:
        """The days around each that a rule names."""
        days = [datetime.fromisoformat(constant).date() for constant in constants]
        around = {day + timedelta(days=step) for day in days for step in _STEPS}
        return sorted(day.isoformat() for day in around) or ["2026-01-01"]


class DateTimeType(FieldType):
    """A date with a time and its zone, kept in UTC."""

    name = "datetime"
    title = text("date and time")
    kind = "date"
    is_personal = False

    def clean(self, spec: FieldSpec, raw: object) -> str:
        """The moment in UTC."""
        moment = raw
        if isinstance(raw, str):
            try:
                moment = datetime.fromisoformat(raw.strip())
            except ValueError:
                moment = None
        if not isinstance(moment, datetime) or moment.utcoffset() is None:
            raise ValueRefused("write a date and time with its zone, such as 2026-11-23T09:00:00Z.")
        try:
            return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        except OverflowError:
            raise ValueRefused(OUT_OF_BOUNDS) from None

    def bounded_value(self, value: Any, zone: tzinfo) -> Any:
        """A moment that is nobody's: the 'none' of another system, or a slip of the pen."""
        if not is_allowed_moment(self.python_value(value, zone), zone):
            raise ValueRefused(OUT_OF_BOUNDS)
        return value

    def python_value(self, value: Any, zone: tzinfo) -> datetime:
        """The moment."""
        moment = datetime.fromisoformat(value)
        if moment.utcoffset() is None:
            raise ValueError("a moment without a zone")
        return moment

    def rule_value(self, value: Any, zone: tzinfo) -> Moment:
        """The moment, as rules calculate with it."""
        return Moment.at(self.python_value(value, zone), zone)

    def json_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """A date and time."""
        return {"type": "string", "format": "date-time"}

    def probe_values(self, spec: FieldSpec, constants: Sequence[str]) -> list[Any] | None:
        """The seconds and days around each moment that a rule names."""
        return sorted(set(_moments_around(constants))) or ["2026-01-01T00:00+00:00"]


def _moments_around(constants: Iterable[str]) -> Iterator[str]:
    for constant in constants:
        moment = datetime.fromisoformat(constant)
        aware = moment.isoformat() if moment.tzinfo else f"{moment.isoformat()}+00:00"
        exact = datetime.fromisoformat(aware)
        for step in _STEPS:
            yield (exact + timedelta(seconds=step)).isoformat()
            yield (exact + timedelta(days=step)).isoformat()


DATE = FIELD_TYPES.register(DateType.name, DateType())
DATETIME = FIELD_TYPES.register(DateTimeType.name, DateTimeType())
