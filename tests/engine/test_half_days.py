"""Half holidays: what lies behind the time at which work ends is no working time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.timing.working_time import Calendar, parse_duration

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = {day: [(time(9), time(12, 30)), (time(13, 30), time(17))] for day in range(5)}
XMAS = date(2026, 12, 24)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=BERLIN)


HALF = Calendar.weekly(BERLIN, WEEK, closures=[date(2026, 12, 25)], early={XMAS: time(12)})


def test_work_ends_at_noon_and_goes_on_on_the_next_working_day() -> None:
    assert HALF.between(at(24, 0), at(25, 0)) == timedelta(hours=3)
    assert HALF.between(at(24, 13), at(28, 10)) == timedelta(hours=1)
    assert HALF.add(at(24, 11), parse_duration("2h")) == at(28, 10)
    assert HALF.add(at(24, 9), parse_duration("3h")) == at(24, 12)
    assert HALF.subtract(at(28, 10), parse_duration("2h")) == at(24, 11)


def test_a_day_is_as_long_as_it_was() -> None:
    """What `1d` comes to is said by the week, and not by a single day."""
    assert HALF.seconds(parse_duration("1d")) == 7 * 3600
    assert HALF.seconds(parse_duration("1w")) == 35 * 3600


def test_an_early_end_before_the_opening_is_a_day_off_and_a_late_one_changes_nothing() -> None:
    never = Calendar.weekly(BERLIN, WEEK, early={XMAS: time(8)})
    assert never.between(at(24, 0), at(25, 0)) == timedelta(0)
    usual = Calendar.weekly(BERLIN, WEEK, early={XMAS: time(23)})
    assert usual.between(at(24, 0), at(25, 0)) == timedelta(hours=7)
    assert never.open_stretches(XMAS) == []
    assert len(HALF.open_stretches(XMAS)) == 1


def test_a_half_holiday_in_the_night_of_a_clock_change_counts_what_passes() -> None:
    night = Calendar.weekly(BERLIN, {6: [(time(0), time(6))]}, early={date(2026, 3, 29): time(4)})
    begin = datetime(2026, 3, 29, tzinfo=BERLIN)
    assert night.between(begin, begin + timedelta(days=1)) == timedelta(hours=3)


MOMENTS = st.datetimes(datetime(2026, 12, 20), datetime(2027, 1, 5), timezones=st.just(UTC))
EARLY = st.dictionaries(
    st.dates(date(2026, 12, 20), date(2027, 1, 5)),
    st.times(time(6), time(20)).map(lambda clock: clock.replace(second=0, microsecond=0)),
    max_size=6,
)


def minutes_by_hand(calendar: Calendar, begin: datetime, end: datetime) -> int:
    """Every minute looked at."""
    count, moment = 0, begin
    while moment < end:
        local = moment.astimezone(BERLIN)
        ends = calendar.early.get(local.date(), time(23, 59))
        spans = WEEK.get(local.weekday(), [])
        count += local.time() < ends and any(a <= local.time() < b for a, b in spans)
        moment += timedelta(minutes=1)
    return count


@given(EARLY, MOMENTS, st.integers(0, 4000))
def test_working_time_is_what_every_minute_counted_by_hand_comes_to(
    early: dict[date, time], begin: datetime, minutes: int
) -> None:
    calendar = Calendar.weekly(BERLIN, WEEK, early=early)
    begin = begin.replace(second=0, microsecond=0)
    end = begin + timedelta(minutes=minutes)
    assert calendar.between(begin, end) == timedelta(minutes=minutes_by_hand(calendar, begin, end))


@given(EARLY, MOMENTS, st.integers(1, 60))
def test_adding_and_taking_away_working_time_are_each_others_inverse(
    early: dict[date, time], moment: datetime, hours: int
) -> None:
    calendar = Calendar.weekly(BERLIN, WEEK, early=early)
    span = parse_duration(f"{hours}h")
    assert calendar.between(moment, calendar.add(moment, span)) == timedelta(hours=hours)
    assert calendar.between(calendar.subtract(moment, span), moment) == timedelta(hours=hours)
