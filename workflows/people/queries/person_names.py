"""What people are called."""

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db.models import Q
from django.utils.translation import gettext

from workflows.language.formats import date_text
from workflows.people.models import User
from workflows.people.queries.stand_ins import AwayNote, away_note_of


def full_names_of(
    usernames: Iterable[str], read_people: Iterable[User | None] = ()
) -> dict[str, str]:
    """Full names by username, for those that are known. One statement, or none where nobody is
    asked for but people that were read already."""
    names = {person.username: full_name_of(person) for person in read_people if person is not None}
    unread_usernames = set(usernames) - names.keys()
    if unread_usernames:
        rows = User.objects.filter(username__in=unread_usernames)
        for username, first_name, last_name in rows.values_list(
            "username", "first_name", "last_name"
        ):
            names[username] = f"{first_name} {last_name}".strip() or username
    return names


class NamesByLogin:
    """What those are called whom maps name by login, and whom requests name by id. All who were
    asked for are read at once, in one statement, when the first sentence names one of them."""

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._asked_ids: set[int] = set()
        self._names: dict[str, str] = {}
        self._logins: dict[int, str] = {}

    def ask_for(self, logins: Iterable[str] = (), ids: Iterable[int] = ()) -> None:
        """Read these too, with the first."""
        self._asked.update(logins)
        self._asked_ids.update(ids)

    def names_of(self, logins: Sequence[str]) -> list[str]:
        """Their full names, with the login where two of them have the same name; the login alone
        of whom nobody knows."""
        self.ask_for(logins)
        self._read()
        named = [(self._names[login], login) for login in logins]
        alike = Counter(name for name, _ in named)
        return [name if alike[name] == 1 else f"{name} ({login})" for name, login in named]

    def names_of_ids(self, ids: Sequence[int]) -> list[str]:
        """The same of accounts; without those that there are not any more."""
        self.ask_for(ids=ids)
        self._read()
        return self.names_of([self._logins[pk] for pk in ids if self._logins[pk]])

    def _read(self) -> None:
        logins, ids = self._asked - self._names.keys(), self._asked_ids - self._logins.keys()
        if not logins and not ids:
            return
        self._names |= {login: login for login in logins}
        self._logins |= dict.fromkeys(ids, "")
        rows = User.objects.filter(Q(username__in=logins) | Q(pk__in=ids))
        for pk, login, *names in rows.values_list("pk", "username", "first_name", "last_name"):
            self._names[login] = " ".join(names).strip() or login
            self._logins[pk] = login


def full_name_of(person: User) -> str:
    """A person's full name, or the login where there is none: what every sentence and every column
    that people read calls somebody. Files, the API and the record itself keep the login."""
    return person.get_full_name() or person.get_username()


def recorded_name_of(person: User | None, kept_name: str) -> str:
    """What a column calls somebody who is recorded with a copy of their login: by their account's
    name, or the copy where the account is gone or was never one."""
    return full_name_of(person) if person is not None else kept_name


def name_in_workflow(person: User | None, template_id: int) -> str:
    """What somebody is called who was read with their absences (`prefetch_absences`), and, while
    they are away in a workflow, until when and who stands in; nothing for nobody."""
    if person is None:
        return ""
    return name_with_absence(full_name_of(person), away_note_of(person, template_id))


def name_with_absence(name: str, note: AwayNote | None) -> str:
    """What somebody is called, and, while they are away, until when and who stands in."""
    if note is None:
        return name
    places = {"person": name, "day": date_text(note.until)}
    if note.deputy is None:
        return gettext("%(person)s (away until %(day)s, nobody stands in)") % places
    places["deputy"] = full_name_of(note.deputy)
    return gettext("%(person)s (away until %(day)s, %(deputy)s stands in)") % places
