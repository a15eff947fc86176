"""Many times as one value that can be added to another: exact where few, a histogram where many.

A histogram's bins are 2% wide (each bound is `GROWTH` times the one before), so that a quantile
read from it is within 1% of the true one; what is shorter than a second counts as 0. Its counts
stand side by side in one large whole number, 32 bits each: two histograms are merged by adding two
numbers, which is what makes a page over years of days fast.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import log
from sys import byteorder
from typing import Final

ERROR: Final = 0.01
"""The largest relative error of a quantile that is read from a histogram."""
FEW: Final = 100
"""So many values of a cell are kept as they are."""
GROWTH: Final = (1 + ERROR) / (1 - ERROR)
SECOND: Final = 1_000_000
BITS: Final = 32
EXACT, HISTOGRAM = b"E", b"H"
_PER_LOG: Final = 1 / log(GROWTH)


@dataclass(slots=True)
class Spread:
    """Values in microseconds: a list as long as all of them are known, else counts by bin."""

    values: list[int] = field(default_factory=list)
    counts: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether every value is known."""
        return not self.counts

    def add(self, packed: bytes) -> None:
        """Take in what a cell holds."""
        kind = packed[:1]
        if kind == EXACT:
            self.values += _as_here(array("q", packed[1:]))
        elif kind == HISTOGRAM:
            first = int.from_bytes(packed[1:3], "little")
            self.counts += int.from_bytes(packed[3:], "little") << (BITS * first)

    def quantiles(self, *shares: float) -> list[float]:
        """Microseconds at these shares (type 7); [] where there is no value."""
        if self.is_exact:
            return [_between(sorted(self.values), share) for share in shares] if self.values else []
        if self.values:
            self.counts, self.values = self.counts + _counted(self.values), []
        upto = list(accumulate(_bins(self.counts)))
        return [_estimate(upto, share) for share in shares]

    def __len__(self) -> int:
        """How many values."""
        return len(self.values) + (sum(_bins(self.counts)) if self.counts else 0)


def packed(values: Sequence[int]) -> bytes:
    """The values of a cell as the database keeps them."""
    if not values:
        return b""
    if len(values) <= FEW:
        return EXACT + _as_here(array("q", sorted(values))).tobytes()
    return _histogram(_counted(values))


def merged(cells: Iterable[bytes]) -> bytes:
    """Several cells as one."""
    whole = Spread()
    for cell in cells:
        whole.add(bytes(cell))
    if whole.is_exact:
        return packed(whole.values)
    return _histogram(whole.counts + _counted(whole.values))


# -- histograms -------------------------------------------------------------------------------


def bin_of(value: int) -> int:
    """0 for what is shorter than a second, then by the logarithm."""
    return 0 if value < SECOND else 1 + int(log(value / SECOND) * _PER_LOG)


def middle(place: int) -> float:
    """The value that stands for a bin: no value of the bin is further from it than `ERROR`."""
    return 2 * SECOND * float(GROWTH**place) / (GROWTH + 1) if place else 0.0


def _counted(values: Iterable[int]) -> int:
    bins = array("I", [0])
    room = 1
    for place in map(bin_of, values):
        if place >= room:
            bins.extend([0] * (place + 1 - room))
            room = place + 1
        bins[place] += 1
    return int.from_bytes(_as_here(bins).tobytes(), "little")


def _as_here(numbers: "array[int]") -> "array[int]":
    """Numbers are kept with the lowest byte first, whatever this machine does."""
    if byteorder == "big":
        numbers.byteswap()
    return numbers


def _bins(counts: int) -> "array[int]":
    bins = array("I")
    bins.frombytes(counts.to_bytes((counts.bit_length() + BITS - 1) // BITS * 4, "little"))
    return _as_here(bins)


def _histogram(counts: int) -> bytes:
    lowest = counts & -counts
    first = (lowest.bit_length() - 1) // BITS
    rest = counts >> (BITS * first)
    body = rest.to_bytes((rest.bit_length() + 7) // 8, "little")
    return HISTOGRAM + first.to_bytes(2, "little") + body


def _estimate(upto: Sequence[int], share: float) -> float:
    """Type 7 between the two order statistics, each known by its bin."""
    place = (upto[-1] - 1) * share
    low = int(place)
    one, other = (middle(_bin_at(upto, rank)) for rank in (low, min(low + 1, upto[-1] - 1)))
    return one + (other - one) * (place - low)


def _bin_at(upto: Sequence[int], rank: int) -> int:
    """The bin of the value that has `rank` values before it."""
    return bisect_right(upto, rank)


def _between(ordered: Sequence[int], share: float) -> float:
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
