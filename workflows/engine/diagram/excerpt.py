"""Which part of a large map a picture shows: its most used ways, else those nearest to its start.

A picture of thousands of ways is a black square that takes minutes; the table of steps beside it
says all of them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

WHOLE_STEPS: Final = 150
WHOLE_ROUTES: Final = 300
"""A map of up to so many steps and ways between them is shown whole."""
MAX_EXCERPT_ROUTES: Final = 60
"""Of a larger one so many ways are shown, with the steps that they join."""


@dataclass(frozen=True, kw_only=True)
class RouteUsage:
    """A way from step to step, and how often it was gone; None where nobody counted."""

    source: str
    target: str
    used: int | None = None


@dataclass(frozen=True, kw_only=True)
class MapExcerpt:
    """The numbers of the ways that are shown, in the order in which they were given, and whether
    they are the most used ones (otherwise the nearest to the start)."""

    route_numbers: Sequence[int]
    by_use: bool


def select_map_excerpt(steps: Sequence[str], routes: Sequence[RouteUsage]) -> MapExcerpt | None:
    """What to show of a map whose first step is the first of `steps`; None: all of it."""
    if len(steps) <= WHOLE_STEPS and len(routes) <= WHOLE_ROUTES:
        return None
    by_use = any(route.used for route in routes)
    if by_use:
        order = sorted(range(len(routes)), key=lambda number: -(routes[number].used or 0))
    else:
        order = list(_nearest_to_start(steps, routes))
    return MapExcerpt(route_numbers=sorted(order[:MAX_EXCERPT_ROUTES]), by_use=by_use)


def _nearest_to_start(steps: Sequence[str], routes: Sequence[RouteUsage]) -> Iterator[int]:
    """The numbers of the ways that can be reached, the nearest to the first step first."""
    leaving: dict[str, list[int]] = defaultdict(list)
    for number, route in enumerate(routes):
        leaving[route.source].append(number)
    queue, visited = list(steps[:1]), set(steps[:1])
    for step in queue:
        for number in leaving[step]:
            yield number
            target = routes[number].target
            if target not in visited:
                visited.add(target)
                queue.append(target)
