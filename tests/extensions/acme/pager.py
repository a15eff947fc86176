"""A channel that tells people by their pager."""

from collections.abc import Sequence

from workflows.automation.notice_channels import NOTICE_CHANNELS, NoticeChannel, OutgoingNotice
from workflows.people.models import User

PAGERS = {"mia": "0171-1"}
paged: list[tuple[str, str, str]] = []


class PagerChannel(NoticeChannel):
    """Tells whoever has a pager."""

    def reaches(self, person: User) -> bool:
        """Whether there is one."""
        return person.get_username() in PAGERS

    def send(self, people: Sequence[User], notice: OutgoingNotice) -> None:
        """The subject, and where to read more."""
        paged.extend((PAGERS[p.get_username()], notice.subject, notice.link) for p in people)


NOTICE_CHANNELS.register("pager", PagerChannel())
