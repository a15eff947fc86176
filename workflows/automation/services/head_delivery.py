"""Sends the trail's daily head outside: by mail, or by a POST to a connection."""

import json
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from workflows.automation.actions import mail as mails
from workflows.automation.actions.http_call import connection_named
from workflows.automation.http.building import allowed_hosts_of
from workflows.automation.http.client import CallFailed, HttpCall
from workflows.automation.http.sign_in import SignedCalls
from workflows.connections.models import Connection
from workflows.connections.secrets import mask_secrets
from workflows.engine.format.actions import ActionFailed
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import HeadPayload, read_payload
from workflows.trail.seal_models import TrailHead
from workflows.trail.services.daily_heads import CALL_TRANSPORT

WORTH_ANOTHER_TRY = frozenset({408, 425, 429})


def send_head(message: OutboxMessage) -> TrailHead:
    """Send one head to one place. Raises ActionFailed."""
    payload = read_payload(message, HeadPayload)
    head = TrailHead.objects.get(pk=payload.head)
    if payload.way == CALL_TRANSPORT:
        _post_head(head, payload.to)
    else:
        _mail_head(head, payload.to)
    return head


def _mail_head(head: TrailHead, to: str) -> None:
    mails.send_one_mail(
        mails.resolve_mail_addresses(to),
        subject=gettext("Handoff: head of the audit trail, %(date)s")
        % {"date": format(head.date, "%Y-%m-%d")},
        body=_mail_text(head),
        message_id=f"head-{head.date:%Y-%m-%d}",
    )


def _mail_text(head: TrailHead) -> str:
    return gettext(
        "The audit trail of %(site)s at the end of %(date)s:\n\n    %(head)s\n\nKeep this mail"
        " where the people who run the database cannot change it. That nothing was cut off or"
        " written anew since is shown by\n\n    manage.py verify_audit --head %(head)s\n"
    ) % {"site": settings.SITE_URL, "date": format(head.date, "%Y-%m-%d"), "head": head}


def _post_head(head: TrailHead, to: str) -> None:
    """POST it to a connection: 'siem', or 'siem/api/heads' with a path after its key."""
    key, _, path = to.partition("/")
    connection = connection_named(key)
    assert connection is not None
    assert connection is not None
    calls = SignedCalls(connection, now=timezone.now())
    try:
        answer = calls.make(_head_call(head, connection, path))
    except CallFailed as failed:
        masked_message = mask_secrets(failed.message, calls.secrets)
        raise ActionFailed(failed.code, masked_message, retry=failed.retry) from None
    if not 200 <= answer.status < 300:
        raise ActionFailed(
            f"status_{answer.status}",
            (
                gettext("The other side answered with status %(status)s.")
                % {"status": answer.status}
            ),
            retry=answer.status >= 500 or answer.status in WORTH_ANOTHER_TRY,
        )


def _head_call(head: TrailHead, connection: Connection, path: str) -> HttpCall:
    base = connection.base_url.rstrip("/")
    return HttpCall(
        method="POST",
        url=f"{base}/{path}" if path else base,
        headers={
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Idempotency-Key": f"head-{head.date:%Y-%m-%d}",
            "User-Agent": "Handoff",
        },
        body=json.dumps(_head_payload(head)).encode(),
        timeout=float(connection.timeout_seconds),
        allowed_hosts=allowed_hosts_of(connection),
        max_bytes=100_000,
    )


def _head_payload(head: TrailHead) -> dict[str, Any]:
    return {
        "system": settings.SITE_URL,
        "date": f"{head.date:%Y-%m-%d}",
        "position": head.position,
        "hash": head.hash,
        "head": str(head),
    }
