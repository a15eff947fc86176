"""A log at one position of the slider: what is proposed, how sure it is, and the draft of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from workflows.engine.conformance.case_check import CaseChecker, LoggedRow
from workflows.engine.conformance.map_walker import LoggedDecision
from workflows.engine.discovery.concurrency import Trace, Traces
from workflows.engine.discovery.draft import DraftMap, DraftNames, write_draft
from workflows.engine.discovery.frequent_ways import FrequentWays, keep_frequent_ways
from workflows.engine.discovery.log_shape import (
    Activity,
    BlockPlace,
    LogShape,
    NotNested,
    Place,
    shape_of_log,
)
from workflows.engine.discovery.split_rules import SplitRule
from workflows.engine.discovery.survey import LogSurvey
from workflows.engine.format.definition import Definition
from workflows.engine.routing.graph import Graph

ENOUGH_KEPT = 0.9
"""A shape with blocks may lose some cases for them, even where all were asked for."""

PlaceNames = tuple[str, ...]
"""What a place is called: an activity, all activities of a block; none is the beginning or the
end."""


@dataclass(frozen=True, slots=True)
class ProposedJoin:
    """A parallel block: the activities of each branch, the step that opens it, in how many cases
    it was come to, which share of them went through it whole, and how sure it is."""

    step: str
    branches: tuple[PlaceNames, ...]
    cases: int
    whole: float
    sure: float


@dataclass(frozen=True, slots=True)
class WayShare:
    """One way of a split: where it leads, how often it was gone, its share, and how sure it is that
    it leads there (the heuristic miner's measure: less where it goes back as often)."""

    to: PlaceNames
    count: int
    share: float
    sure: float


@dataclass(frozen=True, slots=True)
class ProposedDecision:
    """A place behind which cases go different ways; and a rule, where values tell them apart."""

    after: PlaceNames
    ways: tuple[WayShare, ...]
    rule: SplitRule | None
    uses_rule: bool


@dataclass(frozen=True)
class Discovery:
    """What a log shows, and the draft that is proposed. `fit` of its cases fit the draft."""

    survey: LogSurvey
    ways: FrequentWays
    draft: DraftMap
    definition: Definition
    joins: tuple[ProposedJoin, ...]
    not_nested: tuple[NotNested, ...]
    decisions: tuple[ProposedDecision, ...]
    fit: int

    @property
    def cases(self) -> int:
        """How many cases the log has."""
        return self.survey.cases

    @property
    def fit_share(self) -> float:
        """The share of the log's cases that the draft allows."""
        return self.fit / self.cases if self.cases else 0.0


def discover(
    survey: LogSurvey, names: DraftNames, *, share: float, finds_blocks: bool = True
) -> Discovery:
    """The map of the ways that at least this share of cases go."""
    if finds_blocks:
        ways = _plainest_ways(survey.traces, share)
    else:
        plain = shape_of_log(survey.traces, finds_blocks=False)
        ways = keep_frequent_ways(survey.traces, plain, share)
    shape = ways.shape
    definition, draft = write_draft(survey, ways, names)
    return Discovery(
        survey,
        ways,
        draft,
        definition,
        tuple(_joins(draft, shape)),
        tuple(sorted(shape.not_nested, key=lambda left: -left.sure)),
        tuple(_decisions(draft, shape)),
        _count_fitting(survey, draft, definition),
    )


def _plainest_ways(traces: Traces, share: float) -> FrequentWays:
    """Of the shapes that a log can be seen in, the one that needs the fewest ways for so many
    cases: with the blocks that are sure, with those that stand-ins make, without any. What makes no
    block is named in each."""
    sure, generous = (shape_of_log(traces, stand_ins=more) for more in (False, True))
    plain = shape_of_log(traces, finds_blocks=False)
    plain.not_nested = sure.not_nested
    found = [keep_frequent_ways(traces, shape, share) for shape in (sure, generous, plain)]
    wanted = min(share, ENOUGH_KEPT)
    good = [ways for ways in found if ways.share >= wanted or not ways.shape.blocks]
    return min(good, key=_count_ways)


def _count_ways(ways: FrequentWays) -> int:
    """The ways that somebody has to follow; those into and out of branches say nothing more."""
    return sum(not region or None not in (before, after) for region, before, after in ways.counts)


def _joins(draft: DraftMap, shape: LogShape) -> Iterator[ProposedJoin]:
    for block in draft.blocks:
        branches = tuple(shape.activities[region] for region in block.branches)
        step = f"both_{block.number + 1}"
        yield ProposedJoin(step, branches, block.cases, block.whole, block.sure)


def _decisions(draft: DraftMap, shape: LogShape) -> Iterator[ProposedDecision]:
    ways = draft.ways
    for (region, before), following in ways.leaving.items():
        if len(following) < 2:
            continue
        whole = sum(count for _, count in following)
        shares = tuple(
            WayShare(
                _names(shape, after),
                count,
                count / whole,
                _dependency(ways, region, before, after),
            )
            for after, count in following
        )
        after = _names(shape, before)
        name = before.name if isinstance(before, Activity) else ""
        rule = draft.survey.rules.get(name) if not region else None
        yield ProposedDecision(after, shares, rule, name in draft.by_rule)


def _dependency(
    ways: FrequentWays, region: int, before: Place | None, after: Place | None
) -> float:
    """How sure it is that one leads to the other, and not back as well."""
    there = ways.counts.get((region, before, after), 0)
    if before is None or after is None or before == after:
        return there / (there + 1)
    back = ways.counts.get((region, after, before), 0)
    return (there - back) / (there + back + 1)


def _names(shape: LogShape, place: Place | None) -> PlaceNames:
    if isinstance(place, Activity):
        return (place.name,)
    if isinstance(place, BlockPlace):
        branches = shape.blocks[place.number].branches
        return tuple(name for region in branches for name in shape.activities[region])
    return ()


def _count_fitting(survey: LogSurvey, draft: DraftMap, definition: Definition) -> int:
    """How many cases of the log the draft allows, by the engine. Its rules are not asked: how often
    they are right is told beside them."""
    checker = CaseChecker(Graph(definition))
    return sum(
        count for trace, count in survey.traces.items() if checker.judge(_rows(trace, draft)).fits
    )


def _rows(trace: Trace, draft: DraftMap) -> list[LoggedRow]:
    return [
        LoggedRow(name, (LoggedDecision(draft.keys[name]),) if name in draft.keys else None)
        for name in trace
    ]
