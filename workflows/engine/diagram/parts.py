"""What a layout is asked for, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DiagramBox:
    """Something to place, with its size, and how much room it needs from left to right where that
    is more than its width."""

    key: str
    width: float
    height: float
    room: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DiagramLine:
    """A way to draw from box to box, with the size of its label (no width: it has none)."""

    source: str
    target: str
    label_width: float = 0.0
    label_height: float = 18.0
    is_exception: bool = False
    """What is usual is straight first."""
    look: str = ""
    """Lines to one box that look alike may share the last part of their way."""


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
