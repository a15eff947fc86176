"""Which steps of a picture stand in a parallel block, and whether a frame round them is true."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workflows.engine.diagram.parts import DiagramBox, DiagramLine, Layout

FRAME: Final = 9.0
"""How far a frame lies from what it holds."""


@dataclass(frozen=True, kw_only=True)
class BlockFrame:
    """The frame of a block: from what opens it to what joins it."""

    key: str
    left: float
    top: float
    width: float
    height: float


def find_block_frames(
    joins: Mapping[str, str],
    boxes: Sequence[DiagramBox],
    lines: Sequence[DiagramLine],
    layout: Layout,
) -> Iterator[BlockFrame]:
    """The frames of the blocks that can have one, the outer ones first. `joins` says what joins
    what is opened. A block has none where another step stands among its own."""
    members = {key: _find_members(key, join, lines) for key, join in joins.items()}
    for key in sorted(members, key=lambda key: -len(members[key])):
        frame = _frame(key, joins[key], members[key], boxes, layout)
        if frame is not None:
            yield frame


def _find_members(opener: str, join: str, lines: Sequence[DiagramLine]) -> set[str]:
    """What is reached from the opening step and leads to the join."""
    ways, ends = [(line.source, line.target) for line in lines], {opener, join}
    ahead = _walk(opener, ways, ends)
    return ahead & _walk(join, [(target, source) for source, target in ways], ends)


def _walk(start: str, ways: Iterable[tuple[str, str]], ends: set[str]) -> set[str]:
    leaving: dict[str, list[str]] = {}
    for source, target in ways:
        leaving.setdefault(source, []).append(target)
    met: set[str] = set()
    todo = [start]
    for key in todo:
        for target in leaving.get(key, ()):
            if target not in met and target not in ends:
                met.add(target)
                todo.append(target)
    return met


def _frame(
    opener: str, join: str, members: set[str], boxes: Sequence[DiagramBox], layout: Layout
) -> BlockFrame | None:
    inside = members | {opener, join}
    own = [_area(box, layout) for box in boxes if box.key in inside]
    left, right = min(area.left for area in own) - FRAME, max(area.right for area in own) + FRAME
    first, last = layout.boxes[opener].y, layout.boxes[join].y
    beside = [
        area
        for area in (_area(box, layout) for box in boxes)
        if area.left < right and area.right > left
    ]
    top = max(area.bottom for area in beside if area.middle == first)
    bottom = min(area.top for area in beside if area.middle == last)
    held = {area.key for area in beside if area.bottom > top and area.top < bottom}
    if not members or held != members:
        return None
    return BlockFrame(key=opener, left=left, top=top, width=right - left, height=bottom - top)


@dataclass(frozen=True, kw_only=True)
class _Area:
    """What a box covers."""

    key: str
    left: float
    right: float
    top: float
    middle: float
    bottom: float


def _area(box: DiagramBox, layout: Layout) -> _Area:
    at = layout.boxes[box.key]
    return _Area(
        key=box.key,
        left=at.x - box.width / 2,
        right=at.x + box.width / 2,
        top=at.y - box.height / 2,
        middle=at.y,
        bottom=at.y + box.height / 2,
    )
