"""Open reviews as the inbox of owner and deputy shows them."""

from functools import lru_cache

from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from approvals.pages.desk import DESK_ENTRIES, DeskEntry, DeskSection
from reporting.reviews.facts.choices import OPEN_REVIEW_STATES, ReviewState
from reporting.reviews.models import Review
from workflows.execution.queries.desk import (
    DESK_SOURCES,
    DeskRow,
    DeskSource,
    source_sql,
)


@lru_cache(maxsize=1)
def open_reviews_sql() -> str:
    """Open reviews of workflows that are the person's; `code` is how far each has come."""
    states = ", ".join(f"'{state.value}'" for state in OPEN_REVIEW_STATES)
    return source_sql(
        """
    SELECT 'review' AS kind, v.id, v.due_at AS since, {no_id} AS request,
        v.template_id AS template, {no_id} AS step, {no_id} AS person, v.state AS code, '' AS note
    FROM {review} v JOIN {template} w ON w.id = v.template_id
    WHERE v.state IN ({states}) AND {owned} AND {owns_any}
    """,
        review=Review._meta.db_table,
        states=states,
    )


def _review_sentence(row: DeskRow) -> str:
    if row.code == ReviewState.IN_PROGRESS:
        return gettext("Its review is in progress; what it found is still to be decided.")
    return gettext("Its review is due: decide what is kept, mended, or retired.")


DESK_SOURCES.register("review", DeskSource(open_reviews_sql))
DESK_ENTRIES.register(
    "review",
    DeskEntry(
        section=DeskSection.OWNED,
        link=lambda row: reverse("reporting:review", args=[row.id]),
        action=gettext_lazy("Review it"),
        sentence=_review_sentence,
        since=gettext_lazy("Due for %(duration)s"),
        mark=lambda row: gettext("Review"),
    ),
)
