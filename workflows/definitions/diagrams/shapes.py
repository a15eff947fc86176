"""How steps and ways of a picture are drawn, and how much room each needs."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workflows.definitions.choices import StepKind, kind_word
from workflows.definitions.diagrams.joined import JoinedArrow, shorten_text
from workflows.definitions.diagrams.parts import EMPTY_SVG, DiagramNode
from workflows.engine.diagram.layout import Point

TITLE_LENGTH: Final = 28
NODE_HEIGHT: Final = 46.0
CHARACTER_WIDTH: Final = 7.2
SMALL_CHARACTER_WIDTH: Final = 6.0
LOOP_WIDTH: Final = 30.0
WIDTH_STEP: Final = 24.0
"""Widths go up in such steps, so that another figure under a step seldom moves the whole map."""
BADGE_HEIGHT: Final = 18.0
BADGE_GAP: Final = 8.0


# -- how much room ----------------------------------------------------------------------------


def measure_node(node: DiagramNode) -> float:
    """How wide a step's box is."""
    title = len(shorten_text(node.title, TITLE_LENGTH)) * CHARACTER_WIDTH
    note = max(len(_node_note(node)), node.state_room) * SMALL_CHARACTER_WIDTH
    text = max(96.0, ceil((max(title, note) + 28) / WIDTH_STEP) * WIDTH_STEP)
    return text + _badge_room(node)


def measure_node_room(node: DiagramNode, loop: JoinedArrow | None) -> float:
    """A step that leads to itself needs room for the loop on both sides, to stay in the middle."""
    return measure_node(node) + (2 * (LOOP_WIDTH + measure_label(loop)) if loop else 0.0)


def measure_label(arrow: JoinedArrow) -> float:
    """How wide a way's label is; 0 where it has none."""
    label = arrow.short_label
    return len(label) * SMALL_CHARACTER_WIDTH + 10 if label else 0.0


def _badge_width(node: DiagramNode) -> float:
    return len(node.badge) * CHARACTER_WIDTH + 12


def _badge_room(node: DiagramNode) -> float:
    if not node.badge:
        return 0.0
    return ceil((_badge_width(node) + BADGE_GAP) / WIDTH_STEP) * WIDTH_STEP


def _node_note(node: DiagramNode) -> str:
    return shorten_text(
        " · ".join(part for part in (node.state or kind_word(node.kind), node.note) if part),
        TITLE_LENGTH + 4,
    )


# -- writing ----------------------------------------------------------------------------------


def join_fragments(parts: Iterable[SafeString]) -> SafeString:
    """Pieces of SVG after each other."""
    return format_html_join("", "{}", ((part,) for part in parts))


def format_number(value: float) -> str:
    """A place on paper, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def _format_point(point: Point) -> str:
    return f"{format_number(point.x)} {format_number(point.y)}"


# -- ways -------------------------------------------------------------------------------------


def render_arrow(arrow: JoinedArrow, course: Sequence[Point], marker: str) -> SafeString:
    """Straight within a lane, a curve from lane to lane."""
    path = [f"M{_format_point(course[0])}"]
    for number, (start, end) in enumerate(pairwise(course)):
        within_lane = number % 2 == 1
        half = (start.y + end.y) / 2
        bend = (
            f"C{_format_point(Point(start.x, half))} {_format_point(Point(end.x, half))}"
            f" {_format_point(end)}"
        )
        path.append(f"L{_format_point(end)}" if within_lane or start.x == end.x else bend)
    return _render_path(arrow, " ".join(path), marker)


def render_loop(node: DiagramNode, arrow: JoinedArrow, at: Point, marker: str) -> SafeString:
    """The way of a step to itself, on its right, with its label."""
    x, up, down = at.x + measure_node(node) / 2, Point(0, at.y - 12), Point(0, at.y + 12)
    path = (
        f"M{_format_point(Point(x, up.y))} C{_format_point(Point(x + LOOP_WIDTH, up.y - 6))}"
        f" {_format_point(Point(x + LOOP_WIDTH, down.y + 6))} {_format_point(Point(x, down.y))}"
    )
    label = render_label(arrow, Point(x + LOOP_WIDTH + measure_label(arrow) / 2, at.y))
    return format_html("{}{}", _render_path(arrow, path, marker), label)


def _render_path(arrow: JoinedArrow, path: str, marker: str) -> SafeString:
    return format_html(
        '<path class="{}" data-from="{}" data-to="{}" data-ways="{}" d="{}"'
        ' marker-end="url(#{})"></path>',
        *(arrow.css_class, arrow.source, arrow.target, arrow.names, path, marker),
    )


def render_label(arrow: JoinedArrow, at: Point) -> SafeString:
    """A way's label on its own ground; nothing where it has none."""
    if not arrow.short_label:
        return EMPTY_SVG
    width = measure_label(arrow)
    return format_html(
        '<g class="label{}" data-from="{}" data-to="{}" data-ways="{}"><title>{}</title>'
        '<rect x="{}" y="{}" width="{}" height="16" rx="3"></rect>'
        '<text x="{}" y="{}">{}</text></g>',
        *(f" {arrow.mark}" if arrow.mark else "", arrow.source, arrow.target, arrow.names),
        arrow.title,
        *(format_number(value) for value in (at.x - width / 2, at.y - 8, width, at.x, at.y + 3.5)),
        arrow.short_label,
    )


# -- steps ------------------------------------------------------------------------------------


def render_node(node: DiagramNode, at: Point) -> SafeString:
    """A step's box with its name; where a click leads somewhere, a link."""
    middle = format_number(at.x - _badge_room(node) / 2)
    drawn = format_html(
        '<g class="{}" data-step="{}"><title>{}</title>{}<text class="name" x="{}" y="{}">{}</text>'
        '<text class="note" x="{}" y="{}">{}</text>{}</g>',
        *(_node_class(node), node.key, node.description or node.title, _render_outline(node, at)),
        *(middle, format_number(at.y - 2), shorten_text(node.title, TITLE_LENGTH)),
        *(middle, format_number(at.y + 13), _node_note(node)),
        _render_badge(node, at),
    )
    if not node.href:
        return drawn
    current = SafeString(' aria-current="true"' if node.is_selected else "")
    return format_html('<a href="{}"{}>{}</a>', node.href, current, drawn)


def _node_class(node: DiagramNode) -> str:
    names = (
        *("step", f"kind-{node.kind}", "first" if node.is_first else "", node.mark),
        "is-selected" if node.is_selected else "",
    )
    return " ".join(name for name in names if name)


def _render_badge(node: DiagramNode, at: Point) -> SafeString:
    """The figure of an overlay, in the right of the box."""
    if not node.badge:
        return EMPTY_SVG
    width = _badge_width(node)
    left_edge = at.x + measure_node(node) / 2 - BADGE_GAP - width
    if node.kind == StepKind.DECISION:
        left_edge -= BADGE_GAP / 2
    return format_html(
        '<g class="badge">{}<text x="{}" y="{}">{}</text></g>',
        _render_rectangle(
            "ground", left_edge, at.y - BADGE_HEIGHT / 2, width, BADGE_HEIGHT, BADGE_HEIGHT / 2
        ),
        *(format_number(left_edge + width / 2), format_number(at.y + 4), node.badge),
    )


CORNERS: Final[Mapping[str, float]] = {
    StepKind.APPROVAL: 10,
    StepKind.TASK: 3,
    StepKind.AUTOMATION: 3,
    StepKind.END: 23,
}


def _render_outline(node: DiagramNode, at: Point) -> SafeString:
    """People's steps and ends are boxes; decisions are pointed; parallel and join have a bar."""
    width = measure_node(node)
    left_edge, top = at.x - width / 2, at.y - NODE_HEIGHT / 2
    if node.kind == StepKind.DECISION:
        right, bottom, tip = left_edge + width, top + NODE_HEIGHT, 12
        corners = [
            (left_edge, at.y),
            (left_edge + tip, top),
            (right - tip, top),
            (right, at.y),
            (right - tip, bottom),
            (left_edge + tip, bottom),
        ]
        points = " ".join(f"{format_number(x)},{format_number(y)}" for x, y in corners)
        return format_html('<polygon class="shape" points="{}"></polygon>', points)
    box = _render_rectangle("shape", left_edge, top, width, NODE_HEIGHT, CORNERS.get(node.kind, 3))
    if node.kind in (StepKind.PARALLEL, StepKind.JOIN):
        edge = top + NODE_HEIGHT - 5 if node.kind == StepKind.PARALLEL else top
        return format_html("{}{}", box, _render_rectangle("bar", left_edge, edge, width, 5, 2))
    return box


def _render_rectangle(
    name: str, left_edge: float, top: float, width: float, height: float, corner: float
) -> SafeString:
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="{}"></rect>',
        name,
        *(format_number(value) for value in (left_edge, top, width, height, corner)),
    )
