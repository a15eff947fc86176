"""The page of ownership that has rotted, and the same as a file."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from approvals.ui.csv_download import table_csv_response
from reporting.decay.queries import find_decay
from reporting.decay.tables import decay_table


def ownership_page_view(request: HttpRequest) -> HttpResponse:
    """What has rotted of what this person may audit, and what to do next."""
    rows = find_decay(request.user, now=timezone.now())
    context = {"table": decay_table(rows, request.user)}
    return render(request, "reporting/ownership.html", context)


def ownership_csv_view(request: HttpRequest) -> HttpResponse:
    """The same rows as a table."""
    rows = find_decay(request.user, now=timezone.now())
    return table_csv_response("ownership", decay_table(rows, request.user))
