"""How calls by a connection sign in: the headers that do it, and the secrets to mask."""

import base64

from workflows.connections.models import Connection
from workflows.connections.secrets import SecretUnreadable, decrypt
from workflows.engine.format.actions import ActionFailed


def connection_credentials(connection: Connection | None) -> tuple[dict[str, str], list[str]]:
    """The headers that sign a connection's calls in, and the secrets to mask in what is kept."""
    if connection is None or connection.auth == Connection.NONE or not connection.secret:
        return {}, []
    try:
        secret = decrypt(connection.secret)
    except SecretUnreadable as problem:
        raise ActionFailed("secret_unreadable", str(problem)) from None
    if connection.auth == Connection.BEARER:
        return {"Authorization": f"Bearer {secret}"}, [secret]
    if connection.auth == Connection.BASIC:
        pair = base64.b64encode(f"{connection.username}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}, [secret, pair]
    return {connection.header: secret}, [secret]
