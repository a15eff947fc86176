"""The map as a picture: SVG made here, from steps and ways, without scripts or style attributes.

The picture is drawn from rows rather than from a definition, so that a draft that does not hang
together yet can be looked at too. Its text alternative is the table of steps beside it.

Programs read it too: a step is `g.step` with `data-step`, a way `path.way` and its label `g.label`
with `data-from`, `data-to` and, of the ways that the arrow stands for, `data-ways`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from workflows.definitions.diagrams.joined import JoinedArrow, join_arrows
from workflows.definitions.diagrams.overlay import (
    NO_OVERLAY,
    MapOverlay,
    overlay_arrow,
    overlay_node,
)
from workflows.definitions.diagrams.parts import (
    DiagramArrow,
    DiagramCaption,
    DiagramNode,
    MapDiagram,
)
from workflows.definitions.diagrams.shapes import (
    format_number,
    join_fragments,
    measure_height,
    measure_label,
    measure_label_height,
    measure_loop_room,
    measure_node,
    render_arrow,
    render_frame,
    render_label,
    render_loop,
    render_node,
)
from workflows.engine.diagram.blocks import BlockFrame, find_block_frames
from workflows.engine.diagram.excerpt import MapExcerpt, RouteUsage, select_map_excerpt
from workflows.engine.diagram.layout import lay_out_diagram
from workflows.engine.diagram.parts import DiagramBox, DiagramLine, Layout
from workflows.engine.texts import grouped

SMALLEST: Final = 0.8
WIDTH_CLASS: Final = 100
MOST_WIDTH_CLASSES: Final = 10
"""On a desk a picture is made to fit, down to a part of its size that can be read: its class says
down to how many hundreds of units (`map.css`); a wider one stays as it is."""


def draw_diagram(
    nodes: Sequence[DiagramNode],
    arrows: Iterable[DiagramArrow],
    caption: DiagramCaption | None = None,
    *,
    overlay: MapOverlay = NO_OVERLAY,
    picture_id: str = "map",
) -> MapDiagram:
    """A map drawn: whole, or of a large one the part that matters most. None without steps.

    `picture_id` begins the ids in it: pictures that share a page have each its own.
    """
    if not nodes:
        return MapDiagram()
    node_keys = {node.key for node in nodes}
    picture = _Picture(
        nodes=sorted(
            (overlay_node(node, overlay.step(node.key)) for node in nodes),
            key=lambda node: not node.is_first,
        ),
        arrows=join_arrows(
            overlay_arrow(arrow, overlay.route(arrow.source, arrow.target, arrow.name))
            for arrow in arrows
            if {arrow.source, arrow.target} <= node_keys
        ),
        caption=caption or overlay.caption,
        css_class="handoff-map is-toned" if overlay.has_tones else "handoff-map",
        id=picture_id,
    )
    part = select_map_excerpt(
        [node.key for node in picture.nodes],
        [RouteUsage(source=a.source, target=a.target, used=a.used) for a in picture.arrows],
    )
    if part is None:
        return MapDiagram(svg=_draw_layout(picture))
    return _draw_excerpt(part, picture)


@dataclass(frozen=True, kw_only=True)
class _Picture:
    """What is drawn, and what the picture is called."""

    nodes: Sequence[DiagramNode]
    arrows: Sequence[JoinedArrow]
    caption: DiagramCaption | None
    css_class: str
    id: str


def _draw_excerpt(part: MapExcerpt, picture: _Picture) -> MapDiagram:
    """The ways of the excerpt with the steps at their ends, and what of the map that is."""
    drawn_arrows = [picture.arrows[number] for number in part.route_numbers]
    joined = {key for arrow in drawn_arrows for key in (arrow.source, arrow.target)}
    drawn_nodes = [node for node in picture.nodes if node.key in joined or node.is_first]
    note = _excerpt_sentence(part) % {
        "shown": len(drawn_arrows),
        "all": grouped(len(picture.arrows)),
        "steps": len(drawn_nodes),
        "all_steps": grouped(len(picture.nodes)),
    }
    shown = replace(picture, nodes=drawn_nodes, arrows=drawn_arrows)
    return MapDiagram(svg=_draw_layout(shown), note=note)


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


def _draw_layout(picture: _Picture) -> SafeString:
    loops = _join_loops(picture.arrows)
    lines = [arrow for arrow in picture.arrows if arrow.source != arrow.target]
    boxes = [_box(node, loops.get(node.key)) for node in picture.nodes]
    ways = [_line(arrow) for arrow in lines]
    layout = lay_out_diagram(boxes, ways)
    joins = {node.key: node.join for node in picture.nodes if node.join in layout.boxes}
    frames = find_block_frames(joins, boxes, ways, layout) if joins else ()
    return _render_svg(picture, lines, loops, layout, frames)


def _join_loops(arrows: Iterable[JoinedArrow]) -> Mapping[str, JoinedArrow]:
    """The ways of each step to itself, as one arrow each."""
    ways: dict[str, list[DiagramArrow]] = {}
    for arrow in arrows:
        if arrow.source == arrow.target:
            ways.setdefault(arrow.source, []).extend(arrow.ways)
    return {key: JoinedArrow(own) for key, own in ways.items()}


def _box(node: DiagramNode, loop: JoinedArrow | None) -> DiagramBox:
    width = measure_node(node)
    return DiagramBox(
        key=node.key,
        width=width,
        height=measure_height(node),
        room=width + measure_loop_room(loop),
    )


def _line(arrow: JoinedArrow) -> DiagramLine:
    return DiagramLine(
        source=arrow.source,
        target=arrow.target,
        label_width=measure_label(arrow),
        label_height=measure_label_height(arrow),
        is_exception=arrow.is_exception,
        look=arrow.css_class,
    )


# -- drawing ----------------------------------------------------------------------------------


def _render_svg(
    picture: _Picture,
    lines: Sequence[JoinedArrow],
    loops: Mapping[str, JoinedArrow],
    layout: Layout,
    frames: Iterable[BlockFrame],
) -> SafeString:
    marker = f"{picture.id}-arrow"
    courses, labels, at = layout.courses, layout.labels, layout.boxes
    return format_html(
        "{}{}{}{}{}{}</svg>",
        _render_head(picture, layout, marker),
        join_fragments(render_frame(frame) for frame in frames),
        join_fragments(render_arrow(a, c, marker) for a, c in zip(lines, courses, strict=True)),
        join_fragments(
            render_loop(n, loops[n.key], at[n.key], marker) for n in picture.nodes if n.key in loops
        ),
        join_fragments(render_label(a, p) for a, p in zip(lines, labels, strict=True)),
        join_fragments(render_node(node, at[node.key]) for node in picture.nodes),
    )


def _render_head(picture: _Picture, layout: Layout, marker: str) -> SafeString:
    """The picture's frame and names. It is an image, or where its steps are links, a group."""
    caption = picture.caption or _map_caption(picture)
    role = "group" if any(node.href for node in picture.nodes) else "img"
    title, description = f"{picture.id}-title", f"{picture.id}-description"
    return format_html(
        '<svg class="{}" role="{}" xmlns="http://www.w3.org/2000/svg" aria-labelledby="{} {}"'
        ' viewBox="0 0 {} {}" width="{}" height="{}"><title id="{}">{}</title><desc id="{}">{}'
        '</desc><defs><marker id="{}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="11"'
        ' markerHeight="11" markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
        '<path d="M0 0.5 L7.5 4 L0 7.5 z"></path></marker></defs>',
        *(f"{picture.css_class} {_width_class(layout.width)}", role, title, description),
        *(format_number(value) for value in (layout.width, layout.height) * 2),
        *(title, caption.title, description, caption.description, marker),
    )


def _width_class(width: float) -> str:
    least = int(width * SMALLEST // WIDTH_CLASS)
    return f"from-{least}" if least <= MOST_WIDTH_CLASSES else "is-wide"


def _map_caption(picture: _Picture) -> DiagramCaption:
    return DiagramCaption(
        title=gettext("The map"),
        description=gettext(
            "Steps: %(steps)s; ways between them: %(ways)s. The table of steps says the same in"
            " words."
        )
        % {"steps": len(picture.nodes), "ways": len(picture.arrows)},
    )
