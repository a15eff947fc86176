"""The daily head of the trail's chain: written down each night, and put into the outbox for each
place outside that keeps it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from workflows.outbox.payloads import HeadPayload
from workflows.outbox.services import messages as outbox
from workflows.trail.seal_models import TrailHead
from workflows.trail.services.sealing import end_of_chain, reset_sealed_mark, seal_all

MAIL_TRANSPORT, CALL_TRANSPORT = "mail", "call"


def write_trail_head(now: datetime) -> TrailHead | None:
    """Write the head of the day that ended last, and have it sent. None where nothing is sealed
    yet; a head that is there already is given back and not sent again.

    All rows are looked at before: what a process did not see for any reason is sealed by now.
    """
    reset_sealed_mark()
    seal_all(lambda: now)
    date = timezone.localdate(now) - timedelta(days=1)
    position, last = end_of_chain()
    if not position:
        return None
    with transaction.atomic():
        head, is_new = TrailHead.objects.get_or_create(
            date=date, defaults={"position": position, "hash": last, "written_at": now}
        )
        if is_new:
            _enqueue_head_deliveries(head, now)
    return head


def _enqueue_head_deliveries(head: TrailHead, now: datetime) -> None:
    """One message for each place, so that one that does not answer holds up no other."""
    places = [(MAIL_TRANSPORT, address) for address in settings.AUDIT_HEAD_TO]
    if settings.AUDIT_HEAD_CONNECTION:
        places.append((CALL_TRANSPORT, settings.AUDIT_HEAD_CONNECTION))
    for transport, to in places:
        key = f"head-{head.date:%Y-%m-%d}-{transport}-{to}"[:200]
        outbox.enqueue_message(HeadPayload(head=head.pk, way=transport, to=to), now=now, key=key)


def record_head_delivery(head: TrailHead, *, transport: str, to: str, now: datetime) -> None:
    """Write down where a head went; the rest of its row never changes."""
    head_row = TrailHead.objects.select_for_update().get(pk=head.pk)
    head_row.sent_to = [*head_row.sent_to, {"way": transport, "to": to, "at": now.isoformat()}]
    head_row.sent_at = now
    head_row.save(update_fields=["sent_to", "sent_at"])
