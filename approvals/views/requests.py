"""My requests and those that I may see, and the page of one request."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.as_of import as_it_was, read_moment
from approvals.by_itself import standings
from approvals.listing import Filters, requests_page
from approvals.pages import page, person_of
from approvals.reading import case_of, request_in_sight
from approvals.request_page import answers, courses_open, open_tasks, state_words
from approvals.request_record import (
    attempts_of,
    family_of,
    gone_past,
    incidents_of,
    merges_of,
    past_steps,
    progress,
    trail_of,
    troubles,
)
from approvals.shown import documents_of, other_versions, shown_values
from workflows.models import WorkflowInstance
from workflows.permissions import manages_as, may_audit
from workflows.services.acting import barred_here, why_not_steer


@require_safe
@page
def listing(request: HttpRequest) -> HttpResponse:
    """Requests: mine, or all that I may see; open, finished or both; by words and workflow."""
    user, now = person_of(request), timezone.now()
    filters = Filters.read(request.GET)
    found = requests_page(user, filters, now)
    return render(request, "approvals/requests.html", {"found": found, "filters": filters})


@require_safe
@page
def show(request: HttpRequest, reference: str) -> HttpResponse:
    """One request: where it is, who has it, since when, what is next; then its record.

    With `asof` in the address, as it was at that moment.
    """
    user, now = person_of(request), timezone.now()
    instance = request_in_sight(user, reference)
    if request.GET.get("asof"):
        return _as_it_was(request, instance, now)
    case = case_of(instance, user, now)
    incidents = incidents_of(case)
    answers_for_it = manages_as(user, instance.template) is not None
    kept_away = why_not_steer(case, user) if answers_for_it else None
    manages = answers_for_it and kept_away is None
    audits = answers_for_it or may_audit(user, instance.template)
    attempts = attempts_of(case) if audits else []
    open_now = open_tasks([instance])[instance.pk]
    known = standings({instance.pk: case.map.graph}, open_now)
    steps = past_steps(case, known)
    values = shown_values(case.map.graph.definition, instance)
    context = {
        "request_": instance,
        "state": state_words(instance),
        "answers": answers(case, open_now, incidents, known, audits=audits),
        "family": family_of(user, instance),
        "values": values,
        "documents": other_versions(documents_of(instance), values),
        "steps": steps,
        "progress": progress(case, steps),
        "troubles": troubles(case, incidents, attempts),
        "attempts": attempts,
        "merges": merges_of(case),
        "gone_past": gone_past(case),
        "trail": trail_of(instance) if audits else [],
        "audits": audits,
        "manages": manages,
        "not_by_me": barred_here(case, user) if manages else (),
        "kept_away": str(kept_away or ""),
        "courses": courses_open(case, user, manages=manages),
        "now": now,
    }
    return render(request, "approvals/request.html", context)


def _as_it_was(request: HttpRequest, instance: WorkflowInstance, now: datetime) -> HttpResponse:
    """The past is for reading: the page has no button that changes anything."""
    user = person_of(request)
    at = read_moment(request.GET["asof"], now)
    audits = may_audit(user, instance.template)
    then = as_it_was(instance, at, user=user, audits=audits)
    context = {"then": then, "request_": then.request, "audits": audits, "now": at}
    return render(request, "approvals/request_past.html", context)
