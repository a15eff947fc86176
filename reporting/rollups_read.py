"""One day's raw rows, read once and gathered by step and by the step that they came from.

The database gathers the values into arrays, so that a day of any size is a few rows to fetch.
Tasks that came in from a log carry no outcome and do not say where they came from: those are
gathered here, with the definitions that the figures use for logs (`reporting.cases`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from reporting.cases import Done, prepared
from reporting.quantiles import MICROSECOND, at
from workflows.models import WorkflowInstance, WorkItem

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

    @staticmethod
    def known(values: Values) -> list[int]:
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
        sum(CASE WHEN completed_at > due_at THEN 1 ELSE 0 END),
        sum(CASE WHEN round > 1 THEN 1 ELSE 0 END),
        {waiting}, {working}, {waiting_business}, {working_business}
    FROM workflows_workitem
    WHERE completed_at >= %s AND completed_at < %s AND state = 'done'
    GROUP BY step_id, came_from, outcome
"""
CAME = """
    SELECT step_id, came_from, state = 'done' AND outcome = '', count(*) FROM workflows_workitem
    WHERE enabled_at >= %s AND enabled_at < %s
    GROUP BY 1, 2, 3
"""
LEFT = """
    SELECT step_id, came_from, count(*) FROM workflows_historicalworkitem
    WHERE history_date >= %s AND history_date < %s AND state = 'cancelled'
    GROUP BY step_id, came_from
"""
GATHERED = {
    "postgresql": "array_agg(CAST(round({0} * 1000000) AS bigint))",
    "sqlite": "json_group_array(CAST(round({0} * 1000000) AS INTEGER))",
}
MEASURES = ("waiting", "working", "waiting_business", "working_business")


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """A day's first moment and the next day's."""
    begin = datetime.combine(day, time(), UTC)
    return begin, begin + timedelta(days=1)


def steps_of_day(day: date) -> dict[Key, StepDay]:
    """The day's cells, by step and by the key of the step before ('' for the start)."""
    cells: dict[Key, StepDay] = {}
    has_logged = False
    for step, came_from, outcome, *values in _rows(DONE, day):
        if outcome:
            _take_done(cells.setdefault((step, came_from), StepDay()), outcome, values)
        has_logged |= not outcome
    for step, came_from, logged, count in _rows(CAME, day):
        if not logged:
            cells.setdefault((step, came_from), StepDay()).arrived += count
        has_logged |= bool(logged)
    for step, came_from, count in _rows(LEFT, day):
        cells.setdefault((step, came_from), StepDay()).cancelled += count
    if has_logged:
        _take_logged(cells, day)
    return cells


def _rows(statement: str, day: date) -> list[Any]:
    gathered = GATHERED[connection.vendor]
    arrays = {name: gathered.format(f"{name}_seconds") for name in MEASURES}
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**arrays), [adapt(moment) for moment in bounds_of(day)])
        return list(cursor.fetchall())


def _take_done(cell: StepDay, outcome: str, values: list[Any]) -> None:
    count, overdue, reworked, *arrays = values
    cell.completed += count
    cell.overdue += overdue
    cell.reworked += reworked
    cell.outcomes[outcome] = cell.outcomes.get(outcome, 0) + count
    for name, array in zip(MEASURES, arrays, strict=True):
        getattr(cell, name).extend(_decoded(array))


def _decoded(array: Any) -> Values:
    """PostgreSQL's array is a list already; SQLite's is JSON."""
    return array if isinstance(array, list) else json.loads(array)


# -- logs -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One task of a log, as `reporting.cases` reads rows; its resource carries its database id."""

    case_id: int
    activity: str
    resource: str
    enabled: datetime | None
    start: datetime | None
    end: datetime | None


LOGGED = (
    *("id", "request_id", "step_id", "step__key", "round"),
    *("enabled_at", "started_at", "completed_at", "due_at"),
    *(f"{name}_seconds" for name in MEASURES),
)


def _take_logged(cells: dict[Key, StepDay], day: date) -> None:
    """Tasks of logs: which of them came or ended on this day, and which row was before them."""
    begin, end = bounds_of(day)
    here = Q(completed_at__gte=begin, completed_at__lt=end)
    here |= Q(enabled_at__gte=begin, enabled_at__lt=end)
    logged = WorkItem.objects.filter(state="done", outcome="").order_by("id")
    requests = set(logged.filter(here).values_list("request_id", flat=True))
    rows = {
        row["id"]: row
        for part in _parts(sorted(requests))
        for row in logged.filter(request__in=part).values(*LOGGED)
    }
    cases, _, _ = prepared(
        LoggedRow(row["request_id"], row["step__key"], str(row["id"]), row["enabled_at"],
                  row["started_at"], row["completed_at"])
        for row in rows.values()
    )  # fmt: skip
    for done in (row for case in cases.values() for row in case):
        _take_one(cells, rows[int(done.resource)], done, (at(begin), at(end)))


def _parts(ids: list[int]) -> Iterable[list[int]]:
    return (ids[first : first + 5000] for first in range(0, len(ids), 5000))


def _take_one(
    cells: dict[Key, StepDay], row: Mapping[str, Any], done: Done, bounds: tuple[int, int]
) -> None:
    begin, end = bounds
    key = (row["step_id"], done.before.activity if done.before else "")
    if begin <= (done.end if done.enabled is None else done.enabled) < end:
        cells.setdefault(key, StepDay()).arrived += 1
    if not begin <= done.end < end:
        return
    cell = cells.setdefault(key, StepDay())
    cell.completed += 1
    cell.overdue += row["due_at"] is not None and row["completed_at"] > row["due_at"]
    cell.reworked += row["round"] > 1
    cell.waiting.append(done.waiting)
    cell.working.append(_us(row["working_seconds"]))
    cell.waiting_business.append(_us(row["waiting_business_seconds"]))
    cell.working_business.append(_us(row["working_business_seconds"]))


def _us(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000_000)


# -- requests ---------------------------------------------------------------------------------


def requests_of(day: date) -> list[RequestDay]:
    """The day's requests by version: those that started, and those that ended."""
    begin, end = bounds_of(day)
    found: dict[int, RequestDay] = {}
    started = WorkflowInstance.objects.filter(started_at__gte=begin, started_at__lt=end)
    for template, version in started.order_by("id").values_list("template_id", "version_id"):
        found.setdefault(version, RequestDay(template, version)).started += 1
    ended = WorkflowInstance.objects.filter(completed_at__gte=begin, completed_at__lt=end)
    again = WorkItem.objects.filter(request=OuterRef("pk"), round__gt=1, state="done")
    columns = ("template_id", "version_id", "state", "started_at", "completed_at")
    rows = ended.order_by("id").annotate(again=Exists(again)).values_list(*columns, "again")
    for template, version, state, first, last, repeated in rows:
        cell = found.setdefault(version, RequestDay(template, version))
        if state == WorkflowInstance.CANCELLED:
            cell.cancelled += 1
        elif state == WorkflowInstance.COMPLETED:
            cell.finished += 1
            cell.repeated += repeated
            cell.durations.append(max((last - first) // MICROSECOND, 0))
    return [found[version] for version in sorted(found)]
