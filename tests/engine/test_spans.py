"""Spans of the calendar, and moments that are reckoned from a field's date, on or back."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.driving import task
from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.files import read_definition
from workflows.engine.format.parts import DueDef
from workflows.engine.timing.due_dates import (
    Months,
    deadline_after,
    due_moment,
    end_of_wait,
    parse_span,
    relative_moment,
)
from workflows.engine.timing.working_time import Calendar, parse_duration

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar.business(BERLIN)
NOW = datetime(2026, 2, 2, 9, tzinfo=UTC)


def shown(moment: datetime | None) -> str | None:
    return moment and f"{moment.astimezone(BERLIN):%Y-%m-%d %H:%M}"


def due(rule: Any, calendar: Calendar = OFFICE, **data: Any) -> str | None:
    return shown(due_moment(rule, calendar=calendar, zone=BERLIN, data=data, now=NOW))


@pytest.mark.parametrize(
    ("day", "by", "expected"),
    [
        ("2026-03-09", "5d", "2026-03-02 09:00"),
        ("2026-03-10", "4h", "2026-03-09 13:00"),
        ("2026-03-10T12:00:00Z", "4h", "2026-03-10 09:00"),
        ("2026-03-09", "5cd", "2026-03-04 23:59"),
        ("2026-03-31", "1mo", "2026-02-28 23:59"),
        ("2024-03-31", "1mo", "2024-02-29 23:59"),
        ("2026-01-31", "1y2mo", "2024-11-30 23:59"),
        ("2026-03-30T21:30:00Z", "1mo1cd", "2026-02-27 23:59"),
        ("2026-03-30T22:30:00Z", "1mo1cd", "2026-02-27 23:59"),
    ],
)
def test_work_can_be_due_before_a_date(day: str, by: str, expected: str) -> None:
    assert due(DueDef(before="needed_by", by=by), needed_by=day) == expected


def test_days_of_the_calendar_count_weekends_and_working_days_do_not() -> None:
    assert due(DueDef(after="day", by="14cd"), day="2026-02-06") == "2026-02-20 23:59"
    assert due(DueDef(after="day", by="10d"), day="2026-02-06") == "2026-02-19 17:00"
    assert due("30cd") == "2026-03-04 23:59"
    assert due("1mo") == "2026-03-02 23:59"


def test_a_date_before_all_days_is_no_due_date() -> None:
    assert due(DueDef(before="day", by="99y"), day="1950-01-01") is None
    assert due(DueDef(before="day", by="99999w"), day="1950-01-01") is None


def test_a_wait_of_months_ends_at_the_time_of_day_at_which_it_began() -> None:
    began = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    ends = end_of_wait(began, parse_span("2mo"), calendar=OFFICE, zone=BERLIN)
    assert shown(ends) == "2026-03-31 10:30"  # the clocks have gone forward since
    assert shown(deadline_after(began, Months(1), calendar=OFFICE, zone=BERLIN)) == (
        "2026-02-28 23:59"
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (DueDef(before="day", by="5d"), "2026-03-02 09:00"),
        (DueDef(before="day", by="1mo"), "2026-02-09 00:00"),
        (DueDef(after="day", by="3cd"), "2026-03-12 00:00"),
        (DueDef(after="day", by="2h"), "2026-03-09 11:00"),
    ],
)
def test_a_wait_ends_with_the_first_moment_of_the_day(rule: DueDef, expected: str) -> None:
    assert shown(relative_moment(rule, "2026-03-09", calendar=OFFICE, zone=BERLIN)) == expected


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 200), st.integers(0, 400))
def test_a_stretch_on_and_back_leads_to_the_day_or_the_end_of_its_month(
    day: date, months: int, days: int
) -> None:
    stretch = Months(months, days)
    there = stretch.after(day)
    assert there - timedelta(days=days) == Months(months).after(day)
    back = Months(months).before(Months(months).after(day))
    assert (back.year, back.month) == (day.year, day.month)
    assert back.day == min(day.day, Months(months).after(day).day)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 400),
)
def test_working_time_back_and_on_again_is_the_same_working_moment(
    moment: datetime, hours: int
) -> None:
    span = parse_duration(f"{hours}h")
    back = OFFICE.subtract(moment, span)
    assert OFFICE.between(back, moment) == timedelta(hours=hours)
    assert OFFICE.between(back, back + timedelta(seconds=1)) > timedelta(0)  # the latest


# -- in the file --------------------------------------------------------------------------------


def read(**step: Any) -> Any:
    plain = {
        "format": 1,
        "key": "spans",
        "name": "Spans",
        "roles": {"crew": {"groups": ["crew"]}},
        "fields": {"day": {"type": "date"}},
        "steps": {"one": task(ok="done") | step, "done": {"kind": "end", "result": "done"}},
    }
    return read_definition(json.dumps(plain), name="spans.json")


@pytest.mark.parametrize(
    "step",
    [
        {"due": "1mo"},
        {"due": {"before": "day", "by": "5d"}, "calendar": "24/7"},
        {"due": {"after": "day", "by": "1y6mo3cd"}},
        {"kind": "wait", "for": "14cd", "to": "done", "calendar": "night-shift"},
        {"kind": "wait", "until": {"before": "day", "by": "1mo"}, "to": "done"},
    ],
)
def test_what_a_file_says_of_times_is_what_is_written_back(step: dict[str, Any]) -> None:
    if step.get("kind") == "wait":
        keep = ("role", "expected")
        whole = {name: part for name, part in task(ok="done").items() if name in keep} | step
        definition = read(**{"outcomes": None, "due": None, **step})
        written = definition.dump()["steps"]["one"]
        assert written == whole
    else:
        assert read(**step).dump()["steps"]["one"] == task(ok="done") | step


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"due": {"by": "1mo"}}, "exactly one of `after` and `before`"),
        ({"due": {"by": "1mo", "after": "day", "before": "day"}}, "exactly one"),
        ({"due": {"before": "day", "by": "soon"}}, "'soon' is not a duration"),
        ({"due": "1mo2d"}, "'1mo2d' is not a duration"),
        ({"expected": "1mo"}, "'1mo' is not a duration"),
        ({"calendar": "Night"}, "steps.one.calendar"),
    ],
)
def test_what_is_no_time_is_refused_in_words(step: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionProblem) as caught:
        read(**step)
    assert words in str(caught.value)
