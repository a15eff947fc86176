"""What a field asks of its values: one function says whether a value is that."""

import copy
import json
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from tests.engine.audit_cases import SOUND
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition, FieldDef
from workflows.engine.routing.graph import Graph
from workflows.engine.texts import ReaderAmount, dump_text, load_text, text
from workflows.engine.values.constraints import refused_values
from workflows.engine.values.fields import clean_field_value, json_schema_of_fields
from workflows.engine.versions.request_values import unreadable_fields

TODAY = date(2026, 11, 27)
BERLIN = ZoneInfo("Europe/Berlin")


def field(type_name: str, **said: Any) -> FieldDef:
    return FieldDef.model_validate({"type": type_name} | said)


def refusals(
    fields: dict[str, FieldDef], data: dict[str, Any], written: list[str] | None = None
) -> dict[str, str]:
    found = refused_values(
        fields, data, data if written is None else written, today=TODAY, zone=BERLIN
    )
    return {key: str(why) for key, why in found}


@pytest.mark.parametrize(
    ("spec", "taken", "refused"),
    [
        (field("integer", min=1, max=30), [1, 30], [0, 31]),
        (field("number", min=0.1), ["0.1", "5"], ["0.0999"]),
        (field("money", currency="EUR", max="1000.50"), ["1000.50"], ["1000.51"]),
        (field("date", min="today"), ["2026-11-27", "2027-01-01"], ["2026-11-26"]),
        (field("date", min="today + 5d"), ["2026-12-02"], ["2026-12-01"]),
        (field("date", max="today - 18y"), ["2008-11-27"], ["2008-11-28"]),
        (field("date", max="today + 3mo"), ["2027-02-27"], ["2027-02-28"]),
        (field("date", min="2026-12-01", max="2026-12-31"), ["2026-12-31"], ["2027-01-01"]),
        # 23:30 UTC on the 26th is the 27th in Berlin
        (field("datetime", min="today"), ["2026-11-26T23:30:00Z"], ["2026-11-26T22:30:00Z"]),
        (field("datetime", max="today"), ["2026-11-27T22:59:00Z"], ["2026-11-27T23:00:00Z"]),
        (field("datetime", min="2026-11-27T09:00:00Z"), ["2026-11-27T09:00:00Z"],
            ["2026-11-27T08:59:59Z"]),
        (field("text", max_length=3), ["abc"], ["abcd"]),
        (field("text", pattern="[A-Z]{2}-[0-9]+"), ["AB-1"], ["ab-1", "AB-1 "]),
        (field("email", pattern=".*@example\\.com"), ["a@example.com"], ["a@example.org"]),
    ],
)  # fmt: skip
def test_a_value_is_within_what_its_field_says(
    spec: FieldDef, taken: list[Any], refused: list[Any]
) -> None:
    assert [value for value in taken if refusals({"x": spec}, {"x": value})] == []
    found = [refusals({"x": spec}, {"x": value}) for value in refused]
    assert all(found)
    assert all(why["x"].endswith(".") for why in found)


DATES = {"first": field("date", max="last"), "last": field("date", min="first", label="End")}


def test_a_bound_may_be_another_field_and_is_asked_when_that_one_is_written() -> None:
    data = {"first": "2026-12-02", "last": "2026-12-01"}
    assert refusals(DATES, data, ["last"]).keys() == {"first", "last"}
    assert "End" in refusals(DATES, data, ["first"])["first"]
    assert "2026" not in refusals(DATES, data, ["first"])["first"]
    assert refusals(DATES, {"first": "2026-12-02", "last": None}) == {}


def test_what_stands_there_already_is_not_asked_again() -> None:
    fields = {"day": field("date", min="today", max="end_day"), "end_day": field("date")}
    data = {"day": "2026-01-01", "end_day": "2026-02-01"}
    assert refusals(fields, data, []) == {}
    assert refusals(fields, data, ["end_day"]) == {}
    assert refusals(fields, data, ["day"]) != {}


def test_without_a_day_what_is_counted_from_it_is_not_asked() -> None:
    fields = {"day": field("date", min="today")}
    assert [*refused_values(fields, {"day": "2000-01-01"}, ["day"])] == []


@pytest.mark.parametrize(
    "said",
    [
        {"type": "text", "min": 1},
        {"type": "boolean", "max": 1},
        {"type": "user", "pattern": "a"},
        {"type": "choice", "choices": ["a"], "max_length": 3},
        {"type": "number", "min": "2026-01-01"},
        {"type": "number", "min": "1.234"},
        {"type": "date", "min": "tomorrow + 1d"},
        {"type": "date", "min": 5},
        {"type": "date", "max": "today + 1h"},
        {"type": "text", "pattern": "(a"},
        {"type": "text", "pattern": "(?=a)"},
        {"type": "text", "max_length": 0},
        {"type": "text", "in": ["staff"]},
        {"type": "text", "never": "requester"},
        {"type": "user", "in": []},
        {"type": "user", "in": "staff", "role": "staff"},
        {"type": "user", "never": "owner"},
    ],
)
def test_a_constraint_that_does_not_go_with_its_type_is_refused_when_the_file_is_read(
    said: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        FieldDef.model_validate(said)


@pytest.mark.parametrize(
    ("kind", "raw", "kept"),
    [
        ("email", " Lena.Berg+x@Example.COM ", "Lena.Berg+x@example.com"),
        ("email", "a@müller.example", "a@müller.example"),
        ("url", "HTTPS://Example.com:8443/A?b=c#d", "https://example.com:8443/A?b=c#d"),
        ("url", "http://localhost/x", "http://localhost/x"),
        ("url", "http://[::1]:80/", "http://[::1]:80/"),
        ("phone", "+49 (0)30 123-4567", "+49301234567"),
        ("phone", "0049 30/1234567", "+49301234567"),
        ("phone", "030 1234567", "0301234567"),
        ("phone", "(00) 49 30 1234567", "+49301234567"),
        ("phone", 12345, "12345"),
    ],
)
def test_two_ways_of_writing_an_address_are_one_value(kind: str, raw: Any, kept: str) -> None:
    assert clean_field_value("x", field(kind), raw) == kept
    assert clean_field_value("x", field(kind), kept) == kept


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        *[("email", raw) for raw in ("a", "a@b", "@b.de", "a b@c.de", "a@b.de,c@d.de", "a@-b.de",
            "a..b@c.de", "Lena <a@b.de>", "a@b.de\nBcc: x@y.de", f"{'a' * 65}@b.de", True)],
        *[("url", raw) for raw in ("example.com", "ftp://a.de", "javascript:alert(1)",
            "https://user:pw@a.de", "https://", "https://a b.de", "https://a.de:99999",
            "https://a.de/ x", "http://[::1", f"https://a.de/{'x' * 2000}")],
        *[("phone", raw) for raw in ("1234", "+1234567890123456", "030 12 ext 5", "+0 123456",
            "abc", "++49301234", "12345\u0661")],
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_words(kind: str, raw: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        clean_field_value("x", field(kind), raw)
    assert str(caught.value).endswith(".")


def test_the_json_schema_of_a_form_says_what_is_asked() -> None:
    fields = {
        "days": field("integer", min=1, max=30),
        "code": field("text", pattern="[A-Z]{2}", max_length=2),
        "day": field("date", min="today", max="end_day"),
    }
    properties = json_schema_of_fields(fields, fields, [])["properties"]
    assert properties["days"] | {"title": ""} == {
        "title": "", "type": "integer", "minimum": 1, "maximum": 30,
        "description": "min 1, max 30",
    }  # fmt: skip
    assert properties["code"]["pattern"] == "^(?:[A-Z]{2})$"
    assert properties["code"]["maxLength"] == 2
    assert properties["day"]["description"] == "min today, max end_day"


def moved(before: dict[str, Any], after: dict[str, Any], value: Any) -> list[str]:
    """The fields that keep a request with this value from moving between two maps."""
    maps = []
    for said in (before, after):
        data = copy.deepcopy(SOUND)
        data["fields"]["note"] = said
        maps.append(Definition.model_validate(data))
    return unreadable_fields(maps[0], Graph(maps[1]), {"note": value})


def test_a_request_does_not_move_to_a_map_that_would_refuse_what_it_holds() -> None:
    plain, short = {"type": "text"}, {"type": "text", "max_length": 3}
    assert moved(plain, short, "abc") == []
    assert moved(plain, short, "abcd") == ["note"]
    assert moved(short, short, "abcd") == []  # it was let in before


ROWS = [{"item": "Chair", "net": "120.00"}, {"item": "Desk"}]
COLUMNS = {
    "item": {"type": "text", "required": True},
    "net": {"type": "money", "currency": "EUR"},
}


def listed(columns: dict[str, Any] = COLUMNS, **more: Any) -> dict[str, Any]:
    return {"type": "list", "columns": columns, **more}


@pytest.mark.parametrize(
    ("after", "moves"),
    [
        (listed(), True),
        (listed({**COLUMNS, "net": COLUMNS["net"] | {"label": "Price"}}), True),
        (listed({**COLUMNS, "by": {"type": "user"}}), True),
        (listed({**COLUMNS, "total": COLUMNS["net"] | {"value": "net * 2"}}), True),
        (listed({"item": COLUMNS["item"], "price": COLUMNS["net"]}), False),  # another key
        (listed({"item": COLUMNS["item"]}), False),  # taken out
        (listed({**COLUMNS, "net": {"type": "money", "currency": "USD"}}), False),
        (listed({**COLUMNS, "item": {"type": "number", "required": True}}), False),
        (listed({**COLUMNS, "item": {"type": "long_text", "required": True}}), True),
        (listed({**COLUMNS, "item": {"type": "choice", "choices": ["Chair"]}}), False),
        (listed({**COLUMNS, "item": {"type": "choice", "choices": ["Chair", "Desk"]}}), True),
        (listed({**COLUMNS, "net": COLUMNS["net"] | {"required": True}}), False),
        (listed({**COLUMNS, "by": {"type": "user", "required": True}}), False),
        (listed({**COLUMNS, "item": {"type": "text"}}), True),
        (listed({**COLUMNS, "net": COLUMNS["net"] | {"max": 100}}), False),
        (listed(max_rows=2), True),
        (listed(max_rows=1), False),
        (listed(min_rows=3), False),
        ({"type": "long_text"}, False),
    ],
)
def test_a_list_moves_where_every_cell_stands_under_a_column_that_reads_it(
    after: dict[str, Any], moves: bool
) -> None:
    assert moved(listed(), after, ROWS) == ([] if moves else ["note"])


def test_what_a_list_lacked_before_keeps_it_no_longer() -> None:
    asks = listed({**COLUMNS, "net": COLUMNS["net"] | {"required": True}}, max_rows=1)
    assert moved(asks, asks, ROWS) == []


# -- limits of amounts --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "value", "said"),
    [
        (field("money", currency="EUR", max=500), "500.01", "write 500.00 EUR or less."),
        (field("money", currency="EUR", min=1250.5), "3.00", "write 1,250.50 EUR or more."),
        (field("money", currency="JPY", max=500), "501", "write 500 JPY or less."),
        (field("money", currency="KWD", min=0.5), "0.100", "write 0.500 KWD or more."),
        (field("money", max=500), "500.01", "write 500 or less."),
        (field("number", max=500), "500.01", "write 500 or less."),
    ],
)
def test_a_limit_of_amounts_is_said_in_their_currency(
    spec: FieldDef, value: str, said: str
) -> None:
    assert refusals({"cost": spec}, {"cost": value}) == {"cost": said}


def test_a_limit_of_a_column_is_said_in_its_currency() -> None:
    column = {"type": "money", "currency": "EUR", "max": 100}
    spec = field("list", columns={"net": column | {"label": "Net"}})
    said = refusals({"lines": spec}, {"lines": [{"net": "100.00"}, {"net": "100.01"}]})
    assert said == {"lines": "row 2, Net: write 100.00 EUR or less."}


def test_amounts_of_two_currencies_are_not_held_against_each_other() -> None:
    fields = {
        "cost": field("money", currency="EUR", max="budget"),
        "budget": field("money", currency="USD"),
    }
    assert refusals(fields, {"cost": "10.00", "budget": "5.00"}) == {}
    fields["budget"] = field("money", currency="EUR")
    assert refusals(fields, {"cost": "10.00", "budget": "5.00"}) != {}


def test_a_schema_says_limits_of_amounts_with_their_currency() -> None:
    spec = field("money", currency="EUR", min=1, max=500)
    said = json_schema_of_fields(["cost"], {"cost": spec}, [])["properties"]["cost"]
    assert said["description"] == "min 1.00 EUR, max 500.00 EUR"


def test_a_limit_is_kept_in_a_record_and_read_again() -> None:
    said = text("write %(limit)s or less.", limit=ReaderAmount(Decimal("1250.5"), 2, "EUR"))
    again = load_text(json.loads(json.dumps(dump_text(said))))
    assert str(again) == "write 1,250.50 EUR or less."
