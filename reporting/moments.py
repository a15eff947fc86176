"""Moments as logs and commands write them."""

from datetime import UTC, datetime


def parse_moment(text: str) -> datetime:
    """An ISO 8601 time as UTC; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None
