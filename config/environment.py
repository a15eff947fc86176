"""What the environment says: the few variables that turn the embedded default into production."""

import os
import re
import secrets
import zoneinfo
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

Value = TypeVar("Value")

ADDRESS = r"https?://[^\s/?#@]+(/[^\s?#]*)?"
"""A site's address: scheme, host and port, and perhaps a path under which it lies."""
RATE = r"[1-9][0-9]{0,6}/[smhd]"
SENDER = r"([^<>@\r\n]+ <)?[^\s<>@]+@[^\s<>@]+>?"
EMBEDDED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
POSTGRES_OPTIONS = {
    # The server binds values and keeps the plan of what it is asked a third time. A pooler in
    # front that hands out a server per transaction must know prepared statements.
    "server_side_binding": True,
    "prepare_threshold": 3,
    # No statement here runs long enough to be compiled: a search of a large inbox took 1.3 s, and
    # 4.6 s more to be compiled first. A pooler in front has to let `options` pass.
    "options": "-c jit=off",
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
    """Variables are missing or cannot be read; the message has a line for each, which says what it
    should be."""


class Environment:
    """Reads variables and collects what is wrong with them, so that all of it is said at once."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self.variables = variables
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """What it says, or else."""
        return self.variables.get(name, "").strip() or default

    def read(self, read: Callable[[], Value], default: Any) -> Value:
        """What a reader gives; what it refuses is noted, and stands for nothing."""
        try:
            return read()
        except BadEnvironment as problem:
            self.problems.append(str(problem))
            return cast(Value, default)

    def whole(self, name: str, default: int, *, least: int = 0, most: int = 10**9) -> int:
        """A whole number."""
        value = self.text(name)
        if not value:
            return default
        if value.isascii() and value.isdigit() and least <= int(value) <= most:
            return int(value)
        self.problems.append(f"{name} is '{value[:60]}'; write a whole number, {least} to {most}.")
        return default

    def flag(self, name: str, default: bool) -> bool:
        """Yes or no."""
        value = self.text(name).lower()
        if value in ("1", "yes", "true", "on", "0", "no", "false", "off"):
            return value in ("1", "yes", "true", "on")
        if value:
            self.problems.append(f"{name} is '{value[:60]}'; write yes or no.")
        return default

    def matching(self, name: str, pattern: str, default: str, example: str) -> str:
        """A text of this form."""
        value = self.text(name, default)
        if value and not re.fullmatch(pattern, value):
            self.problems.append(f"{name} is '{value[:60]}'; write it like {example}.")
            return default
        return value

    def endings(self, name: str, default: str) -> frozenset[str]:
        """Endings of files, separated by spaces or commas; 'any' is the empty set: take all."""
        listed = self.text(name, default).lower().replace(",", " ").split()
        wrong = [ending for ending in listed if not re.fullmatch(r"\.?[a-z0-9]{1,20}", ending)]
        if wrong:
            self.problems.append(f"{name} has '{wrong[0][:40]}'; write it like: pdf docx png.")
        return (
            frozenset() if "any" in listed else frozenset(ending.lstrip(".") for ending in listed)
        )

    def zone(self, name: str, default: str) -> str:
        """A time zone that this machine knows."""
        value = self.text(name, default)
        if value in zoneinfo.available_timezones():
            return value
        self.problems.append(f"{name} is '{value[:60]}'; write a time zone like Europe/Berlin.")
        return default

    def refuse_bad(self) -> None:
        """Stop here if anything was wrong. Raises BadEnvironment with a line for each."""
        if self.problems:
            raise BadEnvironment("\n".join(self.problems))


def secret_key(var: Path, *, production: bool) -> str:
    """`SECRET_KEY`; embedded, a random one that is made once and kept under `var/`."""
    configured_key = os.environ.get("SECRET_KEY", "")
    if production and configured_key and len(configured_key) < 50:
        raise BadEnvironment("SECRET_KEY is too short; write at least 50 random characters.")
    if configured_key:
        return configured_key
    if production:
        raise BadEnvironment(
            "Set SECRET_KEY to a long random text (at least 50 characters) and keep it secret."
        )
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        # Nobody else may read it, from the first byte on; and of two that start at once one fails
        # rather than both go on with different keys.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(60))
    return path.read_text().strip()


def allowed_hosts(*, production: bool) -> list[str]:
    """`ALLOWED_HOSTS`, separated by commas; embedded, this machine only."""
    listed_hosts = [host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",")]
    hosts = [host for host in listed_hosts if host]
    if production and not hosts:
        raise BadEnvironment(
            "Set ALLOWED_HOSTS to the host names that people use, separated by commas."
        )
    return hosts or EMBEDDED_HOSTS


def is_production() -> bool:
    """Whoever names the hosts that people use runs a site; `HANDOFF_ENV` overrules that."""
    mode = os.environ.get("HANDOFF_ENV", "")
    if mode not in ("", "embedded", "production"):
        raise BadEnvironment("HANDOFF_ENV is either 'embedded' or 'production'.")
    return mode == "production" or (not mode and bool(os.environ.get("ALLOWED_HOSTS")))


def trusted_origins(hosts: list[str]) -> list[str]:
    """The addresses that forms may be sent from: those of our own hosts, by HTTPS."""
    named = [host for host in hosts if host != "*"]
    return [f"https://*{host}" if host.startswith(".") else f"https://{host}" for host in named]


def database_settings(embedded: Path) -> dict[str, Any]:
    """`DATABASE_URL`; embedded, an SQLite file that is safe with several processes at it."""
    try:
        parsed_url = dj_database_url.parse(
            os.environ.get("DATABASE_URL") or f"sqlite:///{embedded}",
            conn_max_age=600,
            conn_health_checks=True,
        )
    except ValueError as problem:
        raise BadEnvironment(
            "DATABASE_URL cannot be read; write it like postgres://name:password@host:5432/handoff"
        ) from problem
    if parsed_url["ENGINE"].endswith("sqlite3"):
        return {**parsed_url, "OPTIONS": SQLITE_OPTIONS}
    return {**parsed_url, "OPTIONS": {**POSTGRES_OPTIONS, **parsed_url.get("OPTIONS", {})}}


def mail_settings(embedded: Path) -> dict[str, Any]:
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


def company_sign_in_providers() -> list[dict[str, Any]]:
    """The company's own sign-in as django-allauth wants it; none without `OIDC_ISSUER`."""
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    credentials = {name: os.environ.get(name, "").strip() for name in names}
    if not any(credentials.values()):
        return []
    missing = [name for name, value in credentials.items() if not value]
    if missing:
        raise BadEnvironment(f"Set {' and '.join(missing)} too, or none of the OIDC variables.")
    return [
        {
            "provider_id": "company",
            "name": os.environ.get("OIDC_NAME", "").strip() or "Company sign-in",
            "client_id": credentials["OIDC_CLIENT_ID"],
            "secret": credentials["OIDC_CLIENT_SECRET"],
            "settings": {
                "server_url": credentials["OIDC_ISSUER"].rstrip("/"),
                "oauth_pkce_enabled": True,
            },
        }
    ]
