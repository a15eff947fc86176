"""Channels by which people are told: mail and chat, and what a company adds.

Whom to tell and when is worked out in `workflows.notices`. Each notice goes by one channel: the
newest registered that reaches its person or team, so that mail, which is registered first, takes
whoever is left; or mail, where the person would rather have that.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import Group

from workflows.engine.registries import Registry
from workflows.people.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingNotice:
    """What is told: a line, the text, the page that it is about. `key` is the same for every try,
    so that a receiver can tell a repetition; `thread` the same for all that is about one request.
    `html` is the text once more, as a page."""

    subject: str
    text: str
    link: str
    key: str
    html: str = ""
    thread: str = ""


class NoticeChannel(ABC):
    """One way to tell people something, outside any transaction."""

    @abstractmethod
    def reaches(self, person: User) -> bool:
        """Whether this person can be told here."""

    @abstractmethod
    def send(self, people: Sequence[User], notice: OutgoingNotice) -> None:
        """Tell them. Raises ActionFailed."""

    def deliver(
        self,
        people: Sequence[User],
        notice: OutgoingNotice,
        hand_over: Callable[[], None],
    ) -> None:
        """Tell them, and call `hand_over` before anything leaves the house: what breaks off after
        it may have arrived, and is not sent again by itself. Raises ActionFailed."""
        hand_over()
        self.send(people, notice)

    def reaches_team(self, team: Group) -> bool:
        """Whether a team can be told here as a whole."""
        return False

    def deliver_to_team(
        self, team: Group, notice: OutgoingNotice, hand_over: Callable[[], None]
    ) -> None:
        """Tell a team as a whole, once. Raises ActionFailed."""
        raise NotImplementedError


NOTICE_CHANNELS: Final = Registry("channels", NoticeChannel, noun="notice channel")  # type: ignore[type-abstract]


NamedChannel = tuple[str, NoticeChannel]
"""A channel with its name in the registry."""


def find_channel_for(person: User, *, prefers_mail: bool = False) -> NamedChannel | None:
    """The channel by which a person is told, with its name; None where none reaches them."""
    names = list(reversed(NOTICE_CHANNELS.names()))
    if prefers_mail:
        names.sort(key=lambda name: name != "mail")
    return _first_channel(names, lambda channel: channel.reaches(person))


def find_team_channel(team: Group) -> NamedChannel | None:
    """The channel by which a team is told; None where none reaches it."""
    names = list(reversed(NOTICE_CHANNELS.names()))
    return _first_channel(names, lambda channel: channel.reaches_team(team))


def _first_channel(
    names: Sequence[str], reaches: Callable[[NoticeChannel], bool]
) -> NamedChannel | None:
    reaching = (name for name in names if reaches(NOTICE_CHANNELS[name]))
    name = next(reaching, None)
    return (name, NOTICE_CHANNELS[name]) if name is not None else None
