"""Rows of a request that are changed only if they still stand as they were read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflows.engine.errors import WrongState
from workflows.execution.models import WorkItem
from workflows.persistence.bulk_sql import update_rows

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


def changed_alike(
    changed: Mapping[int, tuple[str, WorkItem]],
) -> Iterator[tuple[str, list[int], dict[str, Any]]]:
    """Tasks that were changed, those together that stood in the same state and now hold the same:
    their state before, ids, and columns."""
    together: dict[str, tuple[str, list[int], dict[str, Any]]] = {}
    for before, item in changed.values():
        values = {column: getattr(item, column) for column in ITEM_COLUMNS}
        together.setdefault(repr((before, values)), (before, [], values))[1].append(item.pk)
    yield from together.values()


def update_guarded(model: Any, pks: Sequence[int], state: str, values: Mapping[str, Any]) -> None:
    """Change rows alike if they still stand in the state that they were read in, without re-reading
    them."""
    if update_rows(model, pks, state, values) != len(pks):
        raise WrongState("This was changed by somebody else a moment ago; load the page again.")
