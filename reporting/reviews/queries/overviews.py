"""How the reviews of all workflows stand, for the page, its CSV file and a workflow's own page."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from reporting.reviews.facts.choices import ReviewState, WorkflowReviewState
from reporting.reviews.models import Decision, Review
from reporting.reviews.queries.due import ReviewSchedule, scheduled_workflows
from workflows.definitions.models import WorkflowTemplate

GRACE_DAYS = 7
"""A review that is open for longer than so many days is overdue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOverview:
    """One workflow in the list of all."""

    template: WorkflowTemplate
    state: WorkflowReviewState
    review: Review | None
    last: Review | None
    next_due: datetime | None
    days_late: int
    findings: int
    undecided: int
    last_decision: Decision | None


def list_review_overviews(
    templates: QuerySet[WorkflowTemplate], *, now: datetime
) -> list[ReviewOverview]:
    """A line for each workflow, the most pressing first."""
    reviews: dict[int, list[Review]] = defaultdict(list)
    rows = Review.objects.filter(template__in=templates).defer("facts")
    for review in rows.prefetch_related("findings__decisions__made_by"):
        reviews[review.template_id].append(review)
    named = templates.select_related("owner").order_by("name")
    lines = [
        _overview_line(template, reviews[template.pk], schedule, now)
        for template, schedule in scheduled_workflows(named)
    ]
    order = list(WorkflowReviewState)
    return sorted(lines, key=lambda line: order.index(line.state))


def _overview_line(
    template: WorkflowTemplate, reviews: list[Review], schedule: ReviewSchedule, now: datetime
) -> ReviewOverview:
    current = next((review for review in reviews if review.is_open), None)
    last = next((review for review in reviews if not review.is_open), None)
    due = current.due_at if current else schedule.next_due(last)
    findings = list(current.findings.all()) if current else []
    return ReviewOverview(
        template=template,
        state=_workflow_review_state(current, due, now),
        review=current,
        last=last,
        next_due=due,
        days_late=_days_late(current, due, now),
        findings=len(findings),
        undecided=sum(finding.is_undecided for finding in findings),
        last_decision=_last_decision(reviews),
    )


def is_review_overdue(review: Review, now: datetime) -> bool:
    """Whether its people have let it wait for longer than they should."""
    return review.is_open and _days_late(review, review.due_at, now) > GRACE_DAYS


def _days_late(current: Review | None, due: datetime | None, now: datetime) -> int:
    """How many days its people have let it wait; what was not open could not be decided on."""
    since = current.waits_since if current else due
    return max((now - since).days, 0) if since else 0


def _workflow_review_state(
    current: Review | None, due: datetime | None, now: datetime
) -> WorkflowReviewState:
    if due is None:
        return WorkflowReviewState.OUT_OF_USE
    if current is None:
        return WorkflowReviewState.DUE if due <= now else WorkflowReviewState.PLANNED
    if is_review_overdue(current, now):
        return WorkflowReviewState.OVERDUE
    if current.state == ReviewState.DUE:
        return WorkflowReviewState.DUE
    return WorkflowReviewState.IN_PROGRESS


def _last_decision(reviews: Iterable[Review]) -> Decision | None:
    decisions = (finding.decision for review in reviews for finding in review.findings.all())
    return max(
        (decision for decision in decisions if decision),
        key=lambda decision: decision.made_at,
        default=None,
    )
