"""Which tasks reach an inbox, oldest due first, with what the list says of them.

On PostgreSQL the first N of each step are read along the partial index `queue_by_due` and
merged, so the page costs the same however much work is open. Elsewhere the ORM says the same.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, F, JSONField, Q

from workflows.access.conditions import held_by_people_condition, tasks_stood_in_for_sql
from workflows.access.conditions.stand_in_sql import sql_moment
from workflows.execution.models import AddedPerson, WorkItem, WorkItemQuerySet
from workflows.execution.queries.inbox_narrowing import (
    ANY_TASK,
    TASK,
    InboxOrder,
    TaskConditions,
)
from workflows.execution.queries.inbox_reach import WorkReach, added_people_sql
from workflows.people.models import StandInPeriod, User
from workflows.people.queries.stand_ins import absences_of
from workflows.persistence.sql_text import (
    compose_sql,
    positional_sql,
    sql_condition,
    sql_expression,
)


class InboxCursor(NamedTuple):
    """Where in the list a task stands: by due date (none is last), then by age."""

    due_at: datetime | None
    id: int


NOTHING = "SELECT 0 AS id WHERE 1 = 0"
JSON_COLUMNS = ("votes", "deciders", "asked_by", "added")


def read_inbox_rows(
    reach: WorkReach,
    after: InboxCursor | None,
    limit: int,
    conditions: TaskConditions = ANY_TASK,
) -> list[dict[str, Any]]:
    """The next tasks in this reach that meet the conditions, in their order, with what the list
    says of them. One statement on PostgreSQL, else two."""
    if connection.vendor == "postgresql":
        return _merged_rows(reach, after, limit, conditions)
    tasks = _narrowed_tasks(reachable_tasks(reach), after, conditions)
    ids = list(tasks.values_list("id", flat=True)[:limit])
    by_id = {row["id"]: row for row in _rows_of_tasks(ids, reach)}
    return [by_id[pk] for pk in ids if pk in by_id]


def listed_ids_sql(
    reach: WorkReach, conditions: TaskConditions, limit: int
) -> tuple[str, list[Any]]:
    """SQL for the ids of the first tasks in this reach that meet the conditions, and what stands in
    its places."""
    if connection.vendor == "postgresql":
        return _listed_places(reach, conditions, limit)
    tasks = _narrowed_tasks(reachable_tasks(reach), None, conditions)
    try:
        sql, values = tasks.values_list("id")[:limit].query.sql_with_params()
    except EmptyResultSet:  # no request was found: Django has no SQL for nothing
        return NOTHING, []
    return sql, list(values)


def count_reachable_tasks(reach: WorkReach, limit: int) -> int:
    """How many tasks are in this reach, counted up to a limit. One statement."""
    if connection.vendor != "postgresql":
        return reachable_tasks(reach).order_by()[:limit].count()
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


# -- on PostgreSQL ----------------------------------------------------------------------------

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
MERGED = """
    {held}
    SELECT task.id, task.step_id, task.state, task.assignee_id, task.in_queue, task.enabled_at,
        task.due_at, task.needed, task.round, task.votes, task.request_id AS request_number,
        step.key AS step_key, step.version_id AS version, request.prefix, request.title,
        request.state AS request_state, workflow.name AS workflow, request.requester_name,
        request.requester_id, request.template_id, EXISTS (
            SELECT 1 FROM {periods} period WHERE period.person_id = request.requester_id
            AND period.begins_at <= %(now)s AND period.ends_at > %(now)s
        ) AS requester_is_away,
        person.first_name, person.last_name, request.marking -> 'deciders' AS deciders,
        request.marking -> 'requester' AS asked_by,
        ({added}) AS added
    FROM ({places}) AS place
    JOIN workflows_workitem task ON task.id = place.id
    JOIN workflows_step step ON step.id = task.step_id
    JOIN workflows_workflowinstance request ON request.id = task.request_id
    JOIN workflows_workflowtemplate workflow ON workflow.id = request.template_id
    LEFT JOIN {person} person ON person.id = request.requester_id
    ORDER BY {place_order}
"""
PLACES = "SELECT due_at, id FROM ({parts}) AS part ORDER BY {order} LIMIT {limit}"
OF_A_STEP = """
    SELECT t.due_at, t.id FROM {steps} CROSS JOIN LATERAL (
        SELECT due_at, id FROM workflows_workitem
        WHERE step_id = s.id AND in_queue AND {behind}
        ORDER BY {order} LIMIT {limit}
    ) AS t
"""
ALL_STEPS = "unnest(%(steps)s::bigint[]) AS s (id)"
SOME_STEPS = "(SELECT id FROM unnest(%(steps)s::bigint[]) AS a (id) WHERE {condition}) AS s"
OF_FEW_REQUESTS = """
    SELECT due_at, id FROM workflows_workitem
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
    SELECT due_at, id FROM (
        SELECT due_at, id FROM workflows_workitem
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
    SELECT due_at, id FROM (
        SELECT due_at, id FROM (
            SELECT work_item_id AS task FROM workflows_addedperson WHERE user_id = %(user)s
        ) AS escalated {each_task}
        WHERE is_open AND {task_step} AND {behind} AND assignee_id IS DISTINCT FROM %(user)s
        AND NOT (in_queue AND step_id = ANY(%(steps)s::bigint[]))
        ORDER BY {order} LIMIT {limit}
    ) AS escalated
"""
OF_OTHERS = """
    SELECT due_at, id FROM (
        SELECT due_at, id FROM held {each_task}
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


def _merged_rows(
    reach: WorkReach, after: InboxCursor | None, limit: int, conditions: TaskConditions
) -> list[dict[str, Any]]:
    parameters = _parameters_of(reach, conditions)
    parameters |= {"due": after.due_at, "id": after.id} if after else {}
    sql = _merged_sql(
        _ranges_behind(after, conditions),
        _inbox_parts(reach, conditions),
        limit,
        reach.is_scoped,
        conditions.order,
        conditions.step.sql if conditions.step else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row.update({name: _parse_json_column(row[name]) for name in JSON_COLUMNS})
    return rows


def _parameters_of(reach: WorkReach, conditions: TaskConditions) -> dict[str, Any]:
    requests = {"requests": sorted(conditions.requests or ())}
    return _parameters(reach) | conditions.values | requests


def _listed_places(
    reach: WorkReach, conditions: TaskConditions, limit: int
) -> tuple[str, list[Any]]:
    """The first places of a list, without what is said of them."""
    sql = _places_sql(
        _ranges_behind(None, conditions),
        _inbox_parts(reach, conditions),
        limit,
        conditions.order,
        conditions.step.sql if conditions.step else "",
    )
    held = _held_by_others_sql(reach.is_scoped) if reach.people else ""
    return positional_sql(f"{held} {sql}", _parameters_of(reach, conditions))


def _inbox_parts(reach: WorkReach, conditions: TaskConditions) -> tuple[str, ...]:
    """The ways in which a task can reach the inbox. The queue of each step is walked in its order,
    unless so few requests are left that their tasks are looked at instead."""
    if conditions.requests is not None:
        or_of_others = OR_OF_OTHERS if reach.people else ""
        return (OF_FEW_REQUESTS.replace("{or_of_others}", or_of_others),)
    own = (OF_THEIR_OWN, OF_THE_ESCALATED) if reach.is_own else ()
    return (OF_A_STEP, *own, *((OF_OTHERS,) if reach.people else ()))


@lru_cache(maxsize=256)
def _merged_sql(
    ranges: tuple[str, ...],
    parts: tuple[str, ...],
    limit: int,
    is_scoped: bool,
    order: InboxOrder,
    step: str,
) -> str:
    """The statement; the limit is written out, since a kept plan for any limit reads too much."""
    return MERGED.format(
        held=_held_by_others_sql(is_scoped) if any(" held" in part for part in parts) else "",
        places=_places_sql(ranges, parts, limit, order, step),
        place_order=", ".join(f"place.{column}" for column in order.columns.split(", ")),
        person=User._meta.db_table,
        added=added_people_sql("task").format(people=LISTED_PEOPLE),
        periods=StandInPeriod._meta.db_table,
    )


@lru_cache(maxsize=256)
def _places_sql(
    ranges: tuple[str, ...], parts: tuple[str, ...], limit: int, order: InboxOrder, step: str
) -> str:
    """Where the tasks stand that are listed."""
    names = {
        "limit": limit,
        "order": order.columns,
        "steps": SOME_STEPS.format(condition=_asked_of_each(step, "a.id")) if step else ALL_STEPS,
        "each_task": EACH_TASK,
        "task_step": _asked_of_each(step, "step_id") if step else "true",
    }
    pieces = [part.format(behind=behind, **names) for behind in ranges for part in parts]
    return PLACES.format(parts=" UNION ALL ".join(pieces), limit=limit, order=order.columns)


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


def _parse_json_column(value: Any) -> Any:
    """JSON columns come as text where no model reads them; most hold nothing."""
    if not isinstance(value, str):
        return value
    return None if value in ("[]", "{}", "null") else json.loads(value)


def _ranges_behind(after: InboxCursor | None, conditions: TaskConditions) -> tuple[str, ...]:
    """The ranges of the index that lie behind a place, with what is asked of each row in them."""
    row_conditions = conditions.on_tasks
    if conditions.requests is not None:
        row_conditions = (*row_conditions, "request_id = ANY(%(requests)s::bigint[])")
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


# -- elsewhere --------------------------------------------------------------------------------

OWN = (
    *("id", "step_id", "state", "assignee_id", "in_queue", "enabled_at", "due_at"),
    *("needed", "round", "votes"),
)
COLUMNS = {
    "request_number": F("request_id"),
    "step_key": F("step__key"),
    "version": F("step__version_id"),
    "prefix": F("request__prefix"),
    "title": F("request__title"),
    "request_state": F("request__state"),
    "workflow": F("request__template__name"),
    "requester_name": F("request__requester_name"),
    "requester_id": F("request__requester_id"),
    "template_id": F("request__template_id"),
    "first_name": F("request__requester__first_name"),
    "last_name": F("request__requester__last_name"),
    "deciders": F("request__marking__deciders"),
    "asked_by": F("request__marking__requester"),
}


def task_rows(tasks: WorkItemQuerySet, reach: WorkReach, *more: str) -> Any:
    """Tasks with what the list says of them, and as what people were added to them."""
    people = ", ".join(str(int(person)) for person in reach.people_ids) or "NULL"
    sql = added_people_sql(TASK).format(people=people)
    added = sql_expression(sql, {"user": reach.user.pk}, JSONField())
    return tasks.values(*OWN, *more, **COLUMNS, added=added)


def _rows_of_tasks(ids: Sequence[int], reach: WorkReach) -> Any:
    """The same, with whether who asked is away."""
    is_away = Exists(absences_of("request__requester", reach.now))
    tasks = WorkItem.objects.filter(pk__in=ids).annotate(requester_is_away=is_away)
    return task_rows(tasks, reach, "requester_is_away")


def reachable_tasks(reach: WorkReach) -> WorkItemQuerySet:
    """The tasks that reach an inbox; whether one is theirs to do is asked of it."""
    condition = Q(in_queue=True, step_id__in=reach.steps)
    if reach.is_own:
        added = AddedPerson.objects.filter(user=reach.user).values("work_item")
        condition |= Q(assignee=reach.user, is_open=True) | Q(pk__in=added, is_open=True)
    if reach.people:
        held = held_by_people_condition(reach.user, reach.people_ids, reach.now)
        condition |= Q(is_open=True) & held
    return WorkItem.objects.filter(condition)


def _narrowed_tasks(
    tasks: WorkItemQuerySet, after: InboxCursor | None, conditions: TaskConditions
) -> WorkItemQuerySet:
    """Those of these tasks that meet the conditions, in their order, behind a place."""
    for sql in (*conditions.on_steps_of_tasks, *conditions.on_tasks):
        tasks = tasks.filter(sql_condition(sql, conditions.values))
    if conditions.requests is not None:
        tasks = tasks.filter(request__in=conditions.requests)
    if conditions.order != InboxOrder.DUE:
        is_oldest = conditions.order == InboxOrder.OLDEST
        if after is not None:
            tasks = tasks.filter(**{"id__gt" if is_oldest else "id__lt": after.id})
        return tasks.order_by("id" if is_oldest else "-id")
    if after is not None and after.due_at is None:
        tasks = tasks.filter(due_at=None, id__gt=after.id)
    elif after is not None:
        at_once = Q(due_at=after.due_at, id__gt=after.id)
        tasks = tasks.filter(Q(due_at__gt=after.due_at) | at_once | Q(due_at=None))
    return tasks.by_due()
