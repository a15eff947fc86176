"""The audit CSV of 1,000,000 rows, beside PostgreSQL's own COPY of the same rows to CSV.

`python -m bench.audit_csv` makes TRAIL_ROWS (1,000,000) sealed rows by SQL, then reads them in
turns through `csv_lines`, as command and page do, and through a bare COPY, each in a process of its
own.
"""

import json
import os
import resource
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.databases import drop, fresh, process

ROOT = Path(__file__).resolve().parents[1]
DATABASE = "handoff_bench_audit"
ROWS = int(os.environ.get("TRAIL_ROWS") or 1_000_000)
TURNS = 3
BARE = """COPY (SELECT t.id, t.recorded_at, t.workflow, t.version, t.reference, t.step, t.round,
    t.work_item, t.command, t.actor_name, t.acted_for, t.role, t.from_state, t.to_state, t.outcome,
    t.comment, t.changes, t.document_versions, s.hash FROM workflows_trailevent t
    LEFT JOIN workflows_trailseal s ON s.event_id = t.id ORDER BY t.id) TO STDOUT (FORMAT csv)"""


def prepare() -> None:
    """A few real rows through the services, and their copies by SQL."""
    import django

    django.setup()
    from django.contrib.auth.models import Group
    from django.core.management import call_command
    from django.db import connection

    from bench.timers import MAP
    from workflows.definitions.services import publishing as definitions
    from workflows.engine.format.definition import Definition
    from workflows.execution.models import WorkItem
    from workflows.execution.services import instances as requests
    from workflows.execution.services import work_items as tasks
    from workflows.people.models import User
    from workflows.trail.models import TrailEvent
    from workflows.trail.seal_models import TrailSeal

    call_command("migrate", verbosity=0)
    ann = User.objects.create_user("ann")
    for name in ("olga", "dan"):
        User.objects.create_user(name)
    ann.groups.add(Group.objects.create(name="crew"))
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    steps = {key: step for key, step in MAP["steps"].items() if key != "rest"}
    data = MAP | {"start": MAP["start"] | {"first": "look"}, "steps": steps}
    version, _ = definitions.load_definition(Definition.model_validate(data), actor=None, now=now)
    version = definitions.publish(version.pk, actor=None, now=now)
    requests.start_on_version(version, actor=ann, now=now, data={"amount": "1.00"})
    tasks.decide(WorkItem.objects.get().pk, actor=ann, outcome="ok", now=now, comment="As agreed.")
    names = [f.column or "" for f in TrailEvent._meta.concrete_fields if f.column != "id"]
    listed = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO workflows_trailevent ({listed}) SELECT {listed} FROM workflows_trailevent"
            " CROSS JOIN generate_series(1, %s) ORDER BY generate_series, id",
            [ROWS // TrailEvent.objects.count()],
        )
        seals = [f.column or "" for f in TrailSeal._meta.concrete_fields]
        made = {
            "position": "id",
            "event_id": "id",
            "sealed_at": "recorded_at",
            "id": "id",
            "hash": "encode(sha256(id::text::bytea), 'hex')",
        }
        cursor.execute(
            f"INSERT INTO workflows_trailseal ({', '.join(seals)})"
            f" SELECT {', '.join(made[name] for name in seals)} FROM workflows_trailevent"
        )
        cursor.execute("ANALYZE")


def ours() -> None:
    """Read all rows as the command does."""
    import django

    django.setup()
    from approvals.ui.csv_cells import join_blocks
    from reporting.audit.queries.csv_lines import select_trail_rows, trail_csv_lines

    began = time.perf_counter()
    size = lines = 0
    for block in join_blocks(trail_csv_lines(select_trail_rows())):
        size += len(block)
        lines += block.count("\r\n")
    say(began, size, lines - 1)


def bare() -> None:
    """Read all rows as the server's COPY gives them."""
    import django

    django.setup()
    from django.db import connection

    began = time.perf_counter()
    size = lines = 0
    connection.ensure_connection()
    with connection.connection.cursor() as cursor, cursor.copy(BARE) as copy:
        for row in copy:
            size += len(row)
            lines += 1
    say(began, size, lines)


def say(began: float, size: int, rows: int) -> None:
    """What a reading took."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        json.dumps(
            {"seconds": time.perf_counter() - began, "bytes": size, "rows": rows, "peak_mb": peak}
        )
    )


def main() -> int:
    """Both in turns."""
    for flag, act in (("--prepare", prepare), ("--ours", ours), ("--bare", bare)):
        if flag in sys.argv:
            act()
            return 0
    fresh(DATABASE)
    try:
        process([sys.executable, "-m", "bench.audit_csv", "--prepare"], DATABASE, ROOT)
        rates: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(TURNS):
            for name, kept in rates.items():
                said = process(
                    [sys.executable, "-m", "bench.audit_csv", f"--{name}"], DATABASE, ROOT
                )
                kept.append(said["rows"] / said["seconds"])
                print(
                    f"  {name}: {said['rows']:,} rows, {said['bytes'] / 1e6:,.0f} MB in"
                    f" {said['seconds']:.1f} s, peak {said['peak_mb']} MB"
                )
    finally:
        drop(DATABASE)
    ratio = statistics.median(rates["ours"]) / statistics.median(rates["bare"])
    print(f"rows a second, ours to the server's own COPY: {ratio:.2f} (at least 0.33 is wanted)")
    return 0 if ratio >= 1 / 3 else 1


if __name__ == "__main__":
    sys.exit(main())
