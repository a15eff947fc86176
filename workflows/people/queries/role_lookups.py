"""The built-in finders of a role's person in each request: a person field, and the requester."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from workflows.access.conditions.role_lookups import (
    ROLE_LOOKUPS,
    AskedRequest,
    LockedRequest,
    PersonQuestion,
    RoleLookup,
)
from workflows.engine.format.role_finders import FIELD, REQUESTER
from workflows.people.models import User
from workflows.people.queries.logins import Login, find_logins
from workflows.trail.models import TrailEvent


class FieldLookup(RoleLookup):
    """Who is meant by a field of the request that names a person by login."""

    changes_outside = False

    def find_people(self, questions: Sequence[PersonQuestion]) -> Sequence[User | None]:
        """One statement for all logins, and a few where one has changed hands."""
        logins_by_name = find_logins(
            str(question.instance.data.get(question.setting) or "") for question in questions
        )
        return [
            _resolve_person_field(
                question.instance, question.setting, logins_by_name, question.fresh
            )
            for question in questions
        ]

    def is_person(self, work: LockedRequest, person: User, setting: Any) -> bool:
        """The actor's login is known from the lock, unless it has changed hands."""
        username = work.instance.data.get(setting)
        is_actor = work.actor is not None and work.actor.pk == person.pk
        if not username or (is_actor and not work.renamed):
            return bool(username == person.get_username())
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


def _resolve_person_field(
    instance: AskedRequest, key: str, logins_by_name: Mapping[str, Login], fresh: Iterable[str]
) -> User | None:
    login = logins_by_name.get(str(instance.data.get(key) or ""))
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
