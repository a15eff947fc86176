"""The statements that every decision makes, as SQL.

Measured: building these through the ORM for each decision took longer than the database needs
to answer them. They are plain enough to read, and work on PostgreSQL and SQLite alike (which
locks the whole database when the transaction begins, so it needs no FOR UPDATE).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from django.db import connection, models

from workflows.access.conditions.stand_in_sql import sql_moment
from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import (
    AddedPerson,
    FormDraft,
    Incident,
    MergeRecord,
    WorkflowInstance,
    WorkItem,
)
from workflows.execution.queries.actor_facets import (
    RENAMED_SQL,
    actor_roles_sql,
    parse_ids,
    stood_in_for_sql,
)
from workflows.execution.services.unit_of_work.open_tasks import OpenTasks
from workflows.persistence.bulk_sql import RowReader, select_records, select_rows
from workflows.trail.models import TrailEvent

TABLE_NAMES = {
    "request": WorkflowInstance._meta.db_table,
    "task": WorkItem._meta.db_table,
    "added": AddedPerson._meta.db_table,
    "incident": Incident._meta.db_table,
    "merge": MergeRecord._meta.db_table,
    "event": TrailEvent._meta.db_table,
    "draft": FormDraft._meta.db_table,
}

REQUEST_SQL = "SELECT {columns} FROM {request} r WHERE r.id = {wanted} {for_update}"

OPEN_TASKS_SQL = """
    SELECT {columns}, ({actor_roles}) AS roles, {renamed} AS renamed, (
        SELECT CASE WHEN a.stand_in THEN '' ELSE a.role END FROM {added} a
        WHERE a.work_item_id = r.id AND a.user_id = %(user)s AND NOT a.found
    ) AS added, EXISTS (
        SELECT 1 FROM {incident} i WHERE i.request_id = r.request_id AND i.state = 'open'
    ) AS troubled, (
        SELECT e.recorded_at FROM {event} e WHERE e.request_id = r.request_id
        ORDER BY e.id DESC LIMIT 1
    ) AS told_at, ({stood_in_for}) AS stood_in, EXISTS (
        SELECT 1 FROM {draft} d WHERE d.work_item_id = r.id
    ) AS drafted
    FROM {task} r WHERE r.request_id = %(request)s AND r.is_open ORDER BY r.id {for_update}
"""


@lru_cache
def _select_columns(model: type[models.Model]) -> str:
    return ", ".join(f"r.{field.column}" for field in model._meta.concrete_fields)


def _for_update_clause() -> str:
    return "FOR UPDATE OF r" if connection.features.has_select_for_update_of else ""


def lock_request(
    *, instance_id: int | None = None, work_item_id: int | None = None
) -> WorkflowInstance | None:
    """Lock a request by its id or by the id of one of its tasks. One statement.

    It asks for nothing beside the row itself: after waiting for the lock PostgreSQL gives the
    row as it is now, but anything from other tables as it was before the wait.
    """
    by_task = f"(SELECT request_id FROM {TABLE_NAMES['task']} WHERE id = %s)"
    sql = REQUEST_SQL.format(
        columns=_select_columns(WorkflowInstance),
        wanted="%s" if work_item_id is None else by_task,
        for_update=_for_update_clause(),
        **TABLE_NAMES,
    )
    row_id = instance_id if work_item_id is None else work_item_id
    return next(iter(select_rows(WorkflowInstance, sql, [row_id])), None)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedTasks:
    """A request's open tasks, locked, with what was read beside them.

    `actor_roles` are the roles of the map in whose lists the actor is; `added_as` as what they were
    added to a task (the role that it was escalated to, nothing for a stand-in, None for neither),
    by the task's id; `renamed` whether logins have changed hands around them; `has_incident`
    whether the request has an open incident; `recorded_at` when its trail was last written;
    `stood_in_for` whom the actor stands in for in this workflow; `drafted` the tasks (ids) on which
    somebody keeps a draft. Where there is no open task nothing of it is known, and what may be is
    taken to be.
    """

    items: OpenTasks = field(default_factory=OpenTasks)
    actor_roles: frozenset[int] | None = None
    added_as: Mapping[int, str | None] = field(default_factory=dict)
    renamed: bool = True
    has_incident: bool = True
    recorded_at: datetime | None = None
    stood_in_for: tuple[int, ...] | None = None
    drafted: frozenset[int] = frozenset()


def lock_open_tasks(instance: WorkflowInstance, actor_id: int | None, now: datetime) -> LockedTasks:
    """Lock a request's open tasks. One statement, which says also who the actor is."""
    sql = OPEN_TASKS_SQL.format(
        columns=_select_columns(WorkItem),
        actor_roles=actor_roles_sql(),
        renamed=RENAMED_SQL,
        stood_in_for=stood_in_for_sql(),
        for_update=_for_update_clause(),
        **TABLE_NAMES,
    )
    parameters = {"user": actor_id, "request": instance.pk, "version": instance.version_id}
    parameters |= {"template": instance.template_id, "now": sql_moment(now)}
    records = select_records(sql, parameters)
    if not records:
        return LockedTasks()
    reader = RowReader(WorkItem)
    key, beside = reader.place_of("id"), reader.beside
    roles, renamed, _, has_incident, recorded_at, stood_in_for, _ = beside(records[0])
    facts = [(record[key], beside(record)) for record in records]
    return LockedTasks(
        items=OpenTasks(instance, records),
        actor_roles=frozenset(parse_ids(roles)) if actor_id is not None else None,
        added_as={pk: fact[2] for pk, fact in facts},
        renamed=bool(renamed) or actor_id is None,
        has_incident=bool(has_incident),
        recorded_at=_parse_aware_moment(recorded_at),
        stood_in_for=tuple(sorted(parse_ids(stood_in_for))),
        drafted=frozenset(pk for pk, fact in facts if fact[6]),
    )


def _parse_aware_moment(moment: datetime | str | None) -> datetime | None:
    """A moment that was read past Django: SQLite gives its text, which is in UTC."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def fetch_merge_records(instance_id: int, activations: Iterable[int]) -> list[MergeRecord]:
    """The merge records of these blocks of a request. One statement."""
    block_ids = list(activations)
    marks = ", ".join(["%s"] * len(block_ids))
    sql = f"""
        SELECT {_select_columns(MergeRecord)} FROM {TABLE_NAMES["merge"]} r
        WHERE r.request_id = %s AND r.activation IN ({marks})
    """
    return select_rows(MergeRecord, sql, [instance_id, *block_ids])


def fetch_open_task_ids(instance_id: int) -> list[tuple[int, int]]:
    """The ids of a request's open tasks with those of their steps, oldest first; without a lock,
    for callers that look for the task to decide. One statement."""
    sql = (
        f"SELECT id, step_id FROM {TABLE_NAMES['task']} WHERE request_id = %s AND is_open ORDER"
        " BY id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [instance_id])
        return [(task, step) for task, step in cursor.fetchall()]
