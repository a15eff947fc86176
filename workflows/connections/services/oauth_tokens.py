"""Tokens of connections that sign in by OAuth 2: kept encrypted, asked for by one worker at a time.

Nothing is called here. Whoever needs a new token takes the turn first, which is a row that one
worker alone can change; so no lock is held while the other side is waited for.
"""

import hashlib
import json
import secrets as random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from workflows.connections.models import Connection, ConnectionToken
from workflows.connections.secrets import SecretUnreadable, decrypt, encrypt
from workflows.engine.texts import Text, text
from workflows.notices.choices import NoticeEvent
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services import messages as outbox
from workflows.people.models import User
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import ConnectionChanged
from workflows.trail.services.recording import write_fact

NO_REFRESH_TOKEN = "no_refresh_token"  # noqa: S105 - a code


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAnswer:
    """What the other side gave out: a token, how many seconds it is good for, where that is said,
    and what the next one is asked for with."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    lifetime: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """What is kept of a connection's token: empty where there is none for its settings of now."""

    generation: int = 0
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    renew_after: datetime | None = None
    broken_code: str = ""

    def is_usable(self, now: datetime, stale: int | None) -> bool:
        """Whether it signs a call in now; `stale` is the number of one that was refused."""
        is_late = self.renew_after is not None and self.renew_after <= now
        return bool(self.access) and self.generation != stale and not is_late


def secret_receiver(connection: Connection) -> tuple[object, ...]:
    """Who gets a connection's secret, and how."""
    parts = urlsplit(connection.base_url)
    sign_in: tuple[object, ...] = (connection.auth, connection.header, connection.username)
    if connection.auth in Connection.OAUTH:
        sign_in += (connection.token_url, connection.client_id, connection.client_auth)
    return parts.scheme, parts.hostname, parts.port, *sign_in


def receiver_mark(connection: Connection) -> str:
    """The settings for which a token is given, in one mark: a token goes nowhere else."""
    settings = (*secret_receiver(connection), connection.authorize_url, connection.scope)
    return hashlib.sha256(repr(settings).encode()).hexdigest()


# -- reading ----------------------------------------------------------------------------------


def read_token(connection: Connection) -> KeptToken:
    """What is kept for the connection as it is set up now. Raises SecretUnreadable."""
    row = ConnectionToken.objects.filter(connection=connection).first()
    if row is None:
        return KeptToken()
    if row.receiver != receiver_mark(connection):
        return KeptToken(generation=row.generation)
    parts = json.loads(decrypt(row.secret)) if row.secret else {}
    return KeptToken(
        generation=row.generation,
        access=parts.get("access", ""),
        refresh=parts.get("refresh", ""),
        renew_after=row.renew_after,
        broken_code=row.broken_code,
    )


def has_readable_token(connection: Connection) -> bool:
    """Whether calls can be signed in without somebody connecting it first."""
    try:
        kept = read_token(connection)
    except SecretUnreadable:
        return False
    return bool(kept.access or kept.refresh) and not kept.broken_code


# -- asking for the next one ------------------------------------------------------------------


def take_turn(connection: Connection, generation: int, *, seconds: float) -> str | None:
    """A ticket for asking for the token after this one; None where another worker has the turn, or
    has been quicker. A turn runs out, for a worker may die in it."""
    ConnectionToken.objects.get_or_create(connection=connection)
    now, ticket = timezone.now(), random.token_hex(16)
    free = Q(ticket="") | Q(taken_until=None) | Q(taken_until__lt=now)
    taken = ConnectionToken.objects.filter(
        free, connection=connection, generation=generation
    ).update(ticket=ticket, taken_until=now + timedelta(seconds=seconds))
    return ticket if taken else None


def give_turn_back(connection: Connection, ticket: str) -> None:
    """Nothing came of it; the next who asks may try."""
    _rows_of_turn(connection, ticket).update(ticket="", taken_until=None)


def keep_token(
    connection: Connection, ticket: str, answer: TokenAnswer, *, before: KeptToken, now: datetime
) -> KeptToken | None:
    """Keep what was given out; None where the turn ran out meanwhile. A refresh token that is not
    renewed stays."""
    kept = TokenAnswer(
        access=answer.access, refresh=answer.refresh or before.refresh, lifetime=answer.lifetime
    )
    if not _rows_of_turn(connection, ticket).update(**_token_columns(connection, kept, now)):
        return None
    return KeptToken(generation=before.generation + 1, access=kept.access, refresh=kept.refresh)


def mark_broken(connection: Connection, ticket: str, code: str, *, now: datetime) -> None:
    """The other side gives out no token any more: its owner is told, once."""
    with transaction.atomic():
        was_well = _rows_of_turn(connection, ticket).filter(broken_code="").exists()
        marked = _rows_of_turn(connection, ticket).update(
            secret="",
            renew_after=None,
            ticket="",
            taken_until=None,
            broken_code=code[:60],
            broken_at=now,
            generation=F("generation") + 1,
            receiver=receiver_mark(connection),
        )
        if marked and was_well:
            _tell_of_break(connection, code, now)


def _rows_of_turn(connection: Connection, ticket: str) -> QuerySet[ConnectionToken]:
    return ConnectionToken.objects.filter(connection=connection, ticket=ticket)


def _token_columns(connection: Connection, answer: TokenAnswer, now: datetime) -> dict[str, object]:
    secret = json.dumps({"access": answer.access, "refresh": answer.refresh})
    return {
        "secret": encrypt(secret),
        "receiver": receiver_mark(connection),
        "generation": F("generation") + 1,
        "renew_after": _renewal_moment(answer.lifetime, now),
        "given_at": now,
        "ticket": "",
        "taken_until": None,
        "broken_code": "",
        "broken_at": None,
    }


def _renewal_moment(lifetime: float | None, now: datetime) -> datetime | None:
    """Somewhat before its end, so that no call sets out with a token that ends on the way."""
    if lifetime is None:
        return None
    return now + timedelta(seconds=lifetime - min(60.0, lifetime / 10))


def _tell_of_break(connection: Connection, code: str, now: datetime) -> None:
    """Who answers for the connection hears that it signs in no more, and what to do."""
    people = dict.fromkeys((connection.owner_id, connection.deputy_id))
    for person in filter(None, people):
        mail = MailPayload(
            to=person,
            event=NoticeEvent.ACCESS_CHANGED,
            subject=text("The connection “%(name)s” signs in no more", name=connection.name),
            text=text(
                "The other side gives “%(name)s” no token any more (%(code)s). %(what)s Steps that"
                " could not call meanwhile wait on incidents, and are tried again there.",
                name=connection.name,
                code=code,
                what=repair_text(connection),
            ),
        )
        outbox.enqueue_message(mail, now=now)


def repair_text(connection: Connection) -> Text:
    """What to do about a connection that signs in no more."""
    if connection.auth == Connection.OAUTH_ACCOUNT:
        return text("Connect it to its account again, on the connection's page.")
    return text("Enter the client's secret anew on the connection's page, or correct its settings.")


# -- connecting -------------------------------------------------------------------------------


def connect_account(
    connection: Connection, answer: TokenAnswer, *, by: User, now: datetime
) -> None:
    """An account has agreed: from now on calls are made in its name. A turn that somebody has
    ends with it."""
    with transaction.atomic():
        ConnectionToken.objects.get_or_create(connection=connection)
        ConnectionToken.objects.filter(connection=connection).update(
            **_token_columns(connection, answer, now), connected_by=by, connected_at=now
        )
        _write_account_change(connection, "connected", by, now)


def disconnect_account(connection: Connection, *, by: User, now: datetime) -> None:
    """Forget the account; calls are refused until one is connected again."""
    with transaction.atomic():
        forget_token(connection)
        _write_account_change(connection, "disconnected", by, now)


def forget_token(connection: Connection) -> None:
    """Its settings are others now, and the token was given for those of before."""
    ConnectionToken.objects.filter(connection=connection).update(
        secret="",
        receiver="",
        renew_after=None,
        given_at=None,
        ticket="",
        taken_until=None,
        broken_code="",
        broken_at=None,
        connected_by=None,
        connected_at=None,
        generation=F("generation") + 1,
    )


def _write_account_change(connection: Connection, what: str, by: User, now: datetime) -> None:
    fact = ConnectionChanged(
        connection=connection.key, owner=str(connection.owner), changed={"account": what}
    )
    write_fact(TrailCommand.CHANGE_CONNECTION, actor=by, now=now, fact=fact)
