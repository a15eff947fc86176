"""Queues: how many cases came, went and stayed, and what is open now."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from reporting.metrics.cases import ActivityRow, FinishedRow, case_bounds
from reporting.metrics.quantiles import microseconds_to_iso, to_microseconds, to_rounded_seconds


def compute_queue(
    cases: Mapping[Any, list[FinishedRow]], ended: Mapping[Any, list[FinishedRow]]
) -> dict[str, Any]:
    """Arrivals, departures and open cases by month (UTC), and the most that were open at once."""
    arrivals = [case_bounds(case)[0] for case in cases.values()]
    departures = [case_bounds(case)[1] for case in ended.values()]
    most, peak_moment = _find_peak(arrivals, departures)
    return {
        "monthly": _monthly_flow(arrivals, departures),
        "wip_max": most,
        "wip_max_at": microseconds_to_iso(peak_moment) if peak_moment is not None else None,
    }


def _monthly_flow(arrivals: Iterable[int], departures: Iterable[int]) -> list[dict[str, Any]]:
    arrived, departed = (
        Counter(microseconds_to_iso(t)[:7] for t in times) for times in (arrivals, departures)
    )
    months, open_cases = [], 0
    for month in sorted({*arrived, *departed}):
        open_cases += arrived[month] - departed[month]
        months.append(
            {
                "month": month,
                "arrivals": arrived[month],
                "departures": departed[month],
                "open_at_end": open_cases,
            }
        )
    return months


def _find_peak(arrivals: Iterable[int], departures: Iterable[int]) -> tuple[int, int | None]:
    """The largest number of cases with first <= t < last; departures count first."""
    moments = sorted([(t, 1) for t in arrivals] + [(t, -1) for t in departures])
    most, peak_moment, open_cases = 0, None, 0
    for moment, change in moments:
        open_cases += change
        if open_cases > most:
            most, peak_moment = open_cases, moment
    return most, peak_moment


def compute_open_queue(rows: Sequence[ActivityRow], now: datetime | None) -> dict[str, Any]:
    """Open rows by activity: how many, and since when the oldest waits."""
    waiting: dict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        if row.enabled is not None:
            waiting[row.activity].append(row.enabled)
    return {
        activity: {
            "open": len(since),
            "oldest_since": str(min(since)),
            "oldest_s": to_rounded_seconds(to_microseconds(now) - to_microseconds(min(since)))
            if now
            else None,
        }
        for activity, since in sorted(waiting.items())
    }
