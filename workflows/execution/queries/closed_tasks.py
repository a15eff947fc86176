"""What became of a task that is over, and what was decided last in a request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.format.definition import EXPIRED, HUMAN_KINDS, display_title
from workflows.engine.format.fact_sentences import outcome_label
from workflows.engine.texts import ReaderMoment, Text, text
from workflows.execution.models import CANCELLED, DONE, WorkItem
from workflows.people.queries.person_names import recorded_name_of


def describe_closed_task(work_item_id: int) -> Text:
    """A sentence about a task that is over: who did it and when, or why it was cancelled."""
    item = WorkItem.objects.select_related("step", "decided_by").get(pk=work_item_id)
    if item.state == CANCELLED:
        return text(
            "'%(step)s' is not needed any more: %(reason)s.",
            step=item.step,
            reason=item.closing_reason,
        )
    if _has_expired(item):
        return text("The time of '%(step)s' was up, and it has expired.", step=item.step)
    parameters = _decision_of(item)
    if item.completed_at is None:
        return text("%(person)s was first: '%(step)s' → %(outcome)s, earlier.", **parameters)
    return text(
        "%(person)s was first: '%(step)s' → %(outcome)s, %(moment)s.",
        moment=ReaderMoment(item.completed_at),
        **parameters,
    )


def describe_late_withdrawal(work_item_id: int) -> Text:
    """Why nobody takes agreement back to a task that is over: nobody is awaited there any more, and
    who came last was not first."""
    item = WorkItem.objects.select_related("step", "decided_by").get(pk=work_item_id)
    if item.state == CANCELLED or _has_expired(item) or item.completed_at is None:
        return describe_closed_task(work_item_id)
    return text(
        "It is too late to take agreement back: '%(step)s' waits for nobody any more since"
        " %(person)s chose '%(outcome)s', %(moment)s.",
        moment=ReaderMoment(item.completed_at),
        **_decision_of(item),
    )


def _has_expired(item: WorkItem) -> bool:
    return item.outcome == EXPIRED and item.decided_by is None


def _decision_of(item: WorkItem) -> dict[str, Any]:
    """Who decided a task, and how."""
    return {
        "person": recorded_name_of(item.decided_by, item.performer_name) or text("Somebody"),
        "step": item.step,
        "outcome": outcome_label(
            cached_map(item.step.version_id).graph.definition, item.step.key, item.outcome
        ),
    }


# -- what an inbox tells of a request ----------------------------------------------------------


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
