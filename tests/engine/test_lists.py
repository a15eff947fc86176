"""Fields that hold several values: lists of rows, several people, several choices."""

import json
from typing import Any

import pytest
from jsonschema_rs import meta

from workflows.engine.errors import DefinitionProblem, InvalidInput
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import json_schema, read_definition, write_definition
from workflows.engine.values.field_types.base import type_of_field
from workflows.engine.values.field_types.rows import RowsRefused
from workflows.engine.values.fields import (
    canonical_field_value,
    clean_field_value,
    clean_unnamed_value,
    json_schema_of_fields,
)
from workflows.engine.values.serialization import external_values

FILE = """
format: 1
key: order
name: Order
roles:
  staff: {groups: [staff]}
fields:
  lines:
    type: list
    columns:
      item: {type: text, label: Item, required: true}
      net: {type: money, currency: EUR}
      weight: {type: number}
      by: {type: user, role: staff}
      wanted: {type: date}
      kind: {type: choice, choices: [new, used]}
    min_rows: 2
    max_rows: 4
  who: {type: users}
  tags: {type: choices, choices: [small, large, "heavy, fragile"]}
steps:
  over: {kind: end, result: over}
"""


def order() -> Definition:
    return read_definition(FILE, name="order")


def read(key: str, raw: object) -> Any:
    return clean_field_value(key, order().fields[key], raw)


GOOD = [{"item": "Chair", "net": "120"}, {"item": "Desk", "weight": 12.5, "by": "nora"}]


def test_a_file_with_lists_comes_back_as_it_was() -> None:
    assert read_definition(write_definition(order()), name="again") == order()
    assert list(order().fields["lines"].columns or {}) == [
        *("item", "net", "weight", "by", "wanted", "kind")
    ]


def test_the_schema_of_files_knows_columns() -> None:
    schema = json_schema()
    assert "document" not in schema["$defs"]["ColumnDef"]["properties"]["type"]["enum"]
    assert "list" in schema["$defs"]["FieldDef"]["properties"]["type"]["enum"]


def test_each_column_is_kept_as_its_type_keeps_it_and_empty_ones_are_left_out() -> None:
    assert read("lines", GOOD) == [
        {"item": "Chair", "net": "120.00"},
        {"item": "Desk", "weight": "12.5", "by": "nora"},
    ]


@pytest.mark.parametrize("nothing", [None, "", [], [{}], [{"item": ""}, {}], "[]", "[{}]"])
def test_no_rows_are_an_empty_field(nothing: object) -> None:
    assert read("lines", nothing) is None


def test_rows_are_read_from_json_with_all_their_digits() -> None:
    written = '[{"item": "a", "net": 1.10, "weight": 0.1234567891}, {"item": "b"}]'
    assert read("lines", written)[0] == {"item": "a", "net": "1.10", "weight": "0.1234567891"}


def test_what_is_kept_is_read_as_itself() -> None:
    spec, kept = order().fields["lines"], read("lines", GOOD)
    assert read("lines", kept) == kept == canonical_field_value(spec, kept)
    assert read("lines", type_of_field(spec).log_value(kept)) == kept


def test_what_is_wrong_is_said_with_its_row_and_column() -> None:
    rows = [{"item": "Chair", "net": "12,50"}, {}, {"net": "3", "wanted": "2026-02-31"}]
    with pytest.raises(RowsRefused) as refused:
        clean_unnamed_value(order().fields["lines"], rows)
    assert [(cell.row, cell.column) for cell in refused.value.cells] == [
        (1, "net"),
        (3, "item"),
        (3, "wanted"),
    ]
    assert "row 3, Item: fill it in." in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"item": "a"}], "fill in at least 2 rows."),
        ([{"item": "a"}] * 5, "keep it to 4 rows."),
        ([{"item": "a"}] * 5000, "keep it to 4 rows."),
        ([{"itme": "a"}] * 2, "row 1: there is no column 'itme'; use item, net"),
        (["a", "b"], "row 1: write a row with its columns."),
        ({"item": "a"}, "write a list of rows"),
        (5, "write a list of rows"),
        ("a chair", "write a list of rows"),
        ([{"item": "a\x00"}, {"item": "b"}], "row 1, Item: it holds a NUL character"),
        ([{"item": ["a"]}, {"item": {}}], "row 1, Item: write one line of text"),
        ([{"item": "a", "wanted": "1492-01-01"}, {"item": "b"}], "row 1, wanted: "),
    ],
)
def test_rows_that_no_list_can_have_are_refused(rows: object, said: str) -> None:
    with pytest.raises(InvalidInput, match="lines: ") as refused:
        read("lines", rows)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("item: {type: text", "item: {type: document", "'document' cannot be used here"),
        ("item: {type: text", "item: {type: users", "'users' cannot be used here"),
        ("item: {type: text", "item: {kind: text, type: text", "unknown key 'kind'"),
        ("type: list", "type: text", "`columns` goes with `type: list`"),
        ("max_rows: 4", "max_rows: 1001", "write 1000 or less"),
        ("max_rows: 4", "max_rows: 1", "`min_rows` is more than the list may have"),
        ("who: {type: users}", "who: {type: users, max_rows: 4}", "go with `type: list`"),
        ("role: staff", "role: stuff", "names the role 'stuff'"),
        ("{groups: [staff]}", "{requester: true}", "found in each request"),
    ],
)
def test_a_file_says_only_of_lists_what_lists_have(old: str, new: str, said: str) -> None:
    with pytest.raises(DefinitionProblem) as refused:
        read_definition(FILE.replace(old, new), name="order")
    assert said in str(refused.value)


def test_a_list_may_have_a_hundred_rows_where_the_map_says_nothing() -> None:
    file = FILE.replace("    max_rows: 4\n", "").replace("    min_rows: 2\n", "")
    spec = read_definition(file, name="order").fields["lines"]
    assert len(clean_unnamed_value(spec, [{"item": "a"}] * 100)) == 100
    with pytest.raises(InvalidInput, match="keep it to 100 rows"):
        clean_field_value("lines", spec, [{"item": "a"}] * 101)


@pytest.mark.parametrize(
    ("key", "raw", "kept"),
    [
        ("who", "ann, bob;ann\ncid", ["ann", "bob", "cid"]),
        ("who", ["bob", " ann ", "", None], ["bob", "ann"]),
        ("who", '["ann"]', ["ann"]),
        ("who", [], None),
        ("tags", ["large", "small"], ["small", "large"]),
        ("tags", "large,small", ["small", "large"]),
        ("tags", "heavy, fragile", ["heavy, fragile"]),
        ("tags", '["heavy, fragile", "small"]', ["small", "heavy, fragile"]),
        ("tags", "", None),
    ],
)
def test_several_values_are_kept_each_once(key: str, raw: object, kept: object) -> None:
    assert read(key, raw) == kept
    assert read(key, kept) == kept


@pytest.mark.parametrize(
    ("key", "raw"),
    [("tags", ["huge"]), ("tags", 5), ("tags", {"a": 1}), ("who", [["a"]]), ("who", 1.5)],
)
def test_what_is_none_of_several_values_is_refused(key: str, raw: object) -> None:
    with pytest.raises(InvalidInput):
        read(key, raw)


def test_programs_are_told_what_lists_look_like() -> None:
    schema = json_schema_of_fields(["lines", "who", "tags"], order().fields, ["lines"])
    assert meta.is_valid(schema)
    rows = schema["properties"]["lines"]
    assert (rows["minItems"], rows["maxItems"]) == (2, 4)
    assert rows["items"]["required"] == ["item"]


def test_other_systems_are_told_plain_numbers_in_rows() -> None:
    kept = read("lines", [{"item": "a", "weight": "1.2340", "net": "3"}, {"item": "b"}])
    assert kept[0]["weight"] == "1.2340"
    told = external_values(order().fields, {"lines": kept})["lines"]
    assert json.loads(json.dumps(told))[0] == {"item": "a", "net": "3.00", "weight": "1.234"}
