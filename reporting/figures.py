"""The figures of a process from its rows, by one set of definitions for logs and native runs.

Pure: rows in, plain data out. Times are counted in whole microseconds and given in seconds;
quantiles are by linear interpolation between order statistics (type 7). `docs/figures.md` states
each definition.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Protocol

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TOP = 5


class Row(Protocol):
    """One activity instance; `end` is None while it is still open."""

    case_id: Any
    activity: str
    resource: str
    enabled: datetime | None
    start: datetime | None
    end: datetime | None


@dataclass(slots=True)
class Done:
    """A finished row in whole microseconds, with what its case says about it.

    `before` is the row of the case that handed over to this one, `waiting` the time from then
    (or from its own enabling) to its start; in logs with one time a row it is the lead-in.
    """

    activity: str
    resource: str
    enabled: int | None
    start: int | None
    end: int
    waiting: int | None = None
    before: "Done | None" = None

    @property
    def working(self) -> int | None:
        """Microseconds from start to end, where both are known."""
        return None if self.start is None else self.end - self.start

    @property
    def first_known(self) -> int:
        """The first moment that is known of it."""
        return next(t for t in (self.enabled, self.start, self.end) if t is not None)


@dataclass(frozen=True, slots=True)
class Knows:
    """Which moments a set of rows records."""

    enabled: bool
    start: bool

    @property
    def waiting_name(self) -> str:
        """'waiting', or 'lead_in' where waiting and working cannot be told apart."""
        return "waiting" if self.start else "lead_in"


def figures(
    rows: Iterable[Row],
    *,
    finished: Collection[Any] | None = None,
    expected: Mapping[str, float] | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """All figures of these rows.

    Rows of a case come in the file's order (cases may interleave). `finished` are the cases
    whose duration counts (None: all). `expected` are seconds per activity. Rows without an end
    are counted in `queue_now` only; `now` gives their age.
    """
    cases, open_rows, knows = _prepared(rows)
    everything = [row for case in cases.values() for row in case]
    ended = {key: case for key, case in cases.items() if finished is None or key in finished}
    handoffs = _handoffs(everything)
    name = knows.waiting_name
    result = {
        "cases": len(cases),
        "events": len(everything),
        "activities": len({row.activity for row in everything}),
        "resources": len({row.resource for row in everything if row.resource}),
        **_variants(cases),
        **_span(everything),
        "case_duration": _durations(ended),
        "activities_detail": _activities(cases, knows, expected or {}),
        f"{name}_all": spread(row.waiting for row in everything),
    }
    if knows.start:
        result |= _working_share(everything)
    result |= {
        f"handoffs_top5_by_total_{name}": handoffs[:TOP],
        "handoffs": _with_share(handoffs),
        "handoffs_between_resources": _between_resources(everything),
        "rework": _rework(cases),
        "queue": _queue(cases, ended),
        "queue_now": _queue_now(open_rows, now),
        "note": NOTES[name],
    }
    return result


NOTES = {
    "waiting": "",
    "lead_in": (
        "These rows have one time each, so waiting and working cannot be told apart:"
        " lead-in is the time since the row before."
    ),
}


# -- rows of a case ---------------------------------------------------------------------------


def _prepared(rows: Iterable[Row]) -> tuple[dict[Any, list[Done]], list[Row], Knows]:
    """Cases in order with who handed over to whom, the open rows, and what the rows record."""
    cases, still_open = _by_case(rows)
    knows = Knows(
        enabled=any(row.enabled is not None for case in cases.values() for row in case),
        start=any(row.start is not None for case in cases.values() for row in case),
    )
    for case in cases.values():
        case.sort(key=lambda row: (row.end if row.start is None else row.start, row.end))
        _hand_over(case, knows)
    return cases, still_open, knows


def _by_case(rows: Iterable[Row]) -> tuple[dict[Any, list[Done]], list[Row]]:
    cases: dict[Any, list[Done]] = defaultdict(list)
    still_open: list[Row] = []
    for row in rows:
        if row.end is None:
            still_open.append(row)
        else:
            cases[row.case_id].append(
                Done(
                    row.activity, row.resource or "", _us(row.enabled), _us(row.start), _at(row.end)
                )
            )
    return cases, still_open


def _at(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else _at(moment)


def _hand_over(case: list[Done], knows: Knows) -> None:
    """Fill in for each row of a sorted case who handed over to it, and its waiting or lead-in."""
    if not knows.start and not knows.enabled:
        for before, row in pairwise(case):
            row.before, row.waiting = before, row.end - before.end
        return
    by_end = sorted(range(len(case)), key=lambda index: case[index].end)
    ends = [case[index].end for index in by_end]
    for index, row in enumerate(case):
        moment = row.enabled if knows.enabled else row.start
        if moment is None:
            continue
        row.before = _last_ended(case, by_end, ends, moment, index)
        if knows.enabled:
            taken_up = row.start if knows.start else row.end
            row.waiting = None if taken_up is None else taken_up - moment
        elif row.before is not None:
            row.waiting = moment - row.before.end


def _last_ended(
    case: list[Done], by_end: list[int], ends: list[int], moment: int, itself: int
) -> Done | None:
    """The other row with the largest end not after `moment`; of equal ends the last in order."""
    upto = bisect_right(ends, moment)
    while upto:
        index = by_end[upto - 1]
        if index != itself:
            return case[index]
        upto -= 1
    return None


# -- figures ----------------------------------------------------------------------------------


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


def _variants(cases: Mapping[Any, list[Done]]) -> dict[str, Any]:
    traces = Counter(tuple(row.activity for row in case) for case in cases.values())
    top = sorted(traces.items(), key=lambda item: -item[1])[:TOP]
    return {
        "variants": len(traces),
        "top5_variants": [{"cases": count, "trace": list(trace)} for trace, count in top],
    }


def _span(rows: Sequence[Done]) -> dict[str, Any]:
    if not rows:
        return {"from": None, "to": None}
    first = min(row.first_known for row in rows)
    last = max(row.end for row in rows)
    return {"from": _text(first), "to": _text(last)}


def _text(microseconds: int) -> str:
    return str(EPOCH + timedelta(microseconds=microseconds))


def _bounds(case: Sequence[Done]) -> tuple[int, int]:
    return min(row.first_known for row in case), max(row.end for row in case)


def _durations(cases: Mapping[Any, list[Done]]) -> dict[str, Any] | None:
    bounds = [_bounds(case) for case in cases.values()]
    found = spread(last - first for first, last in bounds)
    if found:
        found["median_days"] = round(found["median_s"] / 86400, 4)
        found["p90_days"] = round(found["p90_s"] / 86400, 4)
    return found


def _activities(
    cases: Mapping[Any, list[Done]], knows: Knows, expected: Mapping[str, float]
) -> dict[str, Any]:
    rows: dict[str, list[Done]] = defaultdict(list)
    inside: Counter[str] = Counter()
    for case in cases.values():
        for row in case:
            rows[row.activity].append(row)
        inside.update({row.activity for row in case})
    return {
        activity: _activity(rows[activity], inside[activity], knows, expected.get(activity))
        for activity in sorted(rows)
    }


def _activity(rows: list[Done], cases: int, knows: Knows, expected: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "count": len(rows),
        "cases": cases,
        knows.waiting_name: spread(row.waiting for row in rows),
    }
    if knows.start:
        found["working"] = spread(row.working for row in rows)
    if expected is not None:
        actual = sorted((row.waiting or 0) + (row.working or 0) for row in rows)
        found["expected_s"] = float(expected)
        found["actual_median_s"] = seconds(quantile(actual, 0.5))
        found["gap_s"] = round(found["actual_median_s"] - expected, 3)
    return found


def _working_share(rows: Sequence[Done]) -> dict[str, Any]:
    working = sum(row.working or 0 for row in rows)
    waiting = sum(row.waiting or 0 for row in rows)
    return {
        "working_all": spread(row.working for row in rows),
        "working_share_of_working_plus_waiting": (
            round(working / (working + waiting), 6) if working + waiting else None
        ),
    }


def _handoffs(rows: Iterable[Done]) -> list[dict[str, Any]]:
    """Pairs of steps by the total waiting of the second, largest first."""
    waits: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        if row.before is not None and row.waiting is not None:
            waits[row.before.activity, row.activity].append(row.waiting)
    ranked = sorted(waits.items(), key=lambda item: (-sum(item[1]), item[0]))
    return [_handoff(pair, sorted(values)) for pair, values in ranked]


def _handoff(pair: tuple[str, str], values: list[int]) -> dict[str, Any]:
    total = sum(values)
    return {
        "from": pair[0],
        "to": pair[1],
        "count": len(values),
        "total_s": seconds(total),
        "total_days": round(total / 86_400_000_000, 3),
        "median_s": seconds(quantile(values, 0.5)),
    }


def handoffs_by_resource(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Hand-offs told apart by who handed over to whom, largest total waiting first."""
    cases, _, _ = _prepared(rows)
    waits: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for row in (row for case in cases.values() for row in case):
        before = row.before
        if before is not None and row.waiting is not None:
            pair = (before.activity, before.resource, row.activity, row.resource)
            waits[pair].append(row.waiting)
    ranked = sorted(waits.items(), key=lambda item: (-sum(item[1]), item[0]))
    names = ("from", "from_resource", "to", "to_resource")
    return [
        {
            **dict(zip(names, pair, strict=True)),
            "count": len(values),
            "total_s": seconds(sum(values)),
            "median_s": seconds(quantile(sorted(values), 0.5)),
        }
        for pair, values in ranked
    ]


def _with_share(handoffs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    total = sum(handoff["total_s"] for handoff in handoffs)
    return [
        {**handoff, "share": round(handoff["total_s"] / total, 4) if total else 0.0}
        for handoff in handoffs
    ]


def _between_resources(rows: Iterable[Done]) -> dict[str, Any]:
    """Hand-offs in which the work really changed hands."""
    changed = [row for row in rows if row.before and row.before.resource != row.resource]
    waits = [row.waiting for row in changed if row.waiting is not None]
    return {"count": len(waits), "total_s": seconds(sum(waits)), "top5": _handoffs(changed)[:TOP]}


def _rework(cases: Mapping[Any, list[Done]]) -> dict[str, Any]:
    per_activity: Counter[str] = Counter()
    repeated = rows = distinct = 0
    for case in cases.values():
        counts = Counter(row.activity for row in case)
        again = [activity for activity, count in counts.items() if count > 1]
        per_activity.update(again)
        repeated += bool(again)
        rows += len(case)
        distinct += len(counts)
    return {
        "cases_with_repeat": repeated,
        "case_rate": round(repeated / len(cases), 6) if cases else 0.0,
        "instance_rate": round((rows - distinct) / rows, 6) if rows else 0.0,
        "cases_per_activity": dict(sorted(per_activity.items(), key=lambda x: (-x[1], x[0]))),
    }


# -- queue ------------------------------------------------------------------------------------


def _queue(cases: Mapping[Any, list[Done]], ended: Mapping[Any, list[Done]]) -> dict[str, Any]:
    """Arrivals, departures and open cases by month (UTC), and the most that were open at once."""
    arrivals = [_bounds(case)[0] for case in cases.values()]
    departures = [_bounds(case)[1] for case in ended.values()]
    most, at = _most_open(arrivals, departures)
    return {
        "monthly": _monthly(arrivals, departures),
        "wip_max": most,
        "wip_max_at": _text(at) if at is not None else None,
    }


def _monthly(arrivals: Iterable[int], departures: Iterable[int]) -> list[dict[str, Any]]:
    came, went = (Counter(_text(t)[:7] for t in times) for times in (arrivals, departures))
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


def _queue_now(rows: Sequence[Row], now: datetime | None) -> dict[str, Any]:
    """Open rows by activity: how many, and since when the oldest waits."""
    waiting: dict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        if row.enabled is not None:
            waiting[row.activity].append(row.enabled)
    return {
        activity: {
            "open": len(since),
            "oldest_since": str(min(since)),
            "oldest_s": seconds(_at(now) - _at(min(since))) if now else None,
        }
        for activity, since in sorted(waiting.items())
    }
