"""Mails: the action `email`, and the channel by which notices go out as mails."""

import smtplib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.validators import validate_email
from django.utils.translation import gettext

from workflows.automation.actions.http_call import placeholder_facts
from workflows.automation.notice_channels import NOTICE_CHANNELS, NoticeChannel, OutgoingNotice
from workflows.engine.format.actions import ActionFailed, ActionResult, Job, action
from workflows.engine.texts import text
from workflows.engine.values.placeholders import fill_placeholders
from workflows.engine.values.serialization import render_value_text
from workflows.notices.messages.letters import preferences_link
from workflows.notices.queries.addresses import find_team_mail
from workflows.people.models import User
from workflows.people.queries.logins import find_login_holder

MAX_RECIPIENTS = 50


@action("email")
def send_email(job: Job) -> ActionResult:
    """Send one mail: `with: {to: …, subject: …, text: …}`.

    `to` is an address, a username, or a list of them; placeholders are filled in.
    """
    facts = placeholder_facts(job)
    arguments = {key: fill_placeholders(value, facts) for key, value in job.parameters.items()}
    to = resolve_mail_addresses(arguments.get("to"))
    send_one_mail(
        to,
        subject=render_value_text(arguments.get("subject")) or job.reference,
        body=render_value_text(arguments.get("text")),
        message_id=job.idempotency_key,
    )
    return ActionResult(answer_text=(gettext("Sent to %(to)s") % {"to": ", ".join(to)}))


def resolve_mail_addresses(recipients: Any) -> list[str]:
    """Mail addresses, for addresses and usernames. Raises ActionFailed."""
    listed = recipients if isinstance(recipients, list) else [recipients]
    names = [name for name in (render_value_text(entry).strip() for entry in listed) if name]
    if not names or len(names) > MAX_RECIPIENTS:
        raise ActionFailed(
            "no_recipient",
            text(
                "A mail goes to 1 to %(most)s people; correct `to` in the map.", most=MAX_RECIPIENTS
            ),
        )
    return [
        name if "@" in name else _address_of(name) for name in names if _check_mail_address(name)
    ]


def _check_mail_address(name: str) -> bool:
    if "@" in name:
        try:
            validate_email(name)
        except ValidationError:
            raise ActionFailed(
                "bad_address", text("'%(address)s' is no mail address.", address=name)
            ) from None
    return True


def _address_of(username: str) -> str:
    person = find_login_holder(username)
    if person is None or not person.is_active or not person.email:
        raise ActionFailed(
            "no_address",
            text(
                "'%(username)s' is no active person with a mail address; add one.",
                username=username,
            ),
        )
    return person.email


def send_one_mail(
    to: Iterable[str],
    *,
    subject: str,
    body: str,
    message_id: str,
    html: str = "",
    headers: Mapping[str, str] | None = None,
    hand_over: Callable[[], None] | None = None,
) -> None:
    """Hand one mail to the mail server. Raises ActionFailed.

    The message id is made from the idempotency key, so a mailbox can tell a repetition.
    `hand_over` is called when the server has answered and nothing was sent to it yet.
    """
    own_headers = {"Message-ID": address_message(message_id), "Auto-Submitted": "auto-generated"}
    mail = EmailMultiAlternatives(
        subject=clean_header_line(subject),
        body=body,
        to=list(to),
        headers={**own_headers, **(headers or {})},
    )
    if html:
        mail.attach_alternative(html, "text/html")
    mail.connection = get_connection()
    try:
        with _mail_server_problems():
            mail.connection.open()
            if hand_over is not None:
                hand_over()
            mail.send()
    finally:
        mail.connection.close()


@contextmanager
def _mail_server_problems() -> Iterator[None]:
    """What goes wrong with the mail server, as a failure of the action."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused:
        raise ActionFailed(
            "recipient_refused", text("The mail server refused the recipient.")
        ) from None
    except (smtplib.SMTPException, OSError) as problem:
        raise ActionFailed(
            "mail_failed",
            text("The mail server did not take it (%(error)s).", error=type(problem).__name__),
            retry=True,
        ) from None


def address_message(key: str) -> str:
    """A message's id in a mail's headers."""
    domain = settings.SITE_URL.rpartition("/")[2].partition(":")[0]
    return f"<{key}@{domain}>"


def clean_header_line(line: str) -> str:
    """One line of printable characters, cut to what mailboxes show: nobody's words end a header."""
    words = " ".join(line.split())
    return "".join(letter for letter in words if letter.isprintable())[:200]


class MailChannel(NoticeChannel):
    """Tells people by mail."""

    def reaches(self, person: User) -> bool:
        """Whether there is an address."""
        return bool(person.email)

    def send(self, people: Sequence[User], notice: OutgoingNotice) -> None:
        """One mail to all of them."""
        mail_notice([person.email for person in people], notice)

    def deliver(
        self, people: Sequence[User], notice: OutgoingNotice, hand_over: Callable[[], None]
    ) -> None:
        """The same; nothing is handed over before the server has answered."""
        mail_notice([person.email for person in people], notice, hand_over)

    def reaches_team(self, team: Group) -> bool:
        """Whether ops has set up an address of the team."""
        return bool(find_team_mail(team))

    def deliver_to_team(
        self, team: Group, notice: OutgoingNotice, hand_over: Callable[[], None]
    ) -> None:
        """One mail to the team's own address."""
        mail_notice([find_team_mail(team)], notice, hand_over)


NOTICE_CHANNELS.register("mail", MailChannel())


def mail_notice(
    addresses: Iterable[str], notice: OutgoingNotice, hand_over: Callable[[], None] | None = None
) -> None:
    """One mail with a notice: in the thread of its request, with the way to fewer of them."""
    headers = {"List-Unsubscribe": f"<{preferences_link()}>"}
    if notice.thread:
        root = address_message(notice.thread)
        headers |= {"References": root, "In-Reply-To": root}
    send_one_mail(
        addresses,
        subject=notice.subject,
        body=notice.text if notice.html else f"{notice.text}\n\n{notice.link}\n",
        html=notice.html,
        message_id=notice.key,
        headers=headers,
        hand_over=hand_over,
    )
