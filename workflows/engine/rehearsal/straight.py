"""The quick course of a map on which one task of people comes after the other.

Where nothing is side by side, no rule is asked, nothing is filled in and nobody is kept apart, the
engine's answer to a decision hangs on the step and the outcome alone. So it is asked once for each
of them, and the answer kept. What is drawn is drawn in the order of `Simulation`, whose course is
the same to the second.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from workflows.engine.format.definition import Definition, HumanStep, TaskStep, excluded_parties
from workflows.engine.rehearsal.arriving import Arrival, arrival_moments
from workflows.engine.rehearsal.clocks import calendar_time, to_seconds
from workflows.engine.rehearsal.crew import Crew, Person
from workflows.engine.rehearsal.delays import Delays
from workflows.engine.rehearsal.open_requests import MOST_ROUNDS
from workflows.engine.rehearsal.records import RunRecord, TaskRecord, Trouble
from workflows.engine.rehearsal.scenario import (
    RunningRequest,
    RunningTask,
    Scenario,
    Shares,
    StepTimes,
)
from workflows.engine.routing import effects as fx
from workflows.engine.routing.advance import advance
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Token
from workflows.engine.routing.rows import rounds_by_step
from workflows.engine.timing.working_time import Calendar

ARRIVE, OPEN, READY, FINISH, SEEK, RESUME = range(6)
LATE: Final = 10**9
"""Tasks without a due date are taken in the order in which they came, behind those with one."""


def is_straight(definition: Definition, scenario: Scenario) -> bool:
    """Whether all that matters on this map is who decides what when."""
    start = definition.start
    if start is None or start.fields or scenario.arrivals.scheduled:
        return False
    if any(len(each.marking.tokens) != 1 or each.marking.blocks for each in scenario.running):
        return False
    return all(
        step.kind == "end"
        or (isinstance(step, HumanStep) and _is_plain(step, definition, scenario.steps.get(key)))
        for key, step in definition.steps.items()
    )


def _is_plain(step: HumanStep, definition: Definition, times: StepTimes | None) -> bool:
    role = definition.roles.get(step.role or "")
    expires = step.expires if isinstance(step, TaskStep) else None
    timed = (expires, step.due, step.on_overdue)
    special = (*timed, step.quorum is not None, step.outputs, excluded_parties(step))
    conditional = any(route.when or route.role for route in step.outcomes.values())
    by_person = times is not None and times.workers is not None
    asks = times is not None and times.asks > 0
    return (
        role is not None
        and role.is_static
        and not asks
        and not any(special)
        and not conditional
        and not by_person
    )


@dataclass(slots=True)
class Desk:
    """A step with all that is asked of it again and again, and what waits at it. Steps of the same
    people share one heap."""

    key: str
    step: HumanStep
    times: StepTimes
    even: Shares
    people: list[Person]
    waiting: list[tuple[int, int, int, "StraightTask"]]
    ways: dict[str, tuple["Desk | None", str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class StraightTask:
    """The one open task of a request."""

    run: RunRecord
    desk: Desk
    record: TaskRecord
    came_from: str | None
    outcome: str = ""
    worked: int = 0

    @property
    def key(self) -> str:
        """The step's key."""
        return self.desk.key


class StraightSimulation:
    """One simulation of a straight map under a scenario. Use it once."""

    def __init__(self, graph: Graph, scenario: Scenario, *, calendar: Calendar) -> None:
        self.graph, self.scenario = graph, scenario
        self.random = Random(scenario.seed)
        self.zone = ZoneInfo(scenario.zone)
        self.now = to_seconds(scenario.starts_at)
        open_time = calendar_time(calendar, scenario.starts_at)
        self.crew = Crew(graph, scenario, calendar=open_time, zone=self.zone)
        self.delays = Delays(scenario, crew=self.crew, calendar=open_time)
        self.runs: list[RunRecord] = []
        self._heaps: dict[tuple[str, ...], list[tuple[int, int, int, StraightTask]]] = {}
        self._heaps_of: dict[str, list[list[tuple[int, int, int, StraightTask]]]] = {}
        self._desks: dict[str, Desk] = {}
        self._number = 0
        self._numbers = count()
        self._to_come: list[tuple[int, int, int, object, object]] = []

    # -- the course of time ---------------------------------------------------------------

    def run(self, *, runs: int) -> tuple[RunRecord, ...]:
        """Let so many requests arrive, beside those that run, and go on until nothing moves."""
        for running in self.scenario.running:
            self._take_up(running)
        moments = arrival_moments(
            self.scenario.arrivals, zone=self.zone, starts_at=self.now, random=self.random
        )
        self._most = runs + len(self.runs)
        self._expect_arrival(moments)
        happens: tuple[Callable[..., None], ...] = (
            self._arrive,
            self._open,
            self._get_ready,
            self._finish,
            self._seek_work,
            self._resume,
        )
        to_come = self._to_come
        while to_come:
            moment, _, kind, one, other = heappop(to_come)
            self.now = moment
            happens[kind](moment, one, other)
        for run in self.runs:
            if run.ended is None and not run.troubles:
                self._note_endless(run, run.tasks[-1].step if run.tasks else "", "idle")
        return tuple(self.runs)

    def _later(self, moment: int, kind: int, one: object, other: object = None) -> None:
        at = moment if moment > self.now else self.now
        heappush(self._to_come, (at, next(self._numbers), kind, one, other))

    def _expect_arrival(self, moments: Iterator[Arrival]) -> None:
        if len(self.runs) >= self._most:
            return
        arrival = next(moments, None)
        if arrival is not None:
            self._later(arrival[0], ARRIVE, moments)

    def _arrive(self, now: int, moments: Iterator[Arrival], _: None) -> None:
        run = RunRecord(
            number=len(self.runs) + 1, started=now, requester=self.crew.draw_requester(self.random)
        )
        self.runs.append(run)
        assert self.graph.first is not None
        self._come_to(self._desk(self.graph.first), run, now, None)
        self._expect_arrival(moments)

    # -- requests -------------------------------------------------------------------------

    def _take_up(self, running: RunningRequest) -> None:
        token = running.marking.tokens[0]
        known = {task.activation: task for task in running.tasks}
        since = known.get(token.id) or RunningTask(
            activation=token.id, enabled=self.scenario.starts_at
        )
        run = RunRecord(
            number=len(self.runs) + 1,
            started=to_seconds(running.started),
            requester=running.requester,
            name=running.name,
            visited=rounds_by_step(running.marking),
        )
        self.runs.append(run)
        record = TaskRecord(step=token.step, number=token.round, enabled=to_seconds(since.enabled))
        run.tasks.append(record)
        task = StraightTask(run, self._desk(token.step), record, since.came_from)
        self._later(self.now, RESUME, task, since)

    def _come_to(self, desk: Desk, run: RunRecord, now: int, came_from: str | None) -> None:
        """A request comes to a step, unless it has come to it too often."""
        number = run.visited.get(desk.key, 0) + 1
        run.visited[desk.key] = run.rework[desk.key] = number
        record = TaskRecord(step=desk.key, number=number, enabled=now)
        run.tasks.append(record)
        task = StraightTask(run, desk, record, came_from)
        self._later(now, OPEN, task)
        if number > MOST_ROUNDS:
            self._note_endless(run, desk.key, "rounds")

    def _note_endless(self, run: RunRecord, step: str, cause: str) -> None:
        run.troubles.append(Trouble(kind="never_ends", step=step, at=self.now, cause=cause))

    # -- tasks ----------------------------------------------------------------------------

    def _open(self, now: int, task: StraightTask, _: None) -> None:
        if task.run.troubles:
            return
        if not task.desk.people:
            task.run.troubles.append(
                Trouble(kind="nobody", step=task.key, at=now, parameters={"needed": 1})
            )
            return
        self._later(self.delays.over_at(task, now, self.random), READY, task)

    def _get_ready(self, now: int, task: StraightTask, _: None) -> None:
        self._draw_outcome(task)
        desk = task.desk
        free = [person for person in desk.people if person.active < person.at_once]
        able = _at_work(free, now)
        if able:
            self._begin(_least_busy(able), task, now)
            return
        self._number += 1
        heappush(desk.waiting, (task.record.enabled + LATE, now, self._number, task))
        for person in free:
            self._wake_later(person, now)

    def _draw_outcome(self, task: StraightTask) -> None:
        times, number = task.desk.times, task.record.number
        shares = times.shares(came_from=task.came_from, number=number) or task.desk.even
        task.outcome = shares.draw(self.random)

    def _resume(self, now: int, task: StraightTask, since: RunningTask) -> None:
        if since.who is None or since.begun is None or not task.desk.people:
            self._open(now, task, None)
            return
        self._draw_outcome(task)
        person = self.crew.person(since.who)
        task.record.started = to_seconds(since.begun)
        self._begin(person, task, now)

    def _begin(self, person: Person, task: StraightTask, now: int) -> None:
        person.active += 1
        record, times = task.record, task.desk.times
        if record.started is None:
            record.started = now
        work = times.draw_work(
            task.outcome, begun=record.started, now=now, time=person.time, random=self.random
        )
        ends = person.time.add(now, work) if times.counts == "work" else now + work
        if ends is not None:
            task.worked = work
            self._later(ends, FINISH, task, person)

    def _finish(self, now: int, task: StraightTask, person: Person) -> None:
        person.active -= 1
        person.busy += task.worked
        record, run = task.record, task.run
        record.who, record.worked = person.name, task.worked
        record.completed, record.outcome = now, task.outcome
        run.worked[person.name] = run.worked.get(person.name, 0) + task.worked
        desk, end, result = self._way(task.desk, task.outcome)
        if desk is not None:
            self._come_to(desk, run, now, task.key)
        else:
            run.ended, run.result = now, result
            run.visited[end] = 1
        self._seek_work(now, person, None)

    # -- people ---------------------------------------------------------------------------

    def _wake_later(self, person: Person, now: int) -> None:
        if person.wakes_at is not None and person.wakes_at > now:
            return
        opens = person.time.next_open(now)
        if opens is not None and opens > now:
            person.wakes_at = opens
            self._later(opens, SEEK, person)

    def _seek_work(self, now: int, person: Person, _: None) -> None:
        if person.wakes_at is not None and person.wakes_at <= now:
            person.wakes_at = None
        heaps = self._heaps_of.get(person.name, [])
        while person.active < person.at_once:
            waiting = [heap for heap in heaps if heap]
            if not waiting:
                return
            if not person.time.is_open(now):
                self._wake_later(person, now)
                return
            first = min(waiting, key=_head)
            self._begin(person, heappop(first)[3], now)

    # -- what is known of a step ----------------------------------------------------------

    def _desk(self, key: str) -> Desk:
        desk = self._desks.get(key)
        if desk is None:
            step = self.graph.human(key)
            names = self.crew.in_role(step.role, {}, None)
            heap = self._heaps.get(names)
            if heap is None:
                heap = self._heaps[names] = []
                for name in names:
                    self._heaps_of.setdefault(name, []).append(heap)
            desk = self._desks[key] = Desk(
                key=key,
                step=step,
                times=self.scenario.steps.get(key, StepTimes()),
                even=Shares(tuple((name, 1.0) for name in step.outcomes)),
                people=[self.crew.person(name) for name in names],
                waiting=heap,
            )
        return desk

    def _way(self, desk: Desk, outcome: str) -> tuple[Desk | None, str, str]:
        """Where an outcome leads: to a step, or to an end with its result. The engine says it."""
        way = desk.ways.get(outcome)
        if way is None:
            token = Token(id=1, step=desk.key, round=1)
            marking = Marking(tokens=(token,), rounds={desk.key: 1}, next_id=2)
            effects = advance(self.graph, marking, {}, fx.Decide(1, "", outcome)).effects
            last = effects[-1]
            if isinstance(last, fx.RequestEnded):
                way = None, last.step, last.result
            else:
                assert isinstance(last, fx.ActivationOpened)
                way = self._desk(last.step), "", ""
            desk.ways[outcome] = way
        return way


def _head(heap: list[tuple[int, int, int, StraightTask]]) -> tuple[int, int, int]:
    return heap[0][:3]


def _at_work(people: list[Person], now: int) -> list[Person]:
    """Those who are there; people with the same hours are asked of once."""
    there: dict[int, bool] = {}
    found = []
    for person in people:
        key = id(person.time)
        if key not in there:
            there[key] = person.time.is_open(now)
        if there[key]:
            found.append(person)
    return found


def _least_busy(people: list[Person]) -> Person:
    return min(people, key=lambda person: (person.busy, person.index))
