"""What may happen to a request (events) and what follows from it (effects).

`advance` turns one event into a list of effects; the services have one handler for each.
Both are plain values, so production, replay and rehearsal share them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workflows.engine.routing.cancel_reasons import CancelReason
from workflows.engine.routing.marking import Person
from workflows.engine.routing.step_troubles import StepTrouble


@dataclass(frozen=True, slots=True)
class Start:
    """The request begins at the map's first step. `facts` is what the directory says of the
    requester now, of what rules of the map ask."""

    requester: Person | None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decide:
    """A person decides an open activation with one of its outcomes.

    `writes` are the cleaned values that the decision gives to fields; `seen` the versions of
    the documents that were in front of the person. `acted_for` is who is away and in whose place
    the person decides: that one counts for a quorum, and both have decided. `roles` are those of a
    quorum by roles in which who counts is.
    """

    activation: int
    actor: Person
    outcome: str
    writes: Mapping[str, Any] = field(default_factory=dict)
    seen: Mapping[str, Any] = field(default_factory=dict)
    acted_for: Person | None = None
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeBack:
    """A person takes back that they agreed, while others are still awaited. `stand_in` is who
    agreed in their place, where somebody did."""

    activation: int
    voter: Person
    stand_in: Person | None = None


@dataclass(frozen=True, slots=True)
class AddApprover:
    """Somebody is added to an open step of people: they must agree besides, or in the place of
    one who was added before and cannot any more (`instead_of`)."""

    activation: int
    person: Person
    instead_of: Person | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """The request is called off."""

    reason: CancelReason


@dataclass(frozen=True, slots=True)
class Reopen:
    """A finished request goes back to the step that its end names."""


@dataclass(frozen=True, slots=True)
class ResolveMerge:
    """A person chose between branches that disagree: the value of each field in question."""

    block: int
    values: Mapping[str, Any]
    actor: Person | None = None


@dataclass(frozen=True, slots=True)
class CorrectValues:
    """Values were put right by hand, and nothing moves by that."""

    values: Mapping[str, Any]
    actor: Person | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """A stuck activation tries again, perhaps after values were put right."""

    activation: int
    writes: Mapping[str, Any] = field(default_factory=dict)
    actor: Person | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """What a step had outside is done (or skipped): the request goes on behind it.

    `how` is the outcome that the record keeps: done, woken, received, skipped; `actor` who skipped.
    """

    activation: int
    outcome: str = "done"
    writes: Mapping[str, Any] = field(default_factory=dict)
    actor: Person | None = None


@dataclass(frozen=True, slots=True)
class Fail:
    """What a step had outside cannot be done: its error way is taken, or it waits on a person."""

    activation: int
    trouble: StepTrouble


@dataclass(frozen=True, slots=True)
class Expire:
    """The time of a task is up, and nobody has done it: it goes the way that its step names."""

    activation: int


@dataclass(frozen=True, slots=True)
class Hinder:
    """What a step was just reached for cannot be had: it waits on a person."""

    activation: int
    trouble: StepTrouble


@dataclass(frozen=True, slots=True)
class Reroute:
    """Work that cannot go on is sent to another step."""

    activation: int
    to: str
    actor: Person | None = None


Event = (
    Start
    | Decide
    | TakeBack
    | AddApprover
    | Cancel
    | Reopen
    | ResolveMerge
    | CorrectValues
    | Retry
    | Finish
    | Fail
    | Expire
    | Hinder
    | Reroute
)


@dataclass(frozen=True, slots=True)
class ActivationOpened:
    """A step is activated and waits for people, or for something outside."""

    activation: int
    step: str
    round: int
    came_from: str | None
    needed: int = 1
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalAskedAgain:
    """Values changed that an approval was given on: it is asked once more before work goes on."""

    step: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovalOutdated:
    """Values changed that an approval was given on, and its step says to tell and go on."""

    step: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovalKept:
    """Values changed that an approval was given on, and its step says that it holds."""

    step: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VotesVoided:
    """Values changed after some of several people had agreed on them: their votes are void."""

    activation: int
    step: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoteCounted:
    """One of several people agreed; more are needed."""

    activation: int
    votes: int
    needed: int


@dataclass(frozen=True, slots=True)
class VoteTakenBack:
    """Somebody agrees no longer; so many are left."""

    activation: int
    votes: int
    needed: int


@dataclass(frozen=True, slots=True)
class ApproverAdded:
    """One more must agree, or another than before; so many in all."""

    activation: int
    needed: int


@dataclass(frozen=True, slots=True)
class ActivationCompleted:
    """An activation is decided."""

    activation: int
    outcome: str


@dataclass(frozen=True, slots=True)
class ActivationCancelled:
    """An open activation is not needed any more."""

    activation: int
    reason: CancelReason


@dataclass(frozen=True, slots=True)
class RouteTaken:
    """A routing step was passed, and by which of its ways; of a table by which rows (from 1)."""

    step: str
    route: str
    to: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ActivationStuck:
    """A step cannot go on by itself: an incident for a named person."""

    activation: int
    step: str
    round: int
    trouble: StepTrouble


@dataclass(frozen=True, slots=True)
class ActivationUnstuck:
    """The incident of this activation is over. `kept` says that the same activation goes on."""

    activation: int
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class ExternalWorkRequested:
    """Something outside is to be done for this activation: an automation, a wait, a subworkflow."""

    activation: int
    step: str


HoldEnd = Literal["refused", "went_back", "failed", "rerouted", "not_needed", "cancelled", "ended"]
"""Why what was held of a resource is given back: its step was left by an exception, lies ahead
again, could not be done, was sent elsewhere by hand, stands in a branch that is not needed any
more; the request was called off, or has ended."""


@dataclass(frozen=True, slots=True)
class HoldsAsked:
    """A step was reached that books or spends: it is held from now on, if it is free."""

    activation: int
    step: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class HoldsRequired:
    """A person leaves a step by a usual way: what it books and spends must be held."""

    step: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class HoldsConfirmed:
    """What this step holds stays, whatever becomes of the request."""

    step: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class HoldsGivenBack:
    """What a step (None: any) holds and nobody has confirmed is free again."""

    step: str | None
    why: HoldEnd
    place: str = ""


@dataclass(frozen=True, slots=True)
class BlockOpened:
    """A parallel block begins: its join will wait for these branches."""

    block: int
    step: str
    join: str
    round: int
    branches: Mapping[int, str]
    needs: int
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ChainFound:
    """The managers through whom a branch of a parallel step goes (logins, from below), by the rule
    that holds for the last of them. `key` is under which the marking keeps them."""

    step: str
    key: str
    people: tuple[str, ...]
    until: str


@dataclass(frozen=True, slots=True)
class BranchArrived:
    """A branch came to its join."""

    block: int
    branch: int
    came_from: str


@dataclass(frozen=True, slots=True)
class MergeConflicted:
    """Branches disagree; per field, what each branch says."""

    block: int
    join: str
    fields: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class JoinFired:
    """A join let the request go on."""

    block: int
    join: str
    cancelled: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockLeft:
    """A parallel block was left by a way to a step outside it; its other work is cancelled."""

    block: int
    reason: CancelReason


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """The request is complete."""

    step: str
    result: str


Effect = (
    ActivationOpened
    | ApprovalAskedAgain
    | ApprovalOutdated
    | ApprovalKept
    | VotesVoided
    | VoteCounted
    | VoteTakenBack
    | ApproverAdded
    | ActivationCompleted
    | ActivationCancelled
    | RouteTaken
    | ActivationStuck
    | ActivationUnstuck
    | ExternalWorkRequested
    | HoldsAsked
    | HoldsRequired
    | HoldsConfirmed
    | HoldsGivenBack
    | ChainFound
    | BlockOpened
    | BranchArrived
    | MergeConflicted
    | JoinFired
    | BlockLeft
    | RequestEnded
)
