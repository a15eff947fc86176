"""What the environment says: the few variables that turn the embedded default into production."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

EMBEDDED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]


def secret_key(var: Path, *, production: bool) -> str:
    """`SECRET_KEY`; embedded, a random one that is made once and kept under `var/`."""
    given = os.environ.get("SECRET_KEY", "")
    if given:
        return given
    if production:
        raise ImproperlyConfigured(
            "Set SECRET_KEY to a long random text (at least 50 characters) and keep it secret."
        )
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(60))
    return path.read_text().strip()


def allowed_hosts(*, production: bool) -> list[str]:
    """`ALLOWED_HOSTS`, separated by commas; embedded, this machine only."""
    given = [host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",")]
    hosts = [host for host in given if host]
    if production and not hosts:
        raise ImproperlyConfigured(
            "Set ALLOWED_HOSTS to the host names that people use, separated by commas."
        )
    return hosts or EMBEDDED_HOSTS


def is_production() -> bool:
    """Production is what has a `DATABASE_URL` of its own or says `HANDOFF_ENV=production`."""
    return os.environ.get("HANDOFF_ENV", "embedded") == "production"
