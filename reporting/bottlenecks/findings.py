"""What in the bottleneck figures asks for something to be done, as codes with their parameters.

`reporting.bottlenecks.messages` makes the sentences.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from reporting.bottlenecks.queries import ONE_NAMED, ONE_REQUESTER, Bottlenecks, Totals
from reporting.bottlenecks.trends import StepQueue, StepTrend

SECOND = 1_000_000
MUCH, SOME = 0.2, 0.1
"""Shares from which on a step's part of the loss, its overdue tasks, its rework are named."""
FEW = 5
NAMED = 6
"""So many findings are named: more are a table."""


class Remedy(StrEnum):
    """What helps a step that loses time."""

    SHORTEN_WORK = "shorten_work"
    REMIND_REQUESTER = "remind_requester"
    REMIND_PERSON = "remind_person"
    ADD_PEOPLE = "add_people"
    FIND_CAUSE = "find_cause"


@dataclass(frozen=True, slots=True, kw_only=True)
class LostTime:
    """A step takes longer than the map expects, and loses most, or next most, of all that is
    lost. Times in seconds of working time."""

    step: str
    is_first: bool
    tasks: int
    lost: float
    share: float
    median: float | None
    expected: float | None
    day: int
    waiting_share: float
    remedy: Remedy
    role: str
    open_now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LongestHandoff:
    """Between two steps is most of the waiting (or lead-in), by the clock."""

    source: str
    target: str
    share: float
    median: float | None
    is_waiting: bool
    map_expects: bool
    """Whether the map says what it expects of any step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreepingStep:
    """A step gets slower from week to week."""

    trend: StepTrend
    since: date
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowingQueue:
    """More comes to a step than is done there."""

    queue: StepQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedStep:
    """A step is done again and again."""

    step: str
    share: float
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueStep:
    """A step often ends overdue."""

    step: str
    share: float
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingSlow:
    """Nothing takes longer than it should."""


BottleneckFinding = (
    LostTime
    | LongestHandoff
    | CreepingStep
    | GrowingQueue
    | RepeatedStep
    | OverdueStep
    | NothingSlow
)


def collect_findings(
    figures: Bottlenecks,
    steps: Mapping[str, Totals],
    trend: Sequence[StepTrend],
    queue: Sequence[StepQueue],
) -> list[BottleneckFinding]:
    """What to act on, the most costly first; never nothing."""
    every: list[BottleneckFinding] = [
        *_loss_findings(figures, steps),
        *_trend_findings(figures, trend),
        *_queue_findings(figures, queue),
        *_rework_findings(steps),
        *_overdue_findings(steps),
    ]
    return every[:NAMED] or [NothingSlow()]


def _loss_findings(
    figures: Bottlenecks, steps: Mapping[str, Totals]
) -> Iterator[LostTime | LongestHandoff]:
    whole = sum(totals.excess for totals in steps.values())
    if not whole:
        yield from _handoff_findings(figures)
        return
    expected, open_now = figures.expected(), figures.open_now()
    for place, (step, totals) in enumerate(steps.items()):
        share = totals.excess / whole
        if place > 1 or (place and share < MUCH) or not totals.excess:
            return
        role, person_kind = _performer_of(figures, step)
        waiting_share = _waiting_share(totals)
        yield LostTime(
            step=step,
            is_first=not place,
            tasks=totals.completed,
            lost=totals.excess / SECOND,
            share=share,
            median=totals.at("taken_business")[0],
            expected=expected.get(step),
            day=figures.day,
            waiting_share=waiting_share,
            remedy=_choose_remedy(waiting_share, role, person_kind),
            role=role,
            open_now=open_now.get(step, 0) if figures.span.until is None else 0,
        )


def _performer_of(figures: Bottlenecks, step: str) -> tuple[str, str]:
    """A step's role, and whether that is one person of each request."""
    rows = (row for row in figures.steps.values() if row.title == step and row.role)
    return next(((row.role, row.person) for row in rows), ("", ""))


def _waiting_share(totals: Totals) -> float:
    both = totals.waiting_business + totals.working_business
    return totals.waiting_business / both if both else 0.0


def _choose_remedy(waiting_share: float, role: str, person_kind: str) -> Remedy:
    """What helps; a role that is one person of each request cannot be given more people."""
    if waiting_share < 0.5:
        return Remedy.SHORTEN_WORK
    if person_kind == ONE_REQUESTER:
        return Remedy.REMIND_REQUESTER
    if person_kind == ONE_NAMED:
        return Remedy.REMIND_PERSON
    return Remedy.ADD_PEOPLE if role else Remedy.FIND_CAUSE


def _handoff_findings(figures: Bottlenecks) -> Iterator[LongestHandoff]:
    handoffs = figures.by_handoff()
    whole = sum(figures.waited(totals) for totals in handoffs.values())
    kind = figures.known_times.kind
    for (source, target), totals in list(handoffs.items())[:1]:
        if whole and figures.waited(totals):
            yield LongestHandoff(
                source=source,
                target=target,
                share=figures.waited(totals) / whole,
                median=totals.at(kind)[0],
                is_waiting=kind == "waiting",
                map_expects=bool(figures.expected()),
            )


def _trend_findings(figures: Bottlenecks, trend: Sequence[StepTrend]) -> Iterator[CreepingStep]:
    crept = [entry for entry in trend if entry.crept and _is_relevant(figures, entry)]
    for entry in crept[:2]:
        since = entry.weeks[-entry.worse_for][0]
        yield CreepingStep(trend=entry, since=since, day=figures.day)


def _queue_findings(figures: Bottlenecks, queue: Sequence[StepQueue]) -> Iterator[GrowingQueue]:
    growing = [entry for entry in queue if entry.grows and _is_relevant(figures, entry)]
    for entry in growing[:2]:
        yield GrowingQueue(queue=entry)


def _is_relevant(figures: Bottlenecks, measure: StepTrend | StepQueue) -> bool:
    """Whether there is something to be done: it is so now, or the reader asked about a past
    period by name."""
    return measure.is_of_now or figures.span.until is not None


def _rework_findings(steps: Mapping[str, Totals]) -> Iterator[RepeatedStep]:
    step, totals = max(steps.items(), key=lambda item: item[1].reworked, default=("", Totals()))
    share = totals.share("reworked")
    if share is not None and share >= SOME and totals.reworked >= FEW:
        yield RepeatedStep(step=step, share=share, tasks=totals.reworked)


def _overdue_findings(steps: Mapping[str, Totals]) -> Iterator[OverdueStep]:
    step, totals = max(steps.items(), key=lambda item: item[1].overdue, default=("", Totals()))
    share = totals.share("overdue")
    if share is not None and share >= SOME and totals.overdue >= FEW:
        yield OverdueStep(step=step, share=share, tasks=totals.overdue)
