"""A request's position while it is worked on: its tokens and blocks, changed in place.

It is the private working copy of one call of `advance`, thrown away afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.errors import WrongState
from workflows.engine.routing import effects as fx
from workflows.engine.routing.cancel_reasons import CancelReason
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Block, Marking, Person, Token
from workflows.engine.routing.merge import with_branch_notes

Values = Mapping[str, Any]
Electorate = Callable[[str], frozenset[Person]]
"""Everyone who may act on a step now; asked only for `quorum: all`."""


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a token comes from: the block and branch that it stands in, and the last step.

    `round` is given where a step is tried again and its round does not count up.
    """

    block: int | None = None
    branch: int | None = None
    came_from: str | None = None
    round: int | None = None


@dataclass
class MutableMarking:
    """What a walk stands on and changes, with the effects of the changes."""

    graph: Graph
    marking: Marking
    initial_data: Values
    electorate: Electorate
    effects: list[fx.Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data = dict(self.initial_data)
        self.tokens = {token.id: token for token in self.marking.tokens}
        self.blocks = {block.id: block for block in self.marking.blocks}
        self.rounds = dict(self.marking.rounds)
        self.deciders = dict(self.marking.deciders)
        self.requester = self.marking.requester
        self.next_id = self.marking.next_id
        self.ended = self.marking.ended
        self.approved = dict(self.marking.approved)
        self.parked = self.marking.parked
        self.steered = self.marking.steered
        self.to_go: list[tuple[str, TokenPlace]] = []

    def position(self) -> Marking:
        """The marking that the walk led to."""
        return Marking(
            tokens=tuple(self.tokens.values()),
            blocks=tuple(self.blocks.values()),
            rounds=self.rounds,
            deciders=self.deciders,
            requester=self.requester,
            next_id=self.next_id,
            ended=self.ended,
            approved=self.approved,
            parked=self.parked,
            steered=self.steered,
        )

    # -- cancelling -----------------------------------------------------------------------

    def _cancel_block(self, block: Block, reason: CancelReason) -> None:
        """Close a block with everything in it."""
        self._cancel_inside(block, reason)
        self._on_block_closed(block)
        del self.blocks[block.id]

    def _on_block_closed(self, block: Block) -> None:
        """For what counts by blocks."""

    def _cancel_inside(self, block: Block, reason: CancelReason) -> None:
        for inner in [b for b in self.blocks.values() if b.block == block.id]:
            self._cancel_block(inner, reason)
            self.effects.append(fx.BlockLeft(inner.id, reason))
        for token in [t for t in self.tokens.values() if t.block == block.id]:
            self._cancel_token(token, reason)

    def _cancel_everything(self, reason: CancelReason) -> None:
        for block in [b for b in self.blocks.values() if b.block is None]:
            self._cancel_block(block, reason)
            self.effects.append(fx.BlockLeft(block.id, reason))
        for token in list(self.tokens.values()):
            self._cancel_token(token, reason)

    def _cancel_token(self, token: Token, reason: CancelReason) -> None:
        del self.tokens[token.id]
        self.effects.append(fx.ActivationCancelled(token.id, reason))

    # -- small parts ----------------------------------------------------------------------

    def _open_token(self, activation: int) -> Token:
        token = self.tokens.get(activation)
        if token is None:
            raise WrongState("This work is no longer open.")
        return token

    def _add_token(self, key: str, number: int, place: TokenPlace, **token_fields: Any) -> Token:
        token = Token(self._next_number(), key, number, place.block, place.branch, **token_fields)
        self.tokens[token.id] = token
        return token

    def _next_number(self) -> int:
        number, self.next_id = self.next_id, self.next_id + 1
        return number

    def _write_values(self, token: Token, writes: Values, seen: Values) -> None:
        self._write_at(token.block, token.branch, writes, seen)

    def _write_at(
        self, block_id: int | None, branch: int | None, writes: Values, seen: Values
    ) -> None:
        """Give fields their values, and note it of the branch of a block."""
        self.data.update(writes)
        block = self.blocks.get(block_id) if block_id is not None else None
        if block is not None and (writes or seen):
            self.blocks[block.id] = with_branch_notes(block, branch, writes, seen)

    def _record_decider(self, step: str, actor: Person) -> None:
        """Whoever decided last is last."""
        before = self.deciders.get(step, ())
        self.deciders[step] = (*(person for person in before if person != actor), actor)

    def _people_so_far(self) -> Marking:
        return Marking(deciders=self.deciders, requester=self.requester, steered=self.steered)
