"""Which days must be rolled up again: those that a later change reaches back to."""

from datetime import UTC, date
from typing import Any

from django.db.models import Count, Max, QuerySet, Sum
from django.db.models.functions import TruncDate
from simple_history.utils import get_history_model_for_model

from reporting.models import DAY, StepRollUp
from workflows.models import WorkflowInstance, WorkItem

_HISTORY: Any = get_history_model_for_model(WorkItem)
_REQUESTS: Any = get_history_model_for_model(WorkflowInstance)
MOMENTS = ("enabled_at", "started_at", "completed_at")


def newest_history() -> int:
    """The id of the last change of a task that is written down."""
    return int(_HISTORY.objects.aggregate(newest=Max("history_id"))["newest"] or 0)


def changed_days(*, after: int) -> set[date]:
    """The days of all moments that tasks changed since then, and their requests, have or had."""
    changed = _HISTORY.objects.filter(history_id__gt=after)
    rows = _HISTORY.objects.filter(id__in=changed.values("id"))
    requests = _REQUESTS.objects.filter(id__in=changed.values("request_id"))
    days = {day for name in MOMENTS for day in _days(rows, name)}
    days |= {day for name in ("started_at", "completed_at") for day in _days(requests, name)}
    return days | set(_days(rows.filter(state="cancelled"), "history_date"))


def _days(rows: QuerySet[Any], moment: str) -> QuerySet[Any, date]:
    found = rows.filter(**{f"{moment}__isnull": False}).order_by()
    return found.values_list(TruncDate(moment, tzinfo=UTC), flat=True).distinct()


def days_that_differ() -> set[date]:
    """Days whose tasks done, or come, are not as many as was rolled up."""
    raw, kept = _raw_counts(), _kept_counts()
    return {day for day in {*raw, *kept} if raw.get(day) != kept.get(day)}


def _raw_counts() -> dict[date, tuple[int, int]]:
    done = _counted(WorkItem.objects.filter(state="done"), "completed_at")
    came = _counted(WorkItem.objects.filter(enabled_at__isnull=False), "enabled_at")
    unknown = WorkItem.objects.filter(state="done", enabled_at__isnull=True)
    for day, count in _counted(unknown, "completed_at").items():
        came[day] = came.get(day, 0) + count
    return {day: (done.get(day, 0), came.get(day, 0)) for day in {*done, *came}}


def _counted(rows: QuerySet[Any], moment: str) -> dict[date, int]:
    rows = rows.filter(**{f"{moment}__isnull": False}).order_by()
    by_day = rows.annotate(on=TruncDate(moment, tzinfo=UTC)).values_list("on")
    return dict(by_day.annotate(count=Count("pk")))


def _kept_counts() -> dict[date, tuple[int, int]]:
    cells = StepRollUp.objects.filter(grain=DAY).order_by().values_list("day")
    found = cells.annotate(done=Sum("completed"), came=Sum("arrived"))
    return {day: (done, came) for day, done, came in found if done or came}
