"""Which approvals work goes past when it is sent to another step by hand.

The map's own way is followed as it would be taken with the request's values now: each person's
step by its forward outcome, each rule that can be judged by what it says, each branch that opens.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from workflows.engine.ahead import ways as ways_left
from workflows.engine.definition import HumanStep
from workflows.engine.graph import Graph, reach
from workflows.engine.separation import forward_outcome

Ways = Mapping[str, tuple[str, ...]]


def past_approvals(graph: Graph, data: Mapping[str, Any], begin: str, to: str) -> tuple[str, ...]:
    """The approvals, in the map's order, that lie on the way from a step (itself included) to
    another one, and are not given when the work is sent there at once.

    Where the way ahead does not lead to `to`, they are those through which every way that is no
    exception goes. Sending work back goes past nothing.
    """
    ways = ways_ahead(graph, data)
    if to in reach({begin}, ways, set()) and to != begin:
        passed = _between(ways, begin, to)
    else:
        passed = _on_every_way(_usual_ways(graph), begin, to, graph)
    return tuple(key for key in graph.steps if key in passed and graph[key].kind == "approval")


def ways_ahead(graph: Graph, data: Mapping[str, Any]) -> Ways:
    """Where each step leads when nothing exceptional happens. Without values, to every side of a
    rule and into every branch."""
    return {key: tuple(_ahead(graph, key, data)) for key in graph.steps}


def ahead_of(graph: Graph, step: str) -> frozenset[str]:
    """The steps on the way ahead of this one, whatever the values; itself only on a circle."""
    if step not in graph.memo:
        ways = ways_ahead(graph, {})
        graph.memo[step] = frozenset(reach(ways[step], ways, set()))
    return graph.memo[step]


def _ahead(graph: Graph, key: str, data: Mapping[str, Any]) -> Iterable[str]:
    step = graph[key]
    if isinstance(step, HumanStep):
        return [step.outcomes[forward_outcome(step)].to]
    return [link.to for link in ways_left(graph, key, data) if link.kind != "on_error"]


def _between(ways: Ways, begin: str, to: str) -> set[str]:
    """The steps that are left out between these two: ahead of the one, and leading to the other."""
    ahead = reach({begin}, ways, {to})
    back: dict[str, list[str]] = {key: [] for key in ways}
    for key, targets in ways.items():
        for target in targets:
            back.setdefault(target, []).append(key)
    return ahead & reach({to}, back, set())


def _on_every_way(ways: Ways, begin: str, to: str, graph: Graph) -> set[str]:
    if to == begin or to not in reach({begin}, ways, set()):
        return set()
    approvals = [key for key, step in graph.steps.items() if step.kind == "approval" and key != to]
    return {key for key in approvals if to not in reach({begin}, ways, {key})}


def _usual_ways(graph: Graph) -> Ways:
    ways: dict[str, list[str]] = {key: [] for key in graph.steps}
    for link in graph.links:
        if link.kind not in ("reopen", "on_error") and not link.route.exception:
            ways[link.source].append(link.to)
    return {key: tuple(targets) for key, targets in ways.items()}
