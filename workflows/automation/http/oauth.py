"""Sign-in by OAuth 2: a token for an application, or for one account that agreed.

The token address is called by the one way out, so the same guards hold for it as for all calls.
What it says of an error may hold anything; only its code is kept.
"""

import base64
import hashlib
import json
import re
import secrets as random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit, urlunsplit

from workflows.automation.http.building import allowed_hosts_of
from workflows.automation.http.client import CallFailed, HttpAnswer, HttpCall, make_http_call
from workflows.connections.models import Connection
from workflows.connections.secrets import SecretUnreadable, decrypt
from workflows.connections.services import oauth_tokens as tokens
from workflows.connections.services.oauth_tokens import KeptToken, TokenAnswer
from workflows.engine.format.actions import ActionFailed
from workflows.engine.texts import text

LONGEST_TOKEN: Final = 100_000
TURN_SECONDS: Final = 30.0
"""A worker that took the turn and has not come back by then is taken for dead."""
PASSING: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_CODE: Final = re.compile(r"[a-z0-9_]{1,60}")
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16000}")


class TokenRefused(Exception):
    """The other side gives out no token; `code` is its own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# -- a token for a call -----------------------------------------------------------------------


def current_token(connection: Connection, *, now: datetime, stale: int | None = None) -> KeptToken:
    """A token that signs calls in, renewed where it has to be; `stale` is the number of one that
    was refused. One worker asks for it, the others wait for what it gets. Raises ActionFailed."""
    end = time.monotonic() + TURN_SECONDS
    while True:
        kept = _read_kept(connection)
        if kept.is_usable(now, stale):
            return kept
        if connection.auth == Connection.OAUTH_ACCOUNT and not (kept.access or kept.refresh):
            raise _sign_in_needed(connection, kept.broken_code)
        ticket = tokens.take_turn(connection, kept.generation, seconds=TURN_SECONDS)
        if ticket is not None:
            renewed = _renew(connection, kept, ticket, now)
            if renewed is not None:
                return renewed
        elif time.monotonic() > end:
            raise ActionFailed(
                "sign_in_failed",
                text("Another worker is asking for a token and has not come back."),
                retry=True,
            )
        else:
            time.sleep(0.05)


def _read_kept(connection: Connection) -> KeptToken:
    try:
        return tokens.read_token(connection)
    except SecretUnreadable as problem:
        raise ActionFailed("secret_unreadable", str(problem)) from None


def _renew(connection: Connection, kept: KeptToken, ticket: str, now: datetime) -> KeptToken | None:
    """Ask for the next token and keep it; None where the turn ran out meanwhile. Raises
    ActionFailed."""
    try:
        answer = ask_for_token(connection, _renewal_form(connection, kept))
    except TokenRefused as refused:
        tokens.mark_broken(connection, ticket, refused.code, now=now)
        raise _sign_in_needed(connection, refused.code) from None
    except BaseException:
        tokens.give_turn_back(connection, ticket)
        raise
    return tokens.keep_token(connection, ticket, answer, before=kept, now=now)


def _renewal_form(connection: Connection, kept: KeptToken) -> dict[str, str]:
    if connection.auth == Connection.OAUTH_APP:
        scope = {"scope": connection.scope} if connection.scope else {}
        return {"grant_type": "client_credentials", **scope}
    if not kept.refresh:
        raise TokenRefused(tokens.NO_REFRESH_TOKEN)
    return {"grant_type": "refresh_token", "refresh_token": kept.refresh}


def _sign_in_needed(connection: Connection, code: str) -> ActionFailed:
    return ActionFailed(
        "sign_in_needed",
        text(
            "The connection '%(key)s' gets no token from the other side (%(code)s). %(what)s Then"
            " retry this step.",
            key=connection.key,
            code=code or "not_connected",
            what=tokens.repair_text(connection),
        ),
    )


# -- the token address ------------------------------------------------------------------------


def ask_for_token(connection: Connection, form: Mapping[str, str]) -> TokenAnswer:
    """What the token address gives out. Raises TokenRefused and ActionFailed."""
    try:
        answer = make_http_call(_token_call(connection, form))
    except CallFailed as failed:
        raise ActionFailed(
            "sign_in_failed" if failed.retry else failed.code,
            text("No token: %(problem)s", problem=failed.text),
            retry=failed.retry,
        ) from None
    document = _read_document(answer)
    if answer.status != 200:
        raise _refusal(answer, document)
    return _read_token_answer(document)


def _token_call(connection: Connection, form: Mapping[str, str]) -> HttpCall:
    try:
        secret = decrypt(connection.secret)
    except SecretUnreadable as problem:
        raise ActionFailed("secret_unreadable", str(problem)) from None
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "Handoff",
    }
    sent = dict(form)
    if connection.client_auth == Connection.IN_BODY:
        sent |= {"client_id": connection.client_id, "client_secret": secret}
    else:
        pair = f"{quote_plus(connection.client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return HttpCall(
        method="POST",
        url=connection.token_url,
        headers=headers,
        body=urlencode(sent).encode(),
        timeout=min(float(connection.timeout_seconds), TURN_SECONDS / 2),
        allowed_hosts=allowed_hosts_of(connection),
        max_bytes=LONGEST_TOKEN,
    )


def _read_document(answer: HttpAnswer) -> Mapping[str, Any]:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _refusal(answer: HttpAnswer, document: Mapping[str, Any]) -> Exception:
    """A refusal that stays, or trouble that may pass. The error's description is left out: it may
    say anything."""
    said = document.get("error")
    code = said if isinstance(said, str) and _CODE.fullmatch(said) else ""
    if code and code not in PASSING and answer.status in (400, 401, 403):
        return TokenRefused(code)
    return ActionFailed(
        "sign_in_failed",
        text(
            "No token: the token address answered with status %(status)s %(code)s.",
            status=answer.status,
            code=code,
        ),
        retry=answer.status >= 500 or answer.status in (408, 425, 429) or code in PASSING,
        status=answer.status,
    )


def _read_token_answer(document: Mapping[str, Any]) -> TokenAnswer:
    access, refresh = document.get("access_token"), document.get("refresh_token") or ""
    kind = document.get("token_type", "bearer")
    is_sound = (
        *(isinstance(part, str) for part in (access, refresh, kind)),
        isinstance(access, str) and _TOKEN.fullmatch(access) is not None,
        str(kind).lower() == "bearer",
    )
    if not all(is_sound):
        raise ActionFailed(
            "sign_in_failed",
            text("No token: the token address did not answer with a bearer token."),
        )
    return TokenAnswer(
        access=str(access), refresh=str(refresh), lifetime=_lifetime(document.get("expires_in"))
    )


def _lifetime(said: object) -> float | None:
    """Seconds; None where it is not said, and a call that is refused shows it."""
    try:
        seconds = float(said)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), 10 * 365 * 86_400.0) if seconds == seconds else None


# -- one account agrees -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignInJourney:
    """What has to come back from the other side's sign-in page, and what proves that it is ours."""

    state: str
    verifier: str

    @classmethod
    def begin(cls) -> "SignInJourney":
        """A journey that nobody can guess."""
        return cls(random.token_urlsafe(32), random.token_urlsafe(64))

    def address(self, connection: Connection, redirect_uri: str) -> str:
        """Where the account agrees (RFC 6749 with PKCE, RFC 7636)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": connection.client_id,
            "redirect_uri": redirect_uri,
            "state": self.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | ({"scope": connection.scope} if connection.scope else {})
        parts = urlsplit(connection.authorize_url)
        own = [pair for pair in parse_qsl(parts.query) if pair[0] not in asked]
        return urlunsplit(parts._replace(query=urlencode([*own, *asked.items()])))


def redeem_code(
    connection: Connection, code: str, journey: SignInJourney, redirect_uri: str
) -> TokenAnswer:
    """The token for the code that the other side's page sent along. Raises TokenRefused and
    ActionFailed."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": journey.verifier,
    }
    return ask_for_token(connection, form)
