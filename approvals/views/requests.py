"""My requests and those that I may see, and the page of one request."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.pages.request_as_of import parse_past_moment, request_snapshot_at
from approvals.pages.request_columns import choose_columns
from approvals.pages.request_list import RequestFilters, requests_csv_lines, requests_page
from approvals.pages.request_page import request_page
from approvals.pages.status_page import status_link_section
from approvals.ui.csv_download import stream_file
from approvals.ui.responses import button_only_view, signed_in_page, signed_in_user
from workflows.access.permissions import may_audit
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.visible_instances import find_visible_request
from workflows.people.services.preferences import save_request_columns


@require_safe
@signed_in_page
def request_list_view(request: HttpRequest) -> HttpResponse:
    """Requests: mine, or all that I may see; open, finished or both; by words and workflow."""
    filters = RequestFilters.read(request.GET)
    current_page = requests_page(signed_in_user(request), filters, timezone.now())
    context = {"current_page": current_page, "filters": filters}
    return render(request, "approvals/requests.html", context)


@require_safe
@signed_in_page
def request_csv_view(request: HttpRequest) -> HttpResponseBase:
    """The same requests as CSV, in the same order and columns, not only the first page."""
    user, filters = signed_in_user(request), RequestFilters.read(request.GET)
    return stream_file("requests.csv", requests_csv_lines(user, filters, timezone.now()))


@button_only_view(lambda: reverse("approvals:requests"))
@signed_in_page
def choose_columns_view(request: HttpRequest) -> HttpResponse:
    """Keep which columns this person wants to see, and show the list again as it was."""
    names = [] if "usual" in request.POST else request.POST.getlist("column")
    chosen = [column.name for column in choose_columns(names)] if names else []
    save_request_columns(signed_in_user(request), chosen)
    filters = RequestFilters.read(QueryDict(request.POST.get("list", "")))
    return redirect(reverse("approvals:requests") + filters.link())


@require_safe
@signed_in_page
def request_page_view(request: HttpRequest, reference: str) -> HttpResponse:
    """One request: where it is, who has it, since when, what is next; then its record.

    With `asof` in the address, as it was at that moment; with `until`, what happened before it.
    """
    user, now = signed_in_user(request), timezone.now()
    instance = find_visible_request(user, reference)
    if request.GET.get("asof"):
        return _past_request_page(request, instance, now)
    if request.GET.get("until"):
        until = parse_past_moment(request.GET["until"], now)
        earlier = {"instance": instance, "page": request_page(user, instance, now, until)}
        return render(request, "approvals/request_earlier.html", earlier | {"now": now})
    context = {
        "instance": instance,
        "page": request_page(user, instance, now),
        "links": status_link_section(user, instance, now),
        "now": now,
    }
    return render(request, "approvals/request.html", context)


def _past_request_page(
    request: HttpRequest, instance: WorkflowInstance, now: datetime
) -> HttpResponse:
    """The past is for reading: the page has no button that changes anything."""
    at = parse_past_moment(request.GET["asof"], now)
    user = signed_in_user(request)
    audits = may_audit(user, instance.template)
    then = request_snapshot_at(instance, at, audits=audits, reader=user)
    context = {"then": then, "instance": then.request, "audits": audits, "now": at}
    return render(request, "approvals/request_past.html", context)
