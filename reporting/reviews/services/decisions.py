"""Deciding on findings, and closing a review on which all is decided."""

from datetime import date, datetime

from django.db import transaction

from reporting.reviews.facts.choices import RunningRequests, Verdict
from reporting.reviews.messages.measures import describe_review_finding_lazily
from reporting.reviews.models import Decision, Finding, Review
from reporting.reviews.services.locks import lock_open_review
from reporting.reviews.services.mails import tell_responsible_person
from reporting.reviews.services.trail import record_review_command, write_review_trail
from workflows.definitions.lifecycle.retirement import retire_workflow
from workflows.definitions.models import TemplateVersion
from workflows.definitions.services.publishing import new_draft
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.engine.texts import plural_text
from workflows.execution.services.field_values.values import require_reason
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import FindingDecided


def decide_finding(
    finding_id: int,
    *,
    verdict: str,
    reason: str,
    actor: User | None,
    now: datetime,
    until: date | None = None,
    responsible: User | None = None,
    running: str = "",
) -> Decision:
    """Decide on a finding of an open review: keep, fix (opens a draft) or retire the workflow.

    `until` is the day by which it is done (fix), or up to which it may stay (keep). `running`
    says for `retire` what becomes of running requests: finish, or cancel.
    Raises NotFound, NotAllowed, WrongState or InvalidInput; then nothing is written.
    """
    reason = require_reason(reason)
    _check_decision(verdict, until, now.date(), running)
    with transaction.atomic():
        finding = _find_finding(finding_id)
        review = lock_open_review(finding.review_id, actor)
        decision = Decision(finding=finding, verdict=verdict, reason=reason, until=until)
        decision.responsible = _require_active(responsible or actor)
        _sign_decision(decision, actor, now)
        decision.running = running if verdict == Verdict.RETIRE else ""
        _carry_out(decision, review, now)
        _save_decision(decision, review)
    return decision


def _find_finding(finding_id: int) -> Finding:
    finding = Finding.objects.filter(pk=finding_id).first()
    if finding is None:
        raise NotFound("There is no such finding; the facts may have been gathered anew.")
    return finding


def _save_decision(decision: Decision, review: Review) -> None:
    decision.save()
    review.begin()
    review.save(update_fields=["state"])
    _record_decision(decision, review)
    tell_responsible_person(decision, review, decision.made_at)


def _sign_decision(decision: Decision, actor: User | None, now: datetime) -> None:
    decision.made_by = actor
    decision.made_by_name = actor.get_username() if actor else ""
    decision.made_at = now


def _check_decision(verdict: str, until: date | None, today: date, running: str) -> None:
    if verdict not in Verdict:
        raise InvalidInput("Decide to keep, fix or retire.")
    if until is not None and until < today:
        raise InvalidInput("That day is over; choose a day from today on.")
    if verdict == Verdict.FIX and until is None:
        raise InvalidInput("Say until when it is to be fixed.")
    if verdict == Verdict.RETIRE and running not in RunningRequests:
        raise InvalidInput("Say what becomes of running requests: let them finish, or cancel them.")


def _require_active(person: User | None) -> User | None:
    if person is not None and not person.is_active:
        raise InvalidInput(
            "%(person)s's account is not active; choose another.", person=full_name_of(person)
        )
    return person


def _carry_out(decision: Decision, review: Review, now: datetime) -> None:
    """What a decision does at once: it opens a draft, or takes the workflow out of use."""
    if decision.verdict == Verdict.FIX:
        decision.draft = _draft_for_fixes(review, decision.made_by, now)
    elif decision.verdict == Verdict.RETIRE:
        retire_workflow(
            review.template,
            actor=decision.made_by,
            reason=decision.reason,
            running=decision.running,
            now=now,
        )


def _record_decision(decision: Decision, review: Review) -> None:
    person = decision.responsible
    write_review_trail(
        review,
        TrailCommand.REVIEW_DECIDE,
        decision.made_by,
        decision.made_at,
        FindingDecided(
            review=review.pk,
            finding=decision.finding.key,
            verdict=decision.verdict,
            reason=decision.reason,
            until=decision.until.isoformat() if decision.until else None,
            responsible=person.get_username() if person else None,
            draft=decision.draft.number if decision.draft else None,
            running=decision.running or None,
        ),
    )


def _draft_for_fixes(review: Review, actor: User | None, now: datetime) -> TemplateVersion:
    """The draft in which this review's fixes are made: one for all, opened with the first."""
    decisions = Decision.objects.filter(
        finding__review=review, draft__state=TemplateVersion.DRAFT
    ).select_related("draft")
    latest = decisions.order_by("-pk").first()
    if latest is not None and latest.draft is not None:
        return latest.draft
    return new_draft(review.template, actor=actor, now=now)


def close_review(review_id: int, *, actor: User | None, now: datetime) -> Review:
    """Close a review on whose findings all is decided; its facts stay as they are for good."""
    with transaction.atomic():
        review = lock_open_review(review_id, actor)
        findings = review.findings.prefetch_related("decisions")
        undecided = [finding for finding in findings if finding.is_undecided]
        if undecided:
            raise WrongState(
                plural_text(
                    "%(count)s finding is still to be decided, the first: %(finding)s",
                    "%(count)s findings are still to be decided, the first: %(finding)s",
                    len(undecided),
                    finding=describe_review_finding_lazily(undecided[0]),
                )
            )
        review.close(now=now, by=actor)
        review.save(update_fields=["state", "closed_at", "closed_by", "closed_by_name"])
        record_review_command(review, TrailCommand.REVIEW_CLOSE, actor, now)
    return review
