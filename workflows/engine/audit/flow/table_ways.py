"""Which values a request cannot have behind a way out of a decision table: another row, or none,
would have held for them."""

from workflows.engine.format.definition import Link
from workflows.engine.format.step_kinds import TableStep
from workflows.engine.routing.graph import Graph
from workflows.engine.tables.analysis import Box, TooEntangled, find_dead_rows, find_gaps, space_of
from workflows.engine.tables.columns import TableColumn
from workflows.engine.tables.compiling import TableProblem
from workflows.engine.tables.decision import COLLECT, TO, DecisionTable
from workflows.engine.tables.regions import Region

_EMPTY = Region(with_empty=True)
_MOST_ROWS = 1_000
"""Of larger tables each row is looked at by itself alone."""


def given_behind(graph: Graph, link: Link, filled: frozenset[str]) -> frozenset[str]:
    """The columns that are filled in behind a way out of a table, to which a request comes with
    these fields filled in."""
    return frozenset(
        column.key
        for column in _columns(graph, link.source)
        if excludes(graph, link, column.key, _EMPTY, filled)
    )


def excludes_zero(graph: Graph, link: Link, name: str) -> bool:
    """Whether a number is not 0 behind a way."""
    return excludes(graph, link, name, Region(spans=((0, 0),)))


def excludes_negative(graph: Graph, link: Link, name: str) -> bool:
    """Whether a number is not below 0 behind a way."""
    spans = [c.whole.spans for c in _columns(graph, link.source) if c.key == name]
    below = tuple((low, min(high, -1)) for low, high in (spans or [()])[0] if low < 0)
    return excludes(graph, link, name, Region(spans=below)) if below else bool(spans)


def excludes(
    graph: Graph, link: Link, name: str, region: Region, filled: frozenset[str] = frozenset()
) -> bool:
    """Whether no request whose column has one of these values takes a way. Exact, but for large
    and for entangled tables, of which less is known."""
    table = _table(graph, link.source)
    if table is None:
        return False
    there = sorted(filled & table.input_keys)
    key = f"{link.source} {link.kind} {link.name} excludes {name} {region} with {there}"
    if key not in graph.memo:
        boxes = zip(table.columns, space_of(table, filled), strict=True)
        space = tuple(region if column.key == name else whole for column, whole in boxes)
        is_out = name in table.input_keys and not _is_taken(table, link, space)
        graph.memo[key] = frozenset({name} if is_out else ())
    return bool(graph.memo[key])


def _is_taken(table: DecisionTable, link: Link, space: Box) -> bool:
    """Whether a request with these values may take the way."""
    ways = [TO if table.hit == COLLECT else table.way_of(row)[0] for row in table.rows]
    own = [number for number, way in enumerate(ways) if way == link.name]
    small = len(table.rows) <= _MOST_ROWS
    dead = set(find_dead_rows(table, space)[0]) if small else _never(table, space)
    if any(row not in dead for row in own):
        return True
    default = table.way_without_row()
    if default is None or default[0] != link.name:
        return False
    try:
        return not small or bool(find_gaps(table, space, most=1))
    except TooEntangled:
        return True


def _never(table: DecisionTable, space: Box) -> set[int]:
    """The rows of which a cell leaves all of these values out."""
    from_cells = (
        (number, zip(row.regions, space, strict=True)) for number, row in enumerate(table.rows)
    )
    return {
        number
        for number, cells in from_cells
        if any(not cell.with_empty for cell, whole in cells if whole == _EMPTY)
    }


def _columns(graph: Graph, key: str) -> tuple[TableColumn, ...]:
    table = _table(graph, key)
    return table.columns if table is not None else ()


def _table(graph: Graph, key: str) -> DecisionTable | None:
    if not isinstance(graph[key], TableStep):
        return None
    try:
        return graph.table(key)
    except TableProblem:
        return None
