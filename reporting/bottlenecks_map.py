"""The map of a workflow, coloured by where time is lost."""

from reporting.bottlenecks import Bottlenecks, Totals
from reporting.bottlenecks_words import percent, work_span
from reporting.wording import span
from workflows.admin.picture import Arrow, Node, Picture, draw
from workflows.admin.sheet import way_label
from workflows.models import Route, Step, TemplateVersion

HEATS = ((0.4, "heat-4"), (0.2, "heat-3"), (0.1, "heat-2"), (0.03, "heat-1"))
"""From which share of the loss on a step has which colour."""


def map_picture(found: Bottlenecks) -> Picture:
    """The newest version's map, or the chosen one's. Two statements."""
    versions = [v for v in found.versions if found.version in (None, v.number)]
    if not versions:
        return Picture()
    return draw(_nodes(found, versions[-1]), _arrows(versions[-1]))


def _nodes(found: Bottlenecks, version: TemplateVersion) -> list[Node]:
    steps = found.by_step()
    whole = sum(totals.excess for totals in steps.values())
    waiting = sum(found.waited(totals) for totals in steps.values())
    nodes = []
    for step in Step.objects.filter(version=version).order_by("position", "id"):
        totals = steps.get(found.steps[step.pk].title)
        part = _part(found, totals, whole, waiting) if totals else 0.0
        nodes.append(
            Node(
                key=step.key,
                title=str(step),
                kind=step.kind,
                note=_note(found, totals, part),
                is_first=step.pk == version.first_step_id,
                mark=_heat(part),
            )
        )
    return nodes


def _part(found: Bottlenecks, totals: Totals, whole: int, waiting: int) -> float:
    """A step's share of all that is lost; of all waiting where nothing is."""
    if whole:
        return totals.excess / whole
    return found.waited(totals) / waiting if waiting else 0.0


def _note(found: Bottlenecks, totals: Totals | None, part: float) -> str:
    if totals is None or not totals.completed:
        return ""
    half = totals.at("taken_business")[0]
    took = span(totals.at(found.known.kind)[0]) if half is None else work_span(half, found.day)
    return f"{took}, {percent(part)}"


def _heat(part: float) -> str:
    return next((name for least, name in HEATS if part >= least), "heat-0")


def _arrows(version: TemplateVersion) -> list[Arrow]:
    ways = (
        Route.objects.filter(step__version=version)
        .exclude(kind="reopen")
        .select_related("step", "to_step")
        .order_by("step__position", "position", "id")
    )
    return [
        Arrow(
            source=way.step.key,
            target=way.to_step.key,
            label=way_label(way),
            is_exception=bool(way.exception),
            used=way.used,
        )
        for way in ways
    ]
