"""A BPMN file as a draft's definition, and the list of what the draft does not say.

Arrows and names come from the drawing, so a file of ours that was changed in another tool says
the change; what that tool has no word for comes from our extensions. Of another vendor's file
tasks become tasks, lanes roles, services automations that are still to be mapped, and a gateway
that no rule decides the outcomes of the task before it.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any, Final

from pydantic import ValidationError

from workflows.engine.bpmn.details import PlainStep, Way, is_step_rest, join_step
from workflows.engine.bpmn.loop_blocks import OPENS
from workflows.engine.bpmn.loops import follow_marks
from workflows.engine.bpmn.process import (
    AUTOMATIONS,
    BLOCK_GATEWAYS,
    GATEWAYS,
    TASKS,
    Flow,
    Node,
    Process,
    Unsupported,
    find_extension,
    local_id,
)
from workflows.engine.bpmn.process_reader import read_process
from workflows.engine.bpmn.shape import Shape
from workflows.engine.bpmn.vocabulary import BPMN, TO_BE_MAPPED, make_key, make_slug
from workflows.engine.bpmn.xml_tree import XmlElement, read_xml
from workflows.engine.format.definition import EXPIRED, Definition, display_title
from workflows.engine.format.explanations import explain_validation_error
from workflows.engine.format.plain_data import UnreadableText, file_problem, read_plain
from workflows.engine.texts import Text, text

_UTF_16: Final = (BOM_UTF16_LE, BOM_UTF16_BE)
_ISO_STRETCH: Final = re.compile(r"P(?:(?P<y>\d{1,2})Y)?(?:(?P<mo>\d{1,3})M)?(?:(?P<cd>\d{1,4})D)?")
_ISO_DURATION: Final = re.compile(
    r"P(?:(?P<w>\d{1,4})W)?(?:(?P<d>\d{1,4})D)?(?:T(?:(?P<h>\d{1,4})H)?(?:(?P<m>\d{1,4})M)?)?"
)


@dataclass(frozen=True, kw_only=True)
class BpmnDraft:
    """What a BPMN file gives: a definition, and what of the file it does not say."""

    definition: Definition
    unsupported: Sequence[Unsupported]


def looks_like_bpmn(written: bytes) -> bool:
    """Whether a file is XML rather than a definition file, whatever it is called."""
    return written.removeprefix(BOM_UTF8).lstrip()[:1] == b"<" or written[:2] in _UTF_16


def read_bpmn(
    written: bytes,
    *,
    name: str,
    process_id: str | None = None,
    key: str | None = None,
    owner: str | None = None,
) -> BpmnDraft:
    """The draft that a BPMN 2.0 file gives. `name` is the file's name, for messages, `key` the
    workflow's key where it is not to be made from the process's name, `owner` the username of
    who answers for another vendor's map, which names nobody.

    Raises DefinitionProblem of one line, and nothing else.
    """
    process = read_process(read_xml(written, name=name), name=name, process_id=process_id)
    builder = _DraftBuilder(process, name)
    plain = builder.build()
    if key is not None:
        plain["key"] = key
    if owner is not None and not builder.is_ours:
        plain["owner"] = owner
    try:
        definition = Definition.model_validate(plain)
    except ValidationError as problem:
        raise file_problem(name, explain_validation_error(problem)) from None
    return BpmnDraft(
        definition=definition, unsupported=sorted(builder.unsupported, key=lambda row: row.line)
    )


@dataclass
class _DraftBuilder:
    """Builds a definition as plain data, step by step as they are reached."""

    process: Process
    file_name: str
    unsupported: list[Unsupported] = field(init=False)
    keys: dict[Node, str] = field(default_factory=dict)
    steps: dict[Node, PlainStep] = field(default_factory=dict)
    implicit_end: str = ""
    """The key of the end to which nodes without an arrow lead, once there is one."""

    def __post_init__(self) -> None:
        self.unsupported = list(self.process.unsupported)
        self.nodes = list(self.process.nodes.values())
        self.details = {node: self._detail_of(node) for node in self.nodes}
        follow_marks(self.nodes, self.details)
        self.shape = Shape(self.nodes, {node for node in self.nodes if self.details[node]})
        at_edges = [node for node in self.nodes if node.host]
        self.timers = {node.host: node for node in at_edges if self._is_expiry(node)}
        self.errors = {
            node.host: node
            for node in at_edges
            if node not in self.timers.values() and self._is_error_event(node)
        }
        self.taken_keys: set[str] = set()
        for node in self.nodes:
            own = find_extension(node.element, "step")
            # A step that was copied in another tool brings the key of the one that it was.
            if own is not None and (key := own.attributes.get("key", "")) not in self.taken_keys:
                self.keys[node] = key
                self.taken_keys.add(key)

    @property
    def is_ours(self) -> bool:
        """Whether we wrote the file."""
        return find_extension(self.process.element, "workflow") is not None

    def build(self) -> dict[str, Any]:
        """The definition as plain data."""
        start = self._start()
        first = self._resolve(start) if start is not None else None
        for node in self.nodes:
            if self.shape.is_always_step(node):
                self._key(node)
        while todo := [node for node in self.keys if node not in self.steps]:
            for node in todo:
                self.steps[node] = self._build_step(node)
        steps = {self.keys[node]: self.steps[node] for node in self.nodes if node in self.steps}
        if self.implicit_end:
            steps[self.implicit_end] = {"kind": "end", "result": "done"}
        return self._workflow(start, first) | {"steps": steps}

    def note(self, element: XmlElement, why: Text) -> None:
        """List something that the draft does not say."""
        self.unsupported.append(Unsupported.of(element, why))

    def _detail_of(self, node: Node) -> dict[str, Any] | None:
        """What is known of a node's step beside the drawing."""
        if node.made is not None:
            return dict(node.made)
        return self._read_detail(node.element, "step")

    def _read_detail(self, element: XmlElement, name: str) -> dict[str, Any] | None:
        own = find_extension(element, name)
        if own is None:
            return None
        try:
            detail = read_plain(own.text).data
        except UnreadableText as problem:
            raise file_problem(self.file_name, problem.why, own.line) from None
        if not isinstance(detail, dict) or not _IS_WHOLE[name](detail):
            raise file_problem(self.file_name, text("is not as it was written"), own.line)
        return detail

    # -- the workflow ---------------------------------------------------------------------------

    def _start(self) -> Node | None:
        """The event where a request starts; others are listed."""
        events = [node for node in self.nodes if node.kind == "startEvent" and not node.is_inner]
        events.sort(key=lambda node: node.event_definition() is not None)
        for node in events[1:]:
            self.note(node.element, text("a map has one start; add a trigger to the draft instead"))
        if events and events[0].event_definition() is not None:
            self.note(
                events[0].element,
                text("what starts it was not taken over; add a trigger to the draft"),
            )
        return events[0] if events else self._first_without_arrow()

    def _first_without_arrow(self) -> Node | None:
        return next((node for node in self.nodes if not node.incoming and not node.host), None)

    def _workflow(self, start: Node | None, first: str | None) -> dict[str, Any]:
        """What stands beside the steps."""
        process, detail = self.process, self._read_detail(self.process.element, "workflow")
        plain = dict(detail) if detail is not None else self._foreign_workflow()
        plain["name"] = process.name[:200] or display_title(plain.get("key", "workflow"), None)
        self._add_roles(plain)
        self._add_lists(plain)
        if first is not None:
            begin = dict(plain.get("start", {}))
            if self.process.lists and detail is None:
                begin["fields"] = [*self.process.lists]
            if start is not None and detail is None and start.role:
                begin["role"] = start.role
            plain["start"] = begin | {"first": first}
        purpose = _documentation(process.element, plain.get("purpose"))
        return plain | ({"purpose": purpose[:4000]} if purpose else {})

    def _foreign_workflow(self) -> dict[str, Any]:
        element = self.process.element
        title = self.process.name or element.attributes.get("id", "")
        return {"format": 1, "key": make_slug(title, otherwise="workflow")}

    def _add_roles(self, plain: dict[str, Any]) -> None:
        """A role for each lane that the file's own roles do not know."""
        roles = dict(plain.get("roles", {}))
        for key in self.process.roles:
            roles.setdefault(key, {"groups": [key.replace("_", "-")]})
        if roles:
            plain["roles"] = roles

    def _add_lists(self, plain: dict[str, Any]) -> None:
        """The lists that steps are repeated for, where the file's own fields do not know them."""
        fields = dict(plain.get("fields", {}))
        for key, label in self.process.lists.items():
            columns = {"item": {"type": "text", "required": True}}
            fields.setdefault(key, {"type": "list", "label": label[:200], "columns": columns})
        if fields:
            plain["fields"] = fields

    # -- which nodes are steps, and where arrows lead -------------------------------------------

    def _resolve(self, node: Node) -> str:
        """The key of the step that an arrow to this node leads to."""
        passed: set[Node] = set()
        while self.shape.is_passed(node):
            self._note_passed(node)
            if not node.outgoing or node in passed:
                return self._end_implicitly()
            passed.add(node)
            node = node.outgoing[0].target
        return self._key(node)

    def _note_passed(self, node: Node) -> None:
        """List what is passed where it means more than a place."""
        definition = node.event_definition()
        if node.kind in BLOCK_GATEWAYS and len(node.incoming) > 1:
            why = text("no gateway that parts the way goes with it; it waits for nobody")
        elif definition is not None and definition.name != "linkEventDefinition":
            why = text("what it sends was not taken over; add an automation")
        else:
            return
        if not any(row.id == node.id and row.line == node.element.line for row in self.unsupported):
            self.note(node.element, why)

    def _key(self, node: Node) -> str:
        """The key of the node's step, which is built in its turn."""
        if node not in self.keys:
            usual = "join" if self.shape.is_join(node) else _USUAL_KEYS.get(node.kind, "step")
            self.keys[node] = make_key(node.name, self.taken_keys, otherwise=usual)
            self.taken_keys.add(self.keys[node])
        return self.keys[node]

    def _end_implicitly(self) -> str:
        """The key of the end that no node shows."""
        if not self.implicit_end:
            self.implicit_end = make_key("finished", self.taken_keys, otherwise="finished")
            self.taken_keys.add(self.implicit_end)
        return self.implicit_end

    def _follow(self, node: Node) -> str:
        """Where the node's only way leads; the end of the process where it has none."""
        if not node.outgoing:
            return self._end_implicitly()
        for flow in node.outgoing[1:]:
            self.note(flow.element, text("a step of this kind has one way on; add a parallel step"))
        return self._resolve(node.outgoing[0].target)

    # -- steps ----------------------------------------------------------------------------------

    def _build_step(self, node: Node) -> PlainStep:
        detail = self.details[node]
        rest = dict(detail) if detail is not None else self._foreign_step(node)
        key = self.keys[node]
        if node.name and node.name != display_title(key, rest.get("name")):
            rest["name"] = node.name[:200]
        if node.role and rest["kind"] in _OWNED_KINDS and (detail is None or "role" in rest):
            rest["role"] = node.role
        if rest["kind"] in ("approval", "task"):
            instructions = _documentation(node.element, rest.get("instructions"))
            rest |= {"instructions": instructions[:4000]} if instructions else {}
        if rest["kind"] == "parallel" and "join" not in rest and node in self.shape.joins:
            rest["join"] = self._key(self.shape.joins[node])
        return join_step(rest, self._ways(node, rest))

    def _foreign_step(self, node: Node) -> PlainStep:
        """A step of another vendor's file, before its ways."""
        if node.kind in AUTOMATIONS:
            return {"kind": "automation", "action": TO_BE_MAPPED}
        if node.kind in ("intermediateCatchEvent", "receiveTask"):
            return {"kind": "wait", **self._waits_for(node)}
        if node.kind == "callActivity":
            called = local_id(node.element.attributes.get("calledElement", "")) or node.name
            return {
                "kind": "subworkflow",
                "workflow": make_slug(called.removeprefix("process."), otherwise="workflow"),
            }
        if node.kind == "endEvent":
            return self._foreign_end(node)
        if self.shape.is_block(node):
            if node not in self.shape.joins:
                self.note(node.element, text("no gateway joins its branches; add a join"))
            return {"kind": "parallel"}
        if self.shape.is_join(node):
            return {"kind": "join"}
        if self.shape.is_choice(node) and any(flow.condition for flow in node.outgoing):
            return {"kind": "decision"}
        if self.shape.is_choice(node):
            self.note(node.element, text("no rule decides it: people choose here, in a task"))
        return {"kind": "task"}

    def _foreign_end(self, node: Node) -> PlainStep:
        definition = node.event_definition()
        if definition is not None and definition.name != "terminateEventDefinition":
            self.note(node.element, text("it ends the request; what it sends was not taken over"))
        return {"kind": "end", "result": make_key(node.name, (), otherwise="done", length=50)}

    def _waits_for(self, node: Node) -> dict[str, str]:
        """What a catching event waits for, as far as a map can say it; else a message."""
        definition = node.event_definition()
        if definition is not None and definition.name == "timerEventDefinition":
            written = _timer_span(node)
            if written:
                return {"for": written}
            self.note(node.element, text("its time cannot be read; it waits for a message now"))
        elif definition is not None and definition.name != "messageEventDefinition":
            self.note(node.element, text("what it waits for is a message now; correct it"))
        reference = (definition if definition is not None else node.element).attributes.get(
            "messageRef", ""
        )
        name = self.process.messages.get(local_id(reference)) or node.name or node.id
        return {"message": name[:200]}

    # -- ways -----------------------------------------------------------------------------------

    def _ways(self, node: Node, rest: PlainStep) -> list[Way]:
        """The ways out of a node's step."""
        kind = rest["kind"]
        if kind in ("approval", "task"):
            return [*self._outcomes(node), *self._expiry(node, rest)]
        if kind == "decision":
            return self._rules(node, rest)
        if kind == "table":
            return self._ways_of_table(node)
        if kind == "parallel":
            return self._branches(node, rest)
        if kind == "end":
            return []
        ways = [Way(kind="to", name="to", to=self._follow(node))]
        boundary = self.errors.get(node.id)
        if boundary is not None and kind in ("automation", "subworkflow"):
            rest.setdefault("on_error", {"exception": True})
            ways.append(Way(kind="on_error", name="on_error", to=self._follow(boundary)))
        return ways

    def _expiry(self, node: Node, rest: PlainStep) -> list[Way]:
        """The way that a task goes when its time is up: the timer at its edge."""
        timer = self.timers.get(node.id)
        if timer is None:
            return []
        written = _timer_span(timer)
        if rest["kind"] == "approval" or written is None:
            self.note(timer.element, text("only a task expires, after a time that can be read"))
            return []
        rest.setdefault("expires", {"after": written, "exception": True})
        return [Way(kind="expires", name=EXPIRED, to=self._follow(timer))]

    def _outcomes(self, node: Node) -> list[Way]:
        """What people may choose: the arrows of the task, or of the gateway right behind it."""
        flows = node.outgoing
        if len(flows) == 1 and not self.shape.is_choice(node):
            behind = self.shape.choice_behind(flows[0].target)
            flows = behind.outgoing if behind is not None else flows
        elif len(flows) > 1 and node.kind not in GATEWAYS:
            self.note(node.element, text("of several ways on people choose one now"))
        if not flows:
            return [Way(kind="outcome", name="done", to=self._follow(node))]
        taken: set[str] = set()
        ways = []
        for flow in flows:
            own = flow.own_way()
            name = own[1] if own else self._name_outcome(flow, taken, is_only=len(flows) == 1)
            taken.add(name)
            ways.append(self._outcome(flow, name, is_own=own is not None))
        return ways

    def _name_outcome(self, flow: Flow, taken: set[str], *, is_only: bool) -> str:
        """A name for an arrow of another vendor's file: its own, else where it leads."""
        target = self._resolve(flow.target)
        return make_key(flow.name, taken, otherwise="done" if is_only else f"to_{target}"[:50])

    def _outcome(self, flow: Flow, name: str, *, is_own: bool) -> Way:
        if flow.condition and not is_own:
            self.note(flow.element, text("people choose here; its condition was not taken over"))
        detail: Mapping[str, Any] = self._own_outcome(flow, name) if is_own else {}
        shown = display_title(name, detail.get("label"))
        is_shown = not flow.name or flow.name.casefold() == shown.casefold()
        return Way(
            kind="outcome",
            name=name,
            to=self._resolve(flow.target),
            label=None if is_shown else flow.name[:200],
        )

    def _own_outcome(self, flow: Flow, name: str) -> Mapping[str, Any]:
        """What we wrote of an outcome beside its task."""
        source = flow.source
        if self.details[source] is None and source.incoming:
            source = source.incoming[0].source
        outcomes: Mapping[str, Any] = (self.details[source] or {}).get("outcomes", {})
        return outcomes.get(name) or {}

    def _rules(self, node: Node, rest: PlainStep) -> list[Way]:
        default = node.element.attributes.get("default")
        ways = []
        number = len(rest.get("rules", ()))
        for flow in node.outgoing:
            to = self._resolve(flow.target)
            own = flow.own_way()
            is_default = flow.element.attributes.get("id") == default and default is not None
            if is_default or (own and own[0] == "otherwise"):
                ways.append(Way(kind="otherwise", name="otherwise", to=to))
                continue
            number += 1
            name = own[1] if own else str(number)
            condition = flow.condition or flow.name or "?"
            if own is None:
                self.note(flow.element, text("its condition is to be written as a rule"))
            ways.append(Way(kind="rule", name=name, to=to, condition=condition[:1000]))
        return ways

    def _ways_of_table(self, node: Node) -> list[Way]:
        """The arrows of a table that we wrote, or of the gateway right behind it; rows say which of
        them they take."""
        flows = node.outgoing
        if len(flows) == 1 and flows[0].own_way() is None:
            behind = self.shape.choice_behind(flows[0].target)
            flows = behind.outgoing if behind is not None else flows
        ways = []
        for flow in flows:
            own = flow.own_way()
            if own is None:
                self.note(flow.element, text("no row of the table leads there; add one"))
                continue
            ways.append(Way(kind=own[0], name=own[1], to=self._resolve(flow.target)))
        return ways

    def _branches(self, node: Node, rest: PlainStep) -> list[Way]:
        default = node.element.attributes.get("default")
        ways = []
        number = len(rest.get("branches", ()))
        for flow in node.outgoing:
            own = flow.own_way()
            if own is not None and own[1] == "none":
                continue
            to = self._resolve(flow.target)
            is_default = flow.element.attributes.get("id") == default and default is not None
            if own is None and is_default and to == rest.get("join"):
                continue
            number += 1
            if own is None and flow.condition:
                self.note(flow.element, text("its condition is to be written as a rule"))
            elif own is None and is_default:
                self.note(flow.element, text("the way by default is a branch like any other now"))
            ways.append(
                Way(
                    kind="branch",
                    name=own[1] if own else str(number),
                    to=to,
                    condition=flow.condition[:1000] if flow.condition else None,
                )
            )
        return ways

    # -- events at the edge ---------------------------------------------------------------------

    def _is_expiry(self, node: Node) -> bool:
        """Whether an event at a node's edge is a timer that takes the task away."""
        definition, host = node.event_definition(), self.process.nodes.get(node.host or "")
        interrupts = node.element.attributes.get("cancelActivity") != "false"
        is_timer = definition is not None and definition.name == "timerEventDefinition"
        return is_timer and interrupts and host is not None and host.kind in TASKS

    def _is_error_event(self, node: Node) -> bool:
        """Whether an event at a node's edge is the failure of an automation; others are listed."""
        definition = node.event_definition()
        host = self.process.nodes.get(node.host or "")
        can_fail = host is not None and (host.kind in AUTOMATIONS or host.kind == "callActivity")
        if can_fail and definition is not None and definition.name == "errorEventDefinition":
            return True
        self.note(node.element, text("an event at the edge of a step was not taken over"))
        return False


def _timer_span(node: Node) -> str | None:
    """The time of a timer as a span of a map; None where a map has none like it."""
    definition = node.event_definition()
    timer = definition.first_named(BPMN, "timeDuration") if definition is not None else None
    return _working_time(timer.text.strip()) or None if timer is not None else None


def _documentation(element: XmlElement, known: str | None) -> str | None:
    """The text that stands at an element: as it was written where nobody changed it."""
    documentation = element.first_named(BPMN, "documentation")
    if documentation is None or not documentation.text.strip():
        return None
    if known is not None and known.split() == documentation.text.split():
        return known
    return cleandoc(documentation.text).strip()


_USUAL_KEYS: Final = {
    "endEvent": "end",
    "exclusiveGateway": "choice",
    "eventBasedGateway": "choice",
    "complexGateway": "choice",
    "parallelGateway": "parallel",
    "inclusiveGateway": "parallel",
    "intermediateCatchEvent": "wait",
    "receiveTask": "wait",
    "callActivity": "subworkflow",
    OPENS: "for_each",
}
"""The keys of steps whose nodes have no name."""


def _is_workflow(detail: Mapping[str, Any]) -> bool:
    return all(isinstance(detail.get(name, {}), dict) for name in ("roles", "start"))


_IS_WHOLE: Final = {"workflow": _is_workflow, "step": is_step_rest}
_OWNED_KINDS: Final = frozenset({"approval", "task", "automation", "wait", "subworkflow"})


def _working_time(written: str) -> str | None:
    """ISO 8601 as a span of a map; None for seconds and what is none."""
    match = _ISO_DURATION.fullmatch(written) or _ISO_STRETCH.fullmatch(written)
    if match is None:
        return None
    return "".join(f"{int(count)}{unit}" for unit, count in match.groupdict().items() if count)
