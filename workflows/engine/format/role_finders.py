"""How a map names the people of a role: the ways of finding them, each declared once.

A role of the file is keys and values, and each key is the name of a finder. This half says how its
setting is written and what may be asked of it without knowing anybody; who the people are is said
by the lookup of the same name (`workflows.access.conditions.role_lookups`).
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, product
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import StringConstraints

from workflows.engine.format.field_parts import FieldDef
from workflows.engine.format.parts import FieldPath, Username, display_title
from workflows.engine.registries import Registry
from workflows.engine.texts import Text, text
from workflows.engine.values.placeholders import (
    PlaceholderProblem,
    fill_placeholders,
    placeholder_names,
)

GroupName = Annotated[str, StringConstraints(min_length=1, max_length=150)]
GroupPattern = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"\{\{.*\}\}")
]
CROWD: Final = 1000
"""As many people as a quorum can ask for."""


class RoleFinder:
    """One way of finding the people of a role.

    `setting_type` is how pydantic reads what the file says under its name. People who are `listed`
    are the same for all requests: what is listed is written down when the map is published, and
    several lists make one role. All others find people in each request (one, several or nobody),
    and stand alone in their role. A setting that is empty says nothing. A finder that `is_variant`
    is no key of a role: another chooses it by what it is told; one that `finds_several` may find
    more than one person in some request.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    setting_type: ClassVar[Any]
    is_listed: ClassVar[bool] = False
    lists_logins: ClassVar[bool] = False
    is_variant: ClassVar[bool] = False
    finds_several: ClassVar[bool] = False

    def variant(self, setting: Any) -> "RoleFinder":
        """The finder that this setting is for."""
        return self

    def listed_names(self, setting: Any) -> Sequence[str]:
        """What a list names: groups, people, departments, …"""
        return ()

    def person_field(self, setting: Any) -> str | None:
        """The field of the request that names the person from whom it starts."""
        return None

    def fields_read(self, setting: Any) -> Sequence[str]:
        """The fields on whose change other people may be found."""
        field = self.person_field(setting)
        return (field,) if field else ()

    def may_find_several(self, setting: Any, data: Mapping[str, Any]) -> bool:
        """Whether more than one may be found in a request with these values."""
        return self.is_listed

    def step_read(self, setting: Any) -> str | None:
        """The step from whose decider it starts."""
        return None

    def with_steps(self, setting: Any, names: Mapping[str, str]) -> Any:
        """The setting, where steps have these other keys."""
        return setting

    def group_choices(self, setting: Any, fields: Mapping[str, FieldDef]) -> Sequence[str]:
        """Every group whose members it may find, by whatever is filled in."""
        return ()

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
    return tuple(
        (finder.variant(setting), setting)
        for finder, setting in finders
        if finder is not None and setting
    )


def describe_role_people(settings: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Whom a role finds, as a part of a sentence; `names` are full names by username."""
    sources = sources_of(settings)
    return ", ".join(str(finder.people_text(setting, names)) for finder, setting in sources)


class GroupsFinder(RoleFinder):
    """The members of groups."""

    name = "groups"
    title = text("groups")
    setting_type = list[GroupName] | GroupPattern
    is_listed = True

    def variant(self, setting: Any) -> RoleFinder:
        """A text with fields in it names another group in each request."""
        return GROUPS_BY_FIELDS if isinstance(setting, str) else self

    def listed_names(self, setting: Any) -> Sequence[str]:
        """The groups."""
        return list(setting)


class GroupsByFieldsFinder(RoleFinder):
    """The members of one group, whose name says what is chosen in the request:
    `finance-{{ region }}`. Only fields of choices may stand in it, so that every group is known
    when the map is published."""

    name = "groups_by_fields"
    title = text("a group named by fields")
    setting_type = GroupPattern
    is_variant = finds_several = True

    def may_find_several(self, setting: Any, data: Mapping[str, Any]) -> bool:
        """A group has members."""
        return True

    def fields_read(self, setting: Any) -> Sequence[str]:
        """The fields in the name."""
        return sorted(names_in_pattern(setting))

    def people_text(self, setting: Any, names: Mapping[str, str]) -> Text | str:
        """By the pattern."""
        return text("the group “%(pattern)s”", pattern=str(setting))

    def problems(self, setting: Any, fields: Mapping[str, FieldDef]) -> Iterable[Text]:
        """Each placeholder is a field of choices, and there are not too many groups."""
        try:
            names = sorted(placeholder_names(setting))
        except PlaceholderProblem as problem:
            yield text("%(problem)s", problem=problem)
            return
        for name in names:
            spec = fields.get(name)
            if spec is None or spec.type != "choice" or not spec.choices:
                yield text(
                    "'%(field)s' stands in the name of a group and is no field of type choice",
                    field=name,
                )
        if len(self.group_choices(setting, fields)) >= CROWD:
            yield text("'%(pattern)s' names too many groups", pattern=str(setting))

    def group_choices(self, setting: Any, fields: Mapping[str, FieldDef]) -> Sequence[str]:
        """The group of each choice."""
        names = sorted(names_in_pattern(setting))
        choices = [
            (spec.choices if (spec := fields.get(name)) is not None else None) or ()
            for name in names
        ]
        combined = (dict(zip(names, words, strict=True)) for words in product(*choices))
        groups = (group_of_pattern(setting, data) for data in islice(combined, CROWD))
        return [group for group in groups if group]


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
    """The person, or the people, whom a field of the request names."""

    name = "field"
    title = text("a person field")
    setting_type = FieldPath

    def person_field(self, setting: Any) -> str | None:
        """The field."""
        return str(setting)

    def may_find_several(self, setting: Any, data: Mapping[str, Any]) -> bool:
        """A field of several people does."""
        return isinstance(data.get(setting), list | tuple)

    def people_text(self, setting: Any, names: Mapping[str, str]) -> Text | str:
        """By the field's key."""
        return text("the person in “%(field)s”", field=display_title(setting, None))


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


def names_in_pattern(pattern: str) -> frozenset[str]:
    """The fields in the name of a group; none where it cannot be read."""
    try:
        return frozenset(placeholder_names(pattern))
    except PlaceholderProblem:
        return frozenset()


def group_of_pattern(pattern: str, data: Mapping[str, Any]) -> str:
    """The group's name by what is filled in; nothing where a field of it is empty."""
    names = names_in_pattern(pattern)
    if not names or any(data.get(name) in (None, "") for name in names):
        return ""
    return str(fill_placeholders(pattern, {name: data[name] for name in names}))


GROUPS, USERS, FIELD, REQUESTER = (
    ROLE_FINDERS.register(finder.name, finder)
    for finder in (GroupsFinder(), UsersFinder(), FieldFinder(), RequesterFinder())
)
GROUPS_BY_FIELDS = ROLE_FINDERS.register(GroupsByFieldsFinder.name, GroupsByFieldsFinder())
