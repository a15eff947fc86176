"""Keeps the words by which people are found true to their accounts."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save

from workflows.people.models import PersonWord, User
from workflows.people.search_words import words_of_person

COLUMNS = frozenset({"first_name", "last_name", "username", "email", "department"})
"""What of an account is searched."""


@transaction.atomic
def write_person_words(people: Collection[User], *, are_new: bool = False) -> None:
    """Write the words of these people anew; nothing is read of those who have none yet."""
    wanted = {
        (person.pk, word, is_name) for person in people for word, is_name in words_of_person(person)
    }
    if not are_new:
        rows = PersonWord.objects.filter(person__in={person.pk for person in people})
        known = {(row.person_id, row.word, row.is_name): row.pk for row in rows}
        stale = [pk for row, pk in known.items() if row not in wanted]
        if stale:
            PersonWord.objects.filter(pk__in=stale).delete()
        wanted -= known.keys()
    PersonWord.objects.bulk_create(
        PersonWord(person_id=person_id, word=word, is_name=is_name)
        for person_id, word, is_name in sorted(wanted)
    )


def _keep_words(
    instance: User, created: bool, update_fields: Iterable[str] | None, **_: Any
) -> None:
    if update_fields is None or COLUMNS.intersection(update_fields):
        write_person_words([instance], are_new=created)


def connect_word_receivers() -> None:
    """Let accounts be found by what they say now; called once when the program starts."""
    post_save.connect(_keep_words, sender=User, dispatch_uid="person-words")
