"""The built-in finders of a role's person in each request: a person field, and the requester."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from workflows.access.conditions.role_lookups import (
    ROLE_LOOKUPS,
    AskedRequest,
    LockedRequest,
    PersonQuestion,
    RoleLookup,
)
from workflows.engine.format.directory_finders import logins_in
from workflows.engine.format.role_finders import FIELD, REQUESTER
from workflows.people.models import User
from workflows.people.queries.logins import Login, find_logins
from workflows.trail.models import TrailEvent


class FieldLookup(RoleLookup):
    """Who is meant by a field of the request that names a person by login."""

    changes_outside = False

    def find_everybody(self, questions: Sequence[PersonQuestion]) -> Sequence[Sequence[User]]:
        """One statement for all logins, and a few where one has changed hands. A field for several
        people names each of them."""
        return find_people_by_login(
            [
                (asked, asked.setting, logins_in(asked.instance.data.get(asked.setting)))
                for asked in questions
            ]
        )

    def is_person(self, work: LockedRequest, person: User, setting: Any) -> bool:
        """The actor's login is known from the lock, unless it has changed hands."""
        logins = logins_in(work.instance.data.get(setting))
        is_actor = work.actor is not None and work.actor.pk == person.pk
        if not logins or (is_actor and not work.renamed):
            return person.get_username() in logins
        return super().is_person(work, person, setting)


class RequesterLookup(RoleLookup):
    """Whoever asked."""

    changes_outside = False

    def find_people(self, questions: Sequence[PersonQuestion]) -> Sequence[User | None]:
        """The requesters."""
        return [question.instance.requester for question in questions]

    def is_person(self, work: LockedRequest, person: User, setting: Any) -> bool:
        """Whether this person asked."""
        return work.instance.requester_id == person.pk


ROLE_LOOKUPS.register(FIELD.name, FieldLookup())
ROLE_LOOKUPS.register(REQUESTER.name, RequesterLookup())


def find_people_by_login(
    asked: Sequence[tuple[PersonQuestion, str, Sequence[str]]],
) -> list[list[User]]:
    """Who is meant by the logins that stand in a field of a request, for many requests at once."""
    logins_by_name = find_logins(name for _, _, names in asked for name in names)
    found = []
    for question, key, names in asked:
        people = [
            _resolve_login(question.instance, key, logins_by_name.get(name), question.fresh)
            for name in names
        ]
        found.append([person for person in people if person is not None])
    return found


def _resolve_login(
    instance: AskedRequest, key: str, login: Login | None, fresh: Iterable[str]
) -> User | None:
    if login is None:
        return None
    if login.changed_hands and instance.pk is not None and key not in fresh:
        return login.at(_value_written_at(instance, key))
    return login.now or login.at(None)


def _value_written_at(instance: AskedRequest, key: str) -> datetime:
    """When the value that a field has was written into the request."""
    value_filter = {f"changes__given__{key}": instance.data.get(key)}
    rows = TrailEvent.objects.filter(request=instance.pk, **value_filter).order_by("pk")
    return rows.values_list("recorded_at", flat=True).last() or instance.started_at
