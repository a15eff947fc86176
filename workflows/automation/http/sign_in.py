"""How calls by a connection sign in, and the one way in which they are made.

A call that is refused because its token is over is made once more with a new one, under the same
idempotency key.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from workflows.automation.http.client import HttpAnswer, HttpCall, make_http_call
from workflows.automation.http.oauth import current_token
from workflows.connections.models import Connection
from workflows.connections.secrets import SecretUnreadable, decrypt
from workflows.engine.format.actions import ActionFailed

UNAUTHORIZED = 401


@dataclass(frozen=True)
class Credentials:
    """The headers that sign a call in, the secrets to mask in what is kept, and the number of the
    token where it is one that can be renewed."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    generation: int | None = None


def connection_credentials(
    connection: Connection | None, *, now: datetime, stale: int | None = None
) -> Credentials:
    """What signs a connection's calls in; `stale` is the number of a token that was refused.
    Raises ActionFailed."""
    if connection is None or connection.auth == Connection.NONE or not connection.secret:
        return Credentials()
    try:
        secret = decrypt(connection.secret)
    except SecretUnreadable as problem:
        raise ActionFailed("secret_unreadable", str(problem)) from None
    if connection.auth in Connection.OAUTH:
        token = current_token(connection, now=now, stale=stale)
        hidden = tuple(filter(None, (token.access, token.refresh, secret)))
        return Credentials({"Authorization": f"Bearer {token.access}"}, hidden, token.generation)
    if connection.auth == Connection.BEARER:
        return Credentials({"Authorization": f"Bearer {secret}"}, (secret,))
    if connection.auth == Connection.BASIC:
        pair = base64.b64encode(f"{connection.username}:{secret}".encode()).decode()
        return Credentials({"Authorization": f"Basic {pair}"}, (secret, pair))
    return Credentials({connection.header: secret}, (secret,))


class SignedCalls:
    """The calls of one piece of work by one connection. `secrets` are all that were sent, to be
    masked in whatever is kept."""

    def __init__(self, connection: Connection | None, *, now: datetime) -> None:
        self._connection, self._now = connection, now
        self._credentials: Credentials | None = None
        self.secrets: list[str] = []

    def make(self, call: HttpCall, *, takes_unauthorized: bool = False) -> HttpAnswer:
        """The answer, whatever its status. Raises CallFailed and ActionFailed."""
        credentials = self._credentials or self._sign_in()
        answer = make_http_call(_signed(call, credentials))
        if answer.status != UNAUTHORIZED or takes_unauthorized or credentials.generation is None:
            return answer
        renewed = self._sign_in(stale=credentials.generation)
        return make_http_call(_signed(call, renewed))

    def _sign_in(self, stale: int | None = None) -> Credentials:
        credentials = connection_credentials(self._connection, now=self._now, stale=stale)
        self._credentials = credentials
        self.secrets.extend(credentials.secrets)
        return credentials


def _signed(call: HttpCall, credentials: Credentials) -> HttpCall:
    """The call with the headers that sign it in, which go before its own of those names."""
    taken = {name.lower() for name in credentials.headers}
    own = {name: value for name, value in call.headers.items() if name.lower() not in taken}
    return replace(call, headers={**own, **credentials.headers})
