"""Approvals hold for what was seen: when it changes, they are asked again before work goes on.

An approval remembers a short digest of each value that it showed. What differs now is *owed*: a
new round of the approval's step is opened beside the request's way, and every usual way on is
parked until it has been given. Ways that are exceptions (a rejection, a send-back) stay open.

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

from workflows.engine import effects as fx
from workflows.engine.bypass import ahead_of
from workflows.engine.definition import ApprovalStep, HumanStep, ParallelStep
from workflows.engine.marking import Approval, Block, Marking, Parked, Person, Token
from workflows.engine.position import Place, Position
from workflows.engine.separation import shown_fields

WAITS = "it waits until '{}' has been decided again"
AS_BEFORE = "the values are again what was approved"


def mark(value: Any) -> str:
    """A short digest of a value."""
    said = json.dumps(value, sort_keys=True, default=str)
    return sha256(said.encode()).hexdigest()[:16]


def changed_since(marking: Marking, data: Mapping[str, Any], step: str) -> tuple[str, ...]:
    """The fields that are not what this step approved, for showing why it is asked again."""
    one = marking.approved.get(step)
    kept = one.fields.items() if one is not None else ()
    return tuple(key for key, digest in kept if mark(data.get(key)) != digest)


class Approvals(Position):
    """What a walk knows of the approvals that hold, and of the ways that wait for one."""

    asks_again = True

    # -- given, and taken back ------------------------------------------------------------

    def _approved(self, token: Token, step: HumanStep, *, whole: bool) -> None:
        """This step agreed to what it shows now; `whole` when enough people have."""
        if not isinstance(step, ApprovalStep) or step.on_change == "keep":
            return
        before = self.approved.get(token.step)
        place = before if token.again and before is not None else token
        fields = {
            key: mark(self.data[key])
            for key in shown_fields(step, self.graph.definition)
            if self.data.get(key) is not None
        }
        self.approved[token.step] = Approval(
            fields, place.block, place.branch, None if whole else token.id
        )

    def _takes_back(self, step: str) -> None:
        """The step's approval does not hold any more."""
        self.approved.pop(step, None)

    def _begins_anew(self, target: str) -> None:
        """The request comes to a step: approvals on the way ahead of it will be given anew."""
        for step in [s for s in self.approved if s == target or s in ahead_of(self.graph, target)]:
            if not any(t.step == step and not t.again for t in self.tokens.values()):
                self._takes_back(step)

    def _block_is_over(self, block: Block) -> None:
        """What was approved in a block counts from now on in the one around it."""
        for step, one in self.approved.items():
            if one.block == block.id:
                self.approved[step] = replace(one, block=block.block, branch=block.branch)

    def _settled_in(self, block: Block, keys: Iterable[str]) -> None:
        """A person chose between the branches of a block: what was chosen stands for their
        approvals, which disagreed on it and could not both hold."""
        for step, one in self.approved.items():
            if self._is_in(one.block, block.id):
                kept = {key: value for key, value in one.fields.items() if key not in keys}
                self.approved[step] = replace(one, fields=kept)

    def _is_in(self, inner: int | None, outer: int) -> bool:
        while inner is not None and inner != outer:
            block = self.blocks.get(inner)
            inner = block.block if block is not None else None
        return inner == outer

    def _steered(self, actor: Person | None) -> None:
        if actor is not None and actor not in self.steered:
            self.steered = (*self.steered, actor)

    # -- what is owed ---------------------------------------------------------------------

    def _changed(self, one: Approval) -> tuple[str, ...]:
        """The fields that are not what was approved."""
        if one.block is not None and one.block in self.blocks and one.votes_of is None:
            return ()
        return tuple(key for key, kept in one.fields.items() if mark(self.data.get(key)) != kept)

    def _owed(self) -> dict[str, tuple[str, ...]]:
        """The approvals that have to be given again, each with the fields that changed."""
        if not self.asks_again:
            return {}
        found = {}
        for step, one in self.approved.items():
            fields = self._changed(one) if one.votes_of is None else ()
            if self._voting_again(one) or (fields and not self._only_warns(step)):
                found[step] = fields
        return found

    def _voting_again(self, one: Approval) -> bool:
        """Some of several people have given it again, and the others have not yet."""
        token = self.tokens.get(one.votes_of) if one.votes_of is not None else None
        return token is not None and token.again

    def _only_warns(self, step: str) -> bool:
        return getattr(self.graph[step], "on_change", None) == "warn"

    def go_on(self, target: str, place: Place) -> None:
        """The usual way on; it waits while an approval is owed."""
        if self._owed():
            self.parked = (*self.parked, Parked(target, place.block, place.branch,
                                                place.came_from, place.round))  # fmt: skip
        else:
            self.to_go.append((target, place))

    # -- after each event -----------------------------------------------------------------

    def settle(self) -> bool:
        """Open what is owed, close what is not any more, and let go on what waited for it. True
        where the walk goes on."""
        if not self.asks_again or not (self.tokens or self.blocks or self.parked):
            return False
        self._judge_votes()
        self._tell_of_changes()
        owed = self._owed()
        self._ask_again(owed)
        if owed or not self.parked:
            return False
        waiting, self.parked = self.parked, ()
        for one in reversed(waiting):
            self.to_go.append((one.to, Place(one.block, one.branch, one.came_from, one.round)))
        return True

    def _judge_votes(self) -> None:
        """Votes on other values than those of now are void."""
        for step, one in list(self.approved.items()):
            if one.votes_of is None:
                continue
            token = self.tokens.get(one.votes_of)
            fields = self._changed(one) if token is not None else ()
            if token is None:
                self._takes_back(step)
            elif fields and not self._only_warns(step):
                self.tokens[token.id] = replace(token, votes=())
                self._takes_back(step)
                if token.again:  # what was approved is not what stands there: it stays owed
                    self.approved[step] = replace(one, votes_of=None)
                self.effects.append(fx.VotesVoid(token.id, step, fields))

    def _tell_of_changes(self) -> None:
        """Approvals that only warn are told of once, and then are as they are."""
        for step, one in list(self.approved.items()):
            fields = self._changed(one)
            if fields and self._only_warns(step):
                self._takes_back(step)
                self.effects.append(fx.ChangedAfter(step, fields))

    def _ask_again(self, owed: Mapping[str, tuple[str, ...]]) -> None:
        there = {token.step: token for token in self.tokens.values() if token.again}
        for step, token in there.items():
            if step not in owed:
                self._cancel_token(token, AS_BEFORE)
        for step, fields in owed.items():
            if step not in there:
                self._park_behind(step)
                self.effects.append(fx.AskedAgain(step, fields))
                number = self.rounds[step] = self.rounds.get(step, 0) + 1
                self._open_again(step, number)

    def _park_behind(self, step: str) -> None:
        """People's open work on the way ahead of this step waits for it."""
        behind = ahead_of(self.graph, step)
        for token in list(self.tokens.values()):
            if token.step in behind and not token.again and self.graph.is_human(token.step):
                self._cancel_token(token, WAITS.format(self.graph.title(step)))
                self.parked = (*self.parked, Parked(token.step, token.block, token.branch,
                                                    None, token.round))  # fmt: skip

    def _open_again(self, step: str, number: int) -> None:
        """A new round of the step, beside the way of the request."""
        needed = self._needed(step, self.graph.human(step))
        token = self._token(step, number, Place(), needed=needed, again=True)
        self.effects.append(fx.Opened(token.id, step, number, None, needed))

    def _needed(self, key: str, step: HumanStep) -> int:
        raise NotImplementedError

    def _leave_from_again(self, step: str, target: str) -> tuple[str, Place]:
        """Not given again: whatever else is open gives way to where this leads. Into a parallel
        block the way leads by its beginning."""
        self.parked = ()
        self._takes_back(step)
        self._cancel_everything(f"'{self.graph.title(step)}' was not given again")
        around = self.graph.chain[target]
        for parallel, other in self.graph.steps.items():
            if isinstance(other, ParallelStep) and other.join == target:
                around = (*self.graph.chain[parallel], parallel)
        return (around[0] if around else target), Place(came_from=step)
