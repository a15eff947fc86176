"""Moments as logs and commands write them."""

from datetime import UTC, datetime

from django.utils import timezone

from workflows.engine.errors import InvalidInput
from workflows.engine.timing.dates import FIRST_DAY, LAST_DAY, is_allowed_moment


def is_plausible_moment(moment: datetime) -> bool:
    """Whether a moment is one that somebody may mean (`9999-12-31` is how some systems write
    'none')."""
    return is_allowed_moment(moment, timezone.get_default_timezone())


def parse_iso_moment(text: str) -> datetime:
    """An ISO 8601 time as UTC; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


def parse_plausible_moment(text: str) -> datetime:
    """The same, of a time that somebody may mean."""
    moment = parse_iso_moment(text)
    if not is_plausible_moment(moment):
        raise ValueError(text)
    return moment


def parse_day(text: str | None, name: str) -> datetime | None:
    """The beginning of a day (or a full moment), UTC; None where nothing is given.

    Raises InvalidInput that names the argument.
    """
    if not text:
        return None
    try:
        return parse_plausible_moment(text)
    except ValueError:
        raise InvalidInput(
            "%(name)s: '%(written)s' is not a day between the years %(first)s and %(last)s;"
            " write it like 2026-03-31.",
            name=name,
            written=text[:40],
            first=FIRST_DAY.year,
            last=LAST_DAY.year,
        ) from None


def parse_day_range(
    since: str | None, until: str | None, names: tuple[str, str] = ("From", "Until")
) -> tuple[datetime | None, datetime | None]:
    """The bounds of a period, `until` not included. Raises InvalidInput that names the argument,
    also where no moment lies between them: its figures would all be zero."""
    begin, end = parse_day(since, names[0]), parse_day(until, names[1])
    if begin is not None and end is not None and begin >= end:
        raise InvalidInput(
            "%(names)s (%(until)s) is not after %(names_2)s (%(since)s), so nothing lies between"
            " them; change one of the two.",
            names=names[1],
            until=(until or "")[:40],
            names_2=names[0],
            since=(since or "")[:40],
        )
    return begin, end
