"""Columns under a condition and with a default: what a list keeps of its rows, and what they
lack."""

from typing import Any

import pytest

from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition, write_definition
from workflows.engine.rules.row_names import rule_of_row
from workflows.engine.values.field_types.base import ValueRefused
from workflows.engine.values.field_types.rows import RowsRefused
from workflows.engine.values.fields import clean_unnamed_value, json_schema_of_fields

FILE = """
format: 1
key: travel
name: Travel
fields:
  lines:
    type: list
    columns:
      kind: {type: choice, choices: [taxi, hotel], required: true}
      net: {type: money, currency: EUR}
      vat: {type: number, default: 0.5}
      gross: {type: money, currency: EUR, value: "net * (1 + vat)"}
      nights: {type: integer, label: Nights, when: "kind == 'hotel'", required: true}
      rooms: {type: integer, when: "nights > 3"}
      receipt: {type: text, label: Receipt, required: {when: "gross > 50"}}
steps:
  over: {kind: end, result: over}
"""


def travel() -> Definition:
    return read_definition(FILE, name="travel")


def read(*rows: dict[str, Any]) -> Any:
    return clean_unnamed_value(travel().fields["lines"], list(rows))


def lacking(*rows: dict[str, Any]) -> list[tuple[int, str]]:
    with pytest.raises(ValueRefused) as refused:
        read(*rows)
    assert isinstance(refused.value, RowsRefused)
    return [(cell.row, cell.column) for cell in refused.value.cells]


def test_a_file_says_it_and_comes_back_as_it_was() -> None:
    again = read_definition(write_definition(travel()), name="again")
    assert again == travel()
    assert again.dump() == travel().dump()
    columns = again.fields["lines"].columns or {}
    assert columns["receipt"].required_when == "gross > 50"
    assert columns["vat"].default == 0.5


def test_a_cell_that_is_not_asked_for_is_left_out_and_what_hangs_on_it_too() -> None:
    assert read({"kind": "taxi", "nights": 4, "rooms": 2}) == [{"kind": "taxi"}]
    assert read({"kind": "hotel", "nights": 4, "rooms": 2}) == [
        {"kind": "hotel", "nights": 4, "rooms": 2}
    ]
    assert read({"kind": "hotel", "nights": 3, "rooms": 2}) == [{"kind": "hotel", "nights": 3}]


def test_a_cell_that_is_asked_for_or_required_under_a_condition_may_not_be_empty() -> None:
    assert lacking({"kind": "hotel"}) == [(1, "nights")]
    dear = {"kind": "taxi", "net": "40", "vat": 0.5}
    assert lacking({"kind": "taxi"}, dear, {"kind": "hotel"}) == [(2, "receipt"), (3, "nights")]
    assert read({**dear, "net": "20"})[0]["gross"] == "30.00"
    assert read({**dear, "receipt": "R1"})[0]["gross"] == "60.00"


def test_all_that_is_wrong_is_said_at_once_and_no_cell_twice() -> None:
    assert lacking({"kind": "hotel", "nights": "three"}, {"net": "x"}) == [
        (1, "nights"),
        (2, "kind"),
        (2, "net"),
    ]


def test_a_default_is_not_filled_in_where_rows_are_read() -> None:
    assert read({"kind": "taxi", "net": "40"}) == [{"kind": "taxi", "net": "40.00"}]


def test_the_schema_requires_what_every_row_says_and_tells_the_conditions() -> None:
    fields = travel().fields
    items = json_schema_of_fields(["lines"], fields, [])["properties"]["lines"]["items"]
    assert items["required"] == ["kind"]
    assert items["properties"]["nights"]["description"] == "asked when kind == 'hotel'"
    assert items["properties"]["receipt"]["description"] == "required when gross > 50"
    assert items["properties"]["vat"]["default"] == 0.5


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('{type: text, value: "kind", when: "net > 1"}', "worked out"),
        ("{type: text, default: {requester: true}}", "default"),
        ("{type: text, required: {when: 3}}", "required"),
        ("{type: text, visible_to: [staff]}", "visible_to"),
    ],
)
def test_what_a_column_cannot_say_is_refused(said: str, problem: str) -> None:
    with pytest.raises(DefinitionProblem, match=problem):
        read_definition(FILE.replace("steps:", f"      more: {said}\nsteps:"), name="travel")


@pytest.mark.parametrize(
    ("rule", "in_branch"),
    [
        ("net > 5", "line.net > 5"),
        ("kind == 'net' or kind == \"kind\"", "line.kind == 'net' or line.kind == \"kind\""),
        ("net_of == net", "net_of == line.net"),
        ("count (net) + net(1)", "count (line.net) + net(1)"),
        ("other.net > net", "other.net > line.net"),
    ],
)
def test_a_rule_of_a_row_is_said_over_the_names_of_a_branch(rule: str, in_branch: str) -> None:
    assert rule_of_row(rule, "line", {"net", "kind"}) == in_branch
