"""The one mail to owner and deputy when reviews of their workflows have fallen due, and the mail to
whom a decision names as who sees to it."""

from collections import defaultdict
from datetime import datetime

from django.conf import settings
from django.utils import translation

from reporting.reviews.facts.choices import ReviewState
from reporting.reviews.messages.mails import (
    DueReview,
    due_mail_subject,
    due_mail_text,
    given_mail_subject,
    given_mail_text,
)
from reporting.reviews.models import Decision, Review
from workflows.access.permissions import may_audit
from workflows.notices.choices import NoticeEvent
from workflows.outbox.payloads import MailPayload
from workflows.outbox.services import messages as outbox
from workflows.outbox.services.heartbeats import open_round_units
from workflows.people.models import User
from workflows.people.services.recipients import notification_recipients


def mail_due_reviews(*, now: datetime) -> int:
    """One mail to each owner and deputy with all their reviews that they were not told of;
    returns how many were written. The key keeps a second run from telling them again."""
    mail_count = 0
    by_person: dict[User, list[Review]] = defaultdict(list)
    due = Review.objects.filter(state=ReviewState.DUE).select_related("template").order_by("pk")
    for review in due:
        for person in notification_recipients(review.template):
            by_person[person].append(review)
    with open_round_units("review-mails", now) as people:
        for person, reviews in by_person.items():
            new = [review for review in reviews if person.pk not in review.told]
            if new:
                with people.isolate_unit(f"person {person.pk}"):
                    _mail_reviews(person, new, now)
                    mail_count += 1
    return mail_count


def _mail_key(person: User, review: Review) -> str:
    return f"review-{review.pk}-{person.pk}"


def _mail_reviews(person: User, reviews: list[Review], now: datetime) -> None:
    """Put one mail into the outbox; its key is that of the first review which it tells of."""
    due = [
        DueReview(
            workflow=review.template.name,
            since=review.period_start,
            until=review.period_end,
            finding_count=review.findings.count(),
            address=_address_of(review),
        )
        for review in reviews
    ]
    with translation.override(person.language or settings.LANGUAGE_CODE):
        subject, body = due_mail_subject(due), due_mail_text(due)
    mail = MailPayload(
        to=person.pk,
        event=NoticeEvent.REVIEW_DUE,
        workflow=reviews[0].template_id,
        subject=subject,
        text=body,
    )
    outbox.enqueue_message(mail, now=now, key=_mail_key(person, reviews[0]))
    for review in reviews:
        review.told = [*review.told, person.pk]
        review.save(update_fields=["told"])


def _address_of(review: Review) -> str:
    return f"{settings.SITE_URL}/reports/reviews/{review.pk}/"


def tell_responsible_person(decision: Decision, review: Review, now: datetime) -> None:
    """Tell whom a decision names that they see to it; nobody is told of what they decided."""
    person, by = decision.responsible, decision.made_by
    if person is None or person == by:
        return
    address = ""
    if may_audit(person, review.template):
        address = f"{_address_of(review)}#finding-{decision.finding_id}"
    with translation.override(person.language or settings.LANGUAGE_CODE):
        subject = given_mail_subject(review.template.name)
        body = given_mail_text(decision, str(by or ""), address)
    mail = MailPayload(
        to=person.pk,
        event=NoticeEvent.FINDING_GIVEN,
        workflow=review.template_id,
        subject=subject,
        text=body,
    )
    outbox.enqueue_message(mail, now=now, key=f"finding-given-{decision.pk}")
