"""Which process of a file is taken, and its nodes, arrows and lanes as they are drawn."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from workflows.engine.bpmn.loop_blocks import LoopBlocks, data_of_loops
from workflows.engine.bpmn.loops import LOOP
from workflows.engine.bpmn.process import (
    EVENTS,
    FLOW_NODES,
    Flow,
    Node,
    Process,
    Unsupported,
    find_extension,
    local_id,
)
from workflows.engine.bpmn.vocabulary import BPMN, BPMN_DI, DC, DI, HANDOFF, XSI, make_key
from workflows.engine.bpmn.xml_tree import XmlElement
from workflows.engine.format.plain_data import file_problem
from workflows.engine.texts import Text, text

MAX_NODES: Final = 2_500
MAX_FLOWS: Final = 4_000

_IN_NODES: Final = frozenset(
    {
        "documentation",
        "extensionElements",
        "incoming",
        "outgoing",
        "messageEventDefinition",
        "timerEventDefinition",
        "errorEventDefinition",
        "terminateEventDefinition",
        "linkEventDefinition",
        LOOP,
    }
)
_IN_PROCESSES: Final = _IN_NODES | FLOW_NODES | {"laneSet", "sequenceFlow"}
_IN_FILES: Final = frozenset({"process", "collaboration", "message", "extensionElements"})
_NESTED: Final = frozenset({"transaction", "adHocSubProcess", "callChoreography"})
_OURS: Final = frozenset({"", BPMN, BPMN_DI, DI, DC, XSI, HANDOFF})


def read_process(root: XmlElement, *, name: str, process_id: str | None = None) -> Process:
    """The process of a BPMN file: the one with this id, else the one with the most nodes.

    `name` is the file's name, for messages. Raises DefinitionProblem.
    """
    if (root.namespace, root.name) != (BPMN, "definitions"):
        raise file_problem(
            name,
            text(
                "is XML, but not BPMN 2.0: its root is <%(root)s>, not <definitions>; export it as"
                " BPMN 2.0",
                root=root.name[:60],
            ),
        )
    processes = list(root.children_named(BPMN, "process"))
    element = _choose_process(processes, name, process_id)
    reader = _ProcessReader(root, element)
    for other in processes:
        if other is not element:
            reader.note(other, text("one process becomes one workflow; import it by its id"))
    reader.read(name)
    return reader.process


def _choose_process(processes: list[XmlElement], name: str, process_id: str | None) -> XmlElement:
    if process_id is not None:
        for element in processes:
            if element.attributes.get("id") == process_id:
                return element
        ids = ", ".join(element.attributes.get("id", "?") for element in processes)
        raise file_problem(
            name, text("has no process '%(id)s'; it has %(ids)s", id=process_id, ids=ids or "none")
        )
    filled = [element for element in processes if any(_flow_nodes(element))]
    if not filled:
        raise file_problem(
            name, text("holds no process with steps; draw one, or export the process itself")
        )
    return max(filled, key=lambda element: sum(1 for _ in _flow_nodes(element)))


def _flow_nodes(element: XmlElement) -> Iterator[XmlElement]:
    return (part for part in element.walk() if part.namespace == BPMN and part.name in FLOW_NODES)


@dataclass
class _ProcessReader:
    """Gathers a process from its element."""

    root: XmlElement
    element: XmlElement
    nodes: dict[str, Node] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    unsupported: list[Unsupported] = field(default_factory=list)
    lane_roles: dict[str, str] = field(default_factory=dict)
    arrows: list[XmlElement] = field(default_factory=list)
    lists: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)

    def note(self, element: XmlElement, why: Text) -> None:
        """List something that the draft does not say."""
        self.unsupported.append(Unsupported.of(element, why))

    def read(self, file_name: str) -> None:
        """Everything of the process, and what else is in the file."""
        self.data = data_of_loops(self.element)
        self._read_lanes()
        self._read_level(self.element, role=None)
        if len(self.nodes) > MAX_NODES or len(self.arrows) > MAX_FLOWS:
            raise file_problem(
                file_name, text("has more steps than one map holds; export a part of it")
            )
        for arrow in self.arrows:
            self._connect(arrow)
        self.nodes = LoopBlocks(self.data, self.note, self.lists).open_all(self.nodes)
        self._flatten_subprocesses()
        self._join_links()
        self._note_rest_of_file()
        self._note_foreign_extensions()
        self.unsupported.sort(key=lambda row: row.line)

    @property
    def process(self) -> Process:
        """What was read."""
        return Process(
            element=self.element,
            name=self.element.attributes.get("name") or self._participant_name(),
            nodes=self.nodes,
            roles=self.roles,
            unsupported=self.unsupported,
            lists=self.lists,
            messages={
                message.attributes.get("id", ""): message.attributes.get("name", "")
                for message in self.root.children_named(BPMN, "message")
            },
        )

    def _participant_name(self) -> str:
        for collaboration in self.root.children_named(BPMN, "collaboration"):
            for participant in collaboration.children_named(BPMN, "participant"):
                reference = local_id(participant.attributes.get("processRef", ""))
                if reference == self.element.attributes.get("id"):
                    return participant.attributes.get("name", "")
        return ""

    # -- lanes ----------------------------------------------------------------------------------

    def _read_lanes(self) -> None:
        """The role of each node that stands in a lane; of nested lanes the innermost."""
        for lane in self.element.walk():
            if (lane.namespace, lane.name) != (BPMN, "lane"):
                continue
            references = list(lane.children_named(BPMN, "flowNodeRef"))
            if not references:
                continue
            key = self._role_of(lane)
            for reference in references:
                self.lane_roles[local_id(reference.text)] = key

    def _role_of(self, lane: XmlElement) -> str:
        own = find_extension(lane, "role")
        title = lane.attributes.get("name", "").strip()
        key = (
            own.attributes.get("key", "")
            if own is not None
            else make_key(title, self.roles, otherwise="role", length=50)
        )
        self.roles[key] = title or key
        return key

    # -- nodes and arrows -----------------------------------------------------------------------

    def _read_level(self, holder: XmlElement, role: str | None) -> None:
        """The nodes of a process or a sub-process, and those of the sub-processes in it."""
        self._note_unknown(holder, _IN_PROCESSES | _NESTED)
        for element in holder.children:
            if element.namespace != BPMN:
                continue
            if element.name == "sequenceFlow":
                self.arrows.append(element)
            elif element.name in FLOW_NODES or element.name in _NESTED:
                self._read_node(element, role, is_inner=holder is not self.element)

    def _read_node(self, element: XmlElement, role: str | None, *, is_inner: bool) -> None:
        node = Node(
            id=element.attributes.get("id") or f"without id {len(self.nodes)}",
            kind=element.name,
            name=" ".join(element.attributes.get("name", "").split()),
            element=element,
        )
        node.role = self.lane_roles.get(node.id, role)
        node.is_inner = is_inner and node.kind in ("startEvent", "endEvent")
        is_event_part = element.attributes.get("triggeredByEvent") == "true"
        if is_event_part:
            self.note(element, text("an event sub-process has no counterpart in a map"))
            return
        self.nodes[node.id] = node
        if node.kind in EVENTS and "attachedToRef" in element.attributes:
            node.host = local_id(element.attributes["attachedToRef"])
        if node.kind == "subProcess":
            self._read_level(element, node.role)
        elif node.kind in _NESTED:
            self.note(element, text("stands as a task; what is in it was not taken over"))
            node.kind = "task"
        else:
            self._note_unknown(element, _IN_NODES)

    def _connect(self, arrow: XmlElement) -> None:
        source = self.nodes.get(local_id(arrow.attributes.get("sourceRef", "")))
        target = self.nodes.get(local_id(arrow.attributes.get("targetRef", "")))
        if source is None or target is None:
            self.note(arrow, text("one of its ends is not a part of the map"))
            return
        condition = arrow.first_named(BPMN, "conditionExpression")
        flow = Flow(
            arrow,
            source,
            target,
            " ".join(arrow.attributes.get("name", "").split()),
            _plain_condition(condition.text) if condition is not None else None,
        )
        source.outgoing.append(flow)
        target.incoming.append(flow)

    # -- what is drawn in parts -----------------------------------------------------------------

    def _flatten_subprocesses(self) -> None:
        """What leads to a sub-process leads to its start, and its ends lead on from it."""
        for node in [node for node in self.nodes.values() if node.kind == "subProcess"]:
            inside = {
                part.attributes.get("id")
                for part in node.element.children
                if part.namespace == BPMN
            }
            inner = [self.nodes[key] for key in inside if key in self.nodes]
            starts = [part for part in inner if part.kind == "startEvent"] or [
                part for part in inner if not part.incoming and part.host is None
            ]
            if not starts:
                self.note(node.element, text("what is in it is not drawn; it stands as a task"))
                node.kind = "task"
                continue
            starts.sort(key=lambda part: part.element.line)
            for flow in node.incoming:
                flow.target = starts[0]
            starts[0].incoming += node.incoming
            node.incoming = []
            for end in inner:
                if end.kind == "endEvent" or (not end.outgoing and end.kind != "boundaryEvent"):
                    arrow = Flow(end.element, end, node)
                    end.outgoing.append(arrow)
                    node.incoming.append(arrow)

    def _join_links(self) -> None:
        """A link that throws leads to the link of its name that catches."""
        catching = {
            _link_name(node): node
            for node in self.nodes.values()
            if node.kind == "intermediateCatchEvent" and _link_name(node) is not None
        }
        for node in self.nodes.values():
            target = catching.get(_link_name(node))
            if node.kind == "intermediateThrowEvent" and target is not None:
                arrow = Flow(node.element, node, target)
                node.outgoing.append(arrow)
                target.incoming.append(arrow)

    # -- what is not taken over -----------------------------------------------------------------

    def _note_unknown(self, holder: XmlElement, known: Collection[str]) -> None:
        for element in holder.children:
            is_known = element.name in known or element.attributes.get("id") in self.data
            if element.namespace == BPMN and not is_known:
                self.note(element, text("a map has no counterpart for it"))

    def _note_rest_of_file(self) -> None:
        self._note_unknown(self.root, _IN_FILES)
        for collaboration in self.root.children_named(BPMN, "collaboration"):
            for element in collaboration.children:
                is_own = local_id(element.attributes.get("processRef", "")) == (
                    self.element.attributes.get("id")
                )
                if element.namespace == BPMN and not (element.name == "participant" and is_own):
                    self.note(element, text("a map shows one party; others are not a part of it"))

    def _note_foreign_extensions(self) -> None:
        """One row for each other vendor's vocabulary, with how often it is used."""
        used: Counter[str] = Counter()
        first: dict[str, XmlElement] = {}
        for element in self.element.walk():
            names = [element.namespace] if element.namespace not in _OURS else []
            names += [key[1:].partition("}")[0] for key in element.attributes if key[0] == "{"]
            for namespace in names:
                if namespace not in _OURS:
                    used[namespace] += 1
                    first.setdefault(namespace, element)
        for namespace, count in used.items():
            self.unsupported.append(
                Unsupported(
                    element="extensionElements",
                    id="",
                    name=namespace,
                    line=first[namespace].line,
                    why=text("another vendor's words, %(count)s of them", count=count),
                )
            )


def _link_name(node: Node) -> str | None:
    definition = node.element.first_named(BPMN, "linkEventDefinition")
    return definition.attributes.get("name", "") if definition is not None else None


def _plain_condition(written: str) -> str | None:
    """A condition without the brackets of an expression language."""
    condition = " ".join(written.split())
    for opening, closing in (("${", "}"), ("#{", "}"), ("=", "")):
        if condition.startswith(opening) and condition.endswith(closing):
            condition = condition[len(opening) : len(condition) - len(closing)].strip()
    return condition or None
