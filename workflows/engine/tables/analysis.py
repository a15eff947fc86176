"""What the rows of a table leave out, and where they meet: exactly, by sets of values, not samples.

The values of a column are parted where its rows begin and end; within each part the same rows go
on to the next column. So whole boxes of values are covered or not, and each that is not is a gap.
Only the rows that are left are looked at, so tables of ten thousand rows are done in seconds; where
rows are so entangled that it would take longer, `TooEntangled` says so.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.engine.tables.columns import TableColumn
from workflows.engine.tables.decision import FIRST, DecisionTable
from workflows.engine.tables.index import ColumnIndex, row_numbers, set_of
from workflows.engine.tables.regions import Region, Span, meet

MOST_LOOKS: Final = 3_000_000
"""So many cells are looked at in one search."""
Box = tuple[Region, ...]
"""Values of each column, in the order of the columns."""


class TooEntangled(Exception):
    """The rows of a table part its values in more ways than can be looked at."""


def space_of(table: DecisionTable, filled: frozenset[str]) -> Box:
    """Every value that a request can come with; those fields are surely filled in."""
    return tuple(
        Region(column.whole.spans, column.whole.words, column.whole.is_open, with_empty=False)
        if column.key in filled
        else column.whole
        for column in table.columns
    )


def find_gaps(table: DecisionTable, space: Box, *, most: int | None = None) -> list[Box]:
    """The boxes of values for which no row holds, apart from each other; not more than `most`.
    Raises TooEntangled."""
    order = _order_of_columns(table)
    search = _Search(
        [tuple(row.regions[at] for at in order) for row in table.rows],
        tuple(space[at] for at in order),
        most,
    )
    search.look(0, list(range(len(table.rows))), ())
    places = sorted(range(len(order)), key=order.__getitem__)
    return [tuple(box[at] for at in places) for box in search.found]


def _order_of_columns(table: DecisionTable) -> list[int]:
    """The columns that tell rows apart best come first: fewer are left to be looked at then."""
    kinds = [len({row.regions[at] for row in table.rows}) for at in range(len(table.columns))]
    return sorted(range(len(kinds)), key=lambda at: -kinds[at])


def find_dead_rows(table: DecisionTable, space: Box) -> tuple[list[int], list[int]]:
    """The rows (from 0) that no request can have: no value is left for them, or, where the first
    that holds counts, earlier ones take all of theirs; and those of which it cannot be said."""
    if table.hit != FIRST:
        return [row for row in range(len(table.rows)) if _is_never(table, row, space)], []
    dead: list[int] = []
    unsure: list[int] = []
    looks = MOST_LOOKS
    regions = [row.regions for row in table.rows]
    for row, (_, earlier) in enumerate(_meeting_rows(table, space, earlier=True)):
        own = tuple(meet(region, whole) for region, whole in zip(regions[row], space, strict=True))
        if _is_never(table, row, space):
            dead.append(row)
            continue
        search = _Search(regions, own, 1, looks)
        try:
            search.look(0, list(row_numbers(earlier)), ())
        except TooEntangled:
            unsure.append(row)
            looks = max(search.left, MOST_LOOKS // 100)
            continue
        looks = max(search.left, MOST_LOOKS // 100)
        if not search.found:
            dead.append(row)
    return dead, unsure


def _is_never(table: DecisionTable, row: int, space: Box) -> bool:
    pairs = zip(table.rows[row].regions, space, strict=True)
    return any(meet(region, whole).is_nothing for region, whole in pairs)


def find_overlaps(table: DecisionTable, space: Box) -> Iterator[tuple[int, int, Box]]:
    """Each two rows (from 0) that hold at once for some values, with these."""
    for row, later in _meeting_rows(table, space, earlier=False):
        for other in row_numbers(later):
            pairs = zip(table.rows[row].regions, table.rows[other].regions, space, strict=True)
            yield row, other, tuple(meet(meet(one, two), whole) for one, two, whole in pairs)


def example_of(table: DecisionTable, box: Box) -> Mapping[str, Any]:
    """Canonical values of a box, one for each column; None for an empty field."""
    return {
        column.key: column.example_value(region)
        for column, region in zip(table.columns, box, strict=True)
    }


# -- gaps --------------------------------------------------------------------------------------


@dataclass
class _Search:
    """The search for values of a space that no row takes, from column to column."""

    rows: Sequence[tuple[Region, ...]]
    space: Box
    most: int | None
    left: int = MOST_LOOKS
    found: list[Box] = field(default_factory=list)
    covered: set[tuple[int, tuple[int, ...]]] = field(default_factory=set)

    def look(self, at: int, rows: list[int], box: Box) -> bool:
        """Whether these rows take all that is left of the space; what they do not is noted."""
        self.spend(len(rows) + 1)
        if not rows:
            self.found.append((*box, *self.space[at:]))
            return False
        if at == len(self.space) or self._one_takes_all(at, rows):
            return True
        place = (at, tuple(rows))
        if place in self.covered:
            return True
        whole = True
        regions = [self.rows[row][at] for row in rows]
        for part, taking in split_region(self.space[at], rows, regions, self.spend):
            if self.most is not None and len(self.found) >= self.most:
                return False
            whole = self.look(at + 1, taking, (*box, part)) and whole
        if whole:
            self.covered.add(place)
        return whole

    def spend(self, looks: int) -> None:
        """Count what was looked at. Raises TooEntangled where it is too much."""
        self.left -= looks
        if self.left < 0:
            raise TooEntangled

    def _one_takes_all(self, at: int, rows: list[int]) -> bool:
        return any(
            all(
                region is whole or meet(region, whole) == whole
                for region, whole in zip(self.rows[row][at:], self.space[at:], strict=True)
            )
            for row in {*rows[:3], *rows[-3:]}
        )


def split_region(
    whole: Region, rows: Sequence[int], regions: Sequence[Region], spend: Callable[[int], None]
) -> Iterator[tuple[Region, list[int]]]:
    """The values of a region, parted by which of these rows take them."""
    by_rows: dict[tuple[int, ...], list[Region]] = defaultdict(list)
    for split in (_split_spans, _split_words):
        for part, taking in split(whole, rows, regions):
            spend(len(taking) + 1)
            by_rows[tuple(taking)].append(part)
    if whole.with_empty:
        taking = [row for row, region in zip(rows, regions, strict=True) if region.with_empty]
        by_rows[tuple(taking)].append(Region(with_empty=True))
    for key, parts in by_rows.items():
        yield _join_parts(parts), list(key)


def _join_parts(parts: Sequence[Region]) -> Region:
    """Parts of one region, which are apart, as one; at most one of them is open."""
    spans = tuple(sorted(span for part in parts for span in part.spans))
    with_empty = any(part.with_empty for part in parts)
    words = frozenset(word for part in parts if not part.is_open for word in part.words)
    opened = next((part for part in parts if part.is_open), None)
    if opened is not None:
        return Region(spans, opened.words - words, True, with_empty)
    return Region(spans, words, False, with_empty)


def _split_spans(
    whole: Region, rows: Sequence[int], regions: Sequence[Region]
) -> Iterator[tuple[Region, list[int]]]:
    if not whole.spans:
        return
    changes: dict[int, list[int]] = defaultdict(list)
    for at, region in enumerate(regions):
        for low, high in region.spans:
            changes[low].append(at)
            changes[high + 1].append(at)
    held: dict[int, None] = {}
    cuts = sorted(changes)
    passed = 0
    for low, high in whole.spans:
        while passed < len(cuts) and cuts[passed] <= low:
            _toggle(held, changes[cuts[passed]])
            passed += 1
        start = low
        while passed < len(cuts) and cuts[passed] <= high:
            yield _span(start, cuts[passed] - 1), sorted(rows[at] for at in held)
            start = cuts[passed]
            _toggle(held, changes[start])
            passed += 1
        yield _span(start, high), sorted(rows[at] for at in held)


def _toggle(held: dict[int, None], changed: Sequence[int]) -> None:
    for at in changed:
        if at in held:
            del held[at]
        else:
            held[at] = None


def _span(low: int, high: int) -> Region:
    return Region(spans=((low, high),))


def _split_words(
    whole: Region, rows: Sequence[int], regions: Sequence[Region]
) -> Iterator[tuple[Region, list[int]]]:
    named = {word for region in regions for word in region.words}
    words = named - whole.words if whole.is_open else whole.words
    taking_by_word: dict[str, list[int]] = {word: [] for word in words}
    others = [row for row, region in zip(rows, regions, strict=True) if region.is_open]
    for row, region in zip(rows, regions, strict=True):
        for word in words - region.words if region.is_open else region.words & words:
            taking_by_word[word].append(row)
    for word, taking in taking_by_word.items():
        yield Region(words=frozenset({word})), taking
    if whole.is_open:
        yield Region(words=whole.words | named, is_open=True), others


# -- rows that meet ------------------------------------------------------------------------------


def _meeting_rows(table: DecisionTable, space: Box, *, earlier: bool) -> Iterator[tuple[int, int]]:
    """Each row with those before it (or after it) that it has values in common with, as a set."""
    meetings = [
        _ColumnMeetings(column, [row.regions[at] for row in table.rows], space[at])
        for at, column in enumerate(table.columns)
    ]
    every = table.every_row
    for row in range(len(table.rows)):
        before = (1 << row) - 1
        others = before if earlier else every ^ before ^ (1 << row)
        for meeting in meetings:
            if not others:
                break
            others &= meeting.rows_meeting(row)
        yield row, others


class _ColumnMeetings:
    """Which rows have values of one column in common; worked out once for cells that are alike."""

    BLOCK: Final = 128

    def __init__(self, column: TableColumn, regions: Sequence[Region], whole: Region) -> None:
        self.regions = [meet(region, whole) for region in regions]
        self.index = ColumnIndex(self.regions, is_ordered=column.is_ordered)
        self.is_ordered = column.is_ordered
        self._by_region: dict[Region, int] = {}
        self._closed = [row for row, region in enumerate(self.regions) if not region.is_open]
        if self.is_ordered:
            self._prepare_starts()

    def rows_meeting(self, row: int) -> int:
        """The rows that take a value which this one takes."""
        region = self.regions[row]
        found = self._by_region.get(region)
        if found is None:
            found = self.index.empty if region.with_empty else 0
            found |= self._by_spans(region) if self.is_ordered else self._by_words(region)
            self._by_region[region] = found
        return found

    def _prepare_starts(self) -> None:
        starts: dict[int, list[int]] = defaultdict(list)
        for row, region in enumerate(self.regions):
            for low, _ in region.spans:
                starts[low].append(row)
        self._starts = sorted(starts)
        self._started = [starts[low] for low in self._starts]
        self._blocks = [
            set_of(list({row for rows in self._started[at : at + self.BLOCK] for row in rows}))
            for at in range(0, len(self._starts), self.BLOCK)
        ]

    def _by_spans(self, region: Region) -> int:
        found = 0
        for span in region.spans:
            found |= self.index.rows_at(span[0]) | self._starting_in(span)
        return found

    def _starting_in(self, span: Span) -> int:
        """The rows of which a span begins after the first number of this one, and within it."""
        at, end = bisect_right(self._starts, span[0]), bisect_right(self._starts, span[1])
        found = 0
        while at < end:
            if at % self.BLOCK == 0 and at + self.BLOCK <= end:
                found |= self._blocks[at // self.BLOCK]
                at += self.BLOCK
            else:
                for row in self._started[at]:
                    found |= 1 << row
                at += 1
        return found

    def _by_words(self, region: Region) -> int:
        if not region.is_open:
            found = 0
            for word in region.words:
                found |= self.index.rows_at(word)
            return found
        found = self.index.rows_of_others
        for row in self._closed:
            if not self.regions[row].words <= region.words:
                found |= 1 << row
        return found


# -- one row -------------------------------------------------------------------------------------


def find_example_of_row(table: DecisionTable, row: int, space: Box) -> Box | None:
    """Values for which a row (from 0) is the one that counts; None where there are none, or where
    it cannot be said."""
    own = tuple(
        meet(region, whole) for region, whole in zip(table.rows[row].regions, space, strict=True)
    )
    if any(region.is_nothing for region in own):
        return None
    if table.hit != FIRST:
        return own
    regions = [other.regions for other in table.rows[:row]]
    earlier = [at for at, other in enumerate(regions) if _meets(other, own)]
    search = _Search(regions, own, 1)
    try:
        search.look(0, earlier, ())
    except TooEntangled:
        return None
    return search.found[0] if search.found else None


def _meets(regions: Box, others: Box) -> bool:
    return not any(meet(one, other).is_nothing for one, other in zip(regions, others, strict=True))
