"""Which days must be rolled up again: those that a later change reaches back to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, DateField, Func, Max, QuerySet, Sum
from simple_history.utils import get_history_model_for_model

from reporting.rollups.models import DAY, StepRollUp
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.history_import.models import LogImport

_HISTORY: Any = get_history_model_for_model(WorkItem)
_REQUESTS: Any = get_history_model_for_model(WorkflowInstance)
MOMENTS = ("enabled_at", "started_at", "completed_at")
FROM_A_LOG = "import_log"
"""Why history rows of imports were written: an import marks its own days."""
BATCH = 300
MARGIN = timedelta(days=1)
"""A day of the site's zone may be the day before or after in UTC."""


class UtcDay(Func):
    """A moment's day (UTC), as the database cuts it off: no row is looked at in Python."""

    output_field = DateField()
    template = "CAST((%(expressions)s AT TIME ZONE 'UTC') AS date)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite keeps moments as text, in UTC."""
        template = "substr(%(expressions)s, 1, 10)"
        return super().as_sql(compiler, connection, template=template, **context)


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


# -- changes ----------------------------------------------------------------------------------


def newest_history_id() -> int:
    """The id of the last change of a task that is written down."""
    return int(_HISTORY.objects.aggregate(newest=Max("history_id"))["newest"] or 0)


def find_changed_days(*, after: int) -> set[date]:
    """The days of all moments that tasks changed since then, and their requests, have or had."""
    changed = _HISTORY.objects.filter(history_id__gt=after).exclude(
        history_change_reason=FROM_A_LOG
    )
    rows = _HISTORY.objects.filter(id__in=changed.values("id"))
    requests = _REQUESTS.objects.filter(id__in=changed.values("request_id"))
    days = {day for name in MOMENTS for day in _distinct_days(rows, name)}
    days |= {
        day for name in ("started_at", "completed_at") for day in _distinct_days(requests, name)
    }
    return days | set(_distinct_days(rows.filter(state="cancelled"), "history_date"))


def find_days_with_work(since: date | None = None) -> set[date]:
    """Every day (from one on) on which anything happened. Days on which nothing did are not looked
    at."""
    tasks, requests = WorkItem.objects.all(), WorkflowInstance.objects.all()
    names = MOMENTS if since is None else ("enabled_at", "completed_at")  # those have an index
    days = {day for name in names for day in _distinct_days(tasks, name, since)}
    days |= {
        day
        for name in ("started_at", "completed_at")
        for day in _distinct_days(requests, name, since)
    }
    cancelled = _HISTORY.objects.filter(state="cancelled")
    return days | set(_distinct_days(cancelled, "history_date", since))


def _distinct_days(
    rows: QuerySet[Any], moment: str, since: date | None = None
) -> QuerySet[Any, date]:
    queryset = rows.filter(**{f"{moment}__isnull": False}).order_by()
    if since is not None:
        begin = datetime(since.year, since.month, since.day, tzinfo=UTC)
        queryset = queryset.filter(**{f"{moment}__gte": begin})
    return queryset.values_list(UtcDay(moment), flat=True).distinct()


# -- comparing --------------------------------------------------------------------------------


def find_differing_days() -> set[date]:
    """Days whose tasks done, or come, are not as many as was rolled up."""
    raw, rolled_up = _count_raw_rows(), _count_rolled_up()
    return {day for day in {*raw, *rolled_up} if raw.get(day) != rolled_up.get(day)}


def _count_raw_rows() -> dict[date, tuple[int, int]]:
    tasks = _select_settled_tasks()
    completed = _count_by_day(tasks.filter(state="done"), "completed_at")
    arrived = _count_by_day(tasks.filter(enabled_at__isnull=False), "enabled_at")
    unknown = tasks.filter(state="done", enabled_at__isnull=True)
    for day, count in _count_by_day(unknown, "completed_at").items():
        arrived[day] = arrived.get(day, 0) + count
    return {day: (completed.get(day, 0), arrived.get(day, 0)) for day in {*completed, *arrived}}


def _select_settled_tasks() -> QuerySet[WorkItem]:
    """All tasks but those of a log that is on its way in or out."""
    under_way = LogImport.objects.filter(state__in=LogImport.UNDER_WAY)
    if not under_way.exists():
        return WorkItem.objects.all()
    away = WorkflowInstance.everything.filter(log_import__in=under_way).values("pk")
    return WorkItem.objects.exclude(request__in=away)


def _count_by_day(rows: QuerySet[Any], moment: str) -> dict[date, int]:
    rows = rows.filter(**{f"{moment}__isnull": False}).order_by()
    by_day = rows.annotate(on=UtcDay(moment)).values_list("on")
    return dict(by_day.annotate(count=Count("pk")))


def _count_rolled_up() -> dict[date, tuple[int, int]]:
    cells = StepRollUp.objects.filter(grain=DAY).order_by().values_list("day")
    queryset = cells.annotate(done=Sum("completed"), came=Sum("arrived"))
    return {
        day: (completed, arrived) for day, completed, arrived in queryset if completed or arrived
    }
