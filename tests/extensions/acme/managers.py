"""Two role finders of a company: the requester's manager, and the people of a department."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from django.db.models import Q

from workflows.access.conditions.role_lookups import (
    ROLE_LOOKUPS,
    PersonQuestion,
    RoleLookup,
    WayIntoRole,
)
from workflows.engine.format.field_parts import FieldDef
from workflows.engine.format.role_finders import ROLE_FINDERS, RoleFinder
from workflows.engine.texts import Text, text

if TYPE_CHECKING:
    from workflows.people.models import User


class ManagerFinder(RoleFinder):
    """`{boss_of: requester}`."""

    name = "boss_of"
    title = text("the manager of")
    setting_type = Literal["requester"]

    def people_text(self, setting: Any, names: Mapping[str, str]) -> Text | str:
        return text("the requester's manager")


class ManagerLookup(RoleLookup):
    """Who stands in the directory."""

    def find_people(self, questions: Sequence[PersonQuestion]) -> "Sequence[User | None]":
        requesters = [question.instance.requester for question in questions]
        return [requester.manager if requester else None for requester in requesters]


class DepartmentsFinder(RoleFinder):
    """`{departments: [Finance]}`."""

    name = "departments"
    title = text("Departments")
    setting_type = list[str]
    is_listed = True

    def listed_names(self, setting: Any) -> Sequence[str]:
        return list(setting)

    def problems(self, setting: Any, fields: Mapping[str, FieldDef]) -> Iterable[Text]:
        for name in setting:
            if name != name.strip():
                yield text("'%(name)s' begins or ends with a blank", name=name)


class DepartmentsLookup(RoleLookup):
    """By what the directory says of each person."""

    ways = (
        WayIntoRole(
            "SELECT e.role_id AS role, u.id AS person FROM {entry} e"
            " JOIN {person} u ON u.department = e.name"
            " WHERE e.finder = 'departments' AND {condition}",
            "u.id",
        ),
    )

    def listed_people(self, names: Sequence[str]) -> Q:
        return Q(department__in=names)


ROLE_FINDERS.register("boss_of", ManagerFinder())
ROLE_LOOKUPS.register("boss_of", ManagerLookup())
ROLE_FINDERS.register("departments", DepartmentsFinder())
ROLE_LOOKUPS.register("departments", DepartmentsLookup())
