"""Which approvals work goes past when it is sent to another step by hand.

The map's own way is followed as it would be taken with the request's values now: each person's
step by its forward outcome, each rule that can be judged by what it says, each branch that opens.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from workflows.engine.format.definition import UNCHOSEN_WAYS, UNUSUAL_WAYS, HumanStep
from workflows.engine.routing.graph import Graph, find_reachable
from workflows.engine.routing.reachable_steps import NO_FIELDS, every_field
from workflows.engine.routing.reachable_steps import possible_links as ways_left
from workflows.engine.routing.separation import forward_outcome

RouteMap = Mapping[str, tuple[str, ...]]


def find_bypassed_approvals(
    graph: Graph, data: Mapping[str, Any], begin: str, to: str
) -> tuple[str, ...]:
    """The approvals, in the map's order, that lie on the way from a step (itself included) to
    another one, and are not given when the work is sent there at once.

    Where the way ahead does not lead to `to`, they are those through which every way that is no
    exception goes. Sending work back goes past nothing.
    """
    routes = routes_ahead(graph, data)
    if to in find_reachable({begin}, routes, set()) and to != begin:
        passed = _steps_between(routes, begin, to)
    else:
        passed = _unavoidable_approvals(_usual_routes(graph), begin, to, graph)
    return tuple(key for key in graph.steps if key in passed and graph[key].kind == "approval")


def routes_ahead(
    graph: Graph, data: Mapping[str, Any], changing: frozenset[str] = NO_FIELDS
) -> RouteMap:
    """Where each step leads when nothing exceptional happens. What may change leads to every side
    of a rule or a table, and into every branch."""
    return {key: tuple(_targets_ahead(graph, key, data, changing)) for key in graph.steps}


def steps_ahead_of(graph: Graph, step: str) -> frozenset[str]:
    """The steps on the way ahead of this one, whatever the values; itself only on a circle."""
    if step not in graph.memo:
        routes = routes_ahead(graph, {}, every_field(graph))
        graph.memo[step] = frozenset(find_reachable(routes[step], routes, set()))
    return graph.memo[step]


def _targets_ahead(
    graph: Graph, key: str, data: Mapping[str, Any], changing: frozenset[str]
) -> Iterable[str]:
    step = graph[key]
    if isinstance(step, HumanStep):
        return [step.outcomes[forward_outcome(step)].to]
    links = ways_left(graph, key, data, changing)
    return [link.to for link in links if link.kind not in UNCHOSEN_WAYS]


def _steps_between(routes: RouteMap, begin: str, to: str) -> set[str]:
    """The steps that are left out between these two: ahead of the one, and leading to the other."""
    ahead = find_reachable({begin}, routes, {to})
    back: dict[str, list[str]] = {key: [] for key in routes}
    for key, targets in routes.items():
        for target in targets:
            back.setdefault(target, []).append(key)
    return ahead & find_reachable({to}, back, set())


def _unavoidable_approvals(routes: RouteMap, begin: str, to: str, graph: Graph) -> set[str]:
    if to == begin or to not in find_reachable({begin}, routes, set()):
        return set()
    approvals = [key for key, step in graph.steps.items() if step.kind == "approval" and key != to]
    return {key for key in approvals if to not in find_reachable({begin}, routes, {key})}


def _usual_routes(graph: Graph) -> RouteMap:
    routes: dict[str, list[str]] = {key: [] for key in graph.steps}
    for link in graph.links:
        if link.kind not in UNUSUAL_WAYS and not link.route.exception:
            routes[link.source].append(link.to)
    return {key: tuple(targets) for key, targets in routes.items()}
