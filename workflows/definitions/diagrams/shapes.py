"""How steps and ways of a picture are drawn, and how much room each needs."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil, dist
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workflows.definitions.choices import StepKind, kind_word
from workflows.definitions.diagrams.joined import JoinedArrow
from workflows.definitions.diagrams.lettering import measure_text, shorten_text, wrap_text
from workflows.definitions.diagrams.parts import EMPTY_SVG, DiagramNode
from workflows.engine.diagram.blocks import BlockFrame
from workflows.engine.diagram.parts import Point

NAME_SIZE: Final = 13.0
SMALL_SIZE: Final = 11.0
ONE_LINE: Final = 24
EACH_LINE: Final = 26
"""A name of up to so many letters is one line; of a longer one each of two has up to so many."""
NOTE_LENGTH: Final = 34
NODE_HEIGHT: Final = 46.0
NAME_LINE: Final = 16.0
LABEL_LINE: Final = 13.0
LOOP_WIDTH: Final = 30.0
ARCH: Final = 17.0
DASHES: Final = 10
"""How long a dash and its gap are in all, or twice that; `map.css` has them."""
CHORDS: Final = 16
CACHED_COURSES: Final = 4_096
"""So many courses are kept as they are written: a layout that was made is drawn again and again."""
NODE_PADDING: Final = 22.0
WIDTH_STEP: Final = 12.0
"""Widths go up in such steps, so that another figure under a step seldom moves the whole map."""
BADGE_HEIGHT: Final = 18.0
BADGE_GAP: Final = 8.0


# -- how much room ----------------------------------------------------------------------------


def measure_node(node: DiagramNode) -> float:
    """How wide a step's box is."""
    title = max(measure_text(line, NAME_SIZE, is_bold=True) for line in _name_lines(node))
    note = max(
        measure_text(_node_note(node), SMALL_SIZE), measure_text("n" * node.state_room, SMALL_SIZE)
    )
    padding = NODE_PADDING + 2 * TIPS.get(node.kind, 0.0)
    text = max(96.0, ceil((max(title, note) + padding) / WIDTH_STEP) * WIDTH_STEP)
    return text + _badge_room(node)


def measure_height(node: DiagramNode) -> float:
    """How high a step's box is: higher for a name of two lines."""
    return NODE_HEIGHT + NAME_LINE * (len(_name_lines(node)) - 1)


def measure_loop_room(loop: JoinedArrow | None) -> float:
    """A step that leads to itself needs room for the loop on both sides, to stay in the middle."""
    return 2 * (LOOP_WIDTH + measure_label(loop)) if loop else 0.0


def measure_label(arrow: JoinedArrow) -> float:
    """How wide a way's label is; 0 where it has none."""
    is_bold = any("tone" in look for look in arrow.looks)
    widths = [measure_text(line, SMALL_SIZE, is_bold=is_bold) for line in arrow.lines]
    return max(widths) + 10 if widths else 0.0


def measure_label_height(arrow: JoinedArrow) -> float:
    """How high a way's label is."""
    return LABEL_LINE * len(arrow.lines) + 4


def _name_lines(node: DiagramNode) -> Sequence[str]:
    return wrap_text(node.title, one_line=ONE_LINE, each=EACH_LINE)


def _badge_width(node: DiagramNode) -> float:
    return measure_text(node.badge, SMALL_SIZE, is_bold=True) + 12


def _badge_room(node: DiagramNode) -> float:
    if not node.badge:
        return 0.0
    return ceil((_badge_width(node) + BADGE_GAP) / WIDTH_STEP) * WIDTH_STEP


def _node_note(node: DiagramNode) -> str:
    note = " · ".join(part for part in (node.state or kind_word(node.kind), node.note) if part)
    return shorten_text(note, NOTE_LENGTH)


# -- writing ----------------------------------------------------------------------------------


def join_fragments(parts: Iterable[SafeString]) -> SafeString:
    """Pieces of SVG after each other."""
    return format_html_join("", "{}", ((part,) for part in parts))


def format_number(value: float) -> SafeString:
    """A place on paper, to a tenth. Digits need no escaping, and there are many."""
    return SafeString(f"{value:.1f}".removesuffix(".0"))


def _format_point(point: Point) -> str:
    return f"{format_number(point.x)} {format_number(point.y)}"


# -- ways -------------------------------------------------------------------------------------


def render_arrow(arrow: JoinedArrow, course: Sequence[Point], marker: str) -> SafeString:
    """Straight down, or a curve to where it goes on; over an edge to what lies beside it."""
    path, length = _write_course(tuple(course))
    return _render_path(arrow, path, marker, -length % DASHES)


@lru_cache(maxsize=CACHED_COURSES)
def _write_course(course: Sequence[Point]) -> tuple[SafeString, float]:
    """A course as a path, and how long it is."""
    path, length = [f"M{_format_point(course[0])}"], 0.0
    for start, end in pairwise(course):
        if start.x == end.x:
            path.append(f"L{_format_point(end)}")
            length += abs(end.y - start.y)
            continue
        half = (start.y + end.y) / 2 if start.y != end.y else start.y - ARCH
        bends = (Point(start.x, half), Point(end.x, half), end)
        path.append("C" + " ".join(map(_format_point, bends)))
        length += _measure_curve((start, *bends))
    return SafeString(" ".join(path)), length


def _measure_curve(points: tuple[Point, Point, Point, Point]) -> float:
    """About how long a curve is: as long as its chords."""
    places = []
    for number in range(CHORDS + 1):
        part = number / CHORDS
        rest = 1 - part
        weights = (rest**3, 3 * rest**2 * part, 3 * rest * part**2, part**3)
        places.append(
            (
                sum(w * point.x for w, point in zip(weights, points, strict=True)),
                sum(w * point.y for w, point in zip(weights, points, strict=True)),
            )
        )
    return sum(dist(one, other) for one, other in pairwise(places))


def render_loop(node: DiagramNode, arrow: JoinedArrow, at: Point, marker: str) -> SafeString:
    """The way of a step to itself, on its right, with its label."""
    x, up, down = at.x + measure_node(node) / 2, Point(0, at.y - 12), Point(0, at.y + 12)
    path = (
        f"M{_format_point(Point(x, up.y))} C{_format_point(Point(x + LOOP_WIDTH, up.y - 6))}"
        f" {_format_point(Point(x + LOOP_WIDTH, down.y + 6))} {_format_point(Point(x, down.y))}"
    )
    label = render_label(arrow, Point(x + LOOP_WIDTH + measure_label(arrow) / 2, at.y))
    return format_html("{}{}", _render_path(arrow, path, marker), label)


def _render_path(
    arrow: JoinedArrow, path: str, marker: str, dashes_from: float = 0.0
) -> SafeString:
    """`dashes_from` makes dashes begin at the end, so that lines that share it are dashed alike."""
    return format_html(
        '<path class="{}" data-from="{}" data-to="{}" data-ways="{}" d="{}"'
        ' marker-end="url(#{})"{}></path>',
        *(arrow.css_class, arrow.source, arrow.target, arrow.names, path, marker),
        format_html(' stroke-dashoffset="{}"', format_number(dashes_from)) if arrow.looks else "",
    )


def render_label(arrow: JoinedArrow, at: Point) -> SafeString:
    """A way's label on its own ground; nothing where it has none."""
    if not arrow.lines:
        return EMPTY_SVG
    width, height = measure_label(arrow), measure_label_height(arrow)
    return format_html(
        '<g class="{}" data-from="{}" data-to="{}" data-ways="{}"><title>{}</title>{}{}</g>',
        " ".join(["label", *arrow.looks]),
        *(arrow.source, arrow.target, arrow.names, arrow.title),
        _render_rectangle("ground", at.x - width / 2, at.y - height / 2, width, height, 3),
        _render_lines("", arrow.lines, at.x, at.y - height / 2 + LABEL_LINE, LABEL_LINE),
    )


def _render_lines(
    name: str, lines: Sequence[str], x: float, y: float, line_height: float
) -> SafeString:
    """Text in one line, or in several beneath each other; `y` is where the first one stands."""
    places = [format_number(y + line_height * number) for number in range(len(lines))]
    middle = format_number(x)
    css_class = format_html(' class="{}"', name) if name else EMPTY_SVG
    if len(lines) == 1:
        return format_html(
            '<text{} x="{}" y="{}">{}</text>', css_class, middle, places[0], lines[0]
        )
    spans = format_html_join(
        " ",
        '<tspan x="{}" y="{}">{}</tspan>',
        ((middle, place, line) for place, line in zip(places, lines, strict=True)),
    )
    return format_html("<text{}>{}</text>", css_class, spans)


# -- blocks -----------------------------------------------------------------------------------


def render_frame(frame: BlockFrame) -> SafeString:
    """The ground on which the steps of a parallel block stand."""
    return format_html(
        '<rect class="block" data-block="{}" x="{}" y="{}" width="{}" height="{}" rx="6"></rect>',
        frame.key,
        *(format_number(v) for v in (frame.left, frame.top, frame.width, frame.height)),
    )


# -- steps ------------------------------------------------------------------------------------


def render_node(node: DiagramNode, at: Point) -> SafeString:
    """A step's box with its name; where a click leads somewhere, a link."""
    middle, lines = at.x - _badge_room(node) / 2, _name_lines(node)
    first_line = at.y - 2 - NAME_LINE * (len(lines) - 1) / 2
    note_line = first_line + NAME_LINE * (len(lines) - 1) + 15
    drawn = format_html(
        '<g class="{}" data-step="{}"><title>{}</title>{}{}{}{}</g>',
        *(_node_class(node), node.key, node.description or node.title, _render_outline(node, at)),
        _render_lines("name", lines, middle, first_line, NAME_LINE),
        _render_lines("note", [_node_note(node)], middle, note_line, LABEL_LINE),
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
    left_edge -= TIPS.get(node.kind, 0.0) / 2
    return format_html(
        '<g class="badge">{}<text x="{}" y="{}">{}</text></g>',
        _render_rectangle(
            "ground", left_edge, at.y - BADGE_HEIGHT / 2, width, BADGE_HEIGHT, BADGE_HEIGHT / 2
        ),
        *(format_number(left_edge + width / 2), format_number(at.y + 4), node.badge),
    )


CORNERS: Final[Mapping[str, float]] = {StepKind.APPROVAL: 10, StepKind.END: 23}
TIPS: Final[Mapping[str, float]] = {StepKind.DECISION: 12, StepKind.END: 4}
"""How much of a box's width its shape takes from the text, on each side."""


def _render_outline(node: DiagramNode, at: Point) -> SafeString:
    """People's steps and ends are boxes; decisions are pointed; parallel and join have a bar."""
    width, height = measure_node(node), measure_height(node)
    left_edge, top = at.x - width / 2, at.y - height / 2
    if node.kind == StepKind.DECISION:
        right, bottom, tip = left_edge + width, top + height, TIPS[node.kind]
        corners = [
            (left_edge, at.y),
            (left_edge + tip, top),
            (right - tip, top),
            (right, at.y),
            (right - tip, bottom),
            (left_edge + tip, bottom),
        ]
        points = SafeString(" ".join(f"{format_number(x)},{format_number(y)}" for x, y in corners))
        return format_html('<polygon class="shape" points="{}"></polygon>', points)
    box = _render_rectangle("shape", left_edge, top, width, height, CORNERS.get(node.kind, 3))
    if node.kind in (StepKind.PARALLEL, StepKind.JOIN):
        edge = top + height - 5 if node.kind == StepKind.PARALLEL else top
        return format_html("{}{}", box, _render_rectangle("gate", left_edge, edge, width, 5, 2))
    return box


def _render_rectangle(
    name: str, left_edge: float, top: float, width: float, height: float, corner: float
) -> SafeString:
    x, y, wide, high, rx = map(format_number, (left_edge, top, width, height, corner))
    return SafeString(
        f'<rect class="{name}" x="{x}" y="{y}" width="{wide}" height="{high}" rx="{rx}"></rect>'
    )
