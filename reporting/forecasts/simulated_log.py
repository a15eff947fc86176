"""A period as it may go, simulated from what was learnt, as the rows of a log."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

from reporting.forecasts.arrivals import spread_evenly
from reporting.forecasts.learning import Learnt
from reporting.forecasts.log_history import END
from reporting.forecasts.staffing import BEGIN, SOMEBODY
from reporting.forecasts.standing import find_running
from workflows.engine.rehearsal.records import RunRecord
from workflows.engine.rehearsal.scenario import Arrivals, Scenario
from workflows.engine.rehearsal.simulation import Simulation
from workflows.engine.rehearsal.straight import StraightSimulation, is_straight
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.working_time import Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRow:
    """One row of a simulated log."""

    case_id: str
    activity: str
    resource: str
    enabled: datetime
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPeriod:
    """The requests that came in in a period, each followed to its end, and how many ran already."""

    runs: tuple[RunRecord, ...]
    running: int

    @property
    def unfinished(self) -> int:
        """How many did not come to an end."""
        return sum(run.ended is None for run in self.runs)


def simulate_period(
    learnt: Learnt, *, until: datetime, calendar: Calendar, seed: int
) -> SimulatedPeriod:
    """Let time go by from the end of the history: what runs goes on, and new requests come in
    until a moment and are followed to their ends."""
    graph = Graph(learnt.definition)
    random = Random(seed)
    begin = learnt.history.until
    moments = tuple(
        spread_evenly(
            learnt.scenario.arrivals.per_hour,
            begin=begin,
            end=int(until.timestamp()),
            offset=learnt.offset,
            random=random,
        )
    )
    running = tuple(find_running(learnt.history, graph, learnt.scenario.steps, seed=seed))
    scenario = replace(
        learnt.scenario, seed=seed, arrivals=Arrivals(fixed=moments), running=running
    )
    runs = run_scenario(graph, scenario, calendar=calendar, runs=len(moments))
    return SimulatedPeriod(runs=runs[len(running) :], running=len(running))


def run_scenario(
    graph: Graph, scenario: Scenario, *, calendar: Calendar, runs: int
) -> tuple[RunRecord, ...]:
    """What ran already and what comes in, each to its end; by the quick course where the map is a
    straight one."""
    if is_straight(graph.definition, scenario):
        return StraightSimulation(graph, scenario, calendar=calendar).run(runs=runs)
    simulation = Simulation(graph, scenario, calendar=calendar, keep_moments=False)
    return simulation.run(runs=runs).runs


def rows_of(
    period: SimulatedPeriod, names: Mapping[tuple[str, str], str], titles: Mapping[str, str]
) -> Iterator[SimulatedRow]:
    """The tasks of people that were done, as a log writes them, in the order of their beginning."""
    rows = [
        SimulatedRow(
            case_id=f"simulated-{run.number:05}",
            activity=names.get((task.step, task.outcome or ""))
            or names.get((task.step, END))
            or titles.get(task.step, task.step),
            resource="" if task.who == SOMEBODY else task.who or "",
            enabled=_moment(task.enabled),
            start=_moment(task.started if task.started is not None else task.completed),
            end=_moment(task.completed),
        )
        for run in period.runs
        for task in run.tasks
        if task.is_human and task.step != BEGIN and task.completed is not None and task.outcome
    ]
    yield from sorted(rows, key=lambda row: (row.start, row.end, row.case_id))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
