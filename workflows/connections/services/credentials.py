"""Connections and webhook keys: the only place that writes their secrets, and who may do so."""

import re
import secrets as random
from datetime import datetime
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_noop

from workflows.access.permissions import answers_for_connection, may_manage
from workflows.access.services.rights_trail import attribute_changes_if_known
from workflows.access.services.tokens import may_manage_service_account
from workflows.connections.models import Connection, WebhookKey
from workflows.connections.secrets import SHORTEST, encrypt
from workflows.connections.services.oauth_tokens import (
    forget_token,
    receiver_mark,
    secret_receiver,
)
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.engine.texts import text
from workflows.notices.choices import NoticeEvent
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services import messages as outbox
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of
from workflows.persistence.kept_text import validate_text

WEBHOOK_PREFIX = "hook_"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_RESERVED_HEADERS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection"}
)
_HOST = re.compile(r"[a-z0-9_.-]+|\[?[0-9a-f:.]+\]?")


# -- connections ------------------------------------------------------------------------------


def may_change_connection(user: User, connection: Connection) -> bool:
    """Whether the person answers for what the connection may reach: its owner, its deputy, or a
    superuser."""
    return user.is_active and (user.is_superuser or answers_for_connection(user, connection))


def save_connection(connection: Connection, *, by: User, secret: str = "") -> Connection:
    """Write a connection as it was filled in; an empty secret keeps the one that is there.

    Raises NotAllowed and InvalidInput; nothing is written then.
    """
    with transaction.atomic():
        before = Connection.objects.select_for_update().filter(pk=connection.pk).first()
        connection.secret = validate_connection(connection, before=before, by=by, secret=secret)
        with attribute_changes_if_known(by):
            connection.save()
        if secret or before is None or receiver_mark(before) != receiver_mark(connection):
            forget_token(connection)
    return connection


def validate_connection(
    connection: Connection, *, before: Connection | None, by: User, secret: str
) -> str:
    """The ciphertext to keep with a connection that is filled in like this.

    Raises NotAllowed and InvalidInput with a sentence for the person who fills it in.
    """
    if not may_change_connection(by, before or connection):
        raise NotAllowed(
            "Only the connection's owner, its deputy or a superuser may change it; ask its owner."
        )
    _check_hosts(connection)
    _check_address(connection)
    _check_credentials(connection)
    _check_oauth(connection)
    ciphertext = _resolve_ciphertext(connection, before, secret)
    try:
        connection.full_clean()
    except ValidationError as problem:
        raise InvalidInput(" ".join(problem.messages)) from None
    return ciphertext


def _check_hosts(connection: Connection) -> None:
    hosts = [host.strip().lower() for host in connection.allowed_hosts.splitlines()]
    for host in filter(None, hosts):
        if not _HOST.fullmatch(host):
            raise InvalidInput(
                "'%(host)s' is no host: write a name or an address alone, without https:// or a"
                " port.",
                host=host,
            )
    connection.allowed_hosts = "\n".join(dict.fromkeys(filter(None, hosts)))


def _check_credentials(connection: Connection) -> None:
    header, user = connection.header, connection.username
    own = connection.auth == Connection.HEADER
    if own and (not _HEADER.fullmatch(header) or header.lower() in _RESERVED_HEADERS):
        raise InvalidInput("Name the header that signs calls in, such as X-Api-Key.")
    if connection.auth == Connection.BASIC and not user:
        raise InvalidInput("Give the user name that goes with the password.")
    if ":" in user or _CONTROL.search(user):
        raise InvalidInput("A user name has no colon and no line end.")


def _check_oauth(connection: Connection) -> None:
    """What OAuth needs is there, and goes over the network encrypted."""
    if connection.auth not in Connection.OAUTH:
        return
    if not connection.client_id or _CONTROL.search(connection.client_id + connection.scope):
        raise InvalidInput("Give the client id with which the other side knows Handoff.")
    addresses = [connection.token_url]
    if connection.auth == Connection.OAUTH_ACCOUNT:
        addresses.append(connection.authorize_url)
    for address in addresses:
        _check_oauth_address(connection, address)


def _check_oauth_address(connection: Connection, address: str) -> None:
    parts = urlsplit(address)
    if not parts.hostname or parts.username is not None or parts.fragment:
        raise InvalidInput(
            "OAuth 2 needs the token address, and for one account the sign-in address too, each"
            " with https:// and a host, without a user name and #."
        )
    is_inside = parts.hostname in connection.allowed_hosts.split()
    if parts.scheme != "https" and not (parts.scheme == "http" and is_inside):
        raise InvalidInput(
            "Tokens would go over the network in the clear: write https://, or, for a host inside,"
            " name it under the allowed hosts."
        )


def _check_address(connection: Connection) -> None:
    parts = urlsplit(connection.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput("The base address begins with https:// or http:// and names a host.")
    if parts.username is not None or parts.query or parts.fragment:
        raise InvalidInput(
            "The base address has no user name, no ? and no #; credentials have fields of their"
            " own."
        )
    inside = parts.hostname in connection.allowed_hosts.split()
    if parts.scheme == "http" and connection.auth != Connection.NONE and not inside:
        raise InvalidInput(
            "Credentials would go over the network in the clear: write https://, or, for a host"
            " inside, name it under the allowed hosts."
        )


def _resolve_ciphertext(connection: Connection, before: Connection | None, entered: str) -> str:
    """The ciphertext that is kept from now on.

    Who changes where calls go has to enter the secret again: nobody learns a secret by sending
    it to an address of theirs.
    """
    if connection.auth == Connection.NONE:
        return ""
    if entered:
        if _CONTROL.search(entered) or len(entered) < SHORTEST or not _is_sendable_text(entered):
            raise InvalidInput(
                "A secret has at least %(fewest)s characters, and no line end among them.",
                fewest=SHORTEST,
            )
        return encrypt(entered)
    if before is None or not before.secret:
        raise InvalidInput("Enter the secret with which calls sign in.")
    if secret_receiver(before) != secret_receiver(connection):
        raise InvalidInput(
            "Enter the secret again: where it is sent, or how, has changed, and what is kept goes"
            " only to whom it was entered for."
        )
    return before.secret


def _is_sendable_text(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text) and text == text.strip()


# -- webhook keys -----------------------------------------------------------------------------


def make_webhook_key(
    *,
    template: WorkflowTemplate,
    name: str,
    acts_as: User,
    by: User,
    now: datetime,
    deputy: User | None = None,
) -> tuple[WebhookKey, str]:
    """A new key and its secret, which is shown only now.

    Requests start in its person's name, so people make keys for themselves; who answers for a
    service account, or a superuser, makes them for it. Whoever makes a key owns it. The workflow's
    owner is told.
    """
    _require_key_maker(template, acts_as, by)
    name = _validate_key_name(name)
    text = WEBHOOK_PREFIX + random.token_urlsafe(32)
    with transaction.atomic(), attribute_changes_if_known(by):
        key = WebhookKey.objects.create(
            template=template,
            name=name,
            acts_as=acts_as,
            owner=by,
            deputy=deputy if deputy != by else None,
            secret=encrypt(text),
            created_at=now,
            created_by=by,
        )
        _notify_key_change(key, MADE, by, now)
    return key, text


def _require_key_maker(template: WorkflowTemplate, acts_as: User, by: User) -> None:
    if not may_manage(by, template):
        raise NotAllowed("Only those who manage '%(name)s' make keys for it.", name=template.name)
    if not acts_as.is_active:
        raise InvalidInput(
            "%(acts_as)s's account is not active; choose another.", acts_as=full_name_of(acts_as)
        )
    if by.pk != acts_as.pk and not may_manage_service_account(by, acts_as):
        raise NotAllowed(
            "You may make keys that act as yourself, or as a service account that you answer for;"
            " other people make their own."
        )


def _validate_key_name(name: str) -> str:
    name = validate_text(gettext_noop("name"), name.strip(), 200)
    if not name:
        raise InvalidInput("Give the key a name that says who calls with it.")
    return name


def rotate_webhook_key(key_id: int, *, by: User, now: datetime) -> tuple[WebhookKey, str]:
    """A new secret for a key that is in use, shown only now; the old one signs nothing any more."""
    key = _find_managed_key(key_id, by)
    if key.revoked_at is not None:
        raise WrongState("This key was revoked; make a new one.")
    text = WEBHOOK_PREFIX + random.token_urlsafe(32)
    with transaction.atomic(), attribute_changes_if_known(by):
        key.secret = encrypt(text)
        key.save(update_fields=["secret"])
        _notify_key_change(key, NEW_SECRET, by, now)
    return key, text


MADE, NEW_SECRET, REVOKED = "made", "new_secret", "revoked"
KEY_MAILS = {
    MADE: (
        gettext_noop("The webhook key “%(name)s” of '%(workflow)s' was made"),
        gettext_noop(
            "The webhook key “%(name)s” of '%(workflow)s' was made by %(by)s. Requests that it"
            " starts are in the name of %(account)s."
        ),
    ),
    NEW_SECRET: (
        gettext_noop("The webhook key “%(name)s” of '%(workflow)s' was given a new secret"),
        gettext_noop(
            "The webhook key “%(name)s” of '%(workflow)s' was given a new secret by %(by)s."
            " Requests that it starts are in the name of %(account)s."
        ),
    ),
    REVOKED: (
        gettext_noop("The webhook key “%(name)s” of '%(workflow)s' was revoked"),
        gettext_noop(
            "The webhook key “%(name)s” of '%(workflow)s' was revoked by %(by)s. Requests that it"
            " starts are in the name of %(account)s."
        ),
    ),
}
"""The mail about a webhook key: its subject and its text, by what was done."""


def _notify_key_change(key: WebhookKey, change: str, by: User, now: datetime) -> None:
    """Tell the workflow's owner, and whom the key acts as, what happened to it."""
    subject, sentence = KEY_MAILS[change]
    names = {
        "name": key.name,
        "workflow": key.template.name,
        "by": full_name_of(by),
        "account": full_name_of(key.acts_as),
    }
    people = dict.fromkeys(
        (
            key.template.owner_id,
            key.owner_id,
            key.acts_as_id if key.acts_as.is_active else None,
        )
    )
    for person in filter(None, people):
        mail = MailPayload(
            to=person,
            event=NoticeEvent.ACCESS_CHANGED,
            subject=text(subject, **names),
            text=text(sentence, **names),
            workflow=key.template_id,
        )
        outbox.enqueue_message(mail, now=now)


def revoke_webhook_key(key_id: int, *, by: User, now: datetime) -> WebhookKey:
    """Let a key start nothing any more. What was revoked stays so."""
    key = _find_managed_key(key_id, by)
    if key.revoked_at is None:
        with transaction.atomic(), attribute_changes_if_known(by):
            key.revoked_at = now
            key.save(update_fields=["revoked_at"])
            _notify_key_change(key, REVOKED, by, now)
    return key


def revoke_keys_acting_as(account: User, *, by: User, now: datetime) -> int:
    """Somebody has left, and nothing starts in their name any more; how many keys there were.
    Who answers for the workflow hears that the other system needs a new one."""
    keys = WebhookKey.objects.select_related("template", "acts_as").filter(
        acts_as=account, revoked_at=None
    )
    with transaction.atomic(), attribute_changes_if_known(by):
        revoked = list(keys.order_by("pk"))
        for key in revoked:
            key.revoked_at = now
            key.save(update_fields=["revoked_at"])
            _notify_key_change(key, REVOKED, by, now)
    return len(revoked)


def _find_managed_key(key_id: int, by: User) -> WebhookKey:
    rows = WebhookKey.objects.select_related("template", "acts_as")
    key = rows.filter(pk=key_id).first()
    if key is None:
        raise NotFound("There is no such key; look in the list.")
    if by.pk != key.acts_as_id and not may_manage(by, key.template):
        raise NotAllowed(
            "Only those who manage '%(name)s', or whom the key acts as, may revoke it.",
            name=key.template.name,
        )
    return key
