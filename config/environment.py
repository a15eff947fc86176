"""What the environment says: the few variables that turn the embedded default into production."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

EMBEDDED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
POSTGRES_OPTIONS = {
    # The server binds values and keeps the plan of what it is asked a third time. A pooler in
    # front that hands out a server per transaction must know prepared statements.
    "server_side_binding": True,
    "prepare_threshold": 3,
}
SQLITE_OPTIONS = {
    # A writer takes its lock when its transaction begins, so two writers never deadlock.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
        # A row that is replaced is deleted first: only so do the triggers that guard it hear of it.
        "PRAGMA recursive_triggers=ON;"
        # After a checkpoint the log of changes is cut to this; one busy hour does not stay on disk.
        "PRAGMA journal_size_limit=33554432;"
    ),
}


class BadEnvironment(ImproperlyConfigured):
    """A variable is missing or cannot be read; the message says which, and what it should be."""


def secret_key(var: Path, *, production: bool) -> str:
    """`SECRET_KEY`; embedded, a random one that is made once and kept under `var/`."""
    given = os.environ.get("SECRET_KEY", "")
    if given:
        return given
    if production:
        raise BadEnvironment(
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
        raise BadEnvironment(
            "Set ALLOWED_HOSTS to the host names that people use, separated by commas."
        )
    return hosts or EMBEDDED_HOSTS


def is_production() -> bool:
    """Whoever names the hosts that people use runs a site; `HANDOFF_ENV` overrules that."""
    said = os.environ.get("HANDOFF_ENV", "")
    if said not in ("", "embedded", "production"):
        raise BadEnvironment("HANDOFF_ENV is either 'embedded' or 'production'.")
    return said == "production" or (not said and bool(os.environ.get("ALLOWED_HOSTS")))


def trusted_origins(hosts: list[str]) -> list[str]:
    """The addresses that forms may be sent from: those of our own hosts, by HTTPS."""
    named = [host for host in hosts if host != "*"]
    return [f"https://*{host}" if host.startswith(".") else f"https://{host}" for host in named]


def database(embedded: Path) -> dict[str, Any]:
    """`DATABASE_URL`; embedded, an SQLite file that is safe with several processes at it."""
    try:
        found = dj_database_url.parse(
            os.environ.get("DATABASE_URL") or f"sqlite:///{embedded}",
            conn_max_age=600,
            conn_health_checks=True,
        )
    except ValueError as problem:
        raise BadEnvironment(
            "DATABASE_URL cannot be read; write it like postgres://name:password@host:5432/handoff"
        ) from problem
    if found["ENGINE"].endswith("sqlite3"):
        return {**found, "OPTIONS": SQLITE_OPTIONS}
    return {**found, "OPTIONS": {**POSTGRES_OPTIONS, **found.get("OPTIONS", {})}}


def mail(embedded: Path) -> dict[str, Any]:
    """The settings that `EMAIL_URL` stands for; embedded, mails become files in a folder."""
    url = urlsplit(os.environ.get("EMAIL_URL", ""))
    if not url.hostname:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": embedded,
        }
    if url.scheme not in MAIL_PORTS:
        raise BadEnvironment(f"EMAIL_URL starts with one of {', '.join(MAIL_PORTS)}.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": url.port or MAIL_PORTS[url.scheme],
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": url.scheme == "smtp+tls",
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "EMAIL_TIMEOUT": 20,
    }


def whole_number(name: str, otherwise: int, *, least: int) -> int:
    """A variable that is a whole number, `least` or more."""
    said = os.environ.get(name) or str(otherwise)
    if not (said.isascii() and said.isdigit() and len(said) < 7 and int(said) >= least):
        raise BadEnvironment(f"{name} is a whole number, {least} or more; not '{said[:40]}'.")
    return int(said)
