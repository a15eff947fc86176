"""Whom the lists of a map's roles mean, written down when it is published."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group

from workflows.definitions.models import Role
from workflows.engine.format.role_finders import GROUPS, USERS
from workflows.people.models import RoleEntry, User


def record_role_entries(rows: Collection[Role]) -> None:
    """Write down whom the lists of a version's roles mean, when it is published."""
    roles = [(row, row.definition) for row in rows]
    principals = {
        GROUPS.name: _by_name(
            Group.objects.filter(name__in={n for _, role in roles for n in role.groups})
        ),
        USERS.name: _by_name(
            User.objects.filter(username__in={n for _, role in roles for n in role.users})
        ),
    }
    RoleEntry.objects.bulk_create(
        RoleEntry(role=row, finder=finder.name, named=name, name=name, **meant)
        for row, role in roles
        for finder, setting in role.sources
        for name in dict.fromkeys(finder.listed_names(setting))
        for meant in [_principal_columns(finder.name, principals, name)]
    )


def _principal_columns(
    finder: str, principals: Mapping[str, Mapping[str, Any]], name: str
) -> dict[str, Any]:
    """The row that a name means, in its column: a group's or a person's, where there is one."""
    row = principals.get(finder, {}).get(name)
    return {"group" if finder == GROUPS.name else "user": row}


def _by_name(rows: Iterable[Any]) -> dict[str, Any]:
    return {getattr(row, "username", None) or row.name: row for row in rows}
