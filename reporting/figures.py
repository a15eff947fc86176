"""The figures of a process from its rows, by one set of definitions for logs and native runs.

Pure: rows in, plain data out. Times are counted in whole microseconds and given in seconds;
quantiles are by linear interpolation between order statistics (type 7). `docs/figures.md` states
each definition.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from reporting.cases import Done, Knows, Row, bounds, prepared
from reporting.quantiles import quantile, seconds, spread, text
from reporting.queues import queue, queue_now

TOP = 5


def figures(
    rows: Iterable[Row],
    *,
    finished: Collection[Any] | None = None,
    gone: Collection[Any] | None = None,
    expected: Mapping[str, float] | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """All figures of these rows.

    Rows of a case come in the file's order (cases may interleave). `finished` are the cases
    whose duration counts, `gone` those that are over in any way (None: all). `expected` are
    business seconds per activity. Rows without an end are counted in `queue_now` only; `now`
    gives their age.
    """
    cases, open_rows, knows = prepared(rows)
    everything = [row for case in cases.values() for row in case]
    ended = {key: case for key, case in cases.items() if finished is None or key in finished}
    over = {key: case for key, case in cases.items() if gone is None or key in gone}
    main, *other = knows.kinds
    handoffs = {kind: _handoffs(everything, kind) for kind in knows.kinds}
    result = {
        "cases": len(cases),
        "events": len(everything),
        "activities": len({row.activity for row in everything}),
        "resources": len({row.resource for row in everything if row.resource}),
        **_variants(cases),
        **_span(everything),
        "case_duration": _durations(ended),
        "activities_detail": _activities(cases, knows),
        **{f"{kind}_all": spread(getattr(row, kind) for row in everything) for kind in handoffs},
    }
    if knows.start:
        result |= _working_share(everything)
    result |= {
        **{f"handoffs_top5_by_total_{kind}": found[:TOP] for kind, found in handoffs.items()},
        "handoffs": _with_share(handoffs[main]),
        **{f"handoffs_by_{kind}": _with_share(handoffs[kind]) for kind in other},
        "handoffs_between_resources": _between_resources(everything, main),
        "rework": _rework(cases),
        "queue": queue(cases, over),
        "queue_now": queue_now(open_rows, now),
        **_against_expected(everything, expected or {}),
        "known": _known(everything, knows),
        "note": note(knows),
    }
    return result


def note(knows: Knows) -> str:
    """What these rows cannot say, in a sentence."""
    if not knows.rows or knows.start == knows.rows:
        return ""
    if not knows.start:
        return (
            "These rows have one time each, so waiting and working cannot be told apart:"
            " lead-in is the time since the row before."
        )
    return (
        f"Of {knows.start:,} of {knows.rows:,} tasks ({knows.start / knows.rows:.0%}) it is known"
        " when work began: waiting and working are theirs. The others have a lead-in: the time"
        " from when the work was there, or since the row before, to its end."
    )


def _known(rows: Sequence[Done], knows: Knows) -> dict[str, int]:
    """Of how many tasks each of these is known."""
    return {
        "tasks": knows.rows,
        "enabled": knows.enabled,
        "start": knows.start,
        "waiting": sum(row.waiting is not None for row in rows),
        "working": knows.start,
        "lead_in": sum(row.lead_in is not None for row in rows),
    }


# -- figures ----------------------------------------------------------------------------------


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
    return {"from": text(first), "to": text(last)}


def _durations(cases: Mapping[Any, list[Done]]) -> dict[str, Any] | None:
    found = spread(last - first for first, last in map(bounds, cases.values()))
    if found:
        found["median_days"] = round(found["median_s"] / 86400, 4)
        found["p90_days"] = round(found["p90_s"] / 86400, 4)
    return found


def _activities(cases: Mapping[Any, list[Done]], knows: Knows) -> dict[str, Any]:
    rows: dict[str, list[Done]] = defaultdict(list)
    inside: Counter[str] = Counter()
    for case in cases.values():
        for row in case:
            rows[row.activity].append(row)
        inside.update({row.activity for row in case})
    return {
        activity: _activity(rows[activity], inside[activity], knows) for activity in sorted(rows)
    }


def _activity(rows: list[Done], cases: int, knows: Knows) -> dict[str, Any]:
    found: dict[str, Any] = {"count": len(rows), "cases": cases}
    found |= {kind: spread(getattr(row, kind) for row in rows) for kind in knows.kinds}
    if knows.start:
        found["working"] = spread(row.working for row in rows)
    return found


def _against_expected(rows: Sequence[Done], expected: Mapping[str, float]) -> dict[str, Any]:
    """Expected against the actual median, queue included, both in business seconds."""
    actual: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.business is not None:
            actual[row.activity].append(round(row.business * 1_000_000))
    compared = {
        activity: {
            "expected_s": float(wanted),
            "actual_median_s": seconds(quantile(sorted(actual[activity]), 0.5)),
            "n": len(actual[activity]),
        }
        for activity, wanted in expected.items()
        if actual[activity]
    }
    gaps = {
        activity: round(pair["actual_median_s"] - pair["expected_s"], 3)
        for activity, pair in compared.items()
    }
    return {"expected": compared, "gap": dict(sorted(gaps.items(), key=lambda item: -item[1]))}


def _working_share(rows: Sequence[Done]) -> dict[str, Any]:
    working = sum(row.working or 0 for row in rows)
    waiting = sum(row.waiting or 0 for row in rows)
    return {
        "working_all": spread(row.working for row in rows),
        "working_share_of_working_plus_waiting": (
            round(working / (working + waiting), 6) if working + waiting else None
        ),
    }


def _handoffs(rows: Iterable[Done], kind: str) -> list[dict[str, Any]]:
    """Pairs of steps by the total waiting (or lead-in) of the second, largest first."""
    waits: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        waited = getattr(row, kind)
        if row.before is not None and waited is not None:
            waits[row.before.activity, row.activity].append(waited)
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
    """Hand-offs told apart by who handed over to whom, largest total waiting first (lead-in where
    no start is known)."""
    cases, _, knows = prepared(rows)
    kind = knows.kinds[0]
    waits: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for row in (row for case in cases.values() for row in case):
        before, waited = row.before, getattr(row, kind)
        if before is not None and waited is not None:
            pair = (before.activity, before.resource, row.activity, row.resource)
            waits[pair].append(waited)
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


def _between_resources(rows: Iterable[Done], kind: str) -> dict[str, Any]:
    """Hand-offs in which the work really changed hands."""
    changed = [row for row in rows if row.before and row.before.resource != row.resource]
    waits = [waited for row in changed if (waited := getattr(row, kind)) is not None]
    top = _handoffs(changed, kind)[:TOP]
    return {"count": len(waits), "total_s": seconds(sum(waits)), "top5": top}


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
