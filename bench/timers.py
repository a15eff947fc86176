"""Timers that fall due in the same minute, worked off by two workers on PostgreSQL.

`python -m bench.timers` makes TIMERS (100,000) requests that wait, lets all waits end at once,
and starts two workers of their own process. It prints the rate, beside that of the same rows
changed by plain SQL, and ends with 1 if a timer was lost or ran twice.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench.databases import SERVER, drop, fresh, process

ROOT = Path(__file__).resolve().parents[1]
DATABASE = "handoff_bench_timers"
COUNT = int(os.environ.get("TIMERS") or 100_000)
STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DUE = STARTED + timedelta(hours=2)

MAP: dict[str, Any] = {
    "format": 1,
    "key": "resting",
    "name": "Resting",
    "owner": "olga",
    "deputy": "dan",
    "calendar": "24/7",
    "roles": {"crew": {"groups": ["crew"]}},
    "fields": {"amount": {"type": "money", "required": True}},
    "start": {"role": "crew", "fields": ["amount"], "first": "rest"},
    "steps": {
        "rest": {"kind": "wait", "for": "1h", "to": "look"},
        "look": {
            "kind": "task",
            "role": "crew",
            "expected": "1h",
            "due": "1d",
            "outcomes": {
                "ok": "done",
                "no": {"to": "stopped", "exception": True},
                "never": {"to": "stopped", "exception": True},
            },
        },
        "done": {"kind": "end", "result": "done"},
        "stopped": {"kind": "end", "result": "stopped"},
    },
}


def prepare() -> None:
    """One request through the services, and its copies by SQL."""
    import django

    django.setup()
    from django.contrib.auth.models import Group
    from django.core.management import call_command
    from django.db import connection

    from workflows.definitions.services import publishing as definitions
    from workflows.engine.format.definition import Definition
    from workflows.execution.models import WorkflowInstance, WorkItem
    from workflows.execution.services import instances as requests
    from workflows.outbox.models import OutboxMessage
    from workflows.people.models import User

    call_command("migrate", verbosity=0)
    people = {name: User.objects.create_user(name) for name in ("olga", "dan", "ann")}
    people["ann"].groups.add(Group.objects.create(name="crew"))
    version, _ = definitions.load_definition(
        Definition.model_validate(MAP), actor=None, now=STARTED
    )
    version = definitions.publish(version.pk, actor=None, now=STARTED)
    requests.start_on_version(version, actor=people["ann"], now=STARTED, data={"amount": "1.00"})
    with connection.cursor() as cursor:
        for model, parent in (
            (WorkflowInstance, None),
            (WorkItem, "request_id"),
            (OutboxMessage, "request_id"),
        ):
            table, key = model._meta.db_table, model._meta.pk.column
            names = [f.column for f in model._meta.concrete_fields if f.column and f.column != key]
            taken = ", ".join("first.pk + n" if name == parent else f"t.{name}" for name in names)
            cursor.execute(
                f"INSERT INTO {table} ({key}, {', '.join(names)})"
                f" SELECT t.{key} + n, {taken} FROM {table} t,"
                " (SELECT min(id) AS pk FROM workflows_workflowinstance) first,"
                " generate_series(1, %s) n",
                [COUNT - 1],
            )
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), max({key}))"
                f" FROM {table}"
            )
        cursor.execute("ANALYZE")


def work() -> None:
    """One worker: deliver until nothing is due."""
    import django

    django.setup()
    from workflows.automation.services.delivery import deliver_due

    done = 0
    while part := deliver_due(lambda: DUE, seconds=60):
        done += part
    print(json.dumps({"done": done}))


def judge() -> tuple[int, int, int]:
    """How many requests went on, how many twice, and how many did not."""
    with psycopg.connect(SERVER + DATABASE) as connection:
        rows = connection.execute(
            "SELECT count(*) FILTER (WHERE n = 1), count(*) FILTER (WHERE n > 1),"
            " count(*) FILTER (WHERE n = 0) FROM (SELECT i.id, count(t.id) AS n"
            " FROM workflows_workflowinstance i LEFT JOIN workflows_trailevent t"
            " ON t.request_id = i.id AND t.command = 'finish' GROUP BY i.id) AS per_request"
        ).fetchone()
    assert rows is not None
    return rows


def plain_sql() -> float:
    """Seconds for the bare changes of the same rows, one transaction a request."""
    count = min(COUNT, 5000)
    with psycopg.connect(SERVER + DATABASE, autocommit=True) as connection:
        began = time.perf_counter()
        for number in range(count):
            with connection.transaction():
                connection.execute(
                    "SELECT 1 FROM workflows_workflowinstance WHERE id = %s FOR UPDATE",
                    [number + 1],
                )
                connection.execute(
                    "UPDATE workflows_workitem SET comment = 'x' WHERE request_id = %s",
                    [number + 1],
                )
                connection.execute(
                    "UPDATE workflows_outboxmessage SET error_code = 'x' WHERE request_id = %s",
                    [number + 1],
                )
        return (time.perf_counter() - began) / count * COUNT


def main() -> int:
    """Prepare, let two workers at it, and check."""
    if "--prepare" in sys.argv or "--work" in sys.argv:
        (prepare if "--prepare" in sys.argv else work)()
        return 0
    fresh(DATABASE)
    try:
        process([sys.executable, "-m", "bench.timers", "--prepare"], DATABASE, ROOT)
        environment = os.environ | {
            "DATABASE_URL": SERVER + DATABASE,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        began = time.perf_counter()
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", "bench.timers", "--work"],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        shares = [json.loads(worker.communicate()[0])["done"] for worker in workers]
        took = time.perf_counter() - began
        once, twice, never = judge()
        bare = plain_sql()
    finally:
        drop(DATABASE)
    print(f"{COUNT:,} timers due at once, 2 workers ({shares[0]:,} and {shares[1]:,} messages):")
    print(
        f"  {took:,.0f} s, {COUNT / took:,.0f} timers/s;"
        f" ran once {once:,}, twice {twice}, lost {never}"
    )
    print(f"  plain SQL for the bare rows, one client: {COUNT / bare:,.0f}/s")
    return 0 if (once, twice, never) == (COUNT, 0, 0) else 1


if __name__ == "__main__":
    sys.exit(main())
