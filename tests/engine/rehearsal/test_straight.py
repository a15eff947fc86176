"""The quick course of straight maps is the course of the simulation, to the second."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workflows.engine.format.definition import Definition
from workflows.engine.rehearsal.scenario import (
    Arrivals,
    RunningRequest,
    RunningTask,
    Scenario,
    Shares,
    Spread,
    StepTimes,
    Worker,
)
from workflows.engine.rehearsal.simulation import Simulation
from workflows.engine.rehearsal.straight import StraightSimulation, is_straight
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Token
from workflows.engine.timing.working_time import calendar_named

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
CALENDAR = calendar_named("24/7", UTC)
OFFICE = tuple(float(day < 5 and 9 <= hour < 17) for day in range(7) for hour in range(24))


def definition(**changes: Any) -> Definition:
    """Ask, look (back to ask, or on), pay."""
    ask = {"kind": "task", "role": "staff", "outcomes": {"sent": "look"}}
    steps = {
        "ask": ask | changes,
        "look": {
            "kind": "task",
            "role": "bosses",
            "outcomes": {"back": "ask", "agree": "pay", "no": "done"},
        },
        "pay": {"kind": "task", "role": "staff", "outcomes": {"paid": "done"}},
        "done": {"kind": "end", "result": "done"},
    }
    written = {
        "format": 1,
        "key": "sums",
        "name": "Sums",
        "purpose": "To be simulated.",
        "roles": {"staff": {"groups": ["staff"]}, "bosses": {"groups": ["bosses"]}},
        "start": {"role": "staff", "first": "ask"},
        "steps": steps,
    }
    return Definition.model_validate(written)


def scenario() -> Scenario:
    """Two who do all, one who looks; a delay in the hours in which they begin something."""
    times = StepTimes(
        working=Spread((600, 1800, 7200)), delay=Spread((0, 0, 3600, 40000)), delay_hours=OFFICE
    )
    look = replace(
        times,
        outcomes=Shares((("back", 2.0), ("agree", 5.0), ("no", 1.0))),
        outcomes_after={"ask": Shares((("back", 1.0), ("agree", 1.0)))},
    )
    return Scenario(
        starts_at=MONDAY,
        seed=7,
        arrivals=Arrivals(per_hour=tuple(share * 0.9 for share in OFFICE)),
        people=(
            Worker(name="ann", roles=("staff",), hours=OFFICE),
            Worker(name="ben", roles=("staff",), hours=tuple(share * 0.8 for share in OFFICE)),
            Worker(name="cleo", roles=("bosses", "staff"), hours=OFFICE, at_once=2),
        ),
        steps={"ask": times, "look": look, "pay": times},
        starters=Shares((("dora", 1.0), ("emil", 2.0))),
        running=(
            _running("look", MONDAY - timedelta(hours=30), came_from="ask"),
            _running("pay", MONDAY - timedelta(hours=60), begun=MONDAY - timedelta(hours=55)),
        ),
    )


def _running(
    step: str, enabled: datetime, *, came_from: str | None = None, begun: datetime | None = None
) -> RunningRequest:
    marking = Marking(tokens=(Token(id=1, step=step, round=1),), rounds={step: 1}, next_id=2)
    task = RunningTask(
        activation=1,
        enabled=enabled,
        came_from=came_from,
        begun=begun,
        who="ann" if begun else None,
    )
    return RunningRequest(name=f"R-{step}", marking=marking, started=enabled, tasks=(task,))


def test_both_courses_are_equal() -> None:
    graph, supposed = Graph(definition()), scenario()
    assert is_straight(graph.definition, supposed)
    slow = Simulation(graph, supposed, calendar=CALENDAR, keep_moments=False).run(runs=150)
    quick = StraightSimulation(graph, supposed, calendar=CALENDAR).run(runs=150)
    assert quick == slow.runs


def test_what_ran_before_goes_on_from_where_it_stood() -> None:
    runs = StraightSimulation(Graph(definition()), scenario(), calendar=CALENDAR).run(runs=1)
    assert [run.name for run in runs] == ["R-look", "R-pay", ""]
    looked, paid, _ = runs
    assert looked.tasks[0].enabled == int((MONDAY - timedelta(hours=30)).timestamp())
    assert paid.tasks[0].who == "ann"
    assert all(run.ended is not None for run in runs)


@pytest.mark.parametrize(
    "changes",
    [
        {"quorum": 2},
        {"outputs": ["sum"]},
        {"not_by": ["requester"]},
        {"due": "2d"},
        {"outcomes": {"sent": {"to": "look", "when": "sum > 5"}}},
    ],
)
def test_a_map_with_more_on_it_is_not_straight(changes: dict[str, Any]) -> None:
    fields = {"sum": {"type": "number"}}
    written = definition().dump() | {"fields": fields}
    written["steps"]["ask"] |= changes
    assert not is_straight(Definition.model_validate(written), scenario())
