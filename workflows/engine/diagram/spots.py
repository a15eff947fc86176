"""What is placed in layers: boxes, and the places of the lines that pass a layer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from workflows.engine.diagram.layers import upper_and_lower_end
from workflows.engine.diagram.parts import DiagramBox, DiagramLine

LANE: Final = 6.0
VISITS: Final = 150_000
"""So many times in all a spot is visited by what mends order or positions: the larger a map, the
less often it is mended, so that the work has a bound."""


@dataclass(eq=False)
class Spot:
    """A box, or a line's place in a layer that it passes."""

    layer: int
    width: float
    height: float
    is_lane: bool
    is_usual: bool = True
    """Whether what passes is no exception and leads on: such lines are straight first."""
    bundle: tuple[str, str, bool] | None = None
    """Lanes of one bundle lead to the same box and look alike, so that neighbours may be one."""
    side: float = 0.0
    """How wide a box is itself: where lines may leave and come."""
    x: float = 0.0
    above: list["Spot"] = field(default_factory=list)
    below: list["Spot"] = field(default_factory=list)
    beside: "Spot | None" = None
    """The box of the same layer that a line which comes up here leads to, over its upper edge."""


Layers = list[list[Spot]]


def make_box_spot(box: DiagramBox, layer: int) -> Spot:
    """Where a box stands."""
    return Spot(layer, max(box.width, box.room), box.height, is_lane=False, side=box.width)


def build_chain(
    line: DiagramLine, spots: Mapping[str, Spot], *, reverse: bool, passes_upper: bool
) -> list[Spot]:
    """The spots that a line passes from top to bottom, joined to each other.

    The label stands next to the line's source, which is where its choice is made. A line that
    leads back may pass its target and come to it from above, as all others do.
    """
    upper, lower = (spots[key] for key in upper_and_lower_end(line, reverse))
    label_at = lower.layer - 1 if reverse else upper.layer + 1
    chain = [upper]
    for layer in range(upper.layer if passes_upper else upper.layer + 1, lower.layer):
        chain.append(_make_lane(line, layer, reverse=reverse, labelled=layer == label_at))
    chain.append(lower)
    if passes_upper:
        chain[1].beside = upper
    join_chain(chain)
    return chain


def _make_lane(line: DiagramLine, layer: int, *, reverse: bool, labelled: bool) -> Spot:
    labelled = labelled and line.label_width > 0
    return Spot(
        layer,
        line.label_width if labelled else LANE,
        line.label_height if labelled else 0.0,
        is_lane=True,
        is_usual=not reverse and not line.is_exception,
        bundle=None if labelled else (line.target, line.look, line.is_exception),
    )


def join_chain(chain: Sequence[Spot]) -> None:
    """Say of each spot who is above and below it."""
    for upper, lower in pairwise(chain):
        if lower.beside is not upper and lower not in upper.below:
            upper.below.append(lower)
            lower.above.append(upper)


def group_by_layer(spots: Iterable[Spot], chains: Iterable[Sequence[Spot]]) -> Layers:
    """All spots, layer by layer from the top."""
    layers: dict[int, list[Spot]] = {}
    for spot in spots:
        layers.setdefault(spot.layer, []).append(spot)
    for chain in chains:
        for spot in chain[1:-1]:
            layers.setdefault(spot.layer, []).append(spot)
    return [layers[number] for number in sorted(layers)]


def count_rounds(most: int, layers: Sequence[Sequence[Spot]]) -> int:
    """How often all layers are gone through: an even number, at least once down and once up."""
    spots = sum(len(layer) for layer in layers)
    return max(2, min(most, VISITS // max(1, spots) // 2 * 2))


# -- joining ----------------------------------------------------------------------------------


def join_bundles(layers: Layers, chains: Sequence[list[Spot]]) -> None:
    """Make neighbours one that lead to the same box and look alike, as far as they run beside
    each other: from the box that they come to, back to where they part."""
    replaced: dict[Spot, Spot] = {}
    for downward in (False, True):
        for layer in layers if downward else reversed(layers):
            _join_neighbours(layer, replaced, downward=downward)
    if not replaced:
        return
    for layer in layers:
        layer[:] = [spot for spot in layer if spot not in replaced]
    for chain in chains:
        chain[:] = [_stand_in(spot, replaced) for spot in chain]
    _join_again(layers, chains)


def _join_neighbours(layer: Sequence[Spot], replaced: dict[Spot, Spot], *, downward: bool) -> None:
    before: Spot | None = None
    for spot in layer:
        if spot in replaced:
            continue
        if before is not None and _is_joinable(before, spot, replaced, downward=downward):
            replaced[spot] = before
            before.is_usual = before.is_usual or spot.is_usual
        else:
            before = spot


def _is_joinable(one: Spot, other: Spot, replaced: Mapping[Spot, Spot], *, downward: bool) -> bool:
    """Whether two neighbours are of one bundle and come from, or go to, the same spot."""
    if one.bundle is None or one.bundle != other.bundle:
        return False
    ends = [_end(spot, replaced, downward=downward) for spot in (one, other)]
    return ends[0] is ends[1]


def _end(spot: Spot, replaced: Mapping[Spot, Spot], *, downward: bool) -> Spot:
    if not downward:
        return _stand_in(spot.below[0], replaced)
    return spot.beside or _stand_in(spot.above[0], replaced)


def _stand_in(spot: Spot, replaced: Mapping[Spot, Spot]) -> Spot:
    while spot in replaced:
        spot = replaced[spot]
    return spot


def _join_again(layers: Layers, chains: Iterable[Sequence[Spot]]) -> None:
    """Who is above and below whom, after some became one."""
    for layer in layers:
        for spot in layer:
            spot.above, spot.below = [], []
    for chain in chains:
        join_chain(chain)
