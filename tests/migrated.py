"""A migrated SQLite database kept between test runs, so that a run of one file starts at once.

It is the result of the migrations and nothing else, and is kept under a digest of them and of the
locked requirements: whoever changes a migration gets a new one.
"""

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


@contextmanager
def kept_migrations() -> Iterator[None]:
    """The test database is copied from what is kept, or kept once the migrations have run."""
    if connection.vendor != "sqlite":
        yield
        return
    kept = _file()
    if kept.exists():
        connection_created.connect(_fill)
    else:
        post_migrate.connect(_keep, sender=list(apps.get_app_configs())[-1])
    try:
        yield
    finally:
        connection_created.disconnect(_fill)


def _file() -> Path:
    digest = hashlib.sha256((settings.BASE_DIR / "requirements/dev.txt").read_bytes())
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        for migration in sorted(Path(app.path).glob("migrations/*.py")):
            digest.update(migration.name.encode() + migration.read_bytes())
    return settings.BASE_DIR / "var" / "tests" / f"migrated-{digest.hexdigest()[:20]}.sqlite3"


def _fill(connection: Any, **more: Any) -> None:
    """A connection to an empty test database gets the kept one."""
    there = connection.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not there:
        with closing(sqlite3.connect(_file())) as kept:
            kept.backup(connection.connection)


def _keep(**more: Any) -> None:
    """All migrations have run, and all that follows them."""
    kept = _file()
    kept.parent.mkdir(parents=True, exist_ok=True)
    for older in kept.parent.glob("migrated-*.sqlite3"):
        older.unlink(missing_ok=True)
    number, name = tempfile.mkstemp(dir=kept.parent)
    os.close(number)
    with closing(sqlite3.connect(name)) as copy:
        connection.connection.backup(copy)
    Path(name).replace(kept)
