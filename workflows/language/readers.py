"""The language and time zone of a person: on pages while they read, in mails that go to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings
from django.utils import timezone, translation

from workflows.people.models import User


@cache
def time_zone_names() -> tuple[str, ...]:
    """The zones that this machine knows, in the order of their names."""
    return tuple(sorted(available_timezones()))


def language_of(person: User | None) -> str:
    """The code of a person's language; the site's where they chose none that is offered."""
    chosen = person.language if person is not None else ""
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def zone_of(person: User | None) -> ZoneInfo:
    """A person's time zone; the site's where they have none that this machine knows."""
    try:
        return ZoneInfo((person.time_zone if person is not None else "") or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)


def activate_language_of(person: User) -> None:
    """From now on this request's sentences and moments are this person's; what they have not
    chosen is left as the browser asked for it."""
    if person.language in dict(settings.LANGUAGES):
        translation.activate(person.language)
    if person.time_zone:
        timezone.activate(zone_of(person))


@contextmanager
def written_for(person: User | None) -> Iterator[None]:
    """Write what goes to a person in their language and zone; to nobody, in the site's."""
    with translation.override(language_of(person)), timezone.override(zone_of(person)):
        yield
