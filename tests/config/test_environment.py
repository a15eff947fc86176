"""The embedded default starts with nothing set; production refuses to start half-configured."""

import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

from config.environment import BadEnvironment

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = "config.settings"


def variables(var: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """All that the settings are to be read from: nothing of who runs the tests."""
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
    return {**clean, "HANDOFF_VAR": str(var), **environment}


def read_settings(var: Path, **environment: str) -> SimpleNamespace:
    """The settings as they are read anew in this environment. Raises BadEnvironment."""
    with mock.patch.dict(os.environ, variables(var, environment), clear=True):
        return SimpleNamespace(**runpy.run_path(str(ROOT / "config" / "settings.py")))


def python_says(*arguments: str, var: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a fresh process of Python prints in this environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=variables(var, environment),
        capture_output=True,
        text=True,
        check=False,
    )


PRODUCTION = {
    "HANDOFF_ENV": "production",
    "SECRET_KEY": "k" * 60,
    "ALLOWED_HOSTS": "handoff.example",
}


def test_embedded_needs_nothing_and_keeps_everything_under_var(tmp_path: Path) -> None:
    code = "from django.conf import settings as s; print(s.DATABASES['default']['NAME'])"
    said = python_says(
        "-c", code + "; print(s.ALLOWED_HOSTS)", var=tmp_path, DJANGO_SETTINGS_MODULE=SETTINGS
    )
    assert str(tmp_path / "handoff.sqlite3") in said.stdout, said.stderr
    assert "127.0.0.1" in said.stdout


def test_the_embedded_secret_is_made_once_and_is_for_its_owner_only(tmp_path: Path) -> None:
    first = read_settings(tmp_path).SECRET_KEY
    second = read_settings(tmp_path).SECRET_KEY
    assert first == second
    assert len(first) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_refuses_to_start_without(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment) as refused:
        read_settings(tmp_path, **{**PRODUCTION, name: ""})
    assert f"Set {name} to" in str(refused.value).splitlines()[-1]
    assert not (tmp_path / "secret_key").exists()


def test_production_takes_its_database_and_cookies_from_the_environment(tmp_path: Path) -> None:
    given = read_settings(
        tmp_path,
        **PRODUCTION,
        DATABASE_URL="postgres://u:p@db:5432/handoff",
        CELERY_BROKER_URL="redis://queue:6379/0",
    )
    assert "postgresql" in given.DATABASES["default"]["ENGINE"]
    assert (given.SESSION_COOKIE_SECURE, given.SECURE_SSL_REDIRECT) == (True, True)
    assert given.CELERY_BROKER_URL == "redis://queue:6379/0"


def test_an_email_url_becomes_the_mail_settings(tmp_path: Path) -> None:
    given = read_settings(tmp_path, EMAIL_URL="smtp+tls://me:secret@mail.example:587")
    mail = (given.EMAIL_HOST, given.EMAIL_PORT, given.EMAIL_USE_TLS)
    assert mail == ("mail.example", 587, True)


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"ALLOWED_HOSTS": "handoff.example"}, "Set SECRET_KEY to a long random text"),
        ({"HANDOFF_ENV": "production", "SECRET_KEY": "k" * 60}, "Set ALLOWED_HOSTS"),
        ({"HANDOFF_ENV": "staging"}, "HANDOFF_ENV is either 'embedded' or 'production'."),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL cannot be read"),
        ({"DATABASE_URL": "postgres://u:p@host:port/handoff"}, "DATABASE_URL cannot be read"),
        ({"EMAIL_URL": "pigeon://roof"}, "EMAIL_URL starts with one of smtp, smtp+tls, smtps."),
    ],
)
def test_a_bad_environment_is_refused_by_the_command_line_in_one_line(
    environment: dict[str, str], line: str, tmp_path: Path
) -> None:
    said = python_says("manage.py", "check", var=tmp_path, **environment)
    assert said.returncode == 2
    assert said.stderr.startswith(line)
    assert said.stderr.count("\n") == 1


def test_naming_the_hosts_makes_it_production_with_nothing_else_said(tmp_path: Path) -> None:
    hosts = {"SECRET_KEY": "k" * 60, "ALLOWED_HOSTS": "handoff.example, .ops.example"}
    given = read_settings(tmp_path, **hosts)
    assert given.PRODUCTION is True
    assert given.CSRF_TRUSTED_ORIGINS == ["https://handoff.example", "https://*.ops.example"]


def test_a_mail_password_may_hold_any_character(tmp_path: Path) -> None:
    given = read_settings(tmp_path, EMAIL_URL="smtps://me:a%40b%2Fc@mail.example")
    assert given.EMAIL_HOST_PASSWORD == "a@b/c"


BAD = {
    "TIME_ZONE": "Mars/Olympus",
    "OUTBOX_LEASE_SECONDS": "soon",
    "API_RATE": "many",
    "API_PROXIES": "-1",
    "SITE_URL": "handoff.example",
    "EMAIL_URL": "carrier-pigeon://coop",
    "EMAIL_FROM": "nobody",
    "DATABASE_URL": "mongo://db/handoff",
    "HSTS_SECONDS": "1 year",
    "HSTS_PRELOAD": "maybe",
    "UPLOAD_MAX_MB": "0",
    "UPLOAD_TYPES": "pdf, *",
    "OIDC_ISSUER": "https://login.example.com",
}


def test_all_that_is_wrong_is_said_at_once_a_line_each_with_what_it_should_be(
    tmp_path: Path,
) -> None:
    with pytest.raises(BadEnvironment) as refused:
        read_settings(tmp_path, **PRODUCTION, **BAD)
    lines = str(refused.value).splitlines()
    assert len(lines) == len(BAD), lines
    for name in BAD:
        named = name.replace("OIDC_ISSUER", "OIDC_CLIENT_ID")  # what is missing beside it
        assert sum(named in line for line in lines) == 1, (name, lines)


@pytest.mark.parametrize("name", sorted(set(BAD) - {"OIDC_ISSUER"}))
def test_each_bad_value_alone_keeps_it_from_starting(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment) as refused:
        read_settings(tmp_path, **{**PRODUCTION, name: BAD[name]})
    assert name in str(refused.value).splitlines()[-1]


def senders(given: SimpleNamespace) -> set[str]:
    """From whom people's mails come, and those about faults."""
    return {given.DEFAULT_FROM_EMAIL, given.SERVER_EMAIL}


def test_a_sender_can_be_said_and_is_the_site_otherwise(tmp_path: Path) -> None:
    other = read_settings(tmp_path, **PRODUCTION)
    assert senders(other) == {"Handoff <handoff@handoff.example>"}
    given = read_settings(tmp_path, **PRODUCTION, EMAIL_FROM="Ops <ops@acme.example>")
    assert senders(given) == {"Ops <ops@acme.example>"}


def test_browsers_are_not_told_of_other_hosts_unless_the_site_says_so(tmp_path: Path) -> None:
    silent = read_settings(tmp_path, **PRODUCTION)
    assert (silent.SECURE_HSTS_SECONDS, silent.SECURE_HSTS_PRELOAD) == (31536000, False)
    given = read_settings(tmp_path, **PRODUCTION, HSTS_SECONDS="60", HSTS_PRELOAD="yes")
    assert (given.SECURE_HSTS_SECONDS, given.SECURE_HSTS_PRELOAD) == (60, True)


def test_a_site_under_a_path_gives_out_addresses_under_it(tmp_path: Path) -> None:
    from config.wsgi import UnderPath

    code = (
        "import django; from django.conf import settings as s; from django.urls import reverse;"
        "django.setup(); print((reverse('healthz'),"
        " s.SESSION_COOKIE_PATH, s.CSRF_COOKIE_PATH, s.STATIC_URL))"
    )
    said = python_says(
        "-c",
        code,
        var=tmp_path,
        DJANGO_SETTINGS_MODULE=SETTINGS,
        **PRODUCTION,
        SITE_URL="https://intranet.example/handoff/",
    )
    expected = "('/handoff/healthz', '/handoff/', '/handoff/', '/handoff/static/')"
    assert expected in said.stdout, said.stderr

    seen: list[str] = []
    site = UnderPath(lambda environ, _: [seen.append(environ["PATH_INFO"]) or b""], "/handoff")
    for path in ("/handoff/healthz", "/healthz", "/handoff", "/handoffs/x"):
        list(site({"PATH_INFO": path}, None))
    assert seen == ["/healthz", "/healthz", "/", "/handoffs/x"]
