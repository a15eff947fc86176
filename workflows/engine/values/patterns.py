"""Patterns of texts, matched in a time that grows with the text alone, whatever is written.

A regular expression of the usual kind can be made to try for years. A pattern here is what a finite
automaton can decide: characters, classes, groups, `|` and repetitions. What needs to look back or
ahead is refused when the map is read. Each character of a text is looked at once; what may come
next is one number, whose bits are the places in the pattern (Glushkov's automaton).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from workflows.engine.texts import Text, text
from workflows.engine.values.pattern_parser import (
    Characters,
    Choice,
    Node,
    PatternProblem,
    Repeat,
    Sequence,
    parse_pattern,
)

__all__ = ["MOST_PLACES", "Pattern", "PatternProblem", "compile_pattern"]

MOST_PLACES: Final = 400
"""So many characters and classes a pattern may have, repetitions counted out."""
KEPT_TRANSITIONS: Final = 4000
"""So much of what was worked out is kept for the next text; then it is forgotten and begun anew."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the automaton: whether it may be nothing, and where it begins and ends."""

    nullable: bool
    first: int
    last: int


@dataclass
class Pattern:
    """A pattern that is ready to be asked. It always speaks of the whole text."""

    source: str
    places: list[Characters]
    follow: list[int]
    whole: _Part
    node: Node
    _allowed: dict[str, int] = field(default_factory=dict, repr=False)
    _moves: dict[tuple[int, int], int] = field(default_factory=dict, repr=False)

    def matches(self, written: str) -> bool:
        """Whether the whole text is of this form."""
        if not written:
            return self.whole.nullable
        state = self.whole.first & self._mask(written[0])
        for character in written[1:]:
            if not state:
                return False
            state = self._move(state, self._mask(character))
        return bool(state & self.whole.last)

    def _mask(self, character: str) -> int:
        """The places at which this character may stand."""
        mask = self._allowed.get(character)
        if mask is None:
            code = ord(character)
            mask = sum(1 << at for at, place in enumerate(self.places) if place.holds(code))
            if len(self._allowed) >= KEPT_TRANSITIONS:
                self._allowed.clear()
            self._allowed[character] = mask
        return mask

    def _move(self, state: int, mask: int) -> int:
        after = self._moves.get((state, mask))
        if after is None:
            after = 0
            for at in _bits(state):
                after |= self.follow[at]
            after &= mask
            if len(self._moves) >= KEPT_TRANSITIONS:
                self._moves.clear()
            self._moves[state, mask] = after
        return after

    @property
    def example(self) -> str | None:
        """A shortest text of this form; None where there is none at all."""
        if self.whole.nullable:
            return ""
        came_from: dict[int, int | None] = {}
        level = [at for at in _bits(self.whole.first) if self.places[at].sample]
        came_from.update(dict.fromkeys(level))
        while level:
            found = next((at for at in level if self.whole.last >> at & 1), None)
            if found is not None:
                return "".join(reversed([*self._walk_back(found, came_from)]))
            level = [*self._next_level(level, came_from)]
        return None

    def _next_level(self, level: Iterable[int], came_from: dict[int, int | None]) -> Iterator[int]:
        for at in level:
            for after in _bits(self.follow[at]):
                if after not in came_from and self.places[after].sample:
                    came_from[after] = at
                    yield after

    def _walk_back(self, at: int | None, came_from: dict[int, int | None]) -> Iterator[str]:
        while at is not None:
            yield self.places[at].sample
            at = came_from[at]

    @property
    def portable(self) -> str:
        """The pattern as browsers and JSON Schema read it, to be held against a whole text."""
        return self.node.portable()


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


@lru_cache(maxsize=1024)
def compile_pattern(source: str) -> Pattern:
    """The pattern that is written. Raises PatternProblem, which says what is not taken."""
    node = parse_pattern(source)
    builder = _Builder()
    whole = builder.build(node)
    return Pattern(source, builder.places, builder.follow, whole, node)


class _Builder:
    """Counts out a pattern's places, and which may follow which."""

    def __init__(self) -> None:
        self.places: list[Characters] = []
        self.follow: list[int] = []

    def build(self, node: Node) -> _Part:
        match node:
            case Characters():
                return self._place(node)
            case Sequence(parts):
                return self._chain(self.build(part) for part in parts)
            case Choice(parts):
                return self._either([self.build(part) for part in parts])
            case Repeat():
                return self._repeated(node)
        raise TypeError(node)

    def _place(self, characters: Characters) -> _Part:
        if len(self.places) >= MOST_PLACES:
            raise PatternProblem(_too_long())
        self.places.append(characters)
        self.follow.append(0)
        bit = 1 << len(self.places) - 1
        return _Part(nullable=False, first=bit, last=bit)

    def _link(self, last: int, first: int) -> None:
        for at in _bits(last):
            self.follow[at] |= first

    def _chain(self, parts: Iterable[_Part]) -> _Part:
        whole = _Part(nullable=True, first=0, last=0)
        for part in parts:
            self._link(whole.last, part.first)
            whole = _Part(
                whole.nullable and part.nullable,
                whole.first | (part.first if whole.nullable else 0),
                part.last | (whole.last if part.nullable else 0),
            )
        return whole

    def _either(self, parts: list[_Part]) -> _Part:
        first = last = 0
        for part in parts:
            first, last = first | part.first, last | part.last
        return _Part(any(part.nullable for part in parts), first, last)

    def _repeated(self, node: Repeat) -> _Part:
        """`x{2,4}` is xx followed by x or nothing, twice; `x{2,}` is x followed by x+."""
        copies = [self.build(node.part) for _ in range(self._count(node))]
        if node.most is None:
            self._link(copies[-1].last, copies[-1].first)
            least = node.least if node.least else 0
        else:
            least = node.least
        return self._chain(
            part if at < least else _Part(True, part.first, part.last)
            for at, part in enumerate(copies)
        )

    def _count(self, node: Repeat) -> int:
        count = max(node.least, 1) if node.most is None else node.most
        if count > MOST_PLACES:
            raise PatternProblem(_too_long())
        return count


def _too_long() -> Text:
    return text(
        "the pattern is too long: with its repetitions counted out it has more than %(most)s"
        " characters; make it shorter",
        most=MOST_PLACES,
    )
