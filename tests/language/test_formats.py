"""How lengths of time, moments, days, numbers and money are written, in English and in German."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from workflows.engine.values.field_types.numbers import possible_readings
from workflows.language import formats

NIGHT = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
HOUR, DAY = 3600, 86400


@pytest.fixture
def _german(settings: Any) -> Iterator[None]:
    if not settings.USE_I18N:
        pytest.skip("The site has one language.")
    with translation.override("de"):
        yield


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=30), "under a minute"),
        (timedelta(minutes=45), "45 min"),
        (timedelta(hours=3, minutes=5), "3 h 5 min"),
        (timedelta(hours=24), "1 d"),
        (timedelta(days=2, hours=3, minutes=59), "2 d 3 h"),
        (timedelta(days=2, minutes=59), "2 d"),
        (timedelta(days=-1), "under a minute"),
        (7200.0, "2 h"),
    ],
)
def test_a_length_of_time_has_two_units_at_most(length: Any, text: str) -> None:
    assert formats.duration_text(length) == text


@pytest.mark.parametrize("seconds", [60, 61.5, HOUR, 5 * HOUR + 59, DAY, 2.5 * DAY, 4000 * DAY])
def test_a_measured_length_reads_as_any_other_from_a_minute_on(seconds: float) -> None:
    assert formats.render_time_span(seconds) == formats.duration_text(seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0, "0 s"), (1.25, "1.2 s"), (35, "35 s"), (-35, "-35 s"), (-DAY, "-1 d")],
)
def test_a_measured_length_may_be_short_negative_or_none(seconds: float | None, text: str) -> None:
    assert formats.render_time_span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "day", "text"),
    [
        (None, 8 * HOUR, "–"),
        (40, 8 * HOUR, "40 s"),
        (15.5 * HOUR, 8 * HOUR, "15 h 30 min"),
        (30 * HOUR, 20 * HOUR, "30 h"),
        (16 * HOUR, 8 * HOUR, "2 wd"),
        (6.4 * 8 * HOUR, 8 * HOUR, "6.4 wd"),
        (3 * DAY, DAY, "3 d"),
    ],
)
def test_business_time_is_counted_in_working_days_of_the_calendar(
    seconds: float | None, day: int, text: str
) -> None:
    assert formats.render_business_span(seconds, day) == text
    assert formats.render_spoken_span(seconds, day) == text.replace("wd", "working days")


def test_a_moment_is_written_in_the_current_zone(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    assert formats.moment_text(NIGHT) == "6 Jan 2026, 00:30"
    assert formats.zoned_moment_text(NIGHT) == "6 Jan 2026, 00:30 (Europe/Berlin)"
    assert formats.sortable_moment_text(NIGHT) == "2026-01-06 00:30"
    assert formats.date_text(NIGHT) == "6 Jan 2026"
    with timezone.override(ZoneInfo("America/New_York")):
        assert formats.moment_text(NIGHT) == "5 Jan 2026, 18:30"
        assert formats.date_text(NIGHT) == "5 Jan 2026"


def test_days_are_written_as_long_as_there_is_room() -> None:
    day = date(2025, 3, 3)
    assert formats.date_text(day) == "3 Mar 2025"
    assert formats.full_date_text(day) == "3 March 2025"
    assert formats.day_of_year_text(day) == "3 March"
    assert formats.short_day_text(day) == "3 Mar"


@pytest.mark.parametrize(
    ("words", "every", "either"),
    [
        ([], "", ""),
        (["a"], "a", "a"),
        (["a", "b"], "a and b", "a or b"),
        (list("abc"), "a, b and c", "a, b or c"),
    ],
)
def test_words_are_listed_as_in_a_sentence(words: list[str], every: str, either: str) -> None:
    assert formats.join_words(words) == every
    assert formats.join_alternatives(words) == either


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (2048, "2 KB"), (3 * 1024**2, "3.0 MB")],
)
def test_sizes(size: int, text: str) -> None:
    assert formats.file_size_text(size) == text


def test_numbers_have_their_thousands_apart_and_are_rounded_not_cut() -> None:
    assert formats.count_text(1234567) == "1,234,567"
    assert formats.decimal_text(1999.96, 1) == "2,000.0"
    assert formats.decimal_text(Decimal("-1234.565"), 2) == "-1,234.56"
    assert formats.short_number_text(3.04) == "3"
    assert formats.exact_number_text(Decimal("1234.5600")) == "1,234.56"
    assert formats.share_text(0.126) == "13%"
    assert formats.share_text(None) == "–"
    assert formats.money_text("1234567.5", "EUR") == "1,234,567.50 EUR"
    assert formats.money_text(Decimal(1200), "JPY") == "1,200 JPY"


@pytest.mark.usefixtures("_german")
def test_german_readers_have_their_own_points_commas_and_months() -> None:
    assert formats.money_text("1234567.5", "EUR") == "1.234.567,50 EUR"
    assert formats.decimal_text(0.5, 1) == "0,5"
    assert formats.moment_text(NIGHT) == "5. Jan. 2026, 23:30"
    assert formats.date_text(date(2026, 3, 1)) == "1. März 2026"


@pytest.mark.usefixtures("_german")
def test_an_example_to_type_is_one_that_the_box_takes() -> None:
    example = formats.typed_number_text(Decimal("1250.5"), 2)
    assert example == "1250,50"
    assert possible_readings(example) == [Decimal("1250.50")]
