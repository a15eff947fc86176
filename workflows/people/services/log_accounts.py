"""The people of a log: whoever an event log names gets an account that nobody can sign in to.

A log knows names only. To drive it through the real services each name must be a person who is
in the roles of the steps that it does. Accounts made here stand in the group `people-of-logs`,
and only they are put into roles: what a log says never gives a real person new rights.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.auth.models import Group
from django.db import transaction

from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.definitions.models import Role
from workflows.engine.format.definition import Definition, RoleDef
from workflows.engine.format.role_finders import USERS
from workflows.people.models import RoleEntry, User

LOG_PEOPLE_GROUP = "people-of-logs"


@dataclass
class LogPeople:
    """The accounts behind a log's names, each read or made once."""

    _known: dict[str, User] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)

    def person(self, name: str) -> User:
        """The person of this name; made when there is none."""
        user = self._known.get(name)
        if user is None:
            user = User.objects.filter(username=name).first() or self._create_person(name)
            if user.groups.filter(name=LOG_PEOPLE_GROUP).exists():
                self._made.add(name)
            self._known[name] = user
        return user

    def _create_person(self, name: str) -> User:
        with transaction.atomic(), suppress_fact_recording():
            user: User = User.objects.create_user(name)
            user.groups.add(Group.objects.get_or_create(name=LOG_PEOPLE_GROUP)[0])
        return user

    def put_into(self, name: str, role: RoleDef | None) -> None:
        """Put a log's person into a role: into its first group, where it has groups."""
        user = self.person(name)
        if name not in self._made or role is None or not role.groups:
            return
        if name in (role.users) or user.groups.filter(name__in=role.groups).exists():
            return
        with suppress_fact_recording():
            user.groups.add(Group.objects.get_or_create(name=role.groups[0])[0])

    def let_act(self, name: str, role: RoleDef | None, row: Role | None) -> None:
        """Let a log's person act by a published map's role; by name where it has no groups."""
        self.put_into(name, role)
        if name not in self._made or role is None or not role.is_static or role.groups:
            return
        RoleEntry.objects.get_or_create(
            role=row,
            finder=USERS.name,
            named=name,
            defaults={"name": name, "user": self.person(name)},
        )


def ensure_map_people(definition: Definition, people: LogPeople) -> None:
    """Make the owner, the deputy and the groups that a map names, where they are missing."""
    for name in filter(None, (definition.owner, definition.deputy)):
        people.person(name)
    for role in definition.roles.values():
        _ensure_groups(role.groups)
        for name in role.users:
            people.person(name)


def _ensure_groups(names: Iterable[str]) -> None:
    with suppress_fact_recording():
        for name in names:
            Group.objects.get_or_create(name=name)
