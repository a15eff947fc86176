"""A rehearsal as JSON and as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from workflows.engine.format.definition import Definition
from workflows.engine.rehearsal.clocks import to_moment
from workflows.engine.rehearsal.comparing import Alternative
from workflows.engine.rehearsal.figures import Figures, StepFigures
from workflows.engine.rehearsal.findings import Finding
from workflows.engine.rehearsal.records import RunRecord
from workflows.engine.rehearsal.rehearsing import Rehearsal
from workflows.engine.rehearsal.what_if import write_change
from workflows.engine.routing.holds import holds_something

HOUR = 3600


def rehearsal_json(rehearsal: Rehearsal, cost: Mapping[str, str]) -> dict[str, Any]:
    """Everything but the runs themselves; those that findings name are under `examples`."""
    figures = rehearsal.figures
    named = sorted({each.example for each in rehearsal.findings if each.example is not None})
    runs = ((number, rehearsal.run(number)) for number in named)
    return {
        "runs": figures.runs,
        "seed": rehearsal.seed,
        "ended": figures.ended,
        "duration": {"median_s": figures.duration.median_s, "p90_s": figures.duration.p90_s},
        **_deadlines_json(figures),
        "findings": [_finding_json(finding) for finding in rehearsal.findings],
        "bottleneck": figures.bottleneck,
        "steps": {each.step: _step_json(each) for each in figures.steps},
        "roles": {load.role: round(load.share, 4) for load in rehearsal.loads},
        "cost_per_run": dict(cost),
        "examples": {str(number): run_json(run) for number, run in runs if run is not None},
    }


def _deadlines_json(figures: Figures) -> dict[str, Any]:
    """How requests as a whole keep their due date; nothing where the map sets none."""
    told = figures.deadlines
    if not told.requests:
        return {}
    said = {"requests": told.requests, "late": told.late, "extended": told.extended}
    return {"deadline": said}


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "step": finding.step,
        "share": finding.share,
        "example": finding.example,
        "message": f"{finding.message} {finding.remedy}",
    }


def _step_json(measured: StepFigures) -> dict[str, Any]:
    return {
        "tasks": measured.tasks,
        "waiting": {
            "median_s": measured.waiting_median_s,
            "total_s": measured.waiting_total_s,
        },
        "working": {"median_s": measured.working_median_s, "total_s": measured.worked_s},
        "late": measured.late,
        "expired": measured.expired,
        "extended": measured.extended,
        "queue": {"mean": round(measured.queue_mean, 4), "most": measured.queue_most},
    }


def run_json(run: RunRecord) -> list[dict[str, Any]]:
    """A run, moment by moment."""
    return [
        {
            "at": to_moment(moment.at).isoformat(),
            "step": moment.step,
            "who": moment.who,
            "outcome": moment.outcome,
            "open": list(moment.open),
        }
        for moment in run.moments
    ]


def rehearsal_text(definition: Definition, rehearsal: Rehearsal, cost: Mapping[str, str]) -> str:
    """What a person at the machine reads."""
    figures = rehearsal.figures
    ended = ", ".join(f"{count} {result}" for result, count in figures.ended.items()) or "none"
    lines = [f"{figures.runs} runs of {definition.key}, seed {rehearsal.seed}. Ended: {ended}."]
    lines += _figure_lines(figures, cost)
    if holds_something(definition):
        lines.append("What steps book and spend is supposed to be free.")
    if not rehearsal.findings:
        return "\n".join([*lines, "Nothing went wrong."])
    for finding in rehearsal.findings:
        lines += _finding_lines(finding)
    return "\n".join(lines)


def _figure_lines(figures: Figures, cost: Mapping[str, str]) -> list[str]:
    lines = []
    if figures.duration.median_s is not None and figures.duration.p90_s is not None:
        lines.append(
            f"A request takes {figures.duration.median_s / HOUR:,.1f} hours (half of them),"
            f" {figures.duration.p90_s / HOUR:,.1f} hours (nine of ten)."
        )
    if figures.deadlines.requests:
        told = figures.deadlines
        lines.append(
            f"Due as a whole: {told.requests} requests, {told.late} of them late, more time for"
            f" {told.extended}."
        )
    if figures.bottleneck:
        step = next(each for each in figures.steps if each.step == figures.bottleneck)
        lines.append(
            f"Most is waited at {step.step}: {step.waiting_median_s / HOUR:,.1f} hours, a queue of"
            f" {step.queue_mean:.1f}, at most {step.queue_most}."
        )
    if cost:
        spent = ", ".join(f"{amount} {currency}" for currency, amount in cost.items())
        lines.append(f"A run costs {spent}.")
    return lines


def _finding_lines(finding: Finding) -> list[str]:
    often = f"{finding.share:.0%} of the runs" if finding.share else "in a run sent there"
    where = f" {finding.step}" if finding.step else ""
    example = f" Example: run {finding.example}." if finding.example is not None else ""
    return [
        f"{finding.kind}{where} ({often}): {finding.message}",
        f"    {finding.remedy}{example}",
    ]


def run_text(run: RunRecord) -> str:
    """A run to be read from top to bottom."""
    lines = [f"Run {run.number}, asked for by {run.requester or 'nobody'}:"]
    for moment in run.moments:
        what = " ".join(part for part in (moment.step, moment.outcome) if part)
        who = f" by {moment.who}" if moment.who else ""
        is_open = ", ".join(moment.open) or "nothing"
        lines.append(f"{to_moment(moment.at):%a %Y-%m-%d %H:%M}  {what}{who}; open: {is_open}")
    return "\n".join(lines)


def alternative_json(alternative: Alternative, cost: Mapping[str, str]) -> dict[str, Any]:
    """What would be with changes, in the same words as what is."""
    said = rehearsal_json(alternative.rehearsal, cost)
    said.pop("examples")
    return {"changes": [write_change(change) for change in alternative.changes], **said}


def comparison_text(today: Rehearsal, others: Sequence[Alternative]) -> str:
    """Today and each alternative, one a column."""
    columns = [("today", today)]
    for other in others:
        name = "+".join(write_change(change) for change in other.changes)
        columns.append((name, other.rehearsal))
    lines = {
        "": [name for name, _ in columns],
        "median": [_hours_text(each.figures.duration.median_s) for _, each in columns],
        "nine of ten": [_hours_text(each.figures.duration.p90_s) for _, each in columns],
        "bottleneck": [each.figures.bottleneck or "none" for _, each in columns],
        "findings": [str(len(each.findings)) for _, each in columns],
    }
    widths = [max(len(row[place]) for row in lines.values()) for place in range(len(columns))]
    return "\n".join(
        f"{name:<12}"
        + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for name, row in lines.items()
    )


def _hours_text(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / HOUR:,.1f} h"
