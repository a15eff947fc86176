"""Bearer tokens of the HTTP API: made once, kept as digests, found by digest, revoked."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from workflows.access.models import ApiToken, ServiceAccount
from workflows.access.services.rights_trail import attribute_changes_if_known
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound
from workflows.engine.texts import ReaderMoment, text
from workflows.notices.choices import NoticeEvent
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services import messages as outbox
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of
from workflows.persistence.kept_text import validate_text

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
    _require_token_maker(user, by)
    name = _validate_token_name(name)
    _require_later_expiry(expires_at, now)
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic(), attribute_changes_if_known(by):
        row = ApiToken.objects.create(
            user=user,
            name=name,
            scopes=_validate_scopes(scopes),
            digest=_token_digest(text),
            hint=text[:HINT],
            created_at=now,
            created_by=by,
            expires_at=expires_at,
        )
        if by is not None:
            _notify_token_holder(row, MADE, by, now)
    return row, text


def _require_token_maker(user: User, by: User | None) -> None:
    if by is not None and by.pk != user.pk and not may_manage_service_account(by, user):
        raise NotAllowed(
            "A token acts in its owner's name, so only they make it: ask them to, under 'API"
            " tokens', or make a service account that acts as itself."
        )
    if not user.is_active:
        raise InvalidInput(
            "%(user)s's account is not active; choose somebody else.", user=full_name_of(user)
        )


def _validate_token_name(name: str) -> str:
    name = validate_text(gettext_noop("name"), name.strip(), 200)
    if not name:
        raise InvalidInput("Give the token a name that says what it is used for.")
    return name


def _require_later_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("The token would have expired already; choose a later date.")


def may_manage_service_account(by: User, account: User) -> bool:
    """Whether the account is a program's, and this person answers for it."""
    service = ServiceAccount.objects.filter(user=account).first()
    return service is not None and (by.is_superuser or by.pk == service.owner_id)


MADE, REVOKED = "made", "revoked"
TOKEN_MAILS = {
    MADE: (
        gettext_noop("An API token that acts as %(account)s was made"),
        gettext_noop(
            "“%(name)s” (%(hint)s…; may: %(scopes)s) was made by %(by)s on %(moment)s. If that was"
            " not to be, revoke it under 'API tokens' and tell the people who run Handoff."
        ),
    ),
    REVOKED: (
        gettext_noop("An API token that acts as %(account)s was revoked"),
        gettext_noop(
            "“%(name)s” (%(hint)s…; may: %(scopes)s) was revoked by %(by)s on %(moment)s. If that"
            " was not to be, revoke it under 'API tokens' and tell the people who run Handoff."
        ),
    ),
}
"""The mail about a token: its subject and its text, by what was done."""


def _notify_token_holder(token: ApiToken, done: str, by: User, now: datetime) -> None:
    """Tell the person, or who answers for the service account, what happened to a token."""
    service = ServiceAccount.objects.filter(user=token.user_id).first()
    subject, sentence = TOKEN_MAILS[done]
    names = {
        "name": token.name,
        "hint": token.hint,
        "scopes": ", ".join(token.scopes),
        "account": token.user.get_username(),
        "by": by.get_username(),
        "moment": ReaderMoment(now),
    }
    mail = MailPayload(
        to=service.owner_id if service is not None else token.user_id,
        event=NoticeEvent.ACCESS_CHANGED,
        subject=text(subject, **names),
        text=text(sentence, **names),
    )
    outbox.enqueue_message(mail, now=now)


NEW_PASSWORD, NEW_ADDRESS = "password", "address"
ACCOUNT_MAILS = {
    NEW_PASSWORD: gettext_noop(
        "Your account %(account)s has a new password, by %(by)s. If you do not know of it, tell the"
        " people who run Handoff."
    ),
    NEW_ADDRESS: gettext_noop(
        "Your account %(account)s has another mail address, by %(by)s. If you do not know of it,"
        " tell the people who run Handoff."
    ),
}
"""The mail about a changed account, by what was changed."""


def notify_account_change(
    account: User, change: str, *, by: User, now: datetime, also: str = ""
) -> None:
    """Tell somebody that another person changed how they sign in; at the address of before too."""
    for address in ("", also) if also else ("",):
        mail = MailPayload(
            to=account.pk,
            event=NoticeEvent.ACCESS_CHANGED,
            address=address,
            subject=text("Your account was changed"),
            text=text(ACCOUNT_MAILS[change], account=account.get_username(), by=full_name_of(by)),
        )
        outbox.enqueue_message(mail, now=now)


def effective_scopes(token: ApiToken) -> list[str]:
    """What a token may do. One that somebody made for another person, as could be done before,
    reads and does nothing in their name."""
    own = token.created_by_id in (None, token.user_id)
    if own or ServiceAccount.objects.filter(user=token.user_id).exists():
        return list(token.scopes)
    return [scope for scope in token.scopes if scope == ApiToken.READ]


def _validate_scopes(scopes: Collection[str]) -> list[str]:
    valid_scopes = [key for key, _ in ApiToken.SCOPES]
    unknown = sorted(set(scopes) - set(valid_scopes))
    if unknown or not scopes:
        raise InvalidInput(
            "Choose what the token may do, of: %(valid_scopes)s.",
            valid_scopes=", ".join(valid_scopes),
        )
    return [key for key in valid_scopes if key in scopes]


def _token_digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def revoke_token(token_id: int, *, by: User | None, now: datetime) -> ApiToken:
    """Let a token open nothing any more. What was revoked stays so. Raises NotFound, which does
    not tell the token of somebody else from none at all."""
    token = ApiToken.objects.select_related("user").filter(pk=token_id).first()
    if token is None or (by is not None and not _may_revoke(by, token)):
        raise NotFound("There is no such token, or it is not yours to revoke.")
    if token.revoked_at is None:
        with transaction.atomic(), attribute_changes_if_known(by):
            token.revoked_at = now
            token.save(update_fields=["revoked_at"])
            if by is not None:
                _notify_token_holder(token, REVOKED, by, now)
    return token


def revoke_tokens_of(account: User, *, now: datetime) -> int:
    """Somebody has left: nothing acts as them any more; how many tokens there were."""
    tokens = ApiToken.objects.select_related("user").filter(user=account, revoked_at=None)
    revoked = [revoke_token(pk, by=None, now=now) for pk in tokens.values_list("pk", flat=True)]
    return len(revoked)


def _may_revoke(by: User, token: ApiToken) -> bool:
    return (
        by.pk == token.user_id
        or by.has_perm("workflows.change_apitoken")
        or may_manage_service_account(by, token.user)
    )


def tokens_of_person(person: User) -> QuerySet[ApiToken]:
    """The tokens that act as this person, and those of the service accounts that they answer for;
    the newest first."""
    ownership = Q(user=person) | Q(user__service_account__owner=person)
    return ApiToken.objects.filter(ownership).select_related("user").order_by("-pk")


# -- service accounts -------------------------------------------------------------------------


def make_service_account(
    *, username: str, purpose: str, owner: User, by: User, now: datetime
) -> ServiceAccount:
    """A program's account: it acts as itself, by tokens alone; nobody signs in as it."""
    if not by.has_perm("workflows.add_serviceaccount"):
        raise NotAllowed("Only administrators make service accounts; ask one.")
    if owner.pk != by.pk and not by.is_superuser:
        raise NotAllowed("You answer for the service accounts that you make; name yourself.")
    purpose = validate_text(gettext_noop("purpose"), purpose.strip(), 200)
    if not purpose or not username.strip():
        raise InvalidInput("Give the account a name, and say what it is for.")
    user = User(username=username.strip())
    user.set_unusable_password()
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as problem:
        raise InvalidInput(" ".join(problem.messages)) from None
    with transaction.atomic(), attribute_changes_if_known(by):
        user.save()
        return ServiceAccount.objects.create(
            user=user, purpose=purpose, owner=owner, made_by=by, created_at=now
        )


def find_token(text: str, now: datetime) -> ApiToken | None:
    """The token of this text with its user, if it opens anything now. One statement; a second
    one, once a minute, notes that it was used.

    The digest is looked up, never compared letter by letter, so time tells nothing of a text.
    """
    if not text.startswith(PREFIX):
        return None
    unexpired = Q(expires_at=None) | Q(expires_at__gt=now)
    usable = ApiToken.objects.filter(unexpired, revoked_at=None, user__is_active=True)
    token = usable.select_related("user", "created_by").filter(digest=_token_digest(text)).first()
    if token is not None:
        _note_use(token, now)
    return token


def _note_use(token: ApiToken, now: datetime) -> None:
    if token.last_used_at is not None and now - token.last_used_at < FRESH:
        return
    long_ago = Q(last_used_at=None) | Q(last_used_at__lte=now - FRESH)
    ApiToken.objects.filter(long_ago, pk=token.pk).update(last_used_at=now)
