"""Columns of a list that a branch for each of its rows fills in: nobody is asked for them
before."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.format.definition import FieldDef, ParallelStep, RowScope
from workflows.engine.routing.graph import Graph, find_reachable

AT_START: Final = ""
"""Where a list is written by whoever starts a request."""
ANYWHERE: Final = "*"
"""Where a list is written by something that is no step, or is read again."""


def field_at(graph: Graph, key: str, at: str, *, hides: bool = False) -> FieldDef:
    """A field as whoever writes it `at` a step (or AT_START, ANYWHERE) is asked for it: columns
    that a branch ahead fills in are not required of them, and with `hides` are not shown."""
    field = graph.definition.all_fields[key]
    left = columns_left(graph, key, at)
    if not left or field.columns is None:
        return field
    columns = {
        name: column.when_optional() if name in left else column
        for name, column in field.columns.items()
        if not hides or name not in left or len(left) == len(field.columns)
    }
    return field.model_copy(update={"columns": columns})


def field_on_form(graph: Graph, key: str, at: str, rows: object) -> FieldDef:
    """A field as the form at a step (or AT_START) shows it, which opens with these rows: without
    what a branch ahead fills in, unless something stands there already, as after a round."""
    left = columns_left(graph, key, at) if at != ANYWHERE else frozenset[str]()
    held = rows if at != AT_START and isinstance(rows, list) else ()
    stands = any(isinstance(row, Mapping) and not left.isdisjoint(row) for row in held)
    return field_at(graph, key, at, hides=bool(left) and not stands)


def columns_left(graph: Graph, key: str, at: str) -> frozenset[str]:
    """The columns of a list, required always or under a condition, that steps of each-branches
    ahead fill in."""
    field = graph.definition.all_fields[key]
    required = {
        name
        for name, column in (field.columns or {}).items()
        if column.required or column.required_when is not None
    }
    if not required:
        return frozenset()
    name = f"columns left {at}/{key}"
    known = graph.memo.get(name)
    if known is None:
        ahead = _steps_ahead(graph, at)
        scopes = [scope for scope in graph.definition.row_scopes() if scope.source == key]
        known = frozenset(
            column
            for scope in scopes
            if scope.parallel in ahead
            for column in required
            if filling_steps(graph, scope, column)
        )
        graph.memo[name] = known
    return known


def filling_steps(graph: Graph, scope: RowScope, column: str) -> frozenset[str]:
    """The steps of an each-branch that fill in this column of its row."""
    name = f"{scope.name}.{column}"
    return frozenset(
        key
        for key in graph.inside_branch(scope.parallel, scope.index)
        if name in (getattr(graph[key], "outputs", None) or ())
    )


def _steps_ahead(graph: Graph, at: str) -> set[str]:
    if at == ANYWHERE:
        return set(graph.steps)
    return find_reachable(_next_steps(graph, at, graph.following), graph.following, frozenset())


def _next_steps(graph: Graph, at: str, ways: Mapping[str, frozenset[str]]) -> list[str]:
    if at:
        return [key for key in ways.get(at, ()) if key in graph.steps]
    return [graph.first] if graph.first in graph.steps and graph.first is not None else []


# -- whether somebody fills them in -----------------------------------------------------------


def way_past(graph: Graph, key: str, column: str, at: str) -> str | None:
    """An end to which a request may come on usual ways from `at` with rows whose column nobody
    filled in; None where there is none."""
    walls = _sure_blocks(graph, key, column)
    successors = _usual_ways(graph)
    found = find_reachable(_next_steps(graph, at, successors), successors, walls)
    return next((each for each in graph.steps if each in found and graph[each].kind == "end"), None)


def _sure_blocks(graph: Graph, key: str, column: str) -> frozenset[str]:
    """The parallel steps after which the column of every row is filled in."""
    successors = _usual_ways(graph)
    walls = {
        scope.parallel
        for scope in graph.definition.row_scopes()
        if scope.source == key and _fills_every_row(graph, scope, column)
    }
    while True:
        more = {
            name
            for name, step in graph.steps.items()
            if name not in walls
            and isinstance(step, ParallelStep)
            and any(
                branch.when is None
                and branch.each is None
                and step.join not in find_reachable([branch.to], successors, walls)
                for branch in step.branches
            )
        }
        if not more:
            return frozenset(walls)
        walls |= more


def _fills_every_row(graph: Graph, scope: RowScope, column: str) -> bool:
    step = graph[scope.parallel]
    assert isinstance(step, ParallelStep)
    branch = step.branches[scope.index]
    filling = filling_steps(graph, scope, column)
    if branch.when is not None or not filling:
        return False
    return step.join not in find_reachable([branch.to], _usual_ways(graph), filling)


def _usual_ways(graph: Graph) -> dict[str, frozenset[str]]:
    """The steps that may come right after each one on ways that are no exceptions."""
    ways: dict[str, set[str]] = {key: set() for key in graph.steps}
    for link in graph.links:
        if link.kind != "reopen" and not link.route.exception and link.to in ways:
            ways[link.source].add(link.to)
    return {key: frozenset(to) for key, to in ways.items()}
