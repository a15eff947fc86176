"""The one function that moves a request: `advance(graph, marking, data, event)`.

Pure: no clock, no database. Rehearsal, replay and production call it alike. The work is done
on a private walk (`token_walk.py`), which is thrown away; the caller gets new values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine.routing.chains import FindChain, find_no_chain
from workflows.engine.routing.effects import (
    AddApprover,
    Cancel,
    CorrectValues,
    Decide,
    Effect,
    Event,
    Expire,
    Fail,
    Finish,
    Hinder,
    Reopen,
    Reroute,
    ResolveMerge,
    Retry,
    Start,
    TakeBack,
)
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Person
from workflows.engine.routing.merge import conflicting_fields, needed_arrivals
from workflows.engine.routing.mutable_marking import (
    Electorate,
    PeopleNamed,
    identify_by_login,
)
from workflows.engine.routing.separation import barred_people, forward_outcome
from workflows.engine.routing.step_troubles import NO_DATE, RULE_FAILED
from workflows.engine.routing.token_walk import TokenWalk

__all__ = [
    "NOBODY",
    "NO_DATE",
    "RULE_FAILED",
    "AdvanceResult",
    "Electorate",
    "PeopleNamed",
    "advance",
    "barred_people",
    "conflicting_fields",
    "forward_outcome",
    "needed_arrivals",
    "no_electorate",
]

NOBODY = "nobody"
"""The code of the incident that nobody may act on a step; the services open it."""


@dataclass(frozen=True, slots=True)
class AdvanceResult:
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
    people_named: PeopleNamed = identify_by_login,
    find_chain: FindChain = find_no_chain,
) -> AdvanceResult:
    """Apply one event that `why_not` found allowed. With `asks_again=False` approvals hold whatever
    changes after them, as in a log of what happened elsewhere. `people_named` says whom fields
    mean that keep somebody from a step, `find_chain` which managers stand above somebody.

    Raises WrongState when the event speaks of something that is not open (which a caller
    that asked `why_not` never meets), and DefinitionProblem on a map that the audit refuses.
    """
    walk = TokenWalk(graph, marking, data, electorate)
    walk.asks_again, walk.people_named, walk.find_chain = asks_again, people_named, find_chain
    acting = (getattr(event, "actor", None), getattr(event, "acted_for", None))
    walk.actors = frozenset(person for person in acting if person is not None)
    _HANDLERS[type(event)](walk, event)
    walk.walk_on()
    return AdvanceResult(walk.position(), walk.data, tuple(walk.effects))


_HANDLERS: dict[type, Callable[[TokenWalk, Any], None]] = {
    Start: TokenWalk.start,
    Decide: TokenWalk.decide,
    TakeBack: TokenWalk.take_back,
    AddApprover: TokenWalk.add_approver,
    Cancel: TokenWalk.cancel,
    Reopen: TokenWalk.reopen,
    ResolveMerge: TokenWalk.resolve_merge,
    CorrectValues: TokenWalk.put_right,
    Retry: TokenWalk.retry,
    Finish: TokenWalk.finish,
    Fail: TokenWalk.fail,
    Expire: TokenWalk.expire,
    Hinder: TokenWalk.hinder,
    Reroute: TokenWalk.reroute,
}
