"""`make_roles`: the groups that a new site begins with."""

from collections.abc import Mapping
from typing import Any

from workflows.access.services.site_roles import ensure_site_roles
from workflows.management.base import HandoffCommand


class Command(HandoffCommand):
    """Makes the groups ops, auditor and analyst with their permissions."""

    help = (
        "Makes the groups ops, auditor and analyst, and gives each the permissions that it lacks."
        " What a site added to them stays. Safe to run again."
    )

    def run(self, options: Mapping[str, Any]) -> int | None:
        """Make them, and say what was added."""
        added = ensure_site_roles()
        lines = [
            f"{name}: {len(permissions)} permissions added" if permissions else f"{name}: complete"
            for name, permissions in added.items()
        ]
        lines.append(
            "Put people into them in the admin under Groups; who is to open the admin is staff too."
        )
        self.show(options, added, "\n".join(lines))
        return None
