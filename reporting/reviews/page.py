"""What the pages of reviews show: all workflows in one list, and one review in order of use."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from reporting.reviews.models import Decision, Finding, Review
from reporting.reviews.services import due_after, is_open, with_due
from reporting.reviews.tables import Table, amount, tables
from workflows.models import WorkflowTemplate

KINDS = {
    "ownership": "Who answers for it",
    "stale": "Not in use",
    "bottleneck": "Where work waits",
    "incidents": "Incidents",
    "step_unused": "Step never used",
    "way_unused": "Way never taken",
    "rule_unused": "Rule that never fired",
    "step_skipped": "Step always gone past",
    "unautomate": "Should not be automatic",
    "automate": "Could be automatic",
}
OVERDUE, DUE, IN_PROGRESS, PLANNED, RESTING = (
    *("overdue", "due", "in progress", "planned", "out of use"),
)
ORDER = (OVERDUE, DUE, IN_PROGRESS, PLANNED, RESTING)
GRACE = 7
"""A review that is open for longer than so many days is overdue."""


# -- all workflows ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One workflow in the list of all."""

    template: WorkflowTemplate
    state: str
    review: Review | None
    last: Review | None
    next_due: datetime | None
    days_late: int
    findings: int
    undecided: int
    last_decision: Decision | None

    def as_row(self) -> list[Any]:
        """For the CSV file."""
        owner = self.template.owner
        return [
            *(self.template.key, self.template.name, owner.get_username() if owner else ""),
            self.last.period_end if self.last else None,
            self.last.closed_at if self.last else None,
            self.next_due,
            *(self.state, self.days_late, self.findings, self.undecided),
            str(self.last_decision) if self.last_decision else "",
        ]


def overview(templates: QuerySet[WorkflowTemplate], *, now: datetime) -> list[Overview]:
    """A line for each workflow, the most pressing first."""
    reviews: dict[int, list[Review]] = defaultdict(list)
    rows = Review.objects.filter(template__in=templates).defer("facts")
    for review in rows.prefetch_related("findings__decisions"):
        reviews[review.template_id].append(review)
    named = with_due(templates).select_related("owner").order_by("name")
    lines = [_line(template, reviews[template.pk], now) for template in named]
    return sorted(lines, key=lambda one: ORDER.index(one.state))


def _line(template: WorkflowTemplate, reviews: list[Review], now: datetime) -> Overview:
    current = next((one for one in reviews if one.is_open), None)
    last = next((one for one in reviews if not one.is_open), None)
    due = current.due_at if current else due_after(template, last)
    found = list(current.findings.all()) if current else []
    return Overview(
        template=template,
        state=_state(current, due, now),
        review=current,
        last=last,
        next_due=due,
        days_late=_days_late(current, due, now),
        findings=len(found),
        undecided=sum(map(is_open, found)),
        last_decision=_last_decision(reviews),
    )


def _days_late(current: Review | None, due: datetime | None, now: datetime) -> int:
    """How many days its people have let it wait; what was not open could not be decided on."""
    since = current.waits_since if current else due
    return max((now - since).days, 0) if since else 0


def _state(current: Review | None, due: datetime | None, now: datetime) -> str:
    if due is None:
        return RESTING
    if current is None:
        return DUE if due <= now else PLANNED
    if _days_late(current, due, now) > GRACE:
        return OVERDUE
    return DUE if current.state == Review.DUE else IN_PROGRESS


def _last_decision(reviews: Iterable[Review]) -> Decision | None:
    made = (one.decision for review in reviews for one in review.findings.all())
    return max((one for one in made if one), key=lambda one: one.made_at, default=None)


# -- one review -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """One finding with what was decided on it."""

    row: Finding
    kind: str
    decision: Decision | None
    is_open: bool
    kept_until: str
    again: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """The whole page."""

    verdict: str
    owner: User | None
    deputy: User | None
    findings: list[FindingLine]
    tiles: list[tuple[str, str]]
    tables: list[Table]
    saved: list[str]
    undecided: int
    is_overdue: bool


def review_page(review: Review, *, now: datetime) -> ReviewPage:
    """The page of this review."""
    rows = review.findings.prefetch_related("decisions__responsible", "decisions__draft__template")
    findings = [_finding(row) for row in rows]
    undecided = sum(one.is_open for one in findings)
    facts = review.facts
    return ReviewPage(
        verdict=_verdict(findings, undecided, facts),
        owner=review.template.owner,
        deputy=review.template.deputy,
        findings=findings,
        tiles=_tiles(facts),
        tables=tables(facts),
        saved=facts["saved"]["words"],
        undecided=undecided,
        is_overdue=review.is_open and _days_late(review, review.due_at, now) > GRACE,
    )


def _finding(row: Finding) -> FindingLine:
    return FindingLine(
        row=row,
        kind=KINDS.get(row.kind, row.kind),
        decision=row.decision,
        is_open=is_open(row),
        kept_until=row.facts.get("kept_until", ""),
        again=f"found in {row.times} reviews in a row" if row.times > 1 else "",
    )


def _verdict(findings: list[FindingLine], undecided: int, facts: dict[str, Any]) -> str:
    """The sentence to act on."""
    if not findings:
        return "Nothing was found that somebody has to decide on. Look at the figures and close."
    worst = next((one for one in findings if one.is_open), findings[0])
    if undecided:
        return f"{undecided} of {len(findings)} still to decide. First: {worst.row.words}"
    return "All findings are decided."


def _tiles(facts: dict[str, Any]) -> list[tuple[str, str]]:
    runs, cycle, saved = facts["runs"], facts["cycle"] or {}, facts["saved"]
    found = [
        ("Requests that ended", f"{runs['ended']:,}"),
        ("Went well", amount(runs["success_rate"], "share")),
        ("Had an error", amount(runs["error_rate"], "share")),
        ("Half take at most", amount(cycle.get("median_s"), "s")),
    ]
    if saved["minutes"] is not None:
        hours = saved["minutes"] / 60
        found.append(("Work saved" if hours >= 0 else "Work lost", f"{abs(hours):,.1f} h"))
    for currency, value in saved["money"].items():
        name = "Money saved" if value >= 0 else "Money lost"
        found.append((name, f"{abs(value):,.2f} {currency}"))
    return found
