"""Saving a filter of one's inbox, calling it otherwise, and deleting it: buttons over the inbox."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from approvals.pages.inbox_filters import InboxFilter
from approvals.pages.saved_filters import read_chosen
from approvals.ui.responses import (
    button_only_view,
    is_shown_on_page,
    signed_in_page,
    signed_in_user,
    submit_and_redirect,
)
from workflows.access.services.once_only_forms import FormSubmission
from workflows.engine.errors import HandoffError, InvalidInput
from workflows.people.models import SavedFilter
from workflows.people.services import saved_filters


def _to_inbox(filter_id: int = 0) -> str:
    return reverse("approvals:inbox")


def _address_of(row: SavedFilter) -> str:
    return f"{_to_inbox()}?{urlencode(row.chosen)}"


@signed_in_page
@button_only_view(_to_inbox)
def save_filter_view(request: HttpRequest) -> HttpResponse:
    """Keep what the inbox is narrowed to, under a name."""
    chosen = read_chosen(request.POST)

    def submit_filter() -> FormSubmission:
        if problem := InboxFilter(request.POST).problem:
            raise InvalidInput("%(problem)s", problem=problem)
        row = saved_filters.save_filter(
            request.POST.get("name", ""), chosen, actor=signed_in_user(request), now=timezone.now()
        )
        notice = gettext("“%(name)s” stands over your inbox now.") % {"name": row.name}
        return FormSubmission(_address_of(row), notice)

    return _submit(request, submit_filter, f"{_to_inbox()}?{urlencode(chosen)}")


@signed_in_page
@button_only_view(_to_inbox)
def rename_filter_view(request: HttpRequest, filter_id: int) -> HttpResponse:
    """Call one of one's filters otherwise."""

    def submit_name() -> FormSubmission:
        name, user = request.POST.get("name", ""), signed_in_user(request)
        row = saved_filters.rename_filter(filter_id, name, actor=user)
        notice = gettext("The filter is called “%(name)s” now.") % {"name": row.name}
        return FormSubmission(_to_inbox(), notice)

    return _submit(request, submit_name, _to_inbox())


@signed_in_page
@button_only_view(_to_inbox)
def delete_filter_view(request: HttpRequest, filter_id: int) -> HttpResponse:
    """Keep one of one's filters no longer."""

    def submit_deletion() -> FormSubmission:
        row = saved_filters.delete_filter(filter_id, actor=signed_in_user(request))
        notice = gettext("The filter “%(name)s” is deleted; no task is.") % {"name": row.name}
        return FormSubmission(_to_inbox(), notice)

    return _submit(request, submit_deletion, _to_inbox())


def _submit(request: HttpRequest, command: Callable[[], FormSubmission], back: str) -> HttpResponse:
    """Do it once; what is refused is said over the inbox."""
    try:
        return submit_and_redirect(request, command)
    except HandoffError as refused:
        if not is_shown_on_page(refused):
            raise
        messages.error(request, str(refused))
        return HttpResponseRedirect(back)
