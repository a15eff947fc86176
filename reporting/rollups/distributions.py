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

    def add(self, packed_values: bytes) -> None:
        """Take in what a cell holds."""
        kind = packed_values[:1]
        if kind == EXACT:
            self.values += _native_byte_order(array("q", packed_values[1:]))
        elif kind == HISTOGRAM:
            first = int.from_bytes(packed_values[1:3], "little")
            self.counts += int.from_bytes(packed_values[3:], "little") << (BITS * first)

    def quantiles(self, *shares: float) -> list[float]:
        """Microseconds at these shares (type 7); [] where there is no value."""
        if self.is_exact:
            return (
                [_interpolate_quantile(sorted(self.values), share) for share in shares]
                if self.values
                else []
            )
        if self.values:
            self.counts, self.values = self.counts + _count_bins(self.values), []
        upto = list(accumulate(_unpack_bins(self.counts)))
        return [_estimate_quantile(upto, share) for share in shares]

    def __len__(self) -> int:
        """How many values."""
        return len(self.values) + (sum(_unpack_bins(self.counts)) if self.counts else 0)


def pack_values(values: Sequence[int]) -> bytes:
    """The values of a cell as the database keeps them."""
    if not values:
        return b""
    if len(values) <= FEW:
        return EXACT + _native_byte_order(array("q", sorted(values))).tobytes()
    return _pack_histogram(_count_bins(values))


def merge_packed(cells: Iterable[bytes]) -> bytes:
    """Several cells as one."""
    whole = Spread()
    for cell in cells:
        whole.add(bytes(cell))
    if whole.is_exact:
        return pack_values(whole.values)
    return _pack_histogram(whole.counts + _count_bins(whole.values))


# -- histograms -------------------------------------------------------------------------------


def bin_index(value: int) -> int:
    """0 for what is shorter than a second, then by the logarithm."""
    return 0 if value < SECOND else 1 + int(log(value / SECOND) * _PER_LOG)


def bin_middle(place: int) -> float:
    """The value that stands for a bin: no value of the bin is further from it than `ERROR`."""
    return 2 * SECOND * float(GROWTH**place) / (GROWTH + 1) if place else 0.0


def _count_bins(values: Iterable[int]) -> int:
    bins = array("I", [0])
    room = 1
    for place in map(bin_index, values):
        if place >= room:
            bins.extend([0] * (place + 1 - room))
            room = place + 1
        bins[place] += 1
    return int.from_bytes(_native_byte_order(bins).tobytes(), "little")


def _native_byte_order(numbers: "array[int]") -> "array[int]":
    """Numbers are kept with the lowest byte first, whatever this machine does."""
    if byteorder == "big":
        numbers.byteswap()
    return numbers


def _unpack_bins(counts: int) -> "array[int]":
    bins = array("I")
    bins.frombytes(counts.to_bytes((counts.bit_length() + BITS - 1) // BITS * 4, "little"))
    return _native_byte_order(bins)


def _pack_histogram(counts: int) -> bytes:
    lowest = counts & -counts
    first = (lowest.bit_length() - 1) // BITS
    rest = counts >> (BITS * first)
    body = rest.to_bytes((rest.bit_length() + 7) // 8, "little")
    return HISTOGRAM + first.to_bytes(2, "little") + body


def _estimate_quantile(upto: Sequence[int], share: float) -> float:
    """Type 7 between the two order statistics, each known by its bin."""
    place = (upto[-1] - 1) * share
    low = int(place)
    lower, upper = (
        bin_middle(_bin_at_rank(upto, rank)) for rank in (low, min(low + 1, upto[-1] - 1))
    )
    return lower + (upper - lower) * (place - low)


def _bin_at_rank(upto: Sequence[int], rank: int) -> int:
    """The bin of the value that has `rank` values before it."""
    return bisect_right(upto, rank)


def _interpolate_quantile(ordered: Sequence[int], share: float) -> float:
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
