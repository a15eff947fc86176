"""The facts of a review as plain data, ready to be kept. Pure but for `gather`, which reads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from reporting.costs import MonthCost, period_cost
from reporting.quantiles import MICROSECOND, spread
from reporting.reviews.measures import (
    Measure,
    expected_seconds,
    is_exception,
    is_skipped,
    measures,
    taken_ways,
    used,
    way_key,
    way_words,
    working_day,
)
from reporting.reviews.rows import Rows, ident, read
from workflows.engine.definition import HUMAN_KINDS
from workflows.models import WorkflowTemplate

BY = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"


def gather(
    template: WorkflowTemplate,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    last: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All facts of a period; `last` are the facts of the review before this one.

    Raises NotFound for a workflow that has never been published.
    """
    rows = read(template, since=since, until=until)
    cost = period_cost(template, since=since, until=until)
    return facts(rows, cost=cost, now=now, last=last)


def facts(
    rows: Rows, *, cost: MonthCost, now: datetime, last: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The same, from rows that were read already."""
    found = measures(rows)
    baseline = _baseline(rows)
    runs, cycle, minutes = _runs(rows), _cycle(rows), _minutes(rows)
    return {
        "workflow": rows.template.key,
        "name": rows.template.name,
        "version": rows.map.number,
        "working_day_s": working_day(rows),
        "owner": rows.owner.username if rows.owner else None,
        "deputy": rows.deputy.username if rows.deputy else None,
        "period": {
            "since": rows.since,
            "until": rows.until,
            "days": (rows.until - rows.since).days,
        },
        "gathered_at": now,
        "runs": runs,
        "cycle": cycle,
        "minutes": minutes,
        "baseline": baseline,
        "against": _against(runs, cycle, minutes, baseline, last),
        "steps": _steps(rows, found),
        "ways": _ways(rows),
        "incidents": [_incident(one) for one in found if one.kind == "incidents"],
        "past_approvals": [
            {"step": key, "count": count} for key, count in sorted(rows.gone_past.items())
        ],
        "saved": _saved(runs, minutes, baseline, cost),
        "findings": [one.as_data() for one in found if one.is_finding],
        "measures": {one.key: _short(one) for one in found},
    }


def _short(one: Measure) -> dict[str, Any]:
    return {
        "figure": one.figure, "unit": one.unit, "is_finding": one.is_finding, "words": one.words,
    }  # fmt: skip


# -- runs -------------------------------------------------------------------------------------


def _runs(rows: Rows) -> dict[str, Any]:
    """Runs that ended in the period. A run went well when it came to an end by a way that the
    map does not mark as an exception; it had an error when a step was done again in it, or an
    incident was opened."""
    ended = len(rows.runs)
    good = sum(run.is_success for run in rows.runs)
    cancelled = sum(run.is_cancelled for run in rows.runs)
    wrong = {task.run for task in rows.tasks if task.is_done and task.round > 1}
    wrong |= {trouble.run for trouble in rows.troubles}
    errors = sum(run.id in wrong for run in rows.runs)
    return {
        "started": rows.started,
        "ended": ended,
        "successful": good,
        "exceptions": ended - good - cancelled,
        "cancelled": cancelled,
        "with_errors": errors,
        "open_now": rows.open_now,
        "success_rate": _share(good, ended),
        "error_rate": _share(errors, ended),
        "successes_30_days": rows.successes_lately,
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _cycle(rows: Rows) -> dict[str, Any] | None:
    """From start to end, by the clock, of runs that were not cancelled."""
    whole = [run for run in rows.runs if not run.is_cancelled]
    return spread((run.ended - run.started) // MICROSECOND for run in whole)


def _minutes(rows: Rows) -> dict[str, Any]:
    """People's working time, of runs that ended in the period (their tasks in it)."""
    ended = {run.id for run in rows.runs}
    by_run: dict[int, float] = defaultdict(float)
    for task in rows.tasks:
        if task.kind in HUMAN_KINDS and task.is_done and task.working is not None:
            by_run[task.run] += task.working if task.run in ended else 0.0
    known = spread(round(by_run[run] * 1_000_000) for run in ended if run in by_run)
    if known is None:
        return {"requests": 0, "total": 0.0, "per_request": None, "median": None}
    return {
        "requests": known["n"],
        "total": round(known["total_s"] / 60, 2),
        "per_request": round(known["mean_s"] / 60, 2),
        "median": round(known["median_s"] / 60, 2),
    }


def _baseline(rows: Rows) -> dict[str, Any]:
    baseline = rows.graph.definition.baseline
    return {
        "minutes_per_request": baseline.minutes_per_request if baseline else None,
        "error_rate": baseline.error_rate if baseline else None,
    }


def _against(
    runs: Mapping[str, Any],
    cycle: Mapping[str, Any] | None,
    minutes: Mapping[str, Any],
    baseline: Mapping[str, Any],
    last: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """Now, in the review before, and before the workflow; None where it is not known."""
    before = last or {}
    old_runs, old_cycle = before.get("runs") or {}, before.get("cycle") or {}
    old_minutes = before.get("minutes") or {}
    lines = (
        ("Requests that ended", "count", runs["ended"], old_runs.get("ended"), None),
        ("Went well", "share", runs["success_rate"], old_runs.get("success_rate"), None),
        ("Time from start to end, median", "s", (cycle or {}).get("median_s"),
         old_cycle.get("median_s"), None),
        ("Time from start to end, 9 of 10 at most", "s", (cycle or {}).get("p90_s"),
         old_cycle.get("p90_s"), None),
        ("Had an error", "share", runs["error_rate"], old_runs.get("error_rate"),
         baseline["error_rate"]),
        ("People's minutes a request, average", "min", minutes["per_request"],
         old_minutes.get("per_request"), baseline["minutes_per_request"]),
    )  # fmt: skip
    names = ("what", "unit", "now", "last", "baseline")
    return [dict(zip(names, line, strict=True)) for line in lines]


# -- steps, ways, incidents -------------------------------------------------------------------


def _steps(rows: Rows, found: Iterable[Measure]) -> list[dict[str, Any]]:
    waits = {one.step: one.facts for one in found if one.kind == "bottleneck"}
    expected, counts = expected_seconds(rows), used(rows)
    skipped: dict[str, int] = defaultdict(int)
    for task in rows.tasks:
        skipped[task.step] += is_skipped(rows, task)
    return [
        {
            "step": key,
            "name": rows.graph.title(key),
            "kind": step.kind,
            "used": counts[key],
            "skipped": skipped[key],
            "median_s": waits.get(key, {}).get("median_s"),
            "p90_s": waits.get(key, {}).get("p90_s"),
            "expected_s": expected.get(key),
            "gap_s": waits.get(key, {}).get("gap_s"),
        }
        for key, step in rows.graph.steps.items()
    ]


def _ways(rows: Rows) -> list[dict[str, Any]]:
    counts = taken_ways(rows)
    return [
        {
            "key": way_key(link),
            "step": link.source,
            "to": link.to,
            "kind": link.kind,
            "words": way_words(rows, link),
            "exception": is_exception(link),
            "taken": counts[link.source, ident(link)],
        }
        for link in rows.graph.links
        if link.kind not in ("to", "reopen")
    ]


def _incident(one: Measure) -> dict[str, Any]:
    return {"code": one.key.partition(":")[2], "count": int(one.figure), **one.facts}


# -- what it saves ----------------------------------------------------------------------------


def _saved(
    runs: Mapping[str, Any],
    minutes: Mapping[str, Any],
    baseline: Mapping[str, Any],
    cost: MonthCost,
) -> dict[str, Any]:
    """Minutes and money against the baseline, with the arithmetic in sentences."""
    before, now = baseline["minutes_per_request"], minutes["per_request"]
    if before is None or now is None:
        why = "The map has no baseline" if before is None else "No working time is known"
        return {"minutes": None, "money": {}, "words": [f"{why}, so nothing can be compared."]}
    ended = minutes["requests"]
    each = round(before - now, 2)
    total = round(each * ended, 2)
    words = [
        f"Before the workflow: {before:g} minutes of work a request (the map's baseline).",
        f"Now: {minutes['total']:,.2f} minutes of people's working time in {ended:,} requests that"
        f" ended, {minutes['total']:,.2f} / {ended:,} = {now:,.2f} minutes a request on average;"
        f" half of them took at most {minutes['median']:,.2f}.",
        f"{before:g} {MINUS} {now:,.2f} = {each:,.2f} minutes a request;"
        f" {each:,.2f} {BY} {ended:,} = {total:,.2f} minutes ({total / 60:,.1f} hours)"
        f" {'saved' if total >= 0 else 'lost'} in this period.",
    ]
    money = {}
    for currency, paid in sorted(cost.people.items()):
        if len(cost.people) == 1 and cost.priced_seconds:
            rate = paid / (cost.priced_seconds / 3600)
            money[currency] = round(float(rate) * total / 60, 2)
            words.append(
                f"An hour of this work costs {rate:,.2f} {currency} on average (by the rates of"
                f" roles); {total:,.2f} / 60 {BY} {rate:,.2f} = {money[currency]:,.2f} {currency}."
            )
    words.append(
        "These are averages of what was measured against a figure from before, not a promise:"
        " requests differ, and the baseline is only as good as whoever measured it."
    )
    return {"minutes": total, "each": each, "money": money, "words": words}
