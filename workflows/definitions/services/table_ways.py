"""The ways of a decision table follow its rows: a row of the map for each step that they lead to.

What a table's rows say stands in one place, its settings; pictures and lists read ways, so these
are written anew when the rows change.
"""

from collections.abc import Iterable, Sequence

from pydantic import ValidationError

from workflows.definitions.choices import RouteKind, StepKind
from workflows.definitions.models import Route, Step
from workflows.definitions.queries.definition_rows import build_route_row
from workflows.engine.format.definition import Link, TableStep, links_of
from workflows.persistence.row_edits import RowEdits

OWN_WAYS = (RouteKind.TO, RouteKind.OTHERWISE)


def find_way_edits(tables: Iterable[Step]) -> RowEdits[Route]:
    """What has to be written so that the ways of these tables are those of their rows."""
    added: list[Route] = []
    changed: list[Route] = []
    deleted: list[Route] = []
    for step in tables:
        table = _read_table(step)
        if table is None:  # a draft that cannot be read yet; its page says so
            continue
        stored = list(step.routes.select_related("to_step").order_by("position", "id"))
        rows = [route for route in stored if route.kind == RouteKind.ROW]
        wanted = _wanted_ways(step, table)
        if list(map(_said_by, rows)) != list(map(_said_by, wanted)):
            deleted += rows
            added += wanted
        for route in stored:
            exception = True if route.to_step.key in (table.exceptions or ()) else None
            if route.kind in OWN_WAYS and route.exception != exception:
                route.exception = exception
                changed.append(route)
    return RowEdits(added=added, changed=changed, deleted=deleted)


def changed_tables(rows: Iterable[object]) -> list[Step]:
    """Those of some rows of a map that are tables."""
    return [row for row in rows if isinstance(row, Step) and row.kind == StepKind.TABLE]


def _read_table(step: Step) -> TableStep | None:
    config = step.config or {}
    said = {name: config[name] for name in ("rows", "exceptions") if name in config}
    try:
        return TableStep.model_validate({"kind": StepKind.TABLE.value, **said})
    except ValidationError:
        return None


def _wanted_ways(step: Step, table: TableStep) -> list[Route]:
    steps = {other.key: other for other in step.version.steps.all()}
    links: Sequence[Link] = [link for link in links_of(step.key, table) if link.to in steps]
    return [build_route_row(at, link, steps, {}) for at, link in enumerate(links)]


def _said_by(route: Route) -> tuple[str, str | None, bool | None]:
    return route.to_step.key, route.label, route.exception
