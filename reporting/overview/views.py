"""The list of the reports that a person may read."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from approvals.ui.csv_download import table_csv_response
from reporting.overview.queries import reports_overview_table
from reporting.ui.site_reports import readable_site_reports


@login_required
@require_GET
def reports_index_view(request: HttpRequest) -> HttpResponse:
    """The workflows whose reports this person may read, with a line each, and the other pages."""
    table = reports_overview_table(request.user)
    reports = readable_site_reports(request.user)
    return render(request, "reporting/index.html", {"table": table, "site_reports": reports})


@login_required
@require_GET
def reports_index_csv_view(request: HttpRequest) -> HttpResponse:
    """The same table as a file."""
    return table_csv_response("reports", reports_overview_table(request.user))
