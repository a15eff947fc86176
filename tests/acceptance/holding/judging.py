"""Whether what is held is what may be: at any moment, and at the end."""

from typing import Any

from django.db import connection


def most_at_once() -> dict[str, int]:
    """How many of each thing are had at one moment at most. One statement, so of one moment."""
    sql = """
        SELECT r.key, MAX((
            SELECT COALESCE(SUM(o.count), 0) FROM workflows_hold o
            WHERE o.resource_id = h.resource_id AND o.state <> 'released'
            AND o.starts_at <= h.starts_at AND o.ends_at > h.starts_at
        )) FROM workflows_hold h JOIN workflows_resource r ON r.id = h.resource_id
        WHERE h.state <> 'released' AND h.purpose = 'books' GROUP BY r.key
    """
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {key: int(most) for key, most in cursor.fetchall()}


def miscounted_periods() -> int:
    """Periods whose counters are not the sums of what is held and spent, or that are overdrawn.
    One statement."""
    sums = """(SELECT COALESCE(SUM(h.units), 0) FROM workflows_hold h
        WHERE h.period_id = p.id AND h.state = '{}')"""
    held, spent = sums.format("held"), sums.format("confirmed")
    sql = f"""
        SELECT COUNT(*) FROM workflows_budgetperiod p WHERE p.held_units <> {held}
        OR p.spent_units <> {spent} OR p.units < {held} + {spent}
    """
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def unmatched() -> tuple[int, int]:
    """Requests that run without what they asked for, and holds that are of none that runs."""
    from workflows.execution.models import WorkflowInstance
    from workflows.resources.models import Hold

    running = WorkflowInstance.objects.filter(state="running")
    live = Hold.objects.filter(state="held")
    purposes = ("books", "spends")
    without = sum(
        running.exclude(pk__in=live.filter(purpose=purpose).values("request")).count()
        for purpose in purposes
    )
    return without, live.exclude(request__in=running).count()


def lines(capacities: dict[str, int]) -> list[tuple[str, Any, bool]]:
    """The lines of the table at the end."""
    from workflows.execution.models import WorkflowInstance
    from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
    from workflows.resources.models import Hold

    without, astray = unmatched()
    rows = list(WorkflowInstance.objects.all())
    wrong = sum(rebuild_from_trail(row)[0].to_json() != row.marking for row in rows)
    most = most_at_once()
    return [
        ("requests", len(rows), bool(rows)),
        ("holds made", Hold.objects.count(), True),
        ("confirmed", Hold.objects.filter(state="confirmed").count(), True),
        ("at once at the end", most, all(n <= capacities[k] for k, n in most.items())),
        ("budgets miscounted at the end", miscounted_periods(), not miscounted_periods()),
        ("requests without their hold", without, without == 0),
        ("holds without a request", astray, astray == 0),
        ("not where the trail leads", wrong, wrong == 0),
    ]
