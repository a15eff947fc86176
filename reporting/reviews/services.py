"""Commands on reviews: open what is due, gather its facts, decide on a finding, close.

Each is one transaction with its row in the trail. Errors are sentences for the person.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from reporting.reviews.facts import gather
from reporting.reviews.models import Decision, Finding, Review, reviews_of
from reporting.reviews.rows import version_in_force
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.models import OutboxMessage, TemplateVersion, WorkflowInstance, WorkflowTemplate
from workflows.permissions import may_manage
from workflows.services import outbox
from workflows.services.definitions import new_draft, write_definition_trail
from workflows.services.heartbeats import units
from workflows.services.retire import retire
from workflows.services.values import reason_given
from workflows.services.whom import people_told

EVERY = 90
"""Days between two reviews where the map says nothing."""


# -- when it is due ---------------------------------------------------------------------------


def every(version: TemplateVersion) -> timedelta:
    """How often the workflow is reviewed."""
    return timedelta(days=version.review_every_days or EVERY)


def with_due(templates: QuerySet[WorkflowTemplate]) -> QuerySet[WorkflowTemplate]:
    """These workflows with what their next review depends on; all in the one statement."""
    versions = TemplateVersion.objects.filter(template=OuterRef("pk"))
    published = versions.filter(state=TemplateVersion.PUBLISHED)
    lived = WorkflowInstance.objects.filter(template=OuterRef("pk"))
    lived = lived.exclude(source__in=WorkflowInstance.PAST)
    first = versions.exclude(published_at=None).order_by("published_at")
    return templates.annotate(
        in_use=Exists(published),
        period=Subquery(published.values("review_every_days")[:1]),
        first_published=Subquery(first.values("published_at")[:1]),
        first_started=Subquery(lived.order_by("pk").values("started_at")[:1]),
    )


def due_after(template: Any, last: Review | None) -> datetime | None:
    """When a workflow read by `with_due` is due, after its last review."""
    if not template.in_use or (last is not None and last.is_open):
        return None
    start = last.period_end if last else _began(template)
    return start + timedelta(days=template.period or EVERY)


def _began(template: Any) -> datetime:
    """Since when a workflow read by `with_due` is in use."""
    known = (template.first_published, template.first_started)
    began: datetime = min((moment for moment in known if moment), default=template.created_at)
    return began


def next_due(template: WorkflowTemplate) -> datetime | None:
    """When the next review falls due; None while one is open, and for what is out of use."""
    row = with_due(WorkflowTemplate.objects.filter(pk=template.pk)).get()
    return due_after(row, reviews_of(template).first())


def open_due(*, now: datetime) -> list[Review]:
    """Open a review of each workflow where one has fallen due, and tell its people once."""
    in_use = WorkflowTemplate.objects.filter(versions__state=TemplateVersion.PUBLISHED)
    opened = []
    with units("review", now) as workflows:
        for pk in in_use.order_by("pk").values_list("pk", flat=True):
            with workflows.one(f"workflow {pk}"):
                review = _open_one(pk, now)
                if review is not None:
                    opened.append(review)
    return opened


def tell_due(*, now: datetime) -> int:
    """One mail to each owner and deputy with all their reviews that they were not told of;
    returns how many were written. The key keeps a second run from telling them again."""
    told = 0
    by_person: dict[int, list[Review]] = defaultdict(list)
    for review in Review.objects.filter(state=Review.DUE).select_related("template").order_by("pk"):
        for one in people_told(review.template):
            by_person[one.pk].append(review)
    with units("review-mails", now) as people:
        for person, reviews in by_person.items():
            new = [one for one in reviews if person not in one.told]
            if new:
                with people.one(f"person {person}"):
                    _tell(person, new, now)
                    told += 1
    return told


def review_due(*, now: datetime) -> list[Review]:
    """The clock's daily task: open what is due, then tell people."""
    opened = open_due(now=now)
    tell_due(now=now)
    return opened


def _key(person: int, review: Review) -> str:
    return f"review-{review.pk}-{person}"


def _tell(person: int, reviews: list[Review], now: datetime) -> None:
    """Put one mail into the outbox; its key is that of the first review which it tells of."""
    lines = [
        f"- {one.template.name}, {one.period_start:%d %b %Y} to {one.period_end:%d %b %Y}:"
        f" {_findings(one.findings.count())}\n  {settings.SITE_URL}/reports/reviews/{one.pk}/"
        for one in reviews
    ]
    several = len(reviews) > 1
    outbox.put(
        OutboxMessage.MAIL,
        now=now,
        key=_key(person, reviews[0]),
        to=person,
        workflow=reviews[0].template_id,
        subject=f"Reviews are due: {len(reviews)} workflows"
        if several
        else f"The review of '{reviews[0].template.name}' is due",
        text="The facts are gathered. Look at each finding and decide: keep, fix or retire. You"
        " will get no further mail about this.\n\n" + "\n".join(lines),
    )
    for review in reviews:
        review.told = [*review.told, person]
        review.save(update_fields=["told"])


def _findings(count: int) -> str:
    return f"{count} finding{'' if count == 1 else 's'}"


def _open_one(template_id: int, now: datetime) -> Review | None:
    with transaction.atomic():
        template = WorkflowTemplate.objects.select_for_update(no_key=True).get(pk=template_id)
        due = next_due(template)
        if due is None or due > now:
            return None
        version = version_in_force(template)
        missed = (now - due) // every(version)
        end = due + missed * every(version)  # periods that nobody reviewed become one
        last = reviews_of(template).first()
        review = Review(
            template=template,
            period_start=last.period_end if last else end - every(version),
            period_end=end,
            due_at=end,
            opened_at=now,
        )
        review.save()
        _gather(review, now)
        _trail(review, "review_due", None, now, findings=review.findings.count())
    return review


def begin(template: WorkflowTemplate, *, actor: User | None, now: datetime) -> Review:
    """Open a review by hand, due or not: of the time since the last one, up to now.

    Raises NotAllowed, or WrongState where one is open or the workflow is out of use.
    """
    with transaction.atomic():
        locked = WorkflowTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
        if actor is not None and not may_manage(actor, locked):
            raise NotAllowed(f"Only the owner or deputy of '{locked.name}' may review it.")
        last = reviews_of(locked).first()
        _may_begin(locked, last, now)
        row = with_due(WorkflowTemplate.objects.filter(pk=locked.pk)).get()
        review = Review(
            template=locked,
            period_start=last.period_end if last else _began(row),
            period_end=now,
            due_at=now,
            opened_at=now,
        )
        review.begin()
        review.save()
        _gather(review, now)
        _trail(review, "review_begin", actor, now, findings=review.findings.count())
    return review


def _may_begin(template: WorkflowTemplate, last: Review | None, now: datetime) -> None:
    if last is not None and last.is_open:
        raise WrongState(f"A review of '{template.name}' is open already; decide on that one.")
    if not template.versions.filter(state=TemplateVersion.PUBLISHED).exists():
        raise WrongState(f"'{template.name}' is not in use, so there is nothing to review.")
    if last is not None and last.period_end >= now:
        raise WrongState(f"'{template.name}' was reviewed up to now a moment ago.")


# -- facts ------------------------------------------------------------------------------------


def gather_again(review_id: int, *, actor: User | None, now: datetime) -> Review:
    """Gather the facts of an open review anew; what was decided stays with its finding."""
    with transaction.atomic():
        review = _open_review(review_id, actor)
        _gather(review, now)
        _trail(review, "review_gather", actor, now, findings=review.findings.count())
    return review


def _gather(review: Review, now: datetime) -> None:
    earlier = list(
        reviews_of(review.template)
        .filter(period_end__lt=review.period_end)
        .prefetch_related("findings__decisions")
        .order_by("-period_end")
    )
    last = earlier[0] if earlier else None
    found = gather(
        review.template,
        since=review.period_start,
        until=review.period_end,
        now=now,
        last=last.facts if last else None,
    )
    found["fixes"] = fixes(last.findings.all() if last else (), found["measures"])
    review.facts, review.gathered_at = found, now
    review.save(update_fields=["facts", "gathered_at"])
    _write_findings(review, found["findings"], earlier)


def _write_findings(
    review: Review, found: Iterable[Mapping[str, Any]], earlier: list[Review]
) -> None:
    """Bring the finding rows to what was found; a finding that somebody decided on stays."""
    known = {one.key: one for one in review.findings.prefetch_related("decisions")}
    keys = {one["key"] for one in found}
    gone = [row.pk for key, row in known.items() if key not in keys and row.decision is None]
    Finding.objects.filter(pk__in=gone).delete()
    before = [{one.key: one for one in old.findings.all()} for old in earlier]
    for one in found:
        times = 1 + _in_a_row(one["key"], before)
        values = {name: one[name] for name in ("kind", "step", "figure", "unit", "words")}
        kept = _kept(one["key"], before, review.period_end.date())
        Finding.objects.update_or_create(
            review=review,
            key=one["key"],
            defaults={**values, "facts": {**one["facts"], **kept}, "times": times},
        )


def _in_a_row(key: str, before: list[dict[str, Finding]]) -> int:
    number = 0
    for findings in before:
        if key not in findings:
            break
        number += 1
    return number


def _kept(key: str, before: list[dict[str, Finding]], today: date) -> dict[str, Any]:
    """That an earlier review decided to keep this until a day that has not come yet."""
    for findings in before:
        decision = findings[key].decision if key in findings else None
        if decision is not None:
            if decision.verdict != Decision.KEEP or not decision.until or decision.until < today:
                return {}
            return {"kept_until": decision.until.isoformat(), "kept_because": decision.reason}
    return {}


def fixes(
    findings: Iterable[Finding], measures: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What became of each finding that the last review decided to fix: its figure then and now."""
    found = []
    for finding in findings:
        decision = finding.decision
        if decision is None or decision.verdict != Decision.FIX:
            continue
        now = measures.get(finding.key)
        found.append(
            {
                "key": finding.key,
                "words": finding.words,
                "reason": decision.reason,
                "decided_by": decision.made_by_name,
                "unit": finding.unit,
                "before": finding.figure,
                "after": now["figure"] if now else None,
                "helped": now is None or not now["is_finding"],
                "now": now["words"] if now else "It is not in the map any more, or never came up.",
            }
        )
    return found


# -- deciding ---------------------------------------------------------------------------------


def decide(
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
    reason = reason_given(reason)
    _check(verdict, until, now.date(), running)
    with transaction.atomic():
        found = Finding.objects.filter(pk=finding_id).first()
        if found is None:
            raise NotFound("There is no such finding; the facts may have been gathered anew.")
        review = _open_review(found.review_id, actor)
        who = responsible or actor
        if who is not None and not who.is_active:
            raise InvalidInput(f"{who.get_username()}'s account is not active; choose another.")
        draft = _draft(review, actor, now) if verdict == Decision.FIX else None
        if verdict == Decision.RETIRE:
            retire(review.template, actor=actor, reason=reason, running=running, now=now)
        decision = Decision.objects.create(
            finding=found, verdict=verdict, reason=reason, until=until, responsible=who,
            made_by=actor, made_by_name=actor.get_username() if actor else "", made_at=now,
            draft=draft, running=running if verdict == Decision.RETIRE else "",
        )  # fmt: skip
        review.begin()
        review.save(update_fields=["state"])
        _trail(
            review, "review_decide", actor, now, finding=found.key, verdict=verdict,
            reason=reason, until=until.isoformat() if until else None,
            responsible=who.get_username() if who else None,
            draft=draft.number if draft else None,
            running=decision.running or None,
        )  # fmt: skip
    return decision


def _check(verdict: str, until: date | None, today: date, running: str) -> None:
    if verdict not in dict(Decision.VERDICTS):
        raise InvalidInput("Decide to keep, fix or retire.")
    if until is not None and until < today:
        raise InvalidInput("That day is over; choose a day from today on.")
    if verdict == Decision.FIX and until is None:
        raise InvalidInput("Say until when it is to be fixed.")
    if verdict == Decision.RETIRE and running not in dict(Decision.RUNNING):
        raise InvalidInput("Say what becomes of running requests: let them finish, or cancel them.")


def _draft(review: Review, actor: User | None, now: datetime) -> TemplateVersion:
    """The draft in which this review's fixes are made: one for all, opened with the first."""
    made = Decision.objects.filter(
        finding__review=review, draft__state=TemplateVersion.DRAFT
    ).select_related("draft")
    known = made.order_by("-pk").first()
    if known is not None and known.draft is not None:
        return known.draft
    return new_draft(review.template, actor=actor, now=now)


def close(review_id: int, *, actor: User | None, now: datetime) -> Review:
    """Close a review on whose findings all is decided; its facts stay as they are for good."""
    with transaction.atomic():
        review = _open_review(review_id, actor)
        undecided = [one for one in review.findings.prefetch_related("decisions") if is_open(one)]
        if undecided:
            number = len(undecided)
            raise WrongState(
                f"{_findings(number).capitalize()} {'is' if number == 1 else 'are'} still to be"
                f" decided, the first: {undecided[0].words}"
            )
        review.close(now=now, by=actor)
        review.save(update_fields=["state", "closed_at", "closed_by", "closed_by_name"])
        _trail(review, "review_close", actor, now, findings=review.findings.count())
    return review


def is_open(finding: Finding) -> bool:
    """Whether it is still to be decided: nothing was, and no earlier decision holds."""
    return finding.decision is None and "kept_until" not in finding.facts


def _open_review(review_id: int, actor: User | None) -> Review:
    """Lock a review that may still be changed, by somebody who may."""
    review = Review.objects.select_for_update(of=("self",)).filter(pk=review_id).first()
    if review is None:
        raise NotFound("There is no such review; it may have been typed wrongly.")
    if actor is not None and not may_manage(actor, review.template):
        raise NotAllowed(
            f"Only the owner or deputy of '{review.template.name}' may decide on its review."
        )
    if not review.is_open:
        raise WrongState("This review is closed; its facts and decisions stay as they are.")
    return review


def _trail(review: Review, command: str, actor: User | None, now: datetime, **changes: Any) -> None:
    version = version_in_force(review.template)
    said = {
        "review": review.pk,
        **{key: value for key, value in changes.items() if value is not None},
    }
    write_definition_trail(version, command, actor=actor, now=now, changes=said)
