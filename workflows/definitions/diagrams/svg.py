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
from django.utils.translation import gettext

from workflows.definitions.choices import StepKind, kind_word
from workflows.engine.diagram.excerpt import MapExcerpt, RouteUsage, select_map_excerpt
from workflows.engine.diagram.layout import DiagramBox, DiagramLine, Layout, Point, lay_out_diagram
from workflows.engine.texts import grouped

TITLE_LENGTH: Final = 28
LABEL_LENGTH: Final = 26
NODE_HEIGHT: Final = 46.0
CHARACTER_WIDTH: Final = 7.2
SMALL_CHARACTER_WIDTH: Final = 6.0
LOOP_WIDTH: Final = 30.0
WIDTH_STEP: Final = 24.0
"""Widths go up in such steps, so that another figure under a step seldom moves the whole map."""


@dataclass(frozen=True, kw_only=True)
class DiagramNode:
    """A step as it is drawn: its name, its kind, who does it, and where a click leads."""

    key: str
    title: str
    kind: str
    note: str = ""
    href: str = ""
    is_first: bool = False
    mark: str = ""
    """A further CSS class: how a report colours the step."""
    description: str = ""
    """What is said of the step where its title is read aloud or pointed at."""
    state: str = ""
    """What stands beneath the title in the place of its kind: the colour's meaning in a word."""
    state_room: int = 0
    """For so many letters of `state` there is room, so that the map lies alike whatever it says."""


@dataclass(frozen=True, kw_only=True)
class DiagramArrow:
    """A way as it is drawn: exception paths are dashed."""

    source: str
    target: str
    label: str = ""
    is_exception: bool = False
    used: int | None = None
    """How often it was gone, where somebody counted."""
    mark: str = ""
    """A further CSS class; arrows between the same two steps have the same."""


@dataclass(frozen=True, kw_only=True)
class DiagramCaption:
    """What the whole picture is called, and what it shows, for who cannot see it."""

    title: str
    description: str


EMPTY_SVG: Final = SafeString("")


@dataclass(frozen=True, kw_only=True)
class MapDiagram:
    """The SVG of a map, and a sentence on what of a large map it shows."""

    svg: SafeString = EMPTY_SVG
    note: str = ""

    def __bool__(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.svg)


def draw_diagram(
    nodes: Sequence[DiagramNode],
    arrows: Iterable[DiagramArrow],
    caption: DiagramCaption | None = None,
) -> MapDiagram:
    """A map drawn: whole, or of a large one the part that matters most. None without steps."""
    if not nodes:
        return MapDiagram()
    nodes = sorted(nodes, key=lambda node: not node.is_first)
    node_keys = {node.key for node in nodes}
    together = _join_parallel_arrows(
        [arrow for arrow in arrows if {arrow.source, arrow.target} <= node_keys]
    )
    part = select_map_excerpt(
        [node.key for node in nodes],
        [RouteUsage(source=a.source, target=a.target, used=a.used) for a in together],
    )
    if part is None:
        return MapDiagram(svg=_draw_layout(nodes, together, caption))
    return _draw_excerpt(part, nodes, together, caption)


def _draw_excerpt(
    part: MapExcerpt,
    nodes: Sequence[DiagramNode],
    together: Sequence[DiagramArrow],
    caption: DiagramCaption | None,
) -> MapDiagram:
    """The ways of the excerpt with the steps at their ends, and what of the map that is."""
    drawn_arrows = [together[number] for number in part.route_numbers]
    joined = {key for arrow in drawn_arrows for key in (arrow.source, arrow.target)}
    drawn_nodes = [node for node in nodes if node.key in joined or node.is_first]
    note = _excerpt_sentence(part) % {
        "shown": len(drawn_arrows),
        "all": grouped(len(together)),
        "steps": len(drawn_nodes),
        "all_steps": grouped(len(nodes)),
    }
    return MapDiagram(svg=_draw_layout(drawn_nodes, drawn_arrows, caption), note=note)


def _excerpt_sentence(part: MapExcerpt) -> str:
    if part.by_use:
        return gettext(
            "The %(shown)s most used ways of %(all)s are shown, with %(steps)s of %(all_steps)s"
            " steps."
        )
    return gettext(
        "The %(shown)s ways nearest to the start of %(all)s are shown, with %(steps)s of"
        " %(all_steps)s steps."
    )


def _draw_layout(
    nodes: Sequence[DiagramNode],
    together: Sequence[DiagramArrow],
    caption: DiagramCaption | None,
) -> SafeString:
    loops = {arrow.source: arrow for arrow in together if arrow.source == arrow.target}
    lines = [arrow for arrow in together if arrow.source != arrow.target]
    layout = lay_out_diagram(
        [
            DiagramBox(key=n.key, width=_node_room(n, loops.get(n.key)), height=NODE_HEIGHT)
            for n in nodes
        ],
        [DiagramLine(source=a.source, target=a.target, label_width=_label_width(a)) for a in lines],
    )
    return _render_svg(nodes, lines, loops, layout, caption or _map_caption(nodes, together))


def _join_parallel_arrows(arrows: Sequence[DiagramArrow]) -> list[DiagramArrow]:
    """Ways between the same two steps as one arrow, with all their labels."""
    labels: dict[tuple[str, str, bool], list[str]] = {}
    used: dict[tuple[str, str, bool], int] = {}
    marks: dict[tuple[str, str, bool], str] = {}
    for arrow in arrows:
        ends = (arrow.source, arrow.target, arrow.is_exception)
        between = labels.setdefault(ends, [])
        marks.setdefault(ends, arrow.mark)
        if arrow.label and arrow.label not in between:
            between.append(arrow.label)
        if arrow.used is not None:
            used[ends] = used.get(ends, 0) + arrow.used
    return [
        DiagramArrow(
            source=ends[0],
            target=ends[1],
            label=" / ".join(label),
            is_exception=ends[2],
            used=used.get(ends),
            mark=marks[ends],
        )
        for ends, label in labels.items()
    ]


def shorten_text(text: str, length: int) -> str:
    """The text, or as much of it as has room, with a sign that more was there."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _node_width(node: DiagramNode) -> float:
    title = len(shorten_text(node.title, TITLE_LENGTH)) * CHARACTER_WIDTH
    note = max(len(_node_note(node)), node.state_room) * SMALL_CHARACTER_WIDTH
    return max(96.0, ceil((max(title, note) + 28) / WIDTH_STEP) * WIDTH_STEP)


def _node_room(node: DiagramNode, loop: DiagramArrow | None) -> float:
    """A step that leads to itself needs room for the loop on both sides, to stay in the middle."""
    return _node_width(node) + (2 * (LOOP_WIDTH + _label_width(loop)) if loop else 0.0)


def _label_width(arrow: DiagramArrow) -> float:
    label = shorten_text(arrow.label, LABEL_LENGTH)
    return len(label) * SMALL_CHARACTER_WIDTH + 10 if label else 0.0


def _node_note(node: DiagramNode) -> str:
    return shorten_text(
        " · ".join(part for part in (node.state or kind_word(node.kind), node.note) if part),
        TITLE_LENGTH + 4,
    )


# -- drawing ----------------------------------------------------------------------------------


def _render_svg(
    nodes: Sequence[DiagramNode],
    lines: Sequence[DiagramArrow],
    loops: Mapping[str, DiagramArrow],
    layout: Layout,
    caption: DiagramCaption,
) -> SafeString:
    return format_html(
        '<svg class="handoff-map" role="img" xmlns="http://www.w3.org/2000/svg"'
        ' aria-labelledby="map-title map-description" viewBox="0 0 {} {}" width="{}" height="{}">'
        '<title id="map-title">{}</title><desc id="map-description">{}</desc>'
        '<defs><marker id="map-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="11"'
        ' markerHeight="11" markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
        '<path d="M0 0.5 L7.5 4 L0 7.5 z"></path></marker></defs>{}{}{}{}</svg>',
        *(_format_number(value) for value in (layout.width, layout.height) * 2),
        caption.title,
        caption.description,
        _join_fragments(_render_arrow(a, c) for a, c in zip(lines, layout.courses, strict=True)),
        _join_fragments(
            _render_loop(n, loops[n.key], layout.boxes[n.key]) for n in nodes if n.key in loops
        ),
        _join_fragments(
            _render_label(a, p) for a, p in zip(lines, layout.labels, strict=True) if a.label
        ),
        _join_fragments(_render_node(node, layout.boxes[node.key]) for node in nodes),
    )


def _map_caption(nodes: Sequence[DiagramNode], together: Sequence[DiagramArrow]) -> DiagramCaption:
    return DiagramCaption(
        title=gettext("The map"),
        description=gettext(
            "Steps: %(steps)s; ways between them: %(ways)s. The table of steps says the same in"
            " words."
        )
        % {"steps": len(nodes), "ways": len(together)},
    )


def _join_fragments(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _format_number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _format_point(point: Point) -> str:
    return f"{_format_number(point.x)} {_format_number(point.y)}"


def _arrow_class(arrow: DiagramArrow) -> str:
    name = "way exception" if arrow.is_exception else "way"
    return f"{name} {arrow.mark}" if arrow.mark else name


def _render_arrow(arrow: DiagramArrow, course: Sequence[Point]) -> SafeString:
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
    return format_html(
        '<path class="{}" d="{}" marker-end="url(#map-arrow)"></path>',
        _arrow_class(arrow),
        " ".join(path),
    )


def _render_loop(node: DiagramNode, arrow: DiagramArrow, at: Point) -> SafeString:
    x, up, down = at.x + _node_width(node) / 2, Point(0, at.y - 12), Point(0, at.y + 12)
    path = (
        f"M{_format_point(Point(x, up.y))} C{_format_point(Point(x + LOOP_WIDTH, up.y - 6))}"
        f" {_format_point(Point(x + LOOP_WIDTH, down.y + 6))} {_format_point(Point(x, down.y))}"
    )
    course = format_html(
        '<path class="{}" d="{}" marker-end="url(#map-arrow)"></path>', _arrow_class(arrow), path
    )
    label = (
        _render_label(arrow, Point(x + LOOP_WIDTH + _label_width(arrow) / 2, at.y))
        if arrow.label
        else ""
    )
    return format_html("{}{}", course, label)


def _render_label(arrow: DiagramArrow, at: Point) -> SafeString:
    width = _label_width(arrow)
    return format_html(
        '<g class="label"><title>{}</title><rect x="{}" y="{}" width="{}" height="16" rx="3">'
        '</rect><text x="{}" y="{}">{}</text></g>',
        arrow.label,
        _format_number(at.x - width / 2),
        _format_number(at.y - 8),
        _format_number(width),
        _format_number(at.x),
        _format_number(at.y + 3.5),
        shorten_text(arrow.label, LABEL_LENGTH),
    )


def _render_node(node: DiagramNode, at: Point) -> SafeString:
    drawn = format_html(
        '<g class="step kind-{}{}{}"><title>{}</title>{}<text class="name" x="{}" y="{}">{}</text>'
        '<text class="note" x="{}" y="{}">{}</text></g>',
        node.kind,
        " first" if node.is_first else "",
        f" {node.mark}" if node.mark else "",
        node.description or node.title,
        _render_outline(node, at),
        _format_number(at.x),
        _format_number(at.y - 2),
        shorten_text(node.title, TITLE_LENGTH),
        _format_number(at.x),
        _format_number(at.y + 13),
        _node_note(node),
    )
    return format_html('<a href="{}">{}</a>', node.href, drawn) if node.href else drawn


CORNERS: Final[Mapping[str, float]] = {
    StepKind.APPROVAL: 10,
    StepKind.TASK: 3,
    StepKind.AUTOMATION: 3,
    StepKind.END: 23,
}


def _render_outline(node: DiagramNode, at: Point) -> SafeString:
    """People's steps and ends are boxes; decisions are pointed; parallel and join have a bar."""
    width, left_edge, top = _node_width(node), at.x - _node_width(node) / 2, at.y - NODE_HEIGHT / 2
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
        points = " ".join(f"{_format_number(x)},{_format_number(y)}" for x, y in corners)
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
        *(_format_number(value) for value in (left_edge, top, width, height, corner)),
    )
