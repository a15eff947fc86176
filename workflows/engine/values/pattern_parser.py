"""The language of patterns: what may be written, as a tree; what is refused, in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from workflows.engine.texts import Text, text

LONGEST: Final = 200
DEEPEST: Final = 20
LAST_CODE: Final = 0x10FFFF
_SPECIAL: Final = frozenset("\\^$.|?*+()[]{}")
_SAMPLES: Final = ("A", "a", "1", "0", "-", "x")

Ranges = tuple[tuple[int, int], ...]


class PatternProblem(ValueError):
    """A pattern says what is not taken; the message says what, and what to write."""

    def __init__(self, why: Text) -> None:
        super().__init__(why)
        self.why = why


class Node:
    """A piece of a pattern."""

    def portable(self) -> str:
        """The piece as browsers and JSON Schema read it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Characters(Node):
    """One character of these ranges of codes."""

    ranges: Ranges

    def holds(self, code: int) -> bool:
        """Whether it is one of them."""
        return any(low <= code <= high for low, high in self.ranges)

    @cached_property
    def sample(self) -> str:
        """One of them that can be read, where there is one; empty where there is none at all."""
        for sample in _SAMPLES:
            if self.holds(ord(sample)):
                return sample
        readable = [low for low, _ in self.ranges if low > 0x20] or [low for low, _ in self.ranges]
        return chr(readable[0]) if readable else ""

    def portable(self) -> str:
        """A class of codes, in which no character needs to be known as a special one."""
        if len(self.ranges) == 1 and self.ranges[0][0] == self.ranges[0][1]:
            return _portable_code(self.ranges[0][0])
        if not self.ranges:
            return "[^\\s\\S]"
        spans = (
            _portable_code(low) + (f"-{_portable_code(high)}" if high > low else "")
            for low, high in self.ranges
        )
        return f"[{''.join(spans)}]"


@dataclass(frozen=True)
class Sequence(Node):
    """One piece after the other."""

    parts: tuple[Node, ...]

    def portable(self) -> str:
        """Side by side."""
        return "".join(part.portable() for part in self.parts)


@dataclass(frozen=True)
class Choice(Node):
    """One of several pieces."""

    parts: tuple[Node, ...]

    def portable(self) -> str:
        """In a group."""
        return f"(?:{'|'.join(part.portable() for part in self.parts)})"


@dataclass(frozen=True)
class Repeat(Node):
    """A piece so many times; without end where `most` is None."""

    part: Node
    least: int
    most: int | None

    def portable(self) -> str:
        """With its count."""
        part = self.part.portable()
        group = part if isinstance(self.part, Characters | Choice) else f"(?:{part})"
        simple = {(0, None): "*", (1, None): "+", (0, 1): "?", (self.least, self.least): ""}
        count = simple.get((self.least, self.most), f"{{{self.least},{_most_text(self.most)}}}")
        return group + (count or f"{{{self.least}}}")


def _most_text(most: int | None) -> str:
    return "" if most is None else str(most)


def _portable_code(code: int) -> str:
    character = chr(code)
    if character.isascii() and character.isalnum():
        return character
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\u{{{code:x}}}"


def parse_pattern(source: str) -> Node:
    """The tree of a pattern. Raises PatternProblem."""
    if len(source) > LONGEST:
        raise PatternProblem(
            text("the pattern is longer than %(longest)s characters", longest=LONGEST)
        )
    return _Parser(_without_anchors(source)).whole()


def _without_anchors(source: str) -> str:
    """A pattern speaks of the whole text anyway; many write its beginning and end."""
    source = source.removeprefix("^")
    backslashes = len(source[:-1]) - len(source[:-1].rstrip("\\"))
    return source[:-1] if source.endswith("$") and backslashes % 2 == 0 else source


class _Parser:
    def __init__(self, source: str) -> None:
        self.source, self.at, self.depth = source, 0, 0

    def whole(self) -> Node:
        node = self._choice()
        if self.at < len(self.source):
            raise PatternProblem(text("a `)` closes nothing; write \\) for the character"))
        return node

    def _peek(self) -> str:
        return self.source[self.at] if self.at < len(self.source) else ""

    def _take(self) -> str:
        character = self._peek()
        self.at += 1
        return character

    def _choice(self) -> Node:
        parts = [self._sequence()]
        while self._peek() == "|":
            self._take()
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, node: Node) -> Node:
        counts = self._counts()
        if counts is None:
            return node
        if self._peek() and self._peek() in "?+*{":
            raise PatternProblem(
                text("a repetition is repeated, as in `a*?`; write one of *, +, ? and {1,3}")
            )
        return Repeat(node, *counts)

    def _counts(self) -> tuple[int, int | None] | None:
        character = self._peek()
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if character in simple:
            self._take()
            return simple[character]
        return self._braces() if character == "{" else None

    def _braces(self) -> tuple[int, int | None]:
        end = self.source.find("}", self.at)
        least, comma, most = self.source[self.at + 1 : end].partition(",")
        wrong = PatternProblem(
            text("write how often as {3}, {2,} or {2,5}, and \\{ for the character")
        )
        if end < 0 or not _is_count(least) or (most and not _is_count(most)):
            raise wrong
        self.at = end + 1
        counts = int(least), (int(most) if most else None if comma else int(least))
        if counts[1] is not None and not (counts[0] <= counts[1] and counts[1] > 0):
            raise wrong
        return counts

    def _atom(self) -> Node:
        character = self._take()
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character == "\\":
            return Characters(self._escaped())
        if character == ".":
            return Characters(_complement([(10, 10), (13, 13)]))
        if character in "^$":
            raise PatternProblem(
                text("a pattern speaks of the whole text, so ^ and $ do not belong inside it")
            )
        if character in _SPECIAL:
            raise PatternProblem(
                text(
                    "`%(character)s` stands where it means nothing; write \\%(character)s for the"
                    " character",
                    character=character,
                )
            )
        return Characters(((ord(character), ord(character)),))

    def _group(self) -> Node:
        if self.source.startswith("?:", self.at):
            self.at += 2
        elif self._peek() == "?":
            raise PatternProblem(
                text("a group that looks ahead or back, or has a name, is not taken: `(?…`")
            )
        self.depth += 1
        if self.depth > DEEPEST:
            raise PatternProblem(text("groups are nested more than %(most)s deep", most=DEEPEST))
        node = self._choice()
        self.depth -= 1
        if self._take() != ")":
            raise PatternProblem(text("a `(` is not closed; write \\( for the character"))
        return node

    def _escaped(self) -> Ranges:
        character = self._take()
        if character in _CLASSES:
            return _CLASSES[character]
        if character and not character.isalnum():
            return ((ord(character), ord(character)),)
        raise PatternProblem(
            text(
                "`\\%(character)s` is not taken; there are \\d, \\w and \\s, with capitals for all"
                " others, and \\ before a character that is no letter",
                character=character,
            )
        )

    def _class(self) -> Node:
        negated = self._peek() == "^"
        self.at += negated
        ranges: list[tuple[int, int]] = []
        while self._peek() != "]":
            ranges += self._span()
        self._take()
        if not ranges:
            raise PatternProblem(text("`[]` is empty; write the characters between the brackets"))
        return Characters(_complement(ranges) if negated else _merged(ranges))

    def _span(self) -> Ranges:
        first = self._member()
        is_range = self._peek() == "-" and self.source[self.at + 1 : self.at + 2] not in ("]", "")
        if not is_range:
            return first
        self._take()
        last = self._member()
        if len(first) != 1 or len(last) != 1 or first[0][0] > last[0][1]:
            raise PatternProblem(text("a range in [ ] goes from one character to a later one: a-z"))
        return ((first[0][0], last[0][1]),)

    def _member(self) -> Ranges:
        character = self._take()
        if not character:
            raise PatternProblem(text("a `[` is not closed; write \\[ for the character"))
        if character == "[":
            raise PatternProblem(text("write \\[ for the character inside of [ ]"))
        return self._escaped() if character == "\\" else ((ord(character), ord(character)),)


def _is_count(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 5


def _merged(ranges: list[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _complement(ranges: list[tuple[int, int]]) -> Ranges:
    left, gaps = 0, []
    for low, high in _merged(ranges):
        if low > left:
            gaps.append((left, low - 1))
        left = high + 1
    if left <= LAST_CODE:
        gaps.append((left, LAST_CODE))
    return tuple(gaps)


_DIGITS: Final = [(0x30, 0x39)]
_WORD: Final = [*_DIGITS, (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
_BLANKS: Final = [(0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0)]
_CLASSES: Final[dict[str, Ranges]] = {
    "d": _merged(_DIGITS),
    "w": _merged(_WORD),
    "s": _merged(_BLANKS),
    "D": _complement(_DIGITS),
    "W": _complement(_WORD),
    "S": _complement(_BLANKS),
}
