"""A real mail server for tests: it keeps what it takes, and can be told to refuse or to dawdle."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """What was taken, in its order, and to whom each was sent (`receivers`); `refusal` answers the
    next messages instead, and each answer takes so many seconds."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.mails: list[EmailMessage] = []
        self.receivers: list[list[str]] = []
        self.refusal = ""
        self.seconds = seconds

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusal:
            return self.refusal
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.receivers.append(list(envelope.rcpt_tos))
        await asyncio.sleep(self.seconds)
        return "250 Taken"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nobody@"):
            return "550 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_mail_server(seconds: float = 0.0) -> Iterator[tuple[Mailbox, int]]:
    """A mail server of this process, and its port."""
    mailbox = Mailbox(seconds)
    controller = Controller(mailbox, hostname="127.0.0.1", port=_free_port(), ident="x")
    controller.start()
    try:
        yield mailbox, controller.port
    finally:
        controller.stop()


@contextmanager
def mail_server(settings: Any) -> Iterator[Mailbox]:
    """The site's mails go to a server of this process while this lasts."""
    with running_mail_server() as (mailbox, port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
        yield mailbox
