"""The picture of a map that hangs together: steps and ways of its definition, drawn."""

from collections.abc import Sequence

from workflows.definitions.diagrams.labels import HOLD_WORDS, link_label, step_note
from workflows.definitions.diagrams.overlay import NO_OVERLAY, MapOverlay
from workflows.definitions.diagrams.parts import DiagramArrow, DiagramNode, MapDiagram
from workflows.definitions.diagrams.svg import draw_diagram
from workflows.engine.format.definition import (
    Definition,
    HumanStep,
    Link,
    ParallelStep,
    Step,
    display_title,
)
from workflows.engine.routing.reachable_steps import is_usual_link


def draw_map(
    definition: Definition,
    overlay: MapOverlay = NO_OVERLAY,
    *,
    also: Sequence[Definition] = (),
    picture_id: str = "map",
) -> MapDiagram:
    """A definition's picture, with what a page lays over it.

    Steps and ways that only others in `also` have are drawn with it: a difference of two versions
    has what was removed. Pictures that share a page have each its own `picture_id`. No statement.
    """
    definitions = (definition, *also)
    nodes: dict[str, DiagramNode] = {}
    arrows: dict[tuple[str, str, str], DiagramArrow] = {}
    for one in definitions:
        first = definition.start.first if definition.start else None
        for key, step in one.steps.items():
            nodes.setdefault(key, _step_node(key, step, is_first=key == first))
        for link in one.links():
            if link.kind != "reopen":
                arrows.setdefault((link.source, link.to, link.name), _link_arrow(link))
    return draw_diagram(
        list(nodes.values()), arrows.values(), overlay=overlay, picture_id=picture_id
    )


def _step_node(key: str, step: Step, *, is_first: bool) -> DiagramNode:
    role = step.role if isinstance(step, HumanStep) else None
    return DiagramNode(
        key=key,
        title=display_title(key, step.name),
        kind=step.kind,
        note=step_note(
            display_title(role, None) if role else "",
            {name: getattr(step, name, None) for name in HOLD_WORDS},
        ),
        is_first=is_first,
        join=(step.join or "") if isinstance(step, ParallelStep) else "",
    )


def _link_arrow(link: Link) -> DiagramArrow:
    return DiagramArrow(
        source=link.source,
        target=link.to,
        name=link.name,
        label=link_label(link),
        is_exception=not is_usual_link(link),
    )
