"""Connections and webhook keys: the only place that writes their secrets, and who may do so."""

import re
import secrets as random
from datetime import datetime
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.models import Connection, OutboxMessage, WebhookKey, WorkflowTemplate
from workflows.permissions import may_manage
from workflows.services import outbox
from workflows.services.facts import by_whom_known
from workflows.services.secrets import SHORTEST, encrypt
from workflows.services.tokens import answers_for
from workflows.services.values import kept_text

WEBHOOK_PREFIX = "hook_"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TAKEN = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})
_HOST = re.compile(r"[a-z0-9_.-]+|\[?[0-9a-f:.]+\]?")


# -- connections ------------------------------------------------------------------------------


def may_change(user: User, connection: Connection) -> bool:
    """Whether the person answers for what the connection may reach: its owner, or a superuser."""
    return user.is_superuser or (user.is_active and connection.owner_id == user.pk)


def keep(connection: Connection, *, by: User, secret: str = "") -> Connection:
    """Write a connection as it was filled in; an empty secret keeps the one that is there.

    Raises NotAllowed and InvalidInput; nothing is written then.
    """
    with transaction.atomic():
        before = Connection.objects.select_for_update().filter(pk=connection.pk).first()
        connection.secret = check(connection, before=before, by=by, secret=secret)
        with by_whom_known(by):
            connection.save()
    return connection


def check(connection: Connection, *, before: Connection | None, by: User, secret: str) -> str:
    """The ciphertext to keep with a connection that is filled in like this.

    Raises NotAllowed and InvalidInput with a sentence for the person who fills it in.
    """
    if not may_change(by, before or connection):
        raise NotAllowed("Only the connection's owner or a superuser may change it; ask its owner.")
    _check_hosts(connection)
    _check_address(connection)
    _check_way_in(connection)
    kept = _secret(connection, before, secret)
    try:
        connection.full_clean()
    except ValidationError as problem:
        raise InvalidInput(" ".join(problem.messages)) from None
    return kept


def _check_hosts(connection: Connection) -> None:
    hosts = [host.strip().lower() for host in connection.allowed_hosts.splitlines()]
    for host in filter(None, hosts):
        if not _HOST.fullmatch(host):
            raise InvalidInput(
                f"'{host}' is no host: write a name or an address alone, without https:// or a"
                " port."
            )
    connection.allowed_hosts = "\n".join(dict.fromkeys(filter(None, hosts)))


def _check_way_in(connection: Connection) -> None:
    header, user = connection.header, connection.username
    own = connection.auth == Connection.HEADER
    if own and (not _HEADER.fullmatch(header) or header.lower() in _TAKEN):
        raise InvalidInput("Name the header that signs calls in, such as X-Api-Key.")
    if connection.auth == Connection.BASIC and not user:
        raise InvalidInput("Give the user name that goes with the password.")
    if ":" in user or _CONTROL.search(user):
        raise InvalidInput("A user name has no colon and no line end.")


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


def _secret(connection: Connection, before: Connection | None, entered: str) -> str:
    """The ciphertext that is kept from now on.

    Who changes where calls go has to enter the secret again: nobody learns a secret by sending
    it to an address of theirs.
    """
    if connection.auth == Connection.NONE:
        return ""
    if entered:
        if _CONTROL.search(entered) or len(entered) < SHORTEST or not _can_be_sent(entered):
            raise InvalidInput(
                f"A secret has at least {SHORTEST} characters, and no line end among them."
            )
        return encrypt(entered)
    if before is None or not before.secret:
        raise InvalidInput("Enter the secret with which calls sign in.")
    if _receiver(before) != _receiver(connection):
        raise InvalidInput(
            "Enter the secret again: where it is sent, or how, has changed, and what is kept goes"
            " only to whom it was entered for."
        )
    return before.secret


def _can_be_sent(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text) and text == text.strip()


def _receiver(connection: Connection) -> tuple[object, ...]:
    """Who gets the secret, and how."""
    parts = urlsplit(connection.base_url)
    way = (connection.auth, connection.header, connection.username)
    return parts.scheme, parts.hostname, parts.port, *way


# -- webhook keys -----------------------------------------------------------------------------


def make_webhook_key(
    *, template: WorkflowTemplate, name: str, acts_as: User, by: User, now: datetime
) -> tuple[WebhookKey, str]:
    """A new key and its secret, which is shown only now.

    Requests start in its person's name, so people make keys for themselves; who answers for a
    service account, or a superuser, makes them for it. The workflow's owner is told.
    """
    if not may_manage(by, template):
        raise NotAllowed(f"Only those who manage '{template.name}' make keys for it.")
    if not acts_as.is_active:
        raise InvalidInput(f"{acts_as.get_username()}'s account is not active; choose another.")
    if by.pk != acts_as.pk and not answers_for(by, acts_as):
        raise NotAllowed(
            "You may make keys that act as yourself, or as a service account that you answer for;"
            " other people make their own."
        )
    name = kept_text("name", name.strip(), 200)
    if not name:
        raise InvalidInput("Give the key a name that says who calls with it.")
    text = WEBHOOK_PREFIX + random.token_urlsafe(32)
    with transaction.atomic(), by_whom_known(by):
        key = WebhookKey.objects.create(
            template=template, name=name, acts_as=acts_as, secret=encrypt(text),
            created_at=now, created_by=by,
        )  # fmt: skip
        _tell(key, "made", by, now)
    return key, text


def rotate_webhook_key(key_id: int, *, by: User, now: datetime) -> tuple[WebhookKey, str]:
    """A new secret for a key that is in use, shown only now; the old one signs nothing any more."""
    key = _key_of(key_id, by)
    if key.revoked_at is not None:
        raise WrongState("This key was revoked; make a new one.")
    text = WEBHOOK_PREFIX + random.token_urlsafe(32)
    with transaction.atomic(), by_whom_known(by):
        key.secret = encrypt(text)
        key.save(update_fields=["secret"])
        _tell(key, "given a new secret", by, now)
    return key, text


def _tell(key: WebhookKey, done: str, by: User, now: datetime) -> None:
    """Tell the workflow's owner, and whom the key acts as, what happened to it."""
    said = f"The webhook key “{key.name}” of '{key.template.name}' was {done}"
    people = dict.fromkeys((key.template.owner_id, key.acts_as_id))
    for person in filter(None, people):
        outbox.put(
            OutboxMessage.MAIL, now=now, to=person, subject=said,
            text=f"{said} by {by.get_username()}. Requests that it starts are in the name of"
            f" {key.acts_as.get_username()}.",
        )  # fmt: skip


def revoke_webhook_key(key_id: int, *, by: User, now: datetime) -> WebhookKey:
    """Let a key start nothing any more. What was revoked stays so."""
    key = _key_of(key_id, by)
    if key.revoked_at is None:
        with transaction.atomic(), by_whom_known(by):
            key.revoked_at = now
            key.save(update_fields=["revoked_at"])
            _tell(key, "revoked", by, now)
    return key


def _key_of(key_id: int, by: User) -> WebhookKey:
    rows = WebhookKey.objects.select_related("template", "acts_as")
    key = rows.filter(pk=key_id).first()
    if key is None:
        raise NotFound("There is no such key; look in the list.")
    if by.pk != key.acts_as_id and not may_manage(by, key.template):
        raise NotAllowed(
            f"Only those who manage '{key.template.name}', or whom the key acts as, may revoke it."
        )
    return key
