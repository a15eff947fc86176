"""Placeholders: values with their type, text in text, and nothing cleverer."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.values.placeholders import (
    PlaceholderProblem,
    fill_placeholders,
    placeholder_names,
)

FACTS: dict[str, Any] = {
    "amount": "1234.50",
    "whole": "12.00",
    "count": 3,
    "urgent": True,
    "calm": False,
    "needed_by": "2026-03-02",
    "supplier": 'Müller & Söhne/"Ltd"',
    "note": None,
    "sly": "{{ amount }}",
    "request.reference": "PA-7",
    "request.link": "https://handoff.example/requests/PA-7/",
    "request.key": "k-1",
}


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ("{{ amount }}", "1234.50"),
        ("{{amount}}", "1234.50"),
        ("  {{ amount }} ", "1234.50"),
        ("{{ amount | number }}", 1234.5),
        ("{{ amount|number }}", 1234.5),
        ("{{ whole | number }}", 12),
        ("{{ count }}", 3),
        ("{{ count | number }}", 3),
        ("{{ urgent }}", True),
        ("{{ needed_by }}", "2026-03-02"),
        ("{{ note }}", None),
        ("{{ note | number }}", None),
        ("{{ request.reference }}", "PA-7"),
        ("{{ request.link }}", "https://handoff.example/requests/PA-7/"),
        ("plain", "plain"),
        ("", ""),
        (7, 7),
        (None, None),
        (True, True),
    ],
)
def test_a_placeholder_alone_gives_the_value_with_its_type(told: Any, value: Any) -> None:
    found = fill_placeholders(told, FACTS)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("Order of {{ amount }} EUR", "Order of 1234.50 EUR"),
        ("{{ count }}x{{ count }}", "3x3"),
        ("urgent: {{ urgent }}, calm: {{ calm }}", "urgent: true, calm: false"),
        ("note: {{ note }}.", "note: ."),
        ("{{ request.reference }}/{{ needed_by }}", "PA-7/2026-03-02"),
        ("/s/{{ supplier | url }}", "/s/M%C3%BCller%20%26%20S%C3%B6hne%2F%22Ltd%22"),
        ("{ {amount} } and }}", "{ {amount} } and }}"),
    ],
)
def test_in_a_longer_text_values_are_text(told: str, text: str) -> None:
    assert fill_placeholders(told, FACTS) == text


def test_every_depth_is_filled_and_nothing_else_changes() -> None:
    told = {
        "a": [{"b": "{{ count }}"}, "{{ amount }}", [None, 1.5, "x"]],
        "{{ count }}": "the key stays",
    }
    before = json.dumps(told)
    assert fill_placeholders(told, FACTS) == {
        "a": [{"b": 3}, "1234.50", [None, 1.5, "x"]],
        "{{ count }}": "the key stays",
    }
    assert json.dumps(told) == before


def test_a_value_is_never_filled_in_itself() -> None:
    assert fill_placeholders("{{ sly }}", FACTS) == "{{ amount }}"
    assert fill_placeholders("x{{ sly }}", FACTS) == "x{{ amount }}"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_an_amount_becomes_a_number_without_loss(amount: Decimal) -> None:
    sent = json.dumps(fill_placeholders({"n": "{{ amount | number }}"}, {"amount": f"{amount:f}"}))
    assert json.loads(sent, parse_float=Decimal, parse_int=Decimal)["n"] == amount


def test_a_number_that_would_lose_digits_is_refused() -> None:
    with pytest.raises(PlaceholderProblem, match="too many digits"):
        fill_placeholders("{{ n | number }}", {"n": "0.12345678901234567890"})


@pytest.mark.parametrize(
    "told",
    [
        "{{ amount | upper }}",
        "{{ request.requester }}",
        "{{ request.reference.__class__ }}",
    ],
)
def test_an_unknown_name_or_filter_is_refused(told: str) -> None:
    with pytest.raises(PlaceholderProblem):
        fill_placeholders(told, FACTS)


@pytest.mark.parametrize(
    "told",
    [
        *("{{ 1 + 1 }}", "{{ amount + 1 }}", "{{ amount() }}", "{{ amount[0] }}", "{{ }}", "{{"),
        *("{{ amount", "{{{ amount }}}x{{", "{{ AMOUNT }}", "{{ amount | number | url }}"),
        "{{ amount | nosuch }}",
    ],
)
def test_the_audit_finds_braces_that_are_no_placeholder(told: str) -> None:
    with pytest.raises(PlaceholderProblem):
        placeholder_names({"deep": [told]})


def test_the_names_are_found_at_any_depth() -> None:
    told = {"a": ["{{ amount | number }}", {"b": "{{ count }}/{{ request.link }}"}], "c": 1}
    assert placeholder_names(told) == {"amount", "count", "request.link"}
    assert placeholder_names("none") == frozenset()


@given(st.text(max_size=80), st.dictionaries(st.sampled_from(["amount", "x"]), st.text()))
def test_any_text_is_filled_in_or_refused(text: str, facts: dict[str, str]) -> None:
    for told in (text, f"{{{{ {text} }}}}", f"a {{{{ amount }}}} {text}"):
        try:
            fill_placeholders(told, facts)
            placeholder_names(told)
        except PlaceholderProblem:
            pass
