"""What a person chose about notices, with what is usual where they chose nothing."""

from dataclasses import dataclass

from workflows.notices.choices import NoticeKind, NoticeTiming
from workflows.notices.models import NoticeChoice, NoticeSettings
from workflows.notices.queries.addresses import find_chat_address
from workflows.notices.queries.digest_times import USUAL_HOUR
from workflows.notices.telling import DEFAULT_TIMINGS, URGENT_KINDS
from workflows.people.models import User

CHOOSABLE_KINDS = tuple(kind for kind in NoticeKind if kind not in URGENT_KINDS)
"""The kinds of which people choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePreferences:
    """When somebody is told of each kind, the hour of their digest, and the way they prefer;
    `has_chat` says whether there is a choice of ways."""

    timings: dict[NoticeKind, NoticeTiming]
    digest_hour: int
    prefers_mail: bool
    has_chat: bool = False


def find_notice_preferences(person: User) -> NoticePreferences:
    """What holds for a person now. Three statements."""
    choices = dict(NoticeChoice.objects.filter(person=person).values_list("kind", "timing"))
    settings = NoticeSettings.objects.filter(person=person).first()
    return NoticePreferences(
        timings={
            kind: NoticeTiming(choices.get(kind, DEFAULT_TIMINGS[kind])) for kind in CHOOSABLE_KINDS
        },
        digest_hour=settings.digest_hour if settings is not None else USUAL_HOUR,
        prefers_mail=settings is not None and settings.prefers_mail,
        has_chat=find_chat_address(person) is not None,
    )
