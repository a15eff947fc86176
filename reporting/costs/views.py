"""What workflows cost, month by month, for those who may audit them."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone

from approvals.ui.csv_download import table_csv_response
from reporting.costs.filters import CostsFilter
from reporting.costs.queries import MonthCost, compute_month_costs
from reporting.costs.tables import costs_table
from reporting.ui.filters import workflow_choices
from workflows.definitions.models import WorkflowTemplate


def costs_page_view(request: HttpRequest) -> HttpResponse:
    """The months of the period, the newest first."""
    templates = WorkflowTemplate.objects.auditable_by(request.user)
    choices, filters = workflow_choices(templates), CostsFilter(request.GET, templates)
    filters.offer("workflow", choices)
    months = [] if filters.problem else _months_of(filters)
    context = {
        "table": costs_table(months),
        "filters": filters,
        "unpriced": any(month.unpriced_minutes or month.unpriced_calls for month in months),
        "audits": bool(choices),
    }
    status = HTTPStatus.BAD_REQUEST if filters.problem else HTTPStatus.OK
    return render(request, "reporting/costs.html", context, status=status)


def costs_csv_view(request: HttpRequest) -> HttpResponse:
    """The same table as a file."""
    filters = CostsFilter(request.GET, WorkflowTemplate.objects.auditable_by(request.user))
    if filters.problem:
        return HttpResponseBadRequest(filters.problem, content_type="text/plain; charset=utf-8")
    return table_csv_response("costs", costs_table(_months_of(filters)))


def _months_of(filters: CostsFilter) -> list[MonthCost]:
    since, until = filters.period(timezone.now())
    return compute_month_costs(filters.qs, since=since, until=until)
