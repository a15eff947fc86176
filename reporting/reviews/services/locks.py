"""A review that a command is about to change, locked and checked."""

from reporting.reviews.models import Review
from workflows.access.permissions import may_manage
from workflows.engine.errors import NotAllowed, NotFound, WrongState
from workflows.people.models import User


def lock_open_review(review_id: int, actor: User | None) -> Review:
    """Lock a review that may still be changed, by somebody who may."""
    review = Review.objects.select_for_update(of=("self",)).filter(pk=review_id).first()
    if review is None:
        raise NotFound("There is no such review; it may have been typed wrongly.")
    if actor is not None and not may_manage(actor, review.template):
        raise NotAllowed(
            "Only the owner or deputy of '%(name)s' may decide on its review.",
            name=review.template.name,
        )
    if not review.is_open:
        raise WrongState("This review is closed; its facts and decisions stay as they are.")
    return review
