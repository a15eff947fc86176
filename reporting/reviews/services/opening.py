"""Opening reviews: by the clock where one has fallen due, or by hand."""

from datetime import datetime

from django.db import transaction

from reporting.reviews.models import Review, workflow_reviews
from reporting.reviews.queries.due import (
    next_review_due,
    review_interval,
    review_schedule,
    version_in_force,
)
from reporting.reviews.services.gathering import refresh_facts
from reporting.reviews.services.mails import mail_due_reviews
from reporting.reviews.services.trail import record_review_command
from workflows.access.permissions import may_manage
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.engine.errors import NotAllowed, WrongState
from workflows.outbox.services.heartbeats import open_round_units
from workflows.people.models import User
from workflows.trail.choices import TrailCommand


def process_due_reviews(*, now: datetime) -> list[Review]:
    """The clock's daily task: open what is due, then tell people."""
    opened = open_due_reviews(now=now)
    mail_due_reviews(now=now)
    return opened


def open_due_reviews(*, now: datetime) -> list[Review]:
    """Open a review of each workflow where one has fallen due, and tell its people once."""
    in_use = WorkflowTemplate.objects.filter(versions__state=TemplateVersion.PUBLISHED)
    opened = []
    with open_round_units("review", now) as workflows:
        for pk in in_use.order_by("pk").values_list("pk", flat=True):
            with workflows.isolate_unit(f"workflow {pk}"):
                review = _open_due_review(pk, now)
                if review is not None:
                    opened.append(review)
    return opened


def _open_due_review(template_id: int, now: datetime) -> Review | None:
    with transaction.atomic():
        template = WorkflowTemplate.objects.select_for_update(no_key=True).get(pk=template_id)
        # Asked behind the lock: another process may have opened it while this one waited.
        due = next_review_due(template)
        if due is None or due > now:
            return None
        version = version_in_force(template)
        missed = (now - due) // review_interval(version)
        end = due + missed * review_interval(version)  # periods that nobody reviewed become one
        last = workflow_reviews(template).first()
        review = Review(
            template=template,
            period_start=last.period_end if last else end - review_interval(version),
            period_end=end,
            due_at=end,
            opened_at=now,
        )
        review.save()
        refresh_facts(review, now)
        record_review_command(review, TrailCommand.REVIEW_DUE, None, now)
    return review


def begin_review(template: WorkflowTemplate, *, actor: User | None, now: datetime) -> Review:
    """Open a review by hand, due or not: of the time since the last one, up to now.

    Raises NotAllowed, or WrongState where one is open or the workflow is out of use.
    """
    with transaction.atomic():
        locked = WorkflowTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
        if actor is not None and not may_manage(actor, locked):
            raise NotAllowed(
                "Only the owner or deputy of '%(name)s' may review it.", name=locked.name
            )
        last = workflow_reviews(locked).first()
        _check_may_begin(locked, last, now)
        review = Review(
            template=locked,
            period_start=last.period_end if last else review_schedule(locked).in_use_since,
            period_end=now,
            due_at=now,
            opened_at=now,
        )
        review.begin()
        review.save()
        refresh_facts(review, now)
        record_review_command(review, TrailCommand.REVIEW_BEGIN, actor, now)
    return review


def _check_may_begin(template: WorkflowTemplate, last: Review | None, now: datetime) -> None:
    if last is not None and last.is_open:
        raise WrongState(
            "A review of '%(name)s' is open already; decide on that one.", name=template.name
        )
    if not template.versions.filter(state=TemplateVersion.PUBLISHED).exists():
        raise WrongState(
            "'%(name)s' is not in use, so there is nothing to review.", name=template.name
        )
    if last is not None and last.period_end >= now:
        raise WrongState("'%(name)s' was reviewed up to now a moment ago.", name=template.name)
