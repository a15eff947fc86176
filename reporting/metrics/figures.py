"""The figures of a process from its rows, by one set of definitions for logs and native runs.

Pure: rows in, plain data out. Times are counted in whole microseconds and given in seconds;
quantiles are by linear interpolation between order statistics (type 7). `docs/figures.md` states
each definition.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from reporting.metrics.cases import (
    ActivityRow,
    FinishedRow,
    RecordedTimes,
    case_bounds,
    prepare_cases,
)
from reporting.metrics.quantiles import (
    microseconds_to_iso,
    quantile,
    summarize_durations,
    to_rounded_seconds,
)
from reporting.metrics.queues import compute_open_queue, compute_queue
from workflows.language.formats import count_text, share_text

TOP = 5


def compute_figures(
    rows: Iterable[ActivityRow],
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
    cases, open_rows, knows = prepare_cases(rows)
    everything = [row for case in cases.values() for row in case]
    return {
        **_log_figures(cases, everything),
        "case_duration": _duration_figures(_select_cases(cases, finished)),
        "activities_detail": _activities_detail(cases, knows),
        **_time_summaries(everything, knows),
        **_handoff_rankings(everything, knows.kinds),
        "rework": _rework_figures(cases),
        "queue": compute_queue(cases, _select_cases(cases, gone)),
        "queue_now": compute_open_queue(open_rows, now),
        **_compare_with_expected(everything, expected or {}),
        "known": _count_known_times(everything, knows),
        "note": render_coverage_note(knows),
    }


def _select_cases(
    cases: Mapping[Any, list[FinishedRow]], keys: Collection[Any] | None
) -> dict[Any, list[FinishedRow]]:
    """The cases with these keys; all where None is given."""
    return {key: case for key, case in cases.items() if keys is None or key in keys}


def _log_figures(
    cases: Mapping[Any, list[FinishedRow]], rows: Sequence[FinishedRow]
) -> dict[str, Any]:
    """How much there is, in which variants and in which period."""
    return {
        "cases": len(cases),
        "events": len(rows),
        "activities": len({row.activity for row in rows}),
        "resources": len({row.resource for row in rows if row.resource}),
        **_variant_figures(cases),
        **_log_period(rows),
    }


def _time_summaries(rows: Sequence[FinishedRow], knows: RecordedTimes) -> dict[str, Any]:
    """Each kind of time over all rows, and the share of working time where it is known."""
    summaries: dict[str, Any] = {
        f"{kind}_all": summarize_durations(getattr(row, kind) for row in rows)
        for kind in knows.kinds
    }
    return summaries | (_working_share(rows) if knows.start else {})


def _handoff_rankings(rows: Sequence[FinishedRow], kinds: Sequence[str]) -> dict[str, Any]:
    """Hand-offs ranked by each kind of time; the first kind is the main one."""
    main, *other = kinds
    handoffs = {kind: _rank_handoffs(rows, kind) for kind in kinds}
    return {
        **{f"handoffs_top5_by_total_{kind}": ranked[:TOP] for kind, ranked in handoffs.items()},
        "handoffs": _add_shares(handoffs[main]),
        **{f"handoffs_by_{kind}": _add_shares(handoffs[kind]) for kind in other},
        "handoffs_between_resources": _between_resources(rows, main),
    }


def render_coverage_note(knows: RecordedTimes) -> str:
    """What these rows cannot say, in a sentence."""
    if not knows.rows or knows.start == knows.rows:
        return ""
    if not knows.start:
        return gettext(
            "These rows have one time each, so waiting and working cannot be told apart: lead-in is"
            " the time since the row before."
        )
    return gettext(
        "Of %(known)s of %(tasks)s tasks (%(share)s) it is known when work began: waiting and"
        " working are theirs. The others have a lead-in: the time from when the work was there, or"
        " since the row before, to its end."
    ) % {
        "known": count_text(knows.start),
        "tasks": count_text(knows.rows),
        "share": share_text(knows.start / knows.rows),
    }


def _count_known_times(rows: Sequence[FinishedRow], knows: RecordedTimes) -> dict[str, int]:
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


def _variant_figures(cases: Mapping[Any, list[FinishedRow]]) -> dict[str, Any]:
    traces = Counter(tuple(row.activity for row in case) for case in cases.values())
    top = sorted(traces.items(), key=lambda item: -item[1])[:TOP]
    return {
        "variants": len(traces),
        "top5_variants": [{"cases": count, "trace": list(trace)} for trace, count in top],
    }


def _log_period(rows: Sequence[FinishedRow]) -> dict[str, Any]:
    if not rows:
        return {"from": None, "to": None}
    first = min(row.first_known for row in rows)
    last = max(row.end for row in rows)
    return {"from": microseconds_to_iso(first), "to": microseconds_to_iso(last)}


def _duration_figures(cases: Mapping[Any, list[FinishedRow]]) -> dict[str, Any] | None:
    durations = summarize_durations(
        last - first for first, last in map(case_bounds, cases.values())
    )
    if durations:
        durations["median_days"] = round(durations["median_s"] / 86400, 4)
        durations["p90_days"] = round(durations["p90_s"] / 86400, 4)
    return durations


def _activities_detail(
    cases: Mapping[Any, list[FinishedRow]], knows: RecordedTimes
) -> dict[str, Any]:
    rows: dict[str, list[FinishedRow]] = defaultdict(list)
    inside: Counter[str] = Counter()
    for case in cases.values():
        for row in case:
            rows[row.activity].append(row)
        inside.update({row.activity for row in case})
    return {
        activity: _activity_detail(rows[activity], inside[activity], knows)
        for activity in sorted(rows)
    }


def _activity_detail(rows: list[FinishedRow], cases: int, knows: RecordedTimes) -> dict[str, Any]:
    detail: dict[str, Any] = {"count": len(rows), "cases": cases}
    detail |= {
        kind: summarize_durations(getattr(row, kind) for row in rows) for kind in knows.kinds
    }
    if knows.start:
        detail["working"] = summarize_durations(row.working for row in rows)
    return detail


def _compare_with_expected(
    rows: Sequence[FinishedRow], expected: Mapping[str, float]
) -> dict[str, Any]:
    """Expected against the actual median, queue included, both in business seconds."""
    actual: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.business is not None:
            actual[row.activity].append(round(row.business * 1_000_000))
    compared = {
        activity: {
            "expected_s": float(expected_time),
            "actual_median_s": to_rounded_seconds(quantile(sorted(actual[activity]), 0.5)),
            "n": len(actual[activity]),
        }
        for activity, expected_time in expected.items()
        if actual[activity]
    }
    gaps = {
        activity: round(pair["actual_median_s"] - pair["expected_s"], 3)
        for activity, pair in compared.items()
    }
    return {"expected": compared, "gap": dict(sorted(gaps.items(), key=lambda item: -item[1]))}


def _working_share(rows: Sequence[FinishedRow]) -> dict[str, Any]:
    working = sum(row.working or 0 for row in rows)
    waiting = sum(row.waiting or 0 for row in rows)
    return {
        "working_all": summarize_durations(row.working for row in rows),
        "working_share_of_working_plus_waiting": (
            round(working / (working + waiting), 6) if working + waiting else None
        ),
    }


def _rank_handoffs(rows: Iterable[FinishedRow], kind: str) -> list[dict[str, Any]]:
    """Pairs of steps by the total waiting (or lead-in) of the second, largest first."""
    waits: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        waited = getattr(row, kind)
        if row.before is not None and waited is not None:
            waits[row.before.activity, row.activity].append(waited)
    ranked = sorted(waits.items(), key=lambda item: (-sum(item[1]), item[0]))
    return [_handoff_figures(pair, sorted(values)) for pair, values in ranked]


def _handoff_figures(pair: tuple[str, str], values: list[int]) -> dict[str, Any]:
    total = sum(values)
    return {
        "from": pair[0],
        "to": pair[1],
        "count": len(values),
        "total_s": to_rounded_seconds(total),
        "total_days": round(total / 86_400_000_000, 3),
        "median_s": to_rounded_seconds(quantile(values, 0.5)),
    }


def handoffs_by_resource(rows: Iterable[ActivityRow]) -> list[dict[str, Any]]:
    """Hand-offs told apart by who handed over to whom, largest total waiting first (lead-in where
    no start is known)."""
    cases, _, knows = prepare_cases(rows)
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
            "total_s": to_rounded_seconds(sum(values)),
            "median_s": to_rounded_seconds(quantile(sorted(values), 0.5)),
        }
        for pair, values in ranked
    ]


def _add_shares(handoffs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    total = sum(handoff["total_s"] for handoff in handoffs)
    return [
        {**handoff, "share": round(handoff["total_s"] / total, 4) if total else 0.0}
        for handoff in handoffs
    ]


def _between_resources(rows: Iterable[FinishedRow], kind: str) -> dict[str, Any]:
    """Hand-offs in which the work really changed hands."""
    changed = [row for row in rows if row.before and row.before.resource != row.resource]
    waits = [waited for row in changed if (waited := getattr(row, kind)) is not None]
    top = _rank_handoffs(changed, kind)[:TOP]
    return {"count": len(waits), "total_s": to_rounded_seconds(sum(waits)), "top5": top}


def _rework_figures(cases: Mapping[Any, list[FinishedRow]]) -> dict[str, Any]:
    per_activity: Counter[str] = Counter()
    repeated = rows = distinct = 0
    for case in cases.values():
        counts = Counter(row.activity for row in case)
        repeated_activities = [activity for activity, count in counts.items() if count > 1]
        per_activity.update(repeated_activities)
        repeated += bool(repeated_activities)
        rows += len(case)
        distinct += len(counts)
    return {
        "cases_with_repeat": repeated,
        "case_rate": round(repeated / len(cases), 6) if cases else 0.0,
        "instance_rate": round((rows - distinct) / rows, 6) if rows else 0.0,
        "cases_per_activity": dict(sorted(per_activity.items(), key=lambda x: (-x[1], x[0]))),
    }
