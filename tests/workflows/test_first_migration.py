"""A first migration: its tables at once, and the same as operation by operation."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
import django
django.setup()
from django.apps import apps
from django.db import connection, migrations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState
from workflows.migrations import _tables_at_once

if "each" in sys.argv:
    del _tables_at_once.TablesAtOnce.apply, _tables_at_once.TablesLater.apply
rendered = []
render = ModelState.render
ModelState.render = lambda state, apps: rendered.append(state.name) or render(state, apps)
for target in json.loads(sys.argv[1]):
    MigrationExecutor(connection).migrate([tuple(target)])
with connection.cursor() as cursor:
    cursor.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    print(json.dumps({
        "schema": cursor.fetchall(),
        "rendered": len(rendered),
        "models": len(apps.get_models(include_auto_created=False)),
    }))
"""
TABLES = ("reporting", "0002_initial")


def migrate(var: Path, *targets: tuple[str, str | None], each: bool = False) -> dict[str, Any]:
    """The schema of a new SQLite database after these, and how many classes were rendered."""
    var.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(targets), *(["each"] if each else [])],
        cwd=ROOT,
        env={
            **os.environ,
            "HANDOFF_VAR": str(var),
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        stdout=subprocess.PIPE,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def parts(result: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """The schema without the order of columns: copying a table, SQLite's editor moves a column that
    points to its own table to the end."""
    return [(kind, name, sorted((sql or "").split(", "))) for kind, name, sql in result["schema"]]


def test_the_first_tables_cost_one_rendering_and_not_one_an_operation(tmp_path: Path) -> None:
    made = migrate(tmp_path / "var", TABLES)

    assert made["rendered"] < 5 * made["models"]
    assert any(name == "reporting_rolerate" for _, name, _ in made["schema"])


@pytest.mark.slow
def test_tables_made_at_once_are_those_of_the_operations(tmp_path: Path) -> None:
    at_once = migrate(tmp_path / "at_once", TABLES)
    one_by_one = migrate(tmp_path / "one_by_one", TABLES, each=True)

    assert parts(at_once) == parts(one_by_one)


@pytest.mark.slow
def test_the_way_back_and_forth_again_leads_to_the_same_tables(tmp_path: Path) -> None:
    there = migrate(tmp_path / "there", TABLES)
    back = migrate(tmp_path / "back", TABLES, ("reporting", "0001_initial"), TABLES)

    assert parts(back) == parts(there)
