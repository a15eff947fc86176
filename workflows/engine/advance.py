"""The one function that moves a request: `advance(graph, marking, data, event)`.

Pure: no clock, no database. Rehearsal, replay and production call it alike. The work is done
on a private walk (`walk.py`), which is thrown away; the caller gets new values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine.effects import (
    Cancel,
    Decide,
    Effect,
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
from workflows.engine.merge import disagreements, needed_arrivals
from workflows.engine.position import Electorate
from workflows.engine.separation import barred, forward_outcome
from workflows.engine.walk import NO_DATE, RULE_FAILED, Walk

__all__ = [
    "NOBODY",
    "NO_DATE",
    "RULE_FAILED",
    "Advance",
    "Electorate",
    "advance",
    "barred",
    "disagreements",
    "forward_outcome",
    "needed_arrivals",
    "no_electorate",
]

NOBODY = "nobody"
"""The code of the incident that nobody may act on a step; the services open it."""


@dataclass(frozen=True, slots=True)
class Advance:
    """What an event led to: the new position, the new data, and the effects in order."""

    marking: Marking
    data: Mapping[str, Any]
    effects: tuple[Effect, ...]


def no_electorate(step: str) -> frozenset[Person]:
    """For maps without `quorum: all`."""
    return frozenset()


def advance(
    graph: Graph,
    marking: Marking,
    data: Mapping[str, Any],
    event: Event,
    electorate: Electorate = no_electorate,
    *,
    asks_again: bool = True,
) -> Advance:
    """Apply one event that `why_not` found allowed. With `asks_again=False` approvals hold whatever
    changes after them, as in a log of what happened elsewhere.

    Raises WrongState when the event speaks of something that is not open (which a caller
    that asked `why_not` never meets), and DefinitionProblem on a map that the audit refuses.
    """
    walk = Walk(graph, marking, data, electorate)
    walk.asks_again = asks_again
    _HANDLERS[type(event)](walk, event)
    walk.walk_on()
    return Advance(walk.position(), walk.data, tuple(walk.effects))


_HANDLERS: dict[type, Callable[[Walk, Any], None]] = {
    Start: Walk.start,
    Decide: Walk.decide,
    Cancel: Walk.cancel,
    Reopen: Walk.reopen,
    ResolveMerge: Walk.resolve_merge,
    PutRight: Walk.put_right,
    Retry: Walk.retry,
    Finish: Walk.finish,
    Fail: Walk.fail,
    Reroute: Walk.reroute,
}
