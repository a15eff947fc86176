"""A table of due dates worked out by hand, and what holds of every calendar there could be.

The days were looked up in a printed calendar and the clock changes in the zones' own rules; a
case says when work starts on the wall clock, how much there is, and when it is done.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.timing.working_time import Calendar, Duration, Span, parse_duration

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
SYDNEY = ZoneInfo("Australia/Sydney")
KOLKATA = ZoneInfo("Asia/Kolkata")


def spans(text: str) -> list[Span]:
    """`09:00-12:30 13:30-17:00` as spans; `24:00` is the end of the day."""
    found = []
    for part in text.split():
        opens, closes = part.replace("24:00", "00:00").split("-")
        found.append((time.fromisoformat(opens), time.fromisoformat(closes)))
    return found


def calendar(zone: ZoneInfo, hours: Mapping[str, str], off: Iterable[str] = ()) -> Calendar:
    """A calendar of `{"0-4": "09:00-17:00"}` (Monday is 0) with days off."""
    week: dict[int, list[Span]] = {}
    for days, text in hours.items():
        first, _, last = days.partition("-")
        week |= dict.fromkeys(range(int(first), int(last or first) + 1), spans(text))
    return Calendar.weekly(zone, week, [date.fromisoformat(day) for day in off])


YEAR_END = ("2026-12-24", "2026-12-25", "2026-12-26", "2026-12-31", "2027-01-01")
CALENDARS = {
    "office": Calendar.business(BERLIN),
    "year end": calendar(BERLIN, {"0-4": "09:00-17:00"}, YEAR_END),
    "new york": Calendar.business(NEW_YORK),
    "thanksgiving": calendar(NEW_YORK, {"0-4": "09:00-17:00"}, ["2026-11-26"]),
    "always": Calendar.always(),
    "lunch": calendar(BERLIN, {"0-4": "09:00-12:30 13:30-17:00"}),
    "short friday": calendar(BERLIN, {"0-3": "08:00-17:00", "4": "08:00-13:00"}),
    "short week": calendar(BERLIN, {"0": "09:00-13:00", "2": "09:00-17:00"}),
    "sundays": calendar(BERLIN, {"6": "10:00-14:00"}),
    "late": calendar(BERLIN, {"0-4": "16:00-24:00"}),
    "night": calendar(BERLIN, {"0-6": "00:00-06:00"}),
    "night new york": calendar(NEW_YORK, {"0-6": "00:00-06:00"}),
    "all hours": calendar(BERLIN, {"0-6": "00:00-24:00"}),
    "sydney": Calendar.business(SYDNEY),
    "australia day": calendar(SYDNEY, {"0-4": "09:00-17:00"}, ["2026-01-26"]),
    "night sydney": calendar(SYDNEY, {"0-6": "01:00-05:00"}),
    "kolkata": calendar(KOLKATA, {"0-5": "09:30-18:30"}),
    "closed in august": calendar(
        BERLIN, {"0-4": "09:00-17:00"}, [f"2026-08-{day:02}" for day in range(1, 32)]
    ),
}
ZONES = {"always": UTC}

CASES = [
    # -- plain days
    ("office", "2026-11-23 09:00", "4h", "2026-11-23 13:00"),
    ("office", "2026-11-23 09:00", "1d", "2026-11-23 17:00"),
    ("office", "2026-11-23 09:00", "8h1m", "2026-11-24 09:01"),
    ("office", "2026-11-23 10:00", "1d", "2026-11-24 10:00"),
    ("office", "2026-11-23 16:59", "2m", "2026-11-24 09:01"),
    ("office", "2026-11-23 05:00", "30m", "2026-11-23 09:30"),
    ("office", "2026-11-23 22:00", "30m", "2026-11-24 09:30"),
    ("office", "2026-11-23 17:00", "1m", "2026-11-24 09:01"),
    # -- nothing at all
    ("office", "2026-11-23 10:00", "0h", "2026-11-23 10:00"),
    ("office", "2026-11-28 03:00", "0h", "2026-11-28 03:00"),
    ("always", "2026-11-28 03:00", "0m", "2026-11-28 03:00"),
    # -- over weekends
    ("office", "2026-11-27 16:00", "2h", "2026-11-30 10:00"),
    ("office", "2026-11-27 09:00", "1d", "2026-11-27 17:00"),
    ("office", "2026-11-27 17:00", "1d", "2026-11-30 17:00"),
    ("office", "2026-11-28 12:00", "1h", "2026-11-30 10:00"),
    ("office", "2026-11-29 23:59", "1h", "2026-11-30 10:00"),
    ("office", "2026-11-25 12:00", "1w", "2026-12-02 12:00"),
    ("office", "2026-11-26 13:00", "2d4h", "2026-11-30 17:00"),
    ("office", "2026-11-23 09:00", "2w", "2026-12-04 17:00"),
    # -- holidays and closures
    ("year end", "2026-12-23 16:00", "2h", "2026-12-28 10:00"),
    ("year end", "2026-12-23 09:00", "1w", "2027-01-04 17:00"),
    ("year end", "2026-12-24 11:00", "1h", "2026-12-28 10:00"),
    ("year end", "2026-12-30 16:00", "1d", "2027-01-04 16:00"),
    ("year end", "2026-12-26 11:00", "1d", "2026-12-28 17:00"),
    ("thanksgiving", "2026-11-25 15:00", "4h", "2026-11-27 11:00"),
    ("thanksgiving", "2026-11-25 15:00", "2d", "2026-11-30 15:00"),
    ("australia day", "2026-01-23 16:00", "2h", "2026-01-27 10:00"),
    ("closed in august", "2026-07-31 16:00", "2h", "2026-09-01 10:00"),
    ("closed in august", "2026-08-15 12:00", "8h", "2026-09-01 17:00"),
    # -- across years
    ("office", "2026-12-31 16:00", "2h", "2027-01-01 10:00"),
    ("office", "2026-11-24 11:15", "52w", "2027-11-23 11:15"),
    ("office", "2028-02-28 16:00", "2h", "2028-02-29 10:00"),
    ("office", "2027-02-26 16:00", "2h", "2027-03-01 10:00"),
    ("always", "2026-12-31 23:30", "1h", "2027-01-01 00:30"),
    ("always", "2028-02-28 12:00", "2d", "2028-03-01 12:00"),
    # -- round the clock, by elapsed time
    ("always", "2026-11-27 18:00", "3d", "2026-11-30 18:00"),
    ("always", "2026-11-27 18:00", "1w", "2026-12-04 18:00"),
    ("always", "2026-11-27 18:00", "1w1d1h1m", "2026-12-05 19:01"),
    # -- the clocks change while the office is closed: 29 March and 25 October in Berlin,
    #    8 March and 1 November in New York
    ("office", "2026-03-27 16:00", "2h", "2026-03-30 10:00"),
    ("office", "2026-10-23 16:00", "2h", "2026-10-26 10:00"),
    ("new york", "2026-03-06 16:00", "2h", "2026-03-09 10:00"),
    ("new york", "2026-10-30 16:00", "2h", "2026-11-02 10:00"),
    ("sydney", "2026-04-03 16:00", "2h", "2026-04-06 10:00"),
    ("sydney", "2026-10-02 16:00", "2h", "2026-10-05 10:00"),
    # -- the clocks change while people work: the hours that pass are counted
    ("night", "2026-03-28 05:00", "2h", "2026-03-29 01:00"),
    ("night", "2026-03-28 05:00", "3h", "2026-03-29 03:00"),  # at 02:00 it is 03:00
    ("night", "2026-03-29 00:00", "5h", "2026-03-29 06:00"),
    ("night", "2026-03-29 00:00", "1d", "2026-03-30 01:00"),
    ("night", "2026-10-25 00:00", "1d", "2026-10-25 05:00"),  # 02:00 to 03:00 comes twice
    ("night", "2026-10-25 00:00", "7h", "2026-10-25 06:00"),
    ("night", "2026-10-25 00:00", "8h", "2026-10-26 01:00"),
    ("night new york", "2026-03-08 00:00", "5h", "2026-03-08 06:00"),
    ("night new york", "2026-03-08 00:00", "6h", "2026-03-09 01:00"),
    ("night new york", "2026-11-01 00:00", "7h", "2026-11-01 06:00"),
    ("night new york", "2026-11-01 00:00", "8h", "2026-11-02 01:00"),
    ("night sydney", "2026-04-05 01:00", "5h", "2026-04-05 05:00"),
    ("night sydney", "2026-10-04 01:00", "3h", "2026-10-04 05:00"),
    ("all hours", "2026-03-28 12:00", "1d", "2026-03-29 13:00"),
    ("all hours", "2026-10-24 12:00", "1d", "2026-10-25 11:00"),
    # -- days in several parts
    ("lunch", "2026-11-23 12:00", "1h", "2026-11-23 14:00"),
    ("lunch", "2026-11-23 12:00", "30m", "2026-11-23 12:30"),
    ("lunch", "2026-11-23 13:00", "30m", "2026-11-23 14:00"),
    ("lunch", "2026-11-23 09:00", "1d", "2026-11-23 17:00"),
    ("lunch", "2026-11-23 11:00", "1d", "2026-11-24 11:00"),
    ("lunch", "2026-11-27 16:30", "4h", "2026-11-30 12:30"),
    ("lunch", "2026-11-27 16:30", "4h1m", "2026-11-30 13:31"),
    ("late", "2026-11-23 23:00", "1h", "2026-11-24 00:00"),
    ("late", "2026-11-23 23:00", "2h", "2026-11-24 17:00"),
    ("late", "2026-11-27 23:30", "1d", "2026-11-30 23:30"),
    # -- days of different lengths: a day is as long as most working days
    ("short friday", "2026-11-23 08:00", "1d", "2026-11-23 17:00"),
    ("short friday", "2026-11-27 08:00", "1d", "2026-11-30 12:00"),
    ("short friday", "2026-11-26 12:00", "1d", "2026-11-27 12:00"),
    ("short friday", "2026-11-26 16:00", "1d", "2026-11-30 11:00"),
    ("short friday", "2026-11-27 08:00", "1w", "2026-12-03 17:00"),
    ("short week", "2026-11-23 09:00", "1d", "2026-11-25 13:00"),  # the longer of two lengths
    ("short week", "2026-11-23 09:00", "1w", "2026-11-25 17:00"),
    ("sundays", "2026-11-23 09:00", "1d", "2026-11-29 14:00"),
    ("sundays", "2026-11-29 12:00", "1d", "2026-12-06 12:00"),
    ("sundays", "2026-11-29 12:00", "3w", "2026-12-20 12:00"),
    # -- other parts of the world
    ("sydney", "2026-01-23 16:00", "2h", "2026-01-26 10:00"),
    ("sydney", "2026-06-30 16:30", "1h", "2026-07-01 09:30"),
    ("kolkata", "2026-11-28 18:00", "1h", "2026-11-30 10:00"),
    ("kolkata", "2026-11-27 18:00", "1d", "2026-11-28 18:00"),
]


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 60
    assert len(set(CASES)) == len(CASES)


@pytest.mark.parametrize(("name", "start", "duration", "done"), CASES)
def test_work_is_done_when_the_table_says(name: str, start: str, duration: str, done: str) -> None:
    counted = CALENDARS[name]
    zone = ZONES.get(name, counted.zone)
    begin = datetime.fromisoformat(start).replace(tzinfo=zone)
    due = counted.add(begin, parse_duration(duration))
    assert due == datetime.fromisoformat(done).replace(tzinfo=zone).astimezone(UTC)
    worked = counted.between(begin, due).total_seconds()
    assert worked == counted.seconds(parse_duration(duration))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


BETWEEN = [
    ("office", "2026-11-27 15:00", "2026-11-30 09:00", 2.0),
    ("office", "2026-11-28 00:00", "2026-11-29 23:00", 0.0),
    ("office", "2026-11-23 08:00", "2026-11-30 08:00", 40.0),
    ("year end", "2026-12-23 08:00", "2027-01-04 08:00", 32.0),
    ("lunch", "2026-11-23 11:00", "2026-11-23 13:00", 1.0),
    ("always", "2026-03-28 12:00", "2026-03-29 12:00", 24.0),
    ("night", "2026-03-28 23:00", "2026-03-29 04:00", 5.0),
    ("night", "2026-10-24 22:00", "2026-10-25 05:00", 7.0),
    ("night", "2026-10-25 00:30", "2026-10-25 01:30", 1.0),  # 02:30, and 02:30 again
    ("night new york", "2026-11-01 05:30", "2026-11-01 06:30", 1.0),
    ("night new york", "2026-03-08 06:30", "2026-03-08 07:30", 1.0),  # 01:30, then 03:30
    ("sydney", "2026-01-25 22:00", "2026-01-26 06:00", 8.0),
]


@pytest.mark.parametrize(("name", "begin", "end", "hours"), BETWEEN)
def test_between_two_moments_lie_the_hours_that_the_table_says(
    name: str, begin: str, end: str, hours: float
) -> None:
    assert CALENDARS[name].between(utc(begin), utc(end)) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("name", "day", "week"),
    [
        ("office", 8, 40),
        ("lunch", 7, 35),
        ("short friday", 9, 41),
        ("short week", 8, 12),
        ("sundays", 4, 4),
        ("all hours", 24, 168),
        ("always", 24, 168),
        ("year end", 8, 40),
    ],
)
def test_a_day_is_as_long_as_most_working_days_and_a_week_as_all_of_them(
    name: str, day: int, week: int
) -> None:
    counted = CALENDARS[name]
    assert counted.seconds(Duration(days=1)) == day * 3600
    assert counted.seconds(Duration(weeks=1)) == week * 3600


# -- what holds of every calendar -----------------------------------------------------------------

ANYWHERE = st.sampled_from(
    [
        *(BERLIN, NEW_YORK, SYDNEY, KOLKATA, ZoneInfo("UTC"), ZoneInfo("Australia/Lord_Howe")),
        *(ZoneInfo("America/Sao_Paulo"), ZoneInfo("Pacific/Apia"), ZoneInfo("Africa/Casablanca")),
        *(ZoneInfo("Pacific/Chatham"), ZoneInfo("America/Havana"), ZoneInfo("Europe/Dublin")),
    ]
)
SPAN_LISTS = st.sampled_from(
    [
        spans(text)
        for text in (
            *("", "09:00-17:00", "09:00-12:30 13:30-17:00", "00:00-06:00", "00:00-24:00"),
            *("01:30-02:30", "02:15-02:45", "22:00-24:00", "00:00-02:00 03:00-08:00"),
            *("00:00-00:01 23:59-24:00", "06:00-09:00 09:00-11:00 18:00-24:00"),
        )
    ]
)
DAYS = st.dates(date(2008, 1, 1), date(2031, 12, 31))
ANY_CALENDAR = st.builds(
    Calendar.weekly,
    ANYWHERE,
    st.dictionaries(st.integers(0, 6), SPAN_LISTS, min_size=1).filter(
        lambda week: any(week.values())
    ),
    st.frozensets(DAYS, max_size=40),
)
MOMENTS = st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
NIGHTS = st.builds(
    lambda year, month, day, hour: datetime(year, month, day, tzinfo=UTC) + timedelta(hours=hour),
    st.integers(2009, 2029),
    st.sampled_from([3, 4, 9, 10, 11]),
    st.integers(1, 30),
    st.floats(-14, 38),
)
STARTS = MOMENTS | NIGHTS
WORK = st.builds(Duration, hours=st.integers(0, 400), minutes=st.integers(0, 900))


def together(one: Duration, other: Duration) -> Duration:
    return Duration(hours=one.hours + other.hours, minutes=one.minutes + other.minutes)


@given(ANY_CALENDAR, STARTS, WORK, WORK)
def test_some_working_hours_and_then_others_are_as_many_at_once(
    counted: Calendar, start: datetime, one: Duration, other: Duration
) -> None:
    at_once = counted.add(start, together(one, other))
    stepwise = counted.add(counted.add(start, one), other)
    if other.hours or other.minutes:
        assert stepwise == at_once
    else:
        assert stepwise == counted.add(start, one)


@given(ANY_CALENDAR, STARTS, WORK)
def test_between_a_start_and_its_due_date_lies_the_work_and_not_a_moment_less(
    counted: Calendar, start: datetime, work: Duration
) -> None:
    due, wanted = counted.add(start, work), timedelta(seconds=counted.seconds(work))
    assert due >= start
    assert counted.between(start, due) == wanted
    just_before = due - timedelta(microseconds=1)
    assert counted.between(start, just_before) == max(
        wanted - timedelta(microseconds=1), timedelta(0)
    )


@given(ANY_CALENDAR, STARTS, STARTS, STARTS)
def test_working_time_adds_up_along_the_way(
    counted: Calendar, one: datetime, two: datetime, three: datetime
) -> None:
    first, middle, last = sorted((one, two, three))
    parts = counted.between(first, middle) + counted.between(middle, last)
    assert parts == counted.between(first, last) <= last - first


def by_the_minute(counted: Calendar, begin: datetime, minutes: int) -> int:
    """Working minutes found by looking at the clock every minute."""
    assert counted.hours is not None
    found = 0
    for number in range(minutes):
        clock = (begin + timedelta(minutes=number)).astimezone(counted.zone)
        if clock.date() not in counted.closures:
            found += any(
                opens <= clock.time() and (clock.time() < closes or closes == time(0))
                for opens, closes in counted.hours[clock.weekday()]
            )
    return found


NIGHTS_OF_CHANGE = [
    ("Europe/Berlin", "2026-03-28"),
    ("Europe/Berlin", "2026-10-24"),
    ("America/New_York", "2026-03-07"),
    ("America/New_York", "2026-10-31"),
    ("Australia/Lord_Howe", "2026-04-04"),
    ("Australia/Lord_Howe", "2026-10-03"),
    ("America/Sao_Paulo", "2011-02-19"),
    ("America/Sao_Paulo", "2011-10-15"),
    ("America/Havana", "2026-03-07"),
    ("America/Havana", "2026-10-31"),
    ("Pacific/Apia", "2011-12-29"),
    ("Africa/Casablanca", "2026-03-21"),
    ("Pacific/Chatham", "2026-09-26"),
    ("Europe/Dublin", "2026-10-24"),
]


@pytest.mark.parametrize(("zone", "day"), NIGHTS_OF_CHANGE)
@pytest.mark.parametrize("hours", ["00:00-06:00", "00:00-24:00", "01:30-02:30 02:40-23:00"])
def test_over_a_change_of_clocks_it_counts_what_the_clock_on_the_wall_shows(
    zone: str, day: str, hours: str
) -> None:
    counted = calendar(ZoneInfo(zone), {"0-6": hours})
    begin = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for minutes in (60, 25 * 60 + 17, 26 * 60 + 31, 72 * 60):
        worked = counted.between(begin, begin + timedelta(minutes=minutes))
        assert worked == timedelta(minutes=by_the_minute(counted, begin, minutes))
