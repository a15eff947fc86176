"""The way that a request is likely to go on from where it stands, and what of it is open.

Likely is: nothing exceptional happens, and whoever decides takes the first usual outcome that the
map names. Rules whose values are known are followed. Where a rule is open, the steps that come
whichever way it falls are still sure to come; the others come only by it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_

from workflows.engine.format.definition import DecisionStep, Link, ParallelStep, TableStep
from workflows.engine.routing.graph import Graph, find_reachable
from workflows.engine.routing.reachable_steps import (
    Data,
    changing_fields_ahead,
    evaluate_condition,
    is_usual_link,
    usual_links,
    writable_fields,
)


def find_steps_to_come(
    graph: Graph, starts: Collection[str], data: Data
) -> dict[str, tuple[Link, ...]]:
    """What can still come after these open steps, by key, with the ways on one of which it depends:
    outcomes that somebody may choose, and rules that are open. A step without any comes if all
    goes the likely way."""
    likely_way = _LikelyWay.find(graph, starts, data)
    only_by: dict[str, list[Link]] = {key: [] for key in likely_way.sure if key not in starts}
    behind: dict[str, tuple[str, ...]] = {}
    for link in likely_way.open_links():
        if link.to not in behind:
            behind[link.to] = tuple(_steps_behind(likely_way, link.to))
        for key in behind[link.to]:
            only_by.setdefault(key, []).append(link)
    return {key: tuple(links) for key, links in only_by.items()}


def find_likely_steps(graph: Graph, starts: Collection[str], data: Data) -> frozenset[str]:
    """The steps that come if all goes the likely way, whichever way open rules fall."""
    return frozenset(_LikelyWay.find(graph, starts, data).sure - set(starts))


def find_exceptional_steps(
    graph: Graph, starts: Collection[str], data: Data, passed: Collection[str]
) -> set[str]:
    """The steps that come only if something exceptional happens on the likely way; not those that
    were passed."""
    likely = _LikelyWay.find(graph, starts, data).sure
    exceptional = [
        link.to
        for key in likely
        for link in graph.leaving[key]
        if link.kind != "reopen" and not is_usual_link(link)
    ]
    return find_reachable(exceptional, graph.following, likely.union(passed))


def choose_usual_outcome(graph: Graph, key: str, links: Sequence[Link]) -> Sequence[Link]:
    """Of a person's step the first usual way that the map names; of others all."""
    return links[:1] if graph.is_human(key) else links


def _steps_behind(likely_way: "_LikelyWay", start: str) -> Iterator[str]:
    """A step and those that it leads to, as far as those that come anyhow."""
    graph, data = likely_way.graph, likely_way.data
    pending, passed = [start], set(likely_way.sure)
    while pending:
        key = pending.pop()
        if key in passed:
            continue
        passed.add(key)
        yield key
        after = likely_way.changing_after(key)
        pending += [other.to for other in usual_links(graph, key, data, after)]


@dataclass(slots=True)
class _LikelyWay:
    """The part of the map that the likely way can pass. `sure` are the steps that it passes
    whichever way open rules fall, with the starts; `changing` what may change before a step."""

    graph: Graph
    data: Data
    changing: Mapping[str, frozenset[str]]
    sure: set[str] = field(default_factory=set)

    @classmethod
    def find(cls, graph: Graph, starts: Collection[str], data: Data) -> "_LikelyWay":
        """The likely way on from these steps."""

        def choose(key: str, links: Sequence[Link]) -> Sequence[Link]:
            return choose_usual_outcome(graph, key, links)

        likely_way = cls(graph, data, changing_fields_ahead(graph, starts, data, choose))
        masks = _SureSteps(likely_way)
        likely_way.sure = masks.steps_of(reduce(or_, (masks.from_step(key) for key in starts), 0))
        return likely_way

    def changing_after(self, key: str) -> frozenset[str]:
        """The fields that may have changed when the request leaves a step."""
        return self.changing.get(key, frozenset()) | writable_fields(self.graph, key)

    def links(self, key: str) -> list[Link]:
        """The usual ways out of a step that are possible on the likely way."""
        return usual_links(self.graph, key, self.data, self.changing_after(key))

    def open_links(self) -> Iterator[Link]:
        """The ways out of sure steps that are not gone for sure: other outcomes than the usual
        one, and what an open rule decides."""
        for key in self.graph.steps:
            if key in self.sure:
                links = self.links(key)
                settled = {link.name for link in self.settled_links(key, links)}
                yield from (link for link in links if link.name not in settled)

    def settled_links(self, key: str, links: Sequence[Link]) -> Sequence[Link]:
        """Those of the ways out of a step that the request goes for sure, on the likely way."""
        step = self.graph[key]
        if isinstance(step, DecisionStep | TableStep):
            return links if len(links) == 1 else ()
        if isinstance(step, ParallelStep):
            after = self.changing_after(key)
            return [link for link in links if self._holds(link, after)]
        return choose_usual_outcome(self.graph, key, links)

    def _holds(self, link: Link, changing: frozenset[str]) -> bool:
        is_real = link.name != "none"
        return is_real and bool(
            evaluate_condition(self.graph, link.route.when, self.data, changing)
        )


class _SureSteps:
    """Which steps come for sure after each step, as bits of whole numbers; ways that lead back
    add nothing."""

    def __init__(self, likely_way: _LikelyWay) -> None:
        self.way = likely_way
        self.keys = list(likely_way.changing)
        self.bits = {key: 1 << place for place, key in enumerate(self.keys)}
        self.masks: dict[str, int] = {}

    def steps_of(self, mask: int) -> set[str]:
        """The steps that a number stands for."""
        return {key for key, bit in self.bits.items() if mask & bit}

    def from_step(self, start: str) -> int:
        """The step and those that come for sure after it."""
        pending, entered = [start], set[str]()
        while pending:
            key = pending[-1]
            if key in self.masks:
                pending.pop()
            elif key in entered:
                self.masks[key] = self.bits[key] | self._after(key)
                pending.pop()
            else:
                entered.add(key)
                pending += [other for other in self._targets(key) if other not in entered]
        return self.masks[start]

    def _targets(self, key: str) -> list[str]:
        step = self.way.graph[key]
        join = [step.join] if isinstance(step, ParallelStep) and step.join in self.bits else []
        links = choose_usual_outcome(self.way.graph, key, self.way.links(key))
        return [*join, *(link.to for link in links)]

    def _after(self, key: str) -> int:
        links = self.way.links(key)
        settled = self.way.settled_links(key, links)
        mask = reduce(or_, (self.masks.get(link.to, 0) for link in settled), 0)
        step = self.way.graph[key]
        if isinstance(step, ParallelStep) and step.join is not None:
            return mask | self.masks.get(step.join, 0)
        masks = [self.masks[link.to] for link in links if link.to in self.masks]
        return mask | reduce(and_, masks) if masks and not settled else mask
