"""Resources: what there is, who has what when, as pages and CSV; giving back by the owner."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from approvals.forms.field_forms import CommandReasonForm
from approvals.pages.resources import ResourcePage, resource_list, resource_page
from approvals.ui.csv_download import table_csv_response
from approvals.ui.responses import (
    refusal_context,
    signed_in_page,
    signed_in_user,
    status_of_form_page,
    submit_and_redirect,
)
from approvals.ui.typed_text import form_data
from approvals.views.confirmations import GET_OR_POST
from workflows.access.services.once_only_forms import FormSubmission, Twins
from workflows.engine.errors import HandoffError, NotAllowed
from workflows.execution.services.holding.giving_back import give_back_hold
from workflows.resources.queries.holders import find_hold, find_visible_resource
from workflows.resources.services.resources import may_change_resource


@require_safe
@signed_in_page
def resources_view(request: HttpRequest) -> HttpResponse:
    """What can be booked, and the budgets that the reader may see."""
    table = resource_list(signed_in_user(request), timezone.now())
    return render(request, "approvals/resources.html", {"table": table})


@require_safe
@signed_in_page
def resource_view(request: HttpRequest, resource_key: str) -> HttpResponse:
    """Who has a resource when; of a budget what is held, spent and left."""
    return render(request, "approvals/resource.html", {"page": _read_page(request, resource_key)})


@require_safe
@signed_in_page
def resource_csv_view(request: HttpRequest, resource_key: str) -> HttpResponse:
    """The same as a table for spreadsheets."""
    return table_csv_response(resource_key, _read_page(request, resource_key).table)


def _read_page(request: HttpRequest, resource_key: str) -> ResourcePage:
    user = signed_in_user(request)
    resource = find_visible_resource(user, resource_key)
    return resource_page(user, resource, request.GET.get("week", ""))


@require_http_methods(GET_OR_POST)
@signed_in_page
def give_back_view(request: HttpRequest, resource_key: str, hold_id: int) -> HttpResponse:
    """Give back what a request has; for who answers for the resource, who says why."""
    user = signed_in_user(request)
    resource = find_visible_resource(user, resource_key)
    if not may_change_resource(user, resource):
        raise NotAllowed("Only the resource's owner or deputy may give back what is held.")
    hold, form, error = find_hold(resource, hold_id), CommandReasonForm(form_data(request)), None

    def give_back() -> FormSubmission:
        reason = form.cleaned_data["reason"]
        give_back_hold(hold.pk, actor=user, reason=reason, now=timezone.now())
        back = reverse("approvals:resource", args=[resource.key])
        return FormSubmission(back, gettext("It is free again."))

    if request.method == "POST" and form.is_valid():
        try:
            return submit_and_redirect(request, give_back, Twins.LED)
        except HandoffError as refused:
            error = refused
    context = {"resource": resource, "hold": hold, "form": form, **refusal_context(error)}
    status = status_of_form_page(request, error)
    return render(request, "approvals/give_back.html", context, status=status)
