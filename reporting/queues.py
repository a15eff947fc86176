"""Queues: how many cases came, went and stayed, and what is open now."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from reporting.cases import Done, Row, bounds
from reporting.quantiles import at, seconds, text


def queue(cases: Mapping[Any, list[Done]], ended: Mapping[Any, list[Done]]) -> dict[str, Any]:
    """Arrivals, departures and open cases by month (UTC), and the most that were open at once."""
    arrivals = [bounds(case)[0] for case in cases.values()]
    departures = [bounds(case)[1] for case in ended.values()]
    most, at = _most_open(arrivals, departures)
    return {
        "monthly": _monthly(arrivals, departures),
        "wip_max": most,
        "wip_max_at": text(at) if at is not None else None,
    }


def _monthly(arrivals: Iterable[int], departures: Iterable[int]) -> list[dict[str, Any]]:
    came, went = (Counter(text(t)[:7] for t in times) for times in (arrivals, departures))
    months, still = [], 0
    for month in sorted({*came, *went}):
        still += came[month] - went[month]
        months.append(
            {
                "month": month,
                "arrivals": came[month],
                "departures": went[month],
                "open_at_end": still,
            }
        )
    return months


def _most_open(arrivals: Iterable[int], departures: Iterable[int]) -> tuple[int, int | None]:
    """The largest number of cases with first <= t < last; departures count first."""
    moments = sorted([(t, 1) for t in arrivals] + [(t, -1) for t in departures])
    most, at, still = 0, None, 0
    for moment, change in moments:
        still += change
        if still > most:
            most, at = still, moment
    return most, at


def queue_now(rows: Sequence[Row], now: datetime | None) -> dict[str, Any]:
    """Open rows by activity: how many, and since when the oldest waits."""
    waiting: dict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        if row.enabled is not None:
            waiting[row.activity].append(row.enabled)
    return {
        activity: {
            "open": len(since),
            "oldest_since": str(min(since)),
            "oldest_s": seconds(at(now) - at(min(since))) if now else None,
        }
        for activity, since in sorted(waiting.items())
    }
