"""The likely way on: rules that the values decide are followed, open ones stay open."""

from typing import Any

import pytest

from tests.engine.test_ahead import BRANCHES, CHECKED, graph, task
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.ways_ahead import find_likely_steps, find_steps_to_come


def ahead(flow: Graph, start: str, data: dict[str, Any]) -> dict[str, list[str]]:
    """Each step that can come, with the ways that it depends on."""
    steps = find_steps_to_come(flow, [start], data)
    return {key: [f"{link.source}:{link.name}" for link in links] for key, links in steps.items()}


def test_a_rule_that_the_values_decide_is_followed() -> None:
    assert ahead(graph(CHECKED), "look", {"amount": 20}) == {"size": [], "big": [], "done": []}


def test_what_comes_whichever_way_an_open_rule_falls_is_sure() -> None:
    assert ahead(graph(CHECKED), "look", {"region": "US"}) == {
        "size": [],
        "done": [],
        "big": ["size:1"],
        "small": ["size:otherwise"],
    }


def test_another_outcome_than_the_usual_one_leaves_its_steps_open() -> None:
    look = task("size")
    look["outcomes"]["back"] = {"to": "fix"}
    steps = CHECKED | {"look": look, "fix": task("look", outputs=["amount"])}
    assert ahead(graph(steps), "look", {"amount": 20}) == {
        "size": [],
        "big": [],
        "done": [],
        "fix": ["look:back"],
    }


def test_a_rule_on_a_field_that_the_step_before_fills_in_is_open() -> None:
    steps = CHECKED | {"look": task("size", outputs=["amount"])}
    left = ahead(graph(steps), "look", {"amount": 20, "region": "EU"})
    assert left["big"] == ["size:1"]
    assert left["local"] == ["size:2"]
    assert "small" not in left


@pytest.mark.parametrize(
    ("data", "sure"),
    [({"amount": 20}, {"big", "small"}), ({"amount": 5}, {"small"}), ({}, {"small"})],
)
def test_of_branches_those_come_whose_rules_hold(data: dict[str, Any], sure: set[str]) -> None:
    flow = graph({"look": task("split"), **BRANCHES})
    assert find_likely_steps(flow, ["look"], data) == {"split", "merge", "done"} | sure
    assert ("big" in ahead(flow, "look", data)) is (data.get("amount") != 5)


def test_a_round_that_leads_back_ends_the_search() -> None:
    steps = {"look": task("again"), "again": task("look")}
    assert find_likely_steps(graph(steps), ["look"], {}) == {"again"}


def test_a_map_of_many_steps_is_walked_without_deep_calls() -> None:
    steps = {f"s{n}": task(f"s{n + 1}" if n < 1500 else "done") for n in range(1501)}
    assert len(find_likely_steps(graph(steps), ["s0"], {})) == 1501
