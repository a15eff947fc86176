"""The requests of some workflows that have ended lately, each by the task that was done last."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from workflows.access.conditions.stand_in_sql import sql_moment
from workflows.execution.models import DONE, WorkflowInstance, WorkItem
from workflows.people.models import User

LATELY: Final = timedelta(days=30)
MOST_ENDED: Final = 100
"""So many of each workflow are looked at, the newest."""

NEWEST_ENDED = """
    SELECT r.id FROM unnest(%s::bigint[]) AS t (id) CROSS JOIN LATERAL (
        SELECT id FROM workflows_workflowinstance
        WHERE template_id = t.id AND state = 'completed' AND completed_at >= %s
        ORDER BY completed_at DESC LIMIT %s
    ) AS r
"""
NEWEST_ENDED_OF_ALL = """
    SELECT id FROM workflows_workflowinstance INDEXED BY ended_of_a_workflow
    WHERE template_id IN ({templates}) AND state = 'completed' AND completed_at >= %s
    ORDER BY completed_at DESC LIMIT %s
"""
"""SQLite's: left alone it reads every request of a workflow that is over."""


def find_last_tasks_of_ended(
    user: User, version_ids: Collection[int], template_ids: Collection[int], now: datetime
) -> list[WorkItem]:
    """The task that was done last of each request of these versions (of these workflows) that has
    ended lately, as far as this person may see it. Three statements, and less where there are
    none."""
    ids = _newest_ended(sorted(template_ids), now - LATELY)
    if not ids:
        return []
    seen = WorkflowInstance.objects.visible_to(user).filter(pk__in=ids, version__in=version_ids)
    visible = list(seen.order_by().values_list("pk", flat=True))
    rows = WorkItem.objects.filter(request__in=visible, state=DONE, completed_at__isnull=False)
    joined = rows.select_related("request", "assignee", "decided_by", "decided_for")
    last: dict[int, WorkItem] = {}
    for task in joined.defer("request__marking").order_by("completed_at", "pk"):
        last[task.request_id] = task
    return list(last.values())


def _newest_ended(template_ids: list[int], since: datetime) -> list[int]:
    """One statement, along the index `ended_of_a_workflow`."""
    moment = sql_moment(since)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(NEWEST_ENDED, [template_ids, moment, MOST_ENDED])
        else:
            written = ", ".join(str(int(template)) for template in template_ids) or "NULL"
            most = MOST_ENDED * max(1, len(template_ids))
            cursor.execute(NEWEST_ENDED_OF_ALL.format(templates=written), [moment, most])
        return [row[0] for row in cursor.fetchall()]
