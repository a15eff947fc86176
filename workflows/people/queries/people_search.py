"""People to choose from: by name, login, mail, department or team, with who is away."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Exists, QuerySet

from workflows.access.permissions import active_role_members
from workflows.people.models import PersonWord, User
from workflows.people.queries.stand_ins import AwayNote, absences_of, read_away_notes
from workflows.people.search_words import split_typed_words


@dataclass(frozen=True, slots=True)
class PersonFound:
    """Somebody to choose: their teams, where these were read, and whether they are away."""

    person: User
    teams: tuple[str, ...] = ()
    away: AwayNote | None = None


@dataclass(frozen=True, slots=True)
class PeopleScope:
    """Who may be chosen: with `role` the people of a role's list, with `groups` those of these,
    else everybody, but never `but`; programs are no people. `template` is the workflow in which it
    is asked who is away."""

    role: int | None = None
    template: int | None = None
    groups: tuple[str, ...] = ()
    but: int | None = None

    @property
    def limits(self) -> list[Any]:
        """What a scope of a map may say besides, for who keeps it; nothing where it does not."""
        return [list(self.groups), self.but] if self.groups or self.but else []

    def people(self) -> QuerySet[User]:
        """All of them."""
        rows = User.objects.filter(is_active=True) if self.role is None else self._of_role()
        if self.groups:
            members = Group.objects.filter(name__in=self.groups).values_list("user", flat=True)
            rows = rows.filter(pk__in=members)
        if self.but is not None:
            rows = rows.exclude(pk=self.but)
        return rows.filter(service_account=None).order_by("first_name", "last_name", "username")

    def _of_role(self) -> QuerySet[User]:
        return active_role_members([self.role] if self.role is not None else [])


def list_people(scope: PeopleScope, most: int, now: datetime) -> list[PersonFound] | None:
    """All who may be chosen, if they are no more than `most`. One statement, and one more where
    somebody is away."""
    people = list(_marked_people(scope, now)[: most + 1])
    return None if len(people) > most else _with_absences(people, scope, now)


def search_people(scope: PeopleScope, typed: str, most: int, now: datetime) -> list[PersonFound]:
    """Those of whom every word of the text begins a name, the login, the mail, the department or a
    team, or a part of one. At most three statements."""
    rows = _marked_people(scope, now)
    for word in split_typed_words(typed):
        rows = rows.filter(pk__in=_ids_met_by(word))
    people = list(rows.prefetch_related("groups")[:most])
    return _with_absences(people, scope, now, with_teams=True)


def _marked_people(scope: PeopleScope, now: datetime) -> QuerySet[User]:
    """All who may be chosen, each with whether they are away."""
    return scope.people().annotate(is_away=Exists(absences_of("pk", now)))


def _ids_met_by(word: str) -> QuerySet[Any, int]:
    """Two walks of an index, put together: with a condition on the person, everybody is read."""
    teams = Group.objects.filter(name__istartswith=word)
    members = User.groups.through._default_manager.filter(group__in=teams)
    words = PersonWord.objects.filter(word__begins=word).values_list("person", flat=True)
    return words.union(members.values_list("user", flat=True))


def names_beginning(word: str) -> QuerySet[PersonWord, int]:
    """The ids of the people of whom a name, the login or the mail begins so, some twice."""
    named = PersonWord.objects.filter(word__begins=word, is_name=True)
    return named.values_list("person", flat=True)


def _with_absences(
    people: Collection[User], scope: PeopleScope, now: datetime, *, with_teams: bool = False
) -> list[PersonFound]:
    away_ids = [person.pk for person in people if person.is_away]  # type: ignore[attr-defined]
    away = read_away_notes(away_ids, now)
    return [
        PersonFound(
            person,
            tuple(sorted(team.name for team in person.groups.all())) if with_teams else (),
            away.of(person.pk, scope.template),
        )
        for person in people
    ]
