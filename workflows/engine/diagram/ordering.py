"""In which order spots stand within their layers, so that few lines cross."""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from workflows.engine.diagram.spots import Layers, Spot, count_rounds

SWEEPS: Final = 12
"""How often the order is mended; more finds little that is better."""
SWAPS: Final = 6
"""How often neighbours are tried the other way round."""


def order_layers(layers: Layers) -> Layers:
    """The order with the fewest crossings that some sweeps down and up find, and then swaps."""
    _begin_as_walked(layers)
    best, fewest = [list(layer) for layer in layers], count_crossings(layers)
    for sweep in range(count_rounds(SWEEPS, layers)):
        if not fewest:
            break
        downward = sweep % 2 == 0
        for number in range(len(layers)) if downward else reversed(range(len(layers))):
            fixed = number - 1 if downward else number + 1
            if 0 <= fixed < len(layers):
                _sort_layer(layers[number], layers[fixed], downward=downward)
        crossings = count_crossings(layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    if fewest:
        _swap_neighbours(best)
    return best


def _begin_as_walked(layers: Layers) -> None:
    """The first order: as a walk from the start meets the spots that goes what is usual first."""
    met: dict[Spot, int] = {}
    todo = [spot for layer in reversed(layers) for spot in reversed(layer) if not spot.above]
    while todo:
        spot = todo.pop()
        if spot not in met:
            met[spot] = len(met)
            todo += sorted(spot.below, key=lambda lower: lower.is_usual)
    for layer in layers:
        layer.sort(key=met.__getitem__)


def _sort_layer(layer: list[Spot], fixed: Sequence[Spot], *, downward: bool) -> None:
    place = {spot: number for number, spot in enumerate(fixed)}
    own = {spot: number for number, spot in enumerate(layer)}

    def middle(spot: Spot) -> float:
        near = [place[other] for other in (spot.above if downward else spot.below)]
        return sum(near) / len(near) if near else own[spot]

    layer.sort(key=middle)


def count_crossings(layers: Sequence[Sequence[Spot]]) -> int:
    """How often lines cross between neighbouring layers."""
    total = 0
    for upper, lower in pairwise(layers):
        place = {spot: number for number, spot in enumerate(lower)}
        ends: list[int] = []
        for spot in upper:
            ends += sorted(place[other] for other in spot.below)
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


# -- neighbours the other way round -----------------------------------------------------------


def _swap_neighbours(layers: Layers) -> None:
    """Swap neighbours where that leaves fewer crossings, until nothing is gained."""
    places = {spot: number for layer in layers for number, spot in enumerate(layer)}
    for _ in range(count_rounds(SWAPS, layers)):
        gains = [_swap_within(layer, places) for layer in layers]
        if not any(gains):
            return


def _swap_within(layer: list[Spot], places: dict[Spot, int]) -> bool:
    gained = False
    for number in range(len(layer) - 1):
        one, other = layer[number], layer[number + 1]
        if _crossings_of(other, one, places) < _crossings_of(one, other, places):
            layer[number], layer[number + 1] = other, one
            places[one], places[other] = number + 1, number
            gained = True
    return gained


def _crossings_of(left: Spot, right: Spot, places: Mapping[Spot, int]) -> int:
    """How often the lines of two neighbours cross each other."""
    return sum(
        places[of_left] > places[of_right]
        for near_left, near_right in ((left.above, right.above), (left.below, right.below))
        for of_left in near_left
        for of_right in near_right
    )
