"""The private working copy of one call of `advance`: tokens are taken from step to step on it.

Steps still to come are kept in a list and not in Python's call stack, so a long map is walked
as safely as a short one. The last one added comes first: a branch is followed as far as it
goes before the next one begins.
"""

from dataclasses import replace

from workflows.engine import effects as fx
from workflows.engine.approvals import Approvals
from workflows.engine.definition import (
    AutomationStep,
    DecisionStep,
    EndStep,
    HumanStep,
    JoinStep,
    ParallelStep,
    SubworkflowStep,
    WaitStep,
)
from workflows.engine.errors import DefinitionProblem, InvalidInput, WrongState
from workflows.engine.fields import moment_of
from workflows.engine.marking import Block, Token
from workflows.engine.merge import (
    agreed,
    disagreements,
    needed_arrivals,
    noted,
    outcome_of,
    settled,
)
from workflows.engine.position import Place
from workflows.engine.rules import RuleCannotBeEvaluated
from workflows.engine.separation import approves, barred, forward_outcome

Outside = AutomationStep | WaitStep | SubworkflowStep
"""The steps that go on when something outside the request has happened."""

MAX_HOPS = 10_000
"""A walk of more steps than this means a loop without a person, which the audit refuses."""

RULE_FAILED = "rule_failed"
NO_DATE = "no_date"


class Walk(Approvals):
    """One event's way through the map, from a marking to the next."""

    # -- events ---------------------------------------------------------------------------

    def start(self, event: fx.Start) -> None:
        if self.graph.first is None:
            raise DefinitionProblem("The workflow has no first step; add `start: first`.")
        if self.rounds:
            raise WrongState("The request has already been started.")
        self.requester = event.requester
        self.go(self.graph.first, Place())

    def decide(self, event: fx.Decide) -> None:
        token = self._open(event.activation)
        step = self.graph[token.step]
        if not isinstance(step, HumanStep) or event.outcome not in step.outcomes:
            raise WrongState(f"'{event.outcome}' cannot be decided at '{token.step}'.")
        if event.actor in token.votes:
            raise WrongState("This person has already agreed; somebody else must agree as well.")
        self._write(token, event.writes, event.seen if step.kind == "approval" else {})
        self._remember(token.step, event.actor)
        if event.outcome == forward_outcome(step):
            token = replace(token, votes=(*token.votes, event.actor))
            whole = len(token.votes) >= token.needed
            self._approved(token, step, whole=whole)
            if not whole:
                self.tokens[token.id] = token
                self.effects.append(fx.Voted(token.id, len(token.votes), token.needed))
                return
        elif approves(step, event.outcome):
            self._approved(token, step, whole=True)
        del self.tokens[token.id]
        self.effects.append(fx.Completed(token.id, event.outcome))
        self._leave(token, step, event.outcome)

    def _leave(self, token: Token, step: HumanStep, outcome: str) -> None:
        """Where the outcome leads. An approval that was asked again leads nowhere when it is
        given; any way that is no exception waits while an approval is owed."""
        way = step.outcomes[outcome]
        given = approves(step, outcome)
        if step.kind == "approval" and not given:
            self._takes_back(token.step)
        if token.again and not given:
            self.go(*self._leave_from_again(token.step, way.to))
        elif not token.again:
            usual = given if step.kind == "approval" else not way.exception
            go = self.go_on if usual else self.go
            go(way.to, Place(token.block, token.branch, token.step))

    def cancel(self, event: fx.Cancel) -> None:
        self._cancel_everything(event.reason)
        self.ended, self.parked = None, ()

    def put_right(self, event: fx.PutRight) -> None:
        self.data.update(event.values)
        self._steered(event.actor if event.values else None)

    def reopen(self, event: fx.Reopen) -> None:
        end = self.graph.steps.get(self.ended or "")
        if not isinstance(end, EndStep) or end.reopen is None:
            raise WrongState("This request did not end where it can be reopened.")
        came_from, self.ended = self.ended, None
        self.go(end.reopen, Place(came_from=came_from))

    def resolve_merge(self, event: fx.ResolveMerge) -> None:
        block = self.blocks.get(event.block)
        if block is None or not block.conflict:
            raise WrongState("This merge has no conflict to resolve.")
        lacking = [key for key in disagreements(block) if key not in event.values]
        if lacking:
            raise InvalidInput(f"Choose a value for {', '.join(lacking)} as well.")
        self._steered(event.actor)
        self._settled_in(block, event.values)
        self.data.update(event.values)
        self.blocks[block.id] = settled(block, event.values)
        self._fire(self.blocks[block.id])

    def retry(self, event: fx.Retry) -> None:
        token = self._open(event.activation)
        if token.stuck is None:
            raise WrongState("This step does not wait on an incident.")
        if not event.writes and self._owed():
            raise WrongState(
                "An approval is asked again first, because values changed after it; try again when"
                " it has been given."
            )
        self._write(token, event.writes, {})
        self._steered(event.actor if event.writes else None)
        if isinstance(self.graph[token.step], Outside):  # the same activation, the same key
            if self._owed():  # it is tried again when the approval has been given again
                return
            self.effects.append(fx.Unstuck(token.id, kept=True))
            self._call(replace(token, stuck=None))
            return
        del self.tokens[token.id]
        self.effects.append(fx.Unstuck(token.id))
        self.go_on(token.step, Place(token.block, token.branch, round=token.round))

    def finish(self, event: fx.Finish) -> None:
        token, step = self._outside(event.activation)
        self._write(token, event.writes, {})
        self._steered(event.actor if event.writes else None)
        del self.tokens[token.id]
        self.effects.append(fx.Completed(token.id, event.how))
        self.go_on(step.to, Place(token.block, token.branch, token.step))

    def fail(self, event: fx.Fail) -> None:
        token, step = self._outside(event.activation)
        on_error = getattr(step, "on_error", None)
        if on_error is None:
            self._stick(token, event.code, event.message)
            return
        del self.tokens[token.id]
        self.effects.append(fx.Completed(token.id, "error"))
        self.go(on_error.to, Place(token.block, token.branch, token.step))

    def reroute(self, event: fx.Reroute) -> None:
        token = self._open(event.activation)
        if event.to not in self.graph.ways_out(token.step, beside=token.again):
            raise InvalidInput(
                f"Work at '{self.graph.title(token.step)}' cannot be sent to '{event.to}': choose"
                " a step of the same parallel block, or one outside of it."
            )
        del self.tokens[token.id]
        why = f"sent to '{self.graph.title(event.to)}'"
        self.effects.append(fx.Cancelled(token.id, why))
        self._steered(event.actor)
        if token.again:
            self.go(*self._leave_from_again(token.step, event.to))
        else:
            self.go_on(event.to, Place(token.block, token.branch, token.step))

    # -- moving ---------------------------------------------------------------------------

    def go(self, target: str, place: Place) -> None:
        """Take a token to a step, when its turn comes."""
        self.to_go.append((target, place))

    def run(self) -> None:
        """Walk until everything waits for somebody or the request has ended."""
        hops = 0
        while self.to_go:
            target, place = self.to_go.pop()
            if place.block is None or place.block in self.blocks:  # else its block is over
                self._move(target, place)
            hops += 1
            if hops > MAX_HOPS:
                raise DefinitionProblem(
                    f"The map goes round without a person at '{target}'; put a person in the loop."
                )

    def walk_on(self) -> None:
        """Walk, and settle what approvals make of it, until neither leads any further."""
        self.run()
        while self.settle():
            self.run()

    def _move(self, target: str, place: Place) -> None:
        """Leave blocks on the way, arrive at joins, open what is there."""
        place = self._leave_blocks(target, place)
        block = self.blocks.get(place.block) if place.block is not None else None
        if block is not None and self._join_of(block) == target:
            self._arrive(block, place)
        else:
            self._enter(target, place)

    def _enter(self, target: str, place: Place) -> None:
        step = self.graph[target]
        if isinstance(step, JoinStep):
            raise DefinitionProblem(
                f"The request came to the join '{target}' from outside its parallel block."
            )
        if place.round is None:
            self._begins_anew(target)
        number = place.round
        if number is None:
            number = self.rounds[target] = self.rounds.get(target, 0) + 1
        if isinstance(step, HumanStep):
            self._open_human(target, step, number, place)
        elif isinstance(step, DecisionStep):
            self._choose(target, step, number, place)
        elif isinstance(step, ParallelStep):
            self._split(target, step, number, place)
        elif isinstance(step, EndStep):
            self._end(target, step)
        else:
            self._wait_outside(target, number, place)

    def _leave_blocks(self, target: str, place: Place) -> Place:
        while place.block is not None:
            block = self.blocks[place.block]
            inside = self.graph.body.get(block.step, frozenset())
            if target in inside or target == self._join_of(block):
                return place
            reason = f"left for '{self.graph.title(target)}'"
            self._cancel_block(block, reason)
            self.effects.append(fx.Left(block.id, reason))
            self._hand_up(block, sorted({*block.written, *block.seen}))
            place = Place(block.block, block.branch, place.came_from)
        return place

    def _open_human(self, key: str, step: HumanStep, number: int, place: Place) -> None:
        needed = self._needed(key, step)
        token = self._token(key, number, place, needed=needed)
        self.effects.append(fx.Opened(token.id, key, number, place.came_from, needed))

    def _needed(self, key: str, step: HumanStep) -> int:
        if step.quorum == "all":
            return max(1, len(self.electorate(key) - barred(step, self._so_far())))
        return step.quorum or 1

    def _wait_outside(self, key: str, number: int, place: Place) -> None:
        token = self._token(key, number, place)
        self.effects.append(fx.Opened(token.id, key, number, place.came_from))
        self._call(token)

    def _call(self, token: Token) -> None:
        """Ask for what is to be done outside, if it can be said what that is."""
        step = self.graph[token.step]
        trouble = self._cannot_wait(step.until) if isinstance(step, WaitStep) else None
        if trouble is not None:
            message = f"'{self.graph.title(token.step)}' waits until '{step.until}', {trouble}"  # type: ignore[union-attr]
            self._stick(token, NO_DATE, message)
            return
        self.tokens[token.id] = token
        self.effects.append(fx.Called(token.id, token.step))

    def _cannot_wait(self, until: str | None) -> str | None:
        """Why there is no moment to wait for, where a date is waited for."""
        if until is None:
            return None
        value = self.data.get(until)
        if value is None:
            return "which is empty. Fill it in and try again, or skip the wait."
        try:
            moment_of(self.graph.definition.fields[until], value, zone=self.graph.zone)
        except (ValueError, TypeError, ArithmeticError):
            return f"and nobody can wait for {value}. Put it right and try again, or skip the wait."
        return None

    def _stick(self, token: Token, code: str, message: str) -> None:
        """The activation stays open, and waits on a person."""
        self.tokens[token.id] = replace(token, stuck=code)
        self.effects.append(fx.Stuck(token.id, token.step, token.round, code, message))

    def _choose(self, key: str, step: DecisionStep, number: int, place: Place) -> None:
        try:
            way, target = self._first_that_holds(step)
        except RuleCannotBeEvaluated as problem:
            self._rule_failed(key, number, place, problem)
            return
        self.effects.append(fx.Took(key, way, target))
        self.go(target, Place(place.block, place.branch, key))

    def _first_that_holds(self, step: DecisionStep) -> tuple[str, str]:
        for position, rule in enumerate(step.rules or [], start=1):
            if self.graph.holds(rule.when, self.data):
                return str(position), rule.to
        if step.otherwise is None:
            raise RuleCannotBeEvaluated("No rule holds and the step has no `otherwise`.")
        return "otherwise", step.otherwise

    def _rule_failed(self, key: str, number: int, place: Place, problem: Exception) -> None:
        token = self._token(key, number, place, stuck=RULE_FAILED)
        self.effects.append(fx.Stuck(token.id, key, number, RULE_FAILED, str(problem)))

    def _end(self, key: str, step: EndStep) -> None:
        self._cancel_everything(f"the request ended as {step.result}")
        self.ended, self.parked = key, ()
        self.effects.append(fx.Ended(key, step.result))

    # -- parallel blocks ------------------------------------------------------------------

    def _split(self, key: str, step: ParallelStep, number: int, place: Place) -> None:
        if step.join is None:
            raise DefinitionProblem(f"The parallel step '{key}' names no join; add `join`.")
        try:
            taken = {
                index: branch.to
                for index, branch in enumerate(step.branches)
                if branch.when is None or self.graph.holds(branch.when, self.data)
            }
        except RuleCannotBeEvaluated as problem:
            self._rule_failed(key, number, place, problem)
            return
        block = Block(
            self._next(), key, number, tuple(taken), block=place.block, branch=place.branch
        )
        self.blocks[block.id] = block
        needs = needed_arrivals(self.graph, block)
        self.effects.append(fx.Split(block.id, key, step.join, number, taken, needs))
        if not taken:
            self._fire(block)
        for index, target in reversed(taken.items()):
            self.go(target, Place(block.id, index, key))

    def _arrive(self, block: Block, place: Place) -> None:
        assert place.branch is not None
        block = replace(block, arrived=(*block.arrived, place.branch))
        self.blocks[block.id] = block
        self.effects.append(fx.Arrived(block.id, place.branch, place.came_from or block.step))
        if len(block.arrived) >= needed_arrivals(self.graph, block):
            self._merge_check(block)

    def _merge_check(self, block: Block) -> None:
        found = disagreements(block)
        if found:
            self._cancel_inside(block, self._not_needed(block))
            self.blocks[block.id] = replace(block, conflict=True)
            self.effects.append(fx.Conflicted(block.id, self._join_of(block), found))
        else:
            self._fire(block)

    def _fire(self, block: Block) -> None:
        join_key = self._join_of(block)
        late = tuple(b for b in block.waits_for if b not in block.arrived)
        self._cancel_block(block, self._not_needed(block))
        self.effects.append(fx.Fired(block.id, join_key, late))
        self.data.update(agreed(block))  # over what branches wrote that are not needed any more
        self._hand_up(block, [str(branch) for branch in block.arrived])
        self.rounds[join_key] = self.rounds.get(join_key, 0) + 1
        join = self.graph[join_key]
        assert isinstance(join, JoinStep)
        self.go_on(join.to, Place(block.block, block.branch, join_key))

    def _hand_up(self, block: Block, branches: list[str]) -> None:
        """What a block's branches wrote counts as written by the branch around the block."""
        outer = self.blocks.get(block.block) if block.block is not None else None
        if outer is None:
            return
        written, seen = outcome_of(block, branches, self.data)
        if written or seen:
            self.blocks[outer.id] = noted(outer, block.branch, written, seen)

    def _join_of(self, block: Block) -> str:
        step = self.graph[block.step]
        assert isinstance(step, ParallelStep)
        assert step.join is not None
        return step.join

    def _not_needed(self, block: Block) -> str:
        return f"not needed any more: enough branches came to '{self._join_title(block)}'"

    def _join_title(self, block: Block) -> str:
        return self.graph.title(self._join_of(block))

    # -- work outside ---------------------------------------------------------------------

    def _outside(self, activation: int) -> tuple[Token, Outside]:
        token = self._open(activation)
        step = self.graph[token.step]
        if not isinstance(step, Outside):
            raise WrongState(f"'{self.graph.title(token.step)}' waits for nothing outside.")
        return token, step
