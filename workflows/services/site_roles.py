"""The groups that a site begins with: who runs workflows, who audits them, who studies them.

They are ordinary groups of the admin's: a site may change them, and what it added stays.
"""

from collections.abc import Mapping
from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from workflows.permissions import AUDIT_EVERYTHING, AUDIT_SITE

LOOK: Final = ("auth.view_user", "auth.view_group")
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "ops": ("workflows.*", *LOOK),
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
"""What each group may, as `app.codename`; `app.*` is all of an app but the trail of the site."""


def make_roles() -> dict[str, list[str]]:
    """Make the groups where they are not there, and add what each lacks; gives what was added."""
    with transaction.atomic():
        return {name: _complete(name, wanted) for name, wanted in ROLES.items()}


def _complete(name: str, wanted: tuple[str, ...]) -> list[str]:
    group, _ = Group.objects.get_or_create(name=name)
    there = set(group.permissions.values_list("pk", flat=True))
    added = [one for one in _permissions(wanted) if one.pk not in there]
    group.permissions.add(*added)
    return sorted(f"{one.content_type.app_label}.{one.codename}" for one in added)


def _permissions(wanted: tuple[str, ...]) -> list[Permission]:
    found: list[Permission] = []
    for text in wanted:
        app, _, codename = text.partition(".")
        rows = Permission.objects.select_related("content_type").filter(content_type__app_label=app)
        found += (
            rows.exclude(codename=AUDIT_SITE) if codename == "*" else rows.filter(codename=codename)
        )
    return found
