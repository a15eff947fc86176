"""Form fields for what a directory says of a person."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext, gettext_lazy


def time_zone_choices() -> Iterator[tuple[str, str]]:
    """The site's, and every zone of the time zone database by its name."""
    yield "", gettext("the site's (%(zone)s)") % {"zone": settings.TIME_ZONE}
    for name in sorted(available_timezones()):
        yield name, name


def language_choices() -> Iterator[tuple[str, str]]:
    """The site's, and every language in which the site can speak."""
    yield "", gettext("the site's")
    yield from settings.LANGUAGES


class TimeZoneField(forms.ChoiceField):
    """In which zone somebody reads moments; empty: the site's."""

    def __init__(self, **kwargs: Any) -> None:
        defaults = {"label": gettext_lazy("Time zone"), "required": False}
        super().__init__(**{**defaults, "choices": time_zone_choices, **kwargs})


class LanguageField(forms.ChoiceField):
    """In which language somebody reads pages and mails; empty: the site's."""

    def __init__(self, **kwargs: Any) -> None:
        defaults = {"label": gettext_lazy("Language"), "required": False}
        super().__init__(**{**defaults, "choices": language_choices, **kwargs})
