"""How often a request comes to each step on average, worked out from shares and not by running."""

from collections.abc import Iterator, Mapping
from typing import Final

from workflows.engine.format.definition import (
    UNUSUAL_WAYS,
    Definition,
    HumanStep,
    JoinStep,
    ParallelStep,
)
from workflows.engine.rehearsal.scenario import StepTimes
from workflows.engine.routing.graph import Graph

MOST_MOVES: Final = 200
MOST_VISITS: Final = 50.0


def expected_visits(definition: Definition, steps: Mapping[str, StepTimes]) -> dict[str, float]:
    """The visits of each step a request. Rules are taken as often as one another, and what leaves
    a parallel block does not call the rest of it off: rather too many than too few."""
    graph = Graph(definition)
    ways = {key: list(_ways(graph, key, steps.get(key))) for key in graph.steps}
    visits = dict.fromkeys(graph.steps, 0.0)
    there = {graph.first: 1.0} if graph.first else {}
    for _ in range(MOST_MOVES):
        further: dict[str, float] = {}
        for key, mass in there.items():
            visits[key] += mass
            for to, share in ways[key]:
                further[to] = further.get(to, 0.0) + mass * share
        there = {key: mass for key, mass in further.items() if mass > 0.0001}
    return {key: min(visited, MOST_VISITS) for key, visited in visits.items()}


def _ways(graph: Graph, key: str, times: StepTimes | None) -> Iterator[tuple[str, float]]:
    """Where a request goes from a step, and how often. The branches that come to a join go on as
    one."""
    step = graph.steps[key]
    links = [link for link in graph.leaving[key] if link.kind not in UNUSUAL_WAYS]
    if isinstance(step, ParallelStep):
        for link in links:
            yield link.to, 0.5 if link.route.when else 1.0
        return
    if isinstance(step, HumanStep) and times is not None and times.outcomes is not None:
        weights = dict(times.outcomes.weights)
        for name, route in step.outcomes.items():
            yield route.to, weights.get(name, 0.0) / sum(weights.values())
        return
    branches = _branches_of(graph, key) if isinstance(step, JoinStep) else 1
    for link in links:
        yield link.to, 1.0 / len(links) / branches


def _branches_of(graph: Graph, join: str) -> float:
    """How many branches come to a join, on average."""
    for step in graph.steps.values():
        if isinstance(step, ParallelStep) and step.join == join:
            return max(1.0, sum(0.5 if branch.when else 1.0 for branch in step.branches))
    return 1.0
