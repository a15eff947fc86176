"""A map with the people whom its history shows: an observed map names no roles, nor more than one
first step."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from reporting.forecasts.crew import NOBODY, PastCrew
from reporting.forecasts.history import History
from workflows.engine.format.definition import Definition, HumanStep, StartDef, TaskStep
from workflows.engine.format.parts import RouteDef
from workflows.engine.format.roles import RoleDef
from workflows.engine.rehearsal.scenario import Shares, StepTimes, Worker

BEGIN: Final = "begin_of_log"
"""The step before the first, at which it is drawn where a request begins."""
EVERYBODY: Final = "everybody"
AUTOMATIC: Final = "begin of the log"
SOMEBODY: Final = "somebody"
"""Stands for whoever did what a log has nobody for."""


def staff_definition(definition: Definition, crew: PastCrew, history: History) -> Definition:
    """The definition, with a role for each step that has none: those who did it. Where requests
    begin at several steps, with a step before them."""
    roles, steps = dict(definition.roles), dict(definition.steps)
    for key, step in definition.steps.items():
        if isinstance(step, HumanStep) and step.role is None:
            role = crew_role(crew, key)
            roles[role] = RoleDef.model_validate({"groups": [role]})
            steps[key] = step.model_copy(update={"role": role})
    first = count_first_steps(history)
    start = definition.start or StartDef()
    if roles.keys() != definition.roles.keys() and set(first) - {start.first}:
        roles[BEGIN] = RoleDef.model_validate({"groups": [BEGIN]})
        steps[BEGIN] = TaskStep(
            kind="task",
            role=BEGIN,
            outcomes={_to(key): RouteDef(to=key) for key in first},
        )
        start = start.model_copy(update={"first": BEGIN})
    return definition.model_copy(update={"roles": roles, "steps": steps, "start": start})


def crew_role(crew: PastCrew, step: str) -> str:
    """The role of all steps that the same people do."""
    names = crew.of_steps.get(step)
    if names is None:
        return EVERYBODY
    same = [key for key, others in crew.of_steps.items() if others == names]
    return f"doers_of_{same[0]}"[:60]


def count_first_steps(history: History) -> Counter[str]:
    """At which steps requests began, and how often."""
    return Counter(request.tasks[0].step for request in history.requests if request.tasks)


def begin_times(history: History) -> dict[str, StepTimes]:
    """What is known of the step before the first: it takes no time."""
    first = count_first_steps(history)
    weights = tuple((_to(key), float(count)) for key, count in first.items())
    return {BEGIN: StepTimes(outcomes=Shares(weights))}


def _to(step: str) -> str:
    return f"to_{step}"[:80]


def staff_people(definition: Definition, crew: PastCrew) -> Iterator[Worker]:
    """Everybody who worked, in the roles of the steps that they do."""
    for name, worker in sorted(crew.workers.items()):
        roles = {
            role
            for step, names in crew.of_steps.items()
            if name in names
            for role in _roles_of(definition, step)
        }
        yield Worker(
            name=name or SOMEBODY,
            roles=tuple(sorted(roles | {EVERYBODY})),
            hours=() if name == NOBODY else worker.hours,
            at_once=worker.at_once,
        )
    if BEGIN in definition.steps:
        yield Worker(name=AUTOMATIC, roles=(BEGIN,), hours=(1.0,) * 168, at_once=10**9)


def _roles_of(definition: Definition, key: str) -> set[str]:
    step = definition.steps[key]
    assert isinstance(step, HumanStep)
    named = {step.role, *(route.role for route in step.outcomes.values())}
    return {role for role in named if role is not None}
