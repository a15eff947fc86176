"""Which ways of its map a request has gone, as its tasks tell it: by the outcomes that were chosen,
by where each task came from, and between these through the steps that only route."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows.definitions.queries.compiled_versions import VersionMap, map_of_step
from workflows.engine.format.definition import ROUTING_KINDS, Link, ParallelStep
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.reachable_steps import possible_links
from workflows.execution.models import DONE, WorkItem
from workflows.execution.queries.position import InstancePosition

FAILED_OUTCOME = "error"
"""How a step that no person does ends when it failed."""


@dataclass(frozen=True, slots=True)
class WaysGone:
    """The ways that were gone, and the joins that were come to and still wait."""

    links: Sequence[Link]
    waiting: frozenset[str]

    @property
    def passed(self) -> frozenset[str]:
        """The steps that they lead from and to, so also the first, and that are no join which still
        waits."""
        ends = (step for link in self.links for step in (link.source, link.to))
        return frozenset(ends) - self.waiting


def find_ways_gone(position: InstancePosition, tasks: Iterable[WorkItem]) -> WaysGone:
    """The ways that a request with these tasks has gone. No statement."""
    return _Walk(position, tasks).find()


def _step_key(version_map: VersionMap, task: WorkItem) -> str:
    return map_of_step(version_map, task.step_id).step_keys[task.step_id]


class _Walk:
    """What is known of a request's past, and the search through it."""

    def __init__(self, position: InstancePosition, tasks: Iterable[WorkItem]) -> None:
        self.graph: Graph = position.map.graph
        self.position = position
        rows = [(task, _step_key(position.map, task)) for task in tasks]
        self.left_by = {(key, task.outcome) for task, key in rows if task.state == DONE}
        self.arrivals = {(task.came_from, key) for task, key in rows}
        self.arrived = {key for _, key in self.arrivals}
        blocks = position.instance.read_marking().blocks
        steps = (self.graph[block.step] for block in blocks)
        self.waiting = frozenset(
            step.join for step in steps if isinstance(step, ParallelStep) and step.join
        )

    def find(self) -> WaysGone:
        """The ways, in the map's order."""
        gone = {number for number, link in enumerate(self.graph.links) if self._is_told(link)}
        numbers = {id(link): number for number, link in enumerate(self.graph.links)}
        pending = [self.graph.links[number].to for number in gone]
        while pending:
            key = pending.pop()
            leaving = {numbers[id(link)] for link in self.graph.leaving[key]}
            if key in self.waiting or not self._can_lead_on(key, is_left=bool(leaving & gone)):
                continue
            for link in possible_links(self.graph, key, self.position.instance.data):
                if numbers[id(link)] not in gone and self._can_have_gone(link):
                    gone.add(numbers[id(link)])
                    pending.append(link.to)
        return WaysGone([self.graph.links[number] for number in sorted(gone)], self.waiting)

    def _can_lead_on(self, key: str, *, is_left: bool) -> bool:
        """Whether more ways may have been gone from a step than are known: from one that only
        routes, where none is known, or where it opens several."""
        kind = self.graph[key].kind
        return kind in ROUTING_KINDS and (not is_left or kind == "parallel")

    def _is_told(self, link: Link) -> bool:
        """Whether a task says by itself that the way was gone."""
        if (link.source, link.to) in self.arrivals:
            return not self.graph.is_human(link.source) or self._was_left_by(link)
        return self._was_left_by(link)

    def _was_left_by(self, link: Link) -> bool:
        if self.graph.is_human(link.source):
            return (link.source, link.name) in self.left_by
        outcomes = {outcome for key, outcome in self.left_by if key == link.source}
        if link.kind == "on_error":
            return FAILED_OUTCOME in outcomes
        return bool(outcomes - {FAILED_OUTCOME})

    def _can_have_gone(self, link: Link) -> bool:
        """To an end only where it is the one that was reached, to a step only where it came."""
        if self.graph[link.to].kind == "end":
            return link.to == self.position.end
        return self.graph[link.to].kind in ROUTING_KINDS or link.to in self.arrived
