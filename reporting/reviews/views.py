"""The pages of reviews: all workflows at once, one review with its decisions, tables as CSV."""

from collections.abc import Callable, Iterable
from datetime import date
from http import HTTPStatus
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.pages import by_button, go_to, page, person_of, refusal_shown, status_of
from approvals.typed import KEPT, form_data
from reporting.csv_out import csv_file
from reporting.reviews import services
from reporting.reviews.models import Decision, Finding, Review
from reporting.reviews.page import overview, review_page
from reporting.reviews.tables import Table, tables
from workflows.engine.days import OUT_OF_BOUNDS, is_taken
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed
from workflows.once import Sent, once
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


@require_safe
@page
def listing(request: HttpRequest) -> HttpResponse:
    """The reviews of all workflows that this person may audit, on one page."""
    lines = overview(auditable(request.user), now=timezone.now())
    return render(request, "reporting/reviews.html", {"lines": lines})


@require_safe
@page
def listing_csv(request: HttpRequest) -> HttpResponse:
    """The same table as a file."""
    lines = overview(auditable(request.user), now=timezone.now())
    return csv_file("reviews", OVERVIEW_COLUMNS, (line.as_row() for line in lines))


@require_safe
@page
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One review: its facts, its findings, and what was decided."""
    review = _in_sight(request, pk)
    return _page(request, review)


def _page(
    request: HttpRequest, review: Review, refused: HandoffError | None = None, at: int = 0
) -> HttpResponse:
    kept, at = _kept(request, review, at)
    context = {
        "page": review_page(review, now=timezone.now()),
        "review": review,
        "manages": may_manage(request.user, review.template) and review.is_open,
        "wrong": refused is not None,
        "wrong_at": at,
        **refusal_shown(refused),
        "typed": {name: kept.get(name, "") for name in TYPED},
        "verdicts": Decision.VERDICTS,
        "today": timezone.localdate(),
    }
    status = status_of(refused) if refused else HTTPStatus.OK
    return render(request, "reporting/review.html", context, status=status)


def _kept(request: HttpRequest, review: Review, at: int) -> tuple[QueryDict, int]:
    """What was typed at a finding, now or before the person had to sign in again; and which."""
    if request.method == "POST":
        return request.POST, at
    findings = review.findings.values_list("pk", flat=True) if KEPT in request.session else ()
    for pk in findings:
        data = form_data(request, reverse("reporting:finding_decide", args=[pk]))
        if data is not None:
            return data, pk
    return QueryDict(), at


@require_safe
@page
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


def _to_review(pk: int) -> str:
    return reverse("reporting:review", args=[pk])


def _to_finding(pk: int) -> str:
    review = Finding.objects.filter(pk=pk).values_list("review", flat=True).first()
    return f"{_to_review(review)}#finding-{pk}" if review else reverse("reporting:reviews")


@page
@by_button(_to_finding)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide on one finding, as its form says."""
    finding = get_object_or_404(
        Finding.objects.select_related("review__template"), pk=pk, review__in=_visible(request)
    )

    def act() -> Sent:
        made = services.decide(
            finding.pk,
            verdict=request.POST.get("verdict", ""),
            reason=request.POST.get("reason", ""),
            until=_day(request.POST.get("until", "")),
            responsible=_who(request.POST.get("responsible", "")),
            running=request.POST.get("running", ""),
            actor=person_of(request),
            now=timezone.now(),
        )
        return Sent(_to_finding(pk), _said(made))

    return _done(request, finding.review, act, at=finding.pk)


def _said(made: Decision) -> str:
    if made.draft is not None:
        return f"Decided: fix. {made.draft} is open as a draft, to be changed and published."
    if made.verdict == Decision.RETIRE:
        return "The workflow is out of use: nothing starts on it any more."
    return "Decided: keep as it is."


@page
@by_button(_to_review)
def gather_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Gather the facts anew."""
    return _command(request, pk, services.gather_again, "The facts were gathered anew.")


@page
@by_button(_to_review)
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the review."""
    return _command(request, pk, services.close, "The review is closed.")


@page
@by_button(lambda key: reverse("reporting:reviews"))
def begin(request: HttpRequest, key: str) -> HttpResponse:
    """Open a review of a workflow now, due or not."""
    template = get_object_or_404(auditable(request.user), key=key)

    def act() -> Sent:
        review = services.begin(template, actor=person_of(request), now=timezone.now())
        return Sent(_to_review(review.pk), "The review is open; its facts are gathered.")

    return go_to(request, once(request, act))


def _command(request: HttpRequest, pk: int, command: Any, done: str) -> HttpResponse:
    review = _in_sight(request, pk)

    def act() -> Sent:
        command(review.pk, actor=person_of(request), now=timezone.now())
        return Sent(_to_review(pk), done)

    return _done(request, review, act)


def _done(
    request: HttpRequest, review: Review, act: Callable[[], Sent], *, at: int = 0
) -> HttpResponse:
    """Do it once; what is refused stands on the review's page, with what was typed."""
    try:
        return go_to(request, once(request, act))
    except NotAllowed:
        raise
    except HandoffError as refused:
        return _page(request, review, refused, at)


# -- reading ----------------------------------------------------------------------------------


def _visible(request: HttpRequest) -> QuerySet[Review]:
    return Review.objects.filter(template__in=auditable(request.user))


def _in_sight(request: HttpRequest, pk: int) -> Review:
    visible = _visible(request).select_related("template__owner", "template__deputy")
    return get_object_or_404(visible, pk=pk)


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
