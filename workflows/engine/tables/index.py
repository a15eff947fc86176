"""Which rows of a table take a value: asked of an index by column, built once.

A set of rows is one whole number with a bit a row, so columns are put together by `&`. Between two
cuts of an ordered column the same rows hold; whole sets are kept only here and there, and what
changes at the cuts between them, so ten thousand rows need little room.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from workflows.engine.tables.regions import Region

MOST_TOGGLES = 48
"""After so many changes a whole set is kept."""


def row_numbers(rows: int) -> Iterator[int]:
    """The rows of a set, from 0, in their order."""
    while rows:
        lowest = rows & -rows
        yield lowest.bit_length() - 1
        rows ^= lowest


def set_of(rows: Sequence[int]) -> int:
    """These rows as a set."""
    result = 0
    for row in rows:
        result ^= 1 << row
    return result


@dataclass
class _CutSets:
    """The rows that hold from each cut of an ordered column on."""

    cuts: list[int] = field(default_factory=list)
    _bases: list[int] = field(default_factory=list)
    _sets: dict[int, int] = field(default_factory=dict)
    _toggles: list[tuple[int, ...]] = field(default_factory=list)

    @classmethod
    def build(cls, regions: Sequence[Region]) -> "_CutSets":
        """One pass over where spans begin and end."""
        changes: dict[int, list[int]] = defaultdict(list)
        for row, region in enumerate(regions):
            for low, high in region.spans:
                changes[low].append(row)
                changes[high + 1].append(row)
        made, rows, pending = cls(), 0, 0
        for at, cut in enumerate(sorted(changes)):
            rows ^= set_of(changes[cut])
            pending += len(changes[cut])
            made.cuts.append(cut)
            made._toggles.append(tuple(changes[cut]))
            if not at or pending > MOST_TOGGLES:
                made._sets[at], pending = rows, 0
            made._bases.append(at if at in made._sets else made._bases[-1])
        return made

    def rows_at(self, number: int) -> int:
        """The rows that take this number."""
        at = bisect_right(self.cuts, number) - 1
        if at < 0:
            return 0
        base = self._bases[at]
        rows = self._sets[base]
        for passed in range(base + 1, at + 1):
            rows ^= set_of(self._toggles[passed])
        return rows


@dataclass
class _WordSets:
    """The rows that take each word, as far as they differ from those that take any other."""

    others: int = 0
    _sets: dict[str, int] = field(default_factory=dict)
    _toggles: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def build(cls, regions: Sequence[Region]) -> "_WordSets":
        """One pass over the words of all cells."""
        toggles: dict[str, list[int]] = defaultdict(list)
        open_rows = []
        for row, region in enumerate(regions):
            if region.is_open:
                open_rows.append(row)
            for word in region.words:
                toggles[word].append(row)
        made = cls(others=set_of(open_rows))
        for word, rows in toggles.items():
            if len(rows) > MOST_TOGGLES:
                made._sets[word] = made.others ^ set_of(rows)
            else:
                made._toggles[word] = rows
        return made

    def rows_at(self, word: str) -> int:
        """The rows that take this word."""
        if word in self._sets:
            return self._sets[word]
        return self.others ^ set_of(self._toggles.get(word, ()))


class ColumnIndex:
    """One column of a table, ready to be asked."""

    def __init__(self, regions: Sequence[Region], *, is_ordered: bool) -> None:
        self.empty = set_of([row for row, region in enumerate(regions) if region.with_empty])
        self._numbers = _CutSets.build(regions if is_ordered else ())
        self._words = _WordSets.build(() if is_ordered else regions)

    @property
    def rows_of_others(self) -> int:
        """The rows that take words which no row names."""
        return self._words.others

    def rows_at(self, place: int | str | None) -> int:
        """The rows that take a value, which stands at this place."""
        if place is None:
            return self.empty
        if isinstance(place, int):
            return self._numbers.rows_at(place)
        return self._words.rows_at(place)
