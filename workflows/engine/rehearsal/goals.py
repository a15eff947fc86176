"""Runs that are sent somewhere on purpose: to each step, and to each condition of the map.

A rare step would be met in a hundred runs by chance or not at all. So before them one request is
sent to each step and along each conditional way, by the shortest way that leads there and with
values under which it is taken; and one to each automation, to fail there.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from workflows.engine.format.definition import AutomationStep, Link, ParallelStep, SubworkflowStep
from workflows.engine.rehearsal.conditions import (
    ConditionGroup,
    ConditionKey,
    Conditions,
    randrange,
)
from workflows.engine.rehearsal.scenario import Scenario
from workflows.engine.rehearsal.table_conditions import TableGroup
from workflows.engine.routing.graph import Graph

MOST_TRIES: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where a run is sent: to a `step`, and there along the way of a condition, if one is named.

    `outcomes` are decided on the way, `wanted` are the values that it is given, and the steps that
    are `failing` come to nothing.
    """

    step: str
    condition: ConditionKey | None = None
    outcomes: Mapping[str, str] = field(default_factory=dict)
    wanted: Mapping[str, Any] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()
    expiring: frozenset[str] = frozenset()
    """Tasks that nobody takes up, until their time is over."""
    disagrees: bool = False
    """Whether everybody on the way writes something else than what is there."""


def find_goals(graph: Graph, conditions: Conditions, scenario: Scenario) -> tuple[Goal, ...]:
    """One goal for each step, each conditional way and each failure that there may be."""
    ways = _shortest_ways(graph)
    return tuple(
        _goal(step, link, ways[step], conditions, failing=failing)
        for step, link, failing in _wanted_places(graph, conditions, scenario)
        if step in ways
    )


def _wanted_places(
    graph: Graph, conditions: Conditions, scenario: Scenario
) -> Iterator[tuple[str, Link | None, bool]]:
    rows = {table.step: table.rows for table in conditions.tables}
    for key, step in graph.steps.items():
        yield key, None, False
        for row in rows.get(key, ()):
            yield key, row, False
        for link in graph.leaving[key]:
            if link.route.when is not None or link.kind == "otherwise":
                yield key, link, False
        times = scenario.steps.get(key)
        can_fail = isinstance(step, AutomationStep | SubworkflowStep)
        if can_fail and times is not None and times.failure > 0:
            yield key, None, True


def _shortest_ways(graph: Graph) -> dict[str, tuple[Link, ...]]:
    """How each step is come to from the first, by as few ways as can be."""
    if graph.first is None:
        return {}
    ways: dict[str, tuple[Link, ...]] = {graph.first: ()}
    todo = deque([graph.first])
    while todo:
        key = todo.popleft()
        for link in graph.leaving[key]:
            if link.kind != "reopen" and link.to not in ways:
                ways[link.to] = (*ways[key], link)
                todo.append(link.to)
    return ways


def _goal(
    step: str,
    link: Link | None,
    way: tuple[Link, ...],
    conditions: Conditions,
    *,
    failing: bool,
) -> Goal:
    links = (*way, link) if link is not None else way
    outcomes = {each.source: each.name for each in reversed(links) if each.kind == "outcome"}
    fails = {each.source for each in links if each.kind == "on_error"}
    expiring = frozenset(each.source for each in links if each.kind == "expires")
    if failing:
        fails.add(step)
    return Goal(
        step=step,
        condition=(link.source, link.kind, link.name) if link is not None else None,
        outcomes=outcomes,
        wanted=_values_for(links, conditions),
        failing=frozenset(fails),
        expiring=expiring,
        disagrees=isinstance(conditions.graph.steps[step], ParallelStep),
    )


def _values_for(links: Sequence[Link], conditions: Conditions) -> Mapping[str, Any]:
    """Values with which all conditions on the way are met, if they can be found; else those of
    the last."""
    wanted = [
        (group, key)
        for link in links
        if (key := (link.source, link.kind, link.name)) and (group := conditions.group_of(key))
    ]
    witnesses = conditions.judgement.witnesses
    merged: dict[str, Any] = {}
    for _, key in reversed(wanted):
        for name, value in witnesses.get(key, {}).items():
            merged.setdefault(name, value)
    if _meets_all(merged, wanted, conditions):
        return merged
    names = list(dict.fromkeys(name for group, _ in wanted for name in group.fields))
    tried = {name: conditions.values_to_combine(name) for name in names}
    random = Random(len(names))
    for _ in range(MOST_TRIES):
        values = {name: each[randrange(random, each)] for name, each in tried.items()}
        if _meets_all(values, wanted, conditions):
            return values
    return merged


def _meets_all(
    values: Mapping[str, Any],
    wanted: Sequence[tuple[ConditionGroup | TableGroup, ConditionKey]],
    conditions: Conditions,
) -> bool:
    return all(conditions.meets(group, values, key) for group, key in wanted)
