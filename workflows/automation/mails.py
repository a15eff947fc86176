"""Mails: the action `email`, and the notices that other commands write into the outbox."""

import smtplib
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email

from workflows.automation.calls import facts_of
from workflows.engine.actions import ActionFailed, Done, Job, action
from workflows.engine.spelling import in_text
from workflows.engine.templates import fill
from workflows.models import OutboxMessage, WorkflowInstance, WorkflowTemplate
from workflows.services.logins import person_named
from workflows.services.whom import people_told

MOST = 50


@action("email")
def send_email(job: Job) -> Done:
    """Send one mail: `with: {to: …, subject: …, text: …}`.

    `to` is an address, a username, or a list of them; placeholders are filled in.
    """
    facts = facts_of(job)
    told = {key: fill(value, facts) for key, value in job.told.items()}
    to = addresses(told.get("to"))
    send(
        to,
        subject=in_text(told.get("subject")) or job.reference,
        text=in_text(told.get("text")),
        message_id=job.idempotency_key,
    )
    return Done(shown=f"Sent to {', '.join(to)}")


def addresses(given: Any) -> list[str]:
    """Mail addresses, for addresses and usernames. Raises ActionFailed."""
    listed = given if isinstance(given, list) else [given]
    names = [name for name in (in_text(one).strip() for one in listed) if name]
    if not names or len(names) > MOST:
        raise ActionFailed(
            "no_recipient", f"A mail goes to 1 to {MOST} people; correct `to` in the map."
        )
    return [name if "@" in name else _address_of(name) for name in names if _sound(name)]


def _sound(name: str) -> bool:
    if "@" in name:
        try:
            validate_email(name)
        except ValidationError:
            raise ActionFailed("bad_address", f"'{name}' is no mail address.") from None
    return True


def _address_of(username: str) -> str:
    person = person_named(username)
    if person is None or not person.is_active or not person.email:
        raise ActionFailed(
            "no_address", f"'{username}' is no active person with a mail address; add one."
        )
    return person.email


def send(to: Iterable[str], *, subject: str, text: str, message_id: str) -> None:
    """Hand one mail to the mail server. Raises ActionFailed.

    The message id is made from the idempotency key, so a mailbox can tell a repetition.
    """
    domain = settings.SITE_URL.rpartition("/")[2].partition(":")[0]
    mail = EmailMessage(
        subject=" ".join(subject.split())[:200],
        body=text,
        to=list(to),
        headers={"Message-ID": f"<{message_id}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused:
        raise ActionFailed("recipient_refused", "The mail server refused the recipient.") from None
    except (smtplib.SMTPException, OSError) as problem:
        raise ActionFailed(
            "mail_failed",
            f"The mail server did not take it ({type(problem).__name__}).",
            retry=True,
        ) from None


def notice(message: OutboxMessage) -> None:
    """Send the notice that a message holds: one person, one mail. Where that account is closed it
    goes to those who answer for the workflow just now. Raises ActionFailed."""
    said = message.payload
    person = User.objects.filter(pk=said["to"]).first()
    closed = person is not None and not person.is_active
    people = _instead(message) if closed else [person] if person is not None else []
    addresses = [one.email for one in people if one.email]
    if not addresses:
        raise ActionFailed("no_address", "The person has left, or has no mail address.")
    first = f"This was for {person}, whose account is closed.\n\n" if closed else ""
    send(
        [said["address"]] if said.get("address") and not closed else addresses,
        subject=said["subject"],
        text=f"{first}{said['text']}\n\n{_link(message)}\n",
        message_id=f"notice-{message.pk}",
    )


def _instead(message: OutboxMessage) -> list[User]:
    """Who hears of it where the person to whom it was written has left."""
    templates = WorkflowTemplate.objects.select_related("owner", "deputy")
    of_request = templates.filter(instances=message.request_id) if message.request_id else None
    named = templates.filter(pk=message.payload.get("workflow") or 0)
    template = (named if of_request is None else of_request).first()
    return people_told(template) if template is not None else []


def _link(message: OutboxMessage) -> str:
    said = message.payload
    if "task" in said:
        return f"{settings.SITE_URL}/tasks/{said['task']}/"
    if message.request_id is not None:
        request = WorkflowInstance.objects.only("pk", "prefix").get(pk=message.request_id)
        return f"{settings.SITE_URL}/requests/{request.reference}/"
    return str(settings.SITE_URL)
