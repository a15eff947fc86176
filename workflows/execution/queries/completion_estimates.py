"""When a request will be done: by the kept forecasts of the simulation where these hold, else by
how long finished requests took from where this one stands.

The newest finished requests are looked at, found by the index of a workflow's requests, so that the
answer costs the same however many there are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Final

from django.db import connection
from django.db.models import F, Max, Q

from workflows.execution.models import (
    QueueForecast,
    RequestForecast,
    WorkflowInstance,
    WorkItem,
)
from workflows.execution.queries.facets import RowsFacet, facet_of_rows
from workflows.execution.queries.position import InstancePosition, StepPosition
from workflows.persistence.prepared_queries import ANY_ROW
from workflows.persistence.sql_text import compose_sql

LEAST_REQUESTS: Final = 20
"""From fewer nothing is said."""
FINISHED_REQUESTS = facet_of_rows(
    f"{WorkflowInstance._meta.db_table} WHERE template_id = %(template)s AND state = 'completed'"
    f" ORDER BY id DESC LIMIT 1 OFFSET {LEAST_REQUESTS - 1}"
)
NEWEST_REQUESTS: Final = 500
"""So many finished requests are looked at."""

Lengths = Mapping[tuple[str, int], list[timedelta]]
"""From coming to a step for the n-th time to the end, by the step's key and round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionEstimate:
    """How long it may take from now on. `requests` stood at the step in all, `alike` of them at
    least as long as this one has; of those half were done within `half` and nine of ten within
    `most` from then on. Where too few stood so long, neither is known."""

    step: str = ""
    requests: int = 0
    alike: int = 0
    half: timedelta | None = None
    most: timedelta | None = None
    judged: int = 0
    """Where it is from the simulation: how many of its forecasts fell due in the last month,"""
    held: int = 0
    """and how many of these held."""


def estimate_completion(position: InstancePosition, now: datetime) -> CompletionEstimate | None:
    """By the simulation of what is open, where its forecasts hold; else by the history of the open
    step from which it takes longest. None where too few requests stood there, and for a request
    that is halted or waits on an incident. One statement, or none.
    """
    steps = position.steps
    is_running = position.instance.state == WorkflowInstance.RUNNING
    if not is_running or not steps or any(step.incident for step in position.everywhere):
        return None
    forecast = find_request_forecast(position.instance, now)
    if forecast is not None:
        return CompletionEstimate(
            half=max(forecast.half_at - now, timedelta()),
            most=forecast.most_at - now,
            judged=forecast.judged,
            held=forecast.held,
        )
    if FINISHED_REQUESTS.is_absent(position.instance):
        return None
    lengths = _past_lengths(position.instance, steps)
    estimates = [
        _estimate_from(step, lengths.get((step.key, step.round), []), now)
        for step in steps
        if len(lengths.get((step.key, step.round), [])) >= LEAST_REQUESTS
    ]
    return max(estimates, key=lambda entry: entry.most or timedelta.max, default=None)


def _past_lengths(instance: WorkflowInstance, steps: Iterable[StepPosition]) -> Lengths:
    """Of the newest finished requests of the workflow, of any version."""
    places = {(step.key, step.round) for step in steps}
    finished = WorkflowInstance.objects.filter(
        template_id=instance.template_id, state=WorkflowInstance.COMPLETED
    )
    rows = WorkItem.objects.filter(
        request__in=finished.order_by("-id").values("pk")[:NEWEST_REQUESTS],
        step__key__in={key for key, _ in places},
        round__in={number for _, number in places},
        enabled_at__isnull=False,
    ).values_list("step__key", "round", "request_id", "enabled_at", "request__completed_at")
    by_request: dict[tuple[str, int, int], timedelta] = {}
    for key, number, request_id, enabled_at, ended in rows.order_by():
        assert enabled_at is not None
        place = (key, number, request_id)
        by_request[place] = max(
            by_request.get(place, timedelta()), (ended or enabled_at) - enabled_at
        )
    lengths: dict[tuple[str, int], list[timedelta]] = {}
    for (key, number, _), length in by_request.items():
        lengths.setdefault((key, number), []).append(length)
    return lengths


def _estimate_from(
    step: StepPosition, lengths: list[timedelta], now: datetime
) -> CompletionEstimate:
    waited = max(now - step.since, timedelta()) if step.since is not None else timedelta()
    rest = sorted((length - waited).total_seconds() for length in lengths if length >= waited)
    estimate = CompletionEstimate(step=step.title, requests=len(lengths), alike=len(rest))
    if len(rest) < LEAST_REQUESTS:
        return estimate
    tenths = quantiles(rest, n=10, method="inclusive")
    half, most = timedelta(seconds=tenths[4]), timedelta(seconds=tenths[8])
    return replace(estimate, half=half, most=most)


# -- how long steps take ------------------------------------------------------------------------


def read_step_lengths(
    template_ids: Iterable[int], newest: int
) -> dict[tuple[int, str], list[timedelta]]:
    """From coming to a step to being through with it, by workflow and the step's key, of so many of
    the newest finished requests of each workflow. One statement, or none."""
    ids = sorted(set(template_ids))
    if not ids:
        return {}
    part = compose_sql(
        """SELECT id, template_id FROM (
        SELECT id, template_id FROM workflows_workflowinstance
        WHERE template_id = %s AND state = 'completed' ORDER BY id DESC LIMIT {most}
    ) AS newest""",
        most=int(newest),
    )
    finished = " UNION ALL ".join([part] * len(ids))
    lengths: dict[tuple[int, str], list[timedelta]] = {}
    with connection.cursor() as cursor:
        cursor.execute(STEP_LENGTHS.format(finished=finished), ids)
        for template_id, key, seconds in cursor.fetchall():
            lengths.setdefault((template_id, key), []).append(timedelta(seconds=float(seconds)))
    return lengths


STEP_LENGTHS = """
    WITH finished AS ({finished})
    SELECT finished.template_id, step.key, task.waiting_seconds + task.working_seconds
    FROM finished
    JOIN workflows_workitem task ON task.request_id = finished.id AND task.state = 'done'
    JOIN workflows_step step ON step.id = task.step_id
    WHERE task.waiting_seconds IS NOT NULL AND task.working_seconds IS NOT NULL
"""


# -- what was foretold: shown only where enough of it held -------------------------------------

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
