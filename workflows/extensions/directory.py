"""The people of a tried map: a directory of one test, in a database of its own in memory.

Role finders are asked as on a site: lists by their SQL, the others by `find_people` or
`find_everybody`, with Django's own models. The site's database, if there is one, is not touched.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from django.contrib.auth.models import Group
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper

from workflows.access.conditions.role_lookups import RequestAtRow
from workflows.access.permissions import active_role_members
from workflows.access.services.role_entries import record_role_entries
from workflows.definitions.models import ROLE_COLUMNS, Role
from workflows.engine.format.definition import RoleDef
from workflows.engine.routing.chains import ChainQuestion
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking
from workflows.execution.models import WorkflowInstance
from workflows.people.models import FormerLogin, RoleEntry, User
from workflows.people.queries.chains import DirectoryChains
from workflows.people.queries.eligibility import find_people_of_request

TABLES: Final = (Group, User, FormerLogin, RoleEntry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a directory says of somebody; `manager` is a login, `approval_limit` an amount."""

    groups: Collection[str] = ()
    manager: str = ""
    department: str = ""
    cost_centre: str = ""
    place: str = ""
    approval_limit: str | None = None
    is_active: bool = True


class Directory:
    """Who there is, by login. `tables` are models of your own that your finders read."""

    def __init__(
        self, people: Mapping[str, Person], tables: Collection[type[models.Model]] = ()
    ) -> None:
        with self.at_hand():
            self._create_tables((*TABLES, *tables))
            self._create_people(people)

    @cached_property
    def _database(self) -> BaseDatabaseWrapper:
        settings: dict[str, Any] = {
            **connections[DEFAULT_DB_ALIAS].settings_dict,
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": ":memory:",
            "OPTIONS": {},
        }
        return DatabaseWrapper(settings, DEFAULT_DB_ALIAS)

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """What is read and written in here is read and written in this directory."""
        own, site = self._database, connections[DEFAULT_DB_ALIAS]
        connections[DEFAULT_DB_ALIAS] = own
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = site

    def _create_tables(self, tables: Collection[type[models.Model]]) -> None:
        self._database.disable_constraint_checking()  # rows name others that are not here
        with self._database.schema_editor() as editor:
            for table in tables:
                editor.create_model(table)
        self._database.disable_constraint_checking()

    def _create_people(self, people: Mapping[str, Person]) -> None:
        names = dict.fromkeys(name for person in people.values() for name in person.groups)
        groups = {name: Group(pk=number, name=name) for number, name in enumerate(names, start=1)}
        users = {
            login: User(
                pk=number,
                username=login,
                department=person.department,
                cost_centre=person.cost_centre,
                place=person.place,
                approval_limit=person.approval_limit and Decimal(person.approval_limit),
                is_active=person.is_active,
            )
            for number, (login, person) in enumerate(people.items(), start=1)
        }
        for login, person in people.items():
            users[login].manager = users[person.manager] if person.manager else None
        Group.objects.bulk_create(groups.values())
        User.objects.bulk_create(users.values())
        membership = User.groups.through
        membership.objects.bulk_create(
            membership(user_id=users[login].pk, group_id=groups[name].pk)
            for login, person in people.items()
            for name in person.groups
        )

    # -- asking ---------------------------------------------------------------------------------

    def id_of(self, login: str) -> int:
        """By what the engine knows somebody. Raises LookupError."""
        with self.at_hand():
            pk = User.objects.filter(username=login).values_list("pk", flat=True).first()
        if pk is None:
            raise LookupError(f"'{login}' is not in the directory.")
        return pk

    def list_lists(self, roles: Mapping[str, RoleDef]) -> dict[str, int]:
        """Write down whom the lists of a map's roles mean, as publishing does; the roles' ids."""
        rows = [_role_row(number, key, roles[key]) for number, key in enumerate(roles, start=1)]
        with self.at_hand():
            RoleEntry.objects.all().delete()
            record_role_entries(rows)
        return {row.key: row.pk for row in rows}

    def members(self, role_id: int) -> list[str]:
        """The logins of the active people in a role's lists."""
        with self.at_hand():
            people = active_role_members([role_id]).order_by("username")
            return list(people.values_list("username", flat=True))

    def found(
        self, role: RoleDef, request: WorkflowInstance, data: Mapping[str, Any], marking: Marking
    ) -> list[str]:
        """The logins of the active people whom a role finds in a request with these values."""
        with self.at_hand():
            people = find_people_of_request(role, RequestAtRow(request, data), marking, ())
            return sorted({person.username for person in people if person.is_active})

    def chain(
        self, graph: Graph, question: ChainQuestion, request: WorkflowInstance
    ) -> tuple[str, ...]:
        """The managers of a chain. Raises ChainNotFound."""
        with self.at_hand():
            return DirectoryChains().find(graph, question, request, ())

    def request_of(self, login: str) -> WorkflowInstance:
        """A request that is in no database, asked for by somebody."""
        with self.at_hand():
            asker = User.objects.select_related("manager").get(username=login)
        return WorkflowInstance(requester=asker)


def _role_row(number: int, key: str, role: RoleDef) -> Role:
    settings = role.settings
    others = {name: said for name, said in settings.items() if name not in ROLE_COLUMNS}
    is_asker = bool(others.pop("requester", False))
    columns = {name: settings[name] for name in ROLE_COLUMNS if name in settings}
    return Role(pk=number, key=key, requester=is_asker, other_finders=others or None, **columns)
