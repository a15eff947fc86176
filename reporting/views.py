"""Report pages and the audit CSV, for those who may audit a workflow."""

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max, Q, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from reporting.audit_csv import csv_lines, trail_rows
from reporting.csv_out import csv_file, streamed
from reporting.moments import days
from reporting.rows import Period
from workflows.engine.errors import InvalidInput
from workflows.models import WorkflowInstance, WorkflowTemplate
from workflows.permissions import auditable


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The workflows whose reports this person may read, with a line each."""
    return render(request, "reporting/index.html", {"workflows": _with_counts(request)})


INDEX_COLUMNS = ("workflow", "name", "open_now", "requests", "last_one_finished")


@login_required
@require_GET
def index_csv(request: HttpRequest) -> HttpResponse:
    """The same table as a file."""
    told = ("key", "name", "open_requests", "requests", "last_end")
    return csv_file("reports", INDEX_COLUMNS, _with_counts(request).values_list(*told))


def _with_counts(request: HttpRequest) -> QuerySet[WorkflowTemplate]:
    is_here = ~Q(instances__state__in=WorkflowInstance.NOT_HERE)
    is_open = Q(instances__state__in=WorkflowInstance.LIVE)
    return (
        auditable(request.user)
        .annotate(
            requests=Count("instances", filter=is_here),
            open_requests=Count("instances", filter=is_open),
            last_end=Max("instances__completed_at", filter=is_here),
        )
        .order_by("name")
    )


def _period(request: HttpRequest) -> tuple[Period, str]:
    """The period that the address asks for, and what is wrong with it."""
    try:
        since, until = days(request.GET.get("since"), request.GET.get("until"))
    except InvalidInput as problem:
        return Period(), str(problem)
    return Period(since=since, until=until), ""


@login_required
@require_GET
def audit_csv(request: HttpRequest) -> HttpResponseBase:
    """The trail as CSV, of the workflows that this person may audit."""
    templates = auditable(request.user)
    key = request.GET.get("workflow")
    if key:
        templates = templates.filter(key=key)
    everything = request.user.is_superuser and not key
    if not everything and not templates.exists():
        raise Http404("There is no such workflow, or you may not read its trail.")
    period, wrong = _period(request)
    if wrong:
        return HttpResponseBadRequest(wrong, content_type="text/plain; charset=utf-8")
    events = trail_rows(
        templates=None if everything else templates, since=period.since, until=period.until
    )
    return streamed(f"audit-{key}.csv" if key else "audit.csv", csv_lines(events))
