"""A drawn map read from its SVG alone: boxes, labels and the courses of ways."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
NEAR = 2.0
"""How far from a box's outline a line may end; corners are round."""
SAMPLES = 12


@dataclass(frozen=True)
class Area:
    """A rectangle on paper."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Area") -> bool:
        """Whether two rectangles share more than an edge."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies within, not on the edge."""
        return self.left < x < self.right and self.top < y < self.bottom

    def has_at_its_edge(self, x: float, y: float) -> bool:
        """Whether a point lies on the outline, or near enough."""
        wide = self.left - NEAR <= x <= self.right + NEAR
        high = self.top - NEAR <= y <= self.bottom + NEAR
        beside = min(abs(x - self.left), abs(x - self.right)) <= NEAR
        above = min(abs(y - self.top), abs(y - self.bottom)) <= NEAR
        return wide and high and (beside or above)


@dataclass(frozen=True)
class DrawnWay:
    """A line of the picture: which steps it says it joins, and where it runs."""

    source: str
    target: str
    points: Sequence[tuple[float, float]]


class DrawnMap:
    """A picture, read."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)
        left, top, width, height = map(float, str(self.root.get("viewBox")).split())
        self.paper = Area(left, top, left + width, top + height)
        self.steps = {
            str(group.get("data-step")): _shape(group)
            for group in self.root.iter(f"{SVG}g")
            if group.get("data-step")
        }
        self.labels = [
            ((str(group.get("data-from")), str(group.get("data-to"))), _rectangle(group[1]))
            for group in self.root.iter(f"{SVG}g")
            if "label" in str(group.get("class")).split()
        ]
        self.ways = [
            DrawnWay(str(p.get("data-from")), str(p.get("data-to")), list(trace(str(p.get("d")))))
            for p in self.root.iter(f"{SVG}path")
            if p.get("data-from")
        ]

    def faults(self) -> list[str]:
        """What a picture must not have: things on things, loose ends, what is off the paper, and
        ways through steps that they do not join."""
        things = [*self.steps.items(), *self.labels]
        overlaps = (
            f"{one} lies on {other}"
            for (one, a), (other, b) in combinations(things, 2)
            if a.overlaps(b)
        )
        off = (
            f"{name} is off the paper" for name, area in things if not _is_within(area, self.paper)
        )
        return [*overlaps, *off, *self._loose_ends(), *self._ways_through_steps()]

    def _loose_ends(self) -> Iterator[str]:
        for way in self.ways:
            ends = ((way.source, way.points[0]), (way.target, way.points[-1]))
            for key, (x, y) in ends:
                if not self.steps[key].has_at_its_edge(x, y):
                    yield f"{way.source} to {way.target} does not touch {key}"
            if not all(self.paper.holds(x, y) for x, y in way.points):
                yield f"{way.source} to {way.target} leaves the paper"

    def _ways_through_steps(self) -> Iterator[str]:
        for way in self.ways:
            for key, area in self.steps.items():
                if any(area.holds(x, y) for x, y in way.points[1:-1]):
                    yield f"{way.source} to {way.target} runs through {key}"

    def ways_over_labels(self) -> list[str]:
        """Ways that run over another way's label."""
        return [
            f"{way.source} to {way.target} runs over the label of {ends}"
            for way in self.ways
            for ends, area in self.labels
            if ends != (way.source, way.target) and any(area.holds(*point) for point in way.points)
        ]


def _is_within(area: Area, paper: Area) -> bool:
    return (
        paper.left <= area.left
        and area.right <= paper.right
        and paper.top <= area.top
        and area.bottom <= paper.bottom
    )


def _shape(group: ElementTree.Element) -> Area:
    shape = next(part for part in group.iter() if part.get("class") == "shape")
    if shape.tag == f"{SVG}rect":
        return _rectangle(shape)
    points = [tuple(map(float, pair.split(","))) for pair in str(shape.get("points")).split()]
    xs, ys = zip(*points, strict=True)
    return Area(min(xs), min(ys), max(xs), max(ys))


def _rectangle(rect: ElementTree.Element) -> Area:
    x, y, width, height = (float(str(rect.get(name))) for name in ("x", "y", "width", "height"))
    return Area(x, y, x + width, y + height)


def trace(path: str) -> Iterator[tuple[float, float]]:
    """The points of a path, curves in small pieces."""
    at = (0.0, 0.0)
    for command, written in re.findall(r"([MLC])([^MLC]*)", path):
        numbers = list(map(float, written.split()))
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command == "C":
            yield from _bend(at, points)
        else:
            if command == "L":
                yield from _between(at, points[-1])
            yield points[-1]
        at = points[-1]


def _between(start: tuple[float, float], end: tuple[float, float]) -> Iterator[tuple[float, float]]:
    for number in range(1, SAMPLES):
        part = number / SAMPLES
        yield start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part


def _bend(
    start: tuple[float, float], controls: Sequence[tuple[float, float]]
) -> Iterator[tuple[float, float]]:
    for number in range(1, SAMPLES + 1):
        points = [start, *controls]
        part = number / SAMPLES
        while len(points) > 1:
            points = [
                (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)
                for a, b in pairwise(points)
            ]
        yield points[0]
