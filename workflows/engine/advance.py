"""The one function that moves a request: `advance(graph, marking, data, event)`.

Pure: no clock, no database. Rehearsal, replay and production call it alike. The work is done
on a private walk (`_Walk`), which is thrown away; the caller gets new values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.engine.definition import (
    DecisionStep,
    EndStep,
    HumanStep,
    JoinStep,
    ParallelStep,
    not_by,
)
from workflows.engine.effects import (
    Arrived,
    Cancel,
    Cancelled,
    Completed,
    Conflicted,
    Decide,
    Effect,
    Ended,
    Event,
    Fired,
    Left,
    Opened,
    Reopen,
    ResolveMerge,
    Retry,
    Split,
    Start,
    Stuck,
    Took,
    Unstuck,
    Voted,
)
from workflows.engine.errors import DefinitionProblem, WrongState
from workflows.engine.graph import Graph
from workflows.engine.marking import Block, Marking, Person, Token
from workflows.engine.rules import RuleCannotBeEvaluated

Electorate = Callable[[str], frozenset[Person]]
"""Everyone who may act on a step now; asked only for `quorum: all`."""

MAX_HOPS = 10_000
"""A walk of more steps than this means a loop without a person, which the audit refuses."""

NOT_RUN_YET = "not_supported"
RULE_FAILED = "rule_failed"
NOBODY = "nobody"


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
) -> Advance:
    """Apply one event that `why_not` found allowed.

    Raises WrongState when the event speaks of something that is not open (which a caller
    that asked `why_not` never meets).
    """
    walk = _Walk(graph, marking, data, electorate)
    _HANDLERS[type(event)](walk, event)
    return walk.result()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a token comes from: the block and branch that it stands in, and the last step."""

    block: int | None = None
    branch: int | None = None
    came_from: str | None = None


@dataclass
class _Walk:
    """The private working copy of one call of `advance`."""

    graph: Graph
    marking: Marking
    given: Mapping[str, Any]
    electorate: Electorate
    effects: list[Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data = dict(self.given)
        self.tokens = {token.id: token for token in self.marking.tokens}
        self.blocks = {block.id: block for block in self.marking.blocks}
        self.rounds = dict(self.marking.rounds)
        self.deciders = dict(self.marking.deciders)
        self.requester = self.marking.requester
        self.next_id = self.marking.next_id
        self.ended = self.marking.ended
        self.hops = 0

    def result(self) -> Advance:
        marking = Marking(
            tokens=tuple(self.tokens.values()),
            blocks=tuple(self.blocks.values()),
            rounds=self.rounds,
            deciders=self.deciders,
            requester=self.requester,
            next_id=self.next_id,
            ended=self.ended,
        )
        return Advance(marking, self.data, tuple(self.effects))

    # -- events ---------------------------------------------------------------------------

    def start(self, event: Start) -> None:
        if self.graph.first is None:
            raise DefinitionProblem("The workflow has no first step; add `start: first`.")
        if self.next_id > 1:
            raise WrongState("The request has already been started.")
        self.requester = event.requester
        self.go(self.graph.first, _Place())

    def decide(self, event: Decide) -> None:
        token = self._open(event.activation)
        step = self.graph.human(token.step)
        self._write(token, event.writes, event.seen if step.kind == "approval" else {})
        self._remember(token.step, event.actor)
        if event.outcome == forward_outcome(step):
            token = replace(token, votes=(*token.votes, event.actor))
            if len(token.votes) < token.needed:
                self.tokens[token.id] = token
                self.effects.append(Voted(token.id, len(token.votes), token.needed))
                return
        del self.tokens[token.id]
        self.effects.append(Completed(token.id, event.outcome))
        self.go(step.outcomes[event.outcome].to, _Place(token.block, token.branch, token.step))

    def cancel(self, event: Cancel) -> None:
        self._cancel_everything(event.reason)
        self.ended = None

    def reopen(self, event: Reopen) -> None:
        end = self.graph.steps.get(self.ended or "")
        if not isinstance(end, EndStep) or end.reopen is None:
            raise WrongState("This request did not end where it can be reopened.")
        came_from, self.ended = self.ended, None
        self.go(end.reopen, _Place(came_from=came_from))

    def resolve_merge(self, event: ResolveMerge) -> None:
        block = self.blocks.get(event.block)
        if block is None or not block.conflict:
            raise WrongState("This merge has no conflict to resolve.")
        self.data.update(event.values)
        agreed = {
            branch: {**values, **{k: v for k, v in event.values.items() if k in values}}
            for branch, values in block.written.items()
        }
        self.blocks[block.id] = replace(block, conflict=False, written=agreed, seen={})
        self._fire(self.blocks[block.id])

    def retry(self, event: Retry) -> None:
        token = self._open(event.activation)
        if token.stuck is None:
            raise WrongState("This step does not wait on an incident.")
        self._write(token, event.writes, {})
        del self.tokens[token.id]
        self.effects.append(Unstuck(token.id))
        self.rounds[token.step] = token.round - 1
        self.go(token.step, _Place(token.block, token.branch))

    # -- moving ---------------------------------------------------------------------------

    def go(self, target: str, place: _Place) -> None:
        """Take a token to a step: leave blocks on the way, arrive at joins, open what is there."""
        self.hops += 1
        if self.hops > MAX_HOPS:
            raise DefinitionProblem(
                f"The map goes round without a person at '{target}'; put a person in the loop."
            )
        place = self._leave_blocks(target, place)
        block = self.blocks.get(place.block) if place.block is not None else None
        if block is not None and self._join_of(block) == target:
            self._arrive(block, place)
        else:
            self._enter(target, place)

    def _enter(self, target: str, place: _Place) -> None:
        step = self.graph[target]
        number = self.rounds.get(target, 0) + 1
        self.rounds[target] = number
        if isinstance(step, HumanStep):
            self._open_human(target, step, number, place)
        elif isinstance(step, DecisionStep):
            self._choose(target, step, number, place)
        elif isinstance(step, ParallelStep):
            self._split(target, step, number, place)
        elif isinstance(step, EndStep):
            self._end(target, step)
        elif isinstance(step, JoinStep):
            raise DefinitionProblem(
                f"The request came to the join '{target}' from outside its parallel block."
            )
        else:
            self._wait_outside(target, number, place)

    def _leave_blocks(self, target: str, place: _Place) -> _Place:
        while place.block is not None:
            block = self.blocks[place.block]
            inside = self.graph.body.get(block.step, frozenset())
            if target in inside or target == self._join_of(block):
                return place
            reason = f"left for '{self.graph.title(target)}'"
            self._cancel_block(block, reason)
            self.effects.append(Left(block.id, reason))
            self._hand_up(block, arrived_only=False)
            place = _Place(block.block, block.branch, place.came_from)
        return place

    def _open_human(self, key: str, step: HumanStep, number: int, place: _Place) -> None:
        needed = self._needed(key, step)
        token = self._token(key, number, place, needed=needed)
        self.effects.append(Opened(token.id, key, number, place.came_from, needed))

    def _needed(self, key: str, step: HumanStep) -> int:
        if step.quorum == "all":
            return max(1, len(self.electorate(key) - barred(step, self._so_far())))
        return step.quorum or 1

    def _wait_outside(self, key: str, number: int, place: _Place) -> None:
        """Until these kinds run by themselves, the step waits on an incident that says so."""
        kind = self.graph[key].kind
        token = self._token(key, number, place, stuck=NOT_RUN_YET)
        self.effects.append(Opened(token.id, key, number, place.came_from))
        message = (
            f"'{self.graph.title(key)}' is a step of kind {kind}, which this version of Handoff"
            " does not run. Cancel the request, or change the map and start it again."
        )
        self.effects.append(Stuck(token.id, key, number, NOT_RUN_YET, message))

    def _choose(self, key: str, step: DecisionStep, number: int, place: _Place) -> None:
        try:
            way, target = self._first_that_holds(step)
        except RuleCannotBeEvaluated as problem:
            token = self._token(key, number, place, stuck=RULE_FAILED)
            self.effects.append(Stuck(token.id, key, number, RULE_FAILED, str(problem)))
            return
        self.effects.append(Took(key, way, target))
        self.go(target, _Place(place.block, place.branch, key))

    def _first_that_holds(self, step: DecisionStep) -> tuple[str, str]:
        for position, rule in enumerate(step.rules or [], start=1):
            if self.graph.rule(rule.when).holds(self.data):
                return str(position), rule.to
        if step.otherwise is None:
            raise RuleCannotBeEvaluated("No rule holds and the step has no `otherwise`.")
        return "otherwise", step.otherwise

    def _end(self, key: str, step: EndStep) -> None:
        self._cancel_everything(f"the request ended as {step.result}")
        self.ended = key
        self.effects.append(Ended(key, step.result))

    # -- parallel blocks ------------------------------------------------------------------

    def _split(self, key: str, step: ParallelStep, number: int, place: _Place) -> None:
        try:
            taken = {
                index: branch.to
                for index, branch in enumerate(step.branches)
                if branch.when is None or self.graph.rule(branch.when).holds(self.data)
            }
        except RuleCannotBeEvaluated as problem:
            token = self._token(key, number, place, stuck=RULE_FAILED)
            self.effects.append(Stuck(token.id, key, number, RULE_FAILED, str(problem)))
            return
        assert step.join is not None
        block = Block(self._next(), key, number, tuple(taken), block=place.block,
                      branch=place.branch)  # fmt: skip
        self.blocks[block.id] = block
        needs = needed_arrivals(self.graph, block)
        self.effects.append(Split(block.id, key, step.join, number, taken, needs))
        if not taken:
            self._fire(block)
        for index, target in taken.items():
            if block.id in self.blocks:  # an empty branch may already have fired the join
                self.go(target, _Place(block.id, index, key))

    def _arrive(self, block: Block, place: _Place) -> None:
        assert place.branch is not None
        block = replace(block, arrived=(*block.arrived, place.branch))
        self.blocks[block.id] = block
        self.effects.append(Arrived(block.id, place.branch, place.came_from or block.step))
        if not block.conflict and len(block.arrived) >= needed_arrivals(self.graph, block):
            self._merge_check(block)

    def _merge_check(self, block: Block) -> None:
        found = disagreements(block)
        if found:
            self.blocks[block.id] = replace(block, conflict=True)
            self.effects.append(Conflicted(block.id, self._join_of(block), found))
        else:
            self._fire(block)

    def _fire(self, block: Block) -> None:
        join_key = self._join_of(block)
        late = tuple(b for b in block.waits_for if b not in block.arrived)
        self._cancel_block(block, f"not needed any more: '{self.graph.title(join_key)}' passed")
        self.effects.append(Fired(block.id, join_key, late))
        self._hand_up(block, arrived_only=True)
        self.rounds[join_key] = self.rounds.get(join_key, 0) + 1
        join = self.graph[join_key]
        assert isinstance(join, JoinStep)
        self.go(join.to, _Place(block.block, block.branch, join_key))

    def _hand_up(self, block: Block, *, arrived_only: bool) -> None:
        """What a block's branches wrote counts as written by the branch around the block."""
        outer = self.blocks.get(block.block) if block.block is not None else None
        if outer is None:
            return
        branches = [
            name for name in block.written if not arrived_only or int(name) in block.arrived
        ]
        fields = {key for name in branches for key in block.written[name]}
        written = {key: self.data.get(key) for key in sorted(fields)}
        seen = {k: v for branch in block.seen.values() for k, v in branch.items()}
        self.blocks[outer.id] = _noted(outer, block.branch, written, seen)

    def _join_of(self, block: Block) -> str:
        step = self.graph[block.step]
        assert isinstance(step, ParallelStep) and step.join is not None
        return step.join

    def _cancel_block(self, block: Block, reason: str) -> None:
        """Close a block with everything in it."""
        for inner in [b for b in self.blocks.values() if b.block == block.id]:
            self._cancel_block(inner, reason)
            self.effects.append(Left(inner.id, reason))
        for token in [t for t in self.tokens.values() if t.block == block.id]:
            self._cancel_token(token, reason)
        del self.blocks[block.id]

    def _cancel_everything(self, reason: str) -> None:
        for block in [b for b in self.blocks.values() if b.block is None]:
            self._cancel_block(block, reason)
            self.effects.append(Left(block.id, reason))
        for token in list(self.tokens.values()):
            self._cancel_token(token, reason)

    def _cancel_token(self, token: Token, reason: str) -> None:
        del self.tokens[token.id]
        self.effects.append(Cancelled(token.id, reason))

    # -- small parts ----------------------------------------------------------------------

    def _open(self, activation: int) -> Token:
        token = self.tokens.get(activation)
        if token is None:
            raise WrongState("This work is no longer open.")
        return token

    def _token(self, key: str, number: int, place: _Place, **more: Any) -> Token:
        token = Token(self._next(), key, number, place.block, place.branch, **more)
        self.tokens[token.id] = token
        return token

    def _next(self) -> int:
        number, self.next_id = self.next_id, self.next_id + 1
        return number

    def _write(self, token: Token, writes: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self.data.update(writes)
        block = self.blocks.get(token.block) if token.block is not None else None
        if block is not None and (writes or seen):
            self.blocks[block.id] = _noted(block, token.branch, writes, seen)

    def _remember(self, step: str, actor: Person) -> None:
        before = self.deciders.get(step, ())
        if actor not in before:
            self.deciders[step] = (*before, actor)

    def _so_far(self) -> Marking:
        return Marking(deciders=self.deciders, requester=self.requester)


_HANDLERS: dict[type, Callable[[_Walk, Any], None]] = {
    Start: _Walk.start,
    Decide: _Walk.decide,
    Cancel: _Walk.cancel,
    Reopen: _Walk.reopen,
    ResolveMerge: _Walk.resolve_merge,
    Retry: _Walk.retry,
}


def _noted(
    block: Block, branch: int | None, written: Mapping[str, Any], seen: Mapping[str, Any]
) -> Block:
    """The block with what one of its branches wrote and approved added."""
    name = str(branch)
    return replace(
        block,
        written={**block.written, name: {**block.written.get(name, {}), **written}},
        seen={**block.seen, name: {**block.seen.get(name, {}), **seen}},
    )


def forward_outcome(step: HumanStep) -> str:
    """The outcome that a quorum counts: the first that is not an exception."""
    ways = step.outcomes.items()
    return next((name for name, way in ways if not way.exception), next(iter(step.outcomes)))


def barred(step: HumanStep, marking: Marking) -> frozenset[Person]:
    """The people whom `not_by` keeps from acting on this step in this request."""
    people: set[Person] = set()
    for other in not_by(step):
        if other != "requester":
            people.update(marking.deciders.get(other, ()))
        elif marking.requester is not None:
            people.add(marking.requester)
    return frozenset(people)


def needed_arrivals(graph: Graph, block: Block) -> int:
    """How many branches the join of this block waits for.

    Never more than were opened, so that a join of n cannot wait for a branch that was not
    taken.
    """
    step = graph[block.step]
    assert isinstance(step, ParallelStep) and step.join is not None
    join = graph[step.join]
    assert isinstance(join, JoinStep)
    if join.wait_for in (None, "all"):
        return len(block.waits_for)
    wanted = 1 if join.wait_for == "any" else int(join.wait_for or 1)
    return min(wanted, len(block.waits_for))


def disagreements(block: Block) -> dict[str, dict[str, Any]]:
    """Fields to which arrived branches gave different values, or whose document they approved in
    different versions: field → branch → value."""
    found: dict[str, dict[str, Any]] = {}
    for notes in (block.written, block.seen):
        by_field: dict[str, dict[str, Any]] = {}
        for branch in map(str, block.arrived):
            for key, value in notes.get(branch, {}).items():
                by_field.setdefault(key, {})[branch] = value
        for key, values in by_field.items():
            distinct = list(values.values())
            if any(value != distinct[0] for value in distinct[1:]):
                found.setdefault(key, values)
    return found
