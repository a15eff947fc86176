"""The buttons of reviews: decide on a finding, gather anew, close, begin."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from approvals.ui.responses import (
    button_only_view,
    signed_in_page,
    signed_in_user,
    submit_and_redirect,
)
from reporting.reviews.facts.choices import Verdict
from reporting.reviews.models import Decision, Finding, Review
from reporting.reviews.services.decisions import close_review, decide_finding
from reporting.reviews.services.gathering import gather_review_again
from reporting.reviews.services.opening import begin_review
from reporting.reviews.views.access import get_visible_review, visible_reviews
from reporting.reviews.views.detail_page import read_responsible_login, render_review
from workflows.access.services.once_only_forms import FormSubmission, Twins
from workflows.definitions.lifecycle.once_more import require_asked_once_more
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import HandoffError, InvalidInput, NotAllowed
from workflows.engine.timing.dates import OUT_OF_BOUNDS, is_allowed_date
from workflows.people.models import User


class ReviewCommand(Protocol):
    """A command on a review that needs nothing more than who and when."""

    def __call__(self, review_id: int, *, actor: User | None, now: datetime) -> Review:
        """Carry it out."""
        ...


def _review_url(pk: int) -> str:
    return reverse("reporting:review", args=[pk])


def _finding_url(pk: int) -> str:
    review = Finding.objects.filter(pk=pk).values_list("review", flat=True).first()
    return f"{_review_url(review)}#finding-{pk}" if review else reverse("reporting:reviews")


@signed_in_page
@button_only_view(_finding_url)
def decide_finding_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide on one finding, as its form says."""
    finding = get_object_or_404(
        Finding.objects.select_related("review__template"),
        pk=pk,
        review__in=visible_reviews(request),
    )

    def perform_decision() -> FormSubmission:
        if request.POST.get("verdict") == Verdict.RETIRE:
            require_asked_once_more(finding.review.template, request.POST.get("under_way", ""))
        decision = decide_finding(
            finding.pk,
            verdict=request.POST.get("verdict", ""),
            reason=request.POST.get("reason", ""),
            until=_parse_day(request.POST.get("until", "")),
            responsible=_find_person(read_responsible_login(request.POST)),
            running=request.POST.get("running", ""),
            actor=signed_in_user(request),
            now=timezone.now(),
        )
        return FormSubmission(_finding_url(pk), _decision_message(decision))

    return _perform_once(request, finding.review, perform_decision, at=finding.pk)


def _decision_message(decision: Decision) -> str:
    if decision.draft is not None:
        return gettext(
            "Decided: fix. %(draft)s is open as a draft, to be changed and published."
        ) % {"draft": decision.draft}
    if decision.verdict == Verdict.RETIRE:
        return gettext("The workflow is out of use: nothing starts on it any more.")
    return gettext("Decided: keep as it is.")


@signed_in_page
@button_only_view(_review_url)
def gather_review_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Gather the facts anew."""
    return _run_review_command(
        request, pk, gather_review_again, gettext("The facts were gathered anew.")
    )


@signed_in_page
@button_only_view(_review_url)
def close_review_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the review."""
    return _run_review_command(request, pk, close_review, gettext("The review is closed."))


@signed_in_page
@button_only_view(lambda key: reverse("reporting:reviews"))
def begin_review_view(request: HttpRequest, key: str) -> HttpResponse:
    """Open a review of a workflow now, due or not."""
    template = get_object_or_404(WorkflowTemplate.objects.auditable_by(request.user), key=key)

    def perform_begin() -> FormSubmission:
        review = begin_review(template, actor=signed_in_user(request), now=timezone.now())
        return FormSubmission(
            _review_url(review.pk), gettext("The review is open; its facts are gathered.")
        )

    return submit_and_redirect(request, perform_begin)


def _run_review_command(
    request: HttpRequest, pk: int, command: ReviewCommand, done: str
) -> HttpResponse:
    review = get_visible_review(request, pk)

    def perform_command() -> FormSubmission:
        command(review.pk, actor=signed_in_user(request), now=timezone.now())
        return FormSubmission(_review_url(pk), done)

    return _perform_once(request, review, perform_command)


def _perform_once(
    request: HttpRequest, review: Review, perform: Callable[[], FormSubmission], *, at: int = 0
) -> HttpResponse:
    """Do it once; what is refused stands on the review's page, with what was typed."""
    try:
        return submit_and_redirect(request, perform, Twins.LED)
    except NotAllowed:
        raise
    except HandoffError as refused:
        return render_review(request, review, refused, at)


def _parse_day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            "'%(text)s' is not a day; write it like 2026-03-31.", text=text[:40]
        ) from None
    if not is_allowed_date(day):
        raise InvalidInput("%(day)s: %(problem)s", day=day, problem=OUT_OF_BOUNDS)
    return day


def _find_person(username: str) -> User | None:
    if not username.strip():
        return None
    person = User.objects.filter(username=username.strip()).first()
    if person is None:
        raise InvalidInput(
            "There is no person '%(username)s'; give a username.", username=username[:40]
        )
    return person
