"""Who stands in for whom: the one rule, pure.

Who is away has named one person who stands in. Where that person is away, too, whoever stands in
for them does; never in a circle, and never more than three deep. Everybody else who asks reads
what this rule said (`StandInPeriod` rows), which is written anew whenever an absence changes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeAlias

from workflows.engine.routing.marking import Person

MOST_DEPUTIES = 3
"""So many people one behind the other are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwayTime:
    """Somebody is away from `begins_at` until just before `ends_at`, and `deputy` stands in: in
    these `workflows`, or (None) in all but those for which they named somebody else."""

    absence: int
    person: Person
    deputy: Person
    begins_at: datetime
    ends_at: datetime
    workflows: frozenset[int] | None = None

    def is_at(self, moment: datetime) -> bool:
        """Whether the person is away at this moment."""
        return self.begins_at <= moment < self.ends_at


Absences: TypeAlias = Mapping[Person, Sequence[AwayTime]]
"""The absences of each person."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who stands in for somebody who is away: None where all who were asked are away, too.

    `passed` are those who were asked before and are away, in their order.
    """

    absence: int
    deputy: Person | None
    passed: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInTime:
    """From when until when the same person stands in for somebody in a workflow, or (None) in all
    workflows of which no other period of that time speaks."""

    person: Person
    workflow: int | None
    stand_in: StandIn
    begins_at: datetime
    ends_at: datetime


def index_absences(times: Iterable[AwayTime]) -> dict[Person, list[AwayTime]]:
    """Absences by whose they are."""
    by_person: dict[Person, list[AwayTime]] = {}
    for time in times:
        by_person.setdefault(time.person, []).append(time)
    return by_person


def find_away_time(
    absences: Absences, person: Person, workflow: int | None, moment: datetime
) -> AwayTime | None:
    """The absence that holds for a person in a workflow at a moment: one that names the workflow
    goes before one for all."""
    current = [time for time in absences.get(person, ()) if time.is_at(moment)]
    for_it = (time for time in current if time.workflows and workflow in time.workflows)
    for_all = (time for time in current if time.workflows is None)
    return next(for_it, None) or next(for_all, None)


def resolve_stand_in(
    absences: Absences, person: Person, workflow: int | None, moment: datetime
) -> StandIn | None:
    """Who stands in for a person at a moment, or None where they are not away."""
    away = find_away_time(absences, person, workflow, moment)
    if away is None:
        return None
    own_absence, passed = away.absence, list[Person]()
    while len(passed) < MOST_DEPUTIES:
        deputy = away.deputy
        if deputy == person or deputy in passed:
            break
        next_away = find_away_time(absences, deputy, workflow, moment)
        if next_away is None:
            return StandIn(own_absence, deputy, tuple(passed))
        passed.append(deputy)
        away = next_away
    return StandIn(own_absence, None, tuple(passed))


def find_stand_in_times(absences: Absences, person: Person) -> list[StandInTime]:
    """The whole course of who stands in for a person, in periods that do not overlap: those for
    all workflows, and those for single workflows wherever it is somebody else there."""
    chain = list(_times_in_reach(absences, person))
    moments = sorted({moment for time in chain for moment in (time.begins_at, time.ends_at)})
    named = sorted({workflow for time in chain for workflow in time.workflows or ()})
    periods: list[StandInTime] = []
    for begins_at, ends_at in pairwise(moments):
        usual = resolve_stand_in(absences, person, None, begins_at)
        for workflow in (None, *named):
            stand_in = resolve_stand_in(absences, person, workflow, begins_at)
            if stand_in is None or (workflow is not None and stand_in == usual):
                continue
            period = StandInTime(
                person=person,
                workflow=workflow,
                stand_in=stand_in,
                begins_at=begins_at,
                ends_at=ends_at,
            )
            _append_period(periods, period)
    return periods


def _append_period(periods: list[StandInTime], period: StandInTime) -> None:
    """Add a period, or lengthen the one that it goes on from."""
    for place in range(len(periods) - 1, -1, -1):
        last = periods[place]
        if last.workflow == period.workflow:
            if last.ends_at == period.begins_at and last.stand_in == period.stand_in:
                periods[place] = StandInTime(
                    person=last.person,
                    workflow=last.workflow,
                    stand_in=last.stand_in,
                    begins_at=last.begins_at,
                    ends_at=period.ends_at,
                )
                return
            break
    periods.append(period)


def _times_in_reach(absences: Absences, person: Person) -> Iterator[AwayTime]:
    """Every absence that can play a part in who stands in for a person."""
    people, seen = [person], {person}
    for _ in range(MOST_DEPUTIES + 1):
        times = [time for somebody in people for time in absences.get(somebody, ())]
        yield from times
        people = sorted({time.deputy for time in times} - seen)
        seen.update(people)


def find_people_in_reach(absences: Absences, changed: Collection[Person]) -> frozenset[Person]:
    """Everybody for whom something else may hold now that these people's absences changed."""
    reached = set(changed)
    for _ in range(MOST_DEPUTIES + 1):
        reached |= {
            time.person for times in absences.values() for time in times if time.deputy in reached
        }
    return frozenset(reached)
