"""Which tasks reach an inbox, as SQLite is asked for them.

The queues of all steps are put in order as narrow rows; what is dear to ask (of a task's request)
is asked of one after another, until there are enough. Ids go in as one list in JSON.
"""

import json
from functools import lru_cache
from typing import Any

from django.db import connection

from workflows.access.conditions import tasks_stood_in_for_sql
from workflows.access.conditions.stand_in_sql import sql_moment
from workflows.execution.queries.inbox_narrowing import (
    InboxCursor,
    InboxOrder,
    ListedPlaces,
    TaskConditions,
)
from workflows.execution.queries.inbox_reach import WorkReach
from workflows.persistence.sql_text import compose_sql

LISTED = "SELECT due_at, id FROM ({parts}) ORDER BY {order} LIMIT {limit}"
WALKED = """
    SELECT place.due_at, place.id FROM (
        SELECT due_at, id FROM ({parts}) ORDER BY {order} LIMIT -1
    ) AS place CROSS JOIN workflows_workitem ON workflows_workitem.id = place.id
    WHERE {of_requests} LIMIT {limit}
"""
"""Rows are looked at in the order of the list, for the inner limit keeps SQLite from putting the
two into one."""
STEPS = "SELECT a.value FROM json_each(%(steps)s) a"
QUEUED = compose_sql("in_queue AND step_id IN ({steps})", steps=STEPS)
OF_STEPS = """
    SELECT due_at, id FROM workflows_workitem INDEXED BY queue_by_due
    WHERE in_queue AND step_id IN ({steps}) AND {conditions}
"""
OF_PEOPLE = """
    SELECT due_at, id FROM workflows_workitem
    WHERE id IN ({held}) AND is_open AND NOT ({queued}) AND {task_step} AND {conditions}
"""
OF_FEW_REQUESTS = """
    SELECT due_at, workflows_workitem.id AS id FROM json_each(%(requests)s) AS asked
    CROSS JOIN workflows_workitem ON request_id = asked.value AND is_open
    WHERE ({queued} OR workflows_workitem.id IN ({held})) AND {task_step} AND {conditions}
"""
"""Every way at once: where requests are few, all of their open tasks are looked at."""
COUNTED = """
    SELECT count(*) FROM (
        SELECT * FROM (
            SELECT 1 FROM workflows_workitem INDEXED BY queue_by_due WHERE {queued} LIMIT %(limit)s
        )
        UNION ALL
        SELECT 1 FROM workflows_workitem WHERE id IN ({held}) AND is_open AND NOT ({queued})
        LIMIT %(limit)s
    )
"""
HELD_BY = """
    SELECT id FROM workflows_workitem WHERE assignee_id IN ({people}) AND is_open
    UNION SELECT work_item_id FROM workflows_addedperson WHERE user_id IN ({people})
"""
LISTED_PEOPLE = "SELECT p.value FROM json_each(%(people)s) p"


def listed_places(
    reach: WorkReach, after: InboxCursor | None, limit: int, conditions: TaskConditions
) -> ListedPlaces:
    """Where the next tasks in this reach stand that meet the conditions, in their order."""
    sql = _places_sql(conditions, _held_sql(reach), _behind(after, conditions.order), limit)
    values = _parameters(reach) | conditions.values
    values["requests"] = json.dumps(sorted(conditions.requests or ()))
    if after is not None:
        moment = sql_moment(after.due_at) if after.due_at is not None else None
        values |= {"id": after.id, "due": moment}
    return ListedPlaces(sql, values)


def count_reachable_tasks(reach: WorkReach, limit: int) -> int:
    """How many tasks are in this reach, counted up to a limit. One statement."""
    sql = COUNTED.format(held=_held_sql(reach), queued=QUEUED)
    with connection.cursor() as cursor:
        cursor.execute(sql, {**_parameters(reach), "limit": limit})
        return int(cursor.fetchone()[0])


def _parameters(reach: WorkReach) -> dict[str, Any]:
    return {
        "user": reach.user.pk,
        "now": sql_moment(reach.now),
        "steps": json.dumps(reach.steps),
        "people": json.dumps(reach.people_ids),
    }


def _places_sql(conditions: TaskConditions, held: str, behind: str, limit: int) -> str:
    on_each = " AND ".join((behind, *conditions.on_tasks))
    steps, task_step = STEPS, "true"
    if conditions.step is not None:
        chosen = conditions.step.sql.format(step="a.value")
        steps = compose_sql("{steps} WHERE {chosen}", steps=STEPS, chosen=chosen)
        task_step = conditions.step.sql.format(step="step_id")
    names = {
        "held": held,
        "conditions": on_each,
        "steps": steps,
        "task_step": task_step,
        "queued": QUEUED,
    }
    ways = (OF_STEPS, OF_PEOPLE) if conditions.requests is None else (OF_FEW_REQUESTS,)
    of_requests = conditions.on_requests_of_tasks
    return compose_sql(
        WALKED if of_requests else LISTED,
        parts=" UNION ALL ".join(way.format(**names) for way in ways),
        order=conditions.order.columns,
        of_requests=" AND ".join(of_requests),
        limit=limit,
    )


@lru_cache(maxsize=1)
def _held_for_others_sql() -> str:
    """Where somebody stands in for single workflows, the tasks of these alone."""
    return compose_sql(
        "SELECT l.task FROM ({held}) l WHERE l.person IN ({people})",
        held=tasks_stood_in_for_sql(),
        people=LISTED_PEOPLE,
    )


def _held_sql(reach: WorkReach) -> str:
    """SQL for the tasks that people in this reach have, or to which they were added."""
    parts = [HELD_BY.format(people="%(user)s")] if reach.is_own else []
    if reach.people:
        parts.append(
            _held_for_others_sql() if reach.is_scoped else HELD_BY.format(people=LISTED_PEOPLE)
        )
    return " UNION ".join(parts) or "NULL"


def _behind(after: InboxCursor | None, order: InboxOrder) -> str:
    """The condition that a task lies behind a place; undated ones are last."""
    if after is None:
        return "true"
    if order != InboxOrder.DUE:
        sign = ">" if order == InboxOrder.OLDEST else "<"
        return f"workflows_workitem.id {sign} %(id)s"
    if after.due_at is None:
        return "due_at IS NULL AND workflows_workitem.id > %(id)s"
    at_once = "due_at = %(due)s AND workflows_workitem.id > %(id)s"
    return f"(due_at > %(due)s OR {at_once} OR due_at IS NULL)"
