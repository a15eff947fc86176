"""What the nodes of a drawing are in a map: steps, places that are only passed, and which
gateway waits for the branches that another one opens."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from workflows.engine.bpmn.process import AUTOMATIONS, BLOCK_GATEWAYS, GATEWAYS, TASKS, Node
from workflows.engine.bpmn.vocabulary import BPMN


class Shape:
    """What each node is. `own` are the nodes that we wrote as steps; they are taken as such."""

    def __init__(self, nodes: Sequence[Node], own: Collection[Node]) -> None:
        self.own = own
        made = {node: node.closed_by for node in nodes if node.closed_by is not None}
        self.joins = {**match_joins(node for node in nodes if node not in own), **made}
        self._joining = set(self.joins.values())

    def is_always_step(self, node: Node) -> bool:
        """Whether a node is a step wherever it stands; other gateways are when they are reached
        as one."""
        if node in self.own:
            return True
        if node.kind in ("intermediateCatchEvent", "receiveTask", "callActivity"):
            return node.element.first_named(BPMN, "linkEventDefinition") is None
        if node.kind == "endEvent":
            return not node.is_inner
        return node.kind in TASKS | AUTOMATIONS

    def is_passed(self, node: Node) -> bool:
        """Whether a node is no step, but a place that an arrow only passes."""
        is_step = self.is_always_step(node) or self.is_join(node)
        return not is_step and not self.is_choice(node) and not self.is_block(node)

    def is_choice(self, node: Node) -> bool:
        """Whether one of a gateway's arrows is taken."""
        is_gateway = node.kind in GATEWAYS - BLOCK_GATEWAYS
        return is_gateway and len(node.outgoing) > 1 and node not in self.own

    def is_block(self, node: Node) -> bool:
        """Whether several of a gateway's arrows are taken at once."""
        return node.kind in BLOCK_GATEWAYS and len(node.outgoing) > 1

    def is_join(self, node: Node) -> bool:
        """Whether a gateway waits for branches."""
        return node in self._joining

    def choice_behind(self, node: Node) -> Node | None:
        """The gateway whose arrows are the outcomes of a task that leads to this node."""
        passed: set[Node] = set()
        while self.is_passed(node) and node.outgoing and node not in passed:
            passed.add(node)
            node = node.outgoing[0].target
        return node if self.is_choice(node) else None


def match_joins(nodes: Iterable[Node]) -> Mapping[Node, Node]:
    """The gateway that joins what each gateway parts: the nearest that all its branches come to
    (else the nearest that two of them come to). Blocks lie within each other, so the smallest
    choose first, and no gateway joins two."""
    distances = {
        node: _shared_distances(node)
        for node in nodes
        if node.kind in BLOCK_GATEWAYS and len(node.outgoing) > 1
    }
    order = sorted(distances, key=lambda node: min(distances[node].values(), default=0))
    joins: dict[Node, Node] = {}
    taken: set[Node] = set()
    for block in order:
        free = {join: far for join, far in distances[block].items() if join not in taken}
        if free:
            joins[block] = min(free, key=lambda join: (free[join], join.element.line))
            taken.add(joins[block])
    return joins


def _shared_distances(block: Node) -> dict[Node, int]:
    """The gateways where branches meet, with the longest of their ways there."""
    reached: dict[Node, list[int]] = {}
    for branch in block.outgoing:
        for node, distance in _walk(branch.target, block, _is_join).items():
            reached.setdefault(node, []).append(distance)
    for enough in (len(block.outgoing), 2):
        shared = {node: max(far) for node, far in reached.items() if len(far) >= enough}
        if shared:
            return shared
    return {}


def _is_join(node: Node) -> bool:
    return node.kind in BLOCK_GATEWAYS | {"complexGateway"} and len(node.incoming) > 1


def _walk(start: Node, wall: Node, wanted: Callable[[Node], bool]) -> dict[Node, int]:
    """The wanted nodes that are reached without passing the wall, with how far they are."""
    distances = {start: 1}
    todo = [start]
    for node in todo:
        for flow in node.outgoing:
            if flow.target not in distances and flow.target is not wall:
                distances[flow.target] = distances[node] + 1
                todo.append(flow.target)
    return {node: far for node, far in distances.items() if wanted(node)}
