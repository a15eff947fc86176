"""Where a request must stand by its trail alone: the record is checked against itself.

Each row of the trail is one command; folding the rows through the same pure `advance` that wrote
them must give the marking and the data of the request's row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.advance import Electorate, advance
from workflows.engine.effects import (
    Cancel,
    Decide,
    Event,
    Fail,
    Finish,
    PutRight,
    Reopen,
    Reroute,
    ResolveMerge,
    Retry,
    Start,
)
from workflows.engine.graph import Graph
from workflows.engine.marking import Marking, Person
from workflows.models import TrailEvent, WorkflowInstance
from workflows.services.maps import cached_map


def rebuild(instance: WorkflowInstance) -> tuple[Marking, dict[str, Any]]:
    """The marking and the data that this request's trail leads to. One statement.

    A request that was brought in from a log has no commands to fold: its marking is empty.
    """
    asks_again = instance.source not in WorkflowInstance.PAST
    fold = _Fold(cached_map(instance.version_id).graph, asks_again)
    for row in TrailEvent.objects.filter(request=instance).order_by("pk"):
        fold.take(row)
    return fold.marking, fold.data


@dataclass
class _Fold:
    """A request between two rows of its trail."""

    graph: Graph
    asks_again: bool
    marking: Marking = field(default_factory=Marking)
    data: dict[str, Any] = field(default_factory=dict)

    def take(self, row: TrailEvent) -> None:
        """Take in what one row says."""
        given = row.changes.get("given", {})
        event_of = _EVENTS.get(row.command)
        if event_of is not None and not self._is_about_people(row):
            if row.command == "start":
                self.data = dict(given)
            self._apply(event_of(row, given), _electorate(row))
        elif row.command in ("set_values", "retry"):
            self._apply(PutRight(given, row.actor_id), _electorate(row))
        else:
            self.data = {**self.data, **given}

    def _apply(self, event: Event, electorate: Electorate) -> None:
        moved = advance(
            self.graph, self.marking, self.data, event, electorate, asks_again=self.asks_again
        )
        self.marking, self.data = moved.marking, dict(moved.data)

    def _is_about_people(self, row: TrailEvent) -> bool:
        """A step that only lacked people does not move when somebody is there again."""
        token = self.marking.token(row.activation) if row.activation is not None else None
        return row.command == "retry" and token is not None and token.stuck is None


def _activation(row: TrailEvent) -> int:
    assert row.activation is not None, f"trail row {row.pk} names no activation"
    return row.activation


def _decide(row: TrailEvent, given: Mapping[str, Any]) -> Event:
    assert row.actor_id is not None, f"trail row {row.pk} names nobody"
    return Decide(_activation(row), row.actor_id, row.outcome, given, row.document_versions)


_EVENTS: Mapping[str, Callable[[TrailEvent, Mapping[str, Any]], Event]] = {
    "start": lambda row, given: Start(row.changes.get("requester", row.actor_id)),
    "decide": _decide,
    "cancel": lambda row, given: Cancel(row.comment),
    "reopen": lambda row, given: Reopen(),
    "resolve_merge": lambda row, given: ResolveMerge(_activation(row), given, row.actor_id),
    "retry": lambda row, given: Retry(_activation(row), given, row.actor_id),
    "finish": lambda row, given: Finish(_activation(row), row.outcome, given),
    "skip": lambda row, given: Finish(_activation(row), row.outcome, given, row.actor_id),
    "fail": lambda row, given: Fail(_activation(row), row.outcome, row.comment),
    "reroute": lambda row, given: Reroute(_activation(row), row.outcome, row.actor_id),
}
"""The commands that move a request; all others leave it where it stands."""


def _electorate(row: TrailEvent) -> Electorate:
    """As many people as there were then: only their number counts, and the trail has kept it."""
    needed = {one["step"]: one["needed"] for one in row.changes.get("opened", ())}

    def members(step: str) -> frozenset[Person]:
        return frozenset(f"member {number}" for number in range(needed.get(step, 0)))

    return members
