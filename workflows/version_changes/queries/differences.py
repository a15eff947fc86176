"""Two versions of a workflow compared: what is different, and the picture of both at once."""

from dataclasses import dataclass

from django.utils.translation import gettext

from workflows.definitions.diagrams.maps import draw_map
from workflows.definitions.diagrams.overlay import (
    MapOverlay,
    RouteKey,
    RouteOverlay,
    StepOverlay,
    Tone,
    ToneMeaning,
    tone_key,
)
from workflows.definitions.diagrams.parts import MapDiagram
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.engine.format.definition import Definition
from workflows.engine.versions.comparison import (
    Difference,
    DifferenceKind,
    changed_step_keys,
    compare_definitions,
)
from workflows.engine.versions.renaming import rename_steps
from workflows.engine.versions.step_mapping import StepMapping
from workflows.engine.versions.step_matching import propose_steps

TONES = {
    DifferenceKind.ADDED: Tone.ADDED,
    DifferenceKind.REMOVED: Tone.REMOVED,
    DifferenceKind.RENAMED: Tone.CHANGED,
    DifferenceKind.SPLIT: Tone.CHANGED,
    DifferenceKind.CHANGED: Tone.CHANGED,
}


@dataclass(frozen=True)
class VersionComparison:
    """What is different in one version against another."""

    before: TemplateVersion
    after: TemplateVersion
    differences: list[Difference]
    steps: StepMapping
    old: Definition
    new: Definition

    def draw(self) -> tuple[MapDiagram, list[ToneMeaning]]:
        """Both maps in one picture, with what each sign means. No statement."""
        before = rename_steps(self.old, self.steps)
        overlay = MapOverlay(steps=self._step_overlays(), routes=_route_overlays(before, self.new))
        meanings = {
            Tone.ADDED: gettext("new"),
            Tone.REMOVED: gettext("gone"),
            Tone.CHANGED: gettext("different"),
        }
        picture = draw_map(self.new, overlay, also=[before])
        return picture, list(tone_key(meanings, overlay))

    def _step_overlays(self) -> dict[str, StepOverlay]:
        marks = changed_step_keys(self.differences)
        return {key: StepOverlay(tone=TONES[kind]) for key, kind in marks.items()}


def _route_overlays(before: Definition, after: Definition) -> dict[RouteKey, RouteOverlay]:
    old = {(link.source, link.to) for link in before.links()}
    new = {(link.source, link.to) for link in after.links()}
    routes = {}
    for definition, others, tone in ((after, old, Tone.ADDED), (before, new, Tone.REMOVED)):
        for link in definition.links():
            if (link.source, link.to) not in others:
                routes[RouteKey(link.source, link.to, link.name)] = RouteOverlay(tone=tone)
    return routes


def compare_versions(before: TemplateVersion, after: TemplateVersion) -> VersionComparison:
    """What is different in `after`. Raises DefinitionProblem where a draft does not hang together.
    At most six statements for each that is not in the process's cache."""
    old = get_version_map(before).graph.definition
    new = get_version_map(after).graph.definition
    steps = propose_steps(old, new)
    return VersionComparison(before, after, compare_definitions(old, new, steps), steps, old, new)


def versions_to_compare(version: TemplateVersion) -> list[TemplateVersion]:
    """The workflow's other versions, the newest first. One statement."""
    others = TemplateVersion.objects.filter(template=version.template_id).exclude(pk=version.pk)
    return list(others.select_related("template").order_by("-number"))


def version_before(
    version: TemplateVersion, others: list[TemplateVersion]
) -> TemplateVersion | None:
    """The version that this one follows: the newest older one that is no draft."""
    older = [other for other in others if other.number < version.number]
    return next((other for other in older if not other.is_editable), older[0] if older else None)
