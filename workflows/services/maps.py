"""The map of a version as running code needs it, cached in the process.

A version that is not a draft never changes, so its map is built once a process and routing a
decision asks the database nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.utils import timezone

from workflows.engine.calendar import Calendar
from workflows.engine.definition import HumanStep, RoleDef
from workflows.engine.graph import Graph
from workflows.models import Role, Step, TemplateVersion
from workflows.services.calendars import site_calendar
from workflows.services.rows import definition_of


@dataclass(frozen=True)
class VersionMap:
    """A version's graph with the rows behind it."""

    version_id: int
    number: int
    graph: Graph
    step_ids: Mapping[str, int]
    role_ids: Mapping[str, int]

    @cached_property
    def step_keys(self) -> dict[int, str]:
        """Step keys by row id."""
        return {pk: key for key, pk in self.step_ids.items()}

    @property
    def calendar(self) -> Calendar:
        """The calendar in which the workflow's durations count, as it is these days: the map is
        kept for good, a site's calendar is not."""
        return site_calendar(self.graph.definition.calendar)

    def role_of(self, step: str) -> RoleDef | None:
        """The role that owns a human step."""
        name = self.graph.human(step).role
        return self.graph.definition.roles.get(name or "")

    def outcome_roles(self, step: str) -> dict[str, RoleDef]:
        """The roles that single outcomes of a human step name."""
        roles = self.graph.definition.roles
        named = (route.role for route in self.graph.human(step).outcomes.values())
        return {name: roles[name] for name in named if name}

    def human(self, step: str) -> HumanStep:
        """The step's definition, known to be an approval or a task."""
        return self.graph.human(step)


_maps: dict[int, VersionMap] = {}


def map_of(version: TemplateVersion) -> VersionMap:
    """The version's map: from the process's cache, else built (six statements)."""
    known = _maps.get(version.pk)
    if known is None:
        known = _build(version)
        if version.state != TemplateVersion.DRAFT:
            _maps[version.pk] = known
    return known


def cached_map(version_id: int) -> VersionMap:
    """The map of a version by id; asks the database only the first time."""
    known = _maps.get(version_id)
    if known is None:
        known = map_of(TemplateVersion.objects.select_related("template").get(pk=version_id))
    return known


def forget_maps() -> None:
    """Empty the cache (a database that was replaced under the process, as tests do)."""
    _maps.clear()


def _build(version: TemplateVersion) -> VersionMap:
    return VersionMap(
        version_id=version.pk,
        number=version.number,
        graph=Graph(definition_of(version), timezone.get_default_timezone()),
        step_ids=dict(Step.objects.filter(version=version).values_list("key", "pk")),
        role_ids=dict(Role.objects.filter(version=version).values_list("key", "pk")),
    )
