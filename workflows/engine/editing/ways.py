"""The ways of a step as its definition file writes them: read in one form, written back in place.

Maps are edited here as the plain data of their file, so that a draft in which some other step is
still unfinished can be edited too. Nothing is changed in place: each edit gives another map.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Form = dict[str, Any]
"""A map, or a step of one, as plain data."""
Steps = Mapping[str, Form]

LISTS = {"rule": "rules", "branch": "branches"}
SINGLE = ("otherwise", "to", "on_error", "expires", "reopen")


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way from a step. `name` is an outcome's name, or which of its rules or branches it is,
    from 1; other ways have none."""

    kind: str
    name: str = ""
    to: str
    is_exception: bool = False


Change = Callable[[Way], str | None]
"""Where a way is to lead; None takes it out."""


def ways_of(step: Form) -> list[Way]:
    """Every way from a step, in the file's order."""
    return [way for way, _ in _written_ways(step)]


def _written_ways(step: Form) -> Iterator[tuple[Way, Any]]:
    for name, written in (step.get("outcomes") or {}).items():
        yield _read_way("outcome", name, written), written
    for kind, listed in LISTS.items():
        for number, written in enumerate(step.get(listed) or [], start=1):
            yield _read_way(kind, str(number), written), written
    for kind in SINGLE:
        if step.get(kind):
            yield _read_way(kind, "", step[kind]), step[kind]


def _read_way(kind: str, name: str, written: Any) -> Way:
    if isinstance(written, str):
        return Way(kind=kind, name=name, to=written)
    exception = bool(written.get("exception"))
    return Way(kind=kind, name=name, to=written["to"], is_exception=exception)


def lead_ways(step: Form, change: Change) -> Form:
    """The step with each way leading where `change` says."""
    changed = dict(step)
    for key in ("outcomes", *LISTS.values(), *SINGLE):
        changed.pop(key, None)
    led = [(way, change(way), written) for way, written in _written_ways(step)]
    for way, to, written in led:
        if to is not None:
            _write_way(changed, way, {**written, "to": to} if isinstance(written, dict) else to)
    return {key: changed[key] for key in [*step, *changed] if key in changed}


def _write_way(step: Form, way: Way, written: Any) -> None:
    if way.kind == "outcome":
        step.setdefault("outcomes", {})[way.name] = written
    elif way.kind in LISTS:
        step.setdefault(LISTS[way.kind], []).append(written)
    else:
        step[way.kind] = written


def steps_leading_to(steps: Steps, key: str) -> list[str]:
    """The steps that have a way to this one."""
    return [other for other, step in steps.items() if any(w.to == key for w in ways_of(step))]


def put_behind(steps: Steps, neighbour: str | None, key: str, step: Form) -> dict[str, Form]:
    """The steps with a new one right behind its neighbour in the file; else in front of all."""
    ordered: dict[str, Form] = {} if neighbour in steps else {key: step}
    for other, written in steps.items():
        ordered[other] = written
        if other == neighbour:
            ordered[key] = step
    return ordered
