"""A real browser before the real server: what the tests that look at pages share."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

pytest.importorskip("playwright", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no Chromium on this machine", allow_module_level=True)

from playwright.sync_api import (  # noqa: E402
    Browser,
    ConsoleMessage,
    Page,
    ViewportSize,
    sync_playwright,
)

from tests.migrated import copy_migrated, kept_template  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
ON_DESK_AND_PHONE = pytest.mark.parametrize(
    ("title", "size", "script"),
    [("Lamps for a desk", DESK, True), ("Lamps for a phone", PHONE, False)],
)
"""The same journey with a request of its own: at a desk, and on a phone that runs no script."""
BACKGROUND = ["-m", "config.background"]
HEARD: list[str] = []
"""What the browser complained of since the test began."""


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """A browser for some tests."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@contextmanager
def serve_site(
    var: Path, *preparations: Sequence[str], with_background: bool = False, email_url: str = ""
) -> Iterator[str]:
    """The address of a server on a database of its own, after these commands of Python's; with
    the process that delivers the outbox where it is asked for, to this mail server."""
    port = _find_free_port()
    with _own_database(port) as database:
        env = {**_site_environment(var, port, database), "EMAIL_URL": email_url}
        if database is None:
            copy_migrated(var)
        for command in preparations:
            subprocess.run([sys.executable, *command], cwd=ROOT, env=env, check=True)
        commands = [_gunicorn_arguments(port), *([BACKGROUND] if with_background else [])]
        processes = [
            subprocess.Popen([sys.executable, *args], cwd=ROOT, env=env) for args in commands
        ]
        try:
            _wait_for_server(port, processes[0])
            yield f"http://127.0.0.1:{port}"
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(timeout=30)


@contextmanager
def _own_database(port: int) -> Iterator[str | None]:
    """The address of a fresh database on the PostgreSQL that the tests run on; None on SQLite."""
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        yield None
        return
    server, name = given.rsplit("/", 1)[0], f"handoff_pages_{port}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        template = kept_template(server)
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            yield f"{server}/{name}"
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _site_environment(var: Path, port: int, database: str | None) -> Mapping[str, str]:
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "HANDOFF_ENV", "SECRET_KEY", "ALLOWED_HOSTS")
    }
    env |= {"HANDOFF_VAR": str(var), "DJANGO_SETTINGS_MODULE": "tests.acceptance.served_settings"}
    return env | {"PORT": str(port)} | ({"DATABASE_URL": database} if database else {})


def _find_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _gunicorn_arguments(port: int) -> list[str]:
    bind = ["--bind", f"127.0.0.1:{port}", "--threads", "2", "--log-level", "warning"]
    return ["-m", "gunicorn", "config.wsgi", *bind]


def _wait_for_server(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, "the server has stopped"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    pytest.fail("the server does not answer")


def sign_in(
    browser: Browser, site: str, username: str, *, password: str = "", **options: object
) -> Page:
    """A page of somebody's own browser, signed in; the password is the name where none is given."""
    given: dict[str, Any] = {"viewport": DESK, "base_url": site, **options}
    page = browser.new_context(**given).new_page()
    page.on("console", _keep_complaint)
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill(username)
    page.get_by_label("Password").fill(password or username)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for(state="attached")
    return page


def _keep_complaint(message: ConsoleMessage) -> None:
    refused_form = "status of 422" in message.text
    if message.type in ("error", "warning") and not refused_form:
        HEARD.append(message.text)


def title_link(title: str) -> re.Pattern[str]:
    """What the link with a title is called in a list: the title alone, or with what tells two of
    one title apart."""
    return re.compile(rf"^{re.escape(title)}(,|$)")


def fits(page: Page) -> bool:
    """Whether nothing stands out of the window."""
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return bool(wide <= 0)
