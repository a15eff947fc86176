"""What can still happen: rules that the data decide already rule ways out, open ones do not."""

from typing import Any

import pytest

from workflows.engine.format.definition import Definition
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.reachable_steps import (
    find_reachable_steps,
    possible_links,
    possible_outcome_links,
)

FIELDS = {
    "amount": {"type": "number"},
    "region": {"type": "choice", "choices": ["EU", "US"]},
    "note": {"type": "text"},
}
END = {"done": {"kind": "end", "result": "done"}, "no": {"kind": "end", "result": "refused"}}
NO = {"to": "no", "exception": True}


def graph(steps: dict[str, Any]) -> Graph:
    data = {
        "format": 1,
        "key": "k",
        "name": "K",
        "roles": {"r": {"users": ["ann"]}},
        "fields": FIELDS,
        "start": {"role": "r", "fields": ["amount"], "first": next(iter(steps))},
        "steps": {**steps, **END},
    }
    return Graph(Definition.model_validate(data))


def task(to: str, **more: Any) -> dict[str, Any]:
    return {"kind": "task", "role": "r", "outcomes": {"ok": to, "no": NO}, **more}


def size(*rules: tuple[str, str], otherwise: str) -> dict[str, Any]:
    found = [{"when": when, "to": to} for when, to in rules]
    return {"kind": "decision", "rules": found, "otherwise": otherwise}


SIZE = size(("amount > 10", "big"), ("region == 'EU'", "local"), otherwise="small")
CHECKED = {
    "look": task("size"),
    "size": SIZE,
    "big": task("done"),
    "local": task("done"),
    "small": task("done"),
}

BRANCHES = {
    "split": {
        "kind": "parallel",
        "join": "merge",
        "branches": [{"to": "big", "when": "amount > 10"}, {"to": "small"}],
    },
    "big": task("merge"),
    "small": task("merge"),
    "merge": {"kind": "join", "wait_for": "all", "to": "done"},
}


@pytest.mark.parametrize(
    ("data", "left"),
    [
        ({"amount": 20, "region": "EU"}, {"big"}),
        ({"amount": 5, "region": "EU"}, {"local"}),
        ({"amount": 5, "region": "US"}, {"small"}),
        ({"amount": 5}, {"local", "small"}),
        ({"region": "US"}, {"big", "small"}),
        ({"region": "EU"}, {"big", "local"}),
        ({}, {"big", "local", "small"}),
    ],
)
def test_a_decision_leads_only_where_the_known_values_let_it(
    data: dict[str, Any], left: set[str]
) -> None:
    flow = graph(CHECKED)
    assert {link.to for link in possible_links(flow, "size", data)} == left
    assert find_reachable_steps(flow, {"look"}, data) == {"size", "done"} | left


def test_what_a_step_before_the_rule_may_change_leaves_it_open() -> None:
    steps = CHECKED | {"look": task("fix"), "fix": task("size", outputs=["amount"])}
    data = {"amount": 20, "region": "US"}
    assert {"big", "small"} <= find_reachable_steps(graph(steps), {"look"}, data)
    assert "local" not in find_reachable_steps(graph(steps), {"look"}, data)


def test_a_round_back_over_a_step_that_changes_the_field_leaves_it_open() -> None:
    steps = CHECKED | {"small": task("look", outputs=["amount"])}
    assert "big" in find_reachable_steps(graph(steps), {"look"}, {"amount": 5, "region": "US"})


def test_an_outcome_whose_condition_is_false_is_not_there_until_its_field_may_change() -> None:
    step = task("done")
    step["outcomes"]["rush"] = {"to": "done", "when": "amount > 10"}
    names = [
        link.name for link in possible_outcome_links(graph({"look": step}), "look", {"amount": 5})
    ]
    assert names == ["ok", "no"]
    filled = graph({"look": {**step, "outputs": ["amount"]}})
    assert [link.name for link in possible_outcome_links(filled, "look", {"amount": 5})] == [
        "ok",
        "no",
        "rush",
    ]


def test_branches_that_cannot_begin_are_left_out() -> None:
    flow = graph(BRANCHES)
    assert [link.to for link in possible_links(flow, "split", {"amount": 5})] == ["small"]
    assert [link.to for link in possible_links(flow, "split", {})] == ["big", "small"]


def test_exceptions_are_not_what_lies_ahead() -> None:
    assert "no" not in find_reachable_steps(graph(CHECKED), {"look"}, {})
