"""Who the people of a map are: asked of the directory, or assumed where there is none."""

from dataclasses import dataclass
from typing import Protocol

from workflows.engine.format.definition import Definition, RoleDef
from workflows.engine.timing.working_time import BUILT_IN_CALENDARS, Calendar, calendar_named


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """What the resources of a group are: of which kind (None where that is not known), and in which
    currencies."""

    kind: str | None = None
    currencies: frozenset[str] = frozenset()


class People(Protocol):
    """What the audit asks of the directory."""

    def is_active(self, username: str) -> bool | None:
        """Whether this person may sign in; None where there is no such person."""

    def members(self, role: RoleDef) -> frozenset[str]:
        """The active people whom a role's lists have."""

    def count_without_manager(self, role: RoleDef | None) -> int:
        """How many active people of a role (of all, where there is none, or one that is found in
        each request) have no manager."""

    def has_action(self, name: str) -> bool:
        """Whether automations may run this action here."""

    def has_connection(self, key: str) -> bool:
        """Whether there is a connection of this key."""

    def has_workflow(self, key: str) -> bool:
        """Whether there is a workflow of this key."""

    def started_as(self, key: str) -> Definition | None:
        """The map that requests of this workflow start on; None where none is known."""

    def is_in_use(self, key: str) -> bool:
        """Whether a version of this workflow is published."""

    def has_group(self, name: str) -> bool:
        """Whether there is a group of this name."""

    def is_connection_on(self, key: str) -> bool:
        """Whether the connection of this key is in use."""

    def calendar_has_run_out(self, name: str) -> bool:
        """Whether a calendar that knew days off knows none from now on."""

    def calendar(self, name: str | None) -> Calendar | None:
        """The calendar of this name; None where there is none."""

    def resource_group(self, name: str) -> ResourceGroup | None:
        """What the resources of this group are; None where none is in use."""


class AnyPeople:
    """For a file that is audited without a directory: everyone exists, and groups are full."""

    def is_active(self, username: str) -> bool | None:
        """Everyone is there."""
        return True

    def members(self, role: RoleDef) -> frozenset[str]:
        """The users named, and a crowd for each group."""
        return frozenset[str]().union(
            *(finder.assumed_members(setting) for finder, setting in role.sources)
        )

    def count_without_manager(self, role: RoleDef | None) -> int:
        """Everyone has one."""
        return 0

    def has_action(self, name: str) -> bool:
        """Every action is there."""
        return True

    def has_connection(self, key: str) -> bool:
        """Every connection is there."""
        return True

    def has_workflow(self, key: str) -> bool:
        """Every workflow is there."""
        return True

    def started_as(self, key: str) -> Definition | None:
        """No map is known."""
        return None

    def is_in_use(self, key: str) -> bool:
        """Every workflow is in use."""
        return True

    def has_group(self, name: str) -> bool:
        """Every group is there."""
        return True

    def is_connection_on(self, key: str) -> bool:
        """Every connection is in use."""
        return True

    def calendar_has_run_out(self, name: str) -> bool:
        """No calendar has run out."""
        return False

    def calendar(self, name: str | None) -> Calendar | None:
        """The built-in calendars, and office hours for a site's own."""
        return calendar_named(name if name in BUILT_IN_CALENDARS else None)

    def resource_group(self, name: str) -> ResourceGroup | None:
        """Every group has resources, of whatever kind."""
        return ResourceGroup()
