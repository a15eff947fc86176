"""The map of a workflow, coloured by where time is lost."""

from django.utils.translation import gettext

from reporting.bottlenecks.queries import Bottlenecks, StepRow, Totals
from workflows.definitions.diagrams.labels import route_is_exception, route_label
from workflows.definitions.diagrams.parts import DiagramArrow, DiagramNode, MapDiagram
from workflows.definitions.diagrams.svg import draw_diagram
from workflows.definitions.models import Route, TemplateVersion
from workflows.language.formats import render_business_span, render_time_span, share_text

HEATS = ((0.4, "heat-4"), (0.2, "heat-3"), (0.1, "heat-2"), (0.03, "heat-1"))
"""From which share of the loss on a step has which colour."""


def draw_bottleneck_map(figures: Bottlenecks) -> MapDiagram:
    """The newest version's map, or the chosen one's. One statement."""
    versions = [v for v in figures.versions if figures.version in (None, v.number)]
    if not versions:
        return MapDiagram()
    return draw_diagram(_map_nodes(figures, versions[-1]), _map_arrows(figures, versions[-1]))


def _map_nodes(figures: Bottlenecks, version: TemplateVersion) -> list[DiagramNode]:
    steps = figures.by_step()
    whole = sum(totals.excess for totals in steps.values())
    waiting = sum(figures.waited(totals) for totals in steps.values())
    nodes = []
    for pk, step in _steps_of(figures, version):
        totals = steps.get(step.title)
        part = _loss_share(figures, totals, whole, waiting) if totals else 0.0
        nodes.append(
            DiagramNode(
                key=step.key,
                title=step.name,
                kind=step.kind,
                note=_node_note(figures, totals, part),
                is_first=pk == version.first_step_id,
                mark=_heat_class(part),
                join=figures.steps[step.join_id].key if step.join_id is not None else "",
            )
        )
    return nodes


def _steps_of(figures: Bottlenecks, version: TemplateVersion) -> list[tuple[int, StepRow]]:
    """The steps of a version with their keys, in the order of its map."""
    rows = (item for item in figures.steps.items() if item[1].version == version.number)
    return sorted(rows, key=lambda item: (item[1].position, item[0]))


def _loss_share(figures: Bottlenecks, totals: Totals, whole: int, waiting: int) -> float:
    """A step's share of all that is lost; of all waiting where nothing is."""
    if whole:
        return totals.excess / whole
    return figures.waited(totals) / waiting if waiting else 0.0


def _node_note(figures: Bottlenecks, totals: Totals | None, part: float) -> str:
    if totals is None or not totals.completed:
        return ""
    half = totals.at("taken_business")[0]
    took = (
        render_time_span(totals.at(figures.known_times.kind)[0])
        if half is None
        else render_business_span(half, figures.day)
    )
    return gettext("%(span)s, %(share)s") % {"span": took, "share": share_text(part)}


def _heat_class(part: float) -> str:
    return next((name for least, name in HEATS if part >= least), "heat-0")


def _map_arrows(figures: Bottlenecks, version: TemplateVersion) -> list[DiagramArrow]:
    routes = (
        Route.objects.filter(step__version=version)
        .exclude(kind="reopen")
        .order_by("step__position", "position", "id")
    )
    return [
        DiagramArrow(
            source=figures.steps[route.step_id].key,
            target=figures.steps[route.to_step_id].key,
            label=route_label(route),
            is_exception=route_is_exception(route),
            used=route.used,
        )
        for route in routes
    ]
