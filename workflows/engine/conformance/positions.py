"""The positions in which a case may be: markings, of which those that are alike count once."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from workflows.engine.routing.marking import Marking

Key = Hashable


def position_key(marking: Marking, remembered: Collection[str]) -> Key:
    """What of a position matters for where it may lead: what is open, and in which blocks. Numbers
    of activations, rounds and people do not. `remembered` are approvals that may be asked again."""
    approved = tuple(sorted(step for step in marking.approved if step in remembered))
    return (_inside(marking, None), marking.ended, approved)


def _inside(marking: Marking, block: int | None) -> Key:
    """What is open in a block, or outside of all."""
    tokens = sorted(
        (token.step, -1 if token.branch is None else token.branch, len(token.votes), token.again)
        for token in marking.tokens
        if token.block == block
    )
    blocks = sorted(
        (
            (
                inner.step,
                -1 if inner.branch is None else inner.branch,
                inner.waits_for,
                tuple(sorted(inner.arrived)),
                _inside(marking, inner.id),
            )
            for inner in marking.blocks
            if inner.block == block
        ),
        key=repr,
    )
    return (tuple(tokens), tuple(blocks))


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

    def __init__(self, remembered: Collection[str], most: int) -> None:
        self.remembered, self.most = remembered, most
        self._known: dict[tuple[frozenset[Key], bool], Positions] = {}

    def collect(self, markings: Iterable[Marking], *, is_cut: bool = False) -> Positions:
        """The different ones of these, so many as are kept."""
        found: dict[Key, Marking] = {}
        for marking in markings:
            found.setdefault(position_key(marking, self.remembered), marking)
            if len(found) >= self.most:
                is_cut = True
                break
        name = (frozenset(found), is_cut)
        return self._known.setdefault(name, Positions(found, is_cut))

    def forget(self) -> None:
        """Make room."""
        self._known.clear()
