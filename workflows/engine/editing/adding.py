"""Putting a step into a map: behind another, on a way, at the same time as another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from workflows.engine.bpmn.vocabulary import make_key
from workflows.engine.editing.blocks import (
    find_inside,
    forward_way,
    innermost_block,
    outermost_block,
    parallel_of_join,
)
from workflows.engine.editing.new_steps import (
    PARALLEL_PARTS,
    REJECTED,
    NewStep,
    end_step,
    key_of_step,
    write_new_step,
)
from workflows.engine.editing.ways import Form, Way, lead_ways, put_behind, ways_of
from workflows.engine.errors import InvalidInput

ORDINARY: Final = frozenset({"approval", "task", "automation", "wait", "subworkflow", "parallel"})
"""Kinds of steps that something can go on at the same time as."""


@dataclass(frozen=True, kw_only=True)
class AtStart:
    """In front of the first step."""


@dataclass(frozen=True, kw_only=True)
class Behind:
    """Behind a step, where its work goes on."""

    step: str


@dataclass(frozen=True, kw_only=True)
class OnWay:
    """Between two steps: on this way of the first."""

    step: str
    kind: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """At the same time as a step: as a branch beside it, in a block that is made where there is
    none."""

    step: str


Place = AtStart | Behind | OnWay | Beside


@dataclass(frozen=True, kw_only=True)
class Added:
    """The map with its new step, and the key of that."""

    form: Form
    key: str


def add_step(form: Form, place: Place, new: NewStep) -> Added:
    """The map with a step more. Raises InvalidInput where it cannot stand there."""
    if not isinstance(place, AtStart):
        _require_step(form, place.step)
    if isinstance(place, Beside):
        return _add_beside(form, place.step, new)
    if new.kind == "parallel":
        return _add_block(form, place, new)
    source, ways = _ways_at(form, place)
    if new.kind == "end":
        return _add_end(form, place, new)
    to = ways[0].to if ways else _first_step(form)
    form, key = _put_in(form, source, new, to)
    return Added(form=_lead_into(form, source, ways, key), key=key)


def _require_step(form: Form, key: str) -> None:
    if key not in form["steps"]:
        raise InvalidInput("There is no step '%(key)s' in this map any more.", key=key)


def _ways_at(form: Form, place: Place) -> tuple[str | None, list[Way]]:
    """Which ways of which step are to lead to the new one; none in front of the first step."""
    steps = form["steps"]
    if isinstance(place, AtStart):
        return None, []
    if isinstance(place, OnWay):
        found = [
            way for way in ways_of(steps[place.step]) if (way.kind, way.name) == _name_of(place)
        ]
        if not found or found[0].to not in steps:
            raise InvalidInput("There is no such way in this map any more.")
        return place.step, found
    source = str(steps[place.step].get("join") or place.step)
    forward = forward_way(steps, source)
    if forward is None:
        raise InvalidInput("Nothing comes behind this step; add one on one of its ways.")
    alike = [way for way in ways_of(steps[source]) if _is_alike(way, forward)]
    return source, [forward, *alike]


def _name_of(place: OnWay) -> tuple[str, str]:
    return place.kind, place.name


def _is_alike(way: Way, forward: Way) -> bool:
    return way.kind == "outcome" and way.to == forward.to and not way.is_exception


def _first_step(form: Form) -> str:
    first = (form.get("start") or {}).get("first")
    if first not in form["steps"]:
        raise InvalidInput("The map has no first step yet; choose one first.")
    return str(first)


def _put_in(form: Form, source: str | None, new: NewStep, to: str) -> tuple[Form, str]:
    """The map with the step that nothing leads to yet."""
    steps = form["steps"]
    rejected = REJECTED
    if new.kind == "approval":
        rejected, steps = _find_rejected(steps, new)
    key = key_of_step(new.name, steps, new.kind)
    step = write_new_step(new, to, rejected)
    return {**form, "steps": put_behind(steps, source, key, step)}, key


def _find_rejected(steps: Form, new: NewStep) -> tuple[str, Form]:
    """The end of what was rejected; a new one where the map has none."""
    for key, step in steps.items():
        if step.get("kind") == "end" and step.get("result") == REJECTED:
            return key, steps
    key = key_of_step(REJECTED, steps, "end")
    return key, {**steps, key: end_step(REJECTED, new.labels)}


def _lead_into(form: Form, source: str | None, ways: list[Way], key: str) -> Form:
    if source is None:
        return {**form, "start": {**(form.get("start") or {}), "first": key}}
    led = lead_ways(form["steps"][source], lambda way: key if way in ways else way.to)
    return {**form, "steps": {**form["steps"], source: led}}


def _add_end(form: Form, place: Place, new: NewStep) -> Added:
    """An end in the place of where one of several ways leads."""
    source, ways = _ways_at(form, place)
    if source is None or not isinstance(place, OnWay) or place.kind in ("to", "branch"):
        raise InvalidInput("An end stands on one of several ways of a step; choose such a way.")
    around = innermost_block(form["steps"], source)
    put, key = _put_in(form, source, new, "")
    led = _lead_into(put, source, ways, key)
    if around is not None and source not in find_inside(led["steps"], around):
        raise InvalidInput("The branch would no longer come to where the others wait for it.")
    return Added(form=led, key=key)


# -- at the same time --------------------------------------------------------------------------


def _add_block(form: Form, place: Place, new: NewStep) -> Added:
    """A block of its own: a first task there, and a second beside it."""
    parts = [f"{new.name} {number}".strip() for number in range(1, PARALLEL_PARTS + 1)]
    task = replace(new, kind="task")
    first = add_step(form, place, replace(task, name=parts[0]))
    form = first.form
    for name in parts[1:]:
        form = _add_beside(form, first.key, replace(task, name=name)).form
    block = innermost_block(form["steps"], first.key)
    assert block is not None
    steps = form["steps"]
    if new.name:
        steps = {**steps, block: {**steps[block], "name": new.name}}
    return Added(form={**form, "steps": steps}, key=block)


def _add_beside(form: Form, beside: str, new: NewStep) -> Added:
    if new.kind not in ORDINARY:
        raise InvalidInput("This cannot go on at the same time as another step; add it on a way.")
    form, block = _open_block(form, beside)
    join = str(form["steps"][block]["join"])
    inner = replace(new, kind="task") if new.kind == "parallel" else new
    form, key = _put_in(form, beside, inner, join)
    opening = form["steps"][block]
    branches = [*opening["branches"], {"to": key}]
    steps = {**form["steps"], block: {**opening, "branches": branches}}
    return Added(form={**form, "steps": steps}, key=key)


def _open_block(form: Form, beside: str) -> tuple[Form, str]:
    """The block in which the step is a branch; around it where it is in none yet."""
    steps = form["steps"]
    if steps[beside].get("kind") == "join":
        beside = parallel_of_join(steps, beside) or beside
    if steps[beside].get("kind") == "parallel" and steps[beside].get("join") in steps:
        return form, beside
    around = innermost_block(steps, beside)
    if around and any(way.to == beside for way in ways_of(steps[around])):
        return form, around
    return _wrap_in_block(form, beside)


def _wrap_in_block(form: Form, inner: str) -> tuple[Form, str]:
    """A block around one step: all that led to it leads to the block, and it leads to the join."""
    steps = form["steps"]
    forward = forward_way(steps, inner)
    if steps[inner].get("kind") not in ORDINARY or forward is None or forward.is_exception:
        raise InvalidInput("Nothing can go on at the same time as this step.")
    block = key_of_step(f"{inner}_and_more", steps, "parallel")
    join = key_of_step(f"{inner}_joined", {*steps, block}, "join")
    led = {
        key: lead_ways(step, lambda way: block if way.to == inner else way.to)
        if key != inner
        else lead_ways(step, lambda way: join if _is_forward(way, forward) else way.to)
        for key, step in steps.items()
    }
    opening = {"kind": "parallel", "branches": [{"to": inner}], "join": join}
    led = put_behind(led, _before(led, inner), block, opening)
    led = put_behind(led, inner, join, {"kind": "join", "wait_for": "all", "to": forward.to})
    start = dict(form.get("start") or {})
    if start.get("first") == inner:
        start["first"] = block
    return {**form, **({"start": start} if start else {}), "steps": led}, block


def _is_forward(way: Way, forward: Way) -> bool:
    return way == forward or _is_alike(way, forward)


def _before(steps: Form, key: str) -> str | None:
    keys = list(steps)
    place = keys.index(key)
    return keys[place - 1] if place else None


def add_outcome(
    form: Form, step: str, *, label: str, to: str, is_exception: bool, wants_comment: bool
) -> Form:
    """The map with one more outcome of a person's step. Raises InvalidInput."""
    _require_step(form, step)
    _require_step(form, to)
    outcomes = dict(form["steps"][step].get("outcomes") or {})
    if form["steps"][step].get("kind") not in ("approval", "task"):
        raise InvalidInput("Only a step of people has outcomes; choose such a step.")
    name = make_key(label, outcomes, otherwise="outcome")
    said = {"comment": "required"} if wants_comment else {}
    exception = {"exception": True} if is_exception else {}
    outcomes[name] = {"to": to, "label": label, **said, **exception}
    steps = {**form["steps"], step: {**form["steps"][step], "outcomes": outcomes}}
    return {**form, "steps": steps}


def add_in_order(form: Form, lines: Sequence[tuple[NewStep, bool]]) -> Added:
    """The map with these steps behind its last one, one after the other; with a second value that
    is true, at the same time as the one before."""
    before = find_last_step(form)
    for step, is_beside in lines:
        place: Place = Beside(step=before) if is_beside and before else _behind(form, before)
        added = add_step(form, place, step)
        form, before = added.form, added.key
    return Added(form=form, key=before)


def _behind(form: Form, before: str) -> AtStart | Behind:
    if not before:
        return AtStart()
    return Behind(step=outermost_block(form["steps"], before) or before)


def find_last_step(form: Form) -> str:
    """The step behind which a run of the map that goes well is over; '' where there is none."""
    steps, seen, last = form["steps"], set[str](), ""
    key = str((form.get("start") or {}).get("first") or "")
    while key in steps and steps[key].get("kind") != "end" and key not in seen:
        seen.add(key)
        forward = forward_way(steps, key)
        last, key = key, forward.to if forward else ""
    return last
