"""What is written into a field comes out in one canonical shape, or is refused in words."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.field_specs import Spec
from workflows.engine.errors import InvalidInput
from workflows.engine.values.field_types.base import FIELD_TYPES
from workflows.engine.values.field_types.numbers import possible_readings
from workflows.engine.values.fields import (
    canonical_field_value,
    clean_field_value,
    missing_required_fields,
    typed_field_value,
)

REGION = Spec("choice", choices=["EU", "US", "Asia Pacific"])
DOCUMENT = {"name": "quote.pdf", "version": 2, "sha256": "ab" * 32}
CEST = timezone(timedelta(hours=2))


def spec_of(kind: str) -> Spec:
    return REGION if kind == "choice" else Spec(kind)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", " two words ", "two words"),
        ("text", "=SUM(A1)", "=SUM(A1)"),
        ("text", "x" * 500, "x" * 500),
        ("long_text", "one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("long_text", "x" * 10_000, "x" * 10_000),
        ("number", "1250.50", "1250.5"),
        ("number", " -3 ", "-3"),
        ("number", "+.5", "0.5"),
        ("number", "5.", "5"),
        ("number", "-0.00", "0"),
        ("number", "1E+5", "100000"),
        ("number", 7, "7"),
        ("number", 0.1, "0.1"),
        ("number", 1e14, "100000000000000"),
        ("number", Decimal("1E+3"), "1000"),
        ("number", "999999999999999.9999999999", "999999999999999.9999999999"),
        ("number", "007", "7"),
        ("money", "10000", "10000.00"),
        ("money", "12.5", "12.50"),
        ("money", "0.500", "0.50"),
        ("money", "1234.500", "1234.50"),
        ("money", Decimal("12.500"), "12.50"),
        ("number", Decimal("12.500"), "12.5"),
        ("number", 12.345, "12.3450"),
        ("number", "12.3450", "12.3450"),
        ("number", "0.125", "0.125"),
        ("number", "1234.567", "1234.567"),
        ("text", 4711, "4711"),
        ("text", 2**64 + 1, "18446744073709551617"),
        ("text", Decimal("12.50"), "12.50"),
        ("long_text", 42, "42"),
        ("money", "-0", "0.00"),
        ("money", 99.99, "99.99"),
        ("money", "999999999999999.99", "999999999999999.99"),
        ("integer", "12", 12),
        ("integer", "12.0", 12),
        ("integer", -3, -3),
        ("integer", 4.0, 4),
        ("boolean", True, True),
        ("boolean", "No", False),
        ("boolean", "on", True),
        ("boolean", 0, False),
        ("choice", "EU", "EU"),
        ("choice", " Asia Pacific ", "Asia Pacific"),
        ("date", "2026-11-23", "2026-11-23"),
        ("date", date(2028, 2, 29), "2028-02-29"),
        ("datetime", "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z"),
        ("datetime", "2026-07-01 09:00+02:00", "2026-07-01T07:00:00Z"),
        ("datetime", datetime(2026, 7, 1, 9, tzinfo=CEST), "2026-07-01T07:00:00Z"),
        ("datetime", "2026-11-23T09:00:00.25Z", "2026-11-23T09:00:00.250000Z"),
        ("user", " olivia ", "olivia"),
        ("document", DOCUMENT, DOCUMENT),
        ("document", DOCUMENT | {"name": " a.pdf"}, DOCUMENT | {"name": " a.pdf"}),
    ],
)
def test_a_value_becomes_canonical(kind: str, raw: object, value: object) -> None:
    cleaned = clean_field_value("amount", spec_of(kind), raw)
    assert cleaned == value
    assert type(cleaned) is type(value)


@pytest.mark.parametrize(
    ("kind", "raw", "says"),
    [
        ("text", "two\nlines", "one line"),
        ("text", "x" * 501, "at most 500"),
        ("text", 1.5, "one line of text"),
        ("text", True, "one line of text"),
        ("text", Decimal("NaN"), "one line of text"),
        ("text", "a\x00b", "NUL"),
        ("text", "a\ud800", "broken character"),
        ("long_text", "x" * 10_001, "at most 10000"),
        ("long_text", ["x"], "write text"),
        ("long_text", "a\x00b", "NUL"),
        ("number", "1,234", "without thousands separators"),
        ("number", "1 234", "without thousands separators"),
        ("number", "1_234", "without thousands separators"),
        ("number", "1.234,5", "without thousands separators"),
        ("number", "1.234", "can be read as 1234 or as 1.2340."),
        ("number", "-1.234", "can be read as -1234 or as -1.2340"),
        ("number", "1,234", "can be read as 1234 or as 1.2340"),
        ("number", "1.234.567", ": 1234567."),
        ("number", "1.234,5", ": 1234.5."),
        ("number", "12,5", ": 12.5."),
        ("number", "1 234", ": 1234."),
        ("number", "1\u202f234", ": 1234."),
        ("number", "1'234.5", ": 1234.5."),
        ("number", "1\u2019234", ": 1234."),
        ("number", "1.23.456", "such as 1250.5"),
        ("number", "１２", "such as 1250.5"),
        ("number", "−5", "such as 1250.5"),
        ("number", "--5", "such as 1250.5"),
        ("number", "twelve", "such as 1250.5"),
        ("number", "١٢", "such as 1250.5"),
        ("number", "NaN", "write a number"),
        ("number", float("nan"), "write a number"),
        ("number", float("inf"), "write a number"),
        ("number", Decimal("-Infinity"), "write a number"),
        ("number", Decimal("sNaN"), "write a number"),
        ("number", True, "write a number"),
        ("number", "1e9999", "15 digits before"),
        ("number", "1e99999", "write a number"),
        ("number", "1e-9999", "10 digits after"),
        ("number", "1" * 16, "15 digits before"),
        ("number", 10**100, "15 digits before"),
        ("number", "1" * 200, "write a number"),
        ("money", "12.500", "can be read as 12500.00 or as 12.50."),
        ("money", "12,500", "can be read as 12500.00 or as 12.50."),
        ("money", "12.505", "can be read as 12505.00 or as 12.505."),
        ("money", "12.345", "at most 2 digits after"),
        ("money", "1234.567", "at most 2 digits after"),
        ("money", 12.345, "at most 2 digits after"),
        ("money", "1.234,50", ": 1234.50."),
        ("money", "12,50", ": 12.50."),
        ("integer", "12.000", "can be read as 12000 or as 12."),
        ("integer", "12.500", "can be read as 12500 or as 12.500."),
        ("money", "€12", "currency sign"),
        ("money", "1,234.50", "without thousands separators"),
        ("money", "1000000000000000", "15 digits before"),
        ("money", {"amount": 1}, "write an amount"),
        ("integer", "12.5", "whole number"),
        ("integer", "", None),
        ("integer", "12,000", "whole number"),
        ("integer", False, "whole number"),
        ("boolean", "maybe", "yes or no"),
        ("boolean", 2, "yes or no"),
        ("boolean", 1.0, "yes or no"),
        ("choice", "eu", "choose one of EU, US, Asia Pacific"),
        ("choice", 1, "choose one of"),
        ("choice", ["EU"], "choose one of"),
        ("date", "23.11.2026", "2026-11-23"),
        ("date", "20261123", "2026-11-23"),
        ("date", "2026-W48-1", "2026-11-23"),
        ("date", "2026-02-30", "no 2026-02-30"),
        ("date", datetime(2026, 1, 1, tzinfo=UTC), "year-month-day"),
        ("date", 20261123, "year-month-day"),
        ("datetime", "2026-11-23T09:00", "with its zone"),
        ("datetime", "2026-11-23", "with its zone"),
        ("datetime", "soon", "with its zone"),
        ("datetime", 1763888400, "with its zone"),
        ("datetime", "0001-01-01T00:00+10:00", "between the years"),
        ("datetime", "0001-01-01T00:00:00Z", "between the years 1900 and 2199"),
        ("datetime", "9999-12-31T23:59:59Z", "between the years 1900 and 2199"),
        ("datetime", datetime(1899, 12, 31, 23, tzinfo=UTC), "between the years"),
        ("date", "0001-01-01", "between the years 1900 and 2199"),
        ("date", "9999-12-31", "between the years 1900 and 2199"),
        ("date", date(2200, 1, 1), "between the years"),
        ("user", "x" * 151, "at most 150"),
        ("user", 7, "username"),
        ("user", "a\nb", "username"),
        ("document", "quote.pdf", "upload a file"),
        ("document", {"name": "quote.pdf"}, "upload a file"),
        ("document", DOCUMENT | {"path": "/"}, "upload a file"),
        ("document", DOCUMENT | {"version": 0}, "upload a file"),
        ("document", DOCUMENT | {"version": True}, "upload a file"),
        ("document", DOCUMENT | {"sha256": "AB" * 32}, "upload a file"),
        ("document", DOCUMENT | {"name": ""}, "upload a file"),
        ("document", DOCUMENT | {"name": "a\x00b"}, "NUL"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_write(
    kind: str, raw: object, says: str | None
) -> None:
    if says is None:
        assert clean_field_value("amount", spec_of(kind), raw) is None
        return
    with pytest.raises(InvalidInput) as refused:
        clean_field_value("amount", spec_of(kind), raw)
    assert says in str(refused.value)
    assert str(refused.value).startswith("amount: ")


@pytest.mark.parametrize("kind", FIELD_TYPES)
@pytest.mark.parametrize("empty", [None, "", "  \n"])
def test_what_is_left_empty_is_none_in_every_type(kind: str, empty: str | None) -> None:
    assert clean_field_value("key", spec_of(kind), empty) is None
    assert typed_field_value(spec_of(kind), None) is None


def test_a_refusal_names_the_label_where_there_is_one() -> None:
    with pytest.raises(InvalidInput, match="Net amount: write an amount in EUR"):
        clean_field_value("amount", Spec("money", label="Net amount", currency="EUR"), "much")


anything = st.one_of(
    st.text(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.booleans(),
    st.dates(),
    st.datetimes(timezones=st.one_of(st.none(), st.just(UTC))),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["name", "version", "sha256"]), st.text(), max_size=3),
)


@given(st.sampled_from(FIELD_TYPES.names()), anything)
def test_anything_is_cleaned_once_and_for_all_or_refused(kind: str, raw: object) -> None:
    spec = spec_of(kind)
    try:
        value = clean_field_value("key", spec, raw)
    except InvalidInput:
        return
    assert json.loads(json.dumps(value)) == value
    again = clean_field_value("key", spec, value)
    assert again == value
    if value is not None:
        assert typed_field_value(spec, value) is not None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**14)))
def test_money_keeps_its_exact_value(amount: Decimal) -> None:
    if abs(amount) >= 10**15:
        return
    value = clean_field_value("amount", Spec("money"), amount)
    assert Decimal(value) == amount
    assert value == clean_field_value("amount", Spec("money"), str(amount))


@pytest.mark.parametrize(
    ("kind", "value", "python"),
    [
        ("text", "x", "x"),
        ("money", "10000.00", Decimal("10000.00")),
        ("integer", 12, Decimal(12)),
        ("boolean", False, False),
        ("choice", "EU", "EU"),
        ("date", "2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("datetime", "2026-11-23T09:00:00Z", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("user", "olivia", "olivia"),
        ("document", DOCUMENT, Decimal(2)),
    ],
)
def test_rules_see_a_python_value(kind: str, value: Any, python: object) -> None:
    assert typed_field_value(spec_of(kind), value) == python
    assert type(typed_field_value(spec_of(kind), value)) is type(python)


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_a_number_too_long_to_print_is_refused(kind: str) -> None:
    with pytest.raises(InvalidInput):
        clean_field_value("key", spec_of(kind), 10**5000)


@pytest.mark.parametrize(
    ("currency", "raw", "value"),
    [
        ("JPY", "1250", "1250"),
        ("JPY", 1250, "1250"),
        ("EUR", "1250", "1250.00"),
        ("KWD", "12.500", "12.500"),
        ("KWD", "12.5", "12.500"),
        ("CLF", "1.2345", "1.2345"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(currency: str, raw: object, value: str) -> None:
    spec = Spec("money", currency=currency)
    assert (
        clean_field_value("amount", spec, raw) == clean_field_value("amount", spec, value) == value
    )


@pytest.mark.parametrize(
    ("currency", "raw", "says"),
    [
        ("JPY", "12.5", "in JPY such as 1250,"),
        ("JPY", "12.500", "can be read as 12500 or as 12.500."),
        ("KWD", "12.5005", "at most 3 digits"),
        ("KWD", "12,500", "can be read as 12500.000 or as 12.500"),
    ],
)
def test_an_amount_finer_than_its_currency_is_refused(currency: str, raw: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_field_value("amount", Spec("money", currency=currency), raw)
    assert says in str(refused.value)


def test_a_choice_of_digits_is_chosen_by_its_number() -> None:
    years = Spec("choice", choices=["2024", "2025"])
    assert (
        clean_field_value("year", years, 2024) == clean_field_value("year", years, "2024") == "2024"
    )
    for raw in (2026, 2024.0, True):
        with pytest.raises(InvalidInput, match="choose one of 2024, 2025"):
            clean_field_value("year", years, raw)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9)))
def test_a_number_is_kept_so_that_it_can_be_read_in_one_way(number: Decimal) -> None:
    if abs(number) >= 10**15:
        return
    value = clean_field_value("rate", Spec("number"), number)
    assert Decimal(value) == number
    assert clean_field_value("rate", Spec("number"), value) == value
    assert len(possible_readings(value)) == 1


@given(st.text("0123456789.,' +-", min_size=1, max_size=12), st.sampled_from(["number", "money"]))
def test_no_text_with_two_readings_becomes_a_number(text: str, kind: str) -> None:
    try:
        value = clean_field_value("rate", Spec(kind), text)
    except InvalidInput:
        return
    assert value is None or possible_readings(text.strip()) in ([], [Decimal(value)])


def test_a_moment_is_judged_by_its_date_in_the_sites_zone() -> None:
    spec, berlin = Spec("datetime"), ZoneInfo("Europe/Berlin")
    late = "2199-12-31T23:30:00Z"
    assert clean_field_value("at", spec, late) == late
    with pytest.raises(InvalidInput, match="between the years"):
        clean_field_value("at", spec, late, zone=berlin)
    early = "1899-12-31T23:30:00Z"
    assert clean_field_value("at", spec, early, zone=berlin) == early
    with pytest.raises(InvalidInput, match="between the years"):
        clean_field_value("at", spec, early)


def test_what_a_record_holds_is_written_as_it_would_be_today() -> None:
    assert canonical_field_value(Spec("number"), "12.345") == "12.3450"
    assert canonical_field_value(Spec("money", currency="JPY"), "100.00") == "100"
    assert canonical_field_value(Spec("money"), "a lot") == "a lot"
    assert canonical_field_value(Spec("date"), "0001-01-01") == "0001-01-01"
    assert canonical_field_value(Spec("number"), None) is None


def test_required_fields_without_a_value_are_missing() -> None:
    fields = {
        "amount": Spec("money", required=True),
        "region": Spec("choice", choices=["EU"], required=True),
        "urgent": Spec("boolean", required=True),
        "note": Spec("text"),
    }
    data = {"amount": None, "urgent": False}
    assert missing_required_fields(["region", "note", "amount", "urgent"], fields, data) == [
        "region",
        "amount",
    ]
    assert missing_required_fields(["note"], fields, data) == []
