"""A branch for each row as BPMN's multi-instance activities: what is written, and what is read.

BPMN repeats an activity for each item of a collection; a map repeats a branch for each row. So
each activity of such a branch bears the mark, and the arrow into the branch names one of them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from workflows.engine.bpmn.process import Node, find_extension, local_id
from workflows.engine.bpmn.vocabulary import BPMN, HANDOFF, XSI
from workflows.engine.bpmn.xml_tree import XmlElement
from workflows.engine.format.definition import JoinStep, ParallelStep, display_title
from workflows.engine.routing.graph import Graph

LOOP: Final = "multiInstanceLoopCharacteristics"
ACTIVITIES: Final = frozenset({"approval", "task", "automation", "table", "subworkflow"})
_DONE: Final = "numberOfCompletedInstances"
_ALL: Final = "numberOfInstances"

_COUNT: Final = re.compile(r"(?:nrOf|numberOf)CompletedInstances\s*(?:>=|==?)\s*(\d{1,4})")
_PART: Final = re.compile(
    r"(?:nrOf|numberOf)CompletedInstances\s*(?:/\s*(?:nrOf|numberOf)Instances\s*>=\s*([01]?\.?\d+)"
    r"|>=\s*([01]?\.?\d+)\s*\*\s*(?:nrOf|numberOf)Instances)"
)

WaitFor = int | str
"""How many are awaited, as a join says it."""


# -- out ------------------------------------------------------------------------------------------


def activities_of_branches(graph: Graph) -> Mapping[tuple[str, int], list[str]]:
    """The steps that bear the mark, by the parallel step and the branch (from 0) of each."""
    activities: dict[tuple[str, int], list[str]] = {}
    for key, step in graph.steps.items():
        scopes = graph.row_scopes[key]
        if scopes and step.kind in ACTIVITIES:
            activities.setdefault((scopes[-1].parallel, scopes[-1].index), []).append(key)
    return activities


def add_loop_mark(node: XmlElement, graph: Graph, key: str, *, is_alone: bool) -> None:
    """Mark a step that there is for each row; `is_alone` where it is all of its branch."""
    scopes = graph.row_scopes[key]
    if not scopes or graph[key].kind not in ACTIVITIES:
        return
    scope = scopes[-1]
    branch = graph.branches_of(scope.parallel)[scope.index]
    in_turn = "true" if branch.one_at_a_time else "false"
    mark = node.add(BPMN, LOOP, {"isSequential": in_turn})
    place = {"step": scope.parallel, "branch": str(scope.index + 1)}
    mark.add(BPMN, "extensionElements").add(HANDOFF, "each", place)
    if branch.listed is not None:
        mark.add(BPMN, "loopDataInputRef", text=collection_id(branch.listed))
    mark.add(BPMN, "inputDataItem", {"id": f"item.{key}", "name": scope.name})
    condition = _condition_of_join(graph, scope.parallel)
    if condition and is_alone:
        kind = {f"{{{XSI}}}type": "bpmn:tFormalExpression"}
        mark.add(BPMN, "completionCondition", kind, text=condition)


def collections_of(graph: Graph) -> list[XmlElement]:
    """The lists and people that branches go through, as data of the process."""
    innermost = (scopes[-1] for scopes in graph.row_scopes.values() if scopes)
    branches = (graph.branches_of(scope.parallel)[scope.index] for scope in innermost)
    sources = dict.fromkeys(branch.listed for branch in branches if branch.listed is not None)
    fields = graph.definition.fields
    return [
        XmlElement(
            BPMN,
            "dataObject",
            {
                "id": collection_id(source),
                "name": display_title(source, fields[source].label if source in fields else None),
                "isCollection": "true",
            },
        )
        for source in sources
    ]


def collection_id(field: str) -> str:
    """What a field that is gone through is called in the file."""
    return f"data.{field}"


def _condition_of_join(graph: Graph, parallel: str) -> str | None:
    """When it goes on without all, where nothing is awaited but these rows."""
    step = graph[parallel]
    join = graph.steps.get(step.join) if isinstance(step, ParallelStep) and step.join else None
    if not isinstance(join, JoinStep) or len(graph.branches_of(parallel)) != 1:
        return None
    return write_completion(join.wait_for)


def write_completion(wait_for: WaitFor | None) -> str | None:
    """What a join waits for as the condition of a multi-instance activity; None for all."""
    if wait_for in (None, "all"):
        return None
    if wait_for == "any" or isinstance(wait_for, int):
        return f"{_DONE} >= {1 if wait_for == 'any' else wait_for}"
    share = (Decimal(str(wait_for).rstrip("% ")) / 100).normalize()
    return f"{_DONE} / {_ALL} >= {share:f}"


# -- in -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Loop:
    """What a multi-instance activity says: what it goes through (an id or an expression), what an
    item is called, whether one comes after another, and when it goes on (None: not said)."""

    element: XmlElement
    source: str
    item: str
    is_sequential: bool
    condition: str | None

    @property
    def wait_for(self) -> WaitFor | None:
        """How many are awaited; None where the condition says something else."""
        return read_completion(self.condition or "")


def read_loop(element: XmlElement) -> Loop | None:
    """The mark of an activity, in the words of the standard or of two vendors that have their own;
    None where it bears none."""
    mark = element.first_named(BPMN, LOOP)
    if mark is None:
        return None
    reference = mark.first_named(BPMN, "loopDataInputRef")
    item = mark.first_named(BPMN, "inputDataItem")
    condition = mark.first_named(BPMN, "completionCondition")
    said = _vendor_words(mark)
    return Loop(
        element=mark,
        source=local_id(reference.text) if reference is not None else said.get("collection", ""),
        item=(item.attributes.get("name", "") if item is not None else "") or said.get("item", ""),
        is_sequential=mark.attributes.get("isSequential") == "true",
        condition=_bare(condition.text) or None if condition is not None else said.get("condition"),
    )


_VENDOR_WORDS: Final = {
    "collection": "collection",
    "inputCollection": "collection",
    "elementVariable": "item",
    "inputElement": "item",
}


def _vendor_words(mark: XmlElement) -> dict[str, str]:
    said = {}
    for part in mark.walk():
        if part.namespace == BPMN and part is not mark:
            continue
        for name, value in part.attributes.items():
            word = _VENDOR_WORDS.get(name.rpartition("}")[2])
            if word and (part is not mark or name.startswith("{")):
                said[word] = _bare(value)
    return said


def _bare(written: str) -> str:
    """An expression without the brackets of its language."""
    text = " ".join(written.split()).removeprefix("=").strip()
    return text[2:-1].strip() if text[:2] in ("${", "#{") and text.endswith("}") else text


def read_completion(condition: str) -> WaitFor | None:
    """The condition of a multi-instance activity as what a join waits for: `any`, a number, a
    share, or `all`; None for one that says something else."""
    if match := _COUNT.fullmatch(condition):
        number = int(match[1])
        return ("any" if number == 1 else number) if number else None
    match = _PART.fullmatch(condition)
    share = Decimal(match[1] or match[2]) if match else Decimal(0)
    if not 0 < share <= 1:
        return None
    return "all" if share == 1 else f"{(share * 100).normalize():f}%"


def follow_marks(nodes: Iterable[Node], details: Mapping[Node, dict[str, Any] | None]) -> None:
    """Take over into what we wrote of branches for each row what another tool made of their marks:
    taken away, in turn or at once, or how many are awaited."""
    by_id = {node.id: node for node in nodes}
    joins = {_own_key(node): details[node] for node in by_id.values()}
    for node in by_id.values():
        detail = details[node]
        for flow in node.outgoing if detail and detail.get("kind") == "parallel" else ():
            way, own = find_extension(flow.element, "way"), flow.own_way()
            bearer = by_id.get(way.attributes.get("loop", "")) if way is not None else None
            if bearer is None or own is None or detail is None:
                continue
            number, branches = int(own[1]), detail.get("branches", [])
            if number <= len(branches):
                loop = read_loop(bearer.element)
                branches[number - 1] = _with_mark(branches[number - 1], loop)
                if loop is not None and len(branches) == 1:
                    _follow_condition(joins.get(detail.get("join", "")), loop)


def _own_key(node: Node) -> str:
    own = find_extension(node.element, "step")
    return own.attributes.get("key", "") if own is not None else ""


def _with_mark(branch: Mapping[str, Any], loop: Loop | None) -> dict[str, Any]:
    if loop is None:
        gone = ("each", "as", "one_at_a_time", "stop_on")
        return {key: value for key, value in branch.items() if key not in gone}
    if loop.is_sequential == bool(branch.get("one_at_a_time")):
        return dict(branch)
    kept = {key: value for key, value in branch.items() if key != "one_at_a_time"}
    return kept | ({"one_at_a_time": True} if loop.is_sequential else {})


def _follow_condition(join: dict[str, Any] | None, loop: Loop) -> None:
    """What is awaited, where the mark says another than it did when we wrote it."""
    if join is None or loop.condition is None or loop.wait_for is None:
        return
    if loop.condition != write_completion(join.get("wait_for")):
        join["wait_for"] = loop.wait_for
