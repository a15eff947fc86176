"""Whether a message says what its kind needs. One that does not is set aside, and nothing tries it
again until somebody has looked at it."""

from collections.abc import Mapping
from datetime import datetime

from workflows.models import OutboxMessage

Wanted = type | tuple[type, ...]

OF_A_STEP = (
    *(OutboxMessage.ATTEMPT, OutboxMessage.WAKE, OutboxMessage.REMIND, OutboxMessage.ESCALATE),
    *(OutboxMessage.CHILD, OutboxMessage.CHILD_ENDED, OutboxMessage.CHILD_CANCEL),
)
"""Kinds that belong to one activation of one request."""
NEEDS: Mapping[str, Mapping[str, Wanted]] = {
    OutboxMessage.CHILD_ENDED: {"child": int},
    OutboxMessage.START: {"version": int, "after": int, "data": dict, "mapping": dict},
    OutboxMessage.SCHEDULE: {"version": int, "trigger": int, "at": str},
    OutboxMessage.MAIL: {"to": int, "subject": str, "text": str},
    OutboxMessage.HEAD: {"head": int, "way": str, "to": str},
}
"""What a payload has at least, by kind."""


class Unreadable(Exception):
    """A message does not say what its kind needs; the text says what is missing."""


def must_be_readable(message: OutboxMessage) -> None:
    """Raises Unreadable where the message cannot mean anything."""
    said = message.payload
    if not isinstance(said, dict):
        raise Unreadable("Its payload is no object.")
    _adopt(message)
    if message.kind in OF_A_STEP and (message.request_id is None or message.activation is None):
        raise Unreadable("It names no request, or no step of it.")
    if message.kind == OutboxMessage.ENDED and message.request_id is None:
        raise Unreadable("It names no request.")
    for name, wanted in NEEDS.get(message.kind, {}).items():
        if not isinstance(said.get(name), wanted):
            raise Unreadable(f"Its payload has no sound '{name}'.")
    if message.kind == OutboxMessage.SCHEDULE:
        _moment(said["at"])


def _adopt(message: OutboxMessage) -> None:
    """Messages of before named the request that waits for a child in their payload alone."""
    if message.kind == OutboxMessage.CHILD_ENDED and message.request_id is None:
        message.request_id = message.payload.get("parent")
        message.activation = message.payload.get("activation")


def _moment(text: str) -> None:
    try:
        aware = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise Unreadable("Its payload names no moment in 'at'.")
