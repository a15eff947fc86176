"""The bottleneck page from roll-ups, beside one SQL statement over the raw rows; and a day's cost.

One workflow of eight steps over two years, MIRROR_ITEMS tasks (5,000,000), made by SQL. In one run
and in turns: (a) the page as the view makes it from the roll-ups, (b) one statement with
`percentile_cont` over the raw rows for the same figures by step, hand-off, role and week; and
rolling up one day beside reading that day's rows once.
"""

import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from bench.databases import SERVER, drop, fresh

DATABASE = "handoff_bench_mirror"
ITEMS = int(os.environ.get("MIRROR_ITEMS", "5000000"))
TURNS = int(os.environ.get("MIRROR_TURNS", "3"))
DAYS, STEPS = 730, 8
BEGAN = datetime(2024, 3, 4, tzinfo=UTC)
END = BEGAN + timedelta(days=DAYS)
LATE = 0.02
"""How far a median may be: 1% of the value, and a little for values of less than a second."""

REQUESTS = """
    INSERT INTO workflows_workflowinstance
        (template_id, version_id, prefix, title, source, state, result, data, marking,
         requester_id, requester_name, started_at, completed_at)
    SELECT %(template)s, %(version)s, 'M', '', 'form', 'completed', 'approved', '{}', '{}',
        NULL, '', began, began + interval '8 days' * random()
    FROM (SELECT %(began)s::timestamptz
              + interval '1 day' * ((%(days)s - 9.0) * n / %(count)s) AS began
          FROM generate_series(1, %(count)s) AS n) AS r
"""
TASKS = """
    INSERT INTO workflows_workitem
        (request_id, step_id, activation, round, state, is_open, in_queue, came_from, needed,
         votes, enabled_at, started_at, completed_at, due_at, paused_seconds,
         paused_business_seconds, waiting_seconds, working_seconds, waiting_business_seconds,
         working_business_seconds, outcome, comment, performer_name, document_versions,
         closing_code, closing_parameters)
    SELECT 1 + n / %(steps)s, %(first)s + n %% %(steps)s, 1 + n %% %(steps)s,
        CASE WHEN again THEN 2 ELSE 1 END, 'done', false, false,
        CASE WHEN n %% %(steps)s = 0 THEN '' WHEN again THEN 'step_' || (n + 1) %% %(steps)s
             ELSE 'step_' || (n - 1) %% %(steps)s END,
        1, '[]', came, came + waits * interval '1 second',
        came + (waits + works) * interval '1 second', came + interval '2 days', 0, 0,
        waits, works, waits / 3, works / 2,
        CASE WHEN chance < 0.08 THEN 'reject' ELSE 'approve' END, '', '', '{}', '', '{}'
    FROM (
        SELECT n, random() AS chance, random() < 0.1 AS again,
            %(began)s::timestamptz + interval '1 day' * ((%(days)s - 9.0) * n / %(count)s)
                + interval '1 day' * (n %% %(steps)s) AS came,
            trunc(1e6 * exp(9 + 1.2 * sqrt(-2 * ln(1 - random())) * cos(6.28318 * random()))) / 1e6
                AS waits,
            trunc(1e6 * exp(7 + sqrt(-2 * ln(1 - random())) * cos(6.28318 * random()))) / 1e6
                AS works
        FROM generate_series(%(from)s, %(to)s) AS n
    ) AS task
"""
_MEASURES = (
    "waiting_seconds",
    "working_seconds",
    "waiting_business_seconds",
    "working_business_seconds",
    "waiting_business_seconds + working_business_seconds",
)
TAKEN = _MEASURES[4]
NOTHING = ", ".join(["NULL::numeric"] * 3 + ["NULL::float8"] * 5 + ["NULL::float8[]"] * 4)
RAW = """
    WITH task AS NOT MATERIALIZED (
        SELECT step_id, came_from, role_id, round, outcome, enabled_at, completed_at, due_at,
            waiting_seconds, working_seconds, waiting_business_seconds, working_business_seconds
        FROM workflows_workitem JOIN workflows_step s ON s.id = step_id WHERE state = 'done'
    )
    SELECT 'period', step_id, came_from, role_id, NULL::date, count(*),
        sum((completed_at > due_at)::int), sum((round > 1)::int), sum((outcome = 'reject')::int),
        {sums}, sum(greatest({taken} - 14400, 0)), {quantiles}
    FROM task WHERE completed_at >= %(since)s AND completed_at < %(until)s
    GROUP BY GROUPING SETS ((step_id), (step_id, came_from), (role_id))
    UNION ALL
    SELECT 'week', step_id, NULL, NULL, date_trunc('week', completed_at AT TIME ZONE 'UTC')::date,
        count(*), {nothing}, percentile_cont(ARRAY[0.5]) WITHIN GROUP (ORDER BY {taken})
    FROM task WHERE completed_at < %(first)s OR completed_at >= %(recent)s GROUP BY 2, 5
    UNION ALL
    SELECT 'came', step_id, NULL, NULL, date_trunc('week', enabled_at AT TIME ZONE 'UTC')::date,
        count(*), {nothing}, NULL FROM task GROUP BY 2, 5
    UNION ALL
    SELECT 'done', step_id, NULL, NULL, date_trunc('week', completed_at AT TIME ZONE 'UTC')::date,
        count(*), {nothing}, NULL FROM task GROUP BY 2, 5
""".format(
    sums=", ".join(f"sum({name})" for name in _MEASURES[:4]),
    quantiles=", ".join(
        f"percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {name})" for name in _MEASURES
    ),
    taken=TAKEN,
    nothing=NOTHING,
)
DAY_COLUMNS = (
    "step_id, came_from, round, outcome, enabled_at, completed_at, due_at, waiting_seconds,"
    " working_seconds, waiting_business_seconds, working_business_seconds"
)


def workflow() -> dict[str, Any]:
    """A map of eight approvals in a row."""
    steps: dict[str, Any] = {
        f"step_{place}": {
            "kind": "approval",
            "role": f"role_{place % 3}",
            "expected": "4h",
            "outcomes": {
                "approve": f"step_{place + 1}" if place < STEPS - 1 else "done",
                "reject": {"to": "rejected", "exception": True},
            },
        }
        for place in range(STEPS)
    }
    return {
        "format": 1,
        "key": "mirror",
        "name": "Mirror",
        "owner": "olga",
        "deputy": "otto",
        "roles": {f"role_{number}": {"groups": [f"group_{number}"]} for number in range(3)},
        "fields": {"amount": {"type": "money"}},
        "start": {"role": "role_0", "fields": ["amount"], "first": "step_0"},
        "steps": {
            **steps,
            "done": {"kind": "end", "result": "approved"},
            "rejected": {"kind": "end", "result": "rejected"},
        },
    }


def prepare() -> Any:
    """Tables, the map, and the rows; returns the workflow."""
    from django.contrib.auth.models import Group
    from django.core.management import call_command
    from django.db import connection

    from workflows.definitions.services import publishing as definitions
    from workflows.engine.format.definition import Definition
    from workflows.people.models import User

    call_command("migrate", verbosity=0)
    for name in ("olga", "otto"):
        User.objects.create_user(name)
    for number in range(3):
        group = Group.objects.create(name=f"group_{number}")
        group.user_set.add(User.objects.create_user(f"one_{number}"))
        group.user_set.add(User.objects.create_user(f"two_{number}"))
    definition = Definition.model_validate(workflow())
    version, _ = definitions.load_definition(definition, actor=None, now=BEGAN)
    version = definitions.publish(version.pk, actor=None, now=BEGAN)
    values: dict[str, Any] = {
        "template": version.template_id,
        "version": version.pk,
        "began": BEGAN,
        "days": DAYS,
        "steps": STEPS,
        "first": version.steps.get(key="step_0").pk,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no check of each foreign key
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(REQUESTS, {**values, "count": ITEMS // STEPS + 1})
        for begin in range(0, ITEMS, 500_000):
            last = min(begin + 500_000, ITEMS) - 1
            cursor.execute(TASKS, {**values, "count": ITEMS, "from": begin, "to": last})
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
    return version.template


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds, and what came of it."""
    begun = time.perf_counter()
    answer = action()
    return (time.perf_counter() - begun) * 1000, answer


def page(template: Any, since: date | None) -> Any:
    """Everything that the page shows, as the view makes it."""
    from reporting.bottlenecks.page import build_report_page
    from reporting.bottlenecks.queries import Span, collect_bottlenecks

    found = collect_bottlenecks(template, Span(since=since))
    return found, build_report_page(found)


def raw(since: date | None, found: Any) -> list[Any]:
    """The same figures in one statement: by step, hand-off and role, and what weeks say."""
    from django.db import connection

    from reporting.bottlenecks.trends import FIRST, LAST

    mondays = found.weeks.mondays()
    with connection.cursor() as cursor:
        cursor.execute(
            RAW,
            {
                "since": midnight(since) if since else BEGAN,
                "until": END + timedelta(days=60),
                "first": midnight(mondays[0] + timedelta(weeks=FIRST)),
                "recent": midnight(mondays[-1] - timedelta(weeks=LAST - 1)),
            },
        )
        return list(cursor.fetchall())


def midnight(day: date) -> datetime:
    """A day's first moment."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def same(found: Any, rows: list[Any]) -> float:
    """The largest relative difference of a median or p90; counts must be equal."""
    from reporting.bottlenecks.queries import NAMES
    from reporting.bottlenecks.trends import ENOUGH, collect_trends

    by_step = found.by(lambda step, _: step)
    weekly = {(one.step, week[0]): week[1] for one in collect_trends(found) for week in one.weeks}
    moves = found.weeks.moves
    most = 0.0
    for kind, step, came_from, role, week, *values in rows:
        if role is not None:
            continue
        if kind == "period":
            totals = by_step[step] if came_from is None else found.pairs[step, came_from]
            counts = (totals.completed, totals.overdue, totals.reworked, totals.exceptions)
            assert counts == tuple(int(value) for value in values[:4]), (counts, values[:4])
            for name, wanted in zip(NAMES, values[9:], strict=True):
                for mine, theirs in zip(totals.at(name), wanted, strict=True):
                    most = max(most, abs(mine - theirs) / theirs)
            continue
        title = found.steps[step].title
        if kind == "week" and values[0] >= ENOUGH:
            most = max(most, abs(weekly[title, week] - values[-1][0]) / values[-1][0])
        elif kind != "week":
            assert moves[title, week][kind == "done"] == values[0]
    assert most <= LATE, most
    return most


def compare_pages(template: Any) -> None:
    """The page, from roll-ups and from raw rows, in turns."""
    recent = (END - timedelta(days=90)).date() - timedelta(days=2)
    for name, since in (("all two years", None), ("the last 90 days", recent)):
        found = page(template, since)[0]
        turns = []
        for _ in range(TURNS):
            slow, rows = timed(partial(raw, since, found))
            made = [timed(partial(page, template, since))[0] for _ in range(5)]
            turns.append((statistics.median(made), slow))
        mine, theirs = (statistics.median(side) for side in zip(*turns, strict=True))
        most = same(found, rows)
        print(
            f"{name}: (a) roll-ups {mine:,.0f} ms; (b) percentile_cont over raw rows"
            f" {theirs:,.0f} ms"
        )
        ratio = statistics.median(slow / quick for quick, slow in turns)
        print(f"  b / a: {ratio:,.0f} (bar: at least 50); medians and p90 differ by {most:.2%}")


def compare_days() -> None:
    """Rolling up a day, and reading that day's rows once, in turns."""
    from django.db import connection

    from reporting.rollups.services import roll_up_day

    def read(columns: str, begin: datetime) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns} FROM workflows_workitem"
                " WHERE completed_at >= %s AND completed_at < %s",
                [begin, begin + timedelta(days=1)],
            )
            return len(cursor.fetchall())

    turns = []
    for number in range(100, 130):
        begin = BEGAN + timedelta(days=number)
        read("*", begin)
        some, count = timed(partial(read, DAY_COLUMNS, begin))
        mine, _ = timed(partial(roll_up_day, begin.date()))
        whole, _ = timed(partial(read, "*", begin))
        turns.append((mine, some, whole, count))
    mine, some, whole, count = (statistics.median(side) for side in zip(*turns, strict=True))
    print(
        f"a day of {count:,.0f} tasks: rolling up {mine:.1f} ms; reading its rows once"
        f" {whole:.1f} ms ({some:.1f} ms of the columns that are needed)"
    )
    ratio = statistics.median(turn[0] / turn[2] for turn in turns)
    print(f"  rolling up / reading: {ratio:.2f} (bar: at most 1)")


def main() -> None:
    """Prepare, roll up, compare, leave nothing behind."""
    fresh(DATABASE)
    os.environ["DATABASE_URL"] = SERVER + DATABASE
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import connection

    from bench.databases import size
    from reporting.rollups.services import rebuild_roll_ups

    try:
        made, template = timed(prepare)
        print(f"{ITEMS:,} tasks of {STEPS} steps over {DAYS} days, made in {made / 1000:,.0f} s")
        rolled, days = timed(lambda: rebuild_roll_ups(now=END))
        tables = [
            size(DATABASE, (name,)) / 1e6 for name in ("workflows_workitem", "reporting_steprollup")
        ]
        print(
            f"all {len(days):,} days rolled up in {rolled / 1000:,.0f} s; tasks"
            f" {tables[0]:,.0f} MB, roll-ups {tables[1]:,.0f} MB"
        )
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE reporting_steprollup")
        compare_pages(template)
        compare_days()
    finally:
        connection.close()
        drop(DATABASE)


if __name__ == "__main__":
    main()
