"""A log as regions: the whole, and within each parallel block its branches, block in block.

A region is a set of activities and blocks that follow each other. A block is only made where the
cases bear it: what is in it comes in one stretch, with something of each branch. So blocks nest,
and what does not is named instead.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workflows.engine.discovery.concurrency import (
    Concurrency,
    Trace,
    Traces,
    find_concurrency,
    nested_groups,
)

LEAST_WHOLE = 0.6
"""Of the cases that come to a block, so many must go through it whole."""
MOST_NESTING = 8


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity as a place in a region."""

    name: str


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """A block as a place in a region."""

    number: int


Place = Activity | BlockPlace
Edge = tuple[int, Place | None, Place | None]
"""A way in a region, by its number; None in front is the region's beginning, behind its end."""


@dataclass(frozen=True, slots=True)
class FoundBlock:
    """A parallel block: its branches as regions, in how many cases it was come to, the share of
    them that went through it whole, and how sure the concurrency in it is."""

    number: int
    region: int
    branches: tuple[int, ...]
    cases: int
    whole: float
    sure: float


@dataclass(frozen=True, slots=True)
class NotNested:
    """Activities that are done beside each other and make no block: their relations cross, or the
    cases do not go through them as through a block."""

    activities: tuple[str, ...]
    sure: float


@dataclass(slots=True)
class LogShape:
    """The regions of a log: which activities each has, its blocks, and what makes none."""

    stand_ins: bool = False
    activities: list[tuple[str, ...]] = field(default_factory=list)
    blocks: list[FoundBlock] = field(default_factory=list)
    not_nested: list[NotNested] = field(default_factory=list)

    def blocks_of(self, region: int) -> list[FoundBlock]:
        """The blocks that lie in a region, not deeper."""
        return [block for block in self.blocks if block.region == region]

    def edges(self, trace: Trace, region: int = 0) -> list[Edge] | None:
        """The ways that a case goes, by region; None where it goes through part of a block."""
        places = _places(self, trace, region)
        if places is None:
            return None
        found: list[Edge] = []
        before: Place | None = None
        for place, inner in places:
            found.append((region, before, place))
            before = place
            if isinstance(place, BlockPlace):
                for number in self.blocks[place.number].branches:
                    ways = self.edges(_project(inner, self.activities[number]), number)
                    if ways is None:
                        return None
                    found += ways
        found.append((region, before, None))
        return found


def shape_of_log(traces: Traces, *, finds_blocks: bool = True, stand_ins: bool = False) -> LogShape:
    """The regions of a log; with `finds_blocks=False` all activities in one. `stand_ins` is how
    generously concurrency is seen, see `find_concurrency`."""
    shape = LogShape(stand_ins)
    _add_region(shape, traces, MOST_NESTING if finds_blocks else 0)
    return shape


def _add_region(shape: LogShape, traces: Traces, depth: int) -> int:
    number = len(shape.activities)
    shape.activities.append(tuple(dict.fromkeys(name for trace in traces for name in trace)))
    if depth:
        relations = find_concurrency(traces, stand_ins=shape.stand_ins)
        while relations:
            relations = _add_blocks(shape, number, relations, traces, depth)
    return number


def _add_blocks(
    shape: LogShape, region: int, relations: list[Concurrency], traces: Traces, depth: int
) -> list[Concurrency]:
    """Make the blocks of these relations. What is left to try: of a group that cases do not go
    through as a whole, the same without its rarest activity."""
    left: list[Concurrency] = []
    for branches, own, dropped in nested_groups(relations):
        shape.not_nested += [NotNested((r.first, r.second), r.sure) for r in dropped]
        if branches and not _add_block(shape, region, branches, own, traces, depth):
            rarest = _rarest(branches, traces)
            left += [r for r in own if rarest not in (r.first, r.second)]
    return left


def _rarest(branches: Sequence[Sequence[str]], traces: Traces) -> str:
    names = [name for branch in branches for name in branch]
    return min(names, key=lambda name: (sum(traces[t] for t in traces if name in t), name))


def _add_block(
    shape: LogShape,
    region: int,
    branches: Sequence[Sequence[str]],
    relations: Sequence[Concurrency],
    traces: Traces,
    depth: int,
) -> bool:
    """Add a block, if enough of the cases that come to it go through it as a whole."""
    sure = sum(relation.sure for relation in relations) / len(relations)
    inner, cases, whole = _passages(branches, traces)
    if cases == 0 or whole / cases < LEAST_WHOLE:
        names = tuple(name for branch in branches for name in branch)
        shape.not_nested.append(NotNested(names, sure * whole / max(1, cases)))
        return False
    place = len(shape.blocks)
    shape.blocks.append(FoundBlock(place, region, (), cases, whole / cases, sure))
    regions = tuple(_add_region(shape, part, depth - 1) for part in inner)
    shape.blocks[place] = replace(shape.blocks[place], branches=regions)
    return True


def _passages(
    branches: Sequence[Sequence[str]], traces: Traces
) -> tuple[list[Counter[Trace]], int, int]:
    """What the cases that go through a block whole do in each branch; how many cases come to it,
    and how many go through it whole."""
    inside = {name for branch in branches for name in branch}
    inner: list[Counter[Trace]] = [Counter() for _ in branches]
    cases = whole = 0
    for trace, count in traces.items():
        stretches = [part for is_in, part in _stretches(trace, inside) if is_in]
        parts = [[_project(part, branch) for branch in branches] for part in stretches]
        cases += count if parts else 0
        if parts and all(all(part) for part in parts):
            whole += count
            for part in parts:
                for counter, course in zip(inner, part, strict=True):
                    counter[course] += count
    return inner, cases, whole


def _stretches(trace: Trace, inside: set[str]) -> Iterator[tuple[bool, Trace]]:
    """The trace in pieces: each that lies in the block as a whole, the others one by one."""
    start = 0
    while start < len(trace):
        end = start + 1
        is_in = trace[start] in inside
        while is_in and end < len(trace) and trace[end] in inside:
            end += 1
        yield is_in, trace[start:end]
        start = end


def _project(trace: Trace, names: Sequence[str]) -> Trace:
    kept = set(names)
    return tuple(name for name in trace if name in kept)


def _places(shape: LogShape, trace: Trace, region: int) -> list[tuple[Place, Trace]] | None:
    """A case as the places of a region that it comes to, each with what it does there."""
    blocks = _block_members(shape, region)
    places: list[tuple[Place, Trace]] = []
    start = 0
    while start < len(trace):
        block = blocks.get(trace[start])
        if block is None:
            places.append((Activity(trace[start]), trace[start : start + 1]))
            start += 1
            continue
        end = start
        while end < len(trace) and blocks.get(trace[end]) is block:
            end += 1
        part = trace[start:end]
        if not all(_project(part, shape.activities[n]) for n in block.branches):
            return None
        places.append((BlockPlace(block.number), part))
        start = end
    return places


def _block_members(shape: LogShape, region: int) -> Mapping[str, FoundBlock]:
    """The block of a region in which each activity lies, where it lies in one."""
    return {
        name: block
        for block in shape.blocks_of(region)
        for branch in block.branches
        for name in shape.activities[branch]
    }
