"""What a cell of a decision table says: read from its text, before its column gives it a meaning.

A cell is a list of tests of which one has to hold, or `not(…)` around such a list, or `-`, which
takes whatever there is. A test is a value, a comparison, an interval, or `null` for an empty field.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from workflows.engine.errors import SentenceError
from workflows.engine.format.table_parts import ANY, EMPTY

Sign = Literal["<", "<=", ">", ">="]
ReadLiteral = Callable[[str, bool], Any]
"""Gives the value that a text means; the second argument says whether it stood in quotes."""

_NOT: Final = re.compile(r"not\s*\((.*)\)", re.DOTALL)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}
_CALL: Final = re.compile(r"date\s*\([^()]*\)")
_COMPARISON: Final = re.compile(r"(<=|>=|<|>)\s*(.*)", re.DOTALL)
_INTERVAL: Final = re.compile(r"([\[\](])\s*(.*?)\s*\.\.\s*(.*?)\s*([\[\])])", re.DOTALL)


class CellProblem(SentenceError):
    """A cell cannot be read; the message says what to write, without saying where it stands."""


@dataclass(frozen=True, slots=True)
class Equal:
    """The field has this value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Compare:
    """The field lies on this side of a value."""

    sign: Sign
    value: Any


@dataclass(frozen=True, slots=True)
class Between:
    """The field lies between two values; whether each of them counts is said."""

    low: Any
    high: Any
    with_low: bool
    with_high: bool


@dataclass(frozen=True, slots=True)
class IsEmpty:
    """The field has no value."""


Test = Equal | Compare | Between | IsEmpty


@dataclass(frozen=True, slots=True)
class CellTests:
    """One of the tests holds, or none of them where it is negated. Without tests anything does."""

    tests: tuple[Test, ...] = ()
    is_negated: bool = False

    @property
    def takes_any(self) -> bool:
        """Whether the cell says nothing."""
        return not self.tests


def read_cell(written: Any, read_literal: ReadLiteral) -> CellTests:
    """What a cell says. Raises CellProblem."""
    if written is None:
        return CellTests((IsEmpty(),))
    if isinstance(written, list):
        if not written:
            raise CellProblem("write - for any value, or the values in the list.")
        return CellTests(tuple(_read_item(item, read_literal) for item in written))
    if not isinstance(written, str):
        return CellTests((Equal(read_literal(_plain_text(written), False)),))
    return _read_text(written.strip(), read_literal)


def _plain_text(written: Any) -> str:
    if isinstance(written, bool):
        return "true" if written else "false"
    return str(written)


def _read_text(written: str, read_literal: ReadLiteral) -> CellTests:
    if written in ("", ANY):
        return CellTests()
    negated = _NOT.fullmatch(written)
    inner = negated[1].strip() if negated else written
    if negated and inner in ("", ANY):
        raise CellProblem("not(…) holds nothing; write what is left out, or - for any value.")
    tests = tuple(_read_test(part, read_literal) for part in split_parts(inner))
    return CellTests(tests, is_negated=bool(negated))


def _read_item(item: Any, read_literal: ReadLiteral) -> Test:
    if isinstance(item, str):
        return _read_test(item.strip(), read_literal)
    return Equal(read_literal(_plain_text(item), False))


def split_parts(written: str) -> Iterator[str]:
    """The tests of a cell: what commas part that stand in no quotes and in no call."""
    start = at = 0
    while at < len(written):
        whole = _QUOTED.match(written, at) or _CALL.match(written, at)
        if written[at] == ",":
            yield written[start:at].strip()
            start = at + 1
        at = whole.end() if whole else at + 1
    yield written[start:].strip()


def _read_test(part: str, read_literal: ReadLiteral) -> Test:
    if not part:
        raise CellProblem("a value is missing between two commas; write it, or take a comma out.")
    if part == EMPTY:
        return IsEmpty()
    compared = _COMPARISON.fullmatch(part)
    if compared:
        return Compare(compared[1], _read_value(compared[2], read_literal))  # type: ignore[arg-type]
    interval = None if part.startswith('"') else _INTERVAL.fullmatch(part)
    if interval:
        return Between(
            _read_value(interval[2], read_literal),
            _read_value(interval[3], read_literal),
            with_low=interval[1] == "[",
            with_high=interval[4] == "]",
        )
    if part == ANY or part.startswith("not("):
        raise CellProblem("- and not(…) stand alone in a cell; give the other case its own row.")
    return Equal(_read_value(part, read_literal))


def _read_value(written: str, read_literal: ReadLiteral) -> Any:
    if not written:
        raise CellProblem("a value is missing; write one behind the sign.")
    quoted = _QUOTED.fullmatch(written)
    if quoted:
        return read_literal(unescape(quoted[1]), True)
    return read_literal(written, False)


def unescape(written: str) -> str:
    """What stands between the quotes of a word, as it is meant."""
    return _ESCAPED.sub(_meant, written)


def _meant(found: re.Match[str]) -> str:
    said = found[1]
    return chr(int(said[1:], 16)) if len(said) > 1 else _ESCAPES.get(said, said)


def write_cell(cell: CellTests, write_literal: Callable[[Any], str]) -> str:
    """A cell as it is written; `write_literal` says how values are."""
    if cell.takes_any:
        return ANY
    parts = ", ".join(_write_test(test, write_literal) for test in cell.tests)
    return f"not({parts})" if cell.is_negated else parts


def _write_test(test: Test, write_literal: Callable[[Any], str]) -> str:
    if isinstance(test, Equal):
        return write_literal(test.value)
    if isinstance(test, Compare):
        return f"{test.sign} {write_literal(test.value)}"
    if isinstance(test, Between):
        low, high = write_literal(test.low), write_literal(test.high)
        return f"{'[' if test.with_low else '('}{low}..{high}{']' if test.with_high else ')'}"
    return EMPTY
