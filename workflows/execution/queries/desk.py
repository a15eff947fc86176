"""What concerns a person beside the tasks of their inbox: what they are asked, what needs them as
the owner of a workflow, and what they wait for from others.

Each source is a piece of SQL that reads ids along an index. All of them are read in one statement,
so a source of which there is nothing costs no statement.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from django.db import connection

from workflows.access.conditions.stand_in_sql import read_sql_moment
from workflows.definitions.models import Step, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.registries import Registry
from workflows.execution.choices import IncidentCode
from workflows.execution.models import (
    Incident,
    MergeRecord,
    TaskQuestion,
    WorkflowInstance,
    WorkItem,
)
from workflows.people.models import User
from workflows.persistence.sql_text import compose_sql, hide_values
from workflows.trail.choices import OWNING_CAPACITIES, TrailCommand
from workflows.trail.models import TrailEvent

MOST_ROWS = 50
"""So many rows of each source are shown; the oldest."""
MOST_PASSED_ON = 200
"""Among so many tasks that a person passed on last those are looked for that are still open."""

COLUMNS = "kind, id, since, request, template, step, person, code, note"
NO_ID = "CAST(NULL AS bigint)"


@dataclass(frozen=True, slots=True)
class DeskSource:
    """Where rows of one kind come from.

    `sql`, which is asked once a process, gives a SELECT of `COLUMNS` for the person `%(user)s`:
    `kind` is the source's name, `since` a moment, `request`, `template`, `step` and `person` are
    ids (`NO_ID` for none), `code` and `note` are texts.
    """

    sql: Callable[[], str]


DESK_SOURCES: Final = Registry("desk_sources", DeskSource, noun="desk source")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRow:
    """One thing that concerns the person: of a request, or of a workflow as a whole. `person` is
    the name of who asked, or who has it; empty where nobody does."""

    kind: str
    id: int
    since: datetime
    reference: str
    title: str
    workflow: str
    step: str
    person: str
    code: str
    note: str


def read_desk(user: User, *, leaving_out: Collection[str] = ()) -> list[DeskRow]:
    """Everything that concerns the person, by kind, the oldest first. One statement."""
    sources = tuple(source for n, source in DESK_SOURCES.items() if n not in leaving_out)
    with connection.cursor() as cursor:
        cursor.execute(_desk_sql(sources), {"user": user.pk})
        return [_desk_row(*row) for row in cursor.fetchall()]


@lru_cache(maxsize=8)
def _desk_sql(sources: tuple[DeskSource, ...]) -> str:
    parts = (
        compose_sql(
            "SELECT * FROM (SELECT {columns} FROM ({sql}) AS s ORDER BY since, id LIMIT {most})"
            " AS s{number}",
            columns=COLUMNS,
            sql=source.sql(),
            most=MOST_ROWS,
            number=number,
        )
        for number, source in enumerate(sources)
    )
    sql = compose_sql(
        """
    SELECT m.kind, m.id, m.since, request.prefix, request.id, request.title, request.version_id,
        workflow.name, step.key, person.username, person.first_name, person.last_name,
        m.code, m.note
    FROM ({parts}) AS m
    LEFT JOIN {request} request ON request.id = m.request
    LEFT JOIN {template} workflow ON workflow.id = COALESCE(m.template, request.template_id)
    LEFT JOIN {step} step ON step.id = m.step
    LEFT JOIN {person} person ON person.id = m.person
    ORDER BY m.kind, m.since, m.id
    """,
        parts=" UNION ALL ".join(parts),
        **_table_names(),
    )
    return hide_values(sql)


def _desk_row(
    kind: str,
    row_id: int,
    since: Any,
    prefix: str | None,
    request_id: int | None,
    title: str | None,
    version_id: int | None,
    workflow: str,
    step: str | None,
    username: str | None,
    first_name: str | None,
    last_name: str | None,
    code: str,
    note: str,
) -> DeskRow:
    name = f"{first_name or ''} {last_name or ''}".strip()
    step_title = ""
    if version_id is not None and step is not None:
        step_title = cached_map(version_id).graph.title(step)
    return DeskRow(
        kind=kind,
        id=row_id,
        since=read_sql_moment(since),
        reference=f"{prefix}-{request_id}" if request_id is not None else "",
        title=title or "",
        workflow=workflow,
        step=step_title,
        person=name or username or "",
        code=code,
        note=note,
    )


@lru_cache(maxsize=1)
def _table_names() -> dict[str, str]:
    """What the tables are called that sources read."""
    models = {
        "request": WorkflowInstance,
        "template": WorkflowTemplate,
        "step": Step,
        "person": User,
        "question": TaskQuestion,
        "task": WorkItem,
        "incident": Incident,
        "merge": MergeRecord,
        "trail": TrailEvent,
    }
    return {name: model._meta.db_table for name, model in models.items()}


OWNED = "(w.owner_id = %(user)s OR w.deputy_id = %(user)s)"
"""A condition on a workflow `w`: it is the person's, as owner or deputy."""
LIVE = "r.state IN ('running', 'suspended')"


def source_sql(template: str, /, **parts: object) -> str:
    """The statement of a source: `{request}` and the like are tables, `{no_id}` is an empty id,
    `{live}` holds for a request `r` that is not over, `{owned}` for a workflow `w` that is the
    person's; `{owns_any}` asks once, before anything is read, whether any workflow is theirs."""
    tables = _table_names()
    owns_any = compose_sql(
        "EXISTS (SELECT 1 FROM {template} w WHERE {owned})", owned=OWNED, **tables
    )
    shared = {"no_id": NO_ID, "live": LIVE, "owned": OWNED, "owns_any": owns_any}
    return compose_sql(template, **tables, **shared, **parts)


def _questions_sql(kind: str, own_column: str, other_column: str) -> str:
    """Open questions where the person is in a column (`asked_of` or `asked_by`), with who is in the
    other."""
    return source_sql(
        """
    SELECT '{kind}' AS kind, q.id, q.asked_at AS since, q.request_id AS request,
        {no_id} AS template, t.step_id AS step, q.{other_column}_id AS person, q.kind AS code,
        q.question AS note
    FROM {question} q JOIN {task} t ON t.id = q.work_item_id
    JOIN {request} r ON r.id = q.request_id
    WHERE q.{own_column}_id = %(user)s AND q.state = 'open' AND t.is_open AND {live}
    """,
        kind=kind,
        own_column=own_column,
        other_column=other_column,
    )


def asked_of_me_sql() -> str:
    """What others asked the person and wait for."""
    return _questions_sql("asked_of_me", "asked_of", "asked_by")


def asked_by_me_sql() -> str:
    """What the person asked others and waits for."""
    return _questions_sql("asked_by_me", "asked_by", "asked_of")


def passed_on_sql() -> str:
    """Open tasks that the person passed on, not as one who answers for the workflow, and that are
    not with them again; `person` is who has each now."""
    owning = ", ".join(f"'{capacity.value}'" for capacity in OWNING_CAPACITIES)
    return source_sql(
        """
    SELECT 'passed_on' AS kind, t.id, p.since, t.request_id AS request, {no_id} AS template,
        t.step_id AS step, t.assignee_id AS person, t.state AS code, '' AS note
    FROM (
        SELECT work_item, max(recorded_at) AS since FROM (
            SELECT work_item, recorded_at FROM {trail}
            WHERE actor_id = %(user)s AND command = '{reassign}'
            AND capacity NOT IN ({owning}) ORDER BY id DESC LIMIT {most}
        ) AS latest GROUP BY work_item
    ) AS p JOIN {task} t ON t.id = p.work_item JOIN {request} r ON r.id = t.request_id
    WHERE t.is_open AND {live} AND (t.assignee_id IS NULL OR t.assignee_id <> %(user)s)
    """,
        reassign=TrailCommand.REASSIGN.value,
        owning=owning,
        most=MOST_PASSED_ON,
    )


def incidents_sql() -> str:
    """Open incidents of workflows that are the person's, apart from those of branches that
    disagree; `code` says what happened, `note` with what."""
    return _incidents_sql("incident", "i.id", "", f"AND i.code <> '{_CONFLICT}'")


def merges_sql() -> str:
    """Branches that disagree in workflows that are the person's, by the merge's id."""
    same = "m.request_id = i.request_id AND m.activation = i.activation"
    join = f"JOIN {_table_names()['merge']} m ON {same} AND m.state = 'conflict'"
    return _incidents_sql("merge", "m.id", join, f"AND i.code = '{_CONFLICT}'")


_CONFLICT = IncidentCode.MERGE_CONFLICT.value


def _incidents_sql(kind: str, row_id: str, join: str, condition: str) -> str:
    return source_sql(
        """
    SELECT '{kind}' AS kind, {row_id}, i.opened_at AS since, i.request_id AS request,
        {no_id} AS template, i.step_id AS step, {no_id} AS person, i.code,
        CAST(i.parameters AS text) AS note
    FROM {incident} i JOIN {request} r ON r.id = i.request_id
    JOIN {template} w ON w.id = r.template_id {join}
    WHERE i.state = 'open' AND {live} AND {owned} AND {owns_any} {condition}
    """,
        kind=kind,
        row_id=row_id,
        join=join,
        condition=condition,
    )


for _name, _sql in {
    "asked_of_me": asked_of_me_sql,
    "incident": incidents_sql,
    "merge": merges_sql,
    "passed_on": passed_on_sql,
    "asked_by_me": asked_by_me_sql,
}.items():
    DESK_SOURCES.register(_name, DeskSource(_sql))
