"""What nobody needs: steps, routes and rules that are never used, or always gone past."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator

from reporting.reviews.facts.choices import FindingKind, MeasureUnit
from reporting.reviews.facts.measures import (
    Measure,
    RouteDescription,
    RouteUseDetails,
    SkippedStepDetails,
    StepUseDetails,
)
from reporting.reviews.facts.period_rows import ReviewedTask, ReviewRows, route_identity
from reporting.reviews.measuring.waiting import FEWEST_TASKS
from workflows.engine.format.definition import Link, display_title
from workflows.engine.routing.graph import find_reachable

FEWEST_RUNS = 10
"""Below so many requests on the current map nothing is said of what was never used."""
ALWAYS_SKIPPED = 0.9


def count_step_uses(rows: ReviewRows) -> Counter[str]:
    """How often each step of the current map was used by requests on it."""
    counts: Counter[str] = Counter(rows.passed)
    for task in rows.tasks:
        if task.version == rows.map.number:
            counts[task.step] += 1
    return counts


def count_taken_routes(rows: ReviewRows) -> Counter[tuple[str, str]]:
    """How often each route of the current map was taken, outcomes of tasks included."""
    counts = Counter(rows.route_counts)
    for task in rows.tasks:
        if task.is_done and task.version == rows.map.number:
            counts[task.step, _route_name(rows, task)] += 1
    return counts


def _route_name(rows: ReviewRows, task: ReviewedTask) -> str:
    if rows.graph.steps.get(task.step) is None or rows.graph.is_human(task.step):
        return task.outcome
    return "on_error" if task.outcome == "error" else "to"


def _has_enough_runs(rows: ReviewRows) -> bool:
    """Whether enough requests went the current map from its start: one that was moved to it on its
    way says nothing of the steps that lay behind it."""
    whole = [run for run in rows.runs if run.version == rows.map.number and not run.was_moved]
    return len(whole) >= FEWEST_RUNS


def unused_step_measures(rows: ReviewRows) -> Iterator[Measure]:
    """Steps that usual work should reach and never does; exception paths may well rest."""
    counts, enough = count_step_uses(rows), _has_enough_runs(rows)
    usual = _usual_steps(rows)
    for key in rows.graph.steps:
        if key not in usual:
            continue
        yield Measure(
            key=f"step:{key}",
            step=key,
            figure=counts[key],
            unit=MeasureUnit.TIMES,
            is_finding=enough and counts[key] == 0,
            details=StepUseDetails(
                step=rows.graph.title(key), count=counts[key], requests=len(rows.runs)
            ),
        )


def _usual_steps(rows: ReviewRows) -> set[str]:
    following: dict[str, set[str]] = defaultdict(set)
    for link in rows.graph.links:
        if not is_exception_route(link):
            following[link.source].add(link.to)
    first = rows.graph.first
    return set() if first is None else find_reachable([first], following, frozenset())


def is_exception_route(link: Link) -> bool:
    """Whether work should not go this way; error routes and reopening are not usual either."""
    return bool(link.route.exception) or link.kind in ("on_error", "reopen")


def unused_route_measures(rows: ReviewRows) -> Iterator[Measure]:
    """Routes never taken out of steps that are in use. Exception routes may well rest."""
    counts, steps, enough = count_taken_routes(rows), count_step_uses(rows), _has_enough_runs(rows)
    for link in rows.graph.links:
        if is_exception_route(link) or link.kind == "to":
            continue
        count, passes = counts[link.source, route_identity(link)], steps[link.source]
        yield Measure(
            key=route_key(link),
            step=link.source,
            figure=count,
            unit=MeasureUnit.TIMES,
            is_finding=enough and count == 0 and passes >= FEWEST_RUNS,
            details=RouteUseDetails(
                kind=FindingKind.RULE_UNUSED if link.kind == "rule" else FindingKind.ROUTE_UNUSED,
                route=describe_route(rows, link),
                count=count,
                passes=passes,
            ),
        )


def route_key(link: Link) -> str:
    """A route's key: short enough to keep, and its own."""
    key = f"way:{link.source}/{route_identity(link)}"
    if len(key) <= 200:
        return key
    return f"{key[:180]}#{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def describe_route(rows: ReviewRows, link: Link) -> RouteDescription:
    """A route by the titles of its ends."""
    source, target = rows.graph.title(link.source), rows.graph.title(link.to)
    if link.kind == "rule":
        return RouteDescription(source=source, target=target, condition=f"{link.route.when}")
    if link.kind == "otherwise" and not link.route.label:
        return RouteDescription(source=source, target=target, is_otherwise=True)
    label = "" if link.kind == "branch" else link.route.label or display_title(link.name, None)
    return RouteDescription(source=source, target=target, label=label)


def skipped_step_measures(rows: ReviewRows) -> Iterator[Measure]:
    """Steps that work is sent past."""
    by_step: dict[str, list[ReviewedTask]] = defaultdict(list)
    for task in rows.tasks:
        if task.step in rows.graph.steps:
            by_step[task.step].append(task)
    for step, tasks in by_step.items():
        count = sum(is_task_skipped(rows, task) for task in tasks)
        share = count / len(tasks)
        yield Measure(
            key=f"skipped:{step}",
            step=step,
            figure=round(share, 4),
            unit=MeasureUnit.SHARE,
            is_finding=share >= ALWAYS_SKIPPED and len(tasks) >= FEWEST_TASKS,
            details=SkippedStepDetails(step=rows.graph.title(step), count=count, cases=len(tasks)),
        )


def is_task_skipped(rows: ReviewRows, task: ReviewedTask) -> bool:
    """Whether a task was gone past: skipped, sent to another step, or called off alone."""
    was_rerouted = (task.run, task.activation) in rows.rerouted
    return not task.is_done or task.outcome == "skipped" or was_rerouted
