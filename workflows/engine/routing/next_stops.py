"""From stop to stop: the steps at which a request stands next, past those that only route."""

from collections.abc import Callable, Iterable

from workflows.engine.format.definition import ROUTING_KINDS, UNUSUAL_WAYS, Link, ParallelStep
from workflows.engine.routing.graph import Graph, find_reachable
from workflows.engine.routing.reachable_steps import (
    Data,
    evaluate_condition,
    usual_links,
    writable_fields,
)
from workflows.engine.routing.ways_ahead import choose_usual_outcome


def find_stops_after(graph: Graph, key: str) -> frozenset[str]:
    """Every step at which a request can stand next after this one, ends left out."""
    return _walk_to_stops(
        graph, key, lambda at: (link for link in graph.leaving[at] if link.kind != "reopen")
    )


def find_likely_stops(graph: Graph, key: str, data: Data) -> frozenset[str]:
    """Those that a request with these data comes to next on its likely way; none where an open
    rule has still to decide."""
    changing = writable_fields(graph, key)

    def choose(at: str) -> list[Link]:
        links = list(choose_usual_outcome(graph, at, usual_links(graph, at, data, changing)))
        if isinstance(graph[at], ParallelStep):
            return [
                link for link in links if evaluate_condition(graph, link.route.when, data, changing)
            ]
        return links if len(links) == 1 else []

    return _walk_to_stops(graph, key, choose)


def find_usual_way(graph: Graph, key: str) -> set[str]:
    """What follows a step where nothing exceptional happens and everybody takes the usual outcome,
    whatever the rules say."""
    following = {
        at: [link.to for link in choose_usual_outcome(graph, at, _usual_ways(graph, at))]
        for at in graph.steps
    }
    return find_reachable(following[key], following, frozenset())


def _usual_ways(graph: Graph, key: str) -> list[Link]:
    return [
        link
        for link in graph.leaving[key]
        if link.kind not in UNUSUAL_WAYS and not link.route.exception
    ]


def _walk_to_stops(
    graph: Graph, key: str, links_of: Callable[[str], Iterable[Link]]
) -> frozenset[str]:
    stops, pending, passed = set[str](), [key], set[str]()
    while pending:
        at = pending.pop()
        if at in passed:
            continue
        passed.add(at)
        for link in links_of(at):
            if graph[link.to].kind in ROUTING_KINDS:
                pending.append(link.to)
            elif graph[link.to].kind != "end":
                stops.add(link.to)
    return frozenset(stops)
