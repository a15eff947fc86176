"""Deciding one task from a mail, without signing in."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals.forms.field_forms import DeclaredForm
from approvals.pages.task import TaskPage, task_page
from approvals.pages.task_snapshot import TaskPageSnapshot
from approvals.ui.responses import status_of
from approvals.ui.typed_text import read_typed_comment
from approvals.views.link_pages import link_page, no_such_link
from approvals.views.tasks import (
    chosen_outcome,
    require_valid_form,
    task_outputs_form,
)
from workflows.engine.errors import ChangedSince, HandoffError, InvalidInput, WrongState
from workflows.language.readers import written_for
from workflows.links.models import DecisionLink
from workflows.links.queries.decision_links import find_decision_link
from workflows.links.services.decision_links import check_decision_link, decide_by_link


@require_http_methods(["GET", "HEAD", "POST"])
@link_page
def mail_decision_view(request: HttpRequest, token: str) -> HttpResponse:
    """Show the one task of a link; a POST decides it. Whatever opens links by itself opens them
    by GET, which changes nothing."""
    link = find_decision_link(token)
    if link is None:
        return no_such_link(request)
    with written_for(link.person):
        try:
            check_decision_link(link, timezone.now())
            return _decide(request, link) if request.method == "POST" else _show_task(request, link)
        except HandoffError as error:
            return _nothing_to_decide(request, link, error)


def _decide(request: HttpRequest, link: DecisionLink) -> HttpResponse:
    """Decide; or show the page again, with what was typed and what to mend."""
    form = None
    try:
        opened = TaskPageSnapshot.read(request.POST.get("opened", ""), link.person, link.task_id)
        form = filled = task_outputs_form(link.task, opened.form_values, link.person, request)
        outcome, comment = chosen_outcome(request), read_typed_comment(request)
        require_valid_form(form)
        decide_by_link(
            link.pk,
            outcome=outcome,
            comment=comment,
            data=filled.changed(),
            opened_at=opened.at,
            now=timezone.now(),
        )
    except InvalidInput as error:
        return _show_task(request, link, form=form, error=error)
    return HttpResponseRedirect(request.path)


def _show_task(
    request: HttpRequest,
    link: DecisionLink,
    *,
    form: DeclaredForm | None = None,
    error: HandoffError | None = None,
) -> HttpResponse:
    now = timezone.now()
    page = task_page(link.person, link.task_id, now)
    _require_decidable(link, page)
    opened = page.snapshot(now)
    context = {
        "page": page,
        "link": link,
        "form": form or task_outputs_form(page.task, opened.form_values, link.person),
        "comment": request.POST.get("comment", ""),
        "opened": opened.signed(link.person, link.task_id),
        "error": str(error or ""),
        "way_on": _task_address(link),
    }
    return render(request, "links/decide.html", context, status=status_of(error) if error else 200)


def _require_decidable(link: DecisionLink, page: TaskPage) -> None:
    """Raises WrongState or ChangedSince where the task is over, is not this person's any more, or
    shows something else than when the link was made."""
    if page.over or page.refused:
        raise WrongState(page.over or page.refused)
    if page.seen != link.seen:
        raise ChangedSince("What this mail was about has changed since. Look at it as it is now.")
    if not page.buttons:
        raise WrongState("None of this step's outcomes can be chosen now.")


def _nothing_to_decide(
    request: HttpRequest, link: DecisionLink, error: HandoffError
) -> HttpResponse:
    """Why the link decides nothing, in words, and where to go instead. Of the request itself it
    shows nothing."""
    context = {"why": str(error), "way_on": _task_address(link)}
    status = 200 if link.used_at is not None else status_of(error)
    return render(request, "links/decided.html", context, status=status)


def _task_address(link: DecisionLink) -> str:
    return reverse("approvals:task", args=[link.task_id])
