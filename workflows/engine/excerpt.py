"""Which part of a large map a picture shows: its most used ways, else those nearest to its start.

A picture of thousands of ways is a black square that takes minutes; the table of steps beside it
says all of them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

WHOLE_STEPS: Final = 150
WHOLE_WAYS: Final = 300
"""A map of up to so many steps and ways between them is shown whole."""
MOST_WAYS: Final = 60
"""Of a larger one so many ways are shown, with the steps that they join."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way from step to step, and how often it was gone; None where nobody counted."""

    source: str
    target: str
    used: int | None = None


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """The numbers of the ways that are shown, in the order in which they were given, and whether
    they are the most used ones (otherwise the nearest to the start)."""

    ways: Sequence[int]
    by_use: bool


def excerpt(steps: Sequence[str], ways: Sequence[Way]) -> Excerpt | None:
    """What to show of a map whose first step is the first of `steps`; None: all of it."""
    if len(steps) <= WHOLE_STEPS and len(ways) <= WHOLE_WAYS:
        return None
    by_use = any(way.used for way in ways)
    if by_use:
        order = sorted(range(len(ways)), key=lambda number: -(ways[number].used or 0))
    else:
        order = list(_from_the_start(steps, ways))
    return Excerpt(ways=sorted(order[:MOST_WAYS]), by_use=by_use)


def _from_the_start(steps: Sequence[str], ways: Sequence[Way]) -> Iterator[int]:
    """The numbers of the ways that can be reached, the nearest to the first step first."""
    leaving: dict[str, list[int]] = defaultdict(list)
    for number, way in enumerate(ways):
        leaving[way.source].append(number)
    waiting, known = list(steps[:1]), set(steps[:1])
    for step in waiting:
        for number in leaving[step]:
            yield number
            target = ways[number].target
            if target not in known:
                known.add(target)
                waiting.append(target)
