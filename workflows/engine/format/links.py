"""The ways between steps, whatever of a map they are written as."""

from collections.abc import Iterator
from typing import Any, Literal

from workflows.engine.format.branches import BranchDef
from workflows.engine.format.parts import DefinitionPart, RouteDef
from workflows.engine.format.step_kinds import (
    EXPIRED,
    DecisionStep,
    EndStep,
    HumanStep,
    ParallelStep,
    Step,
    TableStep,
)
from workflows.engine.format.table_parts import name_rows

UNCHOSEN_WAYS = frozenset({"on_error", "expires"})
"""Kinds of ways that nobody chooses and nothing decides on: something went wrong, or time is up."""
UNUSUAL_WAYS = UNCHOSEN_WAYS | {"reopen"}
"""Kinds of ways that are none of those on which work goes on when all is well."""


class Link(DefinitionPart):
    """A way between two steps with what it is: for graphs, tables and pictures."""

    source: str
    kind: Literal[
        "outcome",
        "rule",
        "row",
        "otherwise",
        "branch",
        "to",
        "on_error",
        "expires",
        "reopen",
    ]
    name: str
    route: RouteDef
    branch: BranchDef | None = None

    @property
    def to(self) -> str:
        """The step this way leads to."""
        return self.route.to


def links_of(key: str, step: Step) -> Iterator[Link]:
    """The ways from one step, in the file's order."""

    def link(kind: Any, name: str, route: RouteDef | str, branch: BranchDef | None = None) -> Link:
        target = RouteDef(to=route) if isinstance(route, str) else route
        return Link(source=key, kind=kind, name=name, route=target, branch=branch)

    if isinstance(step, HumanStep):
        for name, route in step.outcomes.items():
            yield link("outcome", name, route)
        expires = getattr(step, "expires", None)
        if expires:
            way = _build_route(expires.to, exception=expires.exception)
            yield link("expires", EXPIRED, way)
    elif isinstance(step, DecisionStep):
        for number, rule in enumerate(step.rules or [], start=1):
            yield link("rule", str(number), _build_route(rule.to, rule.when, rule.exception))
        if step.otherwise:
            yield link("otherwise", "otherwise", step.otherwise)
    elif isinstance(step, TableStep):
        yield from _links_of_table(key, step)
    elif isinstance(step, ParallelStep):
        for number, branch in enumerate(step.branches, start=1):
            yield link("branch", str(number), _build_route(branch.to, branch.when), branch)
    elif isinstance(step, EndStep):
        if step.reopen:
            yield link("reopen", "reopen", step.reopen)
    else:
        yield link("to", "to", step.to)
        on_error = getattr(step, "on_error", None)
        if on_error:
            yield link(
                "on_error", "on_error", _build_route(on_error.to, exception=on_error.exception)
            )


def _links_of_table(key: str, step: TableStep) -> Iterator[Link]:
    """One way for all rows that lead to a step, and those of the table as a whole."""
    ways = [("row", str(number), to) for number, to in enumerate(step.row_targets, start=1)]
    ways += [
        (kind, kind, to) for kind, to in (("to", step.to), ("otherwise", step.otherwise)) if to
    ]
    for kind, name, to in ways:
        label = name_rows(step.rows or (), to) if kind == "row" else None
        exception = True if to in (step.exceptions or ()) else None
        written = {"to": to, "label": label, "exception": exception}
        route = {part: value for part, value in written.items() if value is not None}
        yield Link.model_validate({"source": key, "kind": kind, "name": name, "route": route})


def _build_route(to: str, when: str | None = None, exception: bool | None = None) -> RouteDef:
    written = {"to": to, "when": when, "exception": exception}
    return RouteDef.model_validate({k: value for k, value in written.items() if value is not None})
