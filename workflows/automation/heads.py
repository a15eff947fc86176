"""Sends the trail's daily head outside: by mail, or by a POST to a connection."""

import json
from typing import Any

from django.conf import settings

from workflows.automation import mails
from workflows.automation.caller import Call, CallFailed, call
from workflows.automation.calls import allowed, connection_named, credentials
from workflows.engine.actions import ActionFailed
from workflows.models import OutboxMessage, TrailHead
from workflows.services.heads import CALL
from workflows.services.secrets import mask

WORTH_ANOTHER_TRY = frozenset({408, 425, 429})


def send_head(message: OutboxMessage) -> TrailHead:
    """Send one head to one place. Raises ActionFailed."""
    said = message.payload
    head = TrailHead.objects.get(pk=said["head"])
    if said["way"] == CALL:
        _post(head, said["to"])
    else:
        _mail(head, said["to"])
    return head


def _mail(head: TrailHead, to: str) -> None:
    mails.send(
        mails.addresses(to),
        subject=f"Handoff: head of the audit trail, {head.date:%Y-%m-%d}",
        text=_text(head),
        message_id=f"head-{head.date:%Y-%m-%d}",
    )


def _text(head: TrailHead) -> str:
    return (
        f"The audit trail of {settings.SITE_URL} at the end of {head.date:%Y-%m-%d}:\n\n"
        f"    {head}\n\n"
        "Keep this mail where the people who run the database cannot change it. That nothing was"
        " cut off or written anew since is shown by\n\n"
        f"    manage.py verify_audit --head {head}\n"
    )


def _post(head: TrailHead, to: str) -> None:
    """POST it to a connection: 'siem', or 'siem/api/heads' with a path after its key."""
    key, _, path = to.partition("/")
    connection = connection_named(key)
    assert connection is not None
    signed, secrets = credentials(connection)
    base = connection.base_url.rstrip("/")
    what = Call(
        method="POST",
        url=f"{base}/{path}" if path else base,
        headers={
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Idempotency-Key": f"head-{head.date:%Y-%m-%d}",
            "User-Agent": "Handoff",
            **signed,
        },
        body=json.dumps(_facts(head)).encode(),
        timeout=float(connection.timeout_seconds),
        allowed_hosts=allowed(connection),
        max_bytes=100_000,
    )
    try:
        answer = call(what)
    except CallFailed as failed:
        said = mask(failed.message, secrets)
        raise ActionFailed(failed.code, said, retry=failed.retry) from None
    if not 200 <= answer.status < 300:
        raise ActionFailed(
            f"status_{answer.status}",
            f"The other side answered with status {answer.status}.",
            retry=answer.status >= 500 or answer.status in WORTH_ANOTHER_TRY,
        )


def _facts(head: TrailHead) -> dict[str, Any]:
    return {
        "system": settings.SITE_URL,
        "date": f"{head.date:%Y-%m-%d}",
        "position": head.position,
        "hash": head.hash,
        "head": str(head),
    }
