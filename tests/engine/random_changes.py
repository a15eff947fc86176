"""Random changes of random maps, such as people make between two versions."""

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.format.definition import Definition

Steps = dict[str, Any]
CHANGES = 4


def changed_map(data: dict[str, Any], random: Random) -> Definition | None:
    """The map after one to four changes; None where the audit would not let it be published."""
    data = copy.deepcopy(data)
    for _ in range(random.randint(1, CHANGES)):
        change = random.choice(KINDS_OF_CHANGE)
        change(data, random)
    try:
        definition = Definition.model_validate(data)
    except ValueError:
        return None
    found = audit_definition(definition, AnyPeople())
    serious = {f.code for f in found if f.severity == "error"} - {"exceptions_too_few"}
    return None if serious else definition


def ways(steps: Steps) -> Iterator[tuple[Any, Any]]:
    """Every place in which a step names another: holder and key."""
    for step in steps.values():
        for name in ("to", "otherwise", "join", "reopen"):
            if name in step:
                yield step, name
        if isinstance(step.get("on_error"), dict):
            yield step["on_error"], "to"
        elif "on_error" in step:
            yield step, "on_error"
        for part in (*step.get("rules", ()), *step.get("branches", ())):
            yield part, "to"
        for outcome, way in step.get("outcomes", {}).items():
            yield (way, "to") if isinstance(way, dict) else (step["outcomes"], outcome)


def lead_elsewhere(data: dict[str, Any], before: str, after: str) -> None:
    """Whatever leads to one step leads to another."""
    for holder, name in list(ways(data["steps"])):
        if holder[name] == before:
            holder[name] = after
    if data["start"]["first"] == before:
        data["start"]["first"] = after


def rename(data: dict[str, Any], random: Random) -> None:
    """A step gets another key and keeps its name."""
    steps: Steps = data["steps"]
    key = random.choice(sorted(steps))
    new = f"{key}-now"
    lead_elsewhere(data, key, new)
    data["steps"] = {new if k == key else k: step for k, step in steps.items()}
    data["steps"][new].setdefault("name", key.capitalize())
    for step in data["steps"].values():
        step["not_by"] = [new if k == key else k for k in step.get("not_by") or ()]
        if not step["not_by"]:
            del step["not_by"]


def remove(data: dict[str, Any], random: Random) -> None:
    """A step is left out: what led to it leads to where it led."""
    steps: Steps = data["steps"]
    key = random.choice(sorted(steps))
    goal = forward(steps[key])
    if goal is None or goal == key:
        return
    lead_elsewhere(data, key, goal)
    del steps[key]
    for step in steps.values():
        if key in step.get("not_by", ()):
            step["not_by"] = [other for other in step["not_by"] if other != key]


def add(data: dict[str, Any], random: Random) -> None:
    """A step comes before another one."""
    steps: Steps = data["steps"]
    holder, name = random.choice(list(ways(steps)))
    if name == "join" or steps[holder[name]]["kind"] == "join":
        return
    key = f"new{len(steps)}"
    steps[key] = new_task(holder[name])
    holder[name] = key


def put_beside(data: dict[str, Any], random: Random) -> None:
    """Two steps in a row become two branches of a parallel block."""
    steps: Steps = data["steps"]
    pairs = [
        (key, after)
        for key, step in steps.items()
        if (after := forward(step)) and after != key and forward(steps[after]) not in (None, key)
    ]
    if not pairs:
        return
    first, second = random.choice(pairs)
    split, merge = f"split{len(steps)}", f"merge{len(steps)}"
    goal = forward(steps[second])
    lead_elsewhere(data, first, split)
    for key in (first, second):
        set_forward(steps[key], merge)
    branches = [{"to": first}, {"to": second}]
    steps[split] = {"kind": "parallel", "branches": branches, "join": merge}
    steps[merge] = {"kind": "join", "wait_for": random.choice(["all", "all", "any"]), "to": goal}


def change_kind(data: dict[str, Any], random: Random) -> None:
    """A task becomes an approval, or the other way round."""
    step = random.choice(list(data["steps"].values()))
    other = {"task": "approval", "approval": "task"}.get(step["kind"])
    if other:
        step["kind"] = other


def change_people(data: dict[str, Any], random: Random) -> None:
    """Another role has a step, or another number of people must agree."""
    step = random.choice(list(data["steps"].values()))
    if "outcomes" in step:
        step["role"] = random.choice(["crew", "board"])
        step["quorum"] = random.choice([None, 2, "all"])


def new_task(to: str) -> dict[str, Any]:
    return {"kind": "task", "role": "crew", "expected": "1h", "due": "1d", "outcomes": {"ok": to}}


def forward(step: dict[str, Any]) -> str | None:
    """Where a step of people or a machine usually leads."""
    if "outcomes" in step:
        way = next(iter(step["outcomes"].values()))
        return way["to"] if isinstance(way, dict) else way
    return step.get("to") if step["kind"] != "join" else None


def set_forward(step: dict[str, Any], to: str) -> None:
    if "outcomes" in step:
        name, way = next(iter(step["outcomes"].items()))
        step["outcomes"][name] = way | {"to": to} if isinstance(way, dict) else to
    else:
        step["to"] = to


KINDS_OF_CHANGE: tuple[Callable[[dict[str, Any], Random], None], ...] = (
    *(rename, rename, remove, add, put_beside, put_beside, change_kind, change_people),
)
