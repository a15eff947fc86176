"""Keeping what was foretold, and judging what fell due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from workflows.definitions.models import WorkflowTemplate
from workflows.execution.models import (
    QueueForecast,
    RequestForecast,
    WorkflowInstance,
    WorkItem,
)
from workflows.execution.queries.completion_estimates import count_queue_hits, count_request_hits

KEPT: Final = timedelta(days=60)
"""So long a forecast is kept after it fell due."""


@transaction.atomic
def keep_forecasts(
    template: WorkflowTemplate,
    requests: Sequence[RequestForecast],
    queues: Sequence[QueueForecast],
    *,
    now: datetime,
) -> None:
    """Replace the newest forecasts of a workflow's requests, add those of its queues, and write
    with each how many of the last month's held. The first forecast of a request stays."""
    judge_queues(template, now=now)
    judged, held = count_request_hits(template.pk, now)
    of_workflow = RequestForecast.objects.filter(request__template=template)
    of_workflow.filter(is_first=False).delete()
    of_workflow.filter(most_at__lt=now - KEPT).delete()
    known = set(of_workflow.values_list("request_id", flat=True))
    for forecast in requests:
        forecast.judged, forecast.held, forecast.is_first = judged, held, False
    firsts = [
        RequestForecast(
            request_id=each.request_id,
            is_first=True,
            made_at=now,
            half_at=each.half_at,
            most_at=each.most_at,
        )
        for each in requests
        if each.request_id not in known
    ]
    RequestForecast.objects.bulk_create([*requests, *firsts])
    judged, held = count_queue_hits(template.pk, now)
    for queue in queues:
        queue.judged, queue.held = judged, held
    QueueForecast.objects.bulk_create(queues)


def judge_queues(template: WorkflowTemplate, *, now: datetime) -> None:
    """Write down what the queues were that were foretold for a moment that is over."""
    rows = QueueForecast.objects.filter(template=template)
    rows.filter(for_at__lt=now - KEPT).delete()
    due = list(rows.filter(actual__isnull=True, for_at__lte=now))
    for row in due:
        row.actual = _queue_at(template, row.step_key, row.for_at)
    QueueForecast.objects.bulk_update(due, ["actual"])


def _queue_at(template: WorkflowTemplate, step_key: str, moment: datetime) -> int:
    tasks = WorkItem.objects.filter(
        request__template=template, step__key=step_key, enabled_at__lte=moment
    ).exclude(request__state__in=WorkflowInstance.NOT_HERE)
    still_open = Q(is_open=True) | Q(completed_at__gt=moment)
    return tasks.filter(still_open).count()
