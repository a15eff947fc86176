"""Moments as logs and commands write them."""

from datetime import UTC, datetime

from workflows.engine.errors import InvalidInput


def parse_moment(text: str) -> datetime:
    """An ISO 8601 time as UTC; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


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
            f"{name}: '{text[:40]}' is not a day; write it like 2026-03-31."
        ) from None
