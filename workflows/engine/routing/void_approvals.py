"""Approvals hold for what was seen: when it changes, they are asked again before work goes on.

An approval remembers a short digest of each value that it showed. What differs now is *owed*: a
new round of the approval's step is opened beside the request's way, and every usual way on is
parked until it has been given. Ways that are exceptions (a rejection, a send-back) stay open.

- What follows a change is the map's to say, for documents (`on_new_version`) apart from other
  values (`on_change`): the approval is asked again, is told to be out of date, or is kept.
- A value that was empty is not what somebody approved; filling it in changes nothing.
- Going back to a step before an approval forgets it: the way leads there again, or does not.
- Approved in a branch of a running parallel block, it is judged when the block is over; what the
  branches make of each other's values until then is the merge check's to say, and what a person
  chooses there stands for the approvals of its branches.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from workflows.engine.format.definition import ApprovalStep, FieldDef, HumanStep, ParallelStep
from workflows.engine.routing import effects as fx
from workflows.engine.routing.bypassed_approvals import steps_ahead_of
from workflows.engine.routing.cancel_reasons import (
    ApprovalRefused,
    ApprovalRestored,
    AwaitsApproval,
)
from workflows.engine.routing.marking import Approval, Block, Marking, Parked, Person, Token
from workflows.engine.routing.mutable_marking import MutableMarking, TokenPlace
from workflows.engine.routing.separation import visible_field_keys
from workflows.engine.values.field_types.base import type_of_field


def value_digest(value: Any) -> str:
    """A short digest of a value."""
    serialized = json.dumps(value, sort_keys=True, default=str)
    return sha256(serialized.encode()).hexdigest()[:16]


def changed_since(marking: Marking, data: Mapping[str, Any], step: str) -> tuple[str, ...]:
    """The fields that are not what this step approved, for showing why it is asked again."""
    approval = marking.approved.get(step)
    return _changed_keys(approval, data) if approval is not None else ()


def _changed_keys(approval: Approval, data: Mapping[str, Any]) -> tuple[str, ...]:
    """By key, as a database may give the keys of what it keeps back in an order of its own, and
    the trail, which is read back later, must lead to the same."""
    return tuple(
        key
        for key, digest in sorted(approval.fields.items())
        if value_digest(data.get(key)) != digest
    )


def outdated_approvals(marking: Marking) -> dict[str, tuple[str, ...]]:
    """The approvals that hold although fields changed afterwards, each with those fields."""
    return {step: entry.outdated for step, entry in marking.approved.items() if entry.outdated}


def approvals_asked_again(marking: Marking, data: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The approvals that are asked once more now, each with the fields that changed after it."""
    asked_steps = (token.step for token in marking.tokens if token.again)
    return {step: changed_since(marking, data, step) for step in asked_steps}


REQUIRE, WARN, KEEP = "require", "warn", "keep"


def reaction_to_change(step: ApprovalStep, field: FieldDef) -> str:
    """What follows when this field changes after the approval: asked again, told of, or kept.

    A new version of a document is a change like any other where the map does not say otherwise.
    """
    reaction = step.on_change or REQUIRE
    if type_of_field(field).holds_document:
        return step.on_new_version or reaction
    return reaction


class ApprovalTracker(MutableMarking):
    """What a walk knows of the approvals that hold, and of the ways that wait for one."""

    asks_again = True

    def _approvals(self) -> list[tuple[str, Approval]]:
        """All that hold, by step key: not in the order in which a database gives them back, as
        what is opened first has the lower number, and reading back the trail must lead there."""
        return sorted(self.approved.items())

    # -- given, and taken back ------------------------------------------------------------

    def _record_approval(self, token: Token, step: HumanStep, *, whole: bool) -> None:
        """This step agreed to what it shows now; `whole` when enough people have."""
        if not isinstance(step, ApprovalStep):
            return
        before = self.approved.get(token.step)
        place = before if token.again and before is not None else token
        fields = {
            key: value_digest(self.data[key])
            for key in visible_field_keys(step, self.graph.definition)
            if self.data.get(key) is not None
        }
        self.approved[token.step] = Approval(
            fields, place.block, place.branch, None if whole else token.id
        )

    def _forget_votes(self, token: Token) -> None:
        """Somebody took back that they agreed: where nobody is left, nothing was approved yet."""
        approval = self.approved.get(token.step)
        if approval is None or approval.votes_of != token.id or token.votes:
            return
        if token.again:  # it stays owed
            self.approved[token.step] = replace(approval, votes_of=None)
        else:
            self._revoke_approval(token.step)

    def _revoke_approval(self, step: str) -> None:
        """The step's approval does not hold any more."""
        self.approved.pop(step, None)

    def _forget_approvals_ahead(self, target: str) -> None:
        """The request comes to a step: approvals on the way ahead of it will be given anew."""
        for step, _ in self._approvals():
            if step != target and step not in steps_ahead_of(self.graph, target):
                continue
            if not any(t.step == step and not t.again for t in self.tokens.values()):
                self._revoke_approval(step)

    def _on_block_closed(self, block: Block) -> None:
        """What was approved in a block counts from now on in the one around it."""
        for step, approval in self._approvals():
            if approval.block == block.id:
                self.approved[step] = replace(approval, block=block.block, branch=block.branch)

    def _drop_resolved_fields(self, block: Block, keys: Iterable[str]) -> None:
        """A person chose between the branches of a block: what was chosen stands for their
        approvals, which disagreed on it and could not both hold."""
        for step, approval in self._approvals():
            if self._is_block_within(approval.block, block.id):
                remaining = {
                    key: value for key, value in approval.fields.items() if key not in keys
                }
                self.approved[step] = replace(approval, fields=remaining)

    def _is_block_within(self, inner: int | None, outer: int) -> bool:
        while inner is not None and inner != outer:
            block = self.blocks.get(inner)
            inner = block.block if block is not None else None
        return inner == outer

    def _record_steering(self, actor: Person | None) -> None:
        if actor is not None and actor not in self.steered:
            self.steered = (*self.steered, actor)

    # -- what is owed ---------------------------------------------------------------------

    def _changed_fields(self, approval: Approval) -> tuple[str, ...]:
        """The fields that are not what was approved."""
        if (
            approval.block is not None
            and approval.block in self.blocks
            and approval.votes_of is None
        ):
            return ()
        return _changed_keys(approval, self.data)

    def _changed_with_reaction(
        self, step: str, approval: Approval, reaction: str
    ) -> tuple[str, ...]:
        """Those of the changed fields to which the map reacts so."""
        changed = self._changed_fields(approval)
        return tuple(key for key in changed if self._reaction_to(step, key) == reaction)

    def _reaction_to(self, step: str, key: str) -> str:
        approval_step = self.graph[step]
        assert isinstance(approval_step, ApprovalStep)
        return reaction_to_change(approval_step, self.graph.definition.fields[key])

    def _owed_approvals(self) -> dict[str, tuple[str, ...]]:
        """The approvals that have to be given again, each with the fields that changed."""
        if not self.asks_again:
            return {}
        owed = {}
        for step, approval in self._approvals():
            is_whole = approval.votes_of is None
            fields = self._changed_with_reaction(step, approval, REQUIRE) if is_whole else ()
            if fields or self._is_vote_repeated(approval):
                owed[step] = fields
        return owed

    def _is_vote_repeated(self, approval: Approval) -> bool:
        """Some of several people have given it again, and the others have not yet."""
        token = self.tokens.get(approval.votes_of) if approval.votes_of is not None else None
        return token is not None and token.again

    def go_on(self, target: str, place: TokenPlace) -> None:
        """The usual way on; it waits while an approval is owed."""
        if self._owed_approvals():
            self.parked = (
                *self.parked,
                Parked(target, place.block, place.branch, place.came_from, place.round),
            )
        else:
            self.to_go.append((target, place))

    # -- after each event -----------------------------------------------------------------

    def settle(self) -> bool:
        """Open what is owed, close what is not any more, and let go on what waited for it. True
        where the walk goes on."""
        if not self.asks_again or not (self.tokens or self.blocks or self.parked):
            return False
        self._judge_votes()
        self._report_changes()
        owed = self._owed_approvals()
        self._open_reapprovals(owed)
        if owed or not self.parked:
            return False
        waiting, self.parked = self.parked, ()
        for parked_route in reversed(waiting):
            self.to_go.append(
                (
                    parked_route.to,
                    TokenPlace(
                        parked_route.block,
                        parked_route.branch,
                        parked_route.came_from,
                        parked_route.round,
                    ),
                )
            )
        return True

    def _judge_votes(self) -> None:
        """Votes on other values than those of now are void."""
        for step, approval in self._approvals():
            if approval.votes_of is None:
                continue
            token = self.tokens.get(approval.votes_of)
            if token is None:
                self._revoke_approval(step)
                continue
            fields = self._changed_with_reaction(step, approval, REQUIRE)
            if fields:
                self.tokens[token.id] = replace(token, votes=(), stand_ins=(), vote_roles=())
                self._revoke_approval(step)
                if token.again:  # what was approved is not what stands there: it stays owed
                    self.approved[step] = replace(approval, votes_of=None)
                self.effects.append(fx.VotesVoided(token.id, step, fields))

    def _report_changes(self) -> None:
        """What changed without being asked again is told of once, and then is as it is."""
        for step, _ in self._approvals():
            self._report_changed_fields(step, WARN, fx.ApprovalOutdated)
            self._report_changed_fields(step, KEEP, fx.ApprovalKept)

    def _report_changed_fields(
        self, step: str, reaction: str, effect: type[fx.ApprovalOutdated | fx.ApprovalKept]
    ) -> None:
        approval = self.approved[step]
        changed = self._changed_with_reaction(step, approval, reaction)
        if not changed:
            return
        remaining = {
            key: digest
            for key, digest in approval.fields.items()
            if self._reaction_to(step, key) != reaction
        }
        outdated = (*approval.outdated, *changed)
        self.approved[step] = replace(approval, fields=remaining, outdated=outdated)
        self.effects.append(effect(step, changed))

    def _open_reapprovals(self, owed: Mapping[str, tuple[str, ...]]) -> None:
        repeated_tokens = {token.step: token for token in self.tokens.values() if token.again}
        for step, token in repeated_tokens.items():
            if step not in owed:
                self._cancel_token(token, ApprovalRestored())
        for step, fields in owed.items():
            if step not in repeated_tokens:
                self._park_behind(step)
                self.effects.append(fx.ApprovalAskedAgain(step, fields))
                number = self.rounds[step] = self.rounds.get(step, 0) + 1
                self._open_reapproval(step, number)

    def _park_behind(self, step: str) -> None:
        """People's open work on the way ahead of this step waits for it."""
        behind = steps_ahead_of(self.graph, step)
        for token in list(self.tokens.values()):
            if token.step in behind and not token.again and self.graph.is_human(token.step):
                self._cancel_token(token, AwaitsApproval(self.graph.title(step)))
                self.parked = (
                    *self.parked,
                    Parked(token.step, token.block, token.branch, None, token.round),
                )

    def _open_reapproval(self, step: str, number: int) -> None:
        """A new round of the step, beside the way of the request."""
        needed = self._needed_votes(step, self.graph.human(step))
        token = self._add_token(step, number, TokenPlace(), needed=needed, again=True)
        self.effects.append(fx.ActivationOpened(token.id, step, number, None, needed))

    def _needed_votes(self, key: str, step: HumanStep) -> int:
        raise NotImplementedError

    def _leave_reapproval(self, step: str, target: str) -> tuple[str, TokenPlace]:
        """Not given again: whatever else is open gives way to where this leads. Into a parallel
        block the way leads by its beginning."""
        self.parked = ()
        self._revoke_approval(step)
        self._cancel_everything(ApprovalRefused(self.graph.title(step)))
        around = self.graph.chain[target]
        for parallel, other in self.graph.steps.items():
            if isinstance(other, ParallelStep) and other.join == target:
                around = (*self.graph.chain[parallel], parallel)
        return (around[0] if around else target), TokenPlace(came_from=step)
