"""The statements that every decision makes, as SQL.

Measured: building these through the ORM for each decision took longer than the database needs
to answer them. They are plain enough to read, and work on PostgreSQL and SQLite alike (which
locks the whole database when the transaction begins, so it needs no FOR UPDATE).
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.contrib.auth.models import User
from django.db import connection, models

from workflows.models import (
    AddedPerson,
    FormerLogin,
    Incident,
    MergeRecord,
    TrailEvent,
    WorkflowInstance,
    WorkflowTemplate,
    WorkItem,
)
from workflows.permissions import IN_VERSION
from workflows.services.fastsql import select_rows

TABLES = {
    "request": WorkflowInstance._meta.db_table,
    "task": WorkItem._meta.db_table,
    "added": AddedPerson._meta.db_table,
    "incident": Incident._meta.db_table,
    "merge": MergeRecord._meta.db_table,
    "former": FormerLogin._meta.db_table,
    "event": TrailEvent._meta.db_table,
    "user": User._meta.db_table,
}

REQUEST = "SELECT {columns} FROM {request} r WHERE r.id = {wanted} {for_update}"

OPEN_TASKS = (
    "SELECT {columns}, (SELECT {joined} FROM ("
    + IN_VERSION
    + """) l) AS roles, EXISTS (
        SELECT 1 FROM {former} f JOIN {user} u ON u.username = f.name OR u.id = f.user_id
        WHERE u.id = %(user)s
    ) AS renamed, (
        SELECT CASE WHEN a.stand_in THEN '' ELSE a.role END FROM {added} a
        WHERE a.work_item_id = r.id AND a.user_id = %(user)s
    ) AS added, EXISTS (
        SELECT 1 FROM {incident} i WHERE i.request_id = r.request_id AND i.state = 'open'
    ) AS troubled, (
        SELECT e.recorded_at FROM {event} e WHERE e.request_id = r.request_id
        ORDER BY e.id DESC LIMIT 1
    ) AS told_at
    FROM {task} r WHERE r.request_id = %(request)s AND r.is_open ORDER BY r.id {for_update}
"""
)
JOINED = {"postgresql": "string_agg(l.role::text, ',')", "sqlite": "group_concat(l.role)"}


@lru_cache
def _columns(model: type[models.Model]) -> str:
    return ", ".join(f"r.{field.column}" for field in model._meta.concrete_fields)


def _for_update() -> str:
    return "FOR UPDATE OF r" if connection.features.has_select_for_update_of else ""


def lock_request(
    *, instance_id: int | None = None, work_item_id: int | None = None
) -> WorkflowInstance | None:
    """Lock a request by its id or by the id of one of its tasks. One statement.

    It asks for nothing beside the row itself: after waiting for the lock PostgreSQL gives the
    row as it is now, but anything from other tables as it was before the wait.
    """
    by_task = f"(SELECT request_id FROM {TABLES['task']} WHERE id = %s)"
    sql = REQUEST.format(
        columns=_columns(WorkflowInstance),
        wanted="%s" if work_item_id is None else by_task,
        for_update=_for_update(),
        **TABLES,
    )
    wanted = instance_id if work_item_id is None else work_item_id
    return next(iter(select_rows(WorkflowInstance, sql, [wanted])), None)


def lock_against_pause(template_id: int) -> tuple[str, datetime | None, str]:
    """A workflow's name, since when it is paused, and why. One statement.

    The row is locked as a foreign key locks it: starts do not wait for one another, but a pause
    waits for those that are under way, so that it finds them all.
    """
    lock = " FOR KEY SHARE" if connection.vendor == "postgresql" else ""
    table = WorkflowTemplate._meta.db_table
    sql = f"SELECT name, paused_at, paused_reason FROM {table} WHERE id = %s{lock}"
    with connection.cursor() as cursor:
        cursor.execute(sql, [template_id])
        name, since, reason = cursor.fetchone()
    return name, since, reason


def lock_open_tasks(instance: WorkflowInstance, actor_id: int | None) -> list[WorkItem]:
    """Lock a request's open tasks. One statement, which says with each also who the actor is:

    the roles of the map in whose lists they are (`roles`, ids with commas), as what they were added
    to the task (`added`: the role that it was escalated to, nothing for a stand-in, None for
    neither), whether logins have changed hands around them (`renamed`), whether the request
    has an open incident (`troubled`), and when its trail was last written (`told_at`).
    """
    sql = OPEN_TASKS.format(
        columns=_columns(WorkItem),
        joined=JOINED[connection.vendor],
        for_update=_for_update(),
        **TABLES,
    )
    also = ("roles", "renamed", "added", "troubled", "told_at")
    given = {"user": actor_id, "request": instance.pk, "version": instance.version_id}
    return select_rows(WorkItem, sql, given, also=also)


def merges(instance_id: int, activations: Iterable[int]) -> list[MergeRecord]:
    """The merge records of these blocks of a request. One statement."""
    wanted = list(activations)
    marks = ", ".join(["%s"] * len(wanted))
    sql = f"""
        SELECT {_columns(MergeRecord)} FROM {TABLES["merge"]} r
        WHERE r.request_id = %s AND r.activation IN ({marks})
    """
    return select_rows(MergeRecord, sql, [instance_id, *wanted])


def open_tasks(instance_id: int) -> list[tuple[int, int]]:
    """The ids of a request's open tasks with those of their steps, oldest first; without a lock,
    for callers that look for the task to decide. One statement."""
    sql = f"SELECT id, step_id FROM {TABLES['task']} WHERE request_id = %s AND is_open ORDER BY id"
    with connection.cursor() as cursor:
        cursor.execute(sql, [instance_id])
        return [(task, step) for task, step in cursor.fetchall()]
