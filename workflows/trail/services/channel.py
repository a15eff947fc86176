"""By which door the command at hand came: noted where it comes in, read where the trail is written.

It travels beside the call and not through it, so a service neither takes it nor can lose it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from workflows.trail.choices import TrailChannel


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandChannel:
    """The channel, and the token or key that opened it: its name, and who made it."""

    channel: TrailChannel = TrailChannel.DIRECT
    token: str = ""
    token_by: str = ""


DIRECT_CHANNEL = CommandChannel()
_current_channel: ContextVar[CommandChannel] = ContextVar("door", default=DIRECT_CHANNEL)


def current_channel() -> CommandChannel:
    """The door of the command at hand."""
    return _current_channel.get()


@contextmanager
def channel_scope(channel: TrailChannel) -> Iterator[None]:
    """What is done in here came by this channel, without a token until one is shown."""
    before = _current_channel.set(CommandChannel(channel=TrailChannel(channel)))
    try:
        yield
    finally:
        _current_channel.reset(before)


def note_channel_token(name: str, *, made_by: str) -> None:
    """The caller showed this token or key; it holds until the door's `through` ends."""
    _current_channel.set(replace(_current_channel.get(), token=name, token_by=made_by))
