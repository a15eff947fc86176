"""A multi-instance activity of another tool's file as a block with a branch for each row.

The block is made of two nodes that the file does not have, before and behind the activity; of
there on it is read like any other. The list that is gone through becomes a field of the draft.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.engine.bpmn.loops import LOOP, Loop, read_loop
from workflows.engine.bpmn.process import Flow, Node, find_extension, local_id
from workflows.engine.bpmn.vocabulary import BPMN, HANDOFF, make_key
from workflows.engine.bpmn.xml_tree import XmlElement
from workflows.engine.texts import Text, text

OPENS: Final = "loop"
"""The kind of the node where such a block begins."""
CLOSES: Final = "loopJoin"

_READ: Final = frozenset(
    {"extensionElements", "loopDataInputRef", "inputDataItem", "completionCondition"}
)


@dataclass
class LoopBlocks:
    """Puts blocks around the multi-instance activities of a process.

    `names` are what data of the process is called, by its id; `note` lists what is not said.
    `lists` are the fields that were made, by their keys with what each is called.
    """

    names: Mapping[str, str]
    note: Callable[[XmlElement, Text], None]
    lists: dict[str, str] = field(default_factory=dict)
    _keys: dict[str, str] = field(default_factory=dict)
    _rows: dict[str, str] = field(default_factory=dict)

    def open_all(self, nodes: Mapping[str, Node]) -> dict[str, Node]:
        """The nodes with those of the blocks among them; what we wrote stays as it is."""
        opened: dict[str, Node] = {}
        for key, node in nodes.items():
            loop = read_loop(node.element)
            if loop is None or find_extension(loop.element, "each") is not None:
                opened[key] = node
            elif find_extension(node.element, "step") is not None:
                self.note(loop.element, text("lead it through a parallel step with `each` instead"))
                opened[key] = node
            else:
                before, behind = self._open(node, loop)
                opened |= {before.id: before, key: node, behind.id: behind}
        return opened

    def _open(self, node: Node, loop: Loop) -> tuple[Node, Node]:
        before = Node(
            f"{node.id} {OPENS}", OPENS, "", loop.element, made=self._parallel(node, loop)
        )
        behind = Node(f"{node.id} {CLOSES}", CLOSES, "", loop.element, made=self._join(loop))
        before.closed_by = behind
        before.incoming, behind.outgoing = node.incoming, node.outgoing
        for flow in before.incoming:
            flow.target = before
        for flow in behind.outgoing:
            flow.source = behind
        into, out = Flow(_branch_mark(), before, node), Flow(loop.element, node, behind)
        before.outgoing, node.incoming = [into], [into]
        node.outgoing, behind.incoming = [out], [out]
        return before, behind

    def _parallel(self, node: Node, loop: Loop) -> dict[str, Any]:
        name = self._list_of(node, loop)
        why = text("there is one for each row of the list '%(field)s': say its columns", field=name)
        self.note(loop.element, why)
        row = self._rows.setdefault(name, self._name_row(loop))
        branch: dict[str, Any] = {"each": name} | ({"as": row} if row != "row" else {})
        if loop.is_sequential:
            branch["one_at_a_time"] = True
        return {"kind": "parallel", "branches": [branch]}

    def _list_of(self, node: Node, loop: Loop) -> str:
        """The key of the field that is gone through; one for all that name the same data."""
        said = self.names.get(loop.source) or loop.source.rpartition(".")[2]
        known = self._keys.get(loop.source) if loop.source else None
        if known is None:
            known = make_key(said or node.name, self.lists, otherwise="rows", length=50)
            self.lists[known] = said or node.name or known
            self._keys[loop.source] = known
        return known

    def _name_row(self, loop: Loop) -> str:
        """What its rows are called: one name means one list."""
        taken = {*self._rows.values(), *self.lists}
        return make_key(loop.item, taken, otherwise="row", length=40)

    def _join(self, loop: Loop) -> dict[str, Any]:
        for part in loop.element.children:
            if part.namespace == BPMN and part.name not in _READ:
                self.note(part, text("the rows of the list say how many there are, and hold it"))
        if loop.condition is None:
            return {"kind": "join"}
        if loop.wait_for is None:
            why = text("when it goes on without all was not taken over; say it at its join")
            self.note(loop.element, why)
            return {"kind": "join"}
        return {"kind": "join", "wait_for": loop.wait_for}


def _branch_mark() -> XmlElement:
    """The arrow into the branch, marked as those that we write."""
    arrow = XmlElement(BPMN, "sequenceFlow")
    marks = arrow.add(BPMN, "extensionElements")
    marks.add(HANDOFF, "way", {"kind": "branch", "name": "1"})
    return arrow


def data_of_loops(process: XmlElement) -> dict[str, str]:
    """The data (by its id) that multi-instance activities go through, with what it is called."""
    elements = {part.attributes.get("id", ""): part for part in process.walk()}
    marks = (mark for mark in process.walk() if (mark.namespace, mark.name) == (BPMN, LOOP))
    references = [ref for mark in marks for ref in mark.children_named(BPMN, "loopDataInputRef")]
    names: dict[str, str] = {}
    for reference in references:
        key = local_id(reference.text)
        while key and key not in names and (element := elements.get(key)) is not None:
            names[key] = element.attributes.get("name", "")
            key = local_id(element.attributes.get("dataObjectRef", ""))
    return names
