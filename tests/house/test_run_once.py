"""What runs on one database alone: it could not tell which it is on."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.house.test_folders import ROOT, imports_at_run_time
from tests.running import NEED_NO_DATABASE, RUN_ONCE, SITES_OF_THEIR_OWN

DOORS = {"subprocess", "multiprocessing", "psycopg", "sqlite3"}
"""What leads to a database past pytest-django, which refuses it to unmarked tests."""


def files_that_run_once() -> list[Path]:
    return [path for folder in NEED_NO_DATABASE for path in sorted((ROOT / folder).rglob("*.py"))]


def imported_names(path: Path) -> Iterator[str]:
    for node in imports_at_run_time(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_what_runs_once_reaches_no_database_by_a_process_or_a_driver() -> None:
    reached = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files_that_run_once()
        for name in imported_names(path)
        if name.split(".")[0] in DOORS or name.startswith("django.core.management")
    }
    assert not reached


def test_an_unmarked_test_is_refused_the_database() -> None:
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        connection.cursor()


def test_sites_that_run_once_are_embedded_ones_and_share_no_database_with_the_tests() -> None:
    assert all((ROOT / name).is_file() for name in RUN_ONCE)
    for name in SITES_OF_THEIR_OWN:
        text = (ROOT / name).read_text()
        assert '"DATABASE_URL": ""' in text, name
        assert "django_db" not in text, name
