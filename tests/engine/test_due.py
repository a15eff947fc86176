"""When work is due: after working time, or after a date of the request."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from workflows.engine.timing.due_dates import Months, due_moment, parse_span
from workflows.engine.timing.working_time import Calendar, Duration

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 2, 2, 9, tzinfo=UTC)


@dataclass(frozen=True)
class After:
    after: str
    by: str


def due(what: Any, data: dict[str, Any], calendar: Calendar | None = None) -> str | None:
    moment = due_moment(
        what, calendar=calendar or Calendar.always(), zone=BERLIN, data=data, now=NOW
    )
    return moment and f"{moment.astimezone(BERLIN):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("received", "by", "expected"),
    [
        ("2026-01-31", "1mo", "2026-02-28 23:59"),
        ("2024-01-31", "1mo", "2024-02-29 23:59"),
        ("2026-01-15", "1mo", "2026-02-15 23:59"),
        ("2026-08-31", "1mo", "2026-09-30 23:59"),
        ("2026-12-31", "2mo", "2027-02-28 23:59"),
        ("2024-02-29", "1y", "2025-02-28 23:59"),
        ("2026-01-31", "1y1mo", "2027-02-28 23:59"),
        ("2026-02-28", "1mo", "2026-03-28 23:59"),
        ("2026-03-28", "1d", "2026-03-29 00:00"),
    ],
)
def test_a_month_is_one_of_the_calendar_and_ends_with_its_day(
    received: str, by: str, expected: str
) -> None:
    assert due(After("received_on", by), {"received_on": received}) == expected


def test_working_time_after_a_date_is_that_of_the_calendar() -> None:
    found = due(After("day", "2d"), {"day": "2026-02-06"}, Calendar.business(BERLIN))
    assert found == "2026-02-09 17:00"


def test_a_date_that_is_empty_or_too_far_off_is_no_due_date() -> None:
    assert due(After("day", "1mo"), {}) is None
    assert due(After("day", "1mo"), {"day": None}) is None
    assert due(After("day", "99y"), {"day": "2199-12-31"}) is None


def test_without_a_date_it_is_the_working_time_from_when_it_was_there() -> None:
    assert due("2d", {}) == "2026-02-04 10:00"
    assert due(None, {}) is None


def test_months_and_minutes_are_told_apart() -> None:
    assert parse_span("1mo") == Months(1)
    assert parse_span("1y6mo") == Months(18)
    assert parse_span("1m") == Duration(minutes=1)
    assert Months(1).after(date(2026, 1, 31)) == date(2026, 2, 28)
    for text in ("", "mo", "1mo2d", "-1mo", "1 mo"):
        with pytest.raises(ValueError, match="duration"):
            parse_span(text)
