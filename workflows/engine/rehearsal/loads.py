"""How much of their time the people of each role have work for, and whether their queue grows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workflows.engine.format.definition import HumanStep
from workflows.engine.rehearsal.clocks import WEEK, OpenTime
from workflows.engine.rehearsal.crew import Crew
from workflows.engine.rehearsal.records import RunRecord, TaskRecord
from workflows.engine.routing.graph import Graph

LONGER: Final = 2.0
NOTICEABLE: Final = 3600
FEWEST_TASKS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLoad:
    """The work of a role against the hours of its people, while requests come in.

    `share` is above 1 where there is more work than time; `grows` says that who comes later waits
    longer. `step` is where most is waited, `runs` how many waited there longer than at first.
    """

    role: str
    step: str
    share: float
    grows: bool
    runs: int
    example: int | None


def measure_loads(graph: Graph, crew: Crew, runs: Sequence[RunRecord]) -> tuple[RoleLoad, ...]:
    """The load of each role of listed people who had anything to do."""
    if len(runs) < 2:
        return ()
    return tuple(_loads(graph, crew, runs))


def _loads(graph: Graph, crew: Crew, runs: Sequence[RunRecord]) -> Iterator[RoleLoad]:
    window = (runs[0].started, runs[-1].started)
    worked = _work_by_person(runs)
    for role, spec in graph.definition.roles.items():
        steps = {
            key
            for key, step in graph.steps.items()
            if isinstance(step, HumanStep) and step.role == role
        }
        tasks = [(run, task) for run in runs for task in run.tasks if task.step in steps]
        if len(tasks) < FEWEST_TASKS or not spec.is_static:
            continue
        names = crew.in_role(role, {}, None)
        hours = sum(_hours(crew, name, window) for name in names)
        work = sum(worked.get(name, 0) for name in names)
        load = work / hours if hours else float(work > 0)
        step = _most_waited(tasks)
        late = _longer_waits([pair for pair in tasks if pair[1].step == step], crew.calendar)
        yield RoleLoad(
            role=role,
            step=step,
            share=load,
            grows=bool(late),
            runs=len({run.number for run in late}),
            example=late[-1].number if late else None,
        )


def _work_by_person(runs: Sequence[RunRecord]) -> Mapping[str, int]:
    worked: dict[str, int] = {}
    for run in runs:
        for name, seconds in run.worked.items():
            worked[name] = worked.get(name, 0) + seconds
    return worked


def _hours(crew: Crew, name: str, window: tuple[int, int]) -> float:
    """The hours of a person while requests come in. Where all of them come before anybody is at
    work (a schedule in the night), what a week has of hours counts for so much of a week."""
    person, (begin, end) = crew.person(name), window
    in_week = person.time.between(begin, begin + WEEK) * (end - begin) / WEEK
    return max(person.time.between(begin, end), in_week) * person.at_once


def _most_waited(tasks: Sequence[tuple[RunRecord, TaskRecord]]) -> str:
    waited: dict[str, int] = {}
    for _, task in tasks:
        waited[task.step] = waited.get(task.step, 0) + _wait(task)
    return max(waited, key=lambda step: waited[step])


def _longer_waits(
    tasks: Sequence[tuple[RunRecord, TaskRecord]], calendar: OpenTime
) -> list[RunRecord]:
    """The runs that waited longer than the first did, where the last third waits clearly longer
    than the first third."""
    if len(tasks) < 3:
        return []
    ordered = sorted(tasks, key=lambda pair: pair[1].enabled)
    waits = [calendar.between(task.enabled, _begun(task)) for _, task in ordered]
    third = len(waits) // 3
    first, last = sum(waits[:third]) / third, sum(waits[-third:]) / third
    if last < first * LONGER or last - first < NOTICEABLE:
        return []
    return [run for (run, _), wait in zip(ordered, waits, strict=True) if wait > first]


def _wait(task: TaskRecord) -> int:
    return _begun(task) - task.enabled


def _begun(task: TaskRecord) -> int:
    """When the waiting was over: by somebody who began, or by being called off."""
    if task.started is not None:
        return task.started
    return task.enabled if task.completed is None else task.completed
