"""Accounts and groups: who is in a group is who may act for a role, so nobody hands on more than
they have, and nobody changes an account that is above their own.

What is a fact of rights, the rows' own signals record (`rights_trail.py`).
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Model, QuerySet

from workflows.access.models import ServiceAccount
from workflows.access.permissions import groups_held, may_change_account, permissions_held
from workflows.access.services.rights_trail import attribute_changes_to
from workflows.access.services.tokens import NEW_ADDRESS, NEW_PASSWORD, notify_account_change
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.people.models import User
from workflows.people.queries.managers import leads_back, managers_by_person

RANK_FIELDS = ("username", "is_staff", "is_superuser")
"""What of an account superusers alone give."""
OWN_FIELDS_OF_OTHERS = (
    *("email", "is_active"),
    *("manager_id", "department", "cost_centre", "place", "approval_limit"),
)
"""What nobody but a superuser changes of their own account."""


def save_account(
    account: User,
    *,
    by: User,
    now: datetime,
    groups: Collection[Group] | None = None,
    permissions: Collection[Permission] | None = None,
) -> User:
    """Write an account as it was filled in; None leaves its groups or permissions as they are.

    Who gets another mail address is told at the old one and at the new one. Raises NotAllowed.
    """
    with transaction.atomic(), attribute_changes_to(by):
        # Locked: whose rank is raised meanwhile is not judged by what the form showed.
        before = User.objects.select_for_update(of=("self",)).filter(pk=account.pk).first()
        _check_account_change(account, before, by)
        # Nobody gives themselves a group or a permission.
        if account.pk == by.pk and not by.is_superuser:
            groups = permissions = None
        if before is not None and account.manager_id != before.manager_id:
            check_manager(account, account.manager)
        account.save()
        _set_held_rows(account.groups, groups, groups_held(by))
        _set_held_rows(account.user_permissions, permissions, permissions_held(by))
        if before is not None and before.email != account.email and account.pk != by.pk:
            # The old address hears of it too: who changed it may be a thief of the account.
            change = NEW_ADDRESS
            notify_account_change(account, change, by=by, now=now, also=before.email)
    return account


def _check_account_change(account: User, before: User | None, by: User) -> None:
    _require_permission(by, "change_user" if before is not None else "add_user")
    if by.is_superuser:
        return
    if before is not None and not may_change_account(by, before):
        raise NotAllowed("This account may do more than yours, so a superuser changes it.")
    baseline = before or User(username=account.username)
    fixed = (*RANK_FIELDS, *(OWN_FIELDS_OF_OTHERS if account.pk == by.pk else ()))
    if any(getattr(account, name) != getattr(baseline, name) for name in fixed):
        raise NotAllowed(
            "A superuser changes logins and ranks, and of your own account all but its names."
        )


def check_manager(account: User, manager: User | None) -> None:
    """Nobody is above themselves, however far up. Raises InvalidInput."""
    if manager is None or account.pk is None:
        return
    if leads_back(account.pk, {**managers_by_person(), account.pk: manager.pk}):
        raise InvalidInput(
            "'%(login)s' would be above themselves; choose another manager.",
            login=account.get_username(),
        )


def _require_permission(by: User, codename: str, app: str = "workflows") -> None:
    if not by.has_perm(f"{app}.{codename}"):
        raise NotAllowed("You may not change accounts; ask an administrator.")


def _set_held_rows(
    related_rows: Any,
    chosen: Collection[Group] | Collection[Permission] | None,
    held: QuerySet[Group] | QuerySet[Permission],
) -> None:
    """Bind an account or a group to just these rows; what is new or gone must be among `held`."""
    if chosen is None:
        return
    changed = {row.pk for row in chosen} ^ set(related_rows.values_list("pk", flat=True))
    if changed - set(held.filter(pk__in=changed).values_list("pk", flat=True)):
        raise NotAllowed("Nobody hands on, or takes away, groups and permissions not their own.")
    related_rows.set(chosen)


def set_account_password(account: User, *, by: User, now: datetime) -> None:
    """Write the password that was set on an account (or that it has none); whose it is, is told.

    Raises NotAllowed, also for service accounts, which have no password.
    """
    _require_permission(by, "change_user")
    if not may_change_account(by, account):
        raise NotAllowed("This account may do more than yours, so a superuser changes it.")
    if ServiceAccount.objects.filter(user=account).exists():
        raise NotAllowed("A program's account has no password; it acts by tokens.")
    with transaction.atomic(), attribute_changes_to(by):
        account.save(update_fields=["password"])
        if account.pk != by.pk:
            notify_account_change(account, NEW_PASSWORD, by=by, now=now)


def delete_account(account: User, *, by: User) -> None:
    """Delete an account that nothing names. Raises NotAllowed for all but superusers."""
    _delete_for_superuser(account, by)


def save_group(
    group: Group, *, by: User, permissions: Collection[Permission] | None = None
) -> Group:
    """Write a group and its permissions. Raises NotAllowed."""
    with transaction.atomic(), attribute_changes_to(by):
        before = Group.objects.filter(pk=group.pk).first()
        _require_permission(by, "change_group" if before else "add_group", app="auth")
        if before is not None and before.name != group.name and not by.is_superuser:
            raise NotAllowed("Maps name groups, so a superuser renames them.")
        if before is None or before.name != group.name:
            group.save()
        _set_held_rows(group.permissions, permissions, permissions_held(by))
    return group


def delete_group(group: Group, *, by: User) -> None:
    """Delete a group. Raises NotAllowed for all but superusers."""
    _delete_for_superuser(group, by)


def _delete_for_superuser(row: Model, by: User) -> None:
    if not by.is_superuser:
        raise NotAllowed("Maps and the record name people and groups: a superuser deletes them.")
    with transaction.atomic(), attribute_changes_to(by):
        row.delete()


def put_into_groups(user: User, names: Iterable[str]) -> None:
    """Let somebody be in exactly those of our groups that have these names; others are not made.
    It is the company's sign-in that says so, and nobody of this site."""
    user.groups.set(Group.objects.filter(name__in=set(names)))
