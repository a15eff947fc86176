"""The people of a log: whoever an event log names gets an account that nobody can sign in to.

A log knows names only. To drive it through the real services each name must be a person who is
in the roles of the steps that it does. Accounts made here stand in the group `people-of-logs`,
and only they are put into roles: what a log says never gives a real person new rights.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.auth.models import Group, User
from django.db import transaction

from workflows.engine.definition import Definition, RoleDef
from workflows.models import Role, RoleEntry
from workflows.services.facts import beginning

GROUP = "people-of-logs"


@dataclass
class LogPeople:
    """The accounts behind a log's names, each read or made once."""

    _known: dict[str, User] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)

    def person(self, name: str) -> User:
        """The person of this name; made when there is none."""
        user = self._known.get(name)
        if user is None:
            user = User.objects.filter(username=name).first() or self._make(name)
            if user.groups.filter(name=GROUP).exists():
                self._made.add(name)
            self._known[name] = user
        return user

    def _make(self, name: str) -> User:
        with transaction.atomic(), beginning():
            user: User = User.objects.create_user(name)
            user.groups.add(Group.objects.get_or_create(name=GROUP)[0])
        return user

    def put_into(self, name: str, role: RoleDef | None) -> None:
        """Put a log's person into a role: into its first group, where it has groups."""
        user = self.person(name)
        if name not in self._made or role is None or not role.groups:
            return
        if name in (role.users or []) or user.groups.filter(name__in=role.groups).exists():
            return
        with beginning():
            user.groups.add(Group.objects.get_or_create(name=role.groups[0])[0])

    def let_act(self, name: str, role: RoleDef | None, row: Role | None) -> None:
        """Let a log's person act by a published map's role; by name where it has no groups."""
        self.put_into(name, role)
        if name not in self._made or role is None or not role.is_static or role.groups:
            return
        RoleEntry.objects.get_or_create(
            role=row, is_group=False, named=name,
            defaults={"name": name, "user": self.person(name)},
        )  # fmt: skip


def people_a_map_names(definition: Definition, people: LogPeople) -> None:
    """Make the owner, the deputy and the groups that a map names, where they are missing."""
    for name in filter(None, (definition.owner, definition.deputy)):
        people.person(name)
    for role in definition.roles.values():
        _make_groups(role.groups or [])
        for name in role.users or []:
            people.person(name)


def _make_groups(names: Iterable[str]) -> None:
    with beginning():
        for name in names:
            Group.objects.get_or_create(name=name)
