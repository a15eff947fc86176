"""The people of this site, as the map audit asks for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Count, Q, QuerySet

from workflows.access.conditions.role_lookups import ROLE_LOOKUPS
from workflows.access.permissions import active_role_members
from workflows.calendars.queries.working_calendars import (
    find_site_calendar,
    is_calendar_exhausted,
    site_calendar,
)
from workflows.connections.models import Connection
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.engine.audit.people import ResourceGroup
from workflows.engine.format.actions import action_named
from workflows.engine.format.definition import Definition, RoleDef
from workflows.engine.format.role_finders import GROUPS, USERS
from workflows.engine.timing.working_time import BUILT_IN_CALENDARS, Calendar
from workflows.execution.models import WorkflowInstance
from workflows.people.models import RoleEntry, User
from workflows.people.queries.logins import find_login_holder
from workflows.resources.models import Resource


class SitePeople:
    """The people of this site, as the map audit asks for them."""

    def is_active(self, username: str) -> bool | None:
        """True or False for a known person, None for an unknown one."""
        return User.objects.filter(username=username).values_list("is_active", flat=True).first()

    def members(self, role: RoleDef) -> frozenset[str]:
        """The active people whom a role's lists have now."""
        condition = Q(pk__in=())
        for finder, setting in role.sources:
            condition |= ROLE_LOOKUPS[finder.name].listed_people(finder.listed_names(setting))
        matching = User.objects.filter(condition, is_active=True)
        return frozenset(matching.values_list("username", flat=True))

    def count_without_manager(self, role: RoleDef | None) -> int:
        """How many people, programs apart, have no manager whose account is open."""
        people = User.objects.filter(is_active=True, service_account=None)
        people = people.exclude(manager__is_active=True)
        if role is not None and role.is_static:
            people = people.filter(username__in=self.members(role))
        return people.count()

    def has_action(self, name: str) -> bool:
        """Whether an action of this name was registered when the program started."""
        return action_named(name) is not None

    def has_connection(self, key: str) -> bool:
        """Whether there is a connection of this key."""
        return Connection.objects.filter(key=key).exists()

    def calendar(self, name: str | None) -> Calendar | None:
        """The calendar of this name as it is now; None where there is none."""
        if name in BUILT_IN_CALENDARS:
            return site_calendar(name)
        return find_site_calendar(str(name))

    def resource_group(self, name: str) -> ResourceGroup | None:
        """What the resources of a group that are in use are."""
        rows = Resource.objects.filter(group=name, is_active=True)
        said = list(rows.order_by().values_list("kind", "currency").distinct())
        if not said:
            return None
        return ResourceGroup(said[0][0], frozenset(filter(None, (pair[1] for pair in said))))

    def has_workflow(self, key: str) -> bool:
        """Whether there is a workflow of this key."""
        return WorkflowTemplate.objects.filter(key=key).exists()

    def started_as(self, key: str) -> Definition | None:
        """The map of its published version."""
        version = _published_versions(key).select_related("template").first()
        return get_version_map(version).graph.definition if version is not None else None

    def is_in_use(self, key: str) -> bool:
        """Whether a version of it is published."""
        return _published_versions(key).exists()

    def has_group(self, name: str) -> bool:
        """Whether there is a group of this name."""
        return Group.objects.filter(name=name).exists()

    def is_connection_on(self, key: str) -> bool:
        """Whether the connection of this key is in use."""
        return Connection.objects.filter(key=key, is_active=True).exists()

    def calendar_has_run_out(self, name: str) -> bool:
        """Whether a site's calendar had days off, and has none from today on."""
        return is_calendar_exhausted(name)


def _published_versions(key: str) -> QuerySet[TemplateVersion]:
    return TemplateVersion.objects.filter(template__key=key, state=TemplateVersion.PUBLISHED)


class VersionPeople(SitePeople):
    """The people whom a version that is no draft means by its names, whatever they are called
    now."""

    def __init__(self, version: TemplateVersion) -> None:
        self.version = version
        rows = RoleEntry.objects.filter(role__version=version)
        self.entries = list(rows.select_related("group", "user"))

    def is_active(self, username: str) -> bool | None:
        """True or False for a known person, None for an unknown one."""
        person = find_login_holder(username, self.version.published_at)
        return None if person is None else person.is_active

    def members(self, role: RoleDef) -> frozenset[str]:
        """The active people whom the roles with exactly these names have."""
        named_entries = {
            (finder.name, name)
            for finder, setting in role.sources
            for name in finder.listed_names(setting)
        }
        by_role: dict[int, set[tuple[str, str]]] = {}
        for entry in self.entries:
            by_role.setdefault(entry.role_id, set()).add((entry.finder, entry.named))
        roles = [role for role, names in by_role.items() if names == named_entries]
        if not roles:
            return super().members(role)
        return frozenset(active_role_members(roles).values_list("username", flat=True))

    def has_group(self, name: str) -> bool:
        """Whether the group that the map names is there, whatever it is called now."""
        groups = [entry for entry in self.entries if entry.finder == GROUPS.name]
        own = [entry for entry in groups if entry.named == name]
        is_present = any(entry.group is not None for entry in own)
        return is_present or super().has_group(own[0].name if own else name)

    def renamed(self, definition: Definition) -> Definition:
        """The definition with its groups and people as they are called now, and with those who own
        the workflow and its parts now."""
        current_names = {
            (entry.finder, entry.named): _current_name_of(entry) for entry in self.entries
        }
        written = definition.dump()
        for role in written.get("roles", {}).values():
            for finder in (GROUPS.name, USERS.name):
                names = role.get(finder) or ()
                if names:
                    role[finder] = [current_names.get((finder, name), name) for name in names]
        template = self.version.template
        for key, current in (("owner", template.owner), ("deputy", template.deputy)):
            person = current or find_login_holder(written.get(key), self.version.published_at)
            if person is not None:
                written[key] = person.get_username()
        _name_part_owners(self.version, written)
        return Definition.model_validate(written)


def _name_part_owners(version: TemplateVersion, written: dict[str, Any]) -> None:
    """Let the steps and triggers of a written map name who owns them now."""
    triggers = written.get("start", {}).get("triggers", [])
    for row in version.part_owners.select_related("step", "owner", "deputy"):
        part = triggers[row.trigger or 0] if row.step is None else written["steps"][row.step.key]
        for key, person in (("owner", row.owner), ("deputy", row.deputy)):
            part.pop(key, None)
            if person is not None:
                part[key] = person.get_username()


def audit_people_for(version: TemplateVersion | None) -> SitePeople:
    """The people by whom to audit: of a file or a draft those who have its names now."""
    if version is None or version.is_editable:
        return SitePeople()
    return VersionPeople(version)


def _current_name_of(entry: RoleEntry) -> str:
    row = entry.group or entry.user
    return str(getattr(row, "username", None) or getattr(row, "name", entry.name))


@dataclass(frozen=True, slots=True)
class RoleUse:
    """A role of a map in use that names a group or a person."""

    name: str
    role: str
    workflow: str
    version: int
    requests: int
    workflow_id: int


def find_role_uses(rows: Iterable[Group | User]) -> list[RoleUse]:
    """Where published maps, and those on which requests still run, name these. One statement."""
    holders = list(rows)
    groups = [row.pk for row in holders if isinstance(row, Group)]
    users = [row.pk for row in holders if isinstance(row, User)]
    running = Q(role__version__instances__state__in=WorkflowInstance.LIVE)
    entries = (
        RoleEntry.objects.filter(Q(group__in=groups) | Q(user__in=users))
        .annotate(requests=Count("role__version__instances", filter=running))
        .filter(Q(role__version__state=TemplateVersion.PUBLISHED) | Q(requests__gt=0))
        .select_related("role__version", "group", "user")
    )
    return [
        RoleUse(
            name=_current_name_of(entry),
            role=entry.role.key,
            workflow=entry.role.version.name,
            version=entry.role.version.number,
            requests=entry.requests,
            workflow_id=entry.role.version.template_id,
        )
        for entry in entries.order_by("role__version", "pk")
    ]
