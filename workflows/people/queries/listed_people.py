"""The people of this site by the names that maps list, as a rehearsal asks for them."""

from collections.abc import Sequence

from django.contrib.auth.models import Group

from workflows.access.conditions.role_lookups import ROLE_LOOKUPS
from workflows.definitions.models import TemplateVersion
from workflows.engine.format.definition import Definition
from workflows.engine.format.role_finders import GROUPS, USERS
from workflows.people.models import User
from workflows.people.queries.directory import VersionPeople


class SiteListedPeople:
    """Who is in a group, or has a login, now. Of a group that this site does not have, nothing is
    known; somebody of whom it has not heard is taken at the map's word."""

    def listed_people(self, finder: str, name: str) -> Sequence[str] | None:
        """The active people, by username; None where there is no such list here."""
        if finder == GROUPS.name and not Group.objects.filter(name=name).exists():
            return None
        if finder == USERS.name and not User.objects.filter(username=name).exists():
            return (name,)
        condition = ROLE_LOOKUPS[finder].listed_people([name])
        people = User.objects.filter(condition, is_active=True).order_by("username")
        return list(people.values_list("username", flat=True).distinct())


def definition_with_current_names(
    definition: Definition, version: TemplateVersion | None
) -> Definition:
    """The map of a version with its groups and people as they are called now."""
    if version is None or version.is_editable:
        return definition
    return VersionPeople(version).renamed(definition)
