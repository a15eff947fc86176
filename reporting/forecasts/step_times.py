"""How long the work of each step takes, how long it lies though somebody is free, and how it is
decided."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from reporting.forecasts.crew import FreeTime, PastCrew
from reporting.forecasts.history import History, PastTask
from workflows.engine.format.definition import Definition, HumanStep
from workflows.engine.rehearsal.scenario import NO_TIME, Shares, Spread, StepTimes

ENOUGH: Final = 15
"""From so many decisions on, what came before is told apart."""
FEW: Final = 5
"""Of a step that was done less often its expected time is taken, where the map says one."""
NEWER_SHARE: Final = 0.5
NEWER_LEAST: Final = 20
"""Delays are taken from the newer half of the tasks, of fifty at least: they change with time."""


def learn_steps(
    definition: Definition,
    history: History,
    crew: PastCrew,
    supposed: Mapping[str, StepTimes],
    *,
    offset: int,
) -> dict[str, StepTimes]:
    """What is known of each step; what is supposed, where nothing is."""
    done: dict[str, list[PastTask]] = defaultdict(list)
    for task in history.done_tasks():
        done[task.step].append(task)
    free: dict[tuple[str, ...], FreeTime] = {}
    learnt = dict(supposed)
    for key, tasks in done.items():
        step = definition.steps[key]
        assert isinstance(step, HumanStep)
        names = crew.of_steps[key]
        if names not in free:
            free[names] = FreeTime(names, crew, crew.speeds[key], offset=offset)
        stated = supposed[key] if step.expected and len(tasks) < FEW else None
        learnt[key] = _learn_step(step, tasks, crew, free[names], stated)
    return learnt


def _learn_step(
    step: HumanStep,
    tasks: Sequence[PastTask],
    crew: PastCrew,
    free: FreeTime,
    stated: StepTimes | None,
) -> StepTimes:
    shares, after = _learn_outcomes(step, tasks)
    return StepTimes(
        working=stated.working if stated else Spread.of(_working(task, crew) for task in tasks),
        delay=stated.delay if stated else _learn_delay(tasks, free),
        delay_hours=() if stated else free.speed.hours,
        outcomes=shares,
        outcomes_after=after,
    )


def _working(task: PastTask, crew: PastCrew) -> int:
    """The seconds of the person's own hours from beginning to end, without rests."""
    assert task.completed is not None
    if task.begun is None:
        return 0
    worked = crew.workers[task.who].time.between(task.begun, task.completed)
    return max(0, round(worked) - task.rested)


def _learn_delay(tasks: Sequence[PastTask], free: FreeTime) -> Spread:
    waited = sorted(
        (task for task in tasks if not task.is_first), key=lambda task: (task.enabled, task.who)
    )
    newer = waited[-max(NEWER_LEAST, int(len(waited) * NEWER_SHARE)) :]
    delays = [round(free.between(task.enabled, _taken_up(task))) for task in newer]
    return Spread.of(delays) if delays else NO_TIME


def _taken_up(task: PastTask) -> int:
    assert task.completed is not None
    return task.completed if task.begun is None else task.begun


def _learn_outcomes(
    step: HumanStep, tasks: Sequence[PastTask]
) -> tuple[Shares | None, dict[str, Shares]]:
    """How often each outcome, in all and behind each step that came before often enough."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for task in tasks:
        if task.outcome:
            counts[""][task.outcome] += 1
            counts[task.came_from or ""][task.outcome] += task.came_from is not None
    shares = {
        before: Shares(tuple((name, float(found[name])) for name in step.outcomes))
        for before, found in counts.items()
        if sum(found.values()) >= (1 if before == "" else ENOUGH)
    }
    return shares.pop("", None), shares
