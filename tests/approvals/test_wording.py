"""How times, amounts and values are said."""

from typing import Any

import pytest

from approvals.forms.field_presentations import value_text
from approvals.ui.formats import approval_sentences
from workflows.engine.format.definition import FieldDef


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
    (said,) = approval_sentences({code: [{"step": "first_look", "fields": ["cost_centre"]}]}, None)
    assert "“First look”" in said
    assert "“Cost centre”" in said
