"""Installed extensions, and the published maps that use each of their parts."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser

from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.errors import HandoffError
from workflows.engine.format.definition import AutomationStep, Definition
from workflows.extensions.origins import Origin, added_entries
from workflows.people.models import User

Actor = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class ExtensionPart:
    """One entry that an extension adds, and the names of the published maps that use it."""

    origin: Origin
    used_by: list[str] = field(default_factory=list)

    @property
    def package(self) -> str:
        """The package and its version; of a module that belongs to none, the module."""
        origin = self.origin
        return f"{origin.package} {origin.version}" if origin.package else origin.module


def find_extension_parts(reader: Actor) -> list[ExtensionPart]:
    """All that is added; the maps are those that the reader may audit. Nothing of the database is
    read where nothing is added."""
    origins = added_entries()
    definitions = list(_published_definitions(reader)) if origins else []
    return [
        ExtensionPart(origin, sorted({map_.name for map_ in definitions if _uses(map_, origin)}))
        for origin in origins
    ]


def _published_definitions(reader: Actor) -> Iterator[Definition]:
    auditable = WorkflowTemplate.objects.auditable_by(reader)
    versions = TemplateVersion.objects.filter(
        template__in=auditable, state=TemplateVersion.PUBLISHED
    )
    for pk in versions.values_list("pk", flat=True):
        try:
            yield cached_map(pk).graph.definition
        except HandoffError:  # it names what is gone, and cannot be read
            continue


def _uses(map_: Definition, origin: Origin) -> bool:
    names_of = _NAMES.get(origin.registry)
    return names_of is not None and origin.name in names_of(map_)


def _actions(map_: Definition) -> set[str]:
    return {step.action for step in map_.steps.values() if isinstance(step, AutomationStep)}


def _field_types(map_: Definition) -> set[str]:
    columns = (column for spec in map_.fields.values() for column in (spec.columns or {}).values())
    return {spec.type for spec in (*map_.fields.values(), *columns)}


def _finders(map_: Definition) -> set[str]:
    return {finder for role in map_.roles.values() for finder in role.settings}


def _triggers(map_: Definition) -> set[str]:
    triggers = (map_.start.triggers if map_.start else None) or []
    return {trigger.kind for trigger in triggers}


def _calendars(map_: Definition) -> set[str]:
    own = {str(getattr(step, "calendar", None)) for step in map_.steps.values()}
    return {str(map_.calendar), *own}


def _functions(map_: Definition) -> set[str]:
    return set(re.findall(r"\b([a-z_][a-z0-9_]*)\s*\(", map_.model_dump_json()))


_NAMES: Mapping[str, Callable[[Definition], set[str]]] = {
    "actions": _actions,
    "field_types": _field_types,
    "role_finders": _finders,
    "triggers": _triggers,
    "calendars": _calendars,
    "rule_functions": _functions,
}
"""What a map names of a registry; the others are used by the site as a whole."""
