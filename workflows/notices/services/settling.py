"""What becomes of a notice on its way: taken to be handed over, sent, lost, failed, needless.

A notice is marked in a transaction of its own before anything leaves the house. Where the mark is
there and nothing more, a worker died while it handed the notice over: whether it arrived nobody
knows, and it is not sent a second time by itself.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from workflows.notices.choices import NoticeState
from workflows.notices.models import Notice
from workflows.outbox.delivery_problems import DeliveryProblem
from workflows.outbox.models import OutboxMessage
from workflows.outbox.services.messages import TicketLost, drop_message, mark_delivered

SENDABLE_STATES = (
    *(NoticeState.PENDING, NoticeState.DIGEST, NoticeState.UNSURE, NoticeState.FAILED),
)
"""States from which a notice is sent. Lost and failed ones only come here when ops sends their
message again."""


def mark_notices_sending(ids: Collection[int], channel: str) -> None:
    """These are handed over now. Raises TicketLost where somebody else has begun with one."""
    with transaction.atomic():
        rows = Notice.objects.filter(pk__in=ids, state__in=SENDABLE_STATES)
        if rows.update(state=NoticeState.SENDING, channel=channel) != len(ids):
            raise TicketLost("These notices are with another worker.")


def return_unsent_notices(ids: Collection[int], state: NoticeState) -> None:
    """They were not taken; they are sent again later."""
    Notice.objects.filter(pk__in=ids, state=NoticeState.SENDING).update(state=state)


def settle_sent_notices(message: OutboxMessage, ids: Collection[int], *, now: datetime) -> None:
    """They are sent, and their message is done. Raises TicketLost."""
    with transaction.atomic():
        Notice.objects.filter(pk__in=ids).update(
            state=NoticeState.SENT, settled_at=now, error_code=""
        )
        mark_delivered(message, now=now)


def settle_needless_notices(ids: Collection[int], *, now: datetime, why: str = "") -> None:
    """They need not be sent any more, or cannot reach anybody (`why` is a code)."""
    Notice.objects.filter(pk__in=ids).update(
        state=NoticeState.NEEDLESS, settled_at=now, error_code=why
    )


def settle_lost_notices(
    message: OutboxMessage,
    ids: Collection[int],
    state: NoticeState,
    *,
    now: datetime,
    why: DeliveryProblem,
) -> None:
    """They failed, or broke off while being handed over; their message is given up until somebody
    sends it again. Raises TicketLost."""
    with transaction.atomic():
        Notice.objects.filter(pk__in=ids).update(state=state, settled_at=now, error_code=why.code)
        drop_message(message, now=now, why=why)


def delete_old_notices(*, before: datetime) -> int:
    """Delete notices that were settled before this moment; the trail says what happened."""
    return Notice.objects.filter(settled_at__lt=before).delete()[0]


def detach_notices_of_tasks(ids: Collection[int], *, now: datetime) -> None:
    """These tasks are taken back: who was told of them is on record with the request, and who was
    not yet need not be."""
    notices = Notice.objects.filter(task__in=ids)
    waiting = notices.filter(state__in=(NoticeState.PENDING, NoticeState.DIGEST))
    waiting.update(state=NoticeState.NEEDLESS, settled_at=now)
    notices.update(task=None)
