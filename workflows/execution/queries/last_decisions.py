"""What was decided last in a request, and with which comment: what a row of the inbox tells."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.format.definition import HUMAN_KINDS, display_title
from workflows.execution.models import DONE, WorkItem


@dataclass(frozen=True, slots=True)
class EarlierComment:
    """The last decision on a request: who, which outcome (its words), and the comment."""

    who: str
    outcome: str
    comment: str


def find_last_decisions(request_ids: Iterable[int]) -> dict[int, EarlierComment]:
    """The last decision of each of these requests that has one. One statement."""
    rows = WorkItem.objects.filter(
        request__in=list(request_ids),
        step__kind__in=HUMAN_KINDS,  # who sent what a wait waited for decided nothing
        state=DONE,
        decided_by__isnull=False,
    ).order_by("completed_at", "id")
    names = {
        "key": F("step__key"),
        "version": F("step__version_id"),
        "first": F("decided_by__first_name"),
        "last": F("decided_by__last_name"),
    }
    decided = rows.values("request_id", "outcome", "comment", "performer_name", **names)
    return {row["request_id"]: _earlier_comment(row) for row in decided}


def _earlier_comment(row: Mapping[str, Any]) -> EarlierComment:
    outcomes = cached_map(row["version"]).human(row["key"]).outcomes
    route = outcomes.get(row["outcome"])
    name = f"{row['first']} {row['last']}".strip()
    label = display_title(row["outcome"], route.label if route is not None else None)
    return EarlierComment(name or row["performer_name"], label, row["comment"])
