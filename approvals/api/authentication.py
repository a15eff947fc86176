"""Who calls: a bearer token, or the session of somebody who is signed in."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import AuthenticationError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from workflows.access.models import ApiToken
from workflows.access.services import tokens
from workflows.engine.errors import NotAllowed
from workflows.people.models import User
from workflows.trail.services.channel import note_channel_token

SAFE = ("GET", "HEAD", "OPTIONS")
SCOPE_WORDS = dict(ApiToken.SCOPES)


@dataclass(frozen=True, slots=True)
class Caller:
    """The person in whose name the call acts, and the token if there is one."""

    user: User
    token: ApiToken | None = None

    def __str__(self) -> str:
        """What the throttle counts by."""
        return f"token-{self.token.pk}" if self.token else f"user-{self.user.pk}"


class Bearer(AuthBase):
    """`Authorization: Bearer ho_…`."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Caller | None:
        """The token's caller. A token that opens nothing is refused, also beside a session."""
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, text = header.partition(" ")
        token = (
            tokens.find_token(text.strip(), timezone.now()) if scheme.lower() == "bearer" else None
        )
        if token is None:
            raise AuthenticationError
        request.user = token.user
        note_channel_token(f"{token.pk}: {token.name}", made_by=_username_of(token.created_by))
        return Caller(token.user, token)


def _username_of(user: User | None) -> str:
    return user.get_username() if user is not None else ""


class SessionCookie(AuthBase):
    """The cookie of somebody who is signed in on the pages; a POST needs their CSRF token too."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = "sessionid"

    def __call__(self, request: HttpRequest) -> Caller | None:
        """The person who is signed in."""
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            return None
        if request.method not in SAFE and check_csrf(request) is not None:
            raise NotAllowed(
                "Send the page's CSRF token in the X-CSRFToken header, or use a bearer token."
            )
        return Caller(user)


def authorized_user(request: HttpRequest, scope: str) -> User:
    """The caller's user, if the token (where there is one) has this scope."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    if caller.token is not None and scope not in tokens.effective_scopes(caller.token):
        raise NotAllowed(
            "This token may not %(what)s; make one that has the scope '%(scope)s'.",
            what=SCOPE_WORDS[scope],
            scope=scope,
        )
    return caller.user
