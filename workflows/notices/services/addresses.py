"""Addresses of teams and of chats: set up by those who run the site, never typed by a user.

A chat's address is a credential: it is encrypted, and shown to nobody again. The person whose
notices go there is told by mail that this was set up, so that nobody reads along unseen.
"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from workflows.connections.secrets import encrypt
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.engine.texts import text
from workflows.notices.choices import AddressChannel, NoticeEvent
from workflows.notices.models import NoticeAddress
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services.messages import enqueue_message
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of
from workflows.persistence.row_edits import delete_row, save_row
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import CHANGED, DELETED, MADE, NoticeAddressChanged
from workflows.trail.services.recording import write_fact

CHAT_SERVICES = frozenset(
    {
        *("slack", "workflow", "workflows", "gchat", "mmost", "mmosts", "matrix", "matrixs"),
        *("rocket", "rockets", "zulip", "discord", "webex", "wxteams", "nctalk", "nctalks"),
        *("ryver", "twist", "flock", "tgram", "signal", "signals", "threema", "line", "lark"),
        *("feishu", "dingtalk", "zoom", "cliq", "zohocliq", "synology", "synologys", "xmpp"),
        *("xmpps", "ntfy", "ntfys", "gotify", "gotifys", "guilded", "stackfield", "humhub"),
    }
)
"""The services of Apprise that are a chat. What runs programs, writes to this machine's desktop or
log, or sends other companies' mails and text messages is none."""


def save_notice_address(
    address: NoticeAddress, *, by: User, secret: str, now: datetime
) -> NoticeAddress:
    """Write an address as it was filled in; an empty secret keeps the one that is there.

    Raises NotAllowed and InvalidInput; nothing is written then.
    """
    with transaction.atomic():
        before = NoticeAddress.objects.select_for_update().filter(pk=address.pk).first()
        validate_notice_address(address, before=before, by=by, secret=secret)
        save_row(address, by=by, now=now, why=TrailCommand.CHANGE_NOTICE_ADDRESS)
        _record_address(address, by, now, MADE if before is None else CHANGED)
        _tell_its_person(address, by, now)
    return address


def delete_notice_address(address: NoticeAddress, *, by: User, now: datetime) -> None:
    """Take an address away. Raises NotAllowed."""
    _require_address_permission(by, "delete")
    with transaction.atomic():
        _record_address(address, by, now, DELETED)
        delete_row(address, by=by, now=now, why=TrailCommand.CHANGE_NOTICE_ADDRESS)


def validate_notice_address(
    address: NoticeAddress, *, before: NoticeAddress | None, by: User, secret: str
) -> None:
    """Check an address that is filled in like this, and put its ciphertext in. Raises NotAllowed
    and InvalidInput with a sentence for the person who fills it in."""
    _require_address_permission(by, "add" if before is None else "change")
    if address.channel == AddressChannel.CHAT:
        _put_chat_url(address, before, secret.strip())
    elif address.person_id is not None:
        raise InvalidInput("A person's mail goes to the address of their account.")
    elif not address.mail:
        raise InvalidInput("Give the team's mail address.")
    else:
        address.secret, address.service = "", ""
    try:
        address.full_clean()
    except ValidationError as problem:
        raise InvalidInput(" ".join(problem.messages)) from None


def _put_chat_url(address: NoticeAddress, before: NoticeAddress | None, url: str) -> None:
    address.mail = ""
    if not url:
        if before is None or not before.secret:
            raise InvalidInput(
                "Enter the chat's address as Apprise writes it (slack://…, matrixs://…)."
            )
        if (before.person_id, before.team_id) != (address.person_id, address.team_id):
            raise InvalidInput("Enter the chat's address again: it was another's.")
        address.secret, address.service = before.secret, before.service
        return
    service = url.partition("://")[0].lower()
    if service not in CHAT_SERVICES:
        raise InvalidInput(
            "'%(service)s' is no chat that notices go to; write the address as Apprise does"
            " (slack://…, matrixs://…).",
            service=service[:20],
        )
    if not _is_chat_url(url):
        raise InvalidInput("The chat's address is not complete; look it up in Apprise's pages.")
    address.secret, address.service = encrypt(url), service


def _is_chat_url(url: str) -> bool:
    """Whether Apprise can read it. It is asked only here: it is slow to import."""
    from apprise import Apprise

    return url.isprintable() and Apprise.instantiate(url, suppress_exceptions=True) is not None


def _require_address_permission(by: User, verb: str) -> None:
    if not by.has_perm(f"workflows.{verb}_noticeaddress"):
        raise NotAllowed("You may not change where notices go; ask an administrator.")


def _record_address(address: NoticeAddress, by: User, now: datetime, done: str) -> None:
    write_fact(
        TrailCommand.CHANGE_NOTICE_ADDRESS,
        actor=by,
        now=now,
        fact=NoticeAddressChanged(
            notices_of=str(address.person or address.team),
            channel=str(address.channel),
            to=address.mail or address.service,
            is_active=address.is_active,
            done=done,
        ),
    )


def _tell_its_person(address: NoticeAddress, by: User, now: datetime) -> None:
    if address.person_id is None or address.person_id == by.pk:
        return
    names = {"by": full_name_of(by), "service": address.service}
    mail = MailPayload(
        to=address.person_id,
        event=NoticeEvent.ACCESS_CHANGED,
        subject=text("Where your notices go was changed"),
        text=text(
            "%(by)s set up a chat (%(service)s) to which Handoff sends your notices. If you do not"
            " know of it, tell the people who run Handoff.",
            **names,
        ),
    )
    enqueue_message(mail, now=now)
