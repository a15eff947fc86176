"""When requests come in, one after the other for as long as is asked."""

from collections.abc import Iterator
from datetime import tzinfo
from heapq import merge
from random import Random

from workflows.engine.rehearsal.clocks import to_moment, to_seconds
from workflows.engine.rehearsal.scenario import Arrivals, hour_of_week

HOUR = 3600
Arrival = tuple[int, int]
"""The moment, and the number of the schedule that it is from; 0 for people."""


def arrival_moments(
    arrivals: Arrivals, *, zone: tzinfo, starts_at: int, random: Random
) -> Iterator[Arrival]:
    """The moments from the beginning on, in their order."""
    yield from merge(
        ((to_seconds(moment), number) for moment, number in arrivals.scheduled),
        ((to_seconds(moment), 0) for moment in arrivals.fixed),
        ((moment, 0) for moment in _people_arrive(arrivals, zone, starts_at, random)),
    )


def _people_arrive(
    arrivals: Arrivals, zone: tzinfo, starts_at: int, random: Random
) -> Iterator[int]:
    if arrivals.gaps:
        return _by_gaps(arrivals, zone, starts_at, random)
    if any(rate > 0 for rate in arrivals.per_hour):
        return _by_rates(arrivals, zone, starts_at, random)
    return iter(())


def _by_gaps(arrivals: Arrivals, zone: tzinfo, moment: int, random: Random) -> Iterator[int]:
    """By the times between one and the next, as they are in the hour of the week."""
    known = sorted(arrivals.gaps)
    while True:
        hour = hour_of_week(to_moment(moment).astimezone(zone))
        nearest = min(known, key=lambda other: ((hour - other) % 168, other))
        moment += arrivals.gaps[nearest].draw(random)
        yield moment


def _by_rates(arrivals: Arrivals, zone: tzinfo, begin: int, random: Random) -> Iterator[int]:
    """As chance has it, by the rate of each hour: the more there are on average, the sooner the
    next comes."""
    waited, hour_begins = draw_exponential(random), begin
    while True:
        hour_ends = hour_begins + HOUR - hour_begins % HOUR
        rate = arrivals.per_hour[hour_of_week(to_moment(hour_begins).astimezone(zone))]
        begun, mass = float(hour_begins), rate * (hour_ends - hour_begins) / HOUR
        while rate > 0 and waited <= mass:
            begun += waited * HOUR / rate
            mass -= waited
            yield int(begun)
            waited = draw_exponential(random)
        waited -= mass
        hour_begins = hour_ends


def draw_exponential(random: Random) -> float:
    """A time of mean 1 without memory, by von Neumann's comparisons: no logarithm is asked of the
    machine, whose last digit may differ from another's."""
    whole = 0
    while True:
        first = last = random.random()
        length = 1
        while (following := random.random()) <= last:
            last, length = following, length + 1
        if length % 2 == 1:
            return whole + first
        whole += 1
