"""How a due date came to be: from when, by which spans more, how long its clock stood still.

An extension is reckoned from the original base: a month after the day of receipt, extended by two,
is three months after it, and not two months after the end of the first. Where the two cannot be put
together, because one counts in working time, the extension follows the original due date.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Self

from workflows.engine.timing.due_dates import (
    Months,
    Period,
    RelativeDate,
    days_between,
    deadline_after,
    due_base,
    due_moment,
    field_of,
    is_before,
    parse_span,
)
from workflows.engine.timing.working_time import Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRecord:
    """A due date's history: its base and first value (moments in ISO), the spans by which it was
    extended, and the days of the calendar and the seconds of working time that it stood still."""

    base: str
    first: str
    extended: tuple[str, ...] = ()
    days: int = 0
    seconds: int = 0
    stands_since: str | None = None

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """As it is kept in a row."""
        return cls(**{**written, "extended": tuple(written.get("extended", ()))})

    def to_json(self) -> dict[str, Any]:
        """As it is kept, without what says nothing."""
        pairs = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in pairs.items()
            if value not in (None, 0, ())
        }

    def count_from(self, other: "DueRecord") -> "DueRecord":
        """Reckoned from where another begins, with the time that this one was given and stood."""
        return replace(self, base=other.base, first=other.first)

    def extend(self, by: str) -> "DueRecord":
        """With so much more time."""
        return replace(self, extended=(*self.extended, by))

    def stand(self, since: datetime) -> "DueRecord":
        """Its clock stands still from now on."""
        return replace(self, stands_since=since.isoformat())

    def go_on(
        self, since: datetime, until: datetime, calendar: Calendar, zone: tzinfo
    ) -> "DueRecord":
        """Its clock goes on, having stood still between these moments."""
        stood = round(calendar.between(since, until).total_seconds())
        return replace(
            self,
            days=self.days + days_between(since, until, zone),
            seconds=self.seconds + stood,
            stands_since=None,
        )


def begin_record(
    due: str | RelativeDate | None,
    *,
    calendar: Calendar,
    zone: tzinfo,
    data: Mapping[str, Any],
    now: datetime,
) -> DueRecord | None:
    """The record of a due date that is reckoned now; None where there is none."""
    first = due_moment(due, calendar=calendar, zone=zone, data=data, now=now)
    if due is None or first is None:
        return None
    base = now if isinstance(due, str) else due_base(due, data, zone=zone)
    return DueRecord(base=base.isoformat(), first=first.isoformat())


def follow_values(
    record: DueRecord | None,
    due: str | RelativeDate | None,
    *,
    calendar: Calendar,
    zone: tzinfo,
    data: Mapping[str, Any],
    now: datetime,
) -> DueRecord | None:
    """The record as the request's values have it now: begun where it can be; reckoned from another
    date where its field names another; else as it is, also where the field was emptied."""
    if record is not None and (
        isinstance(due, str) or not _has_other_base(record, due, data, zone)
    ):
        return record
    begun = begin_record(due, calendar=calendar, zone=zone, data=data, now=now)
    if record is None or begun is None:
        return begun or record
    return record.count_from(begun)


def _has_other_base(
    record: DueRecord, due: str | RelativeDate | None, data: Mapping[str, Any], zone: tzinfo
) -> bool:
    if due is None or isinstance(due, str) or not isinstance(data.get(field_of(due)), str):
        return False
    return due_base(due, data, zone=zone).isoformat() != record.base


def due_of_record(
    due: str | RelativeDate, record: DueRecord, *, calendar: Calendar, zone: tzinfo
) -> datetime:
    """When it is due by all that its record says. Raises OverflowError."""
    spans = [parse_span(written) for written in record.extended]
    own = parse_span(due if isinstance(due, str) else due.by)
    moment = _extended(due, record, own, spans, calendar=calendar, zone=zone)
    if isinstance(own, Months):
        local = moment.astimezone(zone)
        later = datetime.combine(local.date() + timedelta(days=record.days), local.time(), zone)
        return later.astimezone(moment.tzinfo)
    return calendar.postpone(moment, timedelta(seconds=record.seconds))


def _extended(
    due: str | RelativeDate,
    record: DueRecord,
    own: Period,
    spans: list[Period],
    *,
    calendar: Calendar,
    zone: tzinfo,
) -> datetime:
    first = datetime.fromisoformat(record.first)
    stretches = [span for span in spans if isinstance(span, Months)]
    if isinstance(own, Months) and len(stretches) == len(spans) and spans and not is_before(due):
        whole = Months(
            own.count + sum(span.count for span in stretches),
            own.days + sum(span.days for span in stretches),
        )
        base = datetime.fromisoformat(record.base)
        return deadline_after(base, whole, calendar=calendar, zone=zone)
    for span in spans:
        first = deadline_after(first, span, calendar=calendar, zone=zone)
    return first
