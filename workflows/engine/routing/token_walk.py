"""What each event does: one event's way through the map, on a private working copy."""

from dataclasses import replace

from workflows.engine.errors import DefinitionProblem, InvalidInput, WrongState
from workflows.engine.format.definition import (
    EXPIRED,
    AutomationStep,
    EndStep,
    HumanStep,
    SubworkflowStep,
    WaitStep,
)
from workflows.engine.format.quorums import quorum_roles
from workflows.engine.routing import effects as fx
from workflows.engine.routing.cancel_reasons import SentElsewhere
from workflows.engine.routing.marking import Person, Token
from workflows.engine.routing.merge import conflicting_fields, with_conflict_settled
from workflows.engine.routing.mutable_marking import TokenPlace
from workflows.engine.routing.quorum import vote_counts
from workflows.engine.routing.rows import slot_key
from workflows.engine.routing.separation import forward_outcome, is_approving_outcome
from workflows.engine.routing.step_walk import StepWalk

ExternalStep = AutomationStep | WaitStep | SubworkflowStep
"""The steps that go on when something outside the request has happened."""


class TokenWalk(StepWalk):
    """One event's way through the map, from a marking to the next."""

    # -- the request as a whole -----------------------------------------------------------

    def start(self, event: fx.Start) -> None:
        if self.graph.first is None:
            raise DefinitionProblem("The workflow has no first step; add `start: first`.")
        if self.rounds:
            raise WrongState("The request has already been started.")
        self.requester, self.facts = event.requester, dict(event.facts)
        self.go(self.graph.first, TokenPlace())

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

    # -- work of people -------------------------------------------------------------------

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
        self._record_outcome(token, event.outcome)
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

    def expire(self, event: fx.Expire) -> None:
        token = self._open_token(event.activation)
        expires = getattr(self.graph[token.step], "expires", None)
        if expires is None:
            raise WrongState("'%(title)s' does not expire.", title=self.graph.title(token.step))
        del self.tokens[token.id]
        self.effects.append(fx.ActivationCompleted(token.id, EXPIRED))
        self._record_outcome(token, EXPIRED)
        if expires.exception:
            self._give_back_holds(token, "refused")
        go = self.go if expires.exception else self.go_on
        refused = bool(expires.exception)
        go(expires.to, TokenPlace(token.block, token.branch, token.step, refused=refused))

    # -- work outside, and what is stuck --------------------------------------------------

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

    def hinder(self, event: fx.Hinder) -> None:
        self._mark_stuck(self._open_token(event.activation), event.trouble)

    def retry(self, event: fx.Retry) -> None:
        token = self._open_token(event.activation)
        if token.stuck is None:
            raise WrongState("This step does not wait on an incident.")
        if not event.writes and not token.again and self._owed_approvals():
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
        if token.again:  # it is opened anew, where it is still owed
            return
        self.go_on(token.step, TokenPlace(token.block, token.branch, round=token.round))

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

    def _external_token(self, activation: int) -> tuple[Token, ExternalStep]:
        token = self._open_token(activation)
        step = self.graph[token.step]
        if not isinstance(step, ExternalStep):
            raise WrongState(
                "'%(title)s' waits for nothing outside.", title=self.graph.title(token.step)
            )
        return token, step


def _with_vote(
    token: Token, counted: Person, *stand_ins: Person, roles: tuple[str, ...] = ()
) -> Token:
    """One person has agreed, or somebody in their place: it counts for whom it was done."""
    votes, stood_in = (*token.votes, counted), (*token.stand_ins, *stand_ins)
    of_votes = (*token.vote_roles, roles) if roles or token.vote_roles else ()
    return replace(token, votes=votes, stand_ins=stood_in, vote_roles=of_votes)
