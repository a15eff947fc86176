"""What a team is: whoever a step's role means. The groups that the role lists are its teams; a role
that lists no group (single people, or somebody found in each request) is one itself, in its
workflow; the requester is one everywhere; what no person does is the system's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.contrib.auth.models import Group

from workflows.definitions.queries.compiled_versions import VersionMap, cached_map
from workflows.engine.format.definition import display_title
from workflows.engine.format.role_finders import GROUPS
from workflows.people.models import RoleEntry, User


class TeamKind(StrEnum):
    """What a team is made of."""

    GROUP = "group"
    ROLE = "role"
    REQUESTER = "requester"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Team:
    """One team: `code` names it in addresses; `name` is empty where its kind says all."""

    kind: TeamKind
    code: str
    name: str = ""
    workflow: str = ""


REQUESTER = Team(TeamKind.REQUESTER, "requester")
SYSTEM = Team(TeamKind.SYSTEM, "system")


@dataclass(slots=True)
class TeamDirectory:
    """The teams of the steps of some versions; `listed` are the codes of roles without groups in
    which a person is listed, by the person."""

    maps: Mapping[int, VersionMap]
    groups: Mapping[int, list[Team]]
    listed: Mapping[int, set[int]] = field(default_factory=dict)

    def of_step(self, version_id: int, key: str) -> tuple[Team, ...]:
        """The teams whose a step is."""
        version_map = self.maps[version_id]
        if not version_map.graph.is_human(key):
            return (SYSTEM,)
        role = version_map.role_of(key)
        if role is None:
            return ()
        if role.is_requester:
            return (REQUESTER,)
        name = version_map.graph.human(key).role or ""
        return tuple(self.groups.get(version_map.role_ids[name], ())) or (
            role_team(version_map, name),
        )

    def of_person(self, user: User) -> frozenset[str]:
        """The codes of the teams that a person is in. One statement."""
        codes = {group_team(group).code for group in user.groups.all()}
        roles = self.listed.get(user.pk, set())
        for version_map in self.maps.values():
            for name, role_id in version_map.role_ids.items():
                if role_id in roles and not self.groups.get(role_id):
                    codes.add(role_team(version_map, name).code)
        return frozenset(codes)


def group_team(group: Group) -> Team:
    """A group of accounts as a team."""
    return Team(TeamKind.GROUP, f"group-{group.pk}", group.name)


def role_team(version_map: VersionMap, role: str) -> Team:
    """A role without groups as a team, the same in every version of its workflow."""
    definition = version_map.graph.definition
    code = f"role-{definition.key}-{role}"
    return Team(TeamKind.ROLE, code, display_title(role, None), definition.name)


def read_teams(version_ids: Iterable[int]) -> TeamDirectory:
    """The teams of these versions. One statement, and another where a group was made anew."""
    maps = {version_id: cached_map(version_id) for version_id in version_ids}
    entries = list(RoleEntry.objects.filter(role__version__in=maps).select_related("group"))
    lost = {entry.name for entry in entries if entry.finder == GROUPS.name and entry.group is None}
    anew = {group.name: group for group in Group.objects.filter(name__in=lost)} if lost else {}
    groups: dict[int, list[Team]] = {}
    listed: dict[int, set[int]] = {}
    for entry in sorted(entries, key=lambda entry: entry.pk):
        group = entry.group or (anew.get(entry.name) if entry.finder == GROUPS.name else None)
        if group is not None:
            groups.setdefault(entry.role_id, []).append(group_team(group))
        elif entry.user_id is not None:
            listed.setdefault(entry.user_id, set()).add(entry.role_id)
    return TeamDirectory(maps, groups, listed)
