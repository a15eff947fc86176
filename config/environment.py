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

    def text(self, name: str, otherwise: str = "") -> str:
        """What it says, or else."""
        return self.variables.get(name, "").strip() or otherwise

    def read(self, read: Callable[[], Value], otherwise: Any) -> Value:
        """What a reader gives; what it refuses is noted, and stands for nothing."""
        try:
            return read()
        except BadEnvironment as problem:
            self.problems.append(str(problem))
            return cast(Value, otherwise)

    def whole(self, name: str, otherwise: int, *, least: int = 0, most: int = 10**9) -> int:
        """A whole number."""
        said = self.text(name)
        if not said:
            return otherwise
        if said.isascii() and said.isdigit() and least <= int(said) <= most:
            return int(said)
        self.problems.append(f"{name} is '{said[:60]}'; write a whole number, {least} to {most}.")
        return otherwise

    def flag(self, name: str, otherwise: bool) -> bool:
        """Yes or no."""
        said = self.text(name).lower()
        if said in ("1", "yes", "true", "on", "0", "no", "false", "off"):
            return said in ("1", "yes", "true", "on")
        if said:
            self.problems.append(f"{name} is '{said[:60]}'; write yes or no.")
        return otherwise

    def matching(self, name: str, pattern: str, otherwise: str, example: str) -> str:
        """A text of this form."""
        said = self.text(name, otherwise)
        if said and not re.fullmatch(pattern, said):
            self.problems.append(f"{name} is '{said[:60]}'; write it like {example}.")
            return otherwise
        return said

    def endings(self, name: str, otherwise: str) -> frozenset[str]:
        """Endings of files, separated by spaces or commas; 'any' is the empty set: take all."""
        said = self.text(name, otherwise).lower().replace(",", " ").split()
        wrong = [one for one in said if not re.fullmatch(r"\.?[a-z0-9]{1,20}", one)]
        if wrong:
            self.problems.append(f"{name} has '{wrong[0][:40]}'; write it like: pdf docx png.")
        return frozenset() if "any" in said else frozenset(one.lstrip(".") for one in said)

    def zone(self, name: str, otherwise: str) -> str:
        """A time zone that this machine knows."""
        said = self.text(name, otherwise)
        if said in zoneinfo.available_timezones():
            return said
        self.problems.append(f"{name} is '{said[:60]}'; write a time zone like Europe/Berlin.")
        return otherwise

    def refuse_bad(self) -> None:
        """Stop here if anything was wrong. Raises BadEnvironment with a line for each."""
        if self.problems:
            raise BadEnvironment("\n".join(self.problems))


def secret_key(var: Path, *, production: bool) -> str:
    """`SECRET_KEY`; embedded, a random one that is made once and kept under `var/`."""
    given = os.environ.get("SECRET_KEY", "")
    if production and given and len(given) < 50:
        raise BadEnvironment("SECRET_KEY is too short; write at least 50 random characters.")
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


def company_sign_in() -> list[dict[str, Any]]:
    """The company's own sign-in as django-allauth wants it; none without `OIDC_ISSUER`."""
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    said = {name: os.environ.get(name, "").strip() for name in names}
    if not any(said.values()):
        return []
    missing = [name for name, value in said.items() if not value]
    if missing:
        raise BadEnvironment(f"Set {' and '.join(missing)} too, or none of the OIDC variables.")
    return [
        {
            "provider_id": "company",
            "name": os.environ.get("OIDC_NAME", "").strip() or "Company sign-in",
            "client_id": said["OIDC_CLIENT_ID"],
            "secret": said["OIDC_CLIENT_SECRET"],
            "settings": {"server_url": said["OIDC_ISSUER"].rstrip("/"), "oauth_pkce_enabled": True},
        }
    ]
