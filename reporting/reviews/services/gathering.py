"""Gathering the facts of an open review, and the findings that they point at."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from reporting.reviews.facts.choices import Verdict
from reporting.reviews.facts.measures import Measure, details_to_json
from reporting.reviews.models import Decision, Finding, Review, workflow_reviews
from reporting.reviews.queries.facts import gather_facts
from reporting.reviews.services.locks import lock_open_review
from reporting.reviews.services.trail import record_review_command
from workflows.people.models import User
from workflows.trail.choices import TrailCommand


def gather_review_again(review_id: int, *, actor: User | None, now: datetime) -> Review:
    """Gather the facts of an open review anew; what was decided stays with its finding."""
    with transaction.atomic():
        review = lock_open_review(review_id, actor)
        refresh_facts(review, now)
        record_review_command(review, TrailCommand.REVIEW_GATHER, actor, now)
    return review


def refresh_facts(review: Review, now: datetime) -> None:
    """Gather the facts of a review that is locked, and bring its findings to them."""
    earlier = list(
        workflow_reviews(review.template)
        .filter(period_end__lt=review.period_end)
        .prefetch_related("findings__decisions")
        .order_by("-period_end")
    )
    facts = gather_facts(
        review.template,
        since=review.period_start,
        until=review.period_end,
        now=now,
        last=earlier[0] if earlier else None,
    )
    review.facts, review.gathered_at = facts.to_json(), now
    review.save(update_fields=["facts", "gathered_at"])
    _write_findings(review, facts.findings, earlier)


def _write_findings(review: Review, measures: Iterable[Measure], earlier: list[Review]) -> None:
    """Bring the finding rows to what was found; a finding that somebody decided on stays."""
    rows_by_key = {row.key: row for row in review.findings.prefetch_related("decisions")}
    keys = {measure.key for measure in measures}
    gone = [row.pk for key, row in rows_by_key.items() if key not in keys and row.decision is None]
    Finding.objects.filter(pk__in=gone).delete()
    before = [{row.key: row for row in old.findings.all()} for old in earlier]
    for measure in measures:
        keep_decision = _holding_keep_decision(measure.key, before, review.period_end.date())
        Finding.objects.update_or_create(
            review=review,
            key=measure.key,
            defaults={
                "kind": measure.kind,
                "step": measure.step,
                "figure": measure.figure,
                "unit": measure.unit,
                "details": details_to_json(measure.details),
                "times": 1 + _consecutive_reviews(measure.key, before),
                "kept_until": keep_decision.until if keep_decision else None,
                "kept_because": keep_decision.reason if keep_decision else "",
            },
        )


def _consecutive_reviews(key: str, before: list[dict[str, Finding]]) -> int:
    number = 0
    for findings in before:
        if key not in findings:
            break
        number += 1
    return number


def _holding_keep_decision(
    key: str, before: list[dict[str, Finding]], today: date
) -> Decision | None:
    """That an earlier review decided to keep this until a day that has not come yet."""
    for findings in before:
        decision = findings[key].decision if key in findings else None
        if decision is not None:
            holds = decision.verdict == Verdict.KEEP and decision.until and decision.until >= today
            return decision if holds else None
    return None
