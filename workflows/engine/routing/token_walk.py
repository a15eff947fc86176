"""The private working copy of one call of `advance`: tokens are taken from step to step on it.

Steps still to come are kept in a list and not in Python's call stack, so a long map is walked
as safely as a short one. The last one added comes first: a branch is followed as far as it
goes before the next one begins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from workflows.engine.errors import DefinitionProblem, InvalidInput, WrongState, text_of
from workflows.engine.format.definition import (
    EXPIRED,
    AutomationStep,
    BranchDef,
    DecisionStep,
    EndStep,
    HumanStep,
    JoinStep,
    ParallelStep,
    RowScope,
    SubworkflowStep,
    TableStep,
    WaitStep,
    display_title,
)
from workflows.engine.format.quorums import MOST as MOST_VOTES
from workflows.engine.format.quorums import (
    fixed_votes,
    quorum_field,
    quorum_roles,
    quorum_share,
    share_of,
)
from workflows.engine.routing import effects as fx
from workflows.engine.routing.cancel_reasons import (
    BlockLeftFor,
    EnoughArrived,
    InstanceEnded,
    RowRefused,
    SentElsewhere,
)
from workflows.engine.routing.hold_tracking import HoldTracker
from workflows.engine.routing.marking import Block, Person, Token
from workflows.engine.routing.merge import (
    combined_branch_notes,
    conflicting_fields,
    merged_branch_values,
    needed_arrivals,
    with_conflict_settled,
)
from workflows.engine.routing.mutable_marking import TokenPlace, Values
from workflows.engine.routing.quorum import vote_counts
from workflows.engine.routing.rows import (
    MOST_ROWS,
    Rows,
    branch_index,
    branch_row,
    data_with_rows,
    number_branch,
    slot_key,
)
from workflows.engine.routing.separation import (
    RowView,
    barred_people,
    forward_outcome,
    is_approving_outcome,
)
from workflows.engine.routing.step_troubles import NoDate, RuleFailed, StepTrouble
from workflows.engine.routing.waits import find_wait_trouble
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated
from workflows.engine.texts import text

ExternalStep = AutomationStep | WaitStep | SubworkflowStep
"""The steps that go on when something outside the request has happened."""

MAX_HOPS = 10_000
"""A walk of more steps than this means a loop without a person, which the audit refuses."""

RULE_FAILED, NO_DATE = RuleFailed.CODE, NoDate.CODE


class TokenWalk(HoldTracker):
    """One event's way through the map, from a marking to the next."""

    # -- events ---------------------------------------------------------------------------

    def start(self, event: fx.Start) -> None:
        if self.graph.first is None:
            raise DefinitionProblem("The workflow has no first step; add `start: first`.")
        if self.rounds:
            raise WrongState("The request has already been started.")
        self.requester = event.requester
        self.go(self.graph.first, TokenPlace())

    def decide(self, event: fx.Decide) -> None:
        token = self._open_token(event.activation)
        step = self.graph[token.step]
        if not isinstance(step, HumanStep) or event.outcome not in step.outcomes:
            raise WrongState(
                "'%(outcome)s' cannot be decided at '%(step)s'.",
                outcome=event.outcome,
                step=token.step,
            )
        deciders = [event.actor] if event.acted_for is None else [event.acted_for, event.actor]
        if token.voters.intersection(deciders):
            raise WrongState("This person has already agreed; somebody else must agree as well.")
        self._write_values(token, event.writes, event.seen if step.kind == "approval" else {})
        # Both are on record: neither decides at a step that bars whoever was here.
        for person in reversed(deciders):
            self._record_decider(token.step, token.rows, person)
        if event.outcome == forward_outcome(step):
            roles = event.roles or tuple(quorum_roles(step.quorum))  # not known: whichever lacks
            if not vote_counts(step, token, deciders[0], roles):
                raise WrongState("Enough people of this role have agreed; others are awaited.")
            token = _with_vote(token, *deciders, roles=roles)
            whole = len(token.votes) >= token.needed
            self._record_approval(token, step, whole=whole)
            if not whole:
                self.tokens[token.id] = token
                self.effects.append(fx.VoteCounted(token.id, len(token.votes), token.needed))
                return
        elif is_approving_outcome(step, event.outcome):
            self._record_approval(token, step, whole=True)
        del self.tokens[token.id]
        self.effects.append(fx.ActivationCompleted(token.id, event.outcome))
        self._leave_step(token, step, event.outcome)

    def take_back(self, event: fx.TakeBack) -> None:
        """The vote is gone as if it had not been given; that the person decided here stays on
        record for separation of duties."""
        token = self._open_token(event.activation)
        if event.voter not in token.votes:
            raise WrongState("This person has not agreed here.")
        at = token.votes.index(event.voter)
        left = replace(
            token,
            votes=(*token.votes[:at], *token.votes[at + 1 :]),
            vote_roles=(*token.vote_roles[:at], *token.vote_roles[at + 1 :]),
            stand_ins=tuple(p for p in token.stand_ins if p != event.stand_in),
        )
        self.tokens[token.id] = left
        self._forget_votes(left)
        self.effects.append(fx.VoteTakenBack(token.id, len(left.votes), left.needed))

    def add_approver(self, event: fx.AddApprover) -> None:
        token = self._open_token(event.activation)
        if not self.graph.is_human(token.step):
            raise WrongState("Nobody is added to a step that no person does.")
        if event.person in token.extras or event.person in token.voters:
            raise WrongState("This person has been added already, or has agreed.")
        stay = tuple(person for person in token.extras if person != event.instead_of)
        added = replace(
            token,
            needed=token.needed + 1 - (len(token.extras) - len(stay)),
            extras=(*stay, event.person),
        )
        self.tokens[token.id] = added
        self.effects.append(fx.ApproverAdded(token.id, added.needed))

    def _leave_step(self, token: Token, step: HumanStep, outcome: str) -> None:
        """Where the outcome leads. An approval that was asked again leads nowhere when it is
        given; any way that is no exception waits while an approval is owed."""
        route = step.outcomes[outcome]
        approved = is_approving_outcome(step, outcome)
        usual = approved if step.kind == "approval" else not route.exception
        if usual:
            self._keep_holds(token, step)
        elif route.exception:
            self._give_back_holds(token, "refused")
        if step.kind == "approval" and not approved:
            self._revoke_approval(slot_key(token.step, token.rows))
        if token.again and not approved:
            self.go(*self._leave_reapproval(token, route.to))
        elif not token.again:
            go = self.go_on if usual else self.go
            refused = bool(route.exception)
            go(route.to, TokenPlace(token.block, token.branch, token.step, refused=refused))

    def cancel(self, event: fx.Cancel) -> None:
        self._cancel_everything(event.reason)
        self._give_back_all_holds("cancelled")
        self.ended, self.parked = None, ()

    def put_right(self, event: fx.CorrectValues) -> None:
        self._change_data(event.values)
        self._record_steering(event.actor if event.values else None)

    def reopen(self, event: fx.Reopen) -> None:
        end = self.graph.steps.get(self.ended or "")
        if not isinstance(end, EndStep) or end.reopen is None:
            raise WrongState("This request did not end where it can be reopened.")
        came_from, self.ended = self.ended, None
        self.go(end.reopen, TokenPlace(came_from=came_from))

    def resolve_merge(self, event: fx.ResolveMerge) -> None:
        block = self.blocks.get(event.block)
        if block is None or not block.conflict:
            raise WrongState("This merge has no conflict to resolve.")
        lacking = [key for key in conflicting_fields(block) if key not in event.values]
        if lacking:
            raise InvalidInput(
                "Choose a value for %(lacking)s as well.", lacking=", ".join(lacking)
            )
        self._record_steering(event.actor)
        self._drop_resolved_fields(block, event.values)
        self._change_data(event.values, block.step, self._rows_of_block(block))
        self.blocks[block.id] = with_conflict_settled(block, event.values)
        self._fire_join(self.blocks[block.id])

    def retry(self, event: fx.Retry) -> None:
        token = self._open_token(event.activation)
        if token.stuck is None:
            raise WrongState("This step does not wait on an incident.")
        if not event.writes and self._owed_approvals():
            raise WrongState(
                "An approval is asked again first, because values changed after it; try again when"
                " it has been given."
            )
        self._write_values(token, event.writes, {})
        self._record_steering(event.actor if event.writes else None)
        if isinstance(self.graph[token.step], ExternalStep):  # the same activation, the same key
            if self._owed_approvals():  # it is tried again when the approval has been given again
                return
            self.effects.append(fx.ActivationUnstuck(token.id, resumed=True))
            self._request_external_work(replace(token, stuck=None))
            return
        del self.tokens[token.id]
        self.effects.append(fx.ActivationUnstuck(token.id))
        self.go_on(token.step, TokenPlace(token.block, token.branch, round=token.round))

    def finish(self, event: fx.Finish) -> None:
        token, step = self._external_token(event.activation)
        self._write_values(token, event.writes, {})
        self._record_steering(event.actor if event.writes else None)
        del self.tokens[token.id]
        self.effects.append(fx.ActivationCompleted(token.id, event.outcome))
        self._confirm_holds(token.step, step, token.rows)
        self.go_on(step.to, TokenPlace(token.block, token.branch, token.step))

    def fail(self, event: fx.Fail) -> None:
        token, step = self._external_token(event.activation)
        on_error = getattr(step, "on_error", None)
        if on_error is None:
            self._mark_stuck(token, event.trouble)
            return
        del self.tokens[token.id]
        self.effects.append(fx.ActivationCompleted(token.id, "error"))
        self._give_back_holds(token, "failed")
        refused = bool(on_error.exception)
        self.go(on_error.to, TokenPlace(token.block, token.branch, token.step, refused=refused))

    def expire(self, event: fx.Expire) -> None:
        token = self._open_token(event.activation)
        expires = getattr(self.graph[token.step], "expires", None)
        if expires is None:
            raise WrongState("'%(title)s' does not expire.", title=self.graph.title(token.step))
        del self.tokens[token.id]
        self.effects.append(fx.ActivationCompleted(token.id, EXPIRED))
        if expires.exception:
            self._give_back_holds(token, "refused")
        go = self.go if expires.exception else self.go_on
        refused = bool(expires.exception)
        go(expires.to, TokenPlace(token.block, token.branch, token.step, refused=refused))

    def hinder(self, event: fx.Hinder) -> None:
        self._mark_stuck(self._open_token(event.activation), event.trouble)

    def reroute(self, event: fx.Reroute) -> None:
        token = self._open_token(event.activation)
        if event.to not in self.graph.ways_out(token.step, beside=token.again):
            raise InvalidInput(
                "Work at '%(title)s' cannot be sent to '%(to)s': choose a step of the same parallel"
                " block, or one outside of it.",
                title=self.graph.title(token.step),
                to=event.to,
            )
        del self.tokens[token.id]
        why = SentElsewhere(self.graph.title(event.to))
        self.effects.append(fx.ActivationCancelled(token.id, why))
        self._give_back_holds(token, "rerouted")
        self._record_steering(event.actor)
        if token.again:
            self.go(*self._leave_reapproval(token, event.to))
        else:
            self.go_on(event.to, TokenPlace(token.block, token.branch, token.step))

    # -- moving ---------------------------------------------------------------------------

    def go(self, target: str, place: TokenPlace) -> None:
        """Take a token to a step, when its turn comes."""
        self.to_go.append((target, place))

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

    def _count_round(self, step: str, rows: Rows) -> int:
        """In an each-branch rounds are a row's own; of the step it is the highest of all."""
        slot = slot_key(step, rows)
        number = self.rounds[slot] = self.rounds.get(slot, 0) + 1
        if rows:
            self.rounds[step] = max(number, self.rounds.get(step, 0))
        return number

    def _leave_blocks(self, target: str, place: TokenPlace) -> TokenPlace:
        # Blocks nest: a way out of this one may lead out of the one around it as well.
        while place.block is not None:
            block = self.blocks[place.block]
            inside = self.graph.body.get(block.step, frozenset())
            if target in inside or target == self._join_key_of(block):
                return place
            reason = BlockLeftFor(self.graph.title(target))
            if not isinstance(self.graph[target], EndStep):  # an end says itself what stays
                self._give_back_branches(block, _not_arrived(block, place.branch))
            self._cancel_block(block, reason)
            self.effects.append(fx.BlockLeft(block.id, reason))
            self._pass_notes_up(block, sorted({*block.written, *block.seen}))
            place = TokenPlace(block.block, block.branch, place.came_from)
        return place

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

    def _note_opened(self, token: Token, came_from: str | None) -> None:
        self.effects.append(
            fx.ActivationOpened(
                token.id, token.step, token.round, came_from, token.needed, token.rows
            )
        )

    def _needed_votes(self, key: str, step: HumanStep, rows: Rows = ()) -> int:
        fixed, field = fixed_votes(step.quorum), quorum_field(step.quorum)
        if fixed is not None:
            return fixed
        if field is not None:
            return self._votes_by_field(field)
        view = RowView(self.graph, key, rows)
        people = len(self.electorate(key) - barred_people(step, self._people_so_far(), view))
        return share_of(quorum_share(step.quorum) or 100, people)

    def _votes_by_field(self, field: str) -> int:
        try:
            needed = int(self.data.get(field) or 0)
        except (TypeError, ValueError):
            needed = 0
        if not 1 <= needed <= MOST_VOTES:
            raise RuleCannotBeEvaluated(
                text(
                    "'%(field)s' says how many must agree: give it a whole number from 1 to 1000.",
                    field=display_title(field, self.graph.definition.fields[field].label),
                )
            )
        return needed

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

    def _mark_stuck(self, token: Token, trouble: StepTrouble) -> None:
        """The activation stays open, and waits on a person."""
        self.tokens[token.id] = replace(token, stuck=trouble.code)
        self.effects.append(fx.ActivationStuck(token.id, token.step, token.round, trouble))

    def _choose_rule(self, key: str, step: DecisionStep, number: int, place: TokenPlace) -> None:
        try:
            data = self._data_at(key, self._rows_of(key, place))
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
            decision = self.graph.decide_by_table(key, self._data_at(key, rows))
        except RuleCannotBeEvaluated as problem:
            self._rule_failed(key, number, place, problem)
            return
        self._change_data(decision.writes, key, rows)
        self._note_at(place.block, place.branch, decision.writes, {})
        self.effects.append(fx.RouteTaken(key, decision.way, decision.to, decision.rows))
        self.go_on(decision.to, TokenPlace(place.block, place.branch, key))

    def _rule_failed(self, key: str, number: int, place: TokenPlace, problem: Exception) -> None:
        token = self._add_token(key, number, place, stuck=RULE_FAILED)
        trouble = RuleFailed(text_of(problem))
        self.effects.append(fx.ActivationStuck(token.id, key, number, trouble))

    def _end_request(self, key: str, step: EndStep) -> None:
        self._cancel_everything(InstanceEnded(step.result))
        self.ended, self.parked = key, ()
        self._confirm_holds(key, step)
        self._give_back_all_holds("ended")
        self.effects.append(fx.RequestEnded(key, step.result))

    # -- parallel blocks ------------------------------------------------------------------

    def _split_branches(self, key: str, step: ParallelStep, number: int, place: TokenPlace) -> None:
        if step.join is None:
            raise DefinitionProblem(
                "The parallel step '%(key)s' names no join; add `join`.", key=key
            )
        rows = self._rows_of(key, place)
        try:
            open_branches = self._branches_to_open(key, step, rows)
        except RuleCannotBeEvaluated as problem:
            self._rule_failed(key, number, place, problem)
            return
        block = Block(
            self._next_number(),
            key,
            number,
            tuple(open_branches),
            block=place.block,
            branch=place.branch,
            pending=_one_after_another(step, open_branches),
        )
        self.blocks[block.id] = block
        self.most_hops += len(self.graph.steps) * len(open_branches)
        needs = needed_arrivals(self.graph, block)
        self.effects.append(
            fx.BlockOpened(block.id, key, step.join, number, open_branches, needs, rows)
        )
        if not open_branches:
            self._fire_join(block)
        # The last one added is walked first, and branches begin in the order of the map.
        for index, target in reversed(open_branches.items()):
            if index not in block.pending:
                self.go(target, TokenPlace(block.id, index, key))

    def _branches_to_open(self, key: str, step: ParallelStep, rows: Rows) -> dict[int, str]:
        """The branches whose condition holds now, by number; of each-branches one for each row."""
        data, open_branches = self._data_at(key, rows), dict[int, str]()
        for index, branch in enumerate(step.branches):
            if branch.each is not None:
                for row in self._rows_to_open(step, branch, data):
                    open_branches[number_branch(index, row)] = branch.to
            elif branch.when is None or self.graph.holds(branch.when, data):
                open_branches[index] = branch.to
        return open_branches

    def _rows_to_open(self, step: ParallelStep, branch: BranchDef, data: Values) -> Iterator[int]:
        assert branch.each is not None
        listed = data.get(branch.each) or ()
        if len(listed) > MOST_ROWS:
            raise RuleCannotBeEvaluated(
                text(
                    "'%(field)s' has more than %(most)s rows, and a branch for each is too many.",
                    field=branch.each,
                    most=MOST_ROWS,
                )
            )
        scope = (RowScope("", 0, branch.row_name, branch.each),)
        for row in range(len(listed)):
            if branch.when is None or self.graph.holds(
                branch.when, data_with_rows(scope, (row,), data)
            ):
                yield row

    def _arrive_at_join(self, block: Block, place: TokenPlace) -> None:
        assert place.branch is not None
        block = replace(block, arrived=(*block.arrived, place.branch))
        self.blocks[block.id] = block
        self.effects.append(fx.BranchArrived(block.id, place.branch, place.came_from or block.step))
        if place.refused:
            block = self._stop_other_rows(block, place.branch)
        if len(block.arrived) >= needed_arrivals(self.graph, block):
            self._check_merge(block)
        else:
            self._begin_next_row(block, place.branch)

    def _stop_other_rows(self, block: Block, branch: int) -> Block:
        """Somebody refused; where the map says so, the rows that have not arrived are not needed
        any more."""
        each = self._each_of(block, branch)
        if each is None or each.stop_on is None:
            return block
        index = branch_index(branch)
        dropped = {
            other
            for other in block.waits_for
            if branch_index(other) == index and other not in block.arrived
        }
        self._cancel_inside(block, RowRefused(self.graph.title(block.step)), only=dropped)
        self._give_back_branches(block, sorted(dropped))
        block = replace(
            self.blocks[block.id],
            pending=tuple(other for other in block.pending if other not in dropped),
            dropped=(*block.dropped, *sorted(dropped)),
        )
        self.blocks[block.id] = block
        return block

    def _begin_next_row(self, block: Block, branch: int) -> None:
        """One row after another: the next of its branch begins when one has arrived."""
        index = branch_index(branch)
        later = next((other for other in block.pending if branch_index(other) == index), None)
        if later is None or branch_row(branch) is None:
            return
        pending = tuple(other for other in block.pending if other != later)
        self.blocks[block.id] = replace(block, pending=pending)
        target = self.graph.branches_of(block.step)[index].to
        self.go(target, TokenPlace(block.id, later, block.step))

    def _check_merge(self, block: Block) -> None:
        conflicts = conflicting_fields(block)
        if conflicts:
            self._cancel_inside(block, self._not_needed_reason(block))
            self.blocks[block.id] = replace(block, conflict=True)
            self.effects.append(fx.MergeConflicted(block.id, self._join_key_of(block), conflicts))
        else:
            self._fire_join(block)

    def _fire_join(self, block: Block) -> None:
        join_key = self._join_key_of(block)
        late = _not_arrived(block)
        # With the block its late branches end: a token that still comes finds no block (see `run`),
        # and cannot fire the join twice.
        self._give_back_branches(block, late)
        self._cancel_block(block, self._not_needed_reason(block))
        self.effects.append(fx.JoinFired(block.id, join_key, late))
        # Over what branches wrote that are not needed any more.
        rows = self._rows_of_block(block)
        self._change_data(merged_branch_values(block), block.step, rows)
        self._pass_notes_up(block, [str(branch) for branch in block.arrived])
        self._count_round(join_key, rows)
        join = self.graph[join_key]
        assert isinstance(join, JoinStep)
        self.go_on(join.to, TokenPlace(block.block, block.branch, join_key))

    def _pass_notes_up(self, block: Block, branches: list[str]) -> None:
        """What a block's branches wrote counts as written by the branch around the block."""
        outer = self.blocks.get(block.block) if block.block is not None else None
        if outer is None:
            return
        data = self._data_at(block.step, self._rows_of_block(block))
        written, seen = combined_branch_notes(block, branches, data)
        self._note_in_branch(outer, block.branch, written, seen)

    def _join_key_of(self, block: Block) -> str:
        step = self.graph[block.step]
        assert isinstance(step, ParallelStep)
        assert step.join is not None
        return step.join

    def _not_needed_reason(self, block: Block) -> EnoughArrived:
        return EnoughArrived(self.graph.title(self._join_key_of(block)))

    # -- work outside ---------------------------------------------------------------------

    def _external_token(self, activation: int) -> tuple[Token, ExternalStep]:
        token = self._open_token(activation)
        step = self.graph[token.step]
        if not isinstance(step, ExternalStep):
            raise WrongState(
                "'%(title)s' waits for nothing outside.", title=self.graph.title(token.step)
            )
        return token, step


def _one_after_another(step: ParallelStep, opened: Iterable[int]) -> tuple[int, ...]:
    """The rows that do not begin with the block: all but the first of a branch that goes through
    its rows one at a time."""
    begun: set[int] = set()
    pending = []
    for branch in opened:
        index = branch_index(branch)
        if index in begun and step.branches[index].one_at_a_time:
            pending.append(branch)
        begun.add(index)
    return tuple(pending)


def _not_arrived(block: Block, leaving: int | None = None) -> tuple[int, ...]:
    """The branches of a block that have not come to its join, but for the one that leaves it."""
    return tuple(b for b in block.waits_for if b not in block.arrived and b != leaving)


def _with_vote(
    token: Token, counted: Person, *stand_ins: Person, roles: tuple[str, ...] = ()
) -> Token:
    """One person has agreed, or somebody in their place: it counts for whom it was done."""
    votes, stood_in = (*token.votes, counted), (*token.stand_ins, *stand_ins)
    of_votes = (*token.vote_roles, roles) if roles or token.vote_roles else ()
    return replace(token, votes=votes, stand_ins=stood_in, vote_roles=of_votes)
