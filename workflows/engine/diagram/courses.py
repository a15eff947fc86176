"""The courses of lines over their spots, and how high each layer lies."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from workflows.engine.diagram.parts import Layout, Point
from workflows.engine.diagram.placement import GAP_X
from workflows.engine.diagram.spots import Layers, Spot

GAP_Y: Final = 19.0
APPROACH: Final = 9.0
MOST_GAP_Y: Final = 40.0
SLOPE: Final = 0.07
"""The farther a line goes sideways between two layers, the more room there is for it."""
PORT_GAP: Final = 14.0
"""How far apart lines lie at one side of a box, where it is wide enough."""
PORTS: Final = 0.7
"""The part of a side where lines leave or come."""

_Ports = Mapping[tuple[Spot, Spot], float]


def build_layout(
    spots: Mapping[str, Spot], chains: Sequence[Sequence[Spot]], layers: Layers, backward: set[int]
) -> Layout:
    """Boxes, courses and labels on paper whose left and upper edge is 0."""
    everything = [spot for layer in layers for spot in layer]
    left_edge = min((spot.x - spot.width / 2 for spot in everything), default=0.0) - GAP_X
    right_edge = max((spot.x + spot.width / 2 for spot in everything), default=0.0) + GAP_X
    for spot in everything:
        spot.x -= left_edge
    ports = _assign_ports(layers)
    bands, height = _stack_layers(layers, ports)

    def middle(spot: Spot) -> Point:
        top, bottom = bands[spot.layer]
        return Point(spot.x, (top + bottom) / 2)

    courses, labels = [], []
    for number, chain in enumerate(chains):
        reverse = number in backward
        course = _trace_course(chain, middle, bands, ports, reverse=reverse)
        courses.append(course[::-1] if reverse else course)
        labels.append(middle(chain[-2] if reverse else chain[1]))
    return Layout(
        boxes={key: middle(spot) for key, spot in spots.items()},
        courses=courses,
        labels=labels,
        width=right_edge - left_edge,
        height=height,
    )


# -- ports ------------------------------------------------------------------------------------


def _assign_ports(layers: Layers) -> _Ports:
    """Where (x) a line from the first spot's lower to the second one's upper side leaves and
    meets a box: straight above or below where it goes, else in the order of where it goes. The
    key's first spot is the box."""
    ports: dict[tuple[Spot, Spot], float] = {}
    for layer in layers:
        from_above = defaultdict(list)
        for spot in layer:
            if spot.beside is not None:
                from_above[spot.beside].append(spot)
        for box in layer:
            if not box.is_lane:
                for near in ([*box.above, *from_above[box]], box.below):
                    ordered = sorted(near, key=lambda spot: spot.x)
                    places = _place_ports([spot.x for spot in ordered], box)
                    ports |= {(box, spot): x for spot, x in zip(ordered, places, strict=True)}
    return ports


def _place_ports(wanted: Sequence[float], box: Spot) -> Sequence[float]:
    """As near to what is wanted as the order, the gaps and the box's width let them lie."""
    if not wanted:
        return []
    room = box.side * PORTS
    gap = min(PORT_GAP, room / max(1, len(wanted) - 1))
    left = box.x - room / 2
    right = box.x + room / 2 - gap * (len(wanted) - 1)
    bases = pool_violators([want - gap * number for number, want in enumerate(wanted)])
    return [min(max(base, left), right) + gap * number for number, base in enumerate(bases)]


def pool_violators(wanted: Sequence[float]) -> Sequence[float]:
    """The numbers that never fall and lie nearest to the wanted ones (least squares)."""
    pools: list[tuple[float, int]] = []
    for want in wanted:
        pools.append((want, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, many), (other, more) = pools[-2:]
            pools[-2:] = [((one * many + other * more) / (many + more), many + more)]
    return [mean for mean, count in pools for _ in range(count)]


# -- heights ----------------------------------------------------------------------------------


def _stack_layers(layers: Layers, ports: _Ports) -> tuple[dict[int, tuple[float, float]], float]:
    """The top and the bottom of each layer, and how high the paper must be."""
    bands: dict[int, tuple[float, float]] = {}
    y = GAP_Y
    for layer in layers:
        bottom = y + max(spot.height for spot in layer)
        bands[layer[0].layer] = y, bottom
        y = bottom + _gap_below(layer, ports)
    return bands, y


def _gap_below(layer: Sequence[Spot], ports: _Ports) -> float:
    sideways = max(
        (
            abs(ports.get((upper, lower), upper.x) - ports.get((lower, upper), lower.x))
            for upper in layer
            for lower in upper.below
        ),
        default=0.0,
    )
    return min(MOST_GAP_Y, GAP_Y + SLOPE * sideways)


# -- courses ----------------------------------------------------------------------------------


def _trace_course(
    chain: Sequence[Spot],
    middle: Callable[[Spot], Point],
    bands: Mapping[int, tuple[float, float]],
    ports: _Ports,
    *,
    reverse: bool,
) -> list[Point]:
    """Points from top to bottom: straight through each layer, from there to the next one; where it
    comes to its target, straight for the length of its head."""
    upper, lower = chain[0], chain[-1]
    (top, bottom), x = bands[upper.layer], ports[upper, chain[1]]
    edge = upper.height / 2
    if chain[1].beside is upper:
        points = [Point(x, middle(upper).y - edge), Point(x, top)]
    else:
        points = [Point(x, middle(upper).y + edge), Point(x, bottom + (APPROACH if reverse else 0))]
    for spot in chain[1:-1]:
        points += [Point(spot.x, y) for y in bands[spot.layer]]
    top, x = bands[lower.layer][0], ports[lower, chain[-2]]
    edge = lower.height / 2
    points += [Point(x, top - (0 if reverse else APPROACH)), Point(x, middle(lower).y - edge)]
    return _without_needless(points)


def _without_needless(points: Sequence[Point]) -> list[Point]:
    """Without those that change nothing: twice in one place, or on the way straight down."""
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and kept[-2].x == kept[-1].x == point.x:
            kept.pop()
        kept.append(point)
    return kept
