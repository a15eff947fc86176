"""What a simulation comes to in numbers: how long requests take, where they queue, who is busy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows.engine.format.definition import EXPIRED
from workflows.engine.rehearsal.records import RunRecord, TaskRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFigures:
    """One step over all runs, in seconds of the clock. `waiting` is from the handoff until
    somebody begins; `queue` is how many tasks are there at a time, on average and at most.
    `expired` is how many went their way by time, and `extended` how many were given more time."""

    step: str
    tasks: int
    waiting_median_s: float
    waiting_total_s: int
    working_median_s: float
    worked_s: int
    late: int
    expired: int
    extended: int
    queue_mean: float
    queue_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long the requests that ended took."""

    median_s: float | None
    p90_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Of the requests that ended: how many were due as a whole, how many of them were late, and
    how many were given more time."""

    requests: int
    late: int
    extended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A simulation in numbers. The `bottleneck` is the step of people at which most time is
    waited in all."""

    runs: int
    ended: dict[str, int]
    duration: Duration
    deadlines: Deadlines
    steps: tuple[StepFigures, ...]
    bottleneck: str | None


def measure(runs: Sequence[RunRecord], steps: Iterable[str]) -> Figures:
    """The figures of these runs; steps that none came to are left out."""
    ended: dict[str, int] = {}
    for run in runs:
        if run.result is not None:
            ended[run.result] = ended.get(run.result, 0) + 1
    durations = [run.ended - run.started for run in runs if run.ended is not None]
    by_step: dict[str, list[TaskRecord]] = {step: [] for step in steps}
    for run in runs:
        for task in run.tasks:
            by_step[task.step].append(task)
    window = (runs[0].started, runs[-1].started) if runs else (0, 0)
    measured = tuple(_measure_step(step, tasks, window) for step, tasks in by_step.items() if tasks)
    human = {task.step for run in runs for task in run.tasks if task.is_human}
    waited = [each for each in measured if each.step in human and each.waiting_total_s > 0]
    top = max(waited, key=lambda each: each.waiting_total_s, default=None)
    return Figures(
        runs=len(runs),
        ended=dict(sorted(ended.items())),
        duration=Duration(median_s=quantile(durations, 0.5), p90_s=quantile(durations, 0.9)),
        deadlines=_count_deadlines(runs),
        steps=measured,
        bottleneck=top.step if top else None,
    )


def _count_deadlines(runs: Sequence[RunRecord]) -> Deadlines:
    timed = [run for run in runs if run.due is not None and run.ended is not None]
    return Deadlines(
        requests=len(timed),
        late=sum(run.is_late for run in timed),
        extended=sum(run.extended > 0 for run in timed),
    )


def quantile(values: Iterable[float], share: float) -> float | None:
    """By linear interpolation (type 7), as everywhere, to a tenth of a second; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return round(ordered[below] + (ordered[above] - ordered[below]) * (place - below), 1)


def _measure_step(step: str, tasks: Sequence[TaskRecord], window: tuple[int, int]) -> StepFigures:
    waits = [task.started - task.enabled for task in tasks if task.started is not None]
    works = [
        task.completed - task.started
        for task in tasks
        if task.started is not None and task.completed is not None
    ]
    mean, most = _measure_queue(tasks, window)
    return StepFigures(
        step=step,
        tasks=len(tasks),
        waiting_median_s=quantile(waits, 0.5) or 0.0,
        waiting_total_s=sum(waits),
        working_median_s=quantile(works, 0.5) or 0.0,
        worked_s=sum(task.worked for task in tasks),
        late=sum(task.is_late for task in tasks),
        expired=sum(task.is_human and task.outcome == EXPIRED for task in tasks),
        extended=sum(task.extended > 0 for task in tasks),
        queue_mean=mean,
        queue_most=most,
    )


def _measure_queue(tasks: Sequence[TaskRecord], window: tuple[int, int]) -> tuple[float, int]:
    """The tasks that are enabled and not completed: on average while requests come in, and at
    most."""
    begin, end = window
    changes = [(task.enabled, 1) for task in tasks]
    changes += [(task.completed, -1) for task in tasks if task.completed is not None]
    there = most = area = 0
    before = begin
    for moment, change in sorted(changes):
        inside = min(max(moment, begin), end)
        area += there * (inside - before)
        before = inside
        there += change
        most = max(most, there)
    area += there * (end - before)
    return (area / (end - begin) if end > begin else 0.0), most
