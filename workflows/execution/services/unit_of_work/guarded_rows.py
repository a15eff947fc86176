"""Rows of a request that are changed only if they still stand as they were read."""

from collections.abc import Mapping
from typing import Any

from workflows.engine.errors import WrongState
from workflows.persistence.bulk_sql import update_row

ITEM_COLUMNS = (
    "state",
    "is_open",
    "in_queue",
    "assignee_id",
    "needed",
    "votes",
    "enabled_at",
    "started_at",
    "completed_at",
    "due_at",
    "due_record",
    "expires_at",
    "paused_at",
    "paused_seconds",
    "paused_business_seconds",
    "waiting_seconds",
    "working_seconds",
    "lead_in_seconds",
    "waiting_business_seconds",
    "working_business_seconds",
    "outcome",
    "comment",
    "decided_by_id",
    "decided_for_id",
    "performer_name",
    "document_versions",
    "closing_code",
    "closing_parameters",
)
MERGE_COLUMNS = (
    "state",
    "arrivals",
    "not_needed",
    "conflicts",
    "resolution",
    "resolved_by_id",
    "closing_code",
    "closing_parameters",
    "closed_at",
)


def update_guarded(model: Any, pk: int, state: str, values: Mapping[str, Any]) -> None:
    """Change one row if it still stands in the state that it was read in, without re-reading it."""
    if update_row(model, pk, state, values) != 1:
        raise WrongState("This was changed by somebody else a moment ago; load the page again.")
