"""The row of the trail that each command on a review writes."""

from datetime import datetime

from reporting.reviews.models import Review
from reporting.reviews.queries.due import version_in_force
from workflows.definitions.services.publishing import write_definition_trail
from workflows.people.models import User
from workflows.trail.choices import TrailCommand
from workflows.trail.fact_changes import FactChanges, ReviewCommanded


def write_review_trail(
    review: Review, command: TrailCommand, actor: User | None, now: datetime, fact: FactChanges
) -> None:
    """Write who did what to a review."""
    version = version_in_force(review.template)
    write_definition_trail(version, command, actor=actor, now=now, fact=fact)


def record_review_command(
    review: Review, command: TrailCommand, actor: User | None, now: datetime
) -> None:
    """Write a command on the review as a whole, with how many findings it has."""
    fact = ReviewCommanded(review=review.pk, findings=review.findings.count())
    write_review_trail(review, command, actor, now, fact)
