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

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from workflows.engine.format.definition import ApprovalStep, FieldDef, HumanStep, ParallelStep
from workflows.engine.routing import effects as fx
from workflows.engine.routing.bypassed_approvals import steps_ahead_of
from workflows.engine.routing.cancel_reasons import (
    ApprovalRefused,
    ApprovalRestored,
    AwaitsApproval,
)
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Approval, Block, Marking, Parked, Person, Token
from workflows.engine.routing.mutable_marking import MutableMarking, TokenPlace
from workflows.engine.routing.rows import (
    Rows,
    have_gone,
    shared_rows,
    slot_key,
    split_slot,
)
from workflows.engine.routing.separation import visible_field_keys
from workflows.engine.routing.value_digests import Fits, fits_digest, value_digest
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated
from workflows.engine.values.field_types.base import type_of_field


def changed_since(marking: Marking, data: Mapping[str, Any], slot: str) -> tuple[str, ...]:
    """The fields that are not what this step approved (of this row, whose values are among the
    data), for showing why it is asked again."""
    approval = marking.approved.get(slot)
    return _changed_keys(approval, data) if approval is not None else ()


def _changed_keys(
    approval: Approval, data: Mapping[str, Any], fits: Fits = fits_digest
) -> tuple[str, ...]:
    """By key, as a database may give the keys of what it keeps back in an order of its own, and
    the trail, which is read back later, must lead to the same."""
    return tuple(
        key for key, digest in sorted(approval.fields.items()) if not fits(data.get(key), digest)
    )


def outdated_approvals(marking: Marking) -> dict[str, tuple[str, ...]]:
    """The approvals that hold although fields changed afterwards, each with those fields; of
    several rows together."""
    outdated: dict[str, tuple[str, ...]] = {}
    for slot, entry in marking.approved.items():
        if entry.outdated:
            step, _ = split_slot(slot)
            outdated[step] = tuple(dict.fromkeys((*outdated.get(step, ()), *entry.outdated)))
    return outdated


def approvals_asked_again(
    graph: Graph, marking: Marking, data: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """The approvals that are asked once more now, each with the fields that changed after it."""
    asked: dict[str, tuple[str, ...]] = {}
    for token in marking.tokens:
        if token.again:
            seen = graph.data_at(token.step, token.rows, data, marking.chains)
            fields = changed_since(marking, seen, slot_key(token.step, token.rows))
            asked[token.step] = tuple(dict.fromkeys((*asked.get(token.step, ()), *fields)))
    return asked


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
        """All that hold, by slot: not in the order in which a database gives them back, as what
        is opened first has the lower number, and reading back the trail must lead there."""
        return sorted(self.approved.items())

    def _fits(self, value: Any, digest: str) -> bool:
        """`fits_digest`, which is worked out once in a walk for each value that is a list."""
        if not isinstance(value, list):
            return fits_digest(value, digest)
        known = self._digests.get(digest)
        if known is None or known[0] is not value:
            known = self._digests[digest] = (value, fits_digest(value, digest))
        return known[1]

    @cached_property
    def _digests(self) -> dict[str, tuple[Any, bool]]:
        return {}

    # -- given, and taken back ------------------------------------------------------------

    def _record_approval(self, token: Token, step: HumanStep, *, whole: bool) -> None:
        """This step agreed to what it shows now; `whole` when enough people have."""
        if not isinstance(step, ApprovalStep):
            return
        slot, scopes = slot_key(token.step, token.rows), self.graph.row_scopes[token.step]
        before = self.approved.get(slot)
        place = before if token.again and before is not None else token
        data, lists = self._data_at(token.step, token.rows), {scope.source for scope in scopes}
        fields = {
            key: value_digest(data[key])
            for key in visible_field_keys(step, self.graph.definition, scopes)
            if data.get(key) is not None and key not in lists
        }
        self.approved[slot] = Approval(
            fields, place.block, place.branch, None if whole else token.id
        )

    def _forget_votes(self, token: Token) -> None:
        """Somebody took back that they agreed: where nobody is left, nothing was approved yet."""
        slot = slot_key(token.step, token.rows)
        approval = self.approved.get(slot)
        if approval is None or approval.votes_of != token.id or token.votes:
            return
        if token.again:  # it stays owed
            self.approved[slot] = replace(approval, votes_of=None)
        else:
            self._revoke_approval(slot)

    def _revoke_approval(self, slot: str) -> None:
        """The approval does not hold any more."""
        self.approved.pop(slot, None)

    def _forget_approvals_ahead(self, target: str, rows: Rows) -> None:
        """The request, or a row of it, comes to a step: approvals on the way ahead of it will be
        given anew."""
        for slot in list(self.approved):
            step, approved_rows = split_slot(slot)
            if step != target and step not in steps_ahead_of(self.graph, target):
                continue
            if not self._is_same_way(target, rows, step, approved_rows):
                continue
            if not any(
                t.step == step and t.rows == approved_rows and not t.again
                for t in self.tokens.values()
            ):
                self._revoke_approval(slot)

    def _is_same_way(self, step: str, rows: Rows, other: str, other_rows: Rows) -> bool:
        """Whether two places are about the same rows of the each-branches that they share."""
        if not rows or not other_rows:
            return True
        scopes = self.graph.row_scopes
        shared = shared_rows(scopes.get(step, ()), scopes.get(other, ()))
        return rows[:shared] == other_rows[:shared]

    def _on_block_closed(self, block: Block) -> None:
        """What was approved in a block counts from now on in the one around it."""
        for slot, approval in self._approvals():
            if approval.block == block.id:
                self.approved[slot] = replace(approval, block=block.block, branch=block.branch)

    def _drop_resolved_fields(self, block: Block, keys: Iterable[str]) -> None:
        """A person chose between the branches of a block: what was chosen stands for their
        approvals, which disagreed on it and could not both hold."""
        for slot, approval in self._approvals():
            if self._is_block_within(approval.block, block.id):
                remaining = {
                    key: value for key, value in approval.fields.items() if key not in keys
                }
                self.approved[slot] = replace(approval, fields=remaining)

    def _is_block_within(self, inner: int | None, outer: int) -> bool:
        while inner is not None and inner != outer:
            block = self.blocks.get(inner)
            inner = block.block if block is not None else None
        return inner == outer

    def _record_steering(self, actor: Person | None) -> None:
        if actor is not None and actor not in self.steered:
            self.steered = (*self.steered, actor)

    # -- what is owed ---------------------------------------------------------------------

    def _changed_fields(self, slot: str, approval: Approval) -> tuple[str, ...]:
        """The fields that are not what was approved; none of a row that has been taken out."""
        if (
            approval.block is not None
            and approval.block in self.blocks
            and approval.votes_of is None
        ):
            return ()
        step, rows = split_slot(slot)
        if rows and have_gone(self.graph.row_scopes[step], rows, self.data):
            return ()
        return _changed_keys(approval, self._data_at(step, rows), self._fits)

    def _changed_with_reaction(
        self, slot: str, approval: Approval, reaction: str
    ) -> tuple[str, ...]:
        """Those of the changed fields to which the map reacts so."""
        changed = self._changed_fields(slot, approval)
        return tuple(key for key in changed if self._reaction_to(slot, key) == reaction)

    def _reaction_to(self, slot: str, key: str) -> str:
        approval_step = self.graph[split_slot(slot)[0]]
        assert isinstance(approval_step, ApprovalStep)
        return reaction_to_change(approval_step, self.graph.definition.all_fields[key])

    def _owed_approvals(self) -> dict[str, tuple[str, ...]]:
        """The approvals that have to be given again, each with the fields that changed."""
        if not self.asks_again:
            return {}
        owed = {}
        for slot, approval in self._approvals():
            is_whole = approval.votes_of is None
            fields = self._changed_with_reaction(slot, approval, REQUIRE) if is_whole else ()
            if fields or self._is_vote_repeated(approval):
                owed[slot] = fields
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
        for slot, approval in self._approvals():
            if approval.votes_of is None:
                continue
            token = self.tokens.get(approval.votes_of)
            if token is None:
                self._revoke_approval(slot)
                continue
            fields = self._changed_with_reaction(slot, approval, REQUIRE)
            if fields:
                self.tokens[token.id] = replace(token, votes=(), stand_ins=(), vote_roles=())
                self._revoke_approval(slot)
                if token.again:  # what was approved is not what stands there: it stays owed
                    self.approved[slot] = replace(approval, votes_of=None)
                self.effects.append(fx.VotesVoided(token.id, token.step, fields))

    def _report_changes(self) -> None:
        """What changed without being asked again is told of once, and then is as it is."""
        for slot, _ in self._approvals():
            self._report_changed_fields(slot, WARN, fx.ApprovalOutdated)
            self._report_changed_fields(slot, KEEP, fx.ApprovalKept)

    def _report_changed_fields(
        self, slot: str, reaction: str, effect: type[fx.ApprovalOutdated | fx.ApprovalKept]
    ) -> None:
        approval = self.approved[slot]
        changed = self._changed_with_reaction(slot, approval, reaction)
        if not changed:
            return
        remaining = {
            key: digest
            for key, digest in approval.fields.items()
            if self._reaction_to(slot, key) != reaction
        }
        outdated = (*approval.outdated, *changed)
        self.approved[slot] = replace(approval, fields=remaining, outdated=outdated)
        told = effect(split_slot(slot)[0], changed)
        if told not in self.effects:  # of several rows alike it is told once
            self.effects.append(told)

    def _open_reapprovals(self, owed: Mapping[str, tuple[str, ...]]) -> None:
        repeated_tokens = {
            slot_key(token.step, token.rows): token for token in self.tokens.values() if token.again
        }
        for slot, token in repeated_tokens.items():
            if slot not in owed:
                self._cancel_token(token, ApprovalRestored())
        for slot, fields in owed.items():
            if slot not in repeated_tokens:
                step, rows = split_slot(slot)
                self._park_behind(step, rows)
                self.effects.append(fx.ApprovalAskedAgain(step, fields))
                self._open_reapproval(step, self._count_round(step, rows), rows)

    def _park_behind(self, step: str, rows: Rows) -> None:
        """People's open work on the way ahead of this step waits for it."""
        behind = steps_ahead_of(self.graph, step)
        for token in list(self.tokens.values()):
            if not self._is_same_way(step, rows, token.step, token.rows):
                continue
            if token.step in behind and not token.again and self.graph.is_human(token.step):
                self._cancel_token(token, AwaitsApproval(self.graph.title(step)))
                self.parked = (
                    *self.parked,
                    Parked(token.step, token.block, token.branch, None, token.round),
                )

    def _open_reapproval(self, step: str, number: int, rows: Rows) -> None:
        """A new round of the step, beside the way of the request."""
        place = TokenPlace(rows=rows)
        try:
            needed = self._needed_votes(step, self.graph.human(step), rows)
        except RuleCannotBeEvaluated as problem:
            self._rule_failed(step, number, place, problem, again=True)
            return
        token = self._add_token(step, number, place, needed=needed, again=True)
        self._note_opened(token, None)

    def _leave_reapproval(self, token: Token, target: str) -> tuple[str, TokenPlace]:
        """Not given again: whatever else is open gives way to where this leads. Into a parallel
        block the way leads by its beginning."""
        self.parked = ()
        step = token.step
        self._revoke_approval(slot_key(step, token.rows))
        self._cancel_everything(ApprovalRefused(self.graph.title(step)))
        around = self.graph.chain[target]
        for parallel, other in self.graph.steps.items():
            if isinstance(other, ParallelStep) and other.join == target:
                around = (*self.graph.chain[parallel], parallel)
        return (around[0] if around else target), TokenPlace(came_from=step)
