"""What was foretold, and how much of it held: shown only where enough of it did."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Max, Q

from workflows.execution.models import QueueForecast, RequestForecast, WorkflowInstance
from workflows.execution.queries.facets import RowsFacet
from workflows.persistence.prepared_queries import ANY_ROW

MONTH: Final = timedelta(days=30)
LEAST_JUDGED: Final = 20
"""From fewer forecasts nobody can say how good they are."""
GOOD_SHARE: Final = 0.7
"""Nine of ten are foretold to be done by then: where it was fewer than seven, nothing is shown."""
STALE: Final = timedelta(days=3)

REQUEST_FORECASTS = RowsFacet(
    lambda: RequestForecast.objects.filter(request=ANY_ROW, is_first=False)
)


def is_worth_showing(judged: int, held: int) -> bool:
    """Whether enough forecasts were judged, and enough of them held."""
    return judged >= LEAST_JUDGED and held >= GOOD_SHARE * judged


def find_request_forecast(instance: WorkflowInstance, now: datetime) -> RequestForecast | None:
    """The newest forecast of a request, if it may be shown and still lies ahead. No statement where
    the request was read with its facets; else one."""
    for forecast in REQUEST_FORECASTS.rows_of(instance):
        is_fresh = now - forecast.made_at < STALE and forecast.most_at > now
        if is_fresh and is_worth_showing(forecast.judged, forecast.held):
            return forecast
    return None


def count_request_hits(template_id: int, now: datetime) -> tuple[int, int]:
    """Of the first forecasts that fell due in the last month: how many there were, and how many
    requests were done by then. One statement."""
    due = RequestForecast.objects.filter(
        is_first=True, request__template=template_id, most_at__gt=now - MONTH, most_at__lte=now
    )
    done = Q(request__state=WorkflowInstance.COMPLETED, request__completed_at__lte=F("most_at"))
    return due.count(), due.filter(done).count()


def count_queue_hits(template_id: int, now: datetime) -> tuple[int, int]:
    """The same of the queues that were foretold."""
    due = QueueForecast.objects.filter(
        template=template_id, actual__isnull=False, for_at__gt=now - MONTH
    )
    return due.count(), due.filter(actual__gte=F("low"), actual__lte=F("high")).count()


def find_queue_forecasts(template_ids: Iterable[int], now: datetime) -> list[QueueForecast]:
    """The newest forecasts of these workflows' queues that may be shown, the longest first. One
    statement."""
    fresh = QueueForecast.objects.filter(template__in=template_ids, made_at__gt=now - STALE)
    newest = fresh.order_by().values("template").annotate(newest=Max("made_at")).values("newest")
    rows = fresh.filter(made_at__in=newest).order_by("template_id", "-middle", "step_key")
    return [row for row in rows if is_worth_showing(row.judged, row.held)]
