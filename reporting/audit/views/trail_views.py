"""The trail as a page and as CSV of exactly the rows that were chosen."""

from http import HTTPStatus

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from approvals.ui.csv_download import stream_file
from approvals.ui.responses import signed_in_user
from reporting.audit.filters import TrailFilter
from reporting.audit.queries.csv_lines import select_trail_rows, trail_csv_lines
from reporting.audit.queries.trail_page import read_trail_page
from reporting.metrics.native_rows import RequestPeriod
from reporting.metrics.timestamps import parse_day_range
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import InvalidInput
from workflows.execution.queries.sight.field_sight import all_masked_fields, masked_fields
from workflows.trail.models import TrailEvent


def trail_page_view(request: HttpRequest) -> HttpResponse:
    """The trail of the workflows that this person may audit, newest first; with a wrong day it
    has no rows and says so."""
    filters = TrailFilter(request.GET, request.user)
    events = TrailEvent.objects.none() if filters.problem else filters.qs
    page = read_trail_page(events, _page_begin(request.GET.get("before", "")))
    filters.offer_choices()
    context = {
        "page": page,
        "filters": filters,
        "older": urlencode(filters.chosen | {"before": str(page.last)}) if page.last else "",
    }
    status = HTTPStatus.BAD_REQUEST if filters.problem else HTTPStatus.OK
    return render(request, "reporting/trail.html", context, status=status)


def _page_begin(before: str) -> int | None:
    """The row at which the page before this one ended."""
    return int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None


def trail_csv_view(request: HttpRequest) -> HttpResponseBase:
    """The rows that the page shows, all of them, oldest first."""
    filters = TrailFilter(request.GET, request.user)
    if filters.problem:
        return HttpResponseBadRequest(filters.problem, content_type="text/plain; charset=utf-8")
    masked = all_masked_fields(signed_in_user(request))
    return stream_file("trail.csv", trail_csv_lines(filters.qs, masked))


def _read_period(request: HttpRequest) -> tuple[RequestPeriod, str]:
    """The period that the address asks for, and what is wrong with it."""
    try:
        since, until = parse_day_range(request.GET.get("since"), request.GET.get("until"))
    except InvalidInput as problem:
        return RequestPeriod(), str(problem)
    return RequestPeriod(since=since, until=until), ""


@login_required
@require_GET
def audit_csv_view(request: HttpRequest) -> HttpResponseBase:
    """The trail as CSV, of the workflows that this person may audit."""
    templates = WorkflowTemplate.objects.auditable_by(request.user)
    key = request.GET.get("workflow")
    if key:
        templates = templates.filter(key=key)
    everything = request.user.is_superuser and not key
    if not everything and not templates.exists():
        raise Http404(gettext("There is no such workflow, or you may not read its trail."))
    period, wrong = _read_period(request)
    if wrong:
        return HttpResponseBadRequest(wrong, content_type="text/plain; charset=utf-8")
    events = select_trail_rows(
        templates=None if everything else templates, since=period.since, until=period.until
    )
    masked = masked_fields(signed_in_user(request), templates.values_list("pk", flat=True))
    return stream_file(f"audit-{key}.csv" if key else "audit.csv", trail_csv_lines(events, masked))
