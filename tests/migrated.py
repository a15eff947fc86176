"""A migrated database kept between test runs, so that a run of one file starts at once.

It is the result of `manage.py migrate` and nothing else, and is kept under a digest of the
migrations and of the locked requirements: whoever changes a migration gets a new one. On SQLite it
is a file, on PostgreSQL a template database beside the tests' own.
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created
from psycopg import sql

FILE = "handoff.sqlite3"
"""The name of the embedded database in the folder of a site."""


@contextmanager
def kept_migrations() -> Iterator[None]:
    """The test database is a copy of what is kept."""
    if connection.vendor == "postgresql":
        server = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
        connection.settings_dict["TEST"]["TEMPLATE"] = kept_template(server)
        yield
        return
    kept_file()
    connection_created.connect(_fill)
    try:
        yield
    finally:
        connection_created.disconnect(_fill)


def copy_migrated(var: Path) -> None:
    """The embedded database of a site in this folder, as the migrations leave it."""
    shutil.copyfile(kept_file(), var / FILE)


def kept_file() -> Path:
    """The migrated SQLite database; made now where there is none."""
    kept = _folder() / f"migrated-{_digest()}.sqlite3"
    with _one_at_a_time():
        if not kept.exists():
            for older in _folder().glob("migrated-*.sqlite3"):
                older.unlink()
            with tempfile.TemporaryDirectory(dir=_folder()) as var:
                _migrate(HANDOFF_VAR=var)
                made = Path(var) / FILE
                with closing(sqlite3.connect(made)) as database:
                    database.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
                made.replace(kept)
    return kept


def kept_template(server: str) -> str:
    """The name of the migrated database on this PostgreSQL; made now where there is none."""
    checkout = hashlib.sha256(str(settings.BASE_DIR).encode()).hexdigest()[:8]
    name = f"handoff_migrated_{checkout}_{_digest()}"
    with _one_at_a_time(), psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        found = admin.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s",
            [f"handoff\\_migrated\\_{checkout}\\_%"],
        )
        there = [row[0] for row in found]
        if name not in there:
            for older in there:
                _run(admin, "DROP DATABASE {}", older)
            _make_template(admin, server, name)
    return name


def _make_template(admin: psycopg.Connection[Any], server: str, name: str) -> None:
    """It has its name only once it is whole."""
    half = f"{name}_half"
    _run(admin, "CREATE DATABASE {}", half)
    _migrate(DATABASE_URL=f"{server}/{half}")
    _run(admin, "ALTER DATABASE {} RENAME TO {}", half, name)


def _run(admin: psycopg.Connection[Any], statement: str, *names: str) -> None:
    admin.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


def _migrate(**environment: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=settings.BASE_DIR,
        env=env | {"DJANGO_SETTINGS_MODULE": "config.settings"} | environment,
        check=True,
    )


def _folder() -> Path:
    folder: Path = settings.BASE_DIR / "var" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Of the parallel workers, the first one migrates and the others wait for it."""
    with (_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def _digest() -> str:
    digest = hashlib.sha256((settings.BASE_DIR / "requirements/dev.txt").read_bytes())
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        for migration in sorted(Path(app.path).glob("migrations/*.py")):
            digest.update(migration.name.encode() + migration.read_bytes())
    return digest.hexdigest()[:20]


def _fill(connection: Any, **more: Any) -> None:
    """A connection to an empty test database gets the kept one; one that a test makes for itself
    does not."""
    if connection.settings_dict["NAME"] == ":memory:":
        return
    there = connection.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not there:
        with closing(sqlite3.connect(kept_file())) as kept:
            kept.backup(connection.connection)
