"""Which days must be rolled up again: those that a later change reaches back to."""

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, DateField, Func, Max, Q, QuerySet, Sum
from simple_history.utils import get_history_model_for_model

from reporting.models import DAY, WEEK, StaleCell, StepRollUp
from workflows.engine.days import FIRST_DAY, LAST_DAY
from workflows.models import LogImport, WorkflowInstance, WorkItem

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


# -- marks ------------------------------------------------------------------------------------


def mark_stale(days: Iterable[date]) -> None:
    """Have these days, and the weeks that they are in, rolled up again. Days outside the bounds
    are set aside: no report has them."""
    wanted = {day for day in days if FIRST_DAY - MARGIN <= day <= LAST_DAY + MARGIN}
    mark = time.time_ns()
    cells = [StaleCell(grain=DAY, day=day, marked=mark) for day in sorted(wanted)]
    weeks = sorted({monday_of(day) for day in wanted})
    cells += [StaleCell(grain=WEEK, day=monday, marked=mark) for monday in weeks]
    StaleCell.objects.bulk_create(
        cells,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["grain", "day"],
        update_fields=["marked"],
    )


# -- changes ----------------------------------------------------------------------------------


def newest_history() -> int:
    """The id of the last change of a task that is written down."""
    return int(_HISTORY.objects.aggregate(newest=Max("history_id"))["newest"] or 0)


def changed_days(*, after: int) -> set[date]:
    """The days of all moments that tasks changed since then, and their requests, have or had."""
    changed = _HISTORY.objects.filter(history_id__gt=after).exclude(
        history_change_reason=FROM_A_LOG
    )
    rows = _HISTORY.objects.filter(id__in=changed.values("id"))
    requests = _REQUESTS.objects.filter(id__in=changed.values("request_id"))
    days = {day for name in MOMENTS for day in _days(rows, name)}
    days |= {day for name in ("started_at", "completed_at") for day in _days(requests, name)}
    return days | set(_days(rows.filter(state="cancelled"), "history_date"))


def days_with_work(since: date | None = None) -> set[date]:
    """Every day (from one on) on which anything happened. Days on which nothing did are not looked
    at."""
    tasks, requests = WorkItem.objects.all(), WorkflowInstance.objects.all()
    names = MOMENTS if since is None else ("enabled_at", "completed_at")  # those have an index
    days = {day for name in names for day in _days(tasks, name, since)}
    days |= {day for name in ("started_at", "completed_at") for day in _days(requests, name, since)}
    cancelled = _HISTORY.objects.filter(state="cancelled")
    return days | set(_days(cancelled, "history_date", since))


def _days(rows: QuerySet[Any], moment: str, since: date | None = None) -> QuerySet[Any, date]:
    found = rows.filter(**{f"{moment}__isnull": False}).order_by()
    if since is not None:
        begin = datetime(since.year, since.month, since.day, tzinfo=UTC)
        found = found.filter(**{f"{moment}__gte": begin})
    return found.values_list(UtcDay(moment), flat=True).distinct()


def outside_bounds() -> int:
    """How many tasks have a moment that no report shows, because its year cannot be meant."""
    first, last = (
        datetime(one.year, one.month, one.day, tzinfo=UTC)
        for one in (FIRST_DAY - MARGIN, LAST_DAY + MARGIN)
    )
    odd = Q()
    for name in ("enabled_at", "completed_at"):
        odd |= Q(**{f"{name}__lt": first}) | Q(**{f"{name}__gt": last})
    return WorkItem.objects.filter(odd).count()


# -- comparing --------------------------------------------------------------------------------


def days_that_differ() -> set[date]:
    """Days whose tasks done, or come, are not as many as was rolled up."""
    raw, kept = _raw_counts(), _kept_counts()
    return {day for day in {*raw, *kept} if raw.get(day) != kept.get(day)}


def _raw_counts() -> dict[date, tuple[int, int]]:
    here = _here()
    done = _counted(here.filter(state="done"), "completed_at")
    came = _counted(here.filter(enabled_at__isnull=False), "enabled_at")
    unknown = here.filter(state="done", enabled_at__isnull=True)
    for day, count in _counted(unknown, "completed_at").items():
        came[day] = came.get(day, 0) + count
    return {day: (done.get(day, 0), came.get(day, 0)) for day in {*done, *came}}


def _here() -> QuerySet[WorkItem]:
    """All tasks but those of a log that is on its way in or out."""
    under_way = LogImport.objects.filter(state__in=LogImport.UNDER_WAY)
    if not under_way.exists():
        return WorkItem.objects.all()
    away = WorkflowInstance.everything.filter(log_import__in=under_way).values("pk")
    return WorkItem.objects.exclude(request__in=away)


def _counted(rows: QuerySet[Any], moment: str) -> dict[date, int]:
    rows = rows.filter(**{f"{moment}__isnull": False}).order_by()
    by_day = rows.annotate(on=UtcDay(moment)).values_list("on")
    return dict(by_day.annotate(count=Count("pk")))


def _kept_counts() -> dict[date, tuple[int, int]]:
    cells = StepRollUp.objects.filter(grain=DAY).order_by().values_list("day")
    found = cells.annotate(done=Sum("completed"), came=Sum("arrived"))
    return {day: (done, came) for day, done, came in found if done or came}
