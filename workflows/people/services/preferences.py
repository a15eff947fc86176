"""How a person wants to read: the one writer of their language, their time zone and the columns of
their lists by themselves."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from workflows.people.models import User
from workflows.people.services.absences import follow_time_zones


def save_reading_preferences(user: User, *, language: str, time_zone: str, now: datetime) -> None:
    """Keep a person's language and zone; empty is what the browser asks for, and the site's zone.
    Days on which they are away follow the zone. Raises ValidationError."""
    user.language, user.time_zone = language, time_zone
    user.clean_fields(exclude=_other_fields())
    with transaction.atomic():
        user.save(update_fields=["language", "time_zone"])
        follow_time_zones(now)


def save_request_columns(user: User, columns: Iterable[str]) -> None:
    """Keep which columns somebody wants to see of requests, by their names; none are the usual."""
    user.request_columns = " ".join(columns)
    user.save(update_fields=["request_columns"])


def _other_fields() -> set[str]:
    return {field.name for field in User._meta.fields} - {"language", "time_zone"}
