"""Moments as logs and commands write them."""

from datetime import UTC, datetime

from django.utils import timezone

from workflows.engine.days import FIRST_DAY, LAST_DAY, moment_is_taken
from workflows.engine.errors import InvalidInput


def in_bounds(moment: datetime) -> bool:
    """Whether a moment is one that somebody may mean (`9999-12-31` is how some systems write
    'none')."""
    return moment_is_taken(moment, timezone.get_default_timezone())


def read_moment(text: str) -> datetime:
    """An ISO 8601 time as UTC; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


def parse_moment(text: str) -> datetime:
    """The same, of a time that somebody may mean."""
    moment = read_moment(text)
    if not in_bounds(moment):
        raise ValueError(text)
    return moment


def day(text: str | None, name: str) -> datetime | None:
    """The beginning of a day (or a full moment), UTC; None where nothing is given.

    Raises InvalidInput that names the argument.
    """
    if not text:
        return None
    try:
        return parse_moment(text)
    except ValueError:
        raise InvalidInput(
            f"{name}: '{text[:40]}' is not a day between the years {FIRST_DAY.year} and"
            f" {LAST_DAY.year}; write it like 2026-03-31."
        ) from None


def days(
    since: str | None, until: str | None, names: tuple[str, str] = ("From", "Until")
) -> tuple[datetime | None, datetime | None]:
    """The bounds of a period, `until` not included. Raises InvalidInput that names the argument,
    also where no moment lies between them: its figures would all be zero."""
    begin, end = day(since, names[0]), day(until, names[1])
    if begin is not None and end is not None and begin >= end:
        raise InvalidInput(
            f"{names[1]} ({(until or '')[:40]}) is not after {names[0]} ({(since or '')[:40]}), so"
            " nothing lies between them; change one of the two."
        )
    return begin, end
