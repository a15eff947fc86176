"""Which tasks reach an inbox, in their order, with what the list says of them.

Each database is asked in its own way (`inbox_postgres`, `inbox_sqlite`), in one statement; tasks
that were found otherwise are read by the ORM.
"""

from typing import Any

from django.db import connection
from django.db.models import F, JSONField

from workflows.execution.models import WorkItemQuerySet
from workflows.execution.queries import inbox_postgres, inbox_sqlite
from workflows.execution.queries.inbox_narrowing import (
    ANY_TASK,
    TASK,
    InboxCursor,
    TaskConditions,
)
from workflows.execution.queries.inbox_reach import WorkReach, added_people_sql
from workflows.persistence.sql_text import sql_expression


def read_inbox_rows(
    reach: WorkReach,
    after: InboxCursor | None,
    limit: int,
    conditions: TaskConditions = ANY_TASK,
) -> list[dict[str, Any]]:
    """The next tasks in this reach that meet the conditions, in their order, with what the list
    says of them. One statement."""
    if connection.vendor == "postgresql":
        return inbox_postgres.read_merged_rows(reach, after, limit, conditions)
    return inbox_sqlite.read_listed_rows(reach, after, limit, conditions)


def listed_ids_sql(
    reach: WorkReach, conditions: TaskConditions, limit: int
) -> tuple[str, list[Any]]:
    """SQL for the ids of the first tasks in this reach that meet the conditions, and what stands in
    its places."""
    if connection.vendor == "postgresql":
        return inbox_postgres.listed_ids_sql(reach, conditions, limit)
    return inbox_sqlite.listed_ids_sql(reach, conditions, limit)


def count_reachable_tasks(reach: WorkReach, limit: int) -> int:
    """How many tasks are in this reach, counted up to a limit. One statement."""
    if connection.vendor == "postgresql":
        return inbox_postgres.count_reachable_tasks(reach, limit)
    return inbox_sqlite.count_reachable_tasks(reach, limit)


# -- rows, as the ORM says them ---------------------------------------------------------------

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


def task_rows(tasks: WorkItemQuerySet, reach: WorkReach) -> Any:
    """Tasks with what the list says of them, and as what people were added to them."""
    people = ", ".join(str(int(person)) for person in reach.people_ids) or "NULL"
    sql = added_people_sql(TASK).format(people=people)
    added = sql_expression(sql, {"user": reach.user.pk}, JSONField())
    return tasks.values(*OWN, **COLUMNS, added=added)
