"""Parallel blocks while a map is edited: what lies inside, and which way of a step leads on.

Who is inside can be reached from the parallel step without passing it or its join, and can reach
the join likewise; the audit of a whole map means the same (`audit/structure.py`).
"""

from collections.abc import Collection, Iterator

from workflows.engine.editing.ways import Form, Steps, Way, ways_of
from workflows.engine.format.definition import UNUSUAL_WAYS


def blocks_of(steps: Steps) -> Iterator[tuple[str, str]]:
    """Each parallel step with its join, where it has one."""
    for key, step in steps.items():
        join = step.get("join")
        if step.get("kind") == "parallel" and join in steps:
            yield key, str(join)


def find_inside(steps: Steps, parallel: str) -> set[str]:
    """The steps between a parallel step and its join."""
    join = steps[parallel].get("join")
    borders = {parallel, join}
    entered = {way.to for way in ways_of(steps[parallel])}
    inside = _reach(steps, entered, borders)
    return {key for key in inside if join in _targets(steps, _reach(steps, {key}, borders))}


def _reach(steps: Steps, entered: Collection[str], borders: Collection[str | None]) -> set[str]:
    """What can be come to from there without passing a border."""
    reached: set[str] = set()
    waiting = [key for key in entered if key in steps and key not in borders]
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached.add(key)
            ways = (way for way in ways_of(steps[key]) if way.kind != "reopen")
            waiting += [way.to for way in ways if way.to in steps and way.to not in borders]
    return reached


def _targets(steps: Steps, keys: Collection[str]) -> set[str]:
    return {way.to for key in keys for way in ways_of(steps[key]) if way.kind != "reopen"}


def find_region(steps: Steps, first: str, parallel: str) -> set[str]:
    """The steps of the branch of a block that begins there."""
    borders = {parallel, steps[parallel].get("join")}
    return _reach(steps, {first}, borders) & find_inside(steps, parallel)


def innermost_block(steps: Steps, key: str) -> str | None:
    """The parallel step of the smallest block that a step lies in; None where it lies in none."""
    insides = {parallel: find_inside(steps, parallel) for parallel, _ in blocks_of(steps)}
    around = [parallel for parallel, inside in insides.items() if key in inside]
    return min(around, key=lambda parallel: (len(insides[parallel]), parallel), default=None)


def outermost_block(steps: Steps, key: str) -> str | None:
    """The parallel step of the largest block that a step lies in; None where it lies in none."""
    around = innermost_block(steps, key)
    while around is not None:
        key, around = around, innermost_block(steps, around)
        if around is None:
            return key
    return None


def parallel_of_join(steps: Steps, join: str) -> str | None:
    """The parallel step whose join this is."""
    return next((parallel for parallel, other in blocks_of(steps) if other == join), None)


def forward_way(steps: Steps, key: str) -> Way | None:
    """The way on which work goes on when all is well: no exception, and inside its block where
    the step lies in one. A parallel step goes on behind its join."""
    step: Form = steps[key]
    if step.get("kind") == "parallel" and step.get("join") in steps:
        return forward_way(steps, str(step["join"]))
    ways = [way for way in ways_of(step) if way.kind not in UNUSUAL_WAYS]
    ways = [way for way in ways if way.to in steps and way.to != key]
    parallel = innermost_block(steps, key)
    if parallel is None:
        ends = {other for other, said in steps.items() if said.get("kind") == "end"}
        ranks = [
            (way.is_exception, not _comes_to(steps, way.to, ends, key), way.kind != "otherwise")
            for way in ways
        ]
    else:
        join = str(steps[parallel]["join"])
        inside = find_inside(steps, parallel) | {join}
        ranks = [
            (way.to not in inside, not _comes_to(steps, way.to, {join}, key), way.is_exception)
            for way in ways
        ]
    return min(zip(ranks, ways, strict=True), key=lambda ranked: ranked[0])[1] if ways else None


def _comes_to(steps: Steps, start: str, goals: Collection[str], without: str) -> bool:
    """Whether a goal can be come to from there without passing this step again."""
    return bool(_reach(steps, {start}, {without}) & set(goals))
