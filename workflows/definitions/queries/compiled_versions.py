"""The map of a version as running code needs it, cached in the process.

A version that is not a draft never changes, so its map is built once a process and routing a
decision asks the database nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils import timezone

from workflows.calendars.queries.working_calendars import site_calendar
from workflows.definitions.models import Role, Step, TemplateVersion
from workflows.definitions.queries.definition_rows import definition_to_run
from workflows.engine.format.definition import FieldDef, HumanStep, RoleDef
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.outside_fields import fields_in_reports
from workflows.engine.routing.rows import Chains, read_rows
from workflows.engine.routing.separation import RowView, visible_field_keys
from workflows.engine.texts import Text
from workflows.engine.timing.working_time import Calendar


@dataclass(frozen=True)
class VersionMap:
    """A version's graph with the rows behind it."""

    version_id: int
    template_id: int
    number: int
    graph: Graph
    step_ids: Mapping[str, int]
    role_ids: Mapping[str, int]
    gone_parts: tuple[Text, ...]
    """What the map names that is not installed here, but for its calendars."""

    @cached_property
    def step_keys(self) -> dict[int, str]:
        """Step keys by row id."""
        return {pk: key for key, pk in self.step_ids.items()}

    @cached_property
    def searchable_fields(self) -> Mapping[str, FieldDef]:
        """The fields by whose values requests are found, by their keys."""
        fields = self.graph.definition.fields
        return {key: field for key, field in fields.items() if field.searchable}

    @cached_property
    def restricted_fields(self) -> Mapping[str, tuple[str, ...]]:
        """The roles whose people may see a field, by the keys of the fields that say so, and by the
        dotted names of what stands in their rows."""
        fields = self.graph.definition.all_fields
        return {
            key: tuple(field.visible_to)
            for key, field in fields.items()
            if field.visible_to is not None
        }

    def restricted_at(self, step: str) -> frozenset[str]:
        """The fields that only some may see and whose values may stand in what is kept of a step's
        attempts."""
        return fields_in_reports(self.graph[step]) & self.restricted_fields.keys()

    @property
    def calendar(self) -> Calendar:
        """The calendar in which the workflow's durations count, as it is these days: the map is
        kept for good, a site's calendar is not."""
        return site_calendar(self.graph.definition.calendar)

    def calendar_of(self, step: str) -> Calendar:
        """The calendar in which the durations of a step count: its own, or the workflow's."""
        return site_calendar(self.graph.definition.calendar_of(step))

    def calendar_at(self, step_id: int) -> Calendar:
        """The same, by the step's row."""
        return self.calendar_of(self.step_keys[step_id])

    def role_of(self, step: str) -> RoleDef | None:
        """The role that owns a human step."""
        name = self.graph.human(step).role
        return self.graph.definition.roles.get(name or "")

    def outcome_roles(self, step: str) -> dict[str, RoleDef]:
        """The roles that single outcomes of a human step name."""
        roles = self.graph.definition.roles
        named = (route.role for route in self.graph.human(step).outcomes.values())
        return {name: roles[name] for name in named if name}

    def data_of_task(
        self, step_id: int, rows: str, data: Mapping[str, Any], chains: Chains
    ) -> Mapping[str, Any]:
        """The values of a request as a task at this step sees them: in an each-branch with those
        of its row (`rows` is what the task's record keeps). `chains` are those of the request's
        marking."""
        if not rows:
            return data
        return self.graph.data_at(self.step_keys[step_id], read_rows(rows), data, chains)

    def shown_keys(self, step_id: int, rows: str) -> list[str] | None:
        """The fields that a task shows: what its step names; where it names none, all (None), or
        in an each-branch all with the row in place of its list."""
        key = self.step_keys[step_id]
        step = self.graph.human(key)
        if step.inputs is not None or not rows:
            return step.inputs
        scopes = self.graph.row_scopes[key]
        return visible_field_keys(step, self.graph.definition, scopes)

    def view_of_task(self, step_id: int, rows: str) -> RowView:
        """From where separation of duties is asked of a task."""
        return RowView(self.graph, self.step_keys[step_id], read_rows(rows))

    def human(self, step: str) -> HumanStep:
        """The step's definition, known to be an approval or a task."""
        return self.graph.human(step)


_version_maps: dict[int, VersionMap] = {}


def get_version_map(version: TemplateVersion) -> VersionMap:
    """The version's map: from the process's cache, else built (six statements)."""
    cached = _version_maps.get(version.pk)
    if cached is None:
        cached = _build_version_map(version)
        if version.state != TemplateVersion.DRAFT:
            _version_maps[version.pk] = cached
    return cached


def cached_map(version_id: int) -> VersionMap:
    """The map of a version by id; asks the database only the first time."""
    cached = _version_maps.get(version_id)
    if cached is None:
        cached = get_version_map(
            TemplateVersion.objects.select_related("template").get(pk=version_id)
        )
    return cached


_versions_of_steps: dict[int, int] = {}


def map_of_step(version_map: VersionMap, step_id: int) -> VersionMap:
    """The map that a step's row is of: this one, or, where a request was moved to another version
    since, the one on which the step was done. Asks the database only the first time."""
    if step_id in version_map.step_keys:
        return version_map
    if step_id not in _versions_of_steps:
        versions = Step.objects.values_list("version_id", flat=True)
        _versions_of_steps[step_id] = versions.get(pk=step_id)
    return cached_map(_versions_of_steps[step_id])


def forget_maps() -> None:
    """Empty the cache (a database that was replaced under the process, as tests do)."""
    _version_maps.clear()
    _versions_of_steps.clear()


def _build_version_map(version: TemplateVersion) -> VersionMap:
    definition, gone_parts = definition_to_run(version)
    return VersionMap(
        version_id=version.pk,
        template_id=version.template_id,
        number=version.number,
        graph=Graph(definition, timezone.get_default_timezone()),
        step_ids=dict(Step.objects.filter(version=version).values_list("key", "pk")),
        role_ids=dict(Role.objects.filter(version=version).values_list("key", "pk")),
        gone_parts=tuple(gone_parts),
    )
