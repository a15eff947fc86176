"""The databases that the benchmarks make for themselves, and the processes that work in them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

SERVER = os.environ.get("BENCH_SERVER", "postgres://root@127.0.0.1:5432/")


def fresh(name: str) -> None:
    """An empty database of this name."""
    drop(name)
    with psycopg.connect(SERVER + "postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")


def drop(name: str) -> None:
    """Leave nothing behind."""
    with psycopg.connect(SERVER + "postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def size(database: str, tables: tuple[str, ...]) -> int:
    """Bytes of these tables with their indexes."""
    with psycopg.connect(SERVER + database) as connection:
        found = connection.execute(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
            " WHERE relname = ANY(%s) AND relkind = 'r'",
            [list(tables)],
        ).fetchone()
    return int(found[0]) if found else 0


def process(command: list[str], database: str, folder: Path) -> dict[str, Any]:
    """What a process prints as JSON (nothing where it only prepares); its errors are shown."""
    environment = os.environ | {"DATABASE_URL": SERVER + database, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    if command[0] == sys.executable:
        environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    done = subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    answer: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    return answer
