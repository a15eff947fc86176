"""One day's raw rows, read once and gathered by step and by the step that they came from.

The database gathers the values into arrays, so that a day of any size is a few rows to fetch.
Whether a task was done here or came in with a log makes no difference: what each row knows of its
times is kept on the row. Requests of a log that is on its way in or out are passed over.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from reporting.metrics.quantiles import MICROSECOND
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.history_import.models import LogImport

Key = tuple[int, str]
Values = list[int | None]


@dataclass(slots=True)
class StepDay:
    """What happened at one step, to tasks that came from one step, on one day. Microseconds."""

    arrived: int = 0
    completed: int = 0
    cancelled: int = 0
    overdue: int = 0
    reworked: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    waiting: Values = field(default_factory=list)
    working: Values = field(default_factory=list)
    waiting_business: Values = field(default_factory=list)
    working_business: Values = field(default_factory=list)
    lead_in: Values = field(default_factory=list)

    @staticmethod
    def known_values(values: Values) -> list[int]:
        """The values that are known; time is never less than none."""
        return [max(value, 0) for value in values if value is not None]

    @property
    def taken(self) -> list[int]:
        """Business time from enabling to end, pauses left out, where both parts are known."""
        pairs = zip(self.waiting_business, self.working_business, strict=True)
        return [max(a + b, 0) for a, b in pairs if a is not None and b is not None]

    def exceptions_of(self, names: frozenset[str]) -> int:
        """How many ended with one of these outcomes."""
        return sum(count for outcome, count in self.outcomes.items() if outcome in names)


@dataclass(slots=True)
class RequestDay:
    """What happened to the requests of one version on one day."""

    template: int
    version: int
    started: int = 0
    finished: int = 0
    cancelled: int = 0
    repeated: int = 0
    durations: list[int] = field(default_factory=list)


DONE = """
    SELECT step_id, came_from, outcome, count(*),
        sum(CASE WHEN enabled_at IS NULL THEN 1 ELSE 0 END),
        sum(CASE WHEN completed_at > due_at THEN 1 ELSE 0 END),
        sum(CASE WHEN round > 1 THEN 1 ELSE 0 END),
        {waiting}, {working}, {waiting_business}, {working_business}, {lead_in}
    FROM workflows_workitem
    WHERE completed_at >= %s AND completed_at < %s AND state = 'done' {here}
    GROUP BY step_id, came_from, outcome
"""
CAME = """
    SELECT step_id, came_from, count(*) FROM workflows_workitem
    WHERE enabled_at >= %s AND enabled_at < %s {here}
    GROUP BY step_id, came_from
"""
LEFT = """
    SELECT step_id, came_from, count(*) FROM workflows_historicalworkitem
    WHERE history_date >= %s AND history_date < %s AND state = 'cancelled' {here}
    GROUP BY step_id, came_from
"""
HERE = """
    AND request_id NOT IN (
        SELECT r.id FROM workflows_workflowinstance r
        JOIN workflows_logimport i ON i.id = r.log_import_id
        WHERE i.state IN ('arriving', 'leaving')
    )
"""
"""Said only while a log comes in or goes out."""
GATHERED = {
    "postgresql": "array_agg(CAST(round({0} * 1000000) AS bigint))",
    "sqlite": "json_group_array(CAST(round({0} * 1000000) AS INTEGER))",
}
MEASURES = ("waiting", "working", "waiting_business", "working_business", "lead_in")


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """A day's first moment and the next day's (of the last day of all, its last moment)."""
    begin = datetime.combine(day, time(), UTC)
    return begin, begin + timedelta(days=1) if day < date.max else datetime.max.replace(tzinfo=UTC)


def exclude_imports_clause() -> str:
    """The condition that leaves out logs that are on their way, where there are any."""
    return HERE if LogImport.objects.filter(state__in=LogImport.UNDER_WAY).exists() else ""


def read_step_days(day: date) -> dict[Key, StepDay]:
    """The day's cells, by step and by the key of the step before ('' for the start).

    A task that does not say when it was there (logs) comes when it ends."""
    cells: dict[Key, StepDay] = {}
    only = exclude_imports_clause()
    for step, came_from, outcome, count, unannounced, *values in _fetch_rows(DONE, day, only):
        cell = cells.setdefault((step, came_from), StepDay())
        cell.arrived += unannounced
        _add_completed(cell, outcome, [count, *values])
    for step, came_from, count in _fetch_rows(CAME, day, only):
        cells.setdefault((step, came_from), StepDay()).arrived += count
    for step, came_from, count in _fetch_rows(LEFT, day, only):
        cells.setdefault((step, came_from), StepDay()).cancelled += count
    return cells


def _fetch_rows(statement: str, day: date, only: str) -> list[Any]:
    gathered = GATHERED[connection.vendor]
    arrays = {name: gathered.format(f"{name}_seconds") for name in MEASURES}
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(here=only, **arrays), [adapt(moment) for moment in day_bounds(day)]
        )
        return list(cursor.fetchall())


def _add_completed(cell: StepDay, outcome: str, values: list[Any]) -> None:
    count, overdue, reworked, *arrays = values
    cell.completed += count
    cell.overdue += overdue
    cell.reworked += reworked
    cell.outcomes[outcome] = cell.outcomes.get(outcome, 0) + count
    for name, array in zip(MEASURES, arrays, strict=True):
        getattr(cell, name).extend(_decode_array(array))


def _decode_array(array: Any) -> Values:
    """PostgreSQL's array is a list already; SQLite's is JSON."""
    return array if isinstance(array, list) else json.loads(array)


# -- requests ---------------------------------------------------------------------------------


def read_request_days(day: date) -> list[RequestDay]:
    """The day's requests by version: those that started, and those that ended."""
    begin, end = day_bounds(day)
    days_by_version: dict[int, RequestDay] = {}
    started = WorkflowInstance.objects.filter(started_at__gte=begin, started_at__lt=end)
    for template, version in started.order_by("id").values_list("template_id", "version_id"):
        days_by_version.setdefault(version, RequestDay(template, version)).started += 1
    ended = WorkflowInstance.objects.filter(completed_at__gte=begin, completed_at__lt=end)
    repeats = WorkItem.objects.filter(request=OuterRef("pk"), round__gt=1, state="done")
    columns = ("template_id", "version_id", "state", "started_at", "completed_at")
    rows = ended.order_by("id").annotate(again=Exists(repeats)).values_list(*columns, "again")
    for template, version, state, first, last, repeated in rows:
        cell = days_by_version.setdefault(version, RequestDay(template, version))
        if state == WorkflowInstance.CANCELLED:
            cell.cancelled += 1
        elif state == WorkflowInstance.COMPLETED:
            cell.finished += 1
            cell.repeated += repeated
            cell.durations.append(max((last - first) // MICROSECOND, 0))
    return [days_by_version[version] for version in sorted(days_by_version)]
