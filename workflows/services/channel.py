"""By which door the command at hand came: noted where it comes in, read where the trail is written.

It travels beside the call and not through it, so a service neither takes it nor can lose it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from workflows.models.trail import CHANNELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The channel, and the token or key that opened it: its name, and who made it."""

    channel: str = "direct"
    token: str = ""
    token_by: str = ""


DIRECT = Door()
_door: ContextVar[Door] = ContextVar("door", default=DIRECT)


def door() -> Door:
    """The door of the command at hand."""
    return _door.get()


@contextmanager
def through(channel: str) -> Iterator[None]:
    """What is done in here came by this channel, without a token until one is shown."""
    if channel not in CHANNELS:
        raise ValueError(f"There is no channel '{channel}'; add it to CHANNELS.")
    before = _door.set(Door(channel=channel))
    try:
        yield
    finally:
        _door.reset(before)


def show_token(name: str, *, made_by: str) -> None:
    """The caller showed this token or key; it holds until the door's `through` ends."""
    _door.set(replace(_door.get(), token=name, token_by=made_by))
