"""Working time is counted as an office counts it, over weekends, holidays and clock changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.timing.working_time import (
    Calendar,
    Duration,
    Span,
    calendar_named,
    parse_duration,
)

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
OFFICE = Calendar.business(BERLIN)
ALWAYS = Calendar.always()


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("30m", Duration(minutes=30)),
        ("4h", Duration(hours=4)),
        ("2d", Duration(days=2)),
        ("1w", Duration(weeks=1)),
        ("1d4h", Duration(days=1, hours=4)),
        ("1w2d3h4m", Duration(weeks=1, days=2, hours=3, minutes=4)),
        ("0h", Duration()),
        ("007h", Duration(hours=7)),
    ],
)
def test_a_duration_is_read(text: str, duration: Duration) -> None:
    assert parse_duration(text) == duration


NOT_DURATIONS = (
    "",
    " ",
    "h",
    "4",
    "4 h",
    "-4h",
    "+4h",
    "1.5d",
    "4H",
    "4s",
    "1y",
    "1d 4h",
    "4h1d",
    "1d1d",
    "123456h",
    "4h\n",
    "٤h",
    "²h",
    "d",
    "1d4",
    "4h\x00",
)


@pytest.mark.parametrize("text", NOT_DURATIONS)
def test_what_is_not_a_duration_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="30m, 4h, 2d or 1w"):
        parse_duration(text)


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        duration = parse_duration(text)
    except ValueError:
        return
    assert parse_duration(str(duration)) == duration


def test_a_day_is_a_working_day_and_a_week_is_five() -> None:
    assert OFFICE.seconds(parse_duration("1d")) == 8 * 3600
    assert OFFICE.seconds(parse_duration("1w")) == 5 * 8 * 3600
    assert OFFICE.seconds(parse_duration("1d4h30m")) == 12 * 3600 + 1800


def test_round_the_clock_a_day_is_24_hours_and_a_week_is_seven() -> None:
    assert ALWAYS.seconds(parse_duration("1d")) == 86400
    assert ALWAYS.seconds(parse_duration("1w")) == 7 * 86400


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-11-23T09:00", "4h", "2026-11-23T13:00"),
        ("2026-11-23T09:00", "1d", "2026-11-23T17:00"),  # at closing time, not next morning
        ("2026-11-23T10:00", "1d", "2026-11-24T10:00"),
        ("2026-11-23T16:30", "1h", "2026-11-24T09:30"),
        ("2026-11-27T16:00", "2h", "2026-11-30T10:00"),  # over the weekend
        ("2026-11-28T12:00", "1h", "2026-11-30T10:00"),  # begun on a Saturday
        ("2026-11-27T18:00", "1d", "2026-11-30T17:00"),
        ("2026-11-27T17:00", "30m", "2026-11-30T09:30"),
        ("2026-11-23T06:00", "30m", "2026-11-23T09:30"),
        ("2026-12-31T16:00", "2h", "2027-01-01T10:00"),  # over the year
        ("2026-11-24T11:15", "1w", "2026-12-01T11:15"),
        ("2026-11-24T11:15", "52w", "2027-11-23T11:15"),
        ("2026-03-27T16:00", "2h", "2026-03-30T10:00"),  # the clocks go forward that Sunday
        ("2026-10-23T16:00", "2h", "2026-10-26T10:00"),  # the clocks go back that Sunday
    ],
)
def test_working_time_runs_in_office_hours(start: str, duration: str, end: str) -> None:
    due = OFFICE.add(berlin(start), parse_duration(duration))
    assert due == berlin(end)
    assert due.tzinfo is UTC
    assert OFFICE.between(berlin(start), due).total_seconds() == OFFICE.seconds(
        parse_duration(duration)
    )


def test_nothing_added_to_a_moment_is_that_moment() -> None:
    saturday = berlin("2026-11-28T12:00")
    assert OFFICE.add(saturday, parse_duration("0h")) == saturday


def test_holidays_and_only_working_days_among_them_are_skipped() -> None:
    off = {date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1)}
    office = replace(OFFICE, closures=frozenset(off))
    assert office.add(berlin("2026-12-23T16:00"), parse_duration("2h")) == berlin(
        "2026-12-28T10:00"
    )
    assert office.add(berlin("2026-12-24T11:00"), parse_duration("1d")) == berlin(
        "2026-12-28T17:00"
    )
    assert office.between(berlin("2026-12-23T09:00"), berlin("2027-01-04T09:00")) == timedelta(
        hours=8 * 5
    )


def test_round_the_clock_elapsed_time_is_counted_when_the_clocks_change() -> None:
    start = berlin("2026-03-28T12:00")
    assert ALWAYS.add(start, parse_duration("1d")) == start.astimezone(UTC) + timedelta(days=1)
    assert ALWAYS.between(start, berlin("2026-03-29T12:00")) == timedelta(hours=23)
    assert ALWAYS.between(berlin("2026-10-24T12:00"), berlin("2026-10-25T12:00")) == timedelta(
        hours=25
    )


def test_an_end_before_the_start_is_no_time() -> None:
    assert OFFICE.between(berlin("2026-11-24T09:00"), berlin("2026-11-23T09:00")) == timedelta(0)
    assert ALWAYS.between(berlin("2026-11-24T09:00"), berlin("2026-11-23T09:00")) == timedelta(0)


def test_a_moment_without_a_zone_is_refused() -> None:
    naive, aware = datetime(2026, 11, 23, 9), berlin("2026-11-23T09:00")
    for calendar in (OFFICE, ALWAYS):
        with pytest.raises(ValueError, match="no time zone"):
            calendar.add(naive, Duration(hours=1))
        with pytest.raises(ValueError, match="no time zone"):
            calendar.between(aware, naive)


def test_a_due_date_past_the_last_year_is_refused_in_words() -> None:
    for calendar in (OFFICE, ALWAYS):
        with pytest.raises(ValueError, match="past the year 9999"):
            calendar.add(datetime(9999, 12, 30, tzinfo=UTC), Duration(weeks=1))


def test_calendars_go_by_their_names() -> None:
    assert calendar_named(None, BERLIN) == OFFICE
    assert calendar_named("business", BERLIN) == OFFICE
    assert calendar_named("24/7", BERLIN) == ALWAYS
    with pytest.raises(ValueError, match="write business or 24/7"):
        calendar_named("nights", BERLIN)


@pytest.mark.parametrize(
    "wrong",
    [
        {0: [(time(17), time(9))]},
        {0: [(time(9), time(9))]},
        {0: [(time(9), time(12)), (time(11), time(17))]},
        {0: [(time(13), time(17)), (time(9), time(12))]},
        {},
        {0: []},
        {7: [(time(9), time(17))]},
    ],
)
def test_a_calendar_that_could_never_open_is_refused(wrong: dict[int, list[Span]]) -> None:
    with pytest.raises(ValueError, match="A calendar"):
        Calendar.weekly(UTC, wrong)


def test_a_calendar_has_seven_weekdays() -> None:
    with pytest.raises(ValueError, match="seven"):
        Calendar(zone=UTC, hours=((),) * 6)


moments = st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1), timezones=st.just(UTC)
)
durations = st.builds(
    Duration,
    weeks=st.integers(0, 60),
    days=st.integers(0, 40),
    hours=st.integers(0, 100),
    minutes=st.integers(0, 500),
)
closures = st.frozensets(st.dates(date(2020, 1, 1), date(2036, 1, 1)), max_size=30)
day = st.sampled_from(
    [
        [(time(8, 30), time(12))],
        [(time(8, 30), time(17))],
        [(time(8, 30), time(12, 15)), (time(13), time(22, 45))],
        [(time(6), time(9)), (time(9), time(11)), (time(18), time(0))],
    ]
)
calendars = st.one_of(
    st.just(ALWAYS),
    st.builds(
        Calendar.weekly,
        st.sampled_from([UTC, BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe")]),
        st.dictionaries(st.integers(0, 6), day, min_size=1),
        closures,
    ),
)


@given(calendars, moments, durations)
def test_between_a_start_and_its_due_date_lies_the_duration(
    calendar: Calendar, start: datetime, duration: Duration
) -> None:
    due = calendar.add(start, duration)
    assert due >= start
    assert calendar.between(start, due) == timedelta(seconds=calendar.seconds(duration))


@given(calendars, moments, durations, durations)
def test_adding_twice_is_adding_the_sum(
    calendar: Calendar, start: datetime, one: Duration, other: Duration
) -> None:
    both = Duration(
        weeks=one.weeks + other.weeks,
        days=one.days + other.days,
        hours=one.hours + other.hours,
        minutes=one.minutes + other.minutes,
    )
    stepwise = calendar.add(calendar.add(start, one), other)
    assert calendar.between(start, stepwise) == calendar.between(start, calendar.add(start, both))
    if calendar.seconds(other):
        assert stepwise == calendar.add(start, both)


@given(calendars, moments, moments, moments)
def test_working_time_adds_up_along_the_way(
    calendar: Calendar, one: datetime, two: datetime, three: datetime
) -> None:
    first, middle, last = sorted((one, two, three))
    parts = calendar.between(first, middle) + calendar.between(middle, last)
    assert parts == calendar.between(first, last)


def minute_by_minute(calendar: Calendar, begin: datetime, minutes: int) -> int:
    """Working minutes counted the slow and certain way."""
    assert calendar.hours is not None
    count = 0
    for minute in range(minutes):
        local = (begin + timedelta(minutes=minute)).astimezone(calendar.zone)
        spans = calendar.hours[local.weekday()] if local.date() not in calendar.closures else ()
        count += any(opens <= local.time() < closes for opens, closes in spans)
    return count


@pytest.mark.parametrize("day", ["2026-03-27", "2026-10-23", "2026-12-30", "2028-02-28"])
@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, UTC])
@pytest.mark.parametrize("hours", ["office", "split and uneven"])
def test_it_counts_what_a_minute_by_minute_count_does(day: str, zone: ZoneInfo, hours: str) -> None:
    begin = datetime.fromisoformat(f"{day}T03:17").replace(tzinfo=UTC)
    calendar = replace(Calendar.business(zone), closures=frozenset({date(2027, 1, 1)}))
    if hours != "office":
        split = [(time(7, 45), time(12, 10)), (time(13, 5), time(18))]
        calendar = Calendar.weekly(zone, {0: split, 2: split[:1], 4: split, 6: split[1:]})
    minutes = 5 * 24 * 60 + 311
    expected = minute_by_minute(calendar, begin, minutes)
    assert calendar.between(begin, begin + timedelta(minutes=minutes)) == timedelta(
        minutes=expected
    )
