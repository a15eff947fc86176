"""Chat: Slack, Teams, Google Chat, Mattermost, Matrix and their kind, by Apprise.

Where a message goes is set up by those who run the site, and kept encrypted. What people have
written calls nobody there and is no markup: the signs for that are taken from it.
"""

from collections.abc import Callable, Sequence

from django.conf import settings
from django.contrib.auth.models import Group

from workflows.automation.notice_channels import NOTICE_CHANNELS, NoticeChannel, OutgoingNotice
from workflows.connections.secrets import SecretUnreadable
from workflows.engine.format.actions import ActionFailed
from workflows.engine.texts import text
from workflows.notices.models import NoticeAddress
from workflows.notices.queries.addresses import find_chat_address, read_chat_url
from workflows.people.models import User

HARMLESS = str.maketrans({letter: f"{letter}\u200b" for letter in "@<>`*_~[]|#"})
"""What calls people or marks text up in one chat or another: each is parted from what follows."""


class ChatChannel(NoticeChannel):
    """Tells people and teams in their chat."""

    def reaches(self, person: User) -> bool:
        """Whether a chat is set up for the person."""
        return find_chat_address(person) is not None

    def send(self, people: Sequence[User], notice: OutgoingNotice) -> None:
        """A message to each of them."""
        for person in people:
            _send_chat_message(find_chat_address(person), notice)

    def reaches_team(self, team: Group) -> bool:
        """Whether a chat is set up for the team."""
        return find_chat_address(team) is not None

    def deliver_to_team(
        self, team: Group, notice: OutgoingNotice, hand_over: Callable[[], None]
    ) -> None:
        """One message in the team's channel."""
        hand_over()
        _send_chat_message(find_chat_address(team), notice)


NOTICE_CHANNELS.register("chat", ChatChannel())


def _send_chat_message(address: NoticeAddress | None, notice: OutgoingNotice) -> None:
    """One message to one chat. Raises ActionFailed."""
    # Slow to import, and needed only where there is a chat.
    from apprise import Apprise, AppriseAsset, NotifyFormat

    if address is None:
        raise ActionFailed("no_address", text("The chat was taken away; set it up again."))
    asset = AppriseAsset(
        app_id="Handoff", app_desc="Handoff", app_url=settings.SITE_URL, async_mode=False
    )
    client = Apprise(asset=asset)
    try:
        is_known = client.add(read_chat_url(address))
    except SecretUnreadable:
        is_known = False
    if not is_known:
        raise ActionFailed(
            "chat_address", text("The chat's address cannot be used; enter it again.")
        )
    body = f"{notice.text.translate(HARMLESS)}\n\n{notice.link}"
    subject = notice.subject.translate(HARMLESS)
    if not client.notify(title=subject, body=body, body_format=NotifyFormat.TEXT):
        raise ActionFailed("chat_failed", text("The chat did not take it."), retry=True)
