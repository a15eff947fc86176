"""Bearer tokens of the HTTP API: made once, kept as digests, found by digest, revoked."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q

from workflows.engine.errors import InvalidInput, NotAllowed, NotFound
from workflows.models import ApiToken
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

    A token acts in its user's name, so people make them for themselves; a superuser makes them
    for service accounts and for others.
    """
    if by is not None and by.pk != user.pk and not by.is_superuser:
        raise NotAllowed("You may make tokens for yourself only; a superuser makes other people's.")
    if not user.is_active:
        raise InvalidInput(f"{user.get_username()}'s account is not active; choose somebody else.")
    name = kept_text("name", name.strip(), 200)
    if not name:
        raise InvalidInput("Give the token a name that says what it is used for.")
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("The token would have expired already; choose a later date.")
    text = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user, name=name, scopes=_known(scopes), digest=_digest(text), hint=text[:HINT],
        created_at=now, created_by=by, expires_at=expires_at,
    )  # fmt: skip
    return row, text


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
    if by is not None and by.pk != token.user_id and not by.has_perm("workflows.change_apitoken"):
        raise NotAllowed("Only the token's own user or an administrator may revoke it.")
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
    return token


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
