"""Where the nodes of a written map stand: ranks from left to right, a lane for each role.

A node has a rank (the longest way from the start) and a row in its lane. Arrows run up and down
only between two ranks, and along only in the channel under a lane's rows, each on a track of its
own: no arrow crosses a node, however long it is.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from workflows.engine.bpmn.vocabulary import BPMN_DI, DC, DI
from workflows.engine.bpmn.xml_tree import XmlElement
from workflows.engine.diagram.layers import assign_layers, find_backward_lines
from workflows.engine.diagram.parts import DiagramLine, Point

ROW: Final = 120.0
COLUMN: Final = 120.0
TRACK: Final = 12.0
GAP: Final = 40.0
"""The least room between two ranks, and beside the tracks in it."""
LANE_HEAD: Final = 60.0
"""Room on the left for the names of the pool and its lanes."""
TASK_SIZE: Final = (100.0, 80.0)
GATEWAY_SIZE: Final = (50.0, 50.0)
EVENT_SIZE: Final = (36.0, 36.0)


@dataclass(frozen=True)
class _Place:
    """A node's place: its middle and its size."""

    middle: Point
    width: float
    height: float

    @property
    def left(self) -> Point:
        return Point(self.middle.x - self.width / 2, self.middle.y)

    @property
    def right(self) -> Point:
        return Point(self.middle.x + self.width / 2, self.middle.y)

    @property
    def bottom(self) -> Point:
        return Point(self.middle.x, self.middle.y + self.height / 2)


@dataclass
class _Tracks:
    """Numbers the arrows that share a gap between ranks, or the channel of a lane."""

    counts: dict[object, int] = field(default_factory=lambda: defaultdict(int))

    def take(self, where: object) -> int:
        """The next free track."""
        self.counts[where] += 1
        return self.counts[where]


def add_picture(
    root: XmlElement,
    nodes: Mapping[str, XmlElement],
    flows: Sequence[XmlElement],
    lanes: Mapping[str, Sequence[str]],
) -> None:
    """Add the diagram of these nodes (by id) and arrows to the file; `lanes` are node ids by
    lane id, none where no role owns a step."""
    drawing = _Drawing(nodes, flows, lanes or {"": list(nodes)})
    diagram = root.add(BPMN_DI, "BPMNDiagram", {"id": "diagram"})
    plane = diagram.add(BPMN_DI, "BPMNPlane", {"id": "plane", "bpmnElement": "collaboration"})
    width = drawing.right_edge
    _add_shape(plane, "participant", 0, 0, width, drawing.height, horizontal=True)
    for lane, (top, height) in drawing.lane_bands.items():
        if lane:
            left = LANE_HEAD / 2
            _add_shape(plane, lane, left, top, width - left, height, horizontal=True)
    for node_id, place in drawing.places.items():
        corner = Point(place.middle.x - place.width / 2, place.middle.y - place.height / 2)
        _add_shape(plane, node_id, corner.x, corner.y, place.width, place.height)
    for flow, course in zip(flows, drawing.courses, strict=True):
        edge = plane.add(BPMN_DI, "BPMNEdge", _shape_attributes(flow.attributes["id"]))
        for point in course:
            edge.add(DI, "waypoint", {"x": f"{point.x:g}", "y": f"{point.y:g}"})


def _shape_attributes(element_id: str) -> dict[str, str]:
    return {"id": f"{element_id}.di", "bpmnElement": element_id}


def _add_shape(
    plane: XmlElement,
    element_id: str,
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    horizontal: bool = False,
) -> None:
    attributes = _shape_attributes(element_id) | ({"isHorizontal": "true"} if horizontal else {})
    shape = plane.add(BPMN_DI, "BPMNShape", attributes)
    bounds = {"x": x, "y": y, "width": width, "height": height}
    shape.add(DC, "Bounds", {name: f"{number:g}" for name, number in bounds.items()})


class _Drawing:
    """Places and courses, worked out once."""

    def __init__(
        self,
        nodes: Mapping[str, XmlElement],
        flows: Sequence[XmlElement],
        lanes: Mapping[str, Sequence[str]],
    ) -> None:
        self.nodes = nodes
        self.hosts = {
            node_id: node.attributes["attachedToRef"]
            for node_id, node in nodes.items()
            if "attachedToRef" in node.attributes
        }
        self.ends = [(flow.attributes["sourceRef"], flow.attributes["targetRef"]) for flow in flows]
        self.lane_of = {node_id: lane for lane, members in lanes.items() for node_id in members}
        self.ranks = self._assign_ranks()
        self.rows, lane_rows = self._assign_rows(lanes)
        self._take_tracks()
        self._measure(lanes, lane_rows)
        self.places = {
            node_id: self._place(node_id) for node_id in nodes if node_id not in self.hosts
        }
        self.places |= {node_id: self._place_at_host(node_id) for node_id in self.hosts}
        self.courses = [self._course(number) for number in range(len(self.ends))]

    def _standing(self, node_id: str) -> str:
        """The node itself, or the one at whose edge it sits."""
        return self.hosts.get(node_id, node_id)

    def _assign_ranks(self) -> dict[str, int]:
        keys = [node_id for node_id in self.nodes if node_id not in self.hosts]
        lines = [
            DiagramLine(source=self._standing(source), target=target)
            for source, target in self.ends
            if self._standing(source) != target
        ]
        layers = assign_layers(keys, lines, find_backward_lines(keys, lines))
        return {key: layer // 2 for key, layer in layers.items()}

    def _assign_rows(
        self, lanes: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Each node's row in its lane, and how many rows a lane has."""
        used: dict[tuple[str, int], int] = defaultdict(int)
        rows = {}
        for lane, members in lanes.items():
            for node_id in members:
                if node_id not in self.hosts:
                    cell = lane, self.ranks[node_id]
                    rows[node_id] = used[cell]
                    used[cell] += 1
        counts = {
            lane: max([1, *(n for (other, _), n in used.items() if other == lane)])
            for lane in lanes
        }
        return rows, counts

    def _take_tracks(self) -> None:
        """Give every arrow a track in each gap and channel that it uses."""
        self.tracks = _Tracks()
        self.ways: list[tuple[int, int, int, str] | None] = []
        for source, target in self.ends:
            start, end = self.ranks[self._standing(source)], self.ranks[target]
            leaving = self.tracks.take(start)
            if end == start + 1:
                self.ways.append((leaving, 0, 0, ""))
                continue
            lane = self.lane_of[target]
            self.ways.append((leaving, self.tracks.take(end - 1), self.tracks.take(lane), lane))

    def _measure(self, lanes: Mapping[str, Sequence[str]], lane_rows: Mapping[str, int]) -> None:
        """How wide each gap and how high each lane is, and where they begin."""
        last = max(self.ranks.values(), default=0)
        self.column_left: dict[int, float] = {}
        x = LANE_HEAD
        for rank in range(-1, last + 1):
            if rank >= 0:
                self.column_left[rank] = x
                x += COLUMN
            x += GAP + TRACK * self.tracks.counts.get(rank, 0)
        self.right_edge = x
        self.lane_bands: dict[str, tuple[float, float]] = {}
        y = 0.0
        for lane in lanes:
            tracks = self.tracks.counts.get(lane, 0)
            height = lane_rows[lane] * ROW + (TRACK * (tracks + 1) if tracks else 0)
            self.lane_bands[lane] = y, height
            y += height
        self.lane_rows = lane_rows
        self.height = y

    def _place(self, node_id: str) -> _Place:
        kind = self.nodes[node_id].name
        width, height = TASK_SIZE
        if kind.endswith("Gateway"):
            width, height = GATEWAY_SIZE
        elif kind.endswith("Event"):
            width, height = EVENT_SIZE
        x = self.column_left[self.ranks[node_id]] + COLUMN / 2
        y = self.lane_bands[self.lane_of[node_id]][0] + (self.rows[node_id] + 0.5) * ROW
        return _Place(Point(x, y), width, height)

    def _place_at_host(self, node_id: str) -> _Place:
        host = self.places[self.hosts[node_id]]
        corner = Point(host.right.x - EVENT_SIZE[0] / 2, host.bottom.y)
        return _Place(corner, *EVENT_SIZE)

    def _gap_x(self, rank: int, track: int) -> float:
        """Where a track runs in the gap behind a rank (-1: before the first)."""
        left = LANE_HEAD if rank < 0 else self.column_left[rank] + COLUMN
        return left + GAP / 2 + TRACK * track

    def _course(self, number: int) -> list[Point]:
        source, target = self.ends[number]
        way = self.ways[number]
        assert way is not None
        leaving, arriving, channel, lane = way
        end = self.places[target].left
        begun = self._begin(source)
        start = begun[-1]
        x = self._gap_x(self.ranks[self._standing(source)], leaving)
        if not lane:
            bends = [] if start.y == end.y else [Point(x, start.y), Point(x, end.y)]
            return [*begun, *bends, end]
        top, _ = self.lane_bands[lane]
        y = top + self.lane_rows[lane] * ROW + TRACK * channel
        last = self._gap_x(self.ranks[target] - 1, arriving)
        return [*begun, Point(x, start.y), Point(x, y), Point(last, y), Point(last, end.y), end]

    def _begin(self, source: str) -> list[Point]:
        """Out of a node on its right; out of an event at a node's edge downwards first."""
        place = self.places[source]
        if source not in self.hosts:
            return [place.right]
        return [place.bottom, Point(place.middle.x, place.bottom.y + TRACK / 4)]
