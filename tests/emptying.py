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


@contextmanager
def flush_allowed() -> Iterator[None]:
    """Django's emptying of all tables goes through inside."""
    flush = connection.ops.execute_sql_flush

    def with_triggers_off(statements: list[str]) -> None:
        with triggers_off():
            flush(statements)

    connection.ops.execute_sql_flush = with_triggers_off
    try:
        yield
    finally:
        connection.ops.execute_sql_flush = flush
