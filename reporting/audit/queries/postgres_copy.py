"""The audit CSV as PostgreSQL writes it: the same bytes as `audit_csv`, many times faster.

Guard, times and JSON are worked out by the server; Python only ends the lines as RFC 4180 says.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from workflows.execution.models import WorkItem
from workflows.persistence.sql_text import compose_sql
from workflows.trail.models import TrailEvent

TEXTS = frozenset(
    {
        "workflow",
        "reference",
        "step",
        "command",
        "actor_name",
        "acted_for",
        "role",
        "from_state",
        "to_state",
        "outcome",
        "comment",
        "channel",
        "capacity",
        "token",
        "token_by",
    }
)


def copy_csv_lines(events: QuerySet[TrailEvent], columns: tuple[str, ...]) -> Iterator[str]:
    """One line an event, oldest first, without the header; memory stays flat."""
    connection.ensure_connection()
    try:
        statement = _build_copy_statement(events, columns)
    except EmptyResultSet:  # Django knows without asking that there is none
        return
    raw: Any = connection.connection
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        for row in copy:
            line = bytes(row).decode()
            yield line[:-1] + "\r\n"


def _build_copy_statement(events: QuerySet[TrailEvent], columns: tuple[str, ...]) -> bytes:
    """COPY takes no parameters, so the driver writes them into the statement."""
    table = TrailEvent._meta.db_table
    ids_sql, id_parameters = events.order_by().values("id").query.sql_with_params()
    tasks = WorkItem._meta.db_table
    expressions = ", ".join(_column_expression(name) for name in columns)
    where = f"WHERE t.id IN ({ids_sql})" if events.query.where else ""
    select = compose_sql(
        "SELECT {expressions} FROM {table} t"
        " LEFT JOIN workflows_trailseal s ON s.event_id = t.id"
        " LEFT JOIN {tasks} w ON w.id = t.work_item {where} ORDER BY t.id",
        expressions=expressions,
        table=table,
        tasks=tasks,
        where=where,
    )
    merged = psycopg.ClientCursor(connection.connection).mogrify(select, id_parameters or None)
    return f"COPY ({merged}) TO STDOUT (FORMAT csv)".encode()


def _column_expression(name: str) -> str:
    """A column as the CSV shows it; what is empty is null, so that it is not quoted."""
    if name == "recorded_at":
        return """to_char(t.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    if name == "seal__hash":
        return "s.hash"
    if name in TEXTS or name == "row_label":
        column = f"{'w' if name == 'row_label' else 't'}.{name}"
        risky = r"E'=+-@\t\r\n''\uff1d\uff0b\uff0d\uff20'"
        guarded = f"CASE WHEN strpos({risky}, left({column}, 1)) > 0 THEN '''' || {column}"
        return f"CASE WHEN {column} = '' THEN NULL ELSE {guarded} ELSE {column} END END"
    return f"t.{name}"
