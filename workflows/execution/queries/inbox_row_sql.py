"""What the list says of each task, as one statement around the places of the tasks."""

from typing import Any

from django.db import connection

from workflows.access.conditions.stand_in_sql import read_sql_moment
from workflows.execution.queries.inbox_narrowing import InboxOrder
from workflows.execution.queries.inbox_reach import added_people_sql, parse_json_column
from workflows.people.models import StandInPeriod, User
from workflows.persistence.sql_text import compose_sql

JSON_COLUMNS = ("votes", "added")
"""What is asked of every row; of some, who did what before."""
MOMENTS = ("enabled_at", "due_at")
ROWS = """
    {held}
    SELECT task.id, task.step_id, task.state, task.assignee_id, task.in_queue, task.enabled_at,
        task.due_at, task.needed, task.round, task.votes, task.request_id AS request_number,
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


def rows_sql(places: str, order: InboxOrder, people: str, held: str = "") -> str:
    """The statement: `places` gives moments and ids, `people` the ids of those for whom the person
    stands in; `held` stands before all of it."""
    is_postgres = connection.vendor == "postgresql"
    marked = "request.marking -> '{}'" if is_postgres else "json_extract(request.marking, '$.{}')"
    return compose_sql(
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


def read_rows(sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows, by column. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row.update({name: parse_json_column(row[name]) for name in JSON_COLUMNS})
        row.update({name: row[name] and read_sql_moment(row[name]) for name in MOMENTS})
    return rows
