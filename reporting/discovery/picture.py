"""What a log shows, as a picture: how often each step was done and each way was gone."""

from reporting.discovery.results import activity_counts
from workflows.definitions.diagrams.maps import draw_map
from workflows.definitions.diagrams.overlay import (
    MapOverlay,
    RouteKey,
    RouteOverlay,
    StepOverlay,
    weigh,
)
from workflows.definitions.diagrams.parts import MapDiagram
from workflows.engine.discovery.discover import Discovery
from workflows.language.formats import count_text


def draw_discovery(found: Discovery) -> MapDiagram:
    """The draft with its frequencies."""
    counts = found.draft.counts
    most = max(counts.values(), default=0)
    steps = {
        found.draft.keys[name]: StepOverlay(badge=count_text(count))
        for name, count in activity_counts(found).items()
    }
    routes = {
        RouteKey(link.source, link.to, link.name): RouteOverlay(
            count=count_text(counts[link.source, link.to]),
            weight=weigh(counts[link.source, link.to], most),
        )
        for link in found.definition.links()
        if (link.source, link.to) in counts
    }
    return draw_map(found.definition, MapOverlay(steps=steps, routes=routes))
