"""The versions between which requests move, and which step of the one is which of the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from workflows.access.permissions import active_role_members
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import (
    VersionMap,
    cached_map,
    get_version_map,
)
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.engine.routing.marking import Person
from workflows.engine.versions.step_mapping import StepMapping, Written
from workflows.engine.versions.step_matching import propose_steps
from workflows.execution.models import WorkflowInstance


def find_target_version(template: WorkflowTemplate, number: int) -> TemplateVersion:
    """The version to which requests are to move. Raises NotFound or WrongState."""
    versions = template.versions.select_related("template")
    version = versions.filter(number=number).first()
    if version is None:
        raise NotFound(
            "'%(key)s' has no version %(number)s; see its page for those that there are.",
            key=template.key,
            number=number,
        )
    if version.state not in (TemplateVersion.PUBLISHED, TemplateVersion.SUPERSEDED):
        raise WrongState(
            "%(version)s is %(state)s; requests move only to a version that was published.",
            version=version,
            state=version.get_state_display(),
        )
    return version


@dataclass(frozen=True)
class MoveTarget:
    """Where requests are to move: the version, and what somebody said of single steps."""

    version: TemplateVersion
    written: Mapping[str, object]

    @cached_property
    def map(self) -> VersionMap:
        """Its map."""
        return get_version_map(self.version)

    @cached_property
    def _mappings(self) -> dict[int, StepMapping]:
        return {}

    def steps_from(self, version_id: int) -> StepMapping:
        """Which step of this version each step of another one is: as it was said, else as it is
        proposed. What was said of steps that the other one does not have is of no account."""
        if version_id not in self._mappings:
            old, new = cached_map(version_id).graph.definition, self.map.graph.definition
            written = {key: value for key, value in self.written.items() if key in old.steps}
            self._mappings[version_id] = propose_steps(old, new).changed_by(written, old, new)
        return self._mappings[version_id]

    def key_here(self, version_id: int, key: str) -> str | None:
        """Which step of this version a step of another one is; its own are themselves."""
        if version_id == self.map.version_id:
            return key
        return self.steps_from(version_id).target(key)

    @cached_property
    def _people(self) -> dict[str, frozenset[Person]]:
        return {}

    def electorate(self, step: str) -> frozenset[Person]:
        """Everyone in a step's role now, for `quorum: all`; read once for all requests."""
        if step not in self._people:
            self._people[step] = self._read_people(step)
        return self._people[step]

    def _read_people(self, step: str) -> frozenset[Person]:
        name, role = self.map.human(step).role, self.map.role_of(step)
        if name is None or role is None or not role.is_static:
            return frozenset()
        members = active_role_members([self.map.role_ids[name]])
        return frozenset(members.values_list("pk", flat=True))


def find_source_versions(target: TemplateVersion) -> list[int]:
    """The other versions of the workflow on which requests run, oldest first. One statement."""
    running = WorkflowInstance.objects.running().filter(template=target.template_id)
    versions = running.exclude(version=target.pk).order_by("version__number")
    return list(dict.fromkeys(versions.values_list("version_id", flat=True)))


def build_target(version: TemplateVersion, written: Written) -> MoveTarget:
    """Where requests are to move. Raises InvalidInput where something was said of a step that no
    version has from which requests come, or of a goal that is not there."""
    target, sources = MoveTarget(version, written), find_source_versions(version)
    known = [key for pk in sources for key in cached_map(pk).graph.steps]
    unknown = [key for key in written if key not in known]
    if unknown and sources:
        raise InvalidInput(
            "There is no step '%(key)s' in any version from which requests would move; their steps"
            " are %(steps)s.",
            key=unknown[0],
            steps=", ".join(dict.fromkeys(known)),
        )
    for pk in sources:
        target.steps_from(pk)
    return target
