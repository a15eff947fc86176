"""Whom a comment on a request may mention, and whom a text does mention."""

import re
from collections.abc import Collection, Iterable, Mapping

from django.db.models import QuerySet

from workflows.access.conditions import seen_by_condition
from workflows.execution.models import WorkflowInstance
from workflows.people.models import PersonWord, User
from workflows.people.queries.people_search import names_beginning
from workflows.people.search_words import fold, split_typed_words

MENTION = re.compile(r"(?<![\w.@+/-])@([\w.@+-]+)")
"""An at-sign that begins a word: no address of mail has one there."""
ENDINGS = ".+-@_"
"""Signs that a login may have, and that may as well end a sentence."""
MAX_OFFERED = 8


def people_who_see(instance: WorkflowInstance) -> QuerySet[User]:
    """The people who may see this request; accounts of programs are none."""
    return User.objects.filter(seen_by_condition(instance.pk), service_account=None)


def offered_people(instance: WorkflowInstance, typed: str) -> list[User]:
    """Some of those whom one may mention, by the beginning of their login or of names. One
    statement."""
    offered = people_who_see(instance)
    for word in split_typed_words(typed):
        offered = offered.filter(pk__in=names_beginning(word))
    return list(offered.order_by("first_name", "last_name", "username")[:MAX_OFFERED])


def mentioned_names(text: str) -> list[str]:
    """The names after at-signs in a text, each once, in their order."""
    return list(dict.fromkeys(MENTION.findall(text)))


def find_people_named(names: Collection[str], people: QuerySet[User]) -> dict[str, User]:
    """Which of these people the names are the logins of; what ends a sentence may stand behind
    one. A login is known in other letters too, where that is one person. At most two statements.
    """
    spellings = {spelling for name in names for spelling in _spellings(name)}
    exact = {person.username: person for person in people.filter(username__in=spellings)}
    named = _people_by_name(names, exact)
    missing = [name.lower() for name in names if name not in named]
    if missing:
        by_small_letters = _people_by_name(missing, _find_in_other_letters(missing, people))
        named |= {
            name: by_small_letters[name.lower()]
            for name in names
            if name not in named and name.lower() in by_small_letters
        }
    return named


def _people_by_name(names: Iterable[str], people_by_login: Mapping[str, User]) -> dict[str, User]:
    """Whom each name means among those that are known by login: the longest of its spellings."""
    meant = {name: next(filter(people_by_login.get, _spellings(name)), None) for name in names}
    return {
        name: people_by_login[spelling] for name, spelling in meant.items() if spelling is not None
    }


def _spellings(name: str) -> list[str]:
    """A name as it stands, then without the signs at its end, one by one."""
    spellings = [name]
    while spellings[-1] and spellings[-1][-1] in ENDINGS:
        spellings.append(spellings[-1][:-1])
    return [spelling for spelling in spellings if spelling]


def _find_in_other_letters(names: Iterable[str], people: QuerySet[User]) -> dict[str, User]:
    """Those of logins that in small letters are these names, by these; of two nobody is meant."""
    spellings = {spelling for name in names for spelling in _spellings(name)}
    people_by_login: dict[str, list[User]] = {}
    words = PersonWord.objects.filter(word__in=[fold(spelling) for spelling in spellings])
    candidates = people.filter(pk__in=words.values("person"))
    for person in (row for row in candidates if row.username.lower() in spellings):
        people_by_login.setdefault(person.username.lower(), []).append(person)
    return {small: several[0] for small, several in people_by_login.items() if len(several) == 1}
