"""A rehearsal: many runs of a map on paper, and what went wrong in them."""

from dataclasses import dataclass, replace
from datetime import timedelta

from workflows.engine.errors import DefinitionProblem
from workflows.engine.rehearsal.detecting import DETECTORS, Evidence
from workflows.engine.rehearsal.figures import Figures, measure
from workflows.engine.rehearsal.findings import Finding, rank
from workflows.engine.rehearsal.goals import Goal, find_goals
from workflows.engine.rehearsal.loads import RoleLoad, measure_loads
from workflows.engine.rehearsal.records import RunRecord
from workflows.engine.rehearsal.scenario import Arrivals, Scenario
from workflows.engine.rehearsal.simulation import Simulation
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.working_time import Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a rehearsal gave. `runs` went as chance had it, `probes` were sent somewhere on
    purpose and count in no figure; their numbers follow on."""

    seed: int
    runs: tuple[RunRecord, ...]
    probes: tuple[RunRecord, ...]
    figures: Figures
    findings: tuple[Finding, ...]
    loads: tuple[RoleLoad, ...]

    def run(self, number: int) -> RunRecord | None:
        """The run of this number."""
        return next((run for run in (*self.runs, *self.probes) if run.number == number), None)


def rehearse(graph: Graph, scenario: Scenario, *, calendar: Calendar, runs: int) -> Rehearsal:
    """Let so many requests arrive and go through the map, and say what went wrong.

    Raises DefinitionProblem where the map has no first step."""
    if graph.first is None:
        raise DefinitionProblem("The workflow has no first step; add `start: first`.")
    simulation = Simulation(graph, scenario, calendar=calendar)
    natural = simulation.run(runs=runs).runs
    conditions = simulation.values.conditions
    goals = find_goals(graph, conditions, scenario)
    probes = _send_probes(graph, scenario, calendar, simulation, goals)
    for number, run in enumerate(probes, start=len(natural) + 1):
        run.number = number
    loads = measure_loads(graph, simulation.crew, natural)
    evidence = Evidence(
        graph=graph,
        scenario=scenario,
        conditions=conditions,
        runs=natural,
        probes=probes,
        goals=goals,
        loads=loads,
    )
    return Rehearsal(
        seed=scenario.seed,
        runs=natural,
        probes=probes,
        figures=measure(natural, graph.steps),
        findings=rank([found for detect in DETECTORS for found in detect(evidence)]),
        loads=loads,
    )


def _send_probes(
    graph: Graph,
    scenario: Scenario,
    calendar: Calendar,
    simulation: Simulation,
    goals: tuple[Goal, ...],
) -> tuple[RunRecord, ...]:
    """One run to each goal, a day apart, so that they are not in each other's way."""
    moments = tuple(scenario.starts_at + timedelta(days=day) for day in range(len(goals)))
    apart = replace(scenario, arrivals=Arrivals(fixed=moments))
    probing = Simulation(
        graph, apart, calendar=calendar, goals=goals, conditions=simulation.values.conditions
    )
    return probing.run(runs=len(goals)).runs
