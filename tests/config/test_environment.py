"""The embedded default starts with nothing set; production refuses to start half-configured."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def settings_say(
    expression: str, tmp_path: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Print an expression over the settings in a fresh process with this environment."""
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
    code = f"from django.conf import settings; print(({expression},))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            **clean,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "HANDOFF_VAR": str(tmp_path),
            **environment,
        },
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
    said = settings_say("settings.DATABASES['default']['NAME'], settings.ALLOWED_HOSTS", tmp_path)
    assert str(tmp_path / "handoff.sqlite3") in said.stdout, said.stderr
    assert "127.0.0.1" in said.stdout


def test_the_embedded_secret_is_made_once_and_is_for_its_owner_only(tmp_path: Path) -> None:
    first = settings_say("settings.SECRET_KEY", tmp_path).stdout
    second = settings_say("settings.SECRET_KEY", tmp_path).stdout
    assert first == second
    assert len(first.strip()) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_refuses_to_start_without(name: str, tmp_path: Path) -> None:
    said = settings_say("settings.DEBUG", tmp_path, **{**PRODUCTION, name: ""})
    assert said.returncode != 0
    assert f"Set {name} to" in said.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "secret_key").exists()


def test_production_takes_its_database_and_cookies_from_the_environment(tmp_path: Path) -> None:
    said = settings_say(
        "settings.DATABASES['default']['ENGINE'], settings.SESSION_COOKIE_SECURE,"
        " settings.SECURE_SSL_REDIRECT, settings.CELERY_BROKER_URL",
        tmp_path,
        **PRODUCTION,
        DATABASE_URL="postgres://u:p@db:5432/handoff",
        CELERY_BROKER_URL="redis://queue:6379/0",
    )
    assert "postgresql" in said.stdout, said.stderr
    assert "True, True, 'redis://queue:6379/0'" in said.stdout


def test_an_email_url_becomes_the_mail_settings(tmp_path: Path) -> None:
    said = settings_say(
        "settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS",
        tmp_path,
        EMAIL_URL="smtp+tls://me:secret@mail.example:587",
    )
    assert "'mail.example', 587, True" in said.stdout, said.stderr


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
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
    said = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**clean, "HANDOFF_VAR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 2
    assert said.stderr.startswith(line)
    assert said.stderr.count("\n") == 1


def test_naming_the_hosts_makes_it_production_with_nothing_else_said(tmp_path: Path) -> None:
    hosts = {"SECRET_KEY": "k" * 60, "ALLOWED_HOSTS": "handoff.example, .ops.example"}
    said = settings_say("settings.PRODUCTION, settings.CSRF_TRUSTED_ORIGINS", tmp_path, **hosts)
    assert "True, ['https://handoff.example', 'https://*.ops.example']" in said.stdout, said.stderr


def test_a_mail_password_may_hold_any_character(tmp_path: Path) -> None:
    said = settings_say(
        "settings.EMAIL_HOST_PASSWORD", tmp_path, EMAIL_URL="smtps://me:a%40b%2Fc@mail.example"
    )
    assert "'a@b/c'" in said.stdout, said.stderr


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
    said = settings_say("settings.DEBUG", tmp_path, **PRODUCTION, **BAD)
    lines = said.stderr.split("BadEnvironment: ", 1)[1].strip().splitlines()
    assert said.returncode != 0
    assert len(lines) == len(BAD), lines
    for name in BAD:
        named = name.replace("OIDC_ISSUER", "OIDC_CLIENT_ID")  # what is missing beside it
        assert sum(named in line for line in lines) == 1, (name, lines)


@pytest.mark.parametrize("name", sorted(set(BAD) - {"OIDC_ISSUER"}))
def test_each_bad_value_alone_keeps_it_from_starting(name: str, tmp_path: Path) -> None:
    said = settings_say("settings.DEBUG", tmp_path, **{**PRODUCTION, name: BAD[name]})
    assert said.returncode != 0
    assert name in said.stderr.strip().splitlines()[-1]


def test_a_sender_can_be_said_and_is_the_site_otherwise(tmp_path: Path) -> None:
    asked = "settings.DEFAULT_FROM_EMAIL, settings.SERVER_EMAIL"
    other = settings_say(asked, tmp_path, **PRODUCTION)
    assert other.stdout.count("Handoff <handoff@handoff.example>") == 2, other.stderr
    said = settings_say(asked, tmp_path, **PRODUCTION, EMAIL_FROM="Ops <ops@acme.example>")
    assert said.stdout.count("Ops <ops@acme.example>") == 2, said.stderr


def test_browsers_are_not_told_of_other_hosts_unless_the_site_says_so(tmp_path: Path) -> None:
    asked = "settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_PRELOAD"
    assert "31536000, False" in settings_say(asked, tmp_path, **PRODUCTION).stdout
    said = settings_say(asked, tmp_path, **PRODUCTION, HSTS_SECONDS="60", HSTS_PRELOAD="yes")
    assert "60, True" in said.stdout


def test_a_site_under_a_path_gives_out_addresses_under_it(tmp_path: Path) -> None:
    from config.wsgi import UnderPath

    said = settings_say(
        "__import__('django').setup() or __import__('django.urls').urls.reverse('healthz'),"
        " settings.SESSION_COOKIE_PATH, settings.CSRF_COOKIE_PATH, settings.STATIC_URL",
        tmp_path,
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
