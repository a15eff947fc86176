"""Bearer tokens of the HTTP API: made once, kept as digests, found by digest, revoked."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import localtime

from workflows.engine.errors import InvalidInput, NotAllowed, NotFound
from workflows.models import ApiToken, OutboxMessage, ServiceAccount
from workflows.services import outbox
from workflows.services.facts import by_whom_known
from workflows.services.values import kept_text

PREFIX = "ho_"
HINT = 8
FRESH = timedelta(minutes=1)
"""How old `last_used_at` may be before a call writes it again."""


def make_token(
    *,
    user: User,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None,
    by: User | None,
    now: datetime,
) -> tuple[ApiToken, str]:
    """A new token and its text, which is known only now: what is kept is its digest.

    A token acts in its user's name, so everybody makes their own and nobody another person's.
    For a service account, its owner and superusers make them. Whom it acts for is told of it.
    """
    if by is not None and by.pk != user.pk and not answers_for(by, user):
        raise NotAllowed(
            "A token acts in its owner's name, so only they make it: ask them to, under 'API"
            " tokens', or make a service account that acts as itself."
        )
    if not user.is_active:
        raise InvalidInput(f"{user.get_username()}'s account is not active; choose somebody else.")
    name = kept_text("name", name.strip(), 200)
    if not name:
        raise InvalidInput("Give the token a name that says what it is used for.")
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("The token would have expired already; choose a later date.")
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic(), by_whom_known(by):
        row = ApiToken.objects.create(
            user=user, name=name, scopes=_known(scopes), digest=_digest(text), hint=text[:HINT],
            created_at=now, created_by=by, expires_at=expires_at,
        )  # fmt: skip
        if by is not None:
            _tell(row, "made", by, now)
    return row, text


def answers_for(by: User, account: User) -> bool:
    """Whether the account is a program's, and this person answers for it."""
    service = ServiceAccount.objects.filter(user=account).first()
    return service is not None and (by.is_superuser or by.pk == service.owner_id)


def _tell(token: ApiToken, done: str, by: User, now: datetime) -> None:
    """Tell the person, or who answers for the service account, what happened to a token."""
    service = ServiceAccount.objects.filter(user=token.user_id).first()
    outbox.put(
        OutboxMessage.MAIL,
        now=now,
        to=service.owner_id if service is not None else token.user_id,
        subject=f"An API token that acts as {token.user.get_username()} was {done}",
        text=f"“{token.name}” ({token.hint}…; may: {', '.join(token.scopes)}) was {done} by"
        f" {by.get_username()} on {localtime(now):%Y-%m-%d %H:%M}. If that was not to be, revoke it"
        " under 'API tokens' and tell the people who run Handoff.",
    )


def tell_of_account(account: User, what: str, *, by: User, now: datetime, also: str = "") -> None:
    """Tell somebody that another person changed how they sign in; at the address of before too."""
    for address in ("", also) if also else ("",):
        outbox.put(
            OutboxMessage.MAIL, now=now, to=account.pk, address=address,
            subject="Your account was changed",
            text=f"Your account {account.get_username()} {what}, by {by.get_username()}. If you do"
            " not know of it, tell the people who run Handoff.",
        )  # fmt: skip


def scopes_of(token: ApiToken) -> list[str]:
    """What a token may do. One that somebody made for another person, as could be done before,
    reads and does nothing in their name."""
    own = token.created_by_id in (None, token.user_id)
    if own or ServiceAccount.objects.filter(user=token.user_id).exists():
        return list(token.scopes)
    return [scope for scope in token.scopes if scope == ApiToken.READ]


def _known(scopes: Collection[str]) -> list[str]:
    known = [key for key, _ in ApiToken.SCOPES]
    unknown = sorted(set(scopes) - set(known))
    if unknown or not scopes:
        raise InvalidInput(f"Choose what the token may do, of: {', '.join(known)}.")
    return [key for key in known if key in scopes]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def revoke(token_id: int, *, by: User | None, now: datetime) -> ApiToken:
    """Let a token open nothing any more. What was revoked stays so."""
    token = ApiToken.objects.select_related("user").filter(pk=token_id).first()
    if token is None:
        raise NotFound("There is no such token; it may have been typed wrongly.")
    if by is not None and not _may_revoke(by, token):
        raise NotAllowed("Only the token's own user or an administrator may revoke it.")
    if token.revoked_at is None:
        with transaction.atomic(), by_whom_known(by):
            token.revoked_at = now
            token.save(update_fields=["revoked_at"])
            if by is not None:
                _tell(token, "revoked", by, now)
    return token


def _may_revoke(by: User, token: ApiToken) -> bool:
    return (
        by.pk == token.user_id
        or by.has_perm("workflows.change_apitoken")
        or answers_for(by, token.user)
    )


def of_person(person: User) -> QuerySet[ApiToken]:
    """The tokens that act as this person, and those of the service accounts that they answer for;
    the newest first."""
    theirs = Q(user=person) | Q(user__service_account__owner=person)
    return ApiToken.objects.filter(theirs).select_related("user").order_by("-pk")


# -- service accounts -------------------------------------------------------------------------


def make_service_account(
    *, username: str, purpose: str, owner: User, by: User, now: datetime
) -> ServiceAccount:
    """A program's account: it acts as itself, by tokens alone; nobody signs in as it."""
    if not by.has_perm("workflows.add_serviceaccount"):
        raise NotAllowed("Only administrators make service accounts; ask one.")
    if owner.pk != by.pk and not by.is_superuser:
        raise NotAllowed("You answer for the service accounts that you make; name yourself.")
    purpose = kept_text("purpose", purpose.strip(), 200)
    if not purpose or not username.strip():
        raise InvalidInput("Give the account a name, and say what it is for.")
    user = User(username=username.strip())
    user.set_unusable_password()
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as problem:
        raise InvalidInput(" ".join(problem.messages)) from None
    with transaction.atomic(), by_whom_known(by):
        user.save()
        return ServiceAccount.objects.create(
            user=user, purpose=purpose, owner=owner, made_by=by, created_at=now
        )


def find(text: str, now: datetime) -> ApiToken | None:
    """The token of this text with its user, if it opens anything now. One statement; a second
    one, once a minute, notes that it was used.

    The digest is looked up, never compared letter by letter, so time tells nothing of a text.
    """
    if not text.startswith(PREFIX):
        return None
    unexpired = Q(expires_at=None) | Q(expires_at__gt=now)
    usable = ApiToken.objects.filter(unexpired, revoked_at=None, user__is_active=True)
    token = usable.select_related("user", "created_by").filter(digest=_digest(text)).first()
    if token is not None:
        _note_use(token, now)
    return token


def _note_use(token: ApiToken, now: datetime) -> None:
    if token.last_used_at is not None and now - token.last_used_at < FRESH:
        return
    long_ago = Q(last_used_at=None) | Q(last_used_at__lte=now - FRESH)
    ApiToken.objects.filter(long_ago, pk=token.pk).update(last_used_at=now)
