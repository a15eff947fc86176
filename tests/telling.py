"""Working out whom to tell, without sending anything, and reading who was told of what."""

from datetime import datetime

from workflows.automation.services.delivery import deliver_message
from workflows.notices.choices import NoticeEvent, NoticeKind, NoticeTiming
from workflows.notices.models import Notice, NoticeChoice
from workflows.outbox.choices import MessageKind
from workflows.outbox.services import messages as outbox
from workflows.people.models import User

TELLING_KINDS = (MessageKind.TELL, MessageKind.DUE, MessageKind.MAIL)


def work_out_notices(now: datetime) -> None:
    """Write the notices of all that is due at this moment."""
    while taken := outbox.lease_messages(now=now, kinds=TELLING_KINDS, limit=100):
        for message in taken:
            deliver_message(message, lambda: now)


def told_of(event: NoticeEvent) -> list[str]:
    """The logins of the people who are told of an event, in the order of the notices."""
    rows = Notice.objects.filter(event=event, person__isnull=False).order_by("pk")
    return list(rows.values_list("person__username", flat=True))


def silence(*kinds: NoticeKind) -> None:
    """Nobody wants to be told of these kinds."""
    NoticeChoice.objects.bulk_create(
        NoticeChoice(person=person, kind=kind, timing=NoticeTiming.OFF)
        for person in User.objects.all()
        for kind in kinds
    )
