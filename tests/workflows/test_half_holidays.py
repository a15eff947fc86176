"""Half holidays of a site's calendars: written in lines, counted in, refused in words."""

from datetime import date, time
from typing import Any

import pytest

from workflows.calendars.admin.calendar_forms import CalendarForm
from workflows.calendars.models import BusinessCalendar
from workflows.calendars.queries.working_calendars import build_site_calendar, parse_half_days

HOURS = '{"thu": [["09:00", "17:00"]]}'


def test_a_day_of_each_year_and_one_of_a_single_year() -> None:
    days = parse_half_days({"12-24": "12:00", "2026-12-24": "13:30", "2026-02-16": "12:00"})
    assert days[date(2025, 12, 24)] == days[date(2027, 12, 24)] == time(12)
    assert days[date(2026, 12, 24)] == time(13, 30)
    assert days[date(2026, 2, 16)] == time(12)
    assert date(2027, 2, 16) not in days


def test_29_february_is_a_half_holiday_where_there_is_one() -> None:
    days = parse_half_days({"02-29": "12:00"})
    assert date(2028, 2, 29) in days
    assert date(2027, 3, 1) not in days


@pytest.mark.parametrize(
    "written",
    [{"13-24": "12:00"}, {"12-24": "noon"}, {"12-24": "00:00"}, {"Xmas": "12:00"}, {"12-24": 12}],
)
def test_what_is_no_half_holiday_is_refused_in_words(written: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no half holiday"):
        parse_half_days(written)


@pytest.mark.django_db
def test_the_form_takes_them_in_lines_and_shows_them_so_again() -> None:
    said = {"key": "berlin", "name": "Berlin", "hours": HOURS}
    form = CalendarForm({**said, "half_days": "12-24 12:00\n\n2026-02-16  12:00 "})
    assert form.is_valid(), form.errors
    row = form.save()
    assert row.half_days == {"12-24": "12:00", "2026-02-16": "12:00"}
    assert build_site_calendar(row).early[date(2026, 12, 24)] == time(12)
    shown = CalendarForm(instance=row)["half_days"].value()
    assert shown == "12-24 12:00\n2026-02-16 12:00"
    wrong = CalendarForm({**said, "key": "other", "half_days": "Xmas 12:00"})
    assert "no half holiday" in str(wrong.errors["half_days"])


@pytest.mark.django_db
def test_a_calendar_of_before_has_none() -> None:
    row = BusinessCalendar.objects.create(key="old", name="Old")
    assert build_site_calendar(row).early == {}
