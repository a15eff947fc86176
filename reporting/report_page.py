"""What the report page shows: the figures turned round so that the worst comes first, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reporting.wording import NONE, span

BAR = 100
"""The widest bar, in the picture's own units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One step: how often, how long it waits and is worked on, against what was expected."""

    name: str
    count: int
    waiting: str
    waiting_p90: str
    working: str
    working_p90: str
    expected: str
    actual: str
    gap: str
    is_late: bool
    open_now: int
    waiting_bar: float
    working_bar: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffLine:
    """One hand-off, with its share of all waiting."""

    source: str
    target: str
    count: int
    total: str
    median: str
    share: str
    bar: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """The whole page."""

    cases: int
    events: int
    median: str
    p90: str
    reworked: str
    rework_share: str
    open_now: int
    knows_start: bool
    knows_expected: bool
    verdict: str
    steps: list[StepLine]
    handoffs: list[HandoffLine]
    repeated: list[tuple[str, int]]
    months: list[dict[str, Any]]


def report_page(found: Mapping[str, Any]) -> ReportPage:
    """The page of these figures."""
    duration = found["case_duration"] or {}
    rework = found["rework"]
    return ReportPage(
        cases=found["cases"],
        events=found["events"],
        median=span(duration.get("median_s")),
        p90=span(duration.get("p90_s")),
        reworked=f"{rework['cases_with_repeat']:,}",
        rework_share=f"{rework['case_rate']:.0%}",
        open_now=sum(queue["open"] for queue in found["queue_now"].values()),
        knows_start="waiting_all" in found,
        knows_expected=bool(found["expected"]),
        verdict=_verdict(found),
        steps=_steps(found),
        handoffs=_handoffs(found),
        repeated=list(rework["cases_per_activity"].items())[:5],
        months=found["queue"]["monthly"][-12:],
    )


def _verdict(found: Mapping[str, Any]) -> str:
    """The one sentence to act on: where most of the waiting is, and what is most behind."""
    sentences = []
    if found["handoffs"] and found["handoffs"][0]["total_s"] > 0:
        worst = found["handoffs"][0]
        kind = "waiting" if "waiting_all" in found else "lead-in"
        sentences.append(
            f"{worst['share']:.0%} of all {kind} is between {worst['from']} and {worst['to']}."
        )
    behind = max(found["gap"], key=lambda step: _lost(found, step), default=None)
    if behind and _lost(found, behind) > 0:
        pair = found["expected"][behind]
        sentences.append(
            f"{behind} should take {span(pair['expected_s'])} of working time and takes"
            f" {span(pair['actual_median_s'])}."
        )
    return " ".join(sentences) or "Nothing waits longer than it should."


def _lost(found: Mapping[str, Any], step: str) -> float:
    """What a step takes over its expected time, over all its tasks."""
    lost: float = found["gap"][step] * found["expected"][step]["n"]
    return lost


def _steps(found: Mapping[str, Any]) -> list[StepLine]:
    first = "waiting" if "waiting_all" in found else "lead_in"
    details = found["activities_detail"]
    open_now = found["queue_now"]
    names = sorted(
        {*details, *open_now}, key=lambda name: -_total((details.get(name) or {}).get(first))
    )
    longest = max((_median(d.get(first)) + _median(d.get("working")) for d in details.values()),
                  default=0) or 1  # fmt: skip
    return [_step(name, details.get(name) or {"count": 0}, found, first, longest) for name in names]


def _step(
    name: str, detail: Mapping[str, Any], found: Mapping[str, Any], first: str, longest: float
) -> StepLine:
    waiting, working = detail.get(first) or {}, detail.get("working") or {}
    pair, gap = found["expected"].get(name), found["gap"].get(name)
    return StepLine(
        name=name,
        count=detail["count"],
        waiting=span(waiting.get("median_s")),
        waiting_p90=span(waiting.get("p90_s")),
        working=span(working.get("median_s")),
        working_p90=span(working.get("p90_s")),
        expected=span(pair["expected_s"]) if pair else NONE,
        actual=span(pair["actual_median_s"]) if pair else NONE,
        gap=f"{'+' if gap > 0 else ''}{span(gap)}" if gap is not None else NONE,
        is_late=gap is not None and gap > 0,
        open_now=(found["queue_now"].get(name) or {"open": 0})["open"],
        waiting_bar=round(BAR * _median(waiting) / longest, 2),
        working_bar=round(BAR * _median(working) / longest, 2),
    )


def _handoffs(found: Mapping[str, Any]) -> list[HandoffLine]:
    ranked = found["handoffs"][:10]
    most = max((handoff["total_s"] for handoff in ranked), default=0) or 1
    return [
        HandoffLine(
            source=handoff["from"],
            target=handoff["to"],
            count=handoff["count"],
            total=span(handoff["total_s"]),
            median=span(handoff["median_s"]),
            share=f"{handoff['share']:.0%}",
            bar=round(BAR * handoff["total_s"] / most, 2),
        )
        for handoff in ranked
    ]


def _median(spread: Mapping[str, Any] | None) -> float:
    return float(spread["median_s"]) if spread else 0.0


def _total(spread: Mapping[str, Any] | None) -> float:
    return float(spread["total_s"]) if spread else 0.0
