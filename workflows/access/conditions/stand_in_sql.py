"""Whom a person stands in for at a moment, as SQL to be joined: what `StandInPeriod` rows say, as
long as everybody on the way has an account that is active.

Plain SQL with named places (`%(user)s`, `%(now)s`), because every inbox and every decision asks it.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection

from workflows.persistence.sql_text import compose_sql


@lru_cache(maxsize=1)
def _table_names() -> dict[str, str]:
    period = apps.get_model("workflows", "StandInPeriod")._meta.db_table
    return {"period": period, "person": get_user_model()._meta.db_table}


@lru_cache(maxsize=1)
def people_stood_in_for_sql() -> str:
    """SQL for the people (`person`) for whom `%(user)s` stands in at `%(now)s`, and the `workflow`
    (null: every one of which no other period of theirs speaks)."""
    return compose_sql(
        """
    SELECT d.person_id AS person, d.workflow_id AS workflow FROM {period} d
    JOIN {person} p ON p.id = d.person_id AND p.is_active
    LEFT JOIN {person} v ON v.id = d.via_id LEFT JOIN {person} w ON w.id = d.via_next_id
    WHERE d.deputy_id = %(user)s AND d.begins_at <= %(now)s AND d.ends_at > %(now)s
    AND (v.id IS NULL OR v.is_active) AND (w.id IS NULL OR w.is_active)
    """,
        **_table_names(),
    )


def covers_workflow_sql(stood_in: str, workflow: str) -> str:
    """A condition on a row of `people_stood_in_for_sql` (called `stood_in`): it holds for the
    workflow that this expression gives."""
    return compose_sql(
        """
    ({stood}.workflow = {workflow} OR {stood}.workflow IS NULL AND NOT EXISTS (
        SELECT 1 FROM {period} x WHERE x.person_id = {stood}.person
        AND x.workflow_id = {workflow} AND x.begins_at <= %(now)s AND x.ends_at > %(now)s
    ))
    """,
        stood=stood_in,
        workflow=workflow,
        **_table_names(),
    )


def has_named_workflows_sql(stood_in: str) -> str:
    """A condition on a row of `people_stood_in_for_sql`: somebody stands in for this person in
    single workflows just now."""
    return compose_sql(
        """
    EXISTS (
        SELECT 1 FROM {period} x WHERE x.person_id = {stood}.person
        AND x.workflow_id IS NOT NULL AND x.begins_at <= %(now)s AND x.ends_at > %(now)s
    )
    """,
        stood=stood_in,
        **_table_names(),
    )


def sql_moment(now: datetime) -> Any:
    """A moment as a parameter of plain SQL takes it."""
    return connection.ops.adapt_datetimefield_value(now)


def read_sql_moment(value: Any) -> datetime:
    """A moment that plain SQL gave: SQLite keeps it as a text, in UTC and without saying so."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=1)
def people_stood_in_for_in_workflow_sql() -> str:
    """SQL for the people (`person`) for whom `%(user)s` stands in at `%(now)s` in the workflow
    `%(template)s`."""
    stood, covers = people_stood_in_for_sql(), covers_workflow_sql("stood", "%(template)s")
    return compose_sql(
        "SELECT stood.person FROM ({stood}) stood WHERE {covers}", stood=stood, covers=covers
    )
