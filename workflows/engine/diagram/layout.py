"""Where the steps of a map go on paper: a layered layout, top to bottom.

Steps stand in layers so that ways lead down (those that go back lead up); every way passes the
layers in between in a lane of its own, and its label has a place in such a lane, so that
nothing lies on top of anything else. The method is Sugiyama's: layers, order, positions.

The work is bounded by the size of the map: the larger it is, the less often its order and its
positions are mended. A layout that was made is kept in the process.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final

GAP_X: Final = 18.0
GAP_Y: Final = 16.0
LANE: Final = 6.0
SWEEPS: Final = 12
"""How often the order is mended; more finds little that is better."""
SETTLINGS: Final = 60
"""How often positions are mended; long lines become straight slowly."""
VISITS: Final = 150_000
"""So many times in all a spot is visited by either; a map with many spots is mended less often."""
CACHED_LAYOUTS: Final = 256
"""So many layouts are kept in a process."""


@dataclass(frozen=True, kw_only=True)
class DiagramBox:
    """Something to place, with its size."""

    key: str
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class DiagramLine:
    """A way to draw from box to box, with the width of its label (0: it has none)."""

    source: str
    target: str
    label_width: float = 0.0


@dataclass(frozen=True)
class Point:
    """A place on paper; x to the right, y down."""

    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The middle of every box, the course of every line from its source to its target, the
    middle of its label, and how large the paper must be."""

    boxes: Mapping[str, Point]
    courses: Sequence[Sequence[Point]]
    labels: Sequence[Point]
    width: float
    height: float


@dataclass(eq=False)
class _Spot:
    """A box, or a line's place in a layer that it passes."""

    layer: int
    width: float
    height: float
    is_lane: bool
    x: float = 0.0
    above: list["_Spot"] = field(default_factory=list)
    below: list["_Spot"] = field(default_factory=list)


def lay_out_diagram(
    boxes: Sequence[DiagramBox], lines: Sequence[DiagramLine], label_height: float = 18.0
) -> Layout:
    """Place boxes and lines. The first box is where the map starts; loops to itself are not lines.

    Lines that name no box, or lead from a box to itself, are refused with ValueError. The same
    question is answered from what is kept.
    """
    return _lay_out_cached(tuple(boxes), tuple(lines), label_height)


@lru_cache(maxsize=CACHED_LAYOUTS)
def _lay_out_cached(
    boxes: tuple[DiagramBox, ...], lines: tuple[DiagramLine, ...], label_height: float
) -> Layout:
    box_keys = {box.key for box in boxes}
    for line in lines:
        if {line.source, line.target} - box_keys or line.source == line.target:
            raise ValueError(f"{line.source} to {line.target} is no line between two boxes")
    backward = find_backward_lines([box.key for box in boxes], lines)
    layers_of = assign_layers([box.key for box in boxes], lines, backward)
    spots = {
        box.key: _Spot(layers_of[box.key], box.width, box.height, is_lane=False) for box in boxes
    }
    chains = [
        _build_chain(line, spots, reverse=number in backward, label_height=label_height)
        for number, line in enumerate(lines)
    ]
    layers = _order_layers(_group_by_layer(spots.values(), chains))
    _assign_positions(layers)
    return _build_layout(spots, chains, layers, backward)


# -- which ways lead back ---------------------------------------------------------------------


def find_backward_lines(keys: Sequence[str], lines: Sequence[DiagramLine]) -> set[int]:
    """The numbers of the lines that close a circle, as a walk from the start meets them."""
    leaving: dict[str, list[int]] = {key: [] for key in keys}
    for number, line in enumerate(lines):
        leaving[line.source].append(number)
    back: set[int] = set()
    done: set[str] = set()
    for start in keys:
        if start not in done:
            _mark_backward_lines(start, leaving, lines, done, back)
    return back


def _mark_backward_lines(
    start: str,
    leaving: Mapping[str, Sequence[int]],
    lines: Sequence[DiagramLine],
    done: set[str],
    back: set[int],
) -> None:
    path, on_path = [(start, iter(leaving[start]))], {start}
    while path:
        key, remaining = path[-1]
        number = next(remaining, None)
        if number is None:
            path.pop()
            on_path.discard(key)
            done.add(key)
            continue
        target = lines[number].target
        if target in on_path:
            back.add(number)
        elif target not in done:
            on_path.add(target)
            path.append((target, iter(leaving[target])))


# -- layers -----------------------------------------------------------------------------------


def assign_layers(
    keys: Sequence[str], lines: Sequence[DiagramLine], backward: set[int]
) -> dict[str, int]:
    """A layer for each box, two apart, so that a label's layer lies between any two boxes."""
    ahead: dict[str, list[str]] = {key: [] for key in keys}
    waiting = dict.fromkeys(keys, 0)
    for number, line in enumerate(lines):
        upper, lower = _upper_and_lower_end(line, number in backward)
        ahead[upper].append(lower)
        waiting[lower] += 1
    layer = dict.fromkeys(keys, 0)
    ready = [key for key in keys if not waiting[key]]
    for key in ready:
        for lower in ahead[key]:
            layer[lower] = max(layer[lower], layer[key] + 2)
            waiting[lower] -= 1
            if not waiting[lower]:
                ready.append(lower)
    return layer


def _upper_and_lower_end(line: DiagramLine, reverse: bool) -> tuple[str, str]:
    return (line.target, line.source) if reverse else (line.source, line.target)


def _build_chain(
    line: DiagramLine, spots: Mapping[str, _Spot], *, reverse: bool, label_height: float
) -> list[_Spot]:
    """The spots that a line passes from top to bottom, joined to each other.

    The label stands next to the line's source, which is where its choice is made.
    """
    upper, lower = (spots[key] for key in _upper_and_lower_end(line, reverse))
    label_at = lower.layer - 1 if reverse else upper.layer + 1
    chain = [upper]
    for layer in range(upper.layer + 1, lower.layer):
        labelled = layer == label_at and line.label_width > 0
        chain.append(
            _Spot(
                layer,
                line.label_width if labelled else LANE,
                label_height if labelled else 0.0,
                is_lane=True,
            )
        )
    chain.append(lower)
    for upper_spot, lower_spot in pairwise(chain):
        upper_spot.below.append(lower_spot)
        lower_spot.above.append(upper_spot)
    return chain


def _group_by_layer(spots: Iterable[_Spot], chains: Iterable[Sequence[_Spot]]) -> list[list[_Spot]]:
    layers: dict[int, list[_Spot]] = {}
    for spot in spots:
        layers.setdefault(spot.layer, []).append(spot)
    for chain in chains:
        for spot in chain[1:-1]:
            layers.setdefault(spot.layer, []).append(spot)
    return [layers[number] for number in sorted(layers)]


# -- order within the layers ------------------------------------------------------------------


def _order_layers(layers: list[list[_Spot]]) -> list[list[_Spot]]:
    """The order with the fewest crossings that some sweeps down and up find."""
    best, fewest = [list(layer) for layer in layers], _count_crossings(layers)
    for sweep in range(_sweep_count(SWEEPS, layers)):
        if not fewest:
            break
        downward = sweep % 2 == 0
        for number in range(len(layers)) if downward else reversed(range(len(layers))):
            fixed = number - 1 if downward else number + 1
            if 0 <= fixed < len(layers):
                _sort_layer(layers[number], layers[fixed], downward=downward)
        crossings = _count_crossings(layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _sweep_count(most: int, layers: Sequence[Sequence[_Spot]]) -> int:
    """How often all layers are gone through: an even number, at least once down and once up."""
    spots = sum(len(layer) for layer in layers)
    return max(2, min(most, VISITS // max(1, spots) // 2 * 2))


def _sort_layer(layer: list[_Spot], fixed: Sequence[_Spot], *, downward: bool) -> None:
    place = {id(spot): number for number, spot in enumerate(fixed)}
    own = {id(spot): number for number, spot in enumerate(layer)}

    def middle(spot: _Spot) -> float:
        near = [place[id(other)] for other in (spot.above if downward else spot.below)]
        return sum(near) / len(near) if near else own[id(spot)]

    layer.sort(key=middle)


def _count_crossings(layers: Sequence[Sequence[_Spot]]) -> int:
    total = 0
    for upper, lower in pairwise(layers):
        place = {id(spot): number for number, spot in enumerate(lower)}
        ends: list[int] = []
        for spot in upper:
            ends += sorted(place[id(other)] for other in spot.below)
        total += _count_inversions(ends)
    return total


def _count_inversions(numbers: Sequence[int]) -> int:
    """How many pairs stand in the wrong order: how many larger numbers came before each."""
    before: list[int] = []
    total = 0
    for number in numbers:
        total += len(before) - bisect_right(before, number)
        insort(before, number)
    return total


# -- positions --------------------------------------------------------------------------------


def _assign_positions(layers: Sequence[Sequence[_Spot]]) -> None:
    """Give every spot its x: near its neighbours, with long lines as straight as can be."""
    for layer in layers:
        x = 0.0
        for spot in layer:
            spot.x = x + spot.width / 2
            x += spot.width + GAP_X
    order = range(len(layers))
    for sweep in range(_sweep_count(SETTLINGS, layers)):
        for number in order if sweep % 2 == 0 else reversed(order):
            _settle_layer(layers[number], both=sweep >= 4, downward=sweep % 2 == 0)


def _settle_layer(layer: Sequence[_Spot], *, both: bool, downward: bool) -> None:
    """Move a layer's spots as near as they come to where their neighbours want them.

    Least squares under 'keep the order and the gaps': pool adjacent violators.
    """
    offsets, offset = [], 0.0
    for before, spot in zip([None, *layer], layer, strict=False):
        if before is not None:
            offset += (before.width + spot.width) / 2 + GAP_X
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []
    for spot, shift in zip(layer, offsets, strict=True):
        want, weight = _desired_position(spot, both=both, downward=downward)
        pools.append((want - shift, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            earlier, later = pools[-2], pools[-1]
            total = earlier[1] + later[1]
            mean = (earlier[0] * earlier[1] + later[0] * later[1]) / total
            pools[-2:] = [(mean, total, earlier[2] + later[2])]
    at = [mean for mean, _, count in pools for _ in range(count)]
    for spot, base, shift in zip(layer, at, offsets, strict=True):
        spot.x = base + shift


def _desired_position(spot: _Spot, *, both: bool, downward: bool) -> tuple[float, float]:
    near = [*spot.above, *spot.below] if both else (spot.above if downward else spot.below)
    if not near:
        return spot.x, 0.1
    weights = [_pull_weight(spot, other) for other in near]
    total = sum(weights)
    return sum(o.x * w for o, w in zip(near, weights, strict=True)) / total, total


def _pull_weight(spot: _Spot, neighbour: _Spot) -> float:
    """Between two boxes 1, where a line enters its lane 2, inside a lane 8: lanes are straight."""
    return {0: 1.0, 1: 2.0, 2: 8.0}[spot.is_lane + neighbour.is_lane]


# -- the result -------------------------------------------------------------------------------


def _stack_layers(
    layers: Sequence[Sequence[_Spot]],
) -> tuple[dict[int, float], dict[int, float], float]:
    """The top and the height of each layer, and where the last one ends, with its gap."""
    tops: dict[int, float] = {}
    heights: dict[int, float] = {}
    y = GAP_Y
    for layer in layers:
        number = layer[0].layer
        tops[number], heights[number] = y, max(spot.height for spot in layer)
        y += heights[number] + GAP_Y
    return tops, heights, y


def _build_layout(
    spots: Mapping[str, _Spot],
    chains: Sequence[Sequence[_Spot]],
    layers: Sequence[Sequence[_Spot]],
    backward: set[int],
) -> Layout:
    everything = [spot for layer in layers for spot in layer]
    left_edge = min((spot.x - spot.width / 2 for spot in everything), default=0.0) - GAP_X
    tops, heights, y = _stack_layers(layers)

    def middle(spot: _Spot) -> Point:
        return Point(spot.x - left_edge, tops[spot.layer] + heights[spot.layer] / 2)

    ports = _assign_ports(chains)
    courses, labels = [], []
    for number, chain in enumerate(chains):
        reverse = number in backward
        course = _trace_course(chain, middle, tops, heights, left_edge, ports[number])
        courses.append(course[::-1] if reverse else course)
        labels.append(middle(chain[-2] if reverse else chain[1]))
    right_edge = max((spot.x + spot.width / 2 for spot in everything), default=0.0)
    return Layout(
        boxes={key: middle(spot) for key, spot in spots.items()},
        courses=courses,
        labels=labels,
        width=right_edge - left_edge + GAP_X,
        height=y,
    )


def _assign_ports(chains: Sequence[Sequence[_Spot]]) -> list[tuple[float, float]]:
    """Where along its boxes each line leaves the upper and meets the lower one (x), so that
    lines at one side of a box lie beside each other in the order of where they go."""
    sides: dict[tuple[int, bool], list[tuple[float, int, _Spot]]] = {}
    for number, chain in enumerate(chains):
        sides.setdefault((id(chain[0]), True), []).append((chain[1].x, number, chain[0]))
        sides.setdefault((id(chain[-1]), False), []).append((chain[-2].x, number, chain[-1]))
    positions: dict[tuple[int, bool], float] = {}
    for (_, is_upper), ends in sides.items():
        for place, (_, number, box) in enumerate(sorted(ends, key=lambda end: end[:2]), start=1):
            share = place / (len(ends) + 1) - 0.5
            positions[number, is_upper] = box.x + share * box.width * 0.8
    return [(positions[number, True], positions[number, False]) for number in range(len(chains))]


def _trace_course(
    chain: Sequence[_Spot],
    middle: Callable[[_Spot], Point],
    tops: Mapping[int, float],
    heights: Mapping[int, float],
    left_edge: float,
    ports: tuple[float, float],
) -> list[Point]:
    """Points from top to bottom, two a lane (its upper and its lower end)."""
    upper, lower = middle(chain[0]), middle(chain[-1])
    points = [Point(ports[0] - left_edge, upper.y + chain[0].height / 2)]
    for spot in chain[1:-1]:
        x, top = spot.x - left_edge, tops[spot.layer]
        points += [Point(x, top), Point(x, top + heights[spot.layer])]
    points.append(Point(ports[1] - left_edge, lower.y - chain[-1].height / 2))
    return points
