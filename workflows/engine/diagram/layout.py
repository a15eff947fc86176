"""Where the steps of a map go on paper: a layered layout, top to bottom.

Steps stand in layers so that ways lead down (those that go back lead up); every way passes the
layers in between in a lane of its own, and its label has a place in such a lane, so that
nothing lies on top of anything else. Lanes beside each other that lead to the same step become one.
The method is Sugiyama's: layers, order, positions.

The work is bounded by the size of the map: the larger it is, the less often its order and its
positions are mended. A layout that was made is kept in the process.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from workflows.engine.diagram.courses import build_layout
from workflows.engine.diagram.layers import assign_layers, find_backward_lines
from workflows.engine.diagram.ordering import order_layers
from workflows.engine.diagram.parts import DiagramBox, DiagramLine, Layout
from workflows.engine.diagram.placement import place_spots
from workflows.engine.diagram.spots import (
    Layers,
    Spot,
    build_chain,
    group_by_layer,
    join_bundles,
    make_box_spot,
)

CACHED_LAYOUTS: Final = 256
"""So many layouts are kept in a process."""
ON_THE_LEFT: Final = 0.55
"""Up to which part of the width a map may begin."""


def lay_out_diagram(boxes: Sequence[DiagramBox], lines: Sequence[DiagramLine]) -> Layout:
    """Place boxes and lines. The first box is where the map starts; loops to itself are not lines.

    Lines that name no box, or lead from a box to itself, are refused with ValueError. The same
    question is answered from what is kept.
    """
    return _lay_out_cached(tuple(boxes), tuple(lines))


@lru_cache(maxsize=CACHED_LAYOUTS)
def _lay_out_cached(boxes: tuple[DiagramBox, ...], lines: tuple[DiagramLine, ...]) -> Layout:
    keys = [box.key for box in boxes]
    _check_ends(keys, lines)
    backward = find_backward_lines(keys, lines)
    layer_of = assign_layers(keys, lines, backward)
    spots = {box.key: make_box_spot(box, layer_of[box.key]) for box in boxes}
    usual = {(line.source, line.target) for line in lines if not line.is_exception}
    chains = [
        build_chain(
            line,
            spots,
            reverse=number in backward,
            passes_upper=number in backward and not _leads_straight_back(line, layer_of, usual),
        )
        for number, line in enumerate(lines)
    ]
    layers = order_layers(group_by_layer(spots.values(), chains))
    join_bundles(layers, chains)
    place_spots(layers)
    if boxes:
        _begin_on_the_left(layers, spots[keys[0]])
    return build_layout(spots, chains, layers, backward)


def _leads_straight_back(
    line: DiagramLine, layer_of: Mapping[str, int], usual: Collection[tuple[str, str]]
) -> bool:
    """Whether a line leads from a step to the one that it usually follows, right above it."""
    follows = (line.target, line.source) in usual
    return follows and layer_of[line.source] - layer_of[line.target] == 2


def _check_ends(keys: Iterable[str], lines: Iterable[DiagramLine]) -> None:
    known = set(keys)
    for line in lines:
        if {line.source, line.target} - known or line.source == line.target:
            raise ValueError(f"{line.source} to {line.target} is no line between two boxes")


def _begin_on_the_left(layers: Layers, start: Spot) -> None:
    """Turn left and right round where the start would stand on the right: who scrolls a picture on
    a telephone sees it first."""
    everything = [spot for layer in layers for spot in layer]
    left = min(spot.x - spot.width / 2 for spot in everything)
    right = max(spot.x + spot.width / 2 for spot in everything)
    if start.x <= left + (right - left) * ON_THE_LEFT:
        return
    for spot in everything:
        spot.x = -spot.x
    for layer in layers:
        layer.reverse()
