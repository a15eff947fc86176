"""Figures in words, for the command line."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext

from workflows.language.formats import count_text, render_time_span, share_text


def render_figure_lines(name: str, result: Mapping[str, Any]) -> Iterator[str]:
    """The bottleneck figures as readable lines."""
    yield gettext("%(name)s: %(requests)s requests, %(tasks)s tasks done") % {
        "name": name,
        "requests": count_text(result["cases"]),
        "tasks": count_text(result["events"]),
    }
    duration = result["case_duration"]
    if duration:
        yield gettext(
            "A request takes %(median)s at the median, %(p90)s at the 90th percentile."
        ) % {
            "median": render_time_span(duration["median_s"]),
            "p90": render_time_span(duration["p90_s"]),
        }
    if result["note"]:
        yield result["note"]
    yield ""
    yield from _render_steps(result)
    if result["gap"]:
        yield gettext(
            "gap: the median, queue included, over what is expected; both in working time"
        )
    yield ""
    yield from _render_handoffs(result)
    yield ""
    yield from _render_rework_and_queue(result)


def _render_rework_and_queue(result: Mapping[str, Any]) -> Iterator[str]:
    rework = result["rework"]
    yield gettext("Rework: %(count)s requests repeat a step (%(share)s).") % {
        "count": count_text(rework["cases_with_repeat"]),
        "share": share_text(rework["case_rate"], 1),
    }
    for activity, now in result["queue_now"].items():
        yield gettext("Open now at %(step)s: %(count)s, the oldest since %(since)s.") % {
            "step": activity,
            "count": now["open"],
            "since": now["oldest_since"][:16],
        }


def _render_steps(result: Mapping[str, Any]) -> Iterator[str]:
    kinds = [kind for kind in ("waiting", "lead_in") if f"{kind}_all" in result]
    for kind in kinds:
        yield from _render_times(result, kind)
        if len(kinds) > 1:
            yield ""


def _render_times(result: Mapping[str, Any], first: str) -> Iterator[str]:
    names = {"waiting": gettext("waiting median"), "lead_in": gettext("lead_in median")}
    step, count, p90 = gettext("step"), gettext("count"), gettext("p90")
    working, gap = gettext("working"), gettext("gap")
    yield f"{step:40} {count:>7} {names[first]:>16} {p90:>9} {working:>9} {gap:>9}"
    for activity, figures in result["activities_detail"].items():
        if figures.get(first) is None and first == "lead_in" and "waiting_all" in result:
            continue
        waits, works = figures.get(first) or {}, figures.get("working") or {}
        yield (
            f"{activity[:40]:40} {count_text(figures['count']):>7}"
            f" {render_time_span(waits.get('median_s')):>16}"
            f" {render_time_span(waits.get('p90_s')):>9}"
            f" {render_time_span(works.get('median_s')):>9}"
            f" {render_time_span(result['gap'].get(activity)):>9}"
        )


def _render_handoffs(result: Mapping[str, Any]) -> Iterator[str]:
    yield gettext("Hand-offs by total waiting:")
    for number, handoff in enumerate(result["handoffs"][:10], start=1):
        sentence = gettext(
            "%(source)s → %(target)s: %(total)s in %(count)s, median %(median)s, %(share)s"
        ) % {
            "source": handoff["from"],
            "target": handoff["to"],
            "total": render_time_span(handoff["total_s"]),
            "count": count_text(handoff["count"]),
            "median": render_time_span(handoff["median_s"]),
            "share": share_text(handoff["share"]),
        }
        yield f"{number:>3}. {sentence}"
