"""Where cases leave a map, on its picture."""

from collections import Counter
from collections.abc import Sequence

from django.utils.translation import gettext, ngettext

from reporting.conformance.results import ConformanceResult
from workflows.definitions.diagrams.maps import draw_map
from workflows.definitions.diagrams.overlay import (
    MapOverlay,
    StepOverlay,
    Tone,
    ToneMeaning,
    tone_key,
)
from workflows.definitions.diagrams.parts import MapDiagram
from workflows.engine.format.definition import Definition
from workflows.language.formats import count_text

MUCH = 0.05
"""From this share of all cases on, a step at which they leave is bad and not only worth a look."""


def draw_conformance(
    definition: Definition, result: ConformanceResult
) -> tuple[MapDiagram, Sequence[ToneMeaning]]:
    """The map with how many cases leave it at each step, and what its colours mean. A case that
    could stand at several steps counts at each."""
    left: Counter[str] = Counter()
    for entry in result.deviations:
        left.update(dict.fromkeys(entry.kind.steps, entry.count))
    overlay = MapOverlay(
        steps={
            key: _step(count, result.cases) for key, count in left.items() if key in result.titles
        }
    )
    meanings = {
        Tone.NOTICE: gettext("some cases leave the map here"),
        Tone.BAD: gettext("more than one case in twenty leaves the map here"),
    }
    return draw_map(definition, overlay), tone_key(meanings, overlay)


def _step(count: int, cases: int) -> StepOverlay:
    words = ngettext(
        "%(count)s case leaves the map here", "%(count)s cases leave the map here", count
    )
    return StepOverlay(
        badge=count_text(count),
        tone=Tone.BAD if count > MUCH * cases else Tone.NOTICE,
        title=words % {"count": count_text(count)},
    )
