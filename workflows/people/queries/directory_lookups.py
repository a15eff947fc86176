"""Who it is whom a role finds from the directory of people: managers, columns, groups by fields."""

from collections.abc import Collection, Sequence
from typing import Final

from django.contrib.auth.models import Group

from workflows.access.conditions.role_lookups import ROLE_LOOKUPS, PersonQuestion, RoleLookup
from workflows.engine.format.directory_finders import (
    COLUMN,
    MANAGER_OF,
    REQUESTER_WORD,
    field_of_word,
    logins_in,
    people_in_column,
)
from workflows.engine.format.role_finders import GROUPS_BY_FIELDS, group_of_pattern
from workflows.people.models import User
from workflows.people.queries.role_lookups import find_people_by_login

MOST: Final = 1000
"""So many people are found at most; a task is nobody's who stands behind them."""


class ManagerLookup(RoleLookup):
    """The manager, as the directory says it now."""

    def find_everybody(self, questions: Sequence[PersonQuestion]) -> Sequence[Sequence[User]]:
        """One statement for all managers, and one more where a field names whose it is."""
        reports = find_people_started_from(questions)
        managers = _managers_of({person for people in reports for person in people})
        return [
            list({managers[pk].pk: managers[pk] for pk in people if pk in managers}.values())
            for people in reports
        ]


def find_people_started_from(questions: Sequence[PersonQuestion]) -> list[list[int]]:
    """From whom each starts (ids): whoever asked, is named by a field, or decided a step last."""
    by_field = [
        (question, field, logins_in(question.instance.data.get(field)))
        for question in questions
        if (field := field_of_word(question.setting)) is not None
    ]
    named = iter(find_people_by_login(by_field))
    return [
        [person.pk for person in next(named)]
        if field_of_word(question.setting) is not None
        else _asker_or_decider(question)
        for question in questions
    ]


def _asker_or_decider(question: PersonQuestion) -> list[int]:
    if question.setting == REQUESTER_WORD:
        requester = question.instance.requester_id
        return [] if requester is None else [requester]
    return [int(pk) for pk in question.position.deciders.get(question.setting, ())[-1:]]


def _managers_of(people: Collection[int]) -> dict[int, User]:
    if not people:
        return {}
    rows = User.objects.filter(pk__in=people).select_related("manager")
    return {row.pk: row.manager for row in rows if row.manager is not None}


class ColumnLookup(RoleLookup):
    """Everybody in a column of a list."""

    changes_outside = False

    def find_everybody(self, questions: Sequence[PersonQuestion]) -> Sequence[Sequence[User]]:
        """One statement for all logins, and a few where one has changed hands."""
        found = find_people_by_login(
            [
                (
                    question,
                    question.setting.partition(".")[0],
                    people_in_column(question.setting, question.instance.data),
                )
                for question in questions
            ]
        )
        return [people[:MOST] for people in found]


class GroupsByFieldsLookup(RoleLookup):
    """The members of the group that has the name now."""

    def find_everybody(self, questions: Sequence[PersonQuestion]) -> Sequence[Sequence[User]]:
        """Two statements."""
        names = [group_of_pattern(q.setting, q.instance.data) for q in questions]
        groups = Group.objects.filter(name__in=set(names) - {""}).prefetch_related("user_set")
        members = {group.name: list(group.user_set.all()) for group in groups} if any(names) else {}
        return [
            sorted(members.get(name, ()), key=_username_of)[:MOST] if name else [] for name in names
        ]


def _username_of(person: User) -> str:
    return person.get_username()


ROLE_LOOKUPS.register(MANAGER_OF.name, ManagerLookup())
ROLE_LOOKUPS.register(COLUMN.name, ColumnLookup())
ROLE_LOOKUPS.register(GROUPS_BY_FIELDS.name, GroupsByFieldsLookup())
