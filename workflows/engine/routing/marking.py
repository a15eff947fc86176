"""Where a request stands: open activations (tokens) and running parallel blocks.

A marking is a value. `advance` takes one and returns the next; it is kept as JSON on the
request's row, under that row's lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Person = int | str
"""Whoever stands for a person: the engine only compares them."""


@dataclass(frozen=True, slots=True)
class Token:
    """One activation of one step that is not over yet.

    `block` and `branch` say in which running parallel block it stands, `needed` and `votes`
    how many different people must agree and who has, `stuck` the code of the incident that
    it waits on. `again` says that an approval is asked once more, beside the way of the request.
    `stand_ins` agreed in place of others: these are among the votes, and nobody agrees twice.
    With a quorum by roles `vote_roles` says of each vote for which roles it can count. `extras`
    were added to the step by hand: each must agree besides, and counts for nobody else.
    `rows` are the rows that it is about, in each-branches from the outermost to the innermost.
    """

    id: int
    step: str
    round: int
    block: int | None = None
    branch: int | None = None
    needed: int = 1
    votes: tuple[Person, ...] = ()
    stuck: str | None = None
    again: bool = False
    stand_ins: tuple[Person, ...] = ()
    vote_roles: tuple[tuple[str, ...], ...] = ()
    extras: tuple[Person, ...] = ()
    rows: tuple[int, ...] = ()

    @property
    def voters(self) -> frozenset[Person]:
        """Everybody who has agreed, or in whose place somebody has."""
        return frozenset(self.votes) | frozenset(self.stand_ins)


@dataclass(frozen=True, slots=True)
class Block:
    """One running activation of a parallel step.

    `block` and `branch` place it in the block around it. `written` keeps, per branch, the
    values that the branch gave to fields; `seen` the document versions that it approved.
    `pending` are branches of rows that begin one after another, `dropped` those that are not
    needed since somebody refused.
    """

    id: int
    step: str
    round: int
    waits_for: tuple[int, ...] = ()
    arrived: tuple[int, ...] = ()
    block: int | None = None
    branch: int | None = None
    written: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    conflict: bool = False
    pending: tuple[int, ...] = ()
    dropped: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that was given, and on what: a short digest of each value that was shown.

    `block` and `branch` say in which running parallel block it was given; while that runs, what
    other branches write is the merge check's to judge. `votes_of` is the activation while only
    some of several people have agreed. `outdated` are fields that changed afterwards, where the
    map lets the approval hold.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    block: int | None = None
    branch: int | None = None
    votes_of: int | None = None
    outdated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parked:
    """A way on that waits until approvals have been given again."""

    to: str
    block: int | None = None
    branch: int | None = None
    came_from: str | None = None
    round: int | None = None


@dataclass(frozen=True)
class Marking:
    """The whole position of a request.

    `approved` are the approvals that hold, by step; `parked` the ways on that wait for one to be
    given again; `steered` the people who changed the request's way or values by hand; `chains` the
    managers (logins) through whom a branch goes, as they were found (by `rows.source_key`); `facts`
    what rules may ask of the requester and of what was decided (`known_facts`). In
    each-branches rounds, deciders and approvals are kept by step and row (`rows.slot_key`);
    rounds and deciders by step alone as well, of all rows together.
    """

    tokens: tuple[Token, ...] = ()
    blocks: tuple[Block, ...] = ()
    rounds: Mapping[str, int] = field(default_factory=dict)
    deciders: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)
    requester: Person | None = None
    next_id: int = 1
    ended: str | None = None
    approved: Mapping[str, Approval] = field(default_factory=dict)
    parked: tuple[Parked, ...] = ()
    steered: tuple[Person, ...] = ()
    chains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def token(self, activation: int) -> Token | None:
        """The open token of this activation, if it is still open."""
        return self._tokens_by_id.get(activation)

    @cached_property
    def _tokens_by_id(self) -> Mapping[int, Token]:
        return {token.id: token for token in self.tokens}

    def block(self, number: int) -> Block | None:
        """The running block of this number, if it still runs."""
        return next((block for block in self.blocks if block.id == number), None)

    def to_json(self) -> dict[str, Any]:
        """Plain data; short keys are left out where they say nothing."""
        optional_parts = {
            "approved": {step: _compact_slots(entry) for step, entry in self.approved.items()},
            "parked": [_compact_slots(entry) for entry in self.parked],
            "steered": list(self.steered),
            "chains": {key: list(logins) for key, logins in self.chains.items()},
            "facts": dict(self.facts),
        }
        return {
            "tokens": [_compact_slots(token) for token in self.tokens],
            "blocks": [_compact_slots(block) for block in self.blocks],
            "rounds": dict(self.rounds),
            "deciders": {step: list(people) for step, people in self.deciders.items()},
            "requester": self.requester,
            "next_id": self.next_id,
            "ended": self.ended,
            **{name: part for name, part in optional_parts.items() if part},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Marking":
        """The marking that `to_json` wrote; an empty mapping is a request not yet started."""
        return cls(
            tokens=tuple(_read_token(token) for token in data.get("tokens", ())),
            blocks=tuple(
                Block(**_with_tuples(block, "waits_for", "arrived", "pending", "dropped"))
                for block in data.get("blocks", ())
            ),
            rounds=data.get("rounds", {}),
            deciders={step: tuple(people) for step, people in data.get("deciders", {}).items()},
            requester=data.get("requester"),
            next_id=data.get("next_id", 1),
            ended=data.get("ended"),
            approved={
                step: Approval(**_with_tuples(entry, "outdated"))
                for step, entry in data.get("approved", {}).items()
            },
            parked=tuple(Parked(**entry) for entry in data.get("parked", ())),
            steered=tuple(data.get("steered", ())),
            chains={key: tuple(logins) for key, logins in data.get("chains", {}).items()},
            facts=data.get("facts", {}),
        )


def _compact_slots(value: Token | Block | Approval | Parked) -> dict[str, Any]:
    """The value's slots without those that say nothing (0 says something)."""
    pairs = {name: getattr(value, name) for name in value.__slots__}
    if pairs.get("needed") == 1:
        del pairs["needed"]
    return {
        name: [list(each) if isinstance(each, tuple) else each for each in part]
        if isinstance(part, tuple)
        else part
        for name, part in pairs.items()
        if part is not None and part is not False and part != () and part != {}
    }


def _read_token(data: Mapping[str, Any]) -> Token:
    read = _with_tuples(data, "votes", "stand_ins", "vote_roles", "extras", "rows")
    if "vote_roles" in read:
        read["vote_roles"] = tuple(tuple(roles) for roles in read["vote_roles"])
    return Token(**read)


def _with_tuples(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: tuple(part) if name in names else part for name, part in data.items()}
