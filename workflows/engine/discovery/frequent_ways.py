"""The ways that most cases go, and what is left out for it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from workflows.engine.discovery.concurrency import Trace, Traces
from workflows.engine.discovery.log_shape import Edge, LogShape, Place


@dataclass(frozen=True)
class FrequentWays:
    """The ways of the cases that are kept, and in how many of these each is gone.

    A case is kept with all of its ways or not at all, so what is shown leads from the beginning to
    the end, and every case that is kept can be followed on it.
    """

    shape: LogShape
    counts: Mapping[Edge, int]
    cases: int
    kept: int
    least: int
    """A case is kept where each of its ways is gone by so many cases."""

    @property
    def share(self) -> float:
        """The share of cases that are kept."""
        return self.kept / self.cases if self.cases else 0.0

    @cached_property
    def leaving(self) -> Mapping[tuple[int, Place | None], list[tuple[Place | None, int]]]:
        """The ways on from each place of a region (None: its beginning), the most used first."""
        found: dict[tuple[int, Place | None], list[tuple[Place | None, int]]] = {}
        for (region, before, after), count in self.counts.items():
            found.setdefault((region, before), []).append((after, count))
        for ways in found.values():
            ways.sort(key=lambda way: -way[1])
        return found

    @cached_property
    def coming(self) -> Mapping[tuple[int, Place | None], list[Place | None]]:
        """From where each place of a region (None: its end) is come to."""
        found: dict[tuple[int, Place | None], list[Place | None]] = {}
        for region, before, after in self.counts:
            found.setdefault((region, after), []).append(before)
        return found

    @cached_property
    def visits(self) -> Mapping[tuple[int, Place], int]:
        """How often each place is come to."""
        found: Counter[tuple[int, Place]] = Counter()
        for (region, _, after), count in self.counts.items():
            if after is not None:
                found[region, after] += count
        return found


def keep_frequent_ways(traces: Traces, shape: LogShape, share: float) -> FrequentWays:
    """The ways of the least number of cases that are at least this share of all that fit the shape:
    those whose rarest way is gone most often."""
    walked = {trace: edges for trace in traces if (edges := shape.edges(trace)) is not None}
    used = _count_cases(walked, traces)
    weakest = {trace: min(used[edge] for edge in set(edges)) for trace, edges in walked.items()}
    least = _least_use(weakest, traces, share)
    kept = {trace: edges for trace, edges in walked.items() if weakest[trace] >= least}
    counts: Counter[Edge] = Counter()
    for trace, edges in kept.items():
        for edge in edges:
            counts[edge] += traces[trace]
    return FrequentWays(
        shape, counts, sum(traces.values()), sum(traces[trace] for trace in kept), least
    )


def _count_cases(walked: Mapping[Trace, list[Edge]], traces: Traces) -> Counter[Edge]:
    """By how many cases each way is gone."""
    used: Counter[Edge] = Counter()
    for trace, edges in walked.items():
        for edge in set(edges):
            used[edge] += traces[trace]
    return used


def _least_use(weakest: Mapping[Trace, int], traces: Traces, share: float) -> int:
    """How often the rarest way of a case must be gone, so that enough cases are kept."""
    wanted = share * sum(traces.values())
    kept = 0
    by_use = sorted(weakest, key=lambda trace: -weakest[trace])
    for trace in by_use:
        kept += traces[trace]
        if kept >= wanted:
            return weakest[trace]
    return weakest[by_use[-1]] if by_use else 1
