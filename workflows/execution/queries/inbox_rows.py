"""Which tasks reach an inbox, in their order, with what the list says of them.

Each database is asked in its own way for the places of the tasks (`inbox_postgres`,
`inbox_sqlite`); what the list says of each is one statement around these. Tasks that were found
otherwise are read by the ORM.
"""

from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import F, JSONField

from workflows.access.conditions.stand_in_sql import read_sql_moment
from workflows.execution.models import WorkItemQuerySet
from workflows.execution.queries import inbox_postgres, inbox_sqlite
from workflows.execution.queries.inbox_narrowing import (
    ANY_TASK,
    TASK,
    InboxCursor,
    InboxOrder,
    ListedPlaces,
    TaskConditions,
)
from workflows.execution.queries.inbox_reach import (
    WorkReach,
    added_people_sql,
    parse_json_column,
)
from workflows.people.models import StandInPeriod, User
from workflows.persistence.sql_text import (
    compose_sql,
    hide_values,
    positional_sql,
    sql_expression,
)

JSON_COLUMNS = ("votes", "added")
"""What is asked of every row; of some, who did what before."""
MOMENTS = ("enabled_at", "due_at", "expires_at")
ROWS = """
    {held}
    SELECT task.id, task.step_id, task.state, task.assignee_id, task.in_queue, task.enabled_at,
        task.due_at, task.expires_at, task.needed, task.round, task.rows, task.row_label,
        task.votes, task.request_id AS request_number,
        step.key AS step_key, step.version_id AS version, request.prefix, request.title,
        request.state AS request_state, workflow.name AS workflow, request.requester_name,
        request.requester_id, request.template_id, EXISTS (
            SELECT 1 FROM {periods} period WHERE period.person_id = request.requester_id
            AND period.begins_at <= %(now)s AND period.ends_at > %(now)s
        ) AS requester_is_away,
        person.first_name, person.last_name, {deciders} AS deciders, {asked_by} AS asked_by,
        ({added}) AS added
    FROM ({places}) AS place
    {join} JOIN workflows_workitem task ON task.id = place.id
    {join} JOIN workflows_step step ON step.id = task.step_id
    {join} JOIN workflows_workflowinstance request ON request.id = task.request_id
    {join} JOIN workflows_workflowtemplate workflow ON workflow.id = request.template_id
    LEFT JOIN {person} person ON person.id = request.requester_id
    ORDER BY {place_order}
"""


def read_inbox_rows(
    reach: WorkReach,
    after: InboxCursor | None,
    limit: int,
    conditions: TaskConditions = ANY_TASK,
) -> list[dict[str, Any]]:
    """The next tasks in this reach that meet the conditions, in their order, with what the list
    says of them. One statement."""
    places = _find_places(reach, after, limit, conditions)
    sql = _rows_sql(places.sql, places.held, conditions.order)
    with connection.cursor() as cursor:
        cursor.execute(sql, places.values)
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row.update({name: parse_json_column(row[name]) for name in JSON_COLUMNS})
        row.update({name: row[name] and read_sql_moment(row[name]) for name in MOMENTS})
    return rows


def listed_ids_sql(
    reach: WorkReach, conditions: TaskConditions, limit: int
) -> tuple[str, list[Any]]:
    """SQL for the ids of the first tasks in this reach that meet the conditions, and what stands in
    its places."""
    places = _find_places(reach, None, limit, conditions)
    return positional_sql(f"{places.held} {places.sql}", places.values)


def count_reachable_tasks(reach: WorkReach, limit: int) -> int:
    """How many tasks are in this reach, counted up to a limit. One statement."""
    if connection.vendor == "postgresql":
        return inbox_postgres.count_reachable_tasks(reach, limit)
    return inbox_sqlite.count_reachable_tasks(reach, limit)


def _find_places(
    reach: WorkReach, after: InboxCursor | None, limit: int, conditions: TaskConditions
) -> ListedPlaces:
    if connection.vendor == "postgresql":
        return inbox_postgres.listed_places(reach, after, limit, conditions)
    return inbox_sqlite.listed_places(reach, after, limit, conditions)


@lru_cache(maxsize=256)
def _rows_sql(places: str, held: str, order: InboxOrder) -> str:
    """The statement: `places` gives moments and ids; `held` stands before all of it."""
    is_postgres = connection.vendor == "postgresql"
    marked = "request.marking -> '{}'" if is_postgres else "json_extract(request.marking, '$.{}')"
    people = inbox_postgres.LISTED_PEOPLE if is_postgres else inbox_sqlite.LISTED_PEOPLE
    sql = compose_sql(
        ROWS,
        held=held,
        places=places,
        # SQLite keeps to the order in which tables stand in a cross join.
        join="" if is_postgres else "CROSS",
        deciders=marked.format("deciders"),
        asked_by=marked.format("requester"),
        place_order=", ".join(f"place.{column}" for column in order.columns.split(", ")),
        person=User._meta.db_table,
        added=added_people_sql("task").format(people=people),
        periods=StandInPeriod._meta.db_table,
    )
    return hide_values(sql)


# -- rows, as the ORM says them ---------------------------------------------------------------

OWN = (
    *("id", "step_id", "state", "assignee_id", "in_queue", "enabled_at", "due_at", "expires_at"),
    *("needed", "round", "rows", "row_label", "votes"),
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
