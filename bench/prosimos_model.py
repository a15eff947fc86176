"""A learnt scenario as Prosimos takes it: the same steps, shares, people, hours and times."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, pvariance
from typing import Any
from xml.sax.saxutils import quoteattr

from reporting.forecasts.learning import Learnt
from reporting.forecasts.staffing import BEGIN
from workflows.engine.format.definition import HumanStep
from workflows.engine.rehearsal.scenario import Spread, StepTimes

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def write_model(learnt: Learnt, folder: Path) -> tuple[Path, Path]:
    """The diagram and the parameters, as two files."""
    flows = list(_flows(learnt))
    diagram, parameters = folder / "model.bpmn", folder / "model.json"
    diagram.write_text(_diagram(learnt, flows))
    parameters.write_text(json.dumps(_parameters(learnt, flows)))
    return diagram, parameters


def _human(learnt: Learnt) -> dict[str, HumanStep]:
    """The steps that may be come to: those that were seen."""
    return {
        key: step
        for key, step in learnt.definition.steps.items()
        if isinstance(step, HumanStep) and key != BEGIN and learnt.seen.get(key)
    }


def _shares(learnt: Learnt, key: str) -> dict[str, float]:
    """Where it goes from a step, by target, with how often; the end is ''."""
    times, step = learnt.scenario.steps[key], learnt.definition.steps[key]
    assert isinstance(step, HumanStep)
    assert times.outcomes is not None
    in_all = sum(weight for _, weight in times.outcomes.weights)
    found: dict[str, float] = {}
    for outcome, weight in times.outcomes.weights:
        target = step.outcomes[outcome].to
        target = target if isinstance(learnt.definition.steps[target], HumanStep) else ""
        if weight:
            found[target] = found.get(target, 0.0) + weight / in_all
    return found


def _flows(learnt: Learnt) -> Iterator[tuple[str, str, str, float]]:
    """Each arrow: its id, from, to, and its share."""
    first = learnt.definition.start.first if learnt.definition.start else None
    begins = _shares(learnt, BEGIN) if first == BEGIN else {first or "": 1.0}
    yield "f_start", "start", "split_start", 1.0
    for target, share in begins.items():
        yield f"f_start_{target}", "split_start", f"join_{target}", share
    for key in _human(learnt):
        yield f"f_in_{key}", f"join_{key}", key, 1.0
        yield f"f_out_{key}", key, f"split_{key}", 1.0
        for target, share in _shares(learnt, key).items():
            yield f"f_{key}_to_{target}", f"split_{key}", f"join_{target}", share
    yield "f_end", "join_", "end", 1.0


def _diagram(learnt: Learnt, flows: Sequence[tuple[str, str, str, float]]) -> str:
    gateways = {end for _, source, target, _ in flows for end in (source, target)}
    parts = ['<startEvent id="start"/>', '<endEvent id="end"/>']
    parts += [
        f"<exclusiveGateway id={quoteattr(name)}/>"
        for name in sorted(gateways)
        if name.startswith(("join_", "split_"))
    ]
    parts += [f"<task id={quoteattr(key)} name={quoteattr(key)}/>" for key in _human(learnt)]
    parts += [
        f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}"/>'
        for name, source, target, _ in flows
    ]
    return f'<definitions xmlns="{BPMN}"><process id="p">{"".join(parts)}</process></definitions>'


def _parameters(learnt: Learnt, flows: Sequence[tuple[str, str, str, float]]) -> dict[str, Any]:
    week = sum(learnt.scenario.arrivals.per_hour)
    splits: dict[str, list[dict[str, Any]]] = {}
    for name, source, _, share in flows:
        if source.startswith("split_"):
            splits.setdefault(source, []).append({"path_id": name, "value": share})
    mean = 7 * 86400 / week
    return {
        "resource_profiles": list(_profiles(learnt)),
        "arrival_time_distribution": {
            "distribution_name": "expon",
            "distribution_params": [{"value": mean}, {"value": 0}, {"value": mean * 50}],
        },
        "arrival_time_calendar": _periods((1.0,) * 168),
        "gateway_branching_probabilities": [
            {"gateway_id": name, "probabilities": ways} for name, ways in splits.items()
        ],
        "task_resource_distribution": list(_work(learnt)),
        "resource_calendars": [
            {
                "id": f"calendar {person.name}",
                "time_periods": _periods(person.hours or (1.0,) * 168),
            }
            for person in learnt.scenario.people
        ],
    }


def _profiles(learnt: Learnt) -> Iterator[Mapping[str, Any]]:
    roles = sorted({role for person in learnt.scenario.people for role in person.roles})
    people = [person for person in learnt.scenario.people if person.name]
    yield {
        "id": "everybody",
        "name": f"everybody of {len(roles)} roles",
        "resource_list": [
            {
                "id": person.name,
                "name": person.name,
                "cost_per_hour": 1,
                "amount": 1,
                "calendar": f"calendar {person.name}",
                "assigned_tasks": [],
            }
            for person in people
        ],
    }


def _work(learnt: Learnt) -> Iterator[Mapping[str, Any]]:
    for key, step in _human(learnt).items():
        names = [p.name for p in learnt.scenario.people if step.role in p.roles]
        times = _distribution(learnt.scenario.steps.get(key, StepTimes()).working)
        yield {"task_id": key, "resources": [{"resource_id": name, **times} for name in names]}


def _distribution(spread: Spread) -> dict[str, Any]:
    mean, spread_out = fmean(spread.samples), pvariance(spread.samples)
    if mean <= 0 or spread_out < 1:
        return {"distribution_name": "fix", "distribution_params": [{"value": mean}] * 3}
    longest = float(spread.samples[-1])
    values = (mean, spread_out, 0.0, longest)
    return {
        "distribution_name": "gamma",
        "distribution_params": [{"value": value} for value in values],
    }


def _periods(hours: Sequence[float]) -> list[dict[str, str]]:
    """The open hours of a week, put together where they follow each other."""
    found = []
    for day, name in enumerate(DAYS):
        begin: int | None = None
        for hour in range(25):
            is_open = hour < 24 and hours[day * 24 + hour] > 0
            if is_open and begin is None:
                begin = hour
            elif not is_open and begin is not None:
                closes = "23:59:59.999" if hour == 24 else f"{hour:02}:00:00"
                found.append(
                    {"from": name, "to": name, "beginTime": f"{begin:02}:00:00", "endTime": closes}
                )
                begin = None
    return found
