"""A definition as BPMN 2.0, with a picture that any BPMN tool opens.

People's steps are user tasks, and behind one with several outcomes stands a gateway with an arrow
an outcome. What BPMN has no word for stands in extensions of ours, so that a file that is read
again (`reading.py`) gives an equal definition.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.bpmn.details import part_step
from workflows.engine.bpmn.loops import (
    activities_of_branches,
    add_loop_mark,
    collections_of,
)
from workflows.engine.bpmn.picture import add_picture
from workflows.engine.bpmn.vocabulary import BPMN, HANDOFF, XSI
from workflows.engine.bpmn.xml_tree import XmlElement, write_xml
from workflows.engine.format.definition import (
    AutomationStep,
    Definition,
    DueDef,
    HumanStep,
    JoinStep,
    Link,
    ParallelStep,
    Step,
    SubworkflowStep,
    TableStep,
    TaskStep,
    WaitStep,
    display_title,
)
from workflows.engine.format.parts import ExpiryDef
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.due_dates import Months, parse_span

START = "start"


def write_bpmn(definition: Definition) -> str:
    """The definition as a BPMN 2.0 file (XML text), valid against the OMG's schema."""
    return write_xml(_Writer(definition).build())


@dataclass
class _Writer:
    """Puts a file together from a definition."""

    definition: Definition
    plain_steps: dict[str, Any] = field(init=False)
    graph: Graph = field(init=False)
    root: XmlElement = field(init=False)
    process: XmlElement = field(init=False)
    repeated: Mapping[tuple[str, int], list[str]] = field(init=False)
    nodes: dict[str, XmlElement] = field(default_factory=dict)
    flows: list[XmlElement] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plain_steps = self.definition.dump()["steps"]
        self.graph = Graph(self.definition)
        self.repeated = activities_of_branches(self.graph)
        self.root = XmlElement(
            BPMN,
            "definitions",
            {"id": "definitions", "targetNamespace": HANDOFF, "exporter": "Handoff"},
        )

    def build(self) -> XmlElement:
        """The whole file as a tree."""
        definition = self.definition
        self._add_messages()
        collaboration = self.root.add(BPMN, "collaboration", {"id": "collaboration"})
        process_id = f"process.{definition.key}"
        collaboration.add(
            BPMN,
            "participant",
            {"id": "participant", "name": definition.name, "processRef": process_id},
        )
        self.process = self.root.add(
            BPMN, "process", {"id": process_id, "name": definition.name, "isExecutable": "false"}
        )
        if definition.purpose:
            self.process.add(BPMN, "documentation", text=definition.purpose)
        self._add_detail(self.process, "workflow", self._workflow_detail())
        self._add_nodes()
        for link in self.graph.links:
            self._add_link(link)
        self._connect_flows()
        lanes = self._add_lanes()
        data = collections_of(self.graph)
        self.process.children += [*data, *self.nodes.values(), *self.flows]
        add_picture(self.root, self.nodes, self.flows, lanes)
        return self.root

    def _workflow_detail(self) -> dict[str, Any]:
        """What stands beside the steps."""
        rest = {k: v for k, v in self.definition.dump().items() if k not in ("steps", "name")}
        if "start" in rest:
            rest["start"] = {k: v for k, v in rest["start"].items() if k != "first"}
        return rest

    @staticmethod
    def _add_detail(to: XmlElement, name: str, detail: dict[str, Any], **attributes: str) -> None:
        extensions = to.add(BPMN, "extensionElements")
        extensions.add(HANDOFF, name, attributes, text=json.dumps(detail))

    # -- nodes ----------------------------------------------------------------------------------

    def _add_node(self, node_id: str, kind: str, **attributes: str) -> XmlElement:
        node = self.nodes[node_id] = XmlElement(BPMN, kind, {"id": node_id, **attributes})
        return node

    def _add_messages(self) -> None:
        for key, step in self.definition.steps.items():
            if isinstance(step, WaitStep) and step.message:
                self.root.add(BPMN, "message", {"id": f"message.{key}", "name": step.message})

    def _add_nodes(self) -> None:
        if self.graph.first:
            self._add_node(START, "startEvent", name="Start")
            self._add_flow(START, f"step.{self.graph.first}", flow_id="flow.start")
        for key, step in self.definition.steps.items():
            node = self._add_node(
                f"step.{key}", self._element_of(key, step), name=display_title(key, step.name)
            )
            self._describe_step(node, key, step)
            if self._has_gateway(key):
                self._add_node(f"outcomes.{key}", "exclusiveGateway", gatewayDirection="Diverging")
                self._add_flow(f"step.{key}", f"outcomes.{key}", flow_id=f"flow.{key}")
            if getattr(step, "on_error", None):
                boundary = self._add_node(
                    f"error.{key}", "boundaryEvent", attachedToRef=f"step.{key}", name="Failed"
                )
                boundary.add(BPMN, "errorEventDefinition", {"id": f"error.{key}.definition"})
            if isinstance(step, TaskStep) and step.expires:
                self._add_expiry(key, step.expires)

    def _add_expiry(self, key: str, expires: ExpiryDef) -> None:
        boundary = self._add_node(
            f"expires.{key}", "boundaryEvent", attachedToRef=f"step.{key}", name="Expired"
        )
        timer = boundary.add(BPMN, "timerEventDefinition")
        written = _iso_duration(expires.after)
        kind = {f"{{{XSI}}}type": "bpmn:tFormalExpression"}
        timer.add(BPMN, "timeDuration", kind, text=written)

    def _element_of(self, key: str, step: Step) -> str:
        if isinstance(step, ParallelStep):
            return self._block_element(step)
        if isinstance(step, JoinStep):
            return self._join_element(key, step)
        return {
            "approval": "userTask",
            "task": "userTask",
            "decision": "exclusiveGateway",
            "table": "businessRuleTask",
            "automation": "serviceTask",
            "wait": "intermediateCatchEvent",
            "subworkflow": "callActivity",
            "end": "endEvent",
        }[step.kind]

    @staticmethod
    def _block_element(step: ParallelStep) -> str:
        has_conditions = any(branch.when or branch.each for branch in step.branches)
        return "inclusiveGateway" if has_conditions else "parallelGateway"

    def _join_element(self, key: str, step: JoinStep) -> str:
        blocks = [
            other
            for other in self.definition.steps.values()
            if isinstance(other, ParallelStep) and other.join == key
        ]
        if step.wait_for not in (None, "all") or not blocks:
            return "complexGateway"
        return self._block_element(blocks[0])

    def _describe_step(self, node: XmlElement, key: str, step: Step) -> None:
        if isinstance(step, HumanStep) and step.instructions:
            node.add(BPMN, "documentation", text=step.instructions)
        detail = part_step(self.plain_steps[key])
        self._add_detail(node, "step", detail, key=key)
        add_loop_mark(node, self.graph, key, is_alone=self._is_alone_in_branch(key))
        if isinstance(step, ParallelStep):
            node.attributes["gatewayDirection"] = "Diverging"
        elif isinstance(step, JoinStep):
            node.attributes["gatewayDirection"] = "Converging"
        elif isinstance(step, AutomationStep | TableStep):
            node.attributes["implementation"] = "##unspecified"
        elif isinstance(step, SubworkflowStep):
            node.attributes["calledElement"] = f"process.{step.workflow}"
        elif isinstance(step, WaitStep):
            self._add_event_definition(node, key, step)

    @staticmethod
    def _add_event_definition(node: XmlElement, key: str, step: WaitStep) -> None:
        """What a wait is for."""
        if step.message:
            node.add(BPMN, "messageEventDefinition", {"messageRef": f"message.{key}"})
            return
        timer = node.add(BPMN, "timerEventDefinition")
        kind, written = "timeDate", _until_text(step.until)
        if step.for_:
            kind, written = "timeDuration", _iso_duration(step.for_)
        timer.add(BPMN, kind, {f"{{{XSI}}}type": "bpmn:tFormalExpression"}, text=written)

    # -- arrows ---------------------------------------------------------------------------------

    def _has_gateway(self, key: str) -> bool:
        """Whether the ways of a step part at a gateway behind it."""
        step = self.graph[key]
        if isinstance(step, HumanStep):
            return len(step.outcomes) > 1
        return isinstance(step, TableStep) and len(self.graph.leaving[key]) > 1

    def _add_link(self, link: Link) -> None:
        """The arrow of a way; that of a reopening is none, it stands in the end's detail."""
        if link.kind == "reopen":
            return
        step = self.graph[link.source]
        source = f"step.{link.source}"
        if link.kind == "on_error":
            source = f"error.{link.source}"
        elif link.kind == "expires":
            source = f"expires.{link.source}"
        elif self._has_gateway(link.source):
            source = f"outcomes.{link.source}"
        flow = self._add_flow(
            source,
            f"step.{link.to}",
            flow_id=f"flow.{link.source}.{link.kind}.{link.name}",
            name=_label_of(link),
        )
        way = {"kind": link.kind, "name": link.name, **self._loop_of(link)}
        flow.add(BPMN, "extensionElements").add(HANDOFF, "way", way)
        if link.kind in ("rule", "branch") and link.route.when:
            flow.add(
                BPMN,
                "conditionExpression",
                {f"{{{XSI}}}type": "bpmn:tFormalExpression"},
                text=link.route.when,
            )
        elif isinstance(step, TableStep):
            if link.kind == "otherwise" and source.startswith("outcomes."):
                self.nodes[source].attributes["default"] = flow.attributes["id"]
        elif link.kind == "otherwise" or (link.kind == "branch" and link.name == "none"):
            self.nodes[source].attributes["default"] = flow.attributes["id"]

    def _loop_of(self, link: Link) -> dict[str, str]:
        """A step that bears the mark of a branch for each row, for the arrow into the branch."""
        if link.kind != "branch" or not link.name.isdigit():
            return {}
        steps = self.repeated.get((link.source, int(link.name) - 1), ())
        return {"loop": f"step.{steps[0]}"} if steps else {}

    def _is_alone_in_branch(self, key: str) -> bool:
        """Whether a step is the only one of a branch that is repeated."""
        return [key] in self.repeated.values()

    def _add_flow(self, source: str, target: str, *, flow_id: str, name: str = "") -> XmlElement:
        attributes = {"id": flow_id, "sourceRef": source, "targetRef": target}
        if name:
            attributes["name"] = name
        flow = XmlElement(BPMN, "sequenceFlow", attributes)
        self.flows.append(flow)
        return flow

    def _connect_flows(self) -> None:
        """Each node names the arrows that meet and leave it, between its texts and what it is."""
        ends: dict[str, list[XmlElement]] = {node_id: [] for node_id in self.nodes}
        for side, name in (("targetRef", "incoming"), ("sourceRef", "outgoing")):
            for flow in self.flows:
                ends[flow.attributes[side]].append(
                    XmlElement(BPMN, name, text=flow.attributes["id"])
                )
        for node_id, node in self.nodes.items():
            texts = [child for child in node.children if child.name in _BEFORE_ARROWS]
            rest = [child for child in node.children if child.name not in _BEFORE_ARROWS]
            node.children = [*texts, *ends[node_id], *rest]

    # -- lanes ----------------------------------------------------------------------------------

    def _add_lanes(self) -> dict[str, list[str]]:
        """A lane for each role that owns a step, with its nodes; what nobody owns stands in the
        lane of what leads to it."""
        owners = self._own_roles()
        if not owners:
            return {}
        lanes: dict[str, list[str]] = {}
        first_role = next(iter(owners.values()))
        reached = self._inherit_roles(owners)
        for node_id in self.nodes:
            lanes.setdefault(reached.get(node_id, first_role), []).append(node_id)
        lane_set = self.process.add(BPMN, "laneSet", {"id": "lanes"})
        for role, node_ids in lanes.items():
            title = role.replace("_", " ").capitalize()
            lane = lane_set.add(BPMN, "lane", {"id": f"lane.{role}", "name": title})
            lane.add(BPMN, "extensionElements").add(HANDOFF, "role", {"key": role})
            for node_id in node_ids:
                lane.add(BPMN, "flowNodeRef", text=node_id)
        return {f"lane.{role}": node_ids for role, node_ids in lanes.items()}

    def _own_roles(self) -> dict[str, str]:
        owners = {}
        start = self.definition.start
        if start and start.role and START in self.nodes:
            owners[START] = start.role
        for key, step in self.definition.steps.items():
            role = getattr(step, "role", None)
            if role:
                owners[f"step.{key}"] = role
        return owners

    def _inherit_roles(self, owners: dict[str, str]) -> dict[str, str]:
        roles = dict(owners)
        for node_id, node in self.nodes.items():
            host = node.attributes.get("attachedToRef")
            if host in roles:
                roles[node_id] = roles[host]
        todo = list(roles)
        following: dict[str, list[str]] = {}
        for flow in self.flows:
            following.setdefault(flow.attributes["sourceRef"], []).append(
                flow.attributes["targetRef"]
            )
        for node_id in todo:
            for target in following.get(node_id, ()):
                if target not in roles:
                    roles[target] = roles[node_id]
                    todo.append(target)
        return roles


_BEFORE_ARROWS = ("documentation", "extensionElements")


def _label_of(link: Link) -> str:
    """What stands at an arrow."""
    if link.kind == "outcome":
        return display_title(link.name, link.route.label)
    if link.kind in ("rule", "branch"):
        return link.route.when or ""
    if link.kind == "row":
        return link.route.label or ""
    return "Otherwise" if link.kind == "otherwise" else ""


def _until_text(until: str | DueDef | None) -> str:
    """What a wait until a date says, to be read by people."""
    if until is None or isinstance(until, str):
        return until or ""
    return f"{until.field} {'-' if until.before else '+'} {_iso_duration(until.by)}"


def _iso_duration(written: str) -> str:
    """A span as ISO 8601 has it, to be read by people: a day of working time is a working day."""
    duration = parse_span(written)
    if isinstance(duration, Months):
        years, months = divmod(duration.count, 12)
        parts = ((years, "Y"), (months, "M"), (duration.days, "D"))
        return "P" + ("".join(f"{count}{unit}" for count, unit in parts if count) or "0D")
    days = duration.weeks * 7 + duration.days
    hours = f"{duration.hours}H" if duration.hours else ""
    minutes = f"{duration.minutes}M" if duration.minutes else ""
    clock = f"T{hours}{minutes}" if hours or minutes else ""
    return f"P{days}D{clock}" if days or not clock else f"P{clock}"
