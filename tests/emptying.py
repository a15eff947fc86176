"""Emptying the test database between tests that commit: the triggers, which refuse it to
everybody, are lifted for that moment as only the database's owner could."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

GUARDED = ("workflows_trailevent", "workflows_trailseal", "workflows_trailhead")


@contextmanager
def triggers_off() -> Iterator[None]:
    """No trigger of ours fires inside; afterwards all are back."""
    lifted = lift()
    try:
        yield
    finally:
        _put_back(lifted)


def lift() -> list[str]:
    """Take the triggers away; gives the statements that bring them back."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            found = cursor.fetchall()
            for name, _ in found:
                cursor.execute(f"DROP TRIGGER {name}")
            return [sql for _, sql in found]
        _settle(cursor)
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in GUARDED]


def _put_back(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _settle(cursor)
        for statement in statements:
            cursor.execute(statement)


def _settle(cursor: Any) -> None:
    """Foreign keys that wait for the end of the transaction bar changes to a table."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")


REPLAY = "SET LOCAL session_replication_role = replica"
"""PostgreSQL fires no trigger in a replay; only a superuser may begin one."""


@contextmanager
def flush_allowed() -> Iterator[None]:
    """Django's emptying of all tables goes through inside."""
    empty, statements_of = connection.ops.execute_sql_flush, connection.ops.sql_flush

    def delete_rows(style: Any, tables: list[str], **options: Any) -> list[str]:
        if options.get("reset_sequences") or not _may_replay():
            return statements_of(style, tables, **options)
        return [REPLAY, *(f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables)]

    def with_triggers_off(statements: list[str]) -> None:
        if REPLAY in statements:
            empty(statements)
            return
        with triggers_off():
            empty(statements)

    connection.ops.execute_sql_flush, connection.ops.sql_flush = with_triggers_off, delete_rows
    try:
        yield
    finally:
        connection.ops.execute_sql_flush, connection.ops.sql_flush = empty, statements_of


def _may_replay() -> bool:
    """Truncating, PostgreSQL makes the files of each table anew: seconds for all of them, where
    deleting a test's few rows takes milliseconds."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])
