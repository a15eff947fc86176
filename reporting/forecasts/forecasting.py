"""What is to come of what is open today: simulated from how it stands, and kept."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from reporting.forecasts.arrivals import spread_evenly
from reporting.forecasts.learning import Learnt, learn_scenario
from reporting.forecasts.own_history import read_own_history
from reporting.forecasts.simulated_log import run_scenario
from workflows.calendars.queries.working_calendars import map_calendar
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.format.definition import HumanStep, display_title
from workflows.engine.rehearsal.records import RunRecord
from workflows.engine.rehearsal.scenario import Arrivals, RunningRequest, Spread
from workflows.engine.rehearsal.supposing import Site
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.working_time import Calendar
from workflows.execution.models import (
    QueueForecast,
    RequestForecast,
    WorkflowInstance,
)
from workflows.execution.queries.open_work import find_running_requests
from workflows.execution.services.forecasts import keep_forecasts
from workflows.outbox.services.heartbeats import open_round_units
from workflows.people.queries.listed_people import SiteListedPeople

COURSES: Final = 20
"""So many courses are simulated of what is open."""
LEAST_FINISHED: Final = 20
"""From fewer finished requests nothing is foretold."""
MOST_OPEN: Final = 1000
"""Of a workflow with more open requests nothing is foretold: it would take the night."""
AHEAD: Final = timedelta(days=14)
DROWNING: Final = 2.0
"""A role drowns whose queue becomes so many times as long, and at least `DROWNING_LEAST`."""
DROWNING_LEAST: Final = 5


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is foretold of one workflow."""

    requests: list[RequestForecast]
    queues: list[QueueForecast]


def refresh_forecasts(*, now: datetime, within: float | None = None) -> int:
    """Foretell every workflow that runs; returns how many. With `within`, no workflow is begun
    after so many seconds. One that cannot be foretold is set aside, and the rest goes on."""
    begun, count = time.monotonic(), 0
    live = WorkflowInstance.objects.running().order_by().values("template_id").distinct()
    with open_round_units("forecast", now) as round_forecasts:
        for template in WorkflowTemplate.objects.filter(pk__in=live).order_by("pk"):
            if within is not None and time.monotonic() - begun > within:
                break
            with round_forecasts.isolate_unit(template.key, in_one=False):
                outlook = foretell(template, now=now)
                if outlook is not None:
                    keep_forecasts(template, outlook.requests, outlook.queues, now=now)
                    count += 1
    return count


def foretell(template: WorkflowTemplate, *, now: datetime) -> Outlook | None:
    """What comes of a workflow's open requests; None where there is too little to learn from, or
    too much to simulate."""
    versions = template.versions.select_related("template").order_by("-number")
    version = versions.filter(state=TemplateVersion.PUBLISHED).first()
    open_count = template.instances.filter(state=WorkflowInstance.RUNNING).count()
    if version is None or not 0 < open_count <= MOST_OPEN:
        return None
    definition = definition_of(version)
    history = read_own_history(template, definition, until=now)
    if sum(request.is_over for request in history.requests) < LEAST_FINISHED:
        return None
    calendar = map_calendar(definition)
    site = Site(calendar=calendar, zone=history.zone, people=SiteListedPeople())
    learnt = learn_scenario(definition, history, site)
    running = list(find_running_requests(template, Graph(learnt.definition), now))
    courses = [_simulate(learnt, running, calendar, seed) for seed in range(1, COURSES + 1)]
    return Outlook(
        requests=list(_foretell_requests(running, courses, now)),
        queues=list(_foretell_queues(template, learnt, courses, now)),
    )


def _simulate(
    learnt: Learnt, running: Sequence[RunningRequest], calendar: Calendar, seed: int
) -> tuple[RunRecord, ...]:
    begin = learnt.history.until
    moments = tuple(
        spread_evenly(
            learnt.scenario.arrivals.per_hour,
            begin=begin,
            end=begin + int(AHEAD.total_seconds()),
            offset=learnt.offset,
            random=Random(seed),
        )
    )
    scenario = replace(
        learnt.scenario,
        seed=seed,
        arrivals=Arrivals(fixed=moments),
        running=tuple(running),
    )
    return run_scenario(Graph(learnt.definition), scenario, calendar=calendar, runs=len(moments))


def _foretell_requests(
    running: Sequence[RunningRequest], courses: Sequence[Sequence[RunRecord]], now: datetime
) -> Iterator[RequestForecast]:
    """Of what came to an end in nine of ten courses at least."""
    for place, request in enumerate(running):
        ends = [course[place].ended for course in courses]
        known = Spread.of([end for end in ends if end is not None] or [0])
        if sum(end is not None for end in ends) < 0.9 * len(courses):
            continue
        half, most = (datetime.fromtimestamp(known.quantile(share), UTC) for share in (0.5, 0.9))
        yield RequestForecast(request_id=int(request.name), made_at=now, half_at=half, most_at=most)


def _foretell_queues(
    template: WorkflowTemplate,
    learnt: Learnt,
    courses: Sequence[Sequence[RunRecord]],
    now: datetime,
) -> Iterator[QueueForecast]:
    """The queue of each step that has one now or then, and whether its role drowns."""
    then, begin = now + AHEAD, int(now.timestamp())
    before = _queues_at(courses[0], begin)
    after = [_queues_at(course, int(then.timestamp())) for course in courses]
    steps = {
        key: step for key, step in learnt.definition.steps.items() if isinstance(step, HumanStep)
    }
    drowning = _find_drowning(steps, before, after)
    for key, step in steps.items():
        spread = Spread.of(queues.get(key, 0) for queues in after)
        if not before.get(key) and not spread.quantile(0.9):
            continue
        yield QueueForecast(
            template=template,
            step_key=key,
            step_name=display_title(key, step.name),
            role=step.role or "",
            made_at=now,
            for_at=then,
            queue_now=before.get(key, 0),
            low=spread.quantile(0.1),
            middle=spread.quantile(0.5),
            high=spread.quantile(0.9),
            drowns=(step.role or "") in drowning,
        )


def _find_drowning(
    steps: Mapping[str, HumanStep],
    before: Mapping[str, int],
    after: Sequence[Mapping[str, int]],
) -> set[str]:
    """The roles whose queue doubles at least in half of the courses."""
    found = set()
    for role in {step.role for step in steps.values() if step.role}:
        keys = [key for key, step in steps.items() if step.role == role]
        now = sum(before.get(key, 0) for key in keys)
        then = Spread.of(sum(queues.get(key, 0) for key in keys) for queues in after)
        if then.quantile(0.5) >= max(DROWNING_LEAST, DROWNING * now):
            found.add(role)
    return found


def _queues_at(course: Sequence[RunRecord], moment: int) -> dict[str, int]:
    """How many tasks of each step are open at a moment."""
    queues: dict[str, int] = {}
    for run in course:
        for task in run.tasks:
            is_open = task.completed is None or task.completed > moment
            if task.is_human and task.enabled <= moment and is_open:
                queues[task.step] = queues.get(task.step, 0) + 1
    return queues
