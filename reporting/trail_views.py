"""The trail as a page and as CSV of exactly the rows that were chosen."""

from http import HTTPStatus

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reporting.audit_csv import csv_lines
from reporting.csv_out import streamed
from reporting.trail import Chosen, chosen_rows, trail_page
from workflows.engine.errors import InvalidInput
from workflows.permissions import auditable, may_audit_site

NOT_YOURS = (
    "You may audit no workflow, so there is no trail to show you. Ask a workflow's owner for the"
    " permission to audit it."
)


@require_safe
@login_required
def show(request: HttpRequest) -> HttpResponse:
    """The trail of the workflows that this person may audit, newest first."""
    if not _audits_something(request):
        return _not_yours(request)
    chosen = Chosen.read(request.GET)
    page = trail_page(request.user, chosen)
    status = HTTPStatus.BAD_REQUEST if page.wrong else HTTPStatus.OK
    context = {"page": page, "chosen": chosen}
    return render(request, "reporting/trail.html", context, status=status)


@require_safe
@login_required
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """The rows that the page shows, all of them, oldest first."""
    if not _audits_something(request):
        return _not_yours(request)
    try:
        events = chosen_rows(request.user, Chosen.read(request.GET))
    except InvalidInput as wrong:
        return HttpResponseBadRequest(str(wrong), content_type="text/plain; charset=utf-8")
    return streamed("trail.csv", csv_lines(events))


def _audits_something(request: HttpRequest) -> bool:
    return may_audit_site(request.user) or auditable(request.user).exists()


def _not_yours(request: HttpRequest) -> HttpResponse:
    return render(request, "403.html", {"why": NOT_YOURS}, status=HTTPStatus.FORBIDDEN)
