"""Where spots stand in their layers: long lines straight, and beneath each other what follows.

Between any two layers the lines are chosen that run straight down: those within lanes, then the
usual ones, then exceptions; none of them cross. Spots that they join stand beneath each other, as
a column. Columns lean towards what they are joined to, and push each other where they touch
(Sander's linear segments).
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from workflows.engine.diagram.spots import Layers, Spot, count_rounds

GAP_X: Final = 18.0
LANE_GAP: Final = 10.0
"""Between two lanes that have no label there."""
SETTLINGS: Final = 40
"""How often columns lean."""
TOUCHING: Final = 0.01


@dataclass(eq=False)
class _Column:
    """Spots beneath each other, with the columns beside it and how far away they stand at least."""

    spots: list[Spot]
    x: float = 0.0
    left: dict["_Column", float] = field(default_factory=dict)
    right: dict["_Column", float] = field(default_factory=dict)
    pulls: list[tuple["_Column", float]] = field(default_factory=list)


def place_spots(layers: Layers) -> None:
    """Give every spot its x."""
    _sort_ends(layers)
    columns = _build_columns(layers)
    _place_in_the_middle(columns)
    for _ in range(count_rounds(SETTLINGS, layers)):
        if _lean(columns) < 1.0:
            break
    for column in columns:
        for spot in column.spots:
            spot.x = column.x


def _sort_ends(layers: Layers) -> None:
    """What is above and below each spot, from left to right."""
    place = {spot: number for layer in layers for number, spot in enumerate(layer)}
    for spot in place:
        spot.above.sort(key=place.__getitem__)
        spot.below.sort(key=place.__getitem__)


# -- what stands beneath what -----------------------------------------------------------------


def _build_columns(layers: Layers) -> list[_Column]:
    """The columns from left to right: each after those on its left."""
    column_of: dict[Spot, _Column] = {}
    columns = []
    straight = {
        lower: upper for pair in pairwise(layers) for upper, lower in _choose_straight(*pair)
    }
    for layer in layers:
        for spot in layer:
            upper = straight.get(spot)
            if upper is None:
                column_of[spot] = _Column([spot])
                columns.append(column_of[spot])
            else:
                column_of[spot] = column_of[upper]
                column_of[spot].spots.append(spot)
    _set_distances(layers, column_of)
    _set_pulls(column_of)
    return _sort_columns(columns)


def _choose_straight(upper: Sequence[Spot], lower: Sequence[Spot]) -> Iterator[tuple[Spot, Spot]]:
    """The lines between two layers that are straight: none crosses another, none shares an end."""
    place = {spot: number for number, spot in enumerate(lower)}
    lines = [
        (_rank(one, other), number, place[other])
        for number, one in enumerate(upper)
        for other in one.below
    ]
    taken: list[tuple[int, int]] = []
    for _, above, below in sorted(lines):
        at = bisect_left(taken, (above, below))
        is_free_left = at == 0 or (taken[at - 1][0] < above and taken[at - 1][1] < below)
        is_free_right = at == len(taken) or (taken[at][0] > above and taken[at][1] > below)
        if is_free_left and is_free_right:
            insort(taken, (above, below))
            yield upper[above], lower[below]


def _rank(upper: Spot, lower: Spot) -> tuple[int, float]:
    """Which lines are straight before others: the smaller the first; of several at one spot those
    in their middle."""
    first = _rank_by_kind(upper, lower)
    return first, _off_middle(upper.below, lower, first) + _off_middle(lower.above, upper, first)


def _rank_by_kind(upper: Spot, lower: Spot) -> int:
    if upper.is_lane and lower.is_lane:
        return 1 if upper.height or lower.height else 0
    return 2 if upper.is_usual and lower.is_usual else 3


def _off_middle(spots: Sequence[Spot], spot: Spot, first: int) -> float:
    rivals = [other for other in spots if other.is_usual] if first == 2 else spots
    return abs(rivals.index(spot) - (len(rivals) - 1) / 2) if spot in rivals else 0.0


def _set_distances(layers: Layers, column_of: Mapping[Spot, _Column]) -> None:
    for layer in layers:
        for left, right in pairwise(layer):
            are_lanes = left.is_lane and right.is_lane and not (left.height or right.height)
            distance = (left.width + right.width) / 2 + (LANE_GAP if are_lanes else GAP_X)
            one, other = column_of[left], column_of[right]
            distance = max(distance, one.right.get(other, 0.0))
            one.right[other] = other.left[one] = distance


def _set_pulls(column_of: Mapping[Spot, _Column]) -> None:
    for spot, column in column_of.items():
        for lower in spot.below:
            other, weight = column_of[lower], _pull_weight(spot, lower)
            if other is not column:
                column.pulls.append((other, weight))
                other.pulls.append((column, weight))
        if spot.beside is not None:
            column.pulls.append((column_of[spot.beside], 1.0))


def _pull_weight(upper: Spot, lower: Spot) -> float:
    """What is usual pulls most; a lane that could not be straight, more than a way to a box."""
    if upper.is_lane and lower.is_lane:
        return 4.0
    return 2.0 if upper.is_usual and lower.is_usual else 1.0


def _sort_columns(columns: Sequence[_Column]) -> list[_Column]:
    waiting = {column: len(column.left) for column in columns}
    ordered = [column for column in columns if not column.left]
    for column in ordered:
        for other in column.right:
            waiting[other] -= 1
            if not waiting[other]:
                ordered.append(other)
    return ordered


# -- where they stand -------------------------------------------------------------------------


def _place_in_the_middle(columns: Sequence[_Column]) -> None:
    """Each between as far left and as far right as it can stand."""
    leftmost: dict[_Column, float] = {}
    rightmost: dict[_Column, float] = {}
    for column in columns:
        leftmost[column] = max((leftmost[o] + d for o, d in column.left.items()), default=0.0)
    edge = max(leftmost.values(), default=0.0)
    for column in reversed(columns):
        rightmost[column] = min((rightmost[o] - d for o, d in column.right.items()), default=edge)
    for column in columns:
        column.x = (leftmost[column] + rightmost[column]) / 2


def _lean(columns: Sequence[_Column]) -> float:
    """Let columns that touch move together to where they are pulled; how far the farthest went."""
    farthest = 0.0
    regions = _find_regions(columns)
    for rightward in (False, True):
        for region, force in reversed(regions) if rightward else regions:
            if (force > 0) is rightward and force:
                inside = set(region)
                room = min(_room_beside(column, inside, rightward) for column in region)
                step = min(abs(force), max(0.0, room)) * (1 if rightward else -1)
                for column in region:
                    column.x += step
                farthest = max(farthest, abs(step))
    return farthest


def _room_beside(column: _Column, inside: set[_Column], rightward: bool) -> float:
    """How far a column can move before it touches one that does not move with it."""
    beside = column.right if rightward else column.left
    return min(
        (abs(o.x - column.x) - d for o, d in beside.items() if o not in inside),
        default=float("inf"),
    )


def _find_regions(columns: Sequence[_Column]) -> list[tuple[list[_Column], float]]:
    """Columns that touch and push each other, with where all of them are pulled in the middle."""
    region_of: dict[_Column, _Region] = {}
    for column in columns:
        region = _Region([column], *_pull(column))
        region_of[column] = region
        for other, distance in column.left.items():
            pushing = region_of[other]
            touches = column.x - other.x - distance < TOUCHING
            if touches and pushing is not region and pushing.force > region.force:
                region.take_in(pushing)
                for member in pushing.columns:
                    region_of[member] = region
    return [(region.columns, region.force) for region in dict.fromkeys(region_of.values())]


@dataclass(eq=False)
class _Region:
    """Columns that move together."""

    columns: list[_Column]
    wanted: float
    weight: float

    @property
    def force(self) -> float:
        """Where it is pulled, and how far."""
        return self.wanted / self.weight if self.weight else 0.0

    def take_in(self, other: "_Region") -> None:
        """Move together with another one."""
        self.columns += other.columns
        self.wanted += other.wanted
        self.weight += other.weight


def _pull(column: _Column) -> tuple[float, float]:
    """The sum of its weighted pulls, and their weight."""
    weight = sum(weight for _, weight in column.pulls)
    return sum((other.x - column.x) * w for other, w in column.pulls), weight
