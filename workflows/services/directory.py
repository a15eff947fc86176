"""The people of this site, as the map audit asks for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group, User
from django.db.models import Count, Q, QuerySet

from workflows.engine.actions import action_named
from workflows.engine.calendar import BUILT_IN, Calendar
from workflows.engine.definition import Definition
from workflows.models import (
    Connection,
    RoleEntry,
    TemplateVersion,
    WorkflowInstance,
    WorkflowTemplate,
)
from workflows.permissions import people_in
from workflows.services.calendars import calendar_of_key, has_run_out, site_calendar
from workflows.services.logins import person_named
from workflows.services.maps import map_of


class SitePeople:
    """The people of this site, as the map audit asks for them."""

    def is_active(self, username: str) -> bool | None:
        """True or False for a known person, None for an unknown one."""
        return User.objects.filter(username=username).values_list("is_active", flat=True).first()

    def members(self, groups: Sequence[str], users: Sequence[str]) -> frozenset[str]:
        """The active people in these groups, and these people where active."""
        active = User.objects.filter(is_active=True)
        found = active.filter(groups__name__in=groups) | active.filter(username__in=users)
        return frozenset(found.values_list("username", flat=True))

    def has_action(self, name: str) -> bool:
        """Whether an action of this name was registered when the program started."""
        return action_named(name) is not None

    def has_connection(self, key: str) -> bool:
        """Whether there is a connection of this key."""
        return Connection.objects.filter(key=key).exists()

    def calendar(self, name: str | None) -> Calendar | None:
        """The calendar of this name as it is now; None where there is none."""
        if name in BUILT_IN:
            return site_calendar(name)
        return calendar_of_key(str(name))

    def has_workflow(self, key: str) -> bool:
        """Whether there is a workflow of this key."""
        return WorkflowTemplate.objects.filter(key=key).exists()

    def started_as(self, key: str) -> Definition | None:
        """The map of its published version."""
        version = _published(key).select_related("template").first()
        return map_of(version).graph.definition if version is not None else None

    def is_in_use(self, key: str) -> bool:
        """Whether a version of it is published."""
        return _published(key).exists()

    def has_group(self, name: str) -> bool:
        """Whether there is a group of this name."""
        return Group.objects.filter(name=name).exists()

    def is_connection_on(self, key: str) -> bool:
        """Whether the connection of this key is in use."""
        return Connection.objects.filter(key=key, is_active=True).exists()

    def calendar_has_run_out(self, name: str) -> bool:
        """Whether a site's calendar had days off, and has none from today on."""
        return has_run_out(name)


def _published(key: str) -> QuerySet[TemplateVersion]:
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
        person = person_named(username, self.version.published_at)
        return None if person is None else person.is_active

    def members(self, groups: Sequence[str], users: Sequence[str]) -> frozenset[str]:
        """The active people whom the roles with exactly these names have."""
        wanted = {(True, name) for name in groups} | {(False, name) for name in users}
        by_role: dict[int, set[tuple[bool, str]]] = {}
        for entry in self.entries:
            by_role.setdefault(entry.role_id, set()).add((entry.is_group, entry.named))
        roles = [role for role, names in by_role.items() if names == wanted]
        if not roles:
            return super().members(groups, users)
        return frozenset(people_in(roles).values_list("username", flat=True))

    def has_group(self, name: str) -> bool:
        """Whether the group that the map names is there, whatever it is called now."""
        own = [one for one in self.entries if one.is_group and one.named == name]
        there = any(one.group is not None for one in own)
        return there or super().has_group(own[0].name if own else name)

    def renamed(self, definition: Definition) -> Definition:
        """The definition with its groups and people as they are called now."""
        now = {(one.is_group, one.named): _called(one) for one in self.entries}
        written = definition.dump()
        for role in written.get("roles", {}).values():
            for kind, is_group in (("groups", True), ("users", False)):
                if role.get(kind):
                    role[kind] = [now.get((is_group, name), name) for name in role[kind]]
        for key in ("owner", "deputy"):
            person = person_named(written.get(key), self.version.published_at)
            if person is not None:
                written[key] = person.get_username()
        return Definition.model_validate(written)


def people_for(version: TemplateVersion | None) -> SitePeople:
    """The people by whom to audit: of a file or a draft those who have its names now."""
    if version is None or version.is_editable:
        return SitePeople()
    return VersionPeople(version)


def _called(entry: RoleEntry) -> str:
    row = entry.group or entry.user
    return str(getattr(row, "username", None) or getattr(row, "name", entry.name))


@dataclass(frozen=True, slots=True)
class Use:
    """A role of a map in use that names a group or a person."""

    name: str
    role: str
    workflow: str
    version: int
    requests: int


def uses_of(rows: Iterable[Group | User]) -> list[Use]:
    """Where published maps, and those on which requests still run, name these. One statement."""
    there = list(rows)
    groups = [row.pk for row in there if isinstance(row, Group)]
    users = [row.pk for row in there if isinstance(row, User)]
    running = Q(role__version__instances__state__in=WorkflowInstance.LIVE)
    found = (
        RoleEntry.objects.filter(Q(group__in=groups) | Q(user__in=users))
        .annotate(requests=Count("role__version__instances", filter=running))
        .filter(Q(role__version__state=TemplateVersion.PUBLISHED) | Q(requests__gt=0))
        .select_related("role__version", "group", "user")
    )
    return [
        Use(
            name=_called(one),
            role=one.role.key,
            workflow=one.role.version.name,
            version=one.role.version.number,
            requests=one.requests,
        )
        for one in found.order_by("role__version", "pk")
    ]
