"""The picture of a request: the map of its version, with what was done, where it is, what can come
and what was not taken. Each has a colour, a line of its own, a sign and a word."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from django.utils.translation import gettext, pgettext

from approvals.pages.request_way import (
    ProgressStep,
    RequestWay,
    WayState,
)
from workflows.definitions.diagrams.labels import link_label
from workflows.definitions.diagrams.parts import (
    DiagramArrow,
    DiagramCaption,
    DiagramNode,
    MapDiagram,
)
from workflows.definitions.diagrams.svg import draw_diagram
from workflows.engine.format.definition import Link
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.reachable_steps import is_usual_link
from workflows.engine.routing.ways_ahead import find_steps_to_come
from workflows.execution.models import WorkItem
from workflows.execution.queries.position import InstancePosition
from workflows.execution.queries.ways_gone import find_ways_gone

SIGNS: Final[Mapping[WayState, str]] = {
    WayState.DONE: "✓",
    WayState.REFUSED: "✕",
    WayState.FAILED: "✕",
    WayState.SKIPPED: "⤼",
    WayState.OPEN: "▶",
    WayState.AHEAD: "→",
    WayState.PERHAPS: "?",
    WayState.BY_EXCEPTION: "!",
    WayState.NOT_TAKEN: "·",
}
FINISHED: Final = (WayState.DONE, WayState.REFUSED, WayState.FAILED, WayState.SKIPPED)
GONE: Final = "gone"
RANKS: Final = (
    *(GONE, WayState.AHEAD, WayState.PERHAPS, WayState.BY_EXCEPTION, WayState.NOT_TAKEN),
)
"""Of several ways between the same two steps the first of these is shown."""


def draw_request_picture(
    position: InstancePosition, request_way: RequestWay, tasks: Sequence[WorkItem]
) -> MapDiagram:
    """The map with the request on it. No statement."""
    graph = position.map.graph
    marks = _LinkMarks(position, request_way, tasks)
    words = _state_words()
    longest = max(len(f"{SIGNS[state]} {word}") for state, word in words.items())
    states = marks.states()
    texts = {step.key: step for step in (*request_way.others, *request_way.progress)}
    nodes = [
        DiagramNode(
            key=key,
            title=graph.title(key),
            kind=step.kind,
            is_first=key == graph.first,
            join=getattr(step, "join", None) or "",
            mark=f"is-{states[key]}",
            state=f"{SIGNS[states[key]]} {words[states[key]]}",
            state_room=longest,
            description=_node_description(graph.title(key), words[states[key]], texts.get(key)),
        )
        for key, step in graph.steps.items()
    ]
    arrows = _request_arrows(graph, marks.link_states(states))
    picture = draw_diagram(nodes, arrows, _caption(request_way))
    if not picture.note:
        return picture
    note = gettext("The map is large: the part that this request has gone and can go is shown.")
    return replace(picture, note=note)


def _state_words() -> dict[WayState, str]:
    return {
        WayState.DONE: pgettext("a step", "done"),
        WayState.REFUSED: pgettext("a step", "exception"),
        WayState.FAILED: pgettext("a step", "failed"),
        WayState.SKIPPED: pgettext("a step", "skipped"),
        WayState.OPEN: gettext("now"),
        WayState.AHEAD: gettext("ahead"),
        WayState.PERHAPS: gettext("perhaps"),
        WayState.BY_EXCEPTION: gettext("by exception"),
        WayState.NOT_TAKEN: gettext("not taken"),
    }


def picture_key(request_way: RequestWay) -> list[tuple[WayState, str, str]]:
    """The states that the picture shows with their signs and words, as its key lists them."""
    words = _state_words()
    return [
        (state, SIGNS[state], words[state])
        for state in words
        if state in request_way.states.values()
    ]


def _node_description(title: str, word: str, step: ProgressStep | None) -> str:
    places = {"step": title, "state": step.words if step is not None else word}
    return gettext("%(step)s: %(state)s") % places


def _caption(request_way: RequestWay) -> DiagramCaption:
    counts = [
        sum(1 for step in request_way.progress if step.state in FINISHED),
        sum(1 for step in request_way.progress if step.state == WayState.OPEN),
        sum(1 for step in request_way.progress if step.state in (WayState.AHEAD, WayState.PERHAPS)),
        len(request_way.others),
    ]
    names = ("done", "open", "ahead", "others")
    return DiagramCaption(
        title=gettext("The way of this request over its map"),
        description=gettext(
            "Steps done: %(done)s; open now: %(open)s; that can come: %(ahead)s; others:"
            " %(others)s. The list of steps says the same in words."
        )
        % dict(zip(names, counts, strict=True)),
    )


def _request_arrows(graph: Graph, marks: Mapping[int, str]) -> list[DiagramArrow]:
    links = [link for link in graph.links if link.kind != "reopen" and link.name != "none"]
    strongest: dict[tuple[str, str], str] = {}
    for link in links:
        ends, mark = (link.source, link.to), marks[id(link)]
        strongest[ends] = min(strongest.get(ends, mark), mark, key=RANKS.index)
    return [
        DiagramArrow(
            source=link.source,
            target=link.to,
            name=link.name,
            label=link_label(link),
            is_exception=not is_usual_link(link),
            used=len(RANKS) - RANKS.index(strongest[link.source, link.to]),
            mark=f"is-{strongest[link.source, link.to]}",
        )
        for link in links
    ]


class _LinkMarks:
    """Which ways of the map the request has gone, and which it can still go."""

    def __init__(
        self, position: InstancePosition, request_way: RequestWay, tasks: Sequence[WorkItem]
    ) -> None:
        self.graph, self.way = position.map.graph, request_way
        self.ways_gone = find_ways_gone(position, tasks)
        self.gone = {id(link) for link in self.ways_gone.links}
        self.open = {step.key for step in position.everywhere}
        self.ahead = find_steps_to_come(self.graph, self.open, position.instance.data)

    def states(self) -> dict[str, WayState]:
        """The state of each step, what only routes included."""
        passed, states_told = self.ways_gone.passed, self.way.states
        return {
            key: states_told.get(key) or self._routing_state(key, passed)
            for key in self.graph.steps
        }

    def _routing_state(self, key: str, passed: frozenset[str]) -> WayState:
        if key in passed:
            return WayState.DONE
        if key in self.ahead:
            return WayState.PERHAPS if self.ahead[key] else WayState.AHEAD
        return WayState.NOT_TAKEN

    def link_states(self, states: Mapping[str, WayState]) -> dict[int, str]:
        """What each way is to the request: gone, ahead, perhaps, or not taken."""
        return {id(link): self._link_state(link, states) for link in self.graph.links}

    def _link_state(self, link: Link, states: Mapping[str, WayState]) -> str:
        if id(link) in self.gone:
            return GONE
        coming = (WayState.AHEAD, WayState.PERHAPS)
        is_before = link.source in self.open or link.source in self.ahead
        if states[link.to] == WayState.BY_EXCEPTION and (
            is_before or states[link.source] == WayState.BY_EXCEPTION
        ):
            return WayState.BY_EXCEPTION
        if not is_before or not is_usual_link(link) or states[link.to] not in coming:
            return WayState.NOT_TAKEN
        if link in self.ahead.get(link.to, ()):
            return WayState.PERHAPS
        return states[link.to]
