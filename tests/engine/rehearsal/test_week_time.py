"""Time that goes by only when work is begun."""

from datetime import UTC, datetime

import pytest

from workflows.engine.rehearsal.clocks import WeekTime


def _moment(day: int, hour: int, minute: int = 0) -> int:
    """A moment of the week from Monday, 1 January 2024."""
    return int(datetime(2024, 1, day, hour, minute, tzinfo=UTC).timestamp())


OFFICE = WeekTime(
    [1.0 if day < 5 and 9 <= hour < 17 else 0.0 for day in range(7) for hour in range(24)]
)


def test_what_is_measured_between_two_moments_leads_from_the_one_to_the_other() -> None:
    for begin, end in [(_moment(1, 10), _moment(1, 11)), (_moment(5, 16), _moment(8, 9, 30))]:
        assert OFFICE.add(begin, OFFICE.between(begin, end)) == end


def test_no_time_goes_by_in_closed_hours() -> None:
    assert OFFICE.between(_moment(5, 17), _moment(8, 9)) == 0
    assert OFFICE.add(_moment(5, 18), 0) == _moment(8, 9)
    assert OFFICE.add(_moment(5, 16), 3600) == _moment(5, 17)
    assert OFFICE.is_open(_moment(5, 16, 59))
    assert not OFFICE.is_open(_moment(5, 17))


def test_slow_hours_take_longer() -> None:
    slow = WeekTime([0.5] * 168)
    assert slow.between(_moment(1, 0), _moment(1, 2)) == 3600
    assert slow.add(_moment(1, 0), 3600) == _moment(1, 2)


def test_an_offset_moves_the_hours() -> None:
    ahead = WeekTime(OFFICE.hours, offset=3600)
    assert ahead.add(_moment(1, 0), 0) == _moment(1, 8)


def test_the_last_second_of_a_week_is_in_that_week() -> None:
    sunday = WeekTime([0.0] * 167 + [1.0])
    assert sunday.add(_moment(7, 23), 3600) == _moment(8, 0)


def test_a_week_without_time_is_refused() -> None:
    with pytest.raises(ValueError, match="168 hours"):
        WeekTime([0.0] * 168)
