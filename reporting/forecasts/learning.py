"""From the past of a workflow to a scenario: rehearsals, simulated logs and forecasts go by it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from reporting.forecasts.arrivals import learn_arrival_rates
from reporting.forecasts.crew import PastCrew, learn_crew
from reporting.forecasts.field_values import learn_values
from reporting.forecasts.history import History
from reporting.forecasts.staffing import begin_times, staff_definition, staff_people
from reporting.forecasts.step_times import learn_steps
from workflows.engine.format.definition import Definition
from workflows.engine.rehearsal.scenario import Scenario, Shares, Worker
from workflows.engine.rehearsal.supposing import Site, suppose_scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A scenario with the map on which it is played: the same, with the people of the history
    where it names none. `seen` says how often each step was done; of the others the map's own
    times are supposed."""

    definition: Definition
    scenario: Scenario
    history: History
    seen: dict[str, int]

    @property
    def offset(self) -> int:
        """How far the clock of the scenario is ahead of UTC when it begins, in seconds."""
        return clock_offset(self.scenario.zone, self.history.until)


def learn_scenario(
    definition: Definition, history: History, site: Site, *, seed: int = 1
) -> Learnt:
    """Learn from a history; what it does not tell is supposed from the map."""
    starts_at = datetime.fromtimestamp(history.until, UTC)
    offset = clock_offset(history.zone, history.until)
    crew = learn_crew(history, offset=offset)
    staffed = staff_definition(definition, crew, history)
    supposed = suppose_scenario(staffed, site, starts_at=starts_at, seed=seed)
    steps = learn_steps(staffed, history, crew, supposed.steps, offset=offset)
    rates = learn_arrival_rates(history, offset=offset)
    scenario = replace(
        supposed,
        zone=history.zone,
        arrivals=replace(supposed.arrivals, per_hour=rates) if any(rates) else supposed.arrivals,
        people=_merge_people(staffed, crew, supposed),
        steps=steps | begin_times(history),
        values={**supposed.values, **learn_values(staffed, history)},
        starters=_learn_starters(history),
        source="learnt",
    )
    return Learnt(definition=staffed, scenario=scenario, history=history, seen=_count_done(history))


def clock_offset(zone: str, moment: int) -> int:
    """How far a zone's clock is ahead of UTC at a moment, in seconds."""
    ahead = datetime.fromtimestamp(moment, ZoneInfo(zone)).utcoffset()
    return int(ahead.total_seconds()) if ahead else 0


def _merge_people(definition: Definition, crew: PastCrew, supposed: Scenario) -> tuple[Worker, ...]:
    """Whoever worked; and those whom the map names for roles in which nobody was seen."""
    people = {worker.name: worker for worker in staff_people(definition, crew)}
    staffed = {role for worker in people.values() for role in worker.roles}
    for worker in supposed.people:
        missing = tuple(role for role in worker.roles if role not in staffed)
        if missing:
            known = people.get(worker.name, replace(worker, roles=()))
            people[worker.name] = replace(known, roles=(*known.roles, *missing))
    return tuple(people.values())


def _learn_starters(history: History) -> Shares | None:
    counts: dict[str, float] = {}
    for request in history.requests:
        if request.requester:
            counts[request.requester] = counts.get(request.requester, 0.0) + 1.0
    return Shares(tuple(sorted(counts.items()))) if counts else None


def _count_done(history: History) -> dict[str, int]:
    seen: dict[str, int] = {}
    for task in history.done_tasks():
        seen[task.step] = seen.get(task.step, 0) + 1
    return seen
