"""The migrated database that is kept: whole, and what the tests' own database is a copy of."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.migrated import FILE, copy_migrated, kept_file


def schema(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="a file is SQLite's")
def test_a_copy_has_every_migration_table_and_trigger_of_the_tests_database(
    tmp_path: Path,
) -> None:
    copy_migrated(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        applied = set(database.execute("SELECT app, name FROM django_migrations"))
    assert applied == set(MigrationLoader(None).disk_migrations)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master ORDER BY name")
        assert schema(tmp_path / FILE) == cursor.fetchall()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a file is SQLite's")
def test_it_is_made_once_and_nothing_lies_beside_it() -> None:
    kept = kept_file()
    made_at = kept.stat().st_mtime_ns
    assert kept_file().stat().st_mtime_ns == made_at
    assert [path.name for path in kept.parent.glob("migrated-*")] == [kept.name]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="templates are PostgreSQL's")
def test_the_tests_database_on_postgresql_is_made_from_the_kept_template() -> None:
    assert connection.settings_dict["TEST"]["TEMPLATE"].startswith("handoff_migrated_")
