"""What people are called."""

from collections.abc import Iterable

from django.utils.translation import gettext

from workflows.language.formats import date_text
from workflows.people.models import User
from workflows.people.queries.stand_ins import AwayNote, away_note_of


def full_names_of(usernames: Iterable[str]) -> dict[str, str]:
    """Full names by username, for those that are known. One statement, or none."""
    unique_usernames = set(usernames)
    if not unique_usernames:
        return {}
    rows = User.objects.filter(username__in=unique_usernames)
    return {
        username: f"{first_name} {last_name}".strip() or username
        for username, first_name, last_name in rows.values_list(
            "username", "first_name", "last_name"
        )
    }


def full_name_of(person: User) -> str:
    """A person's full name, or the login where there is none."""
    return person.get_full_name() or person.get_username()


def name_in_workflow(person: User | None, template_id: int) -> str:
    """What somebody is called who was read with their absences (`prefetch_absences`), and, while
    they are away in a workflow, until when and who stands in; nothing for nobody."""
    if person is None:
        return ""
    return name_with_absence(full_name_of(person), away_note_of(person, template_id))


def login_in_workflow(person: User | None, template_id: int) -> str:
    """The same by their login, as lists of the admin say it."""
    if person is None:
        return ""
    return name_with_absence(person.get_username(), away_note_of(person, template_id))


def name_with_absence(name: str, note: AwayNote | None) -> str:
    """What somebody is called, and, while they are away, until when and who stands in."""
    if note is None:
        return name
    places = {"person": name, "day": date_text(note.until)}
    if note.deputy is None:
        return gettext("%(person)s (away until %(day)s, nobody stands in)") % places
    places["deputy"] = full_name_of(note.deputy)
    return gettext("%(person)s (away until %(day)s, %(deputy)s stands in)") % places
