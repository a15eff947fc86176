"""Taking a step out of a map: what led to it leads on to where it led."""

from dataclasses import dataclass, field

from workflows.engine.editing.blocks import (
    find_region,
    forward_way,
    innermost_block,
    parallel_of_join,
)
from workflows.engine.editing.ways import Form, Way, lead_ways, steps_leading_to, ways_of
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import UNUSUAL_WAYS


@dataclass(frozen=True, kw_only=True)
class Removed:
    """The map without the step. `led_to` is where the ways to it lead now; `conditions` are those
    of branches that are no longer asked; `dissolved` are blocks that had one branch left."""

    form: Form
    led_to: str
    conditions: tuple[str, ...] = ()
    dissolved: tuple[str, ...] = field(default_factory=tuple)


def remove_step(form: Form, key: str) -> Removed:
    """The map with a step less. Raises InvalidInput where its ways cannot be joined up."""
    steps = form["steps"]
    if key not in steps:
        raise InvalidInput("There is no step '%(key)s' in this map any more.", key=key)
    kind = steps[key].get("kind")
    if kind == "join":
        key = parallel_of_join(steps, key) or key
        kind = steps[key].get("kind")
    if kind == "parallel" and steps[key].get("join") in steps:
        return _flatten_block(form, key)
    if kind == "end":
        return _remove_end(form, key)
    forward = forward_way(steps, key)
    if forward is None:
        raise InvalidInput("This step leads nowhere yet, so what leads to it cannot be led on.")
    around = innermost_block(steps, key)
    form = _drop(_redirect(form, key, forward.to), key)
    dissolved: list[str] = []
    while around is not None:
        form, around = _tidy_block(form, around, dissolved)
    return Removed(form=form, led_to=forward.to, dissolved=tuple(dissolved))


def _remove_end(form: Form, key: str) -> Removed:
    arriving = steps_leading_to(form["steps"], key)
    if arriving:
        raise InvalidInput(
            "'%(step)s' leads to this end; let its way lead to another step first.",
            step=form["steps"][arriving[0]].get("name") or arriving[0],
        )
    if sum(step.get("kind") == "end" for step in form["steps"].values()) == 1:
        raise InvalidInput("A map needs an end.")
    return Removed(form=_drop(form, key), led_to="")


def _redirect(form: Form, old: str, new: str) -> Form:
    """All ways to `old` lead to `new`; one that would lead a step to itself is taken out."""
    steps = {
        key: step if key == old else _redirect_step(key, step, old, new, form)
        for key, step in form["steps"].items()
    }
    start = dict(form.get("start") or {})
    if start.get("first") == old:
        start["first"] = new
    return {**form, **({"start": start} if start else {}), "steps": steps}


def _redirect_step(key: str, step: Form, old: str, new: str, form: Form) -> Form:
    ways = ways_of(step)
    if all(way.to != old for way in ways):
        return step
    if new == key:
        return _without_ways_to(key, step, old)
    new_is_end = form["steps"][new].get("kind") == "end"

    def lead(way: Way) -> str | None:
        if way.to != old:
            return way.to
        return None if way.kind == "reopen" and new_is_end else new

    return lead_ways(step, lead)


def _without_ways_to(key: str, step: Form, old: str) -> Form:
    ways = [way for way in ways_of(step) if way.kind not in UNUSUAL_WAYS]
    left = [way for way in ways if way.to != old]
    needed = {"to", "otherwise", "row"} & {way.kind for way in ways if way.to == old}
    if not left or needed:
        raise InvalidInput(
            "Without this step, '%(step)s' would lead to itself; change where it leads first.",
            step=step.get("name") or key,
        )
    return lead_ways(step, lambda way: None if way.to == old else way.to)


def _drop(form: Form, key: str) -> Form:
    """Without the step, and without what else names it."""
    left = {
        other: _without_exclusion(step, key)
        for other, step in form["steps"].items()
        if other != key
    }
    return {**form, "steps": left}


def _without_exclusion(step: Form, key: str) -> Form:
    excluded = step.get("not_by")
    if not excluded or key not in excluded:
        return step
    kept = [other for other in excluded if other != key]
    rest = {name: value for name, value in step.items() if name != "not_by"}
    return {**rest, "not_by": kept} if kept else rest


# -- blocks -----------------------------------------------------------------------------------


def _tidy_block(form: Form, block: str, dissolved: list[str]) -> tuple[Form, str | None]:
    """A branch on which nothing is left goes; a block of one branch is none. The second value is
    the block around one that was dissolved, to be looked at next."""
    steps = form["steps"]
    opening, join = steps[block], steps[block]["join"]
    kept = [branch for branch in opening["branches"] if branch["to"] != join]
    if len(kept) > 1 or (kept and kept[0].get("when")):
        return _keep_branches(form, block, kept), None
    around = innermost_block(steps, block)
    to = kept[0]["to"] if kept else steps[join]["to"]
    form = _redirect(form, join, steps[join]["to"])
    form = _drop(_drop(_redirect(form, block, to), block), join)
    dissolved.append(block)
    return form, around


def _keep_branches(form: Form, block: str, kept: list[Form]) -> Form:
    steps = dict(form["steps"])
    join = steps[block]["join"]
    steps[block] = {**steps[block], "branches": kept}
    wanted = steps[join].get("wait_for")
    if isinstance(wanted, int) and wanted > len(kept):
        steps[join] = {**steps[join], "wait_for": len(kept)}
    return {**form, "steps": steps}


def _flatten_block(form: Form, block: str) -> Removed:
    """What went on at the same time goes on one after the other, in the order of the branches."""
    steps = form["steps"]
    join, after = steps[block]["join"], steps[steps[block]["join"]]["to"]
    branches = [branch for branch in steps[block]["branches"] if branch["to"] != join]
    conditions = tuple(branch["when"] for branch in branches if branch.get("when"))
    firsts = list(dict.fromkeys(branch["to"] for branch in branches))
    led: Form = dict(steps)
    done: set[str] = set()
    for number, first in enumerate(firsts, start=1):
        following = firsts[number] if number < len(firsts) else after
        region = find_region(steps, first, block) - done
        done |= region
        for key in region:
            led[key] = _redirect_step(key, led[key], join, following, form)
    form = _redirect({**form, "steps": led}, block, firsts[0] if firsts else after)
    form = _redirect(form, join, after)
    return Removed(
        form=_drop(_drop(form, block), join),
        led_to=firsts[0] if firsts else after,
        conditions=conditions,
    )
