"""Times in whole microseconds, and what is said of many of them: medians, totals."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def to_microseconds_or_none(moment: datetime | None) -> int | None:
    """The same, where the moment is known."""
    return None if moment is None else to_microseconds(moment)


def microseconds_to_iso(microseconds: int) -> str:
    """A moment as ISO text, UTC."""
    return str(EPOCH + timedelta(microseconds=microseconds))


def quantile(ordered: Sequence[int], share: float) -> float:
    """Linear interpolation between order statistics (type 7) of sorted values."""
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def to_rounded_seconds(microseconds: float) -> float:
    """Microseconds as seconds with three decimals."""
    return round(microseconds / 1_000_000, 3)


def summarize_durations(values: Iterable[int | None]) -> dict[str, Any] | None:
    """n, median, 90th percentile, mean, maximum and total in seconds; None when there is none."""
    known_values = sorted(value for value in values if value is not None)
    if not known_values:
        return None
    total = sum(known_values)
    return {
        "n": len(known_values),
        "median_s": to_rounded_seconds(quantile(known_values, 0.5)),
        "p90_s": to_rounded_seconds(quantile(known_values, 0.9)),
        "mean_s": to_rounded_seconds(total / len(known_values)),
        "max_s": to_rounded_seconds(known_values[-1]),
        "total_s": to_rounded_seconds(total),
    }
