"""What a rehearsal supposes: arrivals, people and their hours, times, outcomes, values.

Plain values, made from the map alone, from what the map states, or learnt from a log or history.
Whoever makes them gives whole seconds and sorted samples: a simulation must say the same on any
machine, so nothing here is rounded by a library of the machine's own.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from random import Random
from typing import Any, Final, Literal, Protocol

from workflows.engine.routing.marking import Marking

HOURS_OF_A_WEEK: Final = 168
"""Hours of the week are counted from Monday 00:00 on the clock of the site."""


def hour_of_week(local: datetime) -> int:
    """The hour of the week of a moment that is already on the site's clock."""
    return local.weekday() * 24 + local.hour


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something takes: sorted samples, drawn from between neighbours as well."""

    samples: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.samples:
            raise ValueError("a spread has at least one sample")
        if any(sample < 0 for sample in self.samples):
            raise ValueError("a spread has no time below zero")
        if list(self.samples) != sorted(self.samples):
            raise ValueError("the samples of a spread are sorted")

    @classmethod
    def of(cls, samples: Iterable[int]) -> "Spread":
        """The spread of samples in any order."""
        return cls(tuple(sorted(samples)))

    def quantile(self, share: float) -> int:
        """The time that this share (0 to 1) stays within: type 7, as everywhere in the figures."""
        place = share * (len(self.samples) - 1)
        below = int(place)
        low = self.samples[below]
        high = self.samples[min(below + 1, len(self.samples) - 1)]
        return low + int((high - low) * (place - below))

    def draw(self, random: Random) -> int:
        """A time of this spread, in seconds."""
        if len(self.samples) == 1:
            return self.samples[0]
        return self.quantile(random.random())

    def beyond(self, passed: float) -> "Spread | None":
        """What is left to draw from where so much has gone by already; None where it never took
        longer."""
        longer = self.samples[bisect_right(self.samples, passed) :]
        return Spread(longer) if longer else None

    @property
    def mean(self) -> float:
        """The mean of what is drawn, in seconds."""
        if len(self.samples) == 1:
            return float(self.samples[0])
        inner = sum(self.samples) - (self.samples[0] + self.samples[-1]) / 2
        return inner / (len(self.samples) - 1)


NO_TIME: Final = Spread((0,))


@dataclass(frozen=True, slots=True)
class Shares:
    """Which of several, and how often: names with weights, in an order that is kept."""

    weights: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        if any(weight < 0 for _, weight in self.weights):
            raise ValueError("a weight is not below zero")
        if not sum(weight for _, weight in self.weights) > 0:
            raise ValueError("one of the weights is above zero")

    def among(self, names: Iterable[str]) -> "Shares | None":
        """The shares of only these names; None where none of them has one."""
        open_names = set(names)
        kept = tuple(pair for pair in self.weights if pair[0] in open_names)
        return Shares(kept) if any(weight > 0 for _, weight in kept) else None

    def draw(self, random: Random) -> str:
        """One of the names."""
        limits = list(accumulate(weight for _, weight in self.weights))
        place = bisect_right(limits, random.random() * limits[-1])
        return self.weights[min(place, len(self.weights) - 1)][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """When requests come in.

    `per_hour` is how many come on average in each hour of the week. `gaps`, where learnt, are the
    times between one arrival and the next by the hour of the week of the first; they go before
    the rates. `fixed` are the moments themselves, as they were. `scheduled` are the moments of the
    map's schedules, each with the number of its trigger: these requests are in nobody's name.
    """

    per_hour: tuple[float, ...] = ()
    gaps: Mapping[int, Spread] = field(default_factory=dict)
    fixed: tuple[datetime, ...] = ()
    scheduled: tuple[tuple[datetime, int], ...] = ()

    def __post_init__(self) -> None:
        if self.per_hour and len(self.per_hour) != HOURS_OF_A_WEEK:
            raise ValueError("arrivals have a rate for each of the 168 hours of the week")


def group_tag(role: str, group: str) -> str:
    """Stands among the roles of who is in one of the groups that a role may be by its fields."""
    return f"{role}: {group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One who does work. `hours` is the share of each hour of the week at work; empty is the
    whole of the map's calendar.

    `at_once` is how many tasks are worked on side by side; `supposed` says that nobody knows who
    is in the role, so that there was somebody made up.
    """

    name: str
    roles: tuple[str, ...]
    hours: tuple[float, ...] = ()
    at_once: int = 1
    supposed: bool = False

    def __post_init__(self) -> None:
        if self.hours and len(self.hours) != HOURS_OF_A_WEEK:
            raise ValueError("a person's hours say something of each of the 168 hours of the week")


class PersonalTime(Protocol):
    """The time in which somebody is at work."""

    def between(self, begin: int, end: int) -> int:
        """The seconds of work between two moments."""


Clock = Literal["work", "elapsed"]
"""Time of the person who works (it stands still while they are away), or of the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTimes:
    """What is known of one step.

    `working` is the time between beginning and end, `delay` what goes by before the beginning
    though somebody is free; where learnt, both also by the outcome that is then chosen, and the
    delay by the hour of the week in which the task came. Where `delay_hours` say how fast each hour
    of the week is, the delay counts in that time (`WeekTime`) instead. `outcomes` may be told apart
    by the step before (`after`) and by the round (the last round that is named holds for all later
    ones).
    `workers` is who does the step how often, where that is known better than by the role.
    Of automations `working` is the time of one attempt and `failure` how many of a hundred fail in
    the end, as a share; of waits, messages and subworkflows `working` is how long they take.
    `asks` is the share of tasks at which the requester is asked something first, and `answering`
    the working time until they have answered.
    """

    working: Spread = NO_TIME
    working_by_outcome: Mapping[str, Spread] = field(default_factory=dict)
    counts: Clock = "work"
    delay: Spread = NO_TIME
    delay_by_hour: Mapping[int, Spread] = field(default_factory=dict)
    delay_hours: tuple[float, ...] = ()
    delay_counts: Clock = "work"
    outcomes: Shares | None = None
    outcomes_after: Mapping[str, Shares] = field(default_factory=dict)
    outcomes_in_round: Mapping[int, Shares] = field(default_factory=dict)
    workers: Shares | None = None
    failure: float = 0.0
    asks: float = 0.0
    answering: Spread = NO_TIME

    def working_time(self, outcome: str) -> Spread:
        """How long it takes where this is chosen."""
        return self.working_by_outcome.get(outcome, self.working)

    def draw_work(
        self, outcome: str, *, begun: int, now: int, time: PersonalTime, random: Random
    ) -> int:
        """How long the work takes from now on: of what was begun before, what goes on longer than
        that."""
        working = self.working_time(outcome)
        if begun >= now:
            return working.draw(random)
        passed = time.between(begun, now) if self.counts == "work" else now - begun
        longer = working.beyond(passed)
        return max(0, longer.draw(random) - passed) if longer else 0

    def shares(self, *, came_from: str | None, number: int) -> Shares | None:
        """How often each outcome is chosen in the round of this number, as well as it is known."""
        by_round = [round_ for round_ in self.outcomes_in_round if round_ <= number]
        if by_round and max(by_round) > 1:
            return self.outcomes_in_round[max(by_round)]
        if came_from is not None and came_from in self.outcomes_after:
            return self.outcomes_after[came_from]
        if by_round:
            return self.outcomes_in_round[max(by_round)]
        return self.outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueShares:
    """The values that a field is given, with how often; canonical values of its type."""

    values: tuple[tuple[Any, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTask:
    """An open task of a request that runs already: since when it is there and, where somebody is
    at it, who and since when."""

    activation: int
    enabled: datetime
    came_from: str | None = None
    begun: datetime | None = None
    who: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRequest:
    """A request that runs when the simulation begins, as it stands."""

    name: str
    marking: Marking
    started: datetime
    requester: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    tasks: tuple[RunningTask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that a rehearsal supposes of one map.

    `zone` is the name of the site's time zone, whose clock the hours of the week are on. `source`
    says where it is from: the map alone, or what was learnt.
    """

    starts_at: datetime
    seed: int = 1
    zone: str = "UTC"
    arrivals: Arrivals = Arrivals()
    people: tuple[Worker, ...] = ()
    steps: Mapping[str, StepTimes] = field(default_factory=dict)
    values: Mapping[str, ValueShares] = field(default_factory=dict)
    starters: Shares | None = None
    """Who asks, where that is known; else the people of the role that may start."""
    running: tuple[RunningRequest, ...] = ()
    """What runs already when it begins."""
    source: Literal["map", "learnt"] = "map"

    def __post_init__(self) -> None:
        if self.starts_at.utcoffset() is None:
            raise ValueError("a scenario starts at a moment with a time zone")
        names = [person.name for person in self.people]
        if len(set(names)) != len(names):
            raise ValueError("two people of a scenario have one name")
