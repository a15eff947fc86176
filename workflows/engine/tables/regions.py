"""Sets of values, exactly: spans of whole numbers for what has an order, words for what has none.

Numbers count in the smallest unit that their field keeps (cents, days, microseconds), so every
interval has a first and a last value, and between 4999.99 and 5000 EUR there is nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

Span = tuple[int, int]
"""From the first to the last number in it."""


@dataclass(frozen=True, slots=True)
class Region:
    """The values that a cell takes, or that a column may have.

    Of an ordered column `spans`, sorted and apart; of another one `words`, or with `is_open` all
    words but these. `with_empty` says whether an empty field is among them.
    """

    spans: tuple[Span, ...] = ()
    words: frozenset[str] = frozenset()
    is_open: bool = False
    with_empty: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether no value is in it."""
        return not (self.spans or self.words or self.is_open or self.with_empty)

    def holds(self, value: int | str | None) -> bool:
        """Whether a value is in it."""
        if value is None:
            return self.with_empty
        if isinstance(value, int):
            return any(low <= value <= high for low, high in self.spans)
        return (value in self.words) != self.is_open


def meet(one: Region, other: Region) -> Region:
    """The values that are in both."""
    words, is_open = _meet_words(one, other)
    return Region(
        tuple(_meet_spans(one.spans, other.spans)),
        words,
        is_open,
        one.with_empty and other.with_empty,
    )


def _meet_words(one: Region, other: Region) -> tuple[frozenset[str], bool]:
    if one.is_open and other.is_open:
        return one.words | other.words, True
    if one.is_open:
        return other.words - one.words, False
    return (one.words - other.words if other.is_open else one.words & other.words), False


def _meet_spans(one: tuple[Span, ...], other: tuple[Span, ...]) -> Iterable[Span]:
    left = right = 0
    while left < len(one) and right < len(other):
        low = max(one[left][0], other[right][0])
        high = min(one[left][1], other[right][1])
        if low <= high:
            yield low, high
        if one[left][1] < other[right][1]:
            left += 1
        else:
            right += 1


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same numbers in spans that are sorted and apart; a span whose end is before its
    beginning holds nothing."""
    merged: list[Span] = []
    for low, high in sorted(span for span in spans if span[0] <= span[1]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def leave_out(whole: tuple[Span, ...], spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """The numbers of `whole` that are in none of these (sorted, apart) spans."""
    rest: list[Span] = []
    for low, high in whole:
        for first, last in spans:
            if last < low or first > high:
                continue
            if first > low:
                rest.append((low, first - 1))
            low = last + 1
        if low <= high:
            rest.append((low, high))
    return tuple(rest)
