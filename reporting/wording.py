"""Figures in words, for the command line and the report page."""

from collections.abc import Iterator, Mapping
from typing import Any

NONE = "\N{EN DASH}"


def span(seconds: float | None) -> str:
    """Seconds as people say them: '35 s', '12 min', '3.4 h', '2.1 d'; a dash for none."""
    if seconds is None:
        return NONE
    size, sign = abs(seconds), "-" if seconds < 0 else ""
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if size < limit:
            number = f"{size / unit:.1f}".rstrip("0").rstrip(".")
            return f"{sign}{number} {name}"
    return f"{sign}{size / 86400:.1f} d"


def lines_of(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """The bottleneck figures as readable lines."""
    yield f"{name}: {found['cases']:,} requests, {found['events']:,} tasks done"
    duration = found["case_duration"]
    if duration:
        yield (
            f"A request takes {span(duration['median_s'])} at the median,"
            f" {span(duration['p90_s'])} at the 90th percentile."
        )
    if found["note"]:
        yield found["note"]
    yield ""
    yield from _steps(found)
    if found["gap"]:
        yield "gap: the median, queue included, over what is expected; both in working time"
    yield ""
    yield from _handoffs(found)
    rework = found["rework"]
    yield ""
    repeats, share = rework["cases_with_repeat"], rework["case_rate"]
    yield f"Rework: {repeats:,} requests repeat a step ({share:.1%})."
    for activity, now in found["queue_now"].items():
        yield f"Open now at {activity}: {now['open']}, the oldest since {now['oldest_since'][:16]}."


def _steps(found: Mapping[str, Any]) -> Iterator[str]:
    kinds = [kind for kind in ("waiting", "lead_in") if f"{kind}_all" in found]
    for kind in kinds:
        yield from _times(found, kind)
        if len(kinds) > 1:
            yield ""


def _times(found: Mapping[str, Any], first: str) -> Iterator[str]:
    yield f"{'step':40} {'count':>7} {first + ' median':>16} {'p90':>9} {'working':>9} {'gap':>9}"
    for activity, figures in found["activities_detail"].items():
        if figures.get(first) is None and first == "lead_in" and "waiting_all" in found:
            continue
        waiting, working = figures.get(first) or {}, figures.get("working") or {}
        yield (
            f"{activity[:40]:40} {figures['count']:>7,} {span(waiting.get('median_s')):>16}"
            f" {span(waiting.get('p90_s')):>9} {span(working.get('median_s')):>9}"
            f" {span(found['gap'].get(activity)):>9}"
        )


def _handoffs(found: Mapping[str, Any]) -> Iterator[str]:
    yield "Hand-offs by total waiting:"
    for number, handoff in enumerate(found["handoffs"][:10], start=1):
        yield (
            f"{number:>3}. {handoff['from']} → {handoff['to']}: {span(handoff['total_s'])} in"
            f" {handoff['count']:,}, median {span(handoff['median_s'])}, {handoff['share']:.0%}"
        )
