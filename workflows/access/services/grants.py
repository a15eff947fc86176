"""Grants on one workflow or connection: given and taken by those who answer for it.

Each is a fact of rights; the rows' own signals record it (`rights_trail.py`).
"""

from collections.abc import Collection

from django.contrib.auth.models import Group
from django.db import transaction
from guardian.shortcuts import assign_perm, get_group_perms, get_user_perms, remove_perm

from workflows.access.permissions import answers_for_connection, may_manage
from workflows.access.services.rights_trail import attribute_changes_to
from workflows.connections.models import Connection
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.people.models import User


def answers_for(person: User, row: WorkflowTemplate | Connection) -> bool:
    """Whether the person says who may what with a workflow or a connection."""
    if isinstance(row, WorkflowTemplate):
        return may_manage(person, row)
    return person.is_active and (person.is_superuser or answers_for_connection(person, row))


def set_row_permissions(
    row: WorkflowTemplate | Connection,
    holder: User | Group,
    permissions: Collection[str],
    *,
    grantable: Collection[str],
    by: User,
) -> None:
    """Let a person or a group have just these permissions of the `grantable` ones on a row.

    Raises NotAllowed for who does not answer for the row, and InvalidInput.
    """
    if not answers_for(by, row):
        raise NotAllowed("Only those who answer for '%(row)s' say who else may use it.", row=row)
    if set(permissions) - set(grantable):
        raise InvalidInput("Choose permissions that mean something on '%(row)s'.", row=row)
    with transaction.atomic(), attribute_changes_to(by):
        held = set(
            get_user_perms(holder, row)
            if isinstance(holder, User)
            else get_group_perms(holder, row)
        ) & set(grantable)
        for codename in sorted(held - set(permissions)):
            remove_perm(codename, holder, row)
        for codename in sorted(set(permissions) - held):
            assign_perm(codename, holder, row)
