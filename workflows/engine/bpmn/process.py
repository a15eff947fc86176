"""A BPMN process as it is drawn: nodes and arrows, and what of the file is no part of a map."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.engine.bpmn.vocabulary import BPMN, HANDOFF
from workflows.engine.bpmn.xml_tree import XmlElement
from workflows.engine.texts import Text

TASKS: Final = frozenset({"task", "userTask", "manualTask"})
AUTOMATIONS: Final = frozenset({"serviceTask", "scriptTask", "businessRuleTask", "sendTask"})
BLOCK_GATEWAYS: Final = frozenset({"parallelGateway", "inclusiveGateway"})
GATEWAYS: Final = BLOCK_GATEWAYS | {"exclusiveGateway", "complexGateway", "eventBasedGateway"}
EVENTS: Final = frozenset(
    {
        "startEvent",
        "endEvent",
        "boundaryEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
    }
)
FLOW_NODES: Final = (
    TASKS | AUTOMATIONS | GATEWAYS | EVENTS | {"receiveTask", "callActivity", "subProcess"}
)

_NUMBER: Final = re.compile("[1-9][0-9]{0,3}|none")
"""What rules and branches are called; `none` is the way where no branch applies."""


@dataclass(frozen=True, kw_only=True)
class Unsupported:
    """Something of the file that the draft does not say: which element, where, and why."""

    element: str
    id: str
    name: str
    line: int
    why: Text

    @classmethod
    def of(cls, element: XmlElement, why: Text) -> "Unsupported":
        """A row about an element, with its name on one line."""
        attributes = element.attributes
        return cls(
            element=element.name,
            id=attributes.get("id", ""),
            name=" ".join(attributes.get("name", "").split()),
            line=element.line,
            why=why,
        )


@dataclass(eq=False)
class Node:
    """A flow node, with the arrows that leave and meet it."""

    id: str
    kind: str
    name: str
    element: XmlElement
    role: str | None = None
    outgoing: list["Flow"] = field(default_factory=list)
    incoming: list["Flow"] = field(default_factory=list)
    host: str | None = None
    """The node at whose edge it sits."""
    is_inner: bool = False
    """Whether it starts or ends a sub-process, which has become a part of the process."""
    made: Mapping[str, Any] | None = None
    """What it is as a step, where the file has no element of its own for it."""
    closed_by: "Node | None" = None
    """The node that joins what this one opens, where both were made."""

    def event_definition(self) -> XmlElement | None:
        """What kind of event it is; None for a plain one."""
        return next(
            (part for part in self.element.children if part.name.endswith("EventDefinition")), None
        )


@dataclass(eq=False)
class Flow:
    """An arrow from node to node."""

    element: XmlElement
    source: Node
    target: Node
    name: str = ""
    condition: str | None = None

    def own_way(self) -> tuple[str, str] | None:
        """Which way of its step it is, in a file that we wrote: its kind and its name."""
        own = find_extension(self.element, "way")
        if own is None:
            return None
        kind, name = own.attributes.get("kind", ""), own.attributes.get("name", "")
        is_named = _NUMBER.fullmatch(name) if kind in ("rule", "branch") else name
        return (kind, name) if is_named else None


@dataclass(kw_only=True)
class Process:
    """A process as it is drawn: its nodes by id, the roles of its lanes by key with the lanes'
    names, the names of the file's messages by id, and what is not taken over."""

    element: XmlElement
    name: str
    nodes: dict[str, Node]
    roles: dict[str, str]
    messages: dict[str, str]
    unsupported: list[Unsupported]
    lists: dict[str, str]
    """The lists that its multi-instance activities go through: the keys of fields, and names."""


def find_extension(element: XmlElement, name: str) -> XmlElement | None:
    """What we wrote beside an element that BPMN has no word for."""
    extensions = element.first_named(BPMN, "extensionElements")
    return extensions.first_named(HANDOFF, name) if extensions is not None else None


def local_id(reference: str) -> str:
    """The id that a qualified name refers to."""
    return reference.rsplit(":", 1)[-1].strip()
