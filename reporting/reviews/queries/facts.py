"""The facts of a period, read and worked out as of now."""

from collections.abc import Iterable
from datetime import datetime

from reporting.costs.queries import compute_period_cost
from reporting.reviews.facts.choices import MeasureUnit, Verdict
from reporting.reviews.facts.measures import Measure
from reporting.reviews.facts.review_facts import FixResult, ReviewFacts
from reporting.reviews.measuring.review_facts import build_review_facts
from reporting.reviews.models import Finding, Review
from reporting.reviews.queries.period_rows import read_review_rows
from workflows.definitions.models import WorkflowTemplate


def gather_facts(
    template: WorkflowTemplate,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    last: Review | None = None,
) -> ReviewFacts:
    """All facts of a period, against those of the review before this one.

    Raises NotFound for a workflow that has never been published.
    """
    rows = read_review_rows(template, since=since, until=until)
    cost = compute_period_cost(template, since=since, until=until)
    facts = build_review_facts(
        rows, cost=cost, now=now, last=last.read_facts() if last is not None else None
    )
    if last is None:
        return facts
    findings = last.findings.prefetch_related("decisions")
    return facts.with_fixes(tuple(compare_fixes(findings, facts.measures)))


def compare_fixes(findings: Iterable[Finding], measures: Iterable[Measure]) -> list[FixResult]:
    """What became of each finding that the last review decided to fix: its figure then and now."""
    by_key = {measure.key: measure for measure in measures}
    results = []
    for finding in findings:
        decision = finding.decision
        if decision is None or decision.verdict != Verdict.FIX:
            continue
        now = by_key.get(finding.key)
        results.append(
            FixResult(
                key=finding.key,
                unit=MeasureUnit(finding.unit),
                before=finding.figure,
                after=now.figure if now else None,
                helped=now is None or not now.is_finding,
                reason=decision.reason,
                decided_by=decision.made_by_name,
                finding=finding.read_details(),
                now=now.details if now else None,
            )
        )
    return results
