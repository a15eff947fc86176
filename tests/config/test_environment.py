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
