"""What if: the same rehearsal with one thing changed, to be set beside today's."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition, HumanStep
from workflows.engine.format.files import explain_validation_error
from workflows.engine.rehearsal.scenario import Arrivals, Scenario, Spread, StepTimes, Worker
from workflows.engine.routing.separation import forward_outcome

QUICK: Final = Spread((30, 60, 120))
FAILS: Final = 0.05
_WAYS: Final = ("to", "otherwise", "reopen", "on_error", "expires", "join")
_LISTED: Final = ("rules", "branches", "rows")
KINDS: Final = ("person", "without", "parallel", "threshold", "volume", "automate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that would be different: its kind, and what it is about.

    `person`: `count` more people in the role `name`. `without`: the step `name` is left out, and
    its forward outcome's target takes its place. `parallel`: the steps `names`, which follow one
    another, are done at once. `threshold`: the number `before` in the rules of `name` is `after`.
    `volume`: `factor` times as many requests. `automate`: the step `name` is done by an automation.
    """

    kind: str
    name: str = ""
    names: tuple[str, ...] = ()
    count: int = 1
    before: str = ""
    after: str = ""
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A map and a scenario after the changes."""

    definition: Definition
    scenario: Scenario


def read_change(written: str) -> Change:
    """The change that is written: `person:ROLE`, `person:ROLE:2`, `without:STEP`,
    `parallel:STEP,STEP`, `threshold:STEP:10000:20000`, `volume:2`, `automate:STEP`.

    Raises InvalidInput.
    """
    kind, *said = [part.strip() for part in written.split(":")]
    try:
        return _READERS[kind](said)
    except (KeyError, ValueError, IndexError):
        raise InvalidInput(
            "'%(written)s' is no change; write person:ROLE, person:ROLE:2, without:STEP,"
            " parallel:STEP,STEP, threshold:STEP:10000:20000, volume:2 or automate:STEP.",
            written=written[:80],
        ) from None


def read_changes(written: str) -> tuple[Change, ...]:
    """Changes that are made together, joined by `+`. Raises InvalidInput."""
    return tuple(read_change(part) for part in written.split("+"))


def write_change(change: Change) -> str:
    """The change as `read_change` reads it."""
    said: Mapping[str, tuple[str, ...]] = {
        "person": (change.name, str(change.count)),
        "without": (change.name,),
        "parallel": (",".join(change.names),),
        "threshold": (change.name, change.before, change.after),
        "volume": (f"{change.factor:g}",),
        "automate": (change.name,),
    }
    return ":".join((change.kind, *said[change.kind]))


def _read_threshold(said: list[str]) -> Change:
    name, before, after = said
    if not name:
        raise ValueError(name)
    for number in (before, after):
        if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,10})?", number):
            raise ValueError(number)
    return Change(kind="threshold", name=name, before=before, after=after)


def _read_person(said: list[str]) -> Change:
    name, *more = said
    count = int(more[0]) if more else 1
    if not name or not 1 <= count <= 1000 or len(more) > 1:
        raise ValueError(count)
    return Change(kind="person", name=name, count=count)


def _read_volume(said: list[str]) -> Change:
    (written,) = said
    factor = float(written)
    if not 0.01 <= factor <= 100:
        raise ValueError(written)
    return Change(kind="volume", factor=factor)


def _read_parallel(said: list[str]) -> Change:
    (written,) = said
    names = tuple(name.strip() for name in written.split(","))
    if len(names) < 2 or not all(names):
        raise ValueError(written)
    return Change(kind="parallel", names=names)


def _read_step(kind: str) -> Callable[[list[str]], Change]:
    def read(said: list[str]) -> Change:
        (name,) = said
        if not name:
            raise ValueError(name)
        return Change(kind=kind, name=name)

    return read


_READERS: Final[Mapping[str, Callable[[list[str]], Change]]] = {
    "person": _read_person,
    "without": _read_step("without"),
    "parallel": _read_parallel,
    "threshold": _read_threshold,
    "volume": _read_volume,
    "automate": _read_step("automate"),
}


# -- making it so -------------------------------------------------------------------------


def apply_changes(
    definition: Definition, scenario: Scenario, changes: tuple[Change, ...]
) -> Changed:
    """The map and the scenario with all of these. Raises InvalidInput where one cannot be."""
    changed = Changed(definition=definition, scenario=scenario)
    for change in changes:
        changed = _MAKERS[change.kind](changed, change)
    return changed


def _add_people(changed: Changed, change: Change) -> Changed:
    """As many more as are asked for, who work as the role's first person does."""
    definition, scenario = changed.definition, changed.scenario
    if change.name not in definition.roles or not definition.roles[change.name].is_static:
        raise InvalidInput(
            "There is no role '%(role)s' of groups and users to put people in.", role=change.name
        )
    like = next((person for person in scenario.people if change.name in person.roles), None)
    taken = {person.name for person in scenario.people}
    names = (f"{change.name} +{number}" for number in range(1, 2000))
    free = [name for name in names if name not in taken][: change.count]
    hours, at_once = (like.hours, like.at_once) if like else ((), 1)
    added = tuple(
        Worker(name=name, roles=(change.name,), hours=hours, at_once=at_once, supposed=True)
        for name in free
    )
    people = (*scenario.people, *added)
    return replace(changed, scenario=replace(scenario, people=people))


def _change_volume(changed: Changed, change: Change) -> Changed:
    """The rates times so much, the times between arrivals through so much; schedules stay."""
    arrivals = changed.scenario.arrivals
    gaps = {
        hour: Spread(tuple(int(sample / change.factor) for sample in spread.samples))
        for hour, spread in arrivals.gaps.items()
    }
    per_hour = tuple(rate * change.factor for rate in arrivals.per_hour)
    more = Arrivals(
        per_hour=per_hour,
        gaps=gaps,
        fixed=_more_moments(arrivals.fixed, change.factor),
        scheduled=arrivals.scheduled,
    )
    return replace(changed, scenario=replace(changed.scenario, arrivals=more))


def _more_moments(moments: tuple[datetime, ...], factor: float) -> tuple[datetime, ...]:
    if not moments:
        return ()
    first = moments[0]
    return tuple(first + (moment - first) / factor for moment in moments)


def _leave_out(changed: Changed, change: Change) -> Changed:
    step = _human_step(changed.definition, change.name)
    target = step.outcomes[forward_outcome(step)].to
    written = changed.definition.dump()
    written["steps"].pop(change.name)
    _lead_elsewhere(written, change.name, target)
    _forget_step(written, change.name)
    return replace(changed, definition=_read_map(written))


def _lead_elsewhere(written: dict[str, Any], step: str, target: str) -> None:
    """Whatever led to the step leads to the target."""
    start = written.get("start") or {}
    if start.get("first") == step:
        start["first"] = target
    for said in written["steps"].values():
        outcomes = said.get("outcomes")
        for holder in (said, outcomes if isinstance(outcomes, dict) else {}):
            for key, way in holder.items():
                is_way = holder is outcomes or key in _WAYS
                if is_way and way == step:
                    holder[key] = target
                elif is_way and isinstance(way, dict) and way.get("to") == step:
                    way["to"] = target
        for way in (part for name in _LISTED for part in said.get(name) or ()):
            if way.get("to") == step:
                way["to"] = target
        if step in (said.get("exceptions") or ()):
            said["exceptions"] = [key for key in said["exceptions"] if key != step]


def _forget_step(written: dict[str, Any], step: str) -> None:
    """Nothing speaks of the step any more."""
    for said in written["steps"].values():
        if "not_by" in said:
            said["not_by"] = [other for other in said["not_by"] if other != step]
    ((written.get("rehearse") or {}).get("steps") or {}).pop(step, None)


def _move_threshold(changed: Changed, change: Change) -> Changed:
    written = changed.definition.dump()
    step = written["steps"].get(change.name)
    pattern = re.compile(rf"(?<![\w.]){re.escape(change.before)}(?![\w.])")
    found = [0]

    def moved(rule: str) -> str:
        text, times = pattern.subn(change.after, rule)
        found[0] += times
        return text

    for way in _conditional_ways(step or {}):
        way["when"] = moved(way["when"])
    if not found[0]:
        raise InvalidInput(
            "No rule of '%(step)s' speaks of %(number)s; write the number as the rule does.",
            step=change.name,
            number=change.before,
        )
    return replace(changed, definition=_read_map(written))


def _conditional_ways(step: dict[str, Any]) -> list[dict[str, Any]]:
    ways = [*(step.get("rules") or []), *(step.get("branches") or [])]
    ways += [way for way in (step.get("outcomes") or {}).values() if isinstance(way, dict)]
    return [way for way in ways if way.get("when")]


def _automate(changed: Changed, change: Change) -> Changed:
    """An automation that leads where the step's forward outcome does; where it fails, the step's
    people do it as today."""
    step = _human_step(changed.definition, change.name)
    by_hand = f"{change.name}_by_hand"[:80]
    written = changed.definition.dump()
    steps: dict[str, Any] = {}
    for key, said in written["steps"].items():
        if key == change.name:
            steps[key] = {
                "kind": "automation",
                "action": "http",
                "on_error": {"to": by_hand, "exception": True},
                "to": step.outcomes[forward_outcome(step)].to,
            }
            steps[by_hand] = deepcopy(said)
        else:
            steps[key] = said
    written["steps"] = steps
    stated = (written.get("rehearse") or {}).get("steps") or {}
    if change.name in stated:
        stated[by_hand] = stated.pop(change.name)
    times = dict(changed.scenario.steps)
    times[by_hand] = times.get(change.name, StepTimes())
    times[change.name] = StepTimes(working=QUICK, counts="elapsed", failure=FAILS)
    return Changed(definition=_read_map(written), scenario=replace(changed.scenario, steps=times))


def _make_parallel(changed: Changed, change: Change) -> Changed:
    """Steps that follow one another become the branches of one block."""
    definition = changed.definition
    steps = [_human_step(definition, name) for name in change.names]
    for step, after in zip(steps, change.names[1:], strict=False):
        if step.outcomes[forward_outcome(step)].to != after:
            raise InvalidInput(
                "'%(step)s' does not follow right after the step before it; name steps in the order"
                " in which they follow one another.",
                step=after,
            )
    target = steps[-1].outcomes[forward_outcome(steps[-1])].to
    block, join = f"{change.names[0]}_at_once"[:80], f"{change.names[0]}_together"[:80]
    written = definition.dump()
    _lead_elsewhere(written, change.names[0], block)
    for name, step in zip(change.names, steps, strict=True):
        outcomes = written["steps"][name]["outcomes"]
        forward = forward_outcome(step)
        way = outcomes[forward]
        outcomes[forward] = {**way, "to": join} if isinstance(way, dict) else join
        kept = written["steps"][name].get("not_by")
        if kept:  # who did the other branch cannot be known beforehand
            written["steps"][name]["not_by"] = [o for o in kept if o not in change.names]
    branches = [{"to": name} for name in change.names]
    written["steps"][block] = {"kind": "parallel", "branches": branches, "join": join}
    written["steps"][join] = {"kind": "join", "to": target}
    return replace(changed, definition=_read_map(written))


def _human_step(definition: Definition, name: str) -> HumanStep:
    step = definition.steps.get(name)
    if not isinstance(step, HumanStep):
        raise InvalidInput("'%(step)s' is no approval or task of this map.", step=name)
    return step


def _read_map(written: dict[str, Any]) -> Definition:
    try:
        return Definition.model_validate(written)
    except ValidationError as problem:
        raise InvalidInput(
            "With this change the map cannot be read: %(why)s",
            why=explain_validation_error(problem),
        ) from None


_MAKERS: Final[Mapping[str, Callable[[Changed, Change], Changed]]] = {
    "person": _add_people,
    "without": _leave_out,
    "parallel": _make_parallel,
    "threshold": _move_threshold,
    "volume": _change_volume,
    "automate": _automate,
}
