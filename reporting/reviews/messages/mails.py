"""The mail about reviews that have fallen due, in the recipient's language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext, ngettext

from reporting.reviews.messages.measures import describe_review_finding
from workflows.language.formats import date_text

if TYPE_CHECKING:
    from reporting.reviews.models import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReview:
    """What the mail says of one review."""

    workflow: str
    since: datetime
    until: datetime
    finding_count: int
    address: str


def due_mail_subject(reviews: Sequence[DueReview]) -> str:
    """The subject."""
    if len(reviews) > 1:
        return ngettext(
            "Reviews are due: %(count)s workflow",
            "Reviews are due: %(count)s workflows",
            len(reviews),
        ) % {"count": len(reviews)}
    return gettext("The review of '%(workflow)s' is due") % {"workflow": reviews[0].workflow}


def due_mail_text(reviews: Sequence[DueReview]) -> str:
    """The text, with a line and an address for each review."""
    opening = gettext(
        "The facts are gathered. Look at each finding and decide: keep, fix or retire. You will"
        " get no further mail about this."
    )
    return opening + "\n\n" + "\n".join(map(_review_line, reviews))


def _review_line(review: DueReview) -> str:
    line = ngettext(
        "%(workflow)s, %(since)s to %(until)s: %(count)s finding",
        "%(workflow)s, %(since)s to %(until)s: %(count)s findings",
        review.finding_count,
    ) % {
        "workflow": review.workflow,
        "since": date_text(review.since),
        "until": date_text(review.until),
        "count": review.finding_count,
    }
    return f"- {line}\n  {review.address}"


def given_mail_subject(workflow: str) -> str:
    """The subject of the mail to whom a decision names."""
    return gettext("Of the review of '%(workflow)s' something is yours to see to") % {
        "workflow": workflow
    }


def given_mail_text(decision: "Decision", decided_by: str, address: str) -> str:
    """What was found, what was decided, until when, and where to read on (for who may)."""
    lines = [describe_review_finding(decision.finding), _given_sentence(decision, decided_by)]
    if address:
        lines.append(address)
    return "\n\n".join(lines)


def _given_sentence(decision: "Decision", decided_by: str) -> str:
    places = {
        "person": decided_by,
        "verdict": decision.get_verdict_display(),
        "reason": decision.reason,
    }
    if decision.until is None:
        return (
            gettext("%(person)s decided: %(verdict)s (%(reason)s). You are to see to it.") % places
        )
    places["until"] = date_text(decision.until)
    return (
        gettext(
            "%(person)s decided: %(verdict)s until %(until)s (%(reason)s). You are to see to it."
        )
        % places
    )
