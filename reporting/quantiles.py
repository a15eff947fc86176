"""Times in whole microseconds, and what is said of many of them: medians, totals."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def us(moment: datetime | None) -> int | None:
    """The same, where the moment is known."""
    return None if moment is None else at(moment)


def text(microseconds: int) -> str:
    """A moment as ISO text, UTC."""
    return str(EPOCH + timedelta(microseconds=microseconds))


def quantile(ordered: Sequence[int], share: float) -> float:
    """Linear interpolation between order statistics (type 7) of sorted values."""
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def seconds(microseconds: float) -> float:
    """Microseconds as seconds with three decimals."""
    return round(microseconds / 1_000_000, 3)


def spread(values: Iterable[int | None]) -> dict[str, Any] | None:
    """n, median, 90th percentile, mean, maximum and total in seconds; None when there is none."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    total = sum(known)
    return {
        "n": len(known),
        "median_s": seconds(quantile(known, 0.5)),
        "p90_s": seconds(quantile(known, 0.9)),
        "mean_s": seconds(total / len(known)),
        "max_s": seconds(known[-1]),
        "total_s": seconds(total),
    }
