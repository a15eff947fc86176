"""Status links: the page that one shows, and making and withdrawing them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from approvals.pages.status_page import build_status_page
from approvals.ui.responses import (
    button_only_view,
    signed_in_page,
    signed_in_user,
    submit_and_redirect,
)
from approvals.views.link_pages import link_page, no_such_link
from workflows.access.services.once_only_forms import FormSubmission, Twins
from workflows.execution.queries.visible_instances import find_visible_request
from workflows.links.queries.status_links import find_status_link
from workflows.links.services.status_links import make_status_link, withdraw_status_link


@require_safe
@link_page
def status_page_view(request: HttpRequest, token: str) -> HttpResponse:
    """Where one request is, for whoever has the link."""
    now = timezone.now()
    link = find_status_link(token, now)
    if link is None:
        return no_such_link(request)
    context = {"page": build_status_page(link, now), "now": now}
    return render(request, "links/status.html", context)


def _links_address(reference: str) -> str:
    return reverse("approvals:request", args=[reference]) + "#status-links"


@signed_in_page
@button_only_view(_links_address)
def make_status_link_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Make a link to this request; its address is on the request's page from then on."""
    user = signed_in_user(request)
    instance = find_visible_request(user, reference)
    days = request.POST.get("days", "")

    def submit_link() -> FormSubmission:
        make_status_link(
            instance, by=user, days=int(days) if days.isdecimal() else 0, now=timezone.now()
        )
        notice = gettext("The link is made; its address stands below. Whoever has it can see it.")
        return FormSubmission(_links_address(reference), notice)

    return submit_and_redirect(request, submit_link, Twins.LED)


@signed_in_page
@button_only_view(lambda reference, link_id: _links_address(reference))
def withdraw_status_link_view(request: HttpRequest, reference: str, link_id: int) -> HttpResponse:
    """From now on the link shows nothing."""
    user = signed_in_user(request)
    instance = find_visible_request(user, reference)

    def submit_withdrawal() -> FormSubmission:
        withdraw_status_link(instance, link_id, by=user, now=timezone.now())
        notice = gettext("The link is withdrawn; it shows nothing any more.")
        return FormSubmission(_links_address(reference), notice)

    return submit_and_redirect(request, submit_withdrawal)
