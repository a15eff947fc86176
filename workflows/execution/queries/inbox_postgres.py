"""Which tasks reach an inbox, and what the list says of them, as PostgreSQL is asked for them.

The first N of each step are read along the partial index `queue_by_due` and merged, so the page
costs the same however much work is open. Where many requests meet what is searched for, the queues
are put in order whole, and one task after another is asked for its request until there are enough.
"""

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

LISTED_PEOPLE = "SELECT unnest(%(people)s::bigint[])"
HELD = """
    WITH held AS MATERIALIZED (
        SELECT id AS task FROM workflows_workitem
        WHERE assignee_id = ANY(%(people)s::bigint[]) AND is_open
        UNION
        SELECT work_item_id FROM workflows_addedperson WHERE user_id = ANY(%(people)s::bigint[])
    )
"""
"""What is with the people for whom the person stands in, and was escalated to them."""
HELD_IN_WORKFLOWS = "WITH held AS MATERIALIZED ({held})"
PLACES = "SELECT due_at, id FROM ({parts}) AS part ORDER BY {order} LIMIT {limit}"
WALKED = """
    SELECT due_at, id FROM (
        SELECT * FROM ({parts}) AS part ORDER BY {order} OFFSET 0
    ) AS workflows_workitem WHERE {of_requests} ORDER BY {order} LIMIT {limit}
"""
"""Rows are looked at in the order of the list, which the outer order only confirms; `OFFSET` keeps
the planner from putting the two into one."""
OF_A_STEP = """
    SELECT t.* FROM {steps} CROSS JOIN LATERAL (
        SELECT {columns} FROM workflows_workitem
        WHERE step_id = s.id AND in_queue AND {behind}
        ORDER BY {order} LIMIT {limit}
    ) AS t
"""
ALL_STEPS = "unnest(%(steps)s::bigint[]) AS s (id)"
SOME_STEPS = "(SELECT id FROM unnest(%(steps)s::bigint[]) AS a (id) WHERE {condition}) AS s"
OF_FEW_REQUESTS = """
    SELECT {columns} FROM workflows_workitem
    WHERE is_open AND {task_step} AND {behind} AND (
        in_queue AND step_id = ANY(%(steps)s::bigint[])
        OR %(is_own)s AND (assignee_id = %(user)s OR id IN (
            SELECT work_item_id FROM workflows_addedperson WHERE user_id = %(user)s
        )) {or_of_others}
    )
"""
"""Every way at once: where requests are few, all of their open tasks are looked at."""
OR_OF_OTHERS = "OR id IN (SELECT task FROM held)"
OF_THEIR_OWN = """
    SELECT {columns} FROM (
        SELECT {columns} FROM workflows_workitem
        WHERE assignee_id = %(user)s AND is_open AND {task_step} AND {behind}
        AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[]))
        ORDER BY {order} LIMIT {limit}
    ) AS own
"""
EACH_TASK = """
    CROSS JOIN LATERAL (
        SELECT * FROM workflows_workitem t WHERE t.id = task LIMIT 1
    ) AS workflows_workitem
"""
"""The row of each listed task, by its key: however many the planner expects there to be, it is not
to read all open ones for the few of a person."""
OF_THE_ESCALATED = """
    SELECT {columns} FROM (
        SELECT {columns} FROM (
            SELECT work_item_id AS task FROM workflows_addedperson WHERE user_id = %(user)s
        ) AS escalated {each_task}
        WHERE is_open AND {task_step} AND {behind} AND assignee_id IS DISTINCT FROM %(user)s
        AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[]))
        ORDER BY {order} LIMIT {limit}
    ) AS escalated
"""
OF_OTHERS = """
    SELECT {columns} FROM (
        SELECT {columns} FROM held {each_task}
        WHERE is_open AND {task_step} AND {behind}
        AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[]))
        AND NOT (%(is_own)s AND (assignee_id IS NOT DISTINCT FROM %(user)s OR id IN (
            SELECT work_item_id FROM workflows_addedperson WHERE user_id = %(user)s
        )))
        ORDER BY {order} LIMIT {limit}
    ) AS of_others
"""
COUNTED = """
    {held}
    SELECT count(*) FROM (
        (
            SELECT 1 FROM workflows_workitem
            WHERE in_queue AND step_id = ANY(%(steps)s::bigint[]) LIMIT %(limit)s
        )
        {parts}
        LIMIT %(limit)s
    ) AS counted
"""
"""Counts no further than the limit: with a full queue nothing else is looked at."""
COUNTED_OWN = """
    UNION ALL
    SELECT 1 FROM workflows_workitem WHERE assignee_id = %(user)s AND is_open
    AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[]))
    UNION ALL
    SELECT 1 FROM (
        SELECT work_item_id AS task FROM workflows_addedperson WHERE user_id = %(user)s
    ) AS escalated {each_task}
    WHERE is_open AND assignee_id IS DISTINCT FROM %(user)s
    AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[]))
"""
COUNTED_FOR_OTHERS = """
    UNION ALL
    SELECT 1 FROM (
        SELECT id AS task FROM workflows_workitem
        WHERE %(is_own)s AND assignee_id = %(user)s AND is_open
        UNION SELECT work_item_id FROM workflows_addedperson
        WHERE %(is_own)s AND user_id = %(user)s
        UNION SELECT task FROM held
    ) AS own {each_task}
    WHERE is_open AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[]))
"""


def listed_places(
    reach: WorkReach, after: InboxCursor | None, limit: int, conditions: TaskConditions
) -> ListedPlaces:
    """Where the next tasks in this reach stand that meet the conditions, in their order."""
    parts = _inbox_parts(reach, conditions)
    sql = _places_sql(
        _ranges_behind(after, conditions),
        parts,
        limit,
        conditions.order,
        conditions.step.sql if conditions.step else "",
        _asked_last(conditions),
    )
    values = _parameters(reach) | conditions.values
    values["requests"] = sorted(conditions.requests or ())
    values |= {"due": after.due_at, "id": after.id} if after else {}
    is_held_asked = any(" held" in part for part in parts)
    return ListedPlaces(sql, values, _held_by_others_sql(reach.is_scoped) if is_held_asked else "")


def count_reachable_tasks(reach: WorkReach, limit: int) -> int:
    """How many tasks are in this reach, counted up to a limit. One statement."""
    is_for_others = bool(reach.people) or not reach.is_own
    sql = COUNTED.format(
        held=_held_by_others_sql(reach.is_scoped) if is_for_others else "",
        parts=(COUNTED_FOR_OTHERS if is_for_others else COUNTED_OWN).format(each_task=EACH_TASK),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {**_parameters(reach), "limit": limit})
        return int(cursor.fetchone()[0])


def _parameters(reach: WorkReach) -> dict[str, Any]:
    return {
        "steps": reach.steps,
        "user": reach.user.pk,
        "people": reach.people_ids,
        "now": sql_moment(reach.now),
        "is_own": reach.is_own,
    }


def _inbox_parts(reach: WorkReach, conditions: TaskConditions) -> tuple[str, ...]:
    """The ways in which a task can reach the inbox. The queue of each step is walked in its order,
    unless so few requests are left that their tasks are looked at instead."""
    if conditions.requests is not None:
        or_of_others = OR_OF_OTHERS if reach.people else ""
        return (OF_FEW_REQUESTS.replace("{or_of_others}", or_of_others),)
    own = (OF_THEIR_OWN, OF_THE_ESCALATED) if reach.is_own else ()
    return (OF_A_STEP, *own, *((OF_OTHERS,) if reach.people else ()))


@lru_cache(maxsize=256)
def _places_sql(
    ranges: tuple[str, ...],
    parts: tuple[str, ...],
    limit: int,
    order: InboxOrder,
    step: str,
    asked_last: tuple[str, ...],
) -> str:
    """The statement; the limit is written out, since a kept plan for any limit reads too much."""
    names = {
        "columns": "due_at, id, request_id" if asked_last else "due_at, id",
        "limit": "ALL" if asked_last else limit,
        "order": order.columns,
        "steps": SOME_STEPS.format(condition=_asked_of_each(step, "a.id")) if step else ALL_STEPS,
        "each_task": EACH_TASK,
        "task_step": _asked_of_each(step, "step_id") if step else "true",
    }
    pieces = [part.format(behind=behind, **names) for behind in ranges for part in parts]
    return (WALKED if asked_last else PLACES).format(
        parts=" UNION ALL ".join(pieces),
        of_requests=" AND ".join(asked_last),
        limit=limit,
        order=order.columns,
    )


def _asked_last(conditions: TaskConditions) -> tuple[str, ...]:
    """What is asked of one task after another in their order; nothing where few requests are
    left, for then it is asked of all of their tasks."""
    return conditions.on_requests_of_tasks if conditions.requests is None else ()


def _asked_of_each(step: str, column: str) -> str:
    """The condition on a step where rows are found by something else. `IS TRUE` keeps the planner
    from beginning with all open tasks of these steps, and so from reading thousands for a few."""
    return f"({step.format(step=column)}) IS TRUE"


def _held_by_others_sql(is_scoped: bool) -> str:
    """The tasks of those of the people for whom the person stands in that are asked for; of all
    their tasks, where it is in every workflow."""
    if not is_scoped:
        return HELD
    held = tasks_stood_in_for_sql()
    of_people = compose_sql(
        "SELECT DISTINCT l.task FROM ({held}) l WHERE l.person = ANY(%(people)s::bigint[])",
        held=held,
    )
    return HELD_IN_WORKFLOWS.format(held=of_people)


def _ranges_behind(after: InboxCursor | None, conditions: TaskConditions) -> tuple[str, ...]:
    """The ranges of the index that lie behind a place, with what is asked of each row in them."""
    row_conditions = conditions.on_tasks
    if conditions.requests is not None:
        of_these = "request_id = ANY(%(requests)s::bigint[])"
        row_conditions = (*row_conditions, of_these, *conditions.on_requests_of_tasks)
    return tuple(
        " AND ".join((behind, *row_conditions)) for behind in _index_ranges(after, conditions.order)
    )


def _index_ranges(after: InboxCursor | None, order: InboxOrder) -> tuple[str, ...]:
    """By due date dated tasks come first, so behind a dated task lie the later ones and then all
    undated ones."""
    if after is None:
        return ("true",)
    if order != InboxOrder.DUE:
        return ("id > %(id)s" if order == InboxOrder.OLDEST else "id < %(id)s",)
    if after.due_at is None:
        return ("due_at IS NULL AND id > %(id)s",)
    return "(due_at, id) > (%(due)s, %(id)s)", "due_at IS NULL"
