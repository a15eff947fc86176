"""The positions in which a case may be: markings, of which those that are alike count once."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from workflows.engine.routing.marking import Marking, Token
from workflows.engine.routing.rows import STRIDE, branch_index

Key = Hashable
TOKENS_OF_ONE = 10
"""A position with more open steps counts for several: it takes as much longer to go on from it."""


def position_key(
    marking: Marking, remembered: Collection[str], decided: Collection[str] = ()
) -> Key:
    """What of a position matters for where it may lead: what is open, and in which blocks. Numbers
    of activations, rounds and people do not, nor which row of a list it is. `remembered` are
    approvals that may be asked again, `decided` the facts by which rules are answered."""
    approved = tuple(sorted(step for step in marking.approved if step in remembered))
    facts = tuple(str(marking.facts.get(name)) for name in decided)
    return (_inside(marking, None), marking.ended, approved, facts)


def _inside(marking: Marking, block: int | None) -> Key:
    """What is open in a block, or outside of all."""
    tokens = sorted(_at_place(token) for token in marking.tokens if token.block == block)
    blocks = sorted(
        (
            (
                inner.step,
                _kind_of_branch(inner.branch),
                *(_kinds_of(each) for each in (inner.waits_for, inner.arrived)),
                *(_kinds_of(each) for each in (inner.pending, inner.dropped)),
                _inside(marking, inner.id),
            )
            for inner in marking.blocks
            if inner.block == block
        ),
        key=repr,
    )
    return (tuple(tokens), tuple(blocks))


def _at_place(token: Token) -> tuple[str, int, int, bool]:
    return (token.step, _kind_of_branch(token.branch), len(token.votes), token.again)


def _kind_of_branch(branch: int | None) -> int:
    """A branch of the map, whichever of its rows it is about."""
    return -1 if branch is None else branch_index(branch) + (STRIDE if branch >= STRIDE else 0)


def _kinds_of(branches: Iterable[int]) -> Key:
    return tuple(sorted(_kind_of_branch(branch) for branch in branches))


def tokens_unlike(marking: Marking, step: str) -> Iterator[Token]:
    """The tokens at a step, of those that differ in nothing but their row one."""
    seen: set[Key] = set()
    for token in marking.tokens:
        if token.step == step:
            likeness = (_at_place(token), *_around(marking, token.block))
            if likeness not in seen:
                seen.add(likeness)
                yield token


def _around(marking: Marking, block: int | None) -> Iterator[Key]:
    """The blocks around a place, the innermost first; of one for a row what is open in it too."""
    while block is not None and (around := marking.block(block)) is not None:
        is_of_row = around.branch is not None and around.branch >= STRIDE
        yield (
            *(around.step, None if is_of_row else around.id),
            *((_kinds_of(around.arrived), _inside(marking, block)) if is_of_row else ()),
        )
        block = around.block


@dataclass(frozen=True, eq=False)
class Positions:
    """All positions that a case may be in. The same ones are the same object, see `PositionPool`.
    `is_cut` says that there were more than are kept."""

    markings: Mapping[Key, Marking]
    is_cut: bool = False

    def __bool__(self) -> bool:
        return bool(self.markings)

    @cached_property
    def open_steps(self) -> frozenset[str]:
        """The steps that are open in any of them."""
        return frozenset(token.step for m in self.markings.values() for token in m.tokens)

    @cached_property
    def ends(self) -> frozenset[str]:
        """The ends at which the case may be."""
        return frozenset(m.ended for m in self.markings.values() if m.ended)


class PositionPool:
    """Makes positions, each once, so that what follows from them can be remembered."""

    def __init__(
        self, remembered: Collection[str], most: int, decided: Collection[str] = ()
    ) -> None:
        self.remembered, self.most, self.decided = remembered, most, tuple(sorted(decided))
        self._known: dict[tuple[frozenset[Key], bool], Positions] = {}

    def collect(self, markings: Iterable[Marking], *, is_cut: bool = False) -> Positions:
        """The different ones of these, so many as are kept."""
        found: dict[Key, Marking] = {}
        weight = 0
        for marking in markings:
            key = position_key(marking, self.remembered, self.decided)
            if key not in found:
                found[key] = marking
                weight += 1 + len(marking.tokens) // TOKENS_OF_ONE
            if weight >= self.most:
                is_cut = True
                break
        name = (frozenset(found), is_cut)
        return self._known.setdefault(name, Positions(found, is_cut))

    def forget(self) -> None:
        """Make room."""
        self._known.clear()
