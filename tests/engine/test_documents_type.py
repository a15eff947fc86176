"""Fields of several documents: what they take, what rules see, and how others are told."""

import copy
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from tests.engine.audit_cases import SOUND
from workflows.automation.dry_run import example_values
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition, FieldDef
from workflows.engine.rehearsal.values import _more_documents
from workflows.engine.routing.graph import Graph
from workflows.engine.rules.evaluation import compile_rule
from workflows.engine.values.field_types.base import FIELD_TYPES, type_of_field
from workflows.engine.values.field_types.documents import (
    MOST_FILES,
    file_count_refusal,
    names_version,
    version_numbers,
)
from workflows.engine.values.fields import clean_field_value, json_schema_of_fields
from workflows.engine.values.placeholders import fill_placeholders
from workflows.engine.values.serialization import render_form_value, render_value_text
from workflows.engine.versions.request_values import unreadable_fields

A = {"name": "a.pdf", "version": 1, "sha256": "a" * 64}
B = {"name": "b, or not.pdf", "version": 3, "sha256": "b" * 64}


def bills(**said: Any) -> FieldDef:
    return FieldDef.model_validate({"type": "documents"} | said)


def test_a_value_is_the_list_of_its_files_each_once() -> None:
    assert clean_field_value("bills", bills(), [A, B, A]) == [A, B]
    assert clean_field_value("bills", bills(), []) is None


@pytest.mark.parametrize(
    "raw", ["a.pdf", A, [A["name"]], [A | {"version": 0}], [A | {"size": 1}], [[A]], 7]
)
def test_what_names_no_stored_file_is_refused(raw: object) -> None:
    with pytest.raises(InvalidInput, match="upload"):
        clean_field_value("bills", bills(), raw)


def test_more_files_than_any_field_has_are_refused() -> None:
    many = [A | {"version": number} for number in range(1, MOST_FILES + 2)]
    with pytest.raises(InvalidInput, match="50 files"):
        clean_field_value("bills", bills(), many)


@pytest.mark.parametrize(
    ("said", "count", "why"),
    [
        ({}, 0, ""),
        ({}, 10, ""),
        ({}, 11, "at most 10|keep it to 10"),
        ({"min_files": 2}, 1, "at least 2"),
        ({"min_files": 2}, 0, ""),
        ({"max_files": 3}, 4, "keep it to 3"),
    ],
)
def test_files_are_counted_where_the_field_is_not_empty(
    said: dict[str, int], count: int, why: str
) -> None:
    refused = str(file_count_refusal(bills(**said), count) or "")
    assert any(each in refused for each in why.split("|")) if why else refused == ""


@pytest.mark.parametrize(
    "said",
    [
        {"type": "document", "max_files": 3},
        {"type": "text", "min_files": 1},
        {"type": "documents", "min_files": 0},
        {"type": "documents", "max_files": 51},
        {"type": "documents", "min_files": 11},
        {"type": "documents", "min_files": 4, "max_files": 3},
        {"type": "documents", "max_rows": 3},
        {"type": "documents", "searchable": True},
        {"type": "documents", "value": "1"},
        {"type": "documents", "max_length": 3},
    ],
)
def test_counts_are_bounded_and_belong_to_several_documents(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FieldDef.model_validate(said)


def test_it_is_no_column() -> None:
    columns = {"columns": {"paper": {"type": "documents"}}}
    with pytest.raises(ValidationError):
        FieldDef.model_validate({"type": "list"} | columns)


def test_rules_see_the_names_and_how_many_there_are() -> None:
    fields = {"bills": bills()}
    for rule, holds in {
        "count(bills) > 1": True,
        "'a.pdf' in bills": True,
        "bills == null": False,
    }.items():
        assert compile_rule(rule, fields).holds({"bills": [A, B]}) is holds, rule
    assert compile_rule("bills == null", fields).holds({"bills": None})


def test_others_are_told_the_names() -> None:
    assert render_value_text([A, B]) == "a.pdf, b, or not.pdf"
    assert render_form_value([A, B]) == "a.pdf, b, or not.pdf"
    assert fill_placeholders("With {{ bills }}.", {"bills": [A]}) == "With a.pdf."
    assert FIELD_TYPES["documents"].log_value([A, B]) == '["a.pdf", "b, or not.pdf"]'


def test_the_record_of_what_was_seen_names_each() -> None:
    assert (version_numbers(A), version_numbers([A, B]), version_numbers("x")) == (1, [1, 3], None)
    assert names_version([1, 3], 3)
    assert not names_version([1, 3], 2)
    assert names_version(2, 2)
    assert not names_version(None, 2)


def test_its_json_schema_is_a_list_of_documents() -> None:
    schema = json_schema_of_fields(["bills"], {"bills": bills(max_files=4)}, ["bills"])
    said = schema["properties"]["bills"]
    assert (said["type"], said["maxItems"]) == ("array", 4)
    assert set(said["items"]["properties"]) == {"name", "version", "sha256"}


def test_an_example_and_what_a_rehearsal_makes_up_are_canonical() -> None:
    for spec in (bills(), bills(min_files=3, max_files=4)):
        made: Any = None
        for seed in range(20):
            made = _more_documents("bills", spec, made, Random(seed))
            assert type_of_field(spec).clean(spec, made) == made
            assert file_count_refusal(spec, len(made)) is None
    [example] = example_values({"bills": bills()}).values()
    assert clean_field_value("bills", bills(), example) == example


def moved(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    old, new = copy.deepcopy(SOUND), copy.deepcopy(SOUND)
    old["fields"]["bills"], new["fields"]["bills"] = before, after
    old_map, new_map = Definition.model_validate(old), Definition.model_validate(new)
    return unreadable_fields(old_map, Graph(new_map), {"bills": [A, B]})


@pytest.mark.parametrize(
    ("after", "fits"),
    [
        ({"type": "documents"}, True),
        ({"type": "documents", "max_files": 2}, True),
        ({"type": "documents", "max_files": 1}, False),
        ({"type": "documents", "min_files": 3}, False),
        ({"type": "document"}, False),
        ({"type": "text"}, False),
    ],
)
def test_a_request_moves_where_the_new_map_takes_its_files(
    after: dict[str, Any], fits: bool
) -> None:
    assert moved({"type": "documents"}, after) == ([] if fits else ["bills"])
