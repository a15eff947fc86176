"""The ways of a step as its definition file writes them: read in one form, written back in place.

Maps are edited here as the plain data of their file, so that a draft in which some other step is
still unfinished can be edited too. Nothing is changed in place: each edit gives another map.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

Form = dict[str, Any]
"""A map, or a step of one, as plain data."""
Steps = Mapping[str, Form]

LISTS = {"rule": "rules", "branch": "branches"}
ROWS = "rows"
"""Rows of a table: all that lead to a step are one way; those that say no step are none."""
SINGLE = ("otherwise", "to", "on_error", "expires", "reopen")


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way from a step. `name` is an outcome's name, or which of its rules or branches it is,
    or which of the steps that rows lead to, from 1; other ways have none."""

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
    exceptions = step.get("exceptions") or ()
    for number, to in enumerate(_row_targets(step), start=1):
        yield Way(kind="row", name=str(number), to=to, is_exception=to in exceptions), to
    for kind in SINGLE:
        if step.get(kind):
            way = _read_way(kind, "", step[kind])
            yield replace(way, is_exception=way.is_exception or way.to in exceptions), step[kind]


def _row_targets(step: Form) -> list[str]:
    targets = (row.get("to") for row in step.get(ROWS) or [])
    return list(dict.fromkeys(to for to in targets if to))


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
    if step.get(ROWS):
        changed |= _lead_rows(step, {way.to: to for way, to, _ in led if way.kind == "row"})
    if step.get("exceptions"):
        changed |= _lead_exceptions(changed.pop("exceptions"), led)
    for way, to, written in led:
        if way.kind == "row":
            continue
        if to is not None:
            _write_way(changed, way, {**written, "to": to} if isinstance(written, dict) else to)
    return {key: changed[key] for key in [*step, *changed] if key in changed}


def _lead_rows(step: Form, targets: Mapping[str, str | None]) -> Form:
    """The rows leading where they are to; one whose way is taken out goes the table's own."""
    rows = []
    for row in step[ROWS]:
        to = targets.get(row.get("to") or "")
        kept = {key: value for key, value in row.items() if key != "to"}
        rows.append({**kept, "to": to} if to is not None else kept)
    return {ROWS: rows}


def _lead_exceptions(exceptions: list[str], led: list[tuple[Way, str | None, Any]]) -> Form:
    """The steps to which exceptional ways lead now."""
    moved = {way.to: to for way, to, _ in led}
    kept = [to for key in exceptions if (to := moved.get(key, key)) is not None]
    return {"exceptions": list(dict.fromkeys(kept))} if kept else {}


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
