"""Fields that the map works out: in order, exact, rounded as it says, and written by nobody."""

import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from tests.engine.driving import task
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition, write_definition
from workflows.engine.routing.advance import advance
from workflows.engine.routing.effects import CorrectValues, Decide, Start
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking
from workflows.engine.values.fields import clean_unnamed_value

FIELDS: dict[str, Any] = {
    "lines": {
        "type": "list",
        "columns": {
            "item": {"type": "text"},
            "pieces": {"type": "integer"},
            "price": {"type": "money", "currency": "EUR"},
            "net": {"type": "money", "currency": "EUR", "value": "pieces * price"},
        },
    },
    "vat": {"type": "number"},
    "total": {"type": "money", "currency": "EUR", "value": "net + tax"},
    "net": {"type": "money", "currency": "EUR", "value": "sum(lines.net)"},
    "tax": {"type": "money", "currency": "EUR", "value": "sum(lines.net) * vat"},
    "share": {"type": "number", "value": "total / people", "round": 2},
    "people": {"type": "integer"},
    "is_large": {"type": "boolean", "value": "total > 100"},
    "starts": {"type": "date"},
    "ends": {"type": "date", "value": "starts + t'P14D'"},
}


def order(**fields: Any) -> Definition:
    return Definition.model_validate(
        {
            "format": 1,
            "key": "order",
            "name": "Order",
            "owner": "olga",
            "deputy": "dan",
            "roles": {"crew": {"groups": ["crew"]}},
            "fields": FIELDS | fields,
            "start": {"role": "crew", "fields": ["lines", "vat", "people"], "first": "look"},
            "steps": {
                "look": task(
                    go="size", no={"to": "gone", "exception": True}, _outputs=["lines", "vat"]
                ),
                "size": {
                    "kind": "decision",
                    "rules": [{"when": "is_large", "to": "big"}],
                    "otherwise": "small",
                },
                **{key: {"kind": "end", "result": key} for key in ("big", "small", "gone")},
            },
        }
    )


def lines(*rows: tuple[int, str]) -> Any:
    raw = [{"item": "x", "pieces": pieces, "price": price} for pieces, price in rows]
    return clean_unnamed_value(order().fields["lines"], raw)


DATA = {"lines": lines((2, "10.00"), (1, "0.25")), "vat": "0.19", "people": 3}


def start(data: dict[str, Any], graph: Graph | None = None) -> Any:
    graph = graph or Graph(order())
    return advance(graph, Marking(), data, Start(1))


def test_what_depends_on_others_is_worked_out_behind_them_whatever_their_order() -> None:
    data = start(DATA).data
    assert [row["net"] for row in data["lines"]] == ["20.00", "0.25"]
    assert (data["net"], data["tax"], data["total"]) == ("20.25", "3.85", "24.10")
    assert data["share"] == "8.03"
    assert data["is_large"] is False


def test_a_decision_works_out_again_before_the_rules_behind_it_are_asked() -> None:
    graph = Graph(order())
    begun = start(DATA, graph)
    token = begun.marking.tokens[0]
    writes = {"lines": lines((100, "10.00"))}
    done = advance(graph, begun.marking, begun.data, Decide(token.id, 1, "go", writes, {}))
    assert done.marking.ended == "big"
    assert done.data["total"] == "1190.00"


def test_a_correction_works_out_again_and_what_cannot_be_any_more_is_empty() -> None:
    graph = Graph(order())
    begun = start(DATA, graph)
    emptied = advance(graph, begun.marking, begun.data, CorrectValues({"vat": None}, 1)).data
    assert (emptied["net"], emptied["tax"], emptied["total"]) == ("20.25", None, None)
    assert emptied["share"] is None


def test_what_an_input_lacks_for_is_empty_and_a_list_of_nothing_is_not() -> None:
    data = start({"people": 0, "vat": "0.19"}).data
    assert data["net"] == data["total"] == "0.00"
    assert data.get("share") is None  # it would divide by zero
    assert data.get("ends") is None
    assert start({"starts": "2026-03-01"}).data["ends"] == "2026-03-15"


def test_whoever_sends_a_worked_out_value_does_not_decide_it() -> None:
    assert start({**DATA, "total": "1.00"}).data["total"] == "24.10"
    rows = [{"item": "x", "pieces": 2, "price": "10", "net": "999"}]
    read = clean_unnamed_value(order().fields["lines"], rows)
    assert read[0]["net"] == "20.00"


def test_a_map_that_works_nothing_out_is_left_as_it_is() -> None:
    fields = {
        key: {k: v for k, v in f.items() if k not in ("value", "round")}
        for key, f in FIELDS.items()
    }
    graph = Graph(order(**fields))
    assert start({"vat": "0.19"}, graph).data == {"vat": "0.19"}


def test_the_file_comes_back_as_it_was() -> None:
    assert read_definition(write_definition(order()), name="again") == order()


def codes(**fields: Any) -> list[str]:
    findings = audit_definition(order(**fields), AnyPeople())
    return [f.code for f in findings if f.code.startswith("value_")]


def test_the_audit_takes_what_can_be_worked_out() -> None:
    assert codes() == ["value_may_divide_by_zero"]
    assert codes(people={"type": "integer", "min": 1}) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"vat": {"type": "number", "value": "share"}}, "value_circle"),
        ({"vat": {"type": "number", "value": "vat + 1"}}, "value_circle"),
        ({"tax": {"type": "money", "currency": "EUR", "value": "nett * 2"}}, "value_wrong"),
        ({"tax": {"type": "money", "currency": "USD", "value": "sum(lines.net)"}}, "value_wrong"),
        ({"tax": {"type": "text", "value": "sum(lines.net)"}}, "value_wrong"),
        ({"half": {"type": "integer", "value": "people / 2"}}, "value_wrong"),
        ({"size": {"type": "choice", "choices": ["s"], "value": "'m'"}}, "value_wrong"),
        ({"people": {"type": "integer", "value": "count(lines)"}}, "value_written"),
        (
            {
                "lines": {
                    "type": "list",
                    "columns": {
                        "pieces": {"type": "integer"},
                        "net": {"type": "number", "value": "price * 2"},
                    },
                }
            },
            "value_wrong",
        ),
        (
            {
                "lines": {
                    "type": "list",
                    "columns": {
                        "pieces": {"type": "integer"},
                        "net": {"type": "number", "value": "net * 2"},
                    },
                }
            },
            "value_circle",
        ),
    ],
)
def test_the_audit_finds_what_cannot(fields: dict[str, Any], code: str) -> None:
    assert code in codes(**fields)


def test_a_circle_stays_empty_and_stops_nothing() -> None:
    graph = Graph(order(a={"type": "number", "value": "b"}, b={"type": "number", "value": "a"}))
    data = start({**DATA, "a": "5"}, graph).data
    assert data["a"] is None
    assert data["total"] == "24.10"


@pytest.mark.parametrize(
    "field",
    [
        {"type": "number", "value": "vat", "required": True},
        {"type": "number", "value": "vat", "default": 5},
        {"type": "number", "value": "vat", "when": "is_large"},
        {"type": "number", "round": 2},
        {"type": "money", "currency": "EUR", "value": "net", "round": 3},
        {"type": "text", "value": "'a'", "round": 1},
        {"type": "user", "value": "'ann'"},
        {"type": "document", "value": "1"},
        {"type": "users", "value": "'ann'"},
    ],
)
def test_a_file_says_only_what_a_worked_out_field_can_be(field: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Value error"):
        order(more=field)


@pytest.mark.parametrize(
    ("said", "given"),
    [(None, "0.13"), (2, "0.13"), (1, "0.10"), ({"digits": 2, "mode": "down"}, "0.12")],
)
def test_money_is_rounded_half_up_unless_the_map_says_otherwise(said: Any, given: str) -> None:
    more = {"type": "money", "currency": "EUR", "value": "vat / 2"} | (
        {"round": said} if said else {}
    )
    assert start({"vat": "0.25"}, Graph(order(more=more))).data["more"] == given


def test_a_thousand_random_splits_add_up_to_the_cent() -> None:
    """The last share is what the others leave, so nothing is lost whatever is split."""
    fields = {
        "amount": {"type": "money", "currency": "EUR"},
        "people": {"type": "integer"},
        "each": {"type": "money", "currency": "EUR", "value": "amount / people"},
        "last": {"type": "money", "currency": "EUR", "value": "amount - each * (people - 1)"},
    }
    worked_out = Graph(order(**fields)).worked_out
    drawn = random.Random(20261127)
    for _ in range(1000):
        amount = Decimal(drawn.randrange(-(10**9), 10**11)).scaleb(-2)
        people = drawn.randrange(1, 60)
        data = worked_out.completed({"amount": f"{amount:.2f}", "people": people})
        each, last = Decimal(data["each"]), Decimal(data["last"])
        assert each == (amount / people).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert each * (people - 1) + last == amount
