"""What a new step says before anybody has filled it in: enough that the map can be read."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Final

from workflows.engine.bpmn.vocabulary import make_key
from workflows.engine.editing.ways import Form

EXPECTED: Final = "1d"
DUE: Final = "3d"
PARALLEL_PARTS: Final = 2
REJECTED: Final = "rejected"


@dataclass(frozen=True, kw_only=True)
class NewStep:
    """A step to be put into a map. `labels` are words for the outcomes and ends that come with
    it, by their keys, in a language other than that of the keys; `workflow` is the one that a
    sub-workflow starts."""

    kind: str
    name: str
    role: str | None = None
    expected: str | None = None
    rule: str | None = None
    rule_to: str | None = None
    workflow: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def key_of_step(name: str, taken: Container[str], kind: str) -> str:
    """The key of a step that is called so."""
    return make_key(name, taken, otherwise=kind)


def end_step(result: str, labels: Mapping[str, str]) -> Form:
    """An end with this result."""
    named = {"name": labels[result]} if result in labels else {}
    return {"kind": "end", **named, "result": result}


def outcome(name: str, to: str, labels: Mapping[str, str], *, refuses: bool = False) -> Form:
    """An outcome; one that refuses is an exception and wants a comment."""
    label = {"label": labels[name]} if name in labels else {}
    return {"to": to, **label, **({"comment": "required", "exception": True} if refuses else {})}


def write_new_step(new: NewStep, to: str, rejected: str) -> Form:
    """The step as its file says it, leading on to `to`."""
    named = {"kind": new.kind, **({"name": new.name} if new.name else {})}
    return named | _BY_KIND[new.kind](new, to, rejected)


def _owned(new: NewStep) -> Form:
    return {"role": new.role} if new.role else {}


def _people(new: NewStep) -> Form:
    return {**_owned(new), "expected": new.expected or EXPECTED, "due": DUE}


def _approval(new: NewStep, to: str, rejected: str) -> Form:
    outcomes = {
        "approve": outcome("approve", to, new.labels),
        "reject": outcome("reject", rejected, new.labels, refuses=True),
    }
    return {**_people(new), "outcomes": outcomes}


def _task(new: NewStep, to: str, rejected: str) -> Form:
    return {**_people(new), "outcomes": {"done": outcome("done", to, new.labels)}}


def _decision(new: NewStep, to: str, rejected: str) -> Form:
    rules = [{"when": new.rule, "to": new.rule_to or to}] if new.rule else []
    return {**({"rules": rules} if rules else {}), "otherwise": to}


def _table(new: NewStep, to: str, rejected: str) -> Form:
    return {"otherwise": to}


def _automation(new: NewStep, to: str, rejected: str) -> Form:
    return {**_owned(new), "expected": new.expected or EXPECTED, "action": "set_fields", "to": to}


def _wait(new: NewStep, to: str, rejected: str) -> Form:
    return {"for": new.expected or EXPECTED, "to": to}


def _subworkflow(new: NewStep, to: str, rejected: str) -> Form:
    return {**_owned(new), "workflow": new.workflow or "-", "to": to}


def _end(new: NewStep, to: str, rejected: str) -> Form:
    return {"result": make_key(new.name, (), otherwise="done")}


_BY_KIND: Final[Mapping[str, Callable[[NewStep, str, str], Form]]] = {
    "approval": _approval,
    "task": _task,
    "decision": _decision,
    "table": _table,
    "automation": _automation,
    "wait": _wait,
    "subworkflow": _subworkflow,
    "end": _end,
}
