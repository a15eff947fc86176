"""How a map names the people of a role: the ways of finding them, each declared once.

A role of the file is keys and values, and each key is the name of a finder. This half says how its
setting is written and what may be asked of it without knowing anybody; who the people are is said
by the lookup of the same name (`workflows.access.conditions.role_lookups`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import StringConstraints

from workflows.engine.format.field_parts import FieldDef
from workflows.engine.format.parts import Name, Username
from workflows.engine.registries import Registry
from workflows.engine.texts import Text, text

GroupName = Annotated[str, StringConstraints(min_length=1, max_length=150)]
CROWD: Final = 1000
"""As many people as a quorum can ask for."""


class RoleFinder:
    """One way of finding the people of a role.

    `setting_type` is how pydantic reads what the file says under its name. People who are `listed`
    are the same for all requests: what is listed is written down when the map is published, and
    several lists make one role. All others find one person, or nobody, in each request, and stand
    alone in their role. A setting that is empty says nothing.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    setting_type: ClassVar[Any]
    is_listed: ClassVar[bool] = False
    lists_logins: ClassVar[bool] = False

    def listed_names(self, setting: Any) -> Sequence[str]:
        """What a list names: groups, people, departments, …"""
        return ()

    def person_field(self, setting: Any) -> str | None:
        """The field of the request that names the person from whom it starts."""
        return None

    def is_requester(self, setting: Any) -> bool:
        """Whether it is always the requester."""
        return False

    def people_text(self, setting: Any, names: Mapping[str, str]) -> Text | str:
        """Whom it finds, as a part of a sentence; `names` are full names by username."""
        listed = self.listed_names(setting)
        return ", ".join(names.get(name, name) if self.lists_logins else name for name in listed)

    def problems(self, setting: Any, fields: Mapping[str, FieldDef]) -> Iterable[Text]:
        """What is wrong with a setting on a map with these fields, each as a part of a sentence.
        That a person's field is there, is one and is filled in is asked without it."""
        return ()

    def assumed_members(self, setting: Any) -> frozenset[str]:
        """Whom a list has where nobody is known: a crowd for each of its names."""
        names = self.listed_names(setting)
        return frozenset(f"{name} {number}" for name in names for number in range(CROWD))


ROLE_FINDERS: Final = Registry("role_finders", RoleFinder, noun="role finder")


def sources_of(settings: Mapping[str, Any]) -> tuple[tuple[RoleFinder, Any], ...]:
    """The finders of a role that say something, with what they are told."""
    finders = ((ROLE_FINDERS.find(name), setting) for name, setting in settings.items())
    return tuple((finder, setting) for finder, setting in finders if finder is not None and setting)


def describe_role_people(settings: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Whom a role finds, as a part of a sentence; `names` are full names by username."""
    sources = sources_of(settings)
    return ", ".join(str(finder.people_text(setting, names)) for finder, setting in sources)


class GroupsFinder(RoleFinder):
    """The members of groups."""

    name = "groups"
    title = text("groups")
    setting_type = list[GroupName]
    is_listed = True

    def listed_names(self, setting: Any) -> Sequence[str]:
        """The groups."""
        return list(setting)


class UsersFinder(RoleFinder):
    """People by login."""

    name = "users"
    title = text("people")
    setting_type = list[Username]
    is_listed = lists_logins = True

    def listed_names(self, setting: Any) -> Sequence[str]:
        """The people."""
        return list(setting)

    def assumed_members(self, setting: Any) -> frozenset[str]:
        """These."""
        return frozenset(setting)


class FieldFinder(RoleFinder):
    """The person whom a field of the request names."""

    name = "field"
    title = text("a person field")
    setting_type = Name

    def person_field(self, setting: Any) -> str | None:
        """The field."""
        return str(setting)

    def people_text(self, setting: Any, names: Mapping[str, str]) -> Text | str:
        """By the field's key."""
        return text("the person in “%(field)s”", field=_field_title(setting))


class RequesterFinder(RoleFinder):
    """Whoever asked."""

    name = "requester"
    title = text("the requester")
    setting_type = Literal[True]

    def is_requester(self, setting: Any) -> bool:
        """It is."""
        return True

    def people_text(self, setting: Any, names: Mapping[str, str]) -> Text | str:
        """The requester."""
        return text("the requester")


def _field_title(key: str) -> str:
    return key.replace("_", " ").capitalize()


GROUPS, USERS, FIELD, REQUESTER = (
    ROLE_FINDERS.register(finder.name, finder)
    for finder in (GroupsFinder(), UsersFinder(), FieldFinder(), RequesterFinder())
)
