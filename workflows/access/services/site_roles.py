"""The groups that a site begins with: who runs workflows, who audits them, who studies them.

They are ordinary groups of the admin's: a site may change them, and what it added stays.
"""

from collections.abc import Mapping
from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from workflows.access.conditions import AUDIT_EVERYTHING, AUDIT_SITE

VIEW_PERMISSIONS: Final = ("workflows.view_user", "auth.view_group")
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "ops": ("workflows.*", *VIEW_PERMISSIONS),
    "auditor": (
        AUDIT_EVERYTHING,
        f"workflows.{AUDIT_SITE}",
        "workflows.view_trailevent",
        "workflows.view_trailhead",
    ),
    "analyst": (
        AUDIT_EVERYTHING,
        "workflows.view_workflowtemplate",
        "workflows.view_templateversion",
        "reporting.view_rolerate",
        "reporting.add_rolerate",
        "reporting.change_rolerate",
        "reporting.view_callrate",
        "reporting.add_callrate",
        "reporting.change_callrate",
    ),
}
"""What each group may, as `app.codename`; `app.*` is all but accounts and the site's trail."""


def ensure_site_roles() -> dict[str, list[str]]:
    """Make the groups where they are not there, and add what each lacks; gives what was added."""
    with transaction.atomic():
        return {
            name: _ensure_group(name, permission_names) for name, permission_names in ROLES.items()
        }


def _ensure_group(name: str, permission_names: tuple[str, ...]) -> list[str]:
    group, _ = Group.objects.get_or_create(name=name)
    held_ids = set(group.permissions.values_list("pk", flat=True))
    added = [
        permission
        for permission in _find_permissions(permission_names)
        if permission.pk not in held_ids
    ]
    group.permissions.add(*added)
    return sorted(
        f"{permission.content_type.app_label}.{permission.codename}" for permission in added
    )


def _find_permissions(permission_names: tuple[str, ...]) -> list[Permission]:
    permissions: list[Permission] = []
    for text in permission_names:
        app, _, codename = text.partition(".")
        rows = Permission.objects.select_related("content_type").filter(content_type__app_label=app)
        everything = rows.exclude(codename=AUDIT_SITE).exclude(content_type__model="user")
        permissions += everything if codename == "*" else rows.filter(codename=codename)
    return permissions
