"""The daily head of the trail's chain: written down each night, and put into the outbox for each
place outside that keeps it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from workflows.models import OutboxMessage, TrailHead
from workflows.services import outbox
from workflows.services.seals import end_of_chain, forget_mark, seal_all

MAIL, CALL = "mail", "call"


def write_head(now: datetime) -> TrailHead | None:
    """Write the head of the day that ended last, and have it sent. None where nothing is sealed
    yet; a head that is there already is given back and not sent again.

    All rows are looked at before: what a process did not see for any reason is sealed by now.
    """
    forget_mark()
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
            _send(head, now)
    return head


def _send(head: TrailHead, now: datetime) -> None:
    """One message for each place, so that one that does not answer holds up no other."""
    places = [(MAIL, address) for address in settings.AUDIT_HEAD_TO]
    if settings.AUDIT_HEAD_CONNECTION:
        places.append((CALL, settings.AUDIT_HEAD_CONNECTION))
    for way, to in places:
        key = f"head-{head.date:%Y-%m-%d}-{way}-{to}"[:200]
        outbox.put(OutboxMessage.HEAD, now=now, key=key, head=head.pk, way=way, to=to)


def note_sent(head: TrailHead, *, way: str, to: str, now: datetime) -> None:
    """Write down where a head went; the rest of its row never changes."""
    kept = TrailHead.objects.select_for_update().get(pk=head.pk)
    kept.sent_to = [*kept.sent_to, {"way": way, "to": to, "at": now.isoformat()}]
    kept.sent_at = now
    kept.save(update_fields=["sent_to", "sent_at"])
