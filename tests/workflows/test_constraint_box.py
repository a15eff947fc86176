"""The box of the map editor in which a field says what it asks of its values."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from workflows.definitions.admin.field_boxes.constraint_box import (
    ConstraintsField,
    constraints_of,
    require_fitting,
    with_constraints,
)
from workflows.engine.values.field_types.base import FIELD_TYPES

SAID: list[dict[str, Any]] = [
    {"min": 1, "max": "budget"},
    {"min": 0.5},
    {"min": "today + 5d"},
    {"pattern": "[A-Z]{2}-[0-9]+", "max_length": 8},
    {"pattern": 'a"b: \\d #x'},
    {"in": ["finance", "legal"], "never": "requester"},
    {"in": "finance"},
    {"required": {"when": "amount > 1000 and kind == 'a'"}, "section": "Money: all of it"},
    {"when": "not urgent", "default": {"last_request": True}},
    {"default": "yes", "visible_to": ["payroll", "lead"]},
    {"default": True},
]


@pytest.mark.parametrize("said", SAID)
def test_what_the_box_shows_it_takes_back(said: dict[str, Any]) -> None:
    box = ConstraintsField()
    shown = box.prepare_value(said)
    assert box.clean(shown) == said
    assert box.clean(shown.replace("\n", "\r\n")) == said
    assert not box.has_changed(said, shown)


@pytest.mark.parametrize(
    "typed", ["min", "1", "- a", "length: 3", "min: 1\nmin: 2", "min: [", "a: &x 1"]
)
def test_what_it_does_not_know_is_refused_in_words(typed: str) -> None:
    with pytest.raises(ValidationError):
        ConstraintsField().clean(typed)


def test_other_settings_of_the_row_stay() -> None:
    config = {"min_rows": 2, "min": 1}
    assert constraints_of(config) == {"min": 1}
    assert with_constraints(config, {"max": 5}) == {"min_rows": 2, "max": 5}
    assert with_constraints({"min": 1}, None) is None


def test_what_does_not_go_with_the_type_is_said_beside_the_box() -> None:
    require_fitting("choice", {"section": "A", "default": "a"})
    with pytest.raises(ValidationError, match="go with numbers"):
        require_fitting("text", {"min": 1})


@pytest.mark.parametrize("type_name", FIELD_TYPES.names())
def test_a_field_of_any_type_may_have_a_section(type_name: str) -> None:
    require_fitting(type_name, {"section": "The visit"})
