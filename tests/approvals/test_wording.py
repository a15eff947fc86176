"""How times, amounts and values are said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from approvals.wording import file_size, listed, moment, said_of, span, value_text
from workflows.engine.definition import FieldDef


@pytest.mark.parametrize(
    ("length", "said"),
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
def test_a_length_of_time_has_two_units_at_most(length: Any, said: str) -> None:
    assert span(length) == said


def test_a_moment_is_said_in_the_sites_zone(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    assert moment(datetime(2026, 1, 5, 23, 30, tzinfo=UTC)) == "6 Jan 2026, 00:30"


@pytest.mark.parametrize(
    ("words", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (list("abc"), "a, b and c")],
)
def test_words_are_listed_as_in_a_sentence(words: str, said: str) -> None:
    assert listed(list(words)) == said


@pytest.mark.parametrize(
    ("size", "said"), [(0, "0 bytes"), (2048, "2 KB"), (3 * 1024**2, "3.0 MB")]
)
def test_sizes(size: int, said: str) -> None:
    assert file_size(size) == said


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("text", "hello", "hello"),
        ("money", "1234567.50", "1,234,567.50 EUR"),
        ("number", "0.5", "0.5"),
        ("integer", 12, "12"),
        ("boolean", True, "Yes"),
        ("boolean", False, "No"),
        ("date", "2026-02-01", "1 Feb 2026"),
        ("datetime", "2026-02-01T08:00:00Z", "1 Feb 2026, 08:00"),
        ("user", "mia", "Mia Lopez"),
        ("user", "ghost", "ghost"),
        ("document", {"name": "a.pdf", "version": 2, "sha256": ""}, "a.pdf (version 2)"),
        ("text", None, ""),
    ],
)
def test_a_value_is_said_by_its_type(kind: Any, value: Any, said: str) -> None:
    field = FieldDef(type=kind, currency="EUR" if kind == "money" else None)
    assert value_text(field, value, {"mia": "Mia Lopez"}) == said


@pytest.mark.parametrize("code", ["asked_again", "changed_after", "votes_void"])
def test_what_a_row_means_is_said_even_of_a_map_that_is_not_known(code: str) -> None:
    (said,) = said_of({code: [{"step": "first_look", "fields": ["cost_centre"]}]}, None)
    assert "“First look”" in said
    assert "“Cost centre”" in said
