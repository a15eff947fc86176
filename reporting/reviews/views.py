"""The pages of reviews: all workflows at once, one review with its decisions, tables as CSV."""

from collections.abc import Iterable
from datetime import date
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reporting.csv_out import csv_file
from reporting.reviews import services
from reporting.reviews.models import Decision, Finding, Review
from reporting.reviews.page import overview, review_page
from reporting.reviews.tables import Table, tables
from workflows.engine.days import OUT_OF_BOUNDS, is_taken
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed
from workflows.permissions import auditable, may_manage

OVERVIEW_COLUMNS = (
    *("workflow", "name", "owner", "last_review_until", "last_closed", "next_due", "state"),
    *("days_overdue", "findings", "undecided", "last_decision"),
)
TYPED = ("verdict", "reason", "until", "responsible", "running")
FINDING_COLUMNS = (
    *("kind", "key", "step", "figure", "unit", "finding", "reviews_in_a_row"),
    *("decision", "reason", "until", "who_sees_to_it", "decided_by", "decided_at"),
)


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """The reviews of all workflows that this person may audit, on one page."""
    lines = overview(auditable(request.user), now=timezone.now())
    return render(request, "reporting/reviews.html", {"lines": lines})


@login_required
@require_safe
def listing_csv(request: HttpRequest) -> HttpResponse:
    """The same table as a file."""
    lines = overview(auditable(request.user), now=timezone.now())
    return csv_file("reviews", OVERVIEW_COLUMNS, (line.as_row() for line in lines))


@login_required
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One review: its facts, its findings, and what was decided."""
    review = _in_sight(request, pk)
    return _page(request, review)


def _page(request: HttpRequest, review: Review, wrong: str = "", at: int = 0) -> HttpResponse:
    context = {
        "page": review_page(review, now=timezone.now()),
        "review": review,
        "manages": may_manage(request.user, review.template) and review.is_open,
        "wrong": wrong,
        "wrong_at": at,
        "typed": {name: request.POST.get(name, "") for name in TYPED},
        "verdicts": Decision.VERDICTS,
        "today": timezone.localdate(),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return render(request, "reporting/review.html", context, status=status)


@login_required
@require_safe
def table_csv(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One table of a review as a file."""
    review = _in_sight(request, pk)
    file = f"review-{review.template.key}-{review.period_end:%Y-%m-%d}-{name}"
    if name == "findings":
        found = review.findings.prefetch_related("decisions__responsible")
        return csv_file(file, FINDING_COLUMNS, (_finding_row(one) for one in found))
    known = {table.name: table for table in tables(review.facts)}
    if name not in known:
        raise Http404("There is no such table in this review.")
    return csv_file(file, known[name].columns, _rows(known[name]))


def _rows(table: Table) -> Iterable[list[Any]]:
    return ([one.value for one in row] for row in table.rows)


def _finding_row(finding: Finding) -> list[Any]:
    made = finding.decision
    decided = (
        ["", "", "", "", "", ""]
        if made is None
        else [
            *(made.verdict, made.reason, made.until.isoformat() if made.until else ""),
            *(made.responsible.get_username() if made.responsible else "",),
            *(made.made_by_name, made.made_at),
        ]
    )
    return [
        *(finding.kind, finding.key, finding.step, finding.figure, finding.unit),
        *(finding.words, finding.times, *decided),
    ]


# -- commands ---------------------------------------------------------------------------------


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide on one finding, as its form says."""
    finding = get_object_or_404(
        Finding.objects.select_related("review__template"), pk=pk, review__in=_visible(request)
    )
    try:
        made = services.decide(
            finding.pk,
            verdict=request.POST.get("verdict", ""),
            reason=request.POST.get("reason", ""),
            until=_day(request.POST.get("until", "")),
            responsible=_who(request.POST.get("responsible", "")),
            running=request.POST.get("running", ""),
            actor=_user(request),
            now=timezone.now(),
        )
    except NotAllowed as refused:
        return _refused(request, refused)
    except HandoffError as refused:
        return _page(request, finding.review, str(refused), finding.pk)
    messages.success(request, _said(made))
    return HttpResponseRedirect(f"{_address(finding.review)}#finding-{finding.pk}")


def _said(made: Decision) -> str:
    if made.draft is not None:
        return f"Decided: fix. {made.draft} is open as a draft; change it there and publish it."
    if made.verdict == Decision.RETIRE:
        return "The workflow is out of use: nothing starts on it any more."
    return "Decided: keep as it is."


@login_required
@require_POST
def gather_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Gather the facts anew."""
    return _command(request, pk, services.gather_again, "The facts were gathered anew.")


@login_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the review."""
    return _command(request, pk, services.close, "The review is closed.")


def _command(request: HttpRequest, pk: int, command: Any, done: str) -> HttpResponse:
    review = _in_sight(request, pk)
    try:
        command(review.pk, actor=_user(request), now=timezone.now())
    except NotAllowed as refused:
        return _refused(request, refused)
    except HandoffError as refused:
        return _page(request, review, str(refused))
    messages.success(request, done)
    return HttpResponseRedirect(_address(review))


def _refused(request: HttpRequest, why: Exception) -> HttpResponse:
    return render(request, "403.html", {"why": str(why)}, status=HTTPStatus.FORBIDDEN)


# -- reading ----------------------------------------------------------------------------------


def _visible(request: HttpRequest) -> QuerySet[Review]:
    return Review.objects.filter(template__in=auditable(request.user))


def _in_sight(request: HttpRequest, pk: int) -> Review:
    visible = _visible(request).select_related("template__owner", "template__deputy")
    return get_object_or_404(visible, pk=pk)


def _address(review: Review) -> str:
    return reverse("reporting:review", args=[review.pk])


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"'{text[:40]}' is not a day; write it like 2026-03-31.") from None
    if not is_taken(day):
        raise InvalidInput(f"{day}: {OUT_OF_BOUNDS}")
    return day


def _who(username: str) -> User | None:
    if not username.strip():
        return None
    found = User.objects.filter(username=username.strip()).first()
    if found is None:
        raise InvalidInput(f"There is no person '{username[:40]}'; give a username.")
    return found
