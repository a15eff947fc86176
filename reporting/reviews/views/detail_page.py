"""One review: its facts, its findings, and what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_safe

from approvals.forms.people_boxes import PersonBox
from approvals.ui.responses import refusal_context, signed_in_page, signed_in_user, status_of
from approvals.ui.tables import ReportTable
from approvals.ui.typed_text import TYPED_FORM_KEY, form_data
from reporting.reviews.facts.choices import (
    FindingKind,
    MeasureUnit,
    ReviewState,
    Verdict,
    WorkflowReviewState,
)
from reporting.reviews.facts.review_facts import ReviewFacts
from reporting.reviews.messages.amounts import render_amount
from reporting.reviews.messages.measures import describe_review_finding
from reporting.reviews.messages.savings import describe_savings
from reporting.reviews.models import Decision, Finding, Review
from reporting.reviews.queries.overviews import is_review_overdue
from reporting.reviews.tables import review_tables
from reporting.reviews.views.access import get_visible_review
from workflows.access.permissions import may_manage
from workflows.definitions.lifecycle.once_more import AskedOnceMore
from workflows.engine.errors import HandoffError
from workflows.language.formats import count_text, decimal_text, money_text
from workflows.people.models import User

TYPED_FIELDS = ("verdict", "reason", "until", "responsible", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """One finding with what was decided on it."""

    row: Finding
    kind: str
    sentence: str
    decision: Decision | None
    is_open: bool
    kept_until: date | None
    again: str
    responsible_box: str = ""
    """The control for who sees to it, for whom may decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """The whole page."""

    facts: ReviewFacts
    verdict: str
    owner: User | None
    deputy: User | None
    findings: list[FindingLine]
    tiles: list[tuple[str, str]]
    tables: list[ReportTable[Any]]
    saved: list[str]
    undecided: int
    state: ReviewState | WorkflowReviewState


@require_safe
@signed_in_page
def review_detail_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one review."""
    return render_review(request, get_visible_review(request, pk))


def render_review(
    request: HttpRequest, review: Review, refused: HandoffError | None = None, at: int = 0
) -> HttpResponse:
    """The page, with what was refused at a finding (or at 0: at the review as a whole)."""
    typed_data, at = _typed_form_data(request, review, at)
    manages = may_manage(request.user, review.template) and review.is_open
    page = build_review_page(review, now=timezone.now())
    if manages:
        login = read_responsible_login(typed_data)
        page = _with_responsible_boxes(page, signed_in_user(request), {at: login})
    context = {
        "page": page,
        "review": review,
        "manages": manages,
        "wrong": refused is not None,
        "wrong_at": at,
        **refusal_context(refused),
        "asked_once_more": refused if isinstance(refused, AskedOnceMore) else None,
        "typed": {name: typed_data.get(name, "") for name in TYPED_FIELDS},
        "verdicts": Verdict.choices,
        "today": timezone.localdate(),
    }
    status = status_of(refused) if refused else HTTPStatus.OK
    return render(request, "reporting/review.html", context, status=status)


def _with_responsible_boxes(
    page: ReviewPage, asker: User, typed_logins: Mapping[int, str]
) -> ReviewPage:
    """With the box for who sees to it at each finding, and what was typed into it. Who may be
    chosen is read once for all."""
    box = PersonBox()
    box.asker = asker
    findings = [
        replace(
            line,
            responsible_box=box.render(
                "responsible", typed_logins.get(line.row.pk, ""), {"id": f"who-{line.row.pk}"}
            ),
        )
        for line in page.findings
    ]
    return replace(page, findings=findings)


def read_responsible_login(data: QueryDict) -> str:
    """The login of who was chosen to see to it, or what was typed."""
    return str(PersonBox().value_from_datadict(data, {}, "responsible") or "")


def _typed_form_data(request: HttpRequest, review: Review, at: int) -> tuple[QueryDict, int]:
    """What was typed at a finding, now or before the person had to sign in again; and which."""
    if request.method == "POST":
        return request.POST, at
    findings = (
        review.findings.values_list("pk", flat=True) if TYPED_FORM_KEY in request.session else ()
    )
    for pk in findings:
        data = form_data(request, reverse("reporting:finding_decide", args=[pk]))
        if data is not None:
            return data, pk
    return QueryDict(), at


def build_review_page(review: Review, *, now: datetime) -> ReviewPage:
    """What the page of this review shows."""
    rows = review.findings.prefetch_related(
        "decisions__responsible", "decisions__made_by", "decisions__draft__template"
    )
    findings = [_finding_line(row) for row in rows]
    undecided = sum(line.is_open for line in findings)
    facts = review.read_facts()
    return ReviewPage(
        facts=facts,
        verdict=_verdict_sentence(findings, undecided),
        owner=review.template.owner,
        deputy=review.template.deputy,
        findings=findings,
        tiles=_figure_tiles(facts),
        tables=review_tables(facts),
        saved=describe_savings(facts),
        undecided=undecided,
        state=WorkflowReviewState.OVERDUE
        if is_review_overdue(review, now)
        else ReviewState(review.state),
    )


def _finding_line(row: Finding) -> FindingLine:
    return FindingLine(
        row=row,
        kind=str(FindingKind(row.kind).label),
        sentence=describe_review_finding(row),
        decision=row.decision,
        is_open=row.is_undecided,
        kept_until=row.kept_until,
        again=_repetition_text(row.times),
    )


def _repetition_text(times: int) -> str:
    if times < 2:
        return ""
    return ngettext(
        "found in %(count)s review in a row", "found in %(count)s reviews in a row", times
    ) % {"count": times}


def _verdict_sentence(findings: list[FindingLine], undecided: int) -> str:
    """The sentence to act on."""
    if not findings:
        return gettext(
            "Nothing was found that somebody has to decide on. Look at the figures and close."
        )
    if not undecided:
        return gettext("All findings are decided.")
    worst = next(line for line in findings if line.is_open)
    return gettext("%(undecided)s of %(findings)s still to decide. First: %(finding)s") % {
        "undecided": undecided,
        "findings": len(findings),
        "finding": worst.sentence,
    }


def _figure_tiles(facts: ReviewFacts) -> list[tuple[str, str]]:
    runs, cycle, saved = facts.runs, facts.cycle, facts.saved
    tiles = [
        (gettext("Requests that ended"), count_text(runs.ended)),
        (gettext("Went well"), render_amount(runs.success_rate, MeasureUnit.SHARE)),
        (gettext("Had an error"), render_amount(runs.error_rate, MeasureUnit.SHARE)),
        (
            gettext("Half take at most"),
            render_amount(cycle.median_s if cycle else None, MeasureUnit.SECONDS),
        ),
    ]
    if saved.minutes is not None:
        name = gettext("Work saved") if saved.minutes >= 0 else gettext("Work lost")
        hours = decimal_text(abs(saved.minutes) / 60, 1)
        tiles.append((name, gettext("%(count)s h") % {"count": hours}))
    for money in saved.money:
        name = gettext("Money saved") if money.amount >= 0 else gettext("Money lost")
        tiles.append((name, money_text(f"{abs(money.amount):.2f}", money.currency)))
    return tiles
