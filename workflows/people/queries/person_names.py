"""What people are called."""

from collections.abc import Iterable

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
