"""The inbox's page and count with 100,000 open and 500,000 finished tasks, beside the best SQL.

A person in 10 of 40 groups, 30 workflows of four steps each. Both sides answer the same question
in one run, in turns: the first 50 by due date with what the list shows, and the count up to 1,000.
"""

import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench.databases import SERVER, drop, fresh

DATABASE = "handoff_bench_inbox"
OPEN = int(os.environ.get("BENCH_OPEN", "100000"))
FINISHED = int(os.environ.get("BENCH_FINISHED", "500000"))
TIMES = int(os.environ.get("BENCH_TIMES", "60"))
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORKFLOWS, GROUPS, MINE = 30, 40, 10

REQUESTS = """
    INSERT INTO workflows_workflowinstance
        (template_id, version_id, prefix, title, source, state, result, data, marking,
         requester_id, requester_name, started_at)
    SELECT v.template_id, v.id, 'B', 'Request ' || n, 'form', 'running', '', '{}',
        jsonb_build_object('requester', %(asker)s::int, 'deciders', '{}'::jsonb),
        %(asker)s, 'asker', %(now)s
    FROM generate_series(1, %(count)s) AS n
    JOIN (SELECT id, template_id, row_number() OVER (ORDER BY id) - 1 AS place
          FROM workflows_templateversion) AS v ON v.place = n %% %(workflows)s
"""
TASKS = """
    INSERT INTO workflows_workitem
        (request_id, step_id, activation, round, state, is_open, in_queue, came_from, needed,
         votes, enabled_at, due_at, completed_at, paused_seconds, paused_business_seconds, outcome,
         comment, performer_name, document_versions, cancel_reason)
    SELECT r.id, s.id, %(first)s + n / %(requests)s, 1,
        CASE WHEN %(open)s THEN 'enabled' ELSE 'done' END, %(open)s, %(open)s, '', 1,
        '[]', %(now)s - random() * interval '60 days',
        CASE WHEN random() < 0.9
            THEN %(now)s + (random() * 90 - 60) * interval '1 day' END,
        CASE WHEN %(open)s THEN NULL ELSE %(now)s END, 0, 0, '', '', '', '{}', ''
    FROM generate_series(0, %(count)s - 1) AS n
    JOIN (SELECT id, version_id, row_number() OVER (ORDER BY id) - 1 AS place
          FROM workflows_workflowinstance) AS r ON r.place = n %% %(requests)s
    JOIN LATERAL (
        SELECT id FROM workflows_step WHERE version_id = r.version_id AND kind = 'approval'
        ORDER BY id OFFSET n / 7 %% 4 LIMIT 1
    ) AS s ON true
"""

BEST_PAGE = """
    WITH mine AS MATERIALIZED (
        SELECT s.id FROM workflows_roleentry e
        JOIN auth_user_groups m ON m.group_id = e.group_id
        JOIN workflows_step s ON s.role_id = e.role_id
        WHERE m.user_id = %(user)s
        UNION
        SELECT s.id FROM workflows_roleentry e JOIN workflows_step s ON s.role_id = e.role_id
        WHERE e.user_id = %(user)s
    )
    SELECT t.id, t.state, t.assignee_id, t.enabled_at, t.due_at, t.needed, t.votes, r.id, s.key,
        s.version_id, r.prefix, r.title, r.state, w.name, r.requester_name, u.first_name,
        u.last_name, r.marking -> 'deciders', r.marking -> 'requester'
    FROM (
        SELECT due_at, id FROM (
            SELECT q.due_at, q.id FROM mine CROSS JOIN LATERAL (
                SELECT due_at, id FROM workflows_workitem WHERE step_id = mine.id AND in_queue
                ORDER BY due_at, id LIMIT 51
            ) AS q
            UNION ALL
            (SELECT due_at, id FROM workflows_workitem
             WHERE assignee_id = %(user)s AND is_open AND NOT in_queue
             ORDER BY due_at, id LIMIT 51)
        ) AS part ORDER BY due_at, id LIMIT 51
    ) AS place
    JOIN workflows_workitem t ON t.id = place.id
    JOIN workflows_step s ON s.id = t.step_id
    JOIN workflows_workflowinstance r ON r.id = t.request_id
    JOIN workflows_workflowtemplate w ON w.id = r.template_id
    LEFT JOIN auth_user u ON u.id = r.requester_id
    ORDER BY place.due_at, place.id
"""
BEST_COUNT = """
    SELECT count(*) FROM (
        SELECT 1 FROM workflows_workitem WHERE in_queue AND step_id IN (
            SELECT s.id FROM workflows_roleentry e
            JOIN auth_user_groups m ON m.group_id = e.group_id
            JOIN workflows_step s ON s.role_id = e.role_id
            WHERE m.user_id = %(user)s
        ) LIMIT 1001
    ) AS queued
"""


def workflow(number: int) -> dict[str, Any]:
    """A map of four approvals in a row, each for one group."""
    steps: dict[str, Any] = {
        f"step_{place}": {
            "kind": "approval",
            "role": f"role_{place}",
            "expected": "4h",
            "due": "2d",
            "outcomes": {
                "approve": f"step_{place + 1}" if place < 3 else "done",
                "reject": {"to": "rejected", "exception": True},
            },
        }
        for place in range(4)
    }
    groups = [f"group_{(number * 4 + place) % GROUPS}" for place in range(4)]
    return {
        "format": 1,
        "key": f"workflow-{number}",
        "name": f"Workflow {number}",
        "owner": "olga",
        "deputy": "otto",
        "roles": {f"role_{place}": {"groups": [group]} for place, group in enumerate(groups)},
        "fields": {"amount": {"type": "money"}},
        "start": {"role": "role_0", "fields": ["amount"], "first": "step_0"},
        "steps": {
            **steps,
            "done": {"kind": "end", "result": "approved"},
            "rejected": {"kind": "end", "result": "rejected"},
        },
    }


def prepare() -> Any:
    """Tables, people, maps and tasks; returns the person whose inbox is read."""
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from django.db import connection

    from workflows.engine.definition import Definition
    from workflows.services import definitions

    call_command("migrate", verbosity=0)
    people = {name: User.objects.create_user(name) for name in ("olga", "otto", "asker", "ann")}
    for number in range(GROUPS):
        group = Group.objects.create(name=f"group_{number}")
        group.user_set.add(User.objects.create_user(f"member_{number}"))
        group.user_set.add(User.objects.create_user(f"other_{number}"))
        if number < MINE:
            group.user_set.add(people["ann"])
    for number in range(WORKFLOWS):
        definition = Definition.model_validate(workflow(number))
        version, _ = definitions.load_definition(definition, actor=None, now=NOW)
        definitions.publish(version.pk, actor=None, now=NOW)
    count = max(OPEN, 1)
    values: dict[str, Any] = {
        "now": NOW,
        "asker": people["asker"].pk,
        "workflows": WORKFLOWS,
        "requests": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(REQUESTS, {**values, "count": count})
        for is_open, many, first in ((True, OPEN, 1), (False, FINISHED, 2)):
            cursor.execute(TASKS, {**values, "count": many, "open": is_open, "first": first})
        cursor.execute("VACUUM ANALYZE")
    return people["ann"]


def timed(action: Callable[[], Any]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


def compare(user: Any) -> None:
    """Ours and the best SQL in turns; medians and their ratio."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from approvals.inbox import inbox_count, inbox_page
    from workflows.permissions import steps_of

    with psycopg.connect(SERVER + DATABASE, autocommit=True, prepare_threshold=3) as best:
        given = {"user": user.pk}

        def ours() -> None:
            steps = steps_of(user)
            inbox_page(user, steps=steps)
            inbox_count(user, steps=steps)

        def theirs() -> None:
            best.execute(BEST_PAGE, given).fetchall()
            best.execute(BEST_COUNT, given).fetchall()

        wanted = [row[0] for row in best.execute(BEST_PAGE, given)][:50]
        assert [row.id for row in inbox_page(user).rows] == wanted, "the answers differ"
        pairs = [(timed(ours), timed(theirs)) for _ in range(TIMES + 5)][5:]
        plan = "\n".join(row[0] for row in best.execute("EXPLAIN " + BEST_PAGE, given))
    with CaptureQueriesContext(connection) as captured:
        ours()
    mine, best_time = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"{OPEN:,} open and {FINISHED:,} finished tasks, {TIMES} times each, medians")
    print(f"(a) the inbox's page and count  {mine:8.2f} ms, {len(captured)} statements")
    print(f"(b) the best SQL by hand        {best_time:8.2f} ms, 2 statements")
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"a / b: {ratio:.2f} (bar: at most 2.0)")
    scans = [q["sql"] for q in captured.captured_queries if reads_all(connection, q["sql"])]
    print(f"sequential scans of the tasks table: {len(scans)} (by hand: {plan.count(SCAN)})")


SCAN = "Seq Scan on workflows_workitem"


def reads_all(connection: Any, sql: str) -> bool:
    """Whether a statement reads the whole table of tasks."""
    if not sql.lstrip().upper().startswith("SELECT"):
        return False
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"))
        return any(SCAN in row[0] for row in cursor.fetchall())


def main() -> None:
    """Prepare, compare, leave nothing behind."""
    fresh(DATABASE)
    os.environ["DATABASE_URL"] = SERVER + DATABASE
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    try:
        compare(prepare())
    finally:
        from django.db import connection

        connection.close()
        drop(DATABASE)


if __name__ == "__main__":
    main()
