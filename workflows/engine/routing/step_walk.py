"""Taking tokens from step to step: each kind of step is entered, and opened or passed.

Steps still to come are kept in a list and not in Python's call stack, so a long map is walked
as safely as a short one. The last one added comes first: a branch is followed as far as it
goes before the next one begins.
"""

from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import (
    DecisionStep,
    EndStep,
    HumanStep,
    JoinStep,
    ParallelStep,
    TableStep,
    WaitStep,
)
from workflows.engine.routing import effects as fx
from workflows.engine.routing.cancel_reasons import InstanceEnded
from workflows.engine.routing.marking import Token
from workflows.engine.routing.mutable_marking import TokenPlace, Values
from workflows.engine.routing.parallel_blocks import BlockWalk
from workflows.engine.routing.waits import find_wait_trouble
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated
from workflows.engine.texts import text

MAX_HOPS = 10_000
"""A walk of more steps than this means a loop without a person, which the audit refuses."""


class StepWalk(BlockWalk):
    """A walk over the map, until everything waits for somebody or the request has ended."""

    def run(self) -> None:
        """Walk until everything waits for somebody or the request has ended."""
        hops, self.most_hops = 0, MAX_HOPS
        while self.to_go:
            target, place = self.to_go.pop()
            if place.block is None or place.block in self.blocks:  # else its block is over
                self._move_token(target, place)
            hops += 1
            if hops > self.most_hops:
                raise DefinitionProblem(
                    "The map goes round without a person at '%(target)s'; put a person in the"
                    " loop.",
                    target=target,
                )

    def walk_on(self) -> None:
        """Walk, and settle what approvals make of it, until neither leads any further."""
        self.run()
        while self.settle():
            self.run()

    def _move_token(self, target: str, place: TokenPlace) -> None:
        """Leave blocks on the way, arrive at joins, open what is there."""
        place = self._leave_blocks(target, place)
        block = self.blocks.get(place.block) if place.block is not None else None
        if block is not None and self._join_key_of(block) == target:
            self._arrive_at_join(block, place)
        else:
            self._enter_step(target, place)

    def _enter_step(self, target: str, place: TokenPlace) -> None:
        step = self.graph[target]
        if isinstance(step, JoinStep):
            raise DefinitionProblem(
                "The request came to the join '%(target)s' from outside its parallel block.",
                target=target,
            )
        if place.round is None:
            self._forget_approvals_ahead(target, self._rows_of(target, place))
            self._give_back_holds_ahead(target, self._rows_of(target, place))
        number = place.round
        if number is None:
            number = self._count_round(target, self._rows_of(target, place))
        if isinstance(step, HumanStep):
            self._open_human(target, step, number, place)
        elif isinstance(step, DecisionStep):
            self._choose_rule(target, step, number, place)
        elif isinstance(step, TableStep):
            self._ask_table(target, number, place)
        elif isinstance(step, ParallelStep):
            self._split_branches(target, step, number, place)
        elif isinstance(step, EndStep):
            self._end_request(target, step)
        else:
            self._wait_outside(target, number, place)

    # -- opening and passing --------------------------------------------------------------

    def _open_human(self, key: str, step: HumanStep, number: int, place: TokenPlace) -> None:
        rows = self._rows_of(key, place)
        try:
            needed = self._needed_votes(key, step, rows)
        except RuleCannotBeEvaluated as problem:
            self._rule_failed(key, number, place, problem)
            return
        token = self._add_token(key, number, place, needed=needed)
        self._note_opened(token, place.came_from)
        self._ask_holds(token)

    def _wait_outside(self, key: str, number: int, place: TokenPlace) -> None:
        token = self._add_token(key, number, place)
        self._note_opened(token, place.came_from)
        self._request_external_work(token)

    def _request_external_work(self, token: Token) -> None:
        """Ask for what is to be done outside, if it can be said what that is."""
        step = self.graph[token.step]
        trouble = None
        if isinstance(step, WaitStep):
            trouble = find_wait_trouble(
                self.graph, token.step, step, self._data_at(token.step, token.rows)
            )
        if trouble is not None:
            self._mark_stuck(token, trouble)
            return
        self.tokens[token.id] = token
        self._ask_holds(token)
        self.effects.append(fx.ExternalWorkRequested(token.id, token.step))

    def _choose_rule(self, key: str, step: DecisionStep, number: int, place: TokenPlace) -> None:
        try:
            data = self._asked_at(key, self._rows_of(key, place))
            route_name, target = self._first_that_holds(step, data)
        except RuleCannotBeEvaluated as problem:
            self._rule_failed(key, number, place, problem)
            return
        self.effects.append(fx.RouteTaken(key, route_name, target))
        self.go(target, TokenPlace(place.block, place.branch, key))

    def _first_that_holds(self, step: DecisionStep, data: Values) -> tuple[str, str]:
        for position, rule in enumerate(step.rules or [], start=1):
            if self.graph.holds(rule.when, data):
                return str(position), rule.to
        if step.otherwise is None:
            raise RuleCannotBeEvaluated(text("No rule holds and the step has no `otherwise`."))
        return "otherwise", step.otherwise

    def _ask_table(self, key: str, number: int, place: TokenPlace) -> None:
        """The row that holds gives fields their values, as a write of this branch, and the way."""
        try:
            rows = self._rows_of(key, place)
            decision = self.graph.decide_by_table(key, self._asked_at(key, rows))
        except RuleCannotBeEvaluated as problem:
            self._rule_failed(key, number, place, problem)
            return
        self._change_data(decision.writes, key, rows)
        self._note_at(place.block, place.branch, decision.writes, {})
        self.effects.append(fx.RouteTaken(key, decision.way, decision.to, decision.rows))
        self.go_on(decision.to, TokenPlace(place.block, place.branch, key))

    def _end_request(self, key: str, step: EndStep) -> None:
        self._cancel_everything(InstanceEnded(step.result))
        self.ended, self.parked = key, ()
        self._confirm_holds(key, step)
        self._give_back_all_holds("ended")
        self.effects.append(fx.RequestEnded(key, step.result))
