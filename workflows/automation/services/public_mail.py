"""Mails to people without an account: to confirm a form by, and what became of their request.

One that breaks off after it was handed over is sent once more: to read the same twice harms nobody.
"""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import translation

from workflows.automation.actions.mail import send_one_mail
from workflows.engine.format.actions import ActionFailed
from workflows.links.messages.public_letters import PublicLetter, compose_public_letter
from workflows.links.models import PublicEntry
from workflows.links.queries.public_entries import address_of_entry
from workflows.outbox.delivery_problems import ActionRefused
from workflows.outbox.models import OutboxMessage
from workflows.outbox.payloads import PublicMailPayload, read_payload
from workflows.outbox.services.messages import drop_message, mark_delivered

Clock = Callable[[], datetime]


def send_public_mail(message: OutboxMessage, clock: Clock) -> None:
    """Send one mail, unless there is nothing to say any more. Raises ActionFailed where it is to
    be tried again."""
    payload = read_payload(message, PublicMailPayload)
    rows = PublicEntry.objects.select_related("template", "request")
    entry = rows.filter(pk=payload.entry).first()
    address = address_of_entry(entry) if entry is not None else ""
    letter = None
    if entry is not None and address:
        letter = _write_letter(entry, payload, clock())
    if letter is not None:
        try:
            _send(letter, address, message)
        except ActionFailed as failed:
            if failed.retry:
                raise
            with transaction.atomic():
                why = ActionRefused(failed.code, failed.text)
                drop_message(message, now=clock(), why=why)
            return
    with transaction.atomic():
        mark_delivered(message, now=clock())


def _write_letter(
    entry: PublicEntry, payload: PublicMailPayload, now: datetime
) -> PublicLetter | None:
    """In the language in which the form was filled in."""
    known = dict(settings.LANGUAGES)
    language = entry.language if entry.language in known else settings.LANGUAGE_CODE
    with translation.override(language):
        return compose_public_letter(entry, payload.about, now)


def _send(letter: PublicLetter, address: str, message: OutboxMessage) -> None:
    send_one_mail(
        [address],
        subject=letter.subject,
        body=letter.text,
        message_id=f"public-{message.pk}",
    )
