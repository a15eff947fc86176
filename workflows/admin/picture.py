"""The map as a picture: SVG made here, from steps and ways, without scripts or style attributes.

The picture is drawn from rows rather than from a definition, so that a draft that does not hang
together yet can be looked at too. Its text alternative is the table of steps beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workflows.engine.excerpt import Way, excerpt
from workflows.engine.layout import Box, Layout, Line, Point, lay_out

TITLE_LENGTH: Final = 28
LABEL_LENGTH: Final = 26
HEIGHT: Final = 46.0
CHARACTER: Final = 7.2
SMALL_CHARACTER: Final = 6.0
LOOP: Final = 30.0
ROOM: Final = 24.0
"""Widths go up in such steps, so that another figure under a step seldom moves the whole map."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A step as it is drawn: its name, its kind, who does it, and where a click leads."""

    key: str
    title: str
    kind: str
    note: str = ""
    href: str = ""
    is_first: bool = False
    mark: str = ""
    """A further CSS class: how a report colours the step."""


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """A way as it is drawn: exception paths are dashed."""

    source: str
    target: str
    label: str = ""
    is_exception: bool = False
    used: int | None = None
    """How often it was gone, where somebody counted."""


NOTHING: Final = SafeString("")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The SVG of a map, and a sentence on what of a large map it shows."""

    svg: SafeString = NOTHING
    note: str = ""

    def __bool__(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.svg)


def draw(nodes: Sequence[Node], arrows: Iterable[Arrow]) -> Picture:
    """A map drawn: whole, or of a large one the part that matters most. None without steps."""
    if not nodes:
        return Picture()
    nodes = sorted(nodes, key=lambda node: not node.is_first)
    known = {node.key for node in nodes}
    together = _together([arrow for arrow in arrows if {arrow.source, arrow.target} <= known])
    part = excerpt(
        [node.key for node in nodes],
        [Way(source=a.source, target=a.target, used=a.used) for a in together],
    )
    if part is None:
        return Picture(svg=_drawn(nodes, together))
    shown = [together[number] for number in part.ways]
    joined = {key for arrow in shown for key in (arrow.source, arrow.target)}
    kept = [node for node in nodes if node.key in joined or node.is_first]
    which = "most used ways" if part.by_use else "ways nearest to the start"
    note = (
        f"The {len(shown)} {which} of {len(together):,} are shown, with {len(kept)} of"
        f" {len(nodes):,} steps."
    )
    return Picture(svg=_drawn(kept, shown), note=note)


def _drawn(nodes: Sequence[Node], together: Sequence[Arrow]) -> SafeString:
    loops = {arrow.source: arrow for arrow in together if arrow.source == arrow.target}
    lines = [arrow for arrow in together if arrow.source != arrow.target]
    layout = lay_out(
        [Box(key=n.key, width=_room(n, loops.get(n.key)), height=HEIGHT) for n in nodes],
        [Line(source=a.source, target=a.target, label_width=_label_width(a)) for a in lines],
    )
    return _svg(nodes, lines, loops, layout)


def _together(arrows: Sequence[Arrow]) -> list[Arrow]:
    """Ways between the same two steps as one arrow, with all their labels."""
    labels: dict[tuple[str, str, bool], list[str]] = {}
    used: dict[tuple[str, str, bool], int] = {}
    for arrow in arrows:
        ends = (arrow.source, arrow.target, arrow.is_exception)
        between = labels.setdefault(ends, [])
        if arrow.label and arrow.label not in between:
            between.append(arrow.label)
        if arrow.used is not None:
            used[ends] = used.get(ends, 0) + arrow.used
    return [
        Arrow(
            source=ends[0],
            target=ends[1],
            label=" / ".join(label),
            is_exception=ends[2],
            used=used.get(ends),
        )
        for ends, label in labels.items()
    ]


def shortened(text: str, length: int) -> str:
    """The text, or as much of it as has room, with a sign that more was there."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _width(node: Node) -> float:
    title = len(shortened(node.title, TITLE_LENGTH)) * CHARACTER
    note = len(_note(node)) * SMALL_CHARACTER
    return max(96.0, ceil((max(title, note) + 28) / ROOM) * ROOM)


def _room(node: Node, loop: Arrow | None) -> float:
    """A step that leads to itself needs room for the loop on both sides, to stay in the middle."""
    return _width(node) + (2 * (LOOP + _label_width(loop)) if loop else 0.0)


def _label_width(arrow: Arrow) -> float:
    label = shortened(arrow.label, LABEL_LENGTH)
    return len(label) * SMALL_CHARACTER + 10 if label else 0.0


def _note(node: Node) -> str:
    return shortened(" · ".join(part for part in (node.kind, node.note) if part), TITLE_LENGTH + 4)


# -- drawing ----------------------------------------------------------------------------------


def _svg(
    nodes: Sequence[Node], lines: Sequence[Arrow], loops: Mapping[str, Arrow], layout: Layout
) -> SafeString:
    return format_html(
        '<svg class="handoff-map" role="img" xmlns="http://www.w3.org/2000/svg"'
        ' aria-labelledby="map-title map-description" viewBox="0 0 {} {}" width="{}" height="{}">'
        '<title id="map-title">The map</title>'
        '<desc id="map-description">{} steps and {} ways between them;'
        " the table of steps says the same in words.</desc>"
        '<defs><marker id="map-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"'
        ' markerHeight="8" orient="auto-start-reverse">'
        '<path d="M0 0.5 L7.5 4 L0 7.5 z"></path></marker></defs>{}{}{}{}</svg>',
        *(_number(value) for value in (layout.width, layout.height) * 2),
        len(nodes),
        len(lines) + len(loops),
        _join(_course(a, c) for a, c in zip(lines, layout.courses, strict=True)),
        _join(_loop(n, loops[n.key], layout.boxes[n.key]) for n in nodes if n.key in loops),
        _join(_label(a, p) for a, p in zip(lines, layout.labels, strict=True) if a.label),
        _join(_box(node, layout.boxes[node.key]) for node in nodes),
    )


def _join(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _at(point: Point) -> str:
    return f"{_number(point.x)} {_number(point.y)}"


def _way_class(arrow: Arrow) -> str:
    return "way exception" if arrow.is_exception else "way"


def _course(arrow: Arrow, course: Sequence[Point]) -> SafeString:
    """Straight within a lane, a curve from lane to lane."""
    path = [f"M{_at(course[0])}"]
    for number, (one, other) in enumerate(pairwise(course)):
        within_lane = number % 2 == 1
        half = (one.y + other.y) / 2
        bend = f"C{_at(Point(one.x, half))} {_at(Point(other.x, half))} {_at(other)}"
        path.append(f"L{_at(other)}" if within_lane or one.x == other.x else bend)
    return format_html(
        '<path class="{}" d="{}" marker-end="url(#map-arrow)"></path>',
        _way_class(arrow),
        " ".join(path),
    )


def _loop(node: Node, arrow: Arrow, at: Point) -> SafeString:
    x, up, down = at.x + _width(node) / 2, Point(0, at.y - 12), Point(0, at.y + 12)
    path = (
        f"M{_at(Point(x, up.y))} C{_at(Point(x + LOOP, up.y - 6))}"
        f" {_at(Point(x + LOOP, down.y + 6))} {_at(Point(x, down.y))}"
    )
    course = format_html(
        '<path class="{}" d="{}" marker-end="url(#map-arrow)"></path>', _way_class(arrow), path
    )
    label = _label(arrow, Point(x + LOOP + _label_width(arrow) / 2, at.y)) if arrow.label else ""
    return format_html("{}{}", course, label)


def _label(arrow: Arrow, at: Point) -> SafeString:
    width = _label_width(arrow)
    return format_html(
        '<g class="label"><title>{}</title><rect x="{}" y="{}" width="{}" height="16" rx="3">'
        '</rect><text x="{}" y="{}">{}</text></g>',
        arrow.label,
        _number(at.x - width / 2),
        _number(at.y - 8),
        _number(width),
        _number(at.x),
        _number(at.y + 3.5),
        shortened(arrow.label, LABEL_LENGTH),
    )


def _box(node: Node, at: Point) -> SafeString:
    drawn = format_html(
        '<g class="step kind-{}{}{}"><title>{}</title>{}<text class="name" x="{}" y="{}">{}</text>'
        '<text class="note" x="{}" y="{}">{}</text></g>',
        node.kind,
        " first" if node.is_first else "",
        f" {node.mark}" if node.mark else "",
        node.title,
        _outline(node, at),
        _number(at.x),
        _number(at.y - 2),
        shortened(node.title, TITLE_LENGTH),
        _number(at.x),
        _number(at.y + 13),
        _note(node),
    )
    return format_html('<a href="{}">{}</a>', node.href, drawn) if node.href else drawn


CORNERS: Final[Mapping[str, float]] = {"approval": 10, "task": 3, "automation": 3, "end": 23}


def _outline(node: Node, at: Point) -> SafeString:
    """People's steps and ends are boxes; decisions are pointed; parallel and join have a bar."""
    width, left, top = _width(node), at.x - _width(node) / 2, at.y - HEIGHT / 2
    if node.kind == "decision":
        right, bottom, tip = left + width, top + HEIGHT, 12
        corners = [
            (left, at.y), (left + tip, top), (right - tip, top),
            (right, at.y), (right - tip, bottom), (left + tip, bottom),
        ]  # fmt: skip
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)
        return format_html('<polygon class="shape" points="{}"></polygon>', points)
    box = _rect("shape", left, top, width, HEIGHT, CORNERS.get(node.kind, 3))
    if node.kind in ("parallel", "join"):
        edge = top + HEIGHT - 5 if node.kind == "parallel" else top
        return format_html("{}{}", box, _rect("bar", left, edge, width, 5, 2))
    return box


def _rect(
    name: str, left: float, top: float, width: float, height: float, corner: float
) -> SafeString:
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="{}"></rect>',
        name,
        *(_number(value) for value in (left, top, width, height, corner)),
    )
