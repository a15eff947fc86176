"""Many requests on a simulated calendar, each moved by the engine that moves the real ones.

A queue of what happens when; the same seed gives the same course on any machine.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import (
    EXPIRED,
    HumanStep,
    ParallelStep,
    WaitStep,
)
from workflows.engine.rehearsal.arriving import Arrival, arrival_moments
from workflows.engine.rehearsal.clocks import OpenTime, calendar_time, to_seconds
from workflows.engine.rehearsal.conditions import Conditions
from workflows.engine.rehearsal.crew import Crew, Vote
from workflows.engine.rehearsal.goals import Goal
from workflows.engine.rehearsal.open_requests import MOST_ROUNDS, OpenRequest, OpenTask
from workflows.engine.rehearsal.people_at_work import PeopleAtWork
from workflows.engine.rehearsal.records import Moment, RunRecord, TaskRecord, Trouble
from workflows.engine.rehearsal.running import take_up_request, take_up_task
from workflows.engine.rehearsal.scenario import RunningRequest, RunningTask, Scenario
from workflows.engine.rehearsal.table_conditions import ROW
from workflows.engine.rehearsal.time_limits import TimeLimits
from workflows.engine.rehearsal.values import ValueMaker, Writer
from workflows.engine.rehearsal.work_outside import SUM_FAILED, WorkOutside
from workflows.engine.routing import effects as fx
from workflows.engine.routing.advance import advance
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Person as PersonKey
from workflows.engine.routing.rows import branch_index
from workflows.engine.routing.step_troubles import StepFailed
from workflows.engine.routing.supposed_chains import SupposedChains
from workflows.engine.routing.waits import find_wait_trouble
from workflows.engine.timing.working_time import Calendar
from workflows.engine.values.field_types.documents import version_numbers

SURELY_ENDLESS: Final = 3
"""After so many requests without an end the others are given up sooner."""
OWNER_TAKES: Final = 8 * 3600
"""So much working time goes by until the owner has put right what waits on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a simulation went through: its requests in the order of their arrival."""

    runs: tuple[RunRecord, ...]
    ended_at: int


class Simulation:
    """One simulation of a map under a scenario. Use it once."""

    def __init__(
        self,
        graph: Graph,
        scenario: Scenario,
        *,
        calendar: Calendar,
        goals: Sequence[Goal] = (),
        conditions: Conditions | None = None,
        keep_moments: bool = True,
    ) -> None:
        self.graph, self.scenario, self.calendar = graph, scenario, calendar
        self.goals, self.keep_moments = goals, keep_moments
        self.random = Random(scenario.seed)
        self.zone = ZoneInfo(scenario.zone)
        self.starts_at = to_seconds(scenario.starts_at)
        self.open_time = calendar_time(calendar, scenario.starts_at)
        today = scenario.starts_at.astimezone(self.zone).date()
        self._step_times: dict[int, OpenTime] = {id(calendar): self.open_time}
        self.conditions = conditions or Conditions(graph, today)
        self.values = ValueMaker(graph, scenario, self.conditions)
        self.crew = Crew(graph, scenario, calendar=self.open_time, zone=self.zone)
        self.people = PeopleAtWork(
            scenario=scenario,
            crew=self.crew,
            values=self.values,
            random=self.random,
            calendar=self.open_time,
            later=self.later,
            decided=self._decided,
            ask=self._ask,
        )
        self.limits = TimeLimits(
            graph=graph,
            scenario=scenario,
            calendar=calendar,
            random=self.random,
            time_of=self.time_of,
            later=self.later,
            expire=self._expire,
            escalate=self.people.escalate,
        )
        self.outside = WorkOutside(
            scenario=scenario,
            values=self.values,
            random=self.random,
            calendar=calendar,
            time_of=self.time_of,
        )
        self.chains = SupposedChains(graph, self.random)
        self.requests: list[OpenRequest] = []
        self.endless = 0
        self.now = self.starts_at
        self._to_come: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = count()

    def time_of(self, key: str) -> OpenTime:
        """The working time in which a step's durations count."""
        calendar = self.calendar.of_step(key)
        if id(calendar) not in self._step_times:
            self._step_times[id(calendar)] = calendar_time(calendar, self.scenario.starts_at)
        return self._step_times[id(calendar)]

    # -- the course of time ---------------------------------------------------------------

    def run(self, *, runs: int | None = None, until: int | None = None) -> Course:
        """Let so many requests arrive and go on until nothing moves any more; or let time go by
        until a moment, and leave open what is open then."""
        for running in self.scenario.running:
            self._take_up(running)
        runs = None if runs is None else runs + len(self.requests)
        moments = arrival_moments(
            self.scenario.arrivals, zone=self.zone, starts_at=self.starts_at, random=self.random
        )
        self._expect_arrival(moments, runs, until)
        while self._to_come:
            moment, _, happens, parts = self._to_come[0]
            if until is not None and moment >= until:
                break
            heappop(self._to_come)
            self.now = moment
            happens(moment, *parts)
        if until is None:
            for request in self.requests:
                self._close_unfinished(request)
        return Course(runs=tuple(each.record for each in self.requests), ended_at=self.now)

    def later(self, moment: int, happens: Callable[..., None], *parts: Any) -> None:
        """Something happens at a moment; what was planned first comes first."""
        heappush(self._to_come, (max(moment, self.now), next(self._numbers), happens, parts))

    def _expect_arrival(
        self, moments: Iterable[Arrival], runs: int | None, until: int | None
    ) -> None:
        if runs is not None and len(self.requests) >= runs:
            return
        arrival = next(iter(moments), None)
        if arrival is not None and (until is None or arrival[0] < until):
            self.later(arrival[0], self._arrive, arrival[1], moments, runs, until)

    def _arrive(
        self,
        now: int,
        schedule: int,
        moments: Iterable[Arrival],
        runs: int | None,
        until: int | None,
    ) -> None:
        self._start(now, schedule)
        self._expect_arrival(moments, runs, until)

    # -- requests -------------------------------------------------------------------------

    def _take_up(self, running: RunningRequest) -> None:
        request = take_up_request(running, len(self.requests) + 1)
        self.requests.append(request)
        known = {task.activation: task for task in running.tasks}
        for token in running.marking.tokens:
            since = known.get(token.id) or RunningTask(
                activation=token.id, enabled=self.scenario.starts_at
            )
            task = take_up_task(request, token, since, self.graph, self.limits.due)
            if task is not None:
                self.later(self.now, self.people.resume, task, since)
                self.limits.begin(task)
            elif token.stuck is None:  # how far it had come is not known
                self._on_outside(request, fx.ExternalWorkRequested(token.id, token.step), self.now)

    def _start(self, now: int, schedule: int) -> None:
        start = self.graph.definition.start
        number = len(self.requests) + 1
        requester = None if schedule else self.crew.draw_requester(self.random)
        record = RunRecord(number=number, started=now, requester=requester)
        goal = self.goals[number - 1] if number <= len(self.goals) else None
        request = OpenRequest(record=record, requester=requester, goal=goal)
        self.requests.append(request)
        facts: dict[str, Any] = {}
        if schedule:
            triggers = (start.triggers if start else None) or []
            request.data = dict(triggers[schedule - 1].data or {})
        else:
            writer = Writer(
                run=number, moment=now, requester=requester, data={}, wanted=request.wanted
            )
            fields = (start.fields if start else None) or []
            request.data = self.values.fill(fields, writer, self.random)
            facts = self.values.known_of_requester(writer, self.random)
        self.apply(request, fx.Start(requester, facts), now, who=requester, outcome="start")

    def _close_unfinished(self, request: OpenRequest) -> None:
        """What neither ended nor stands still for a reason that was noted has nowhere to go."""
        stopped = any(trouble.kind in _STOPPING for trouble in request.record.troubles)
        if request.record.ended is None and not request.is_over and not stopped:
            step = request.marking.tokens[0].step if request.marking.tokens else ""
            request.note(Trouble(kind="never_ends", step=step, at=self.now, cause="idle"))

    def apply(
        self,
        request: OpenRequest,
        event: fx.Event,
        now: int,
        *,
        step: str | None = None,
        who: str | None = None,
        outcome: str = "",
    ) -> None:
        """Move a request, and see to everything that follows from it."""
        if request.is_over:
            return
        try:
            result = advance(
                *(self.graph, request.marking, request.data, event, self._electorate(request)),
                find_chain=self.chains.find,
            )
        except DefinitionProblem as problem:
            where = str(problem.text.parameters.get("target") or step or self.graph.first or "")
            self._give_up(request, where, now, cause="loop", why=problem)
            return
        request.marking, request.data = result.marking, result.data
        self.limits.follow(request)
        self._follow_waits(request, now)
        for effect in result.effects:
            handler = _EFFECTS.get(type(effect))
            if handler is not None:
                handler(self, request, effect, now)
        if self.keep_moments:
            open_steps = tuple(token.step for token in request.marking.tokens)
            request.record.moments.append(Moment(now, step, who, outcome, open_steps))
        self._look_at_open_tasks(request, now)
        most = MOST_ROUNDS if self.endless < SURELY_ENDLESS else MOST_ROUNDS // 4
        if request.count_rounds(most):
            self._give_up(request, self._step_in_circle(request), now, cause="rounds")

    def _electorate(self, request: OpenRequest) -> Callable[[str], frozenset[PersonKey]]:
        def people(key: str) -> frozenset[PersonKey]:
            role = self.graph.human(key).role
            return frozenset(self.crew.in_role(role, request.data, request.requester))

        return people

    def _look_at_open_tasks(self, request: OpenRequest, now: int) -> None:
        for task in list(request.tasks.values()):
            if task.step.not_by and self.people.check(task, now) is False:
                continue
            if task.is_ready:
                self.people.offer_outstanding(task, now)

    def _step_in_circle(self, request: OpenRequest) -> str:
        """The first step of the circle in which a request goes round, one of people if there is."""
        rounds = request.marking.rounds
        circle = [key for key in self.graph.steps if rounds.get(key, 0) * 2 > max(rounds.values())]
        return min(circle, key=lambda key: not self.graph.is_human(key))

    def _give_up(
        self, request: OpenRequest, step: str, now: int, *, cause: str, why: object = ""
    ) -> None:
        self.endless += 1
        request.note(
            Trouble(kind="never_ends", step=step, at=now, cause=cause, parameters={"why": str(why)})
        )
        self._close_tasks(request, now)
        request.is_over = True

    def _close_tasks(self, request: OpenRequest, now: int) -> None:
        for task in list(request.tasks.values()):
            self.people.close(task, now)
        request.tasks.clear()
        request.outside.clear()

    # -- what people and systems do -------------------------------------------------------

    def _decided(self, now: int, vote: Vote) -> None:
        task: OpenTask = vote.task
        task.record.who = vote.by
        event = fx.Decide(
            *(task.activation, vote.by or "", vote.outcome, vote.writes, self._seen(task)),
            roles=task.roles_of(vote.by) if task.roles_of is not None and vote.by else (),
        )
        self.apply(task.request, event, now, step=task.key, who=vote.by, outcome=vote.outcome)

    def _seen(self, task: OpenTask) -> dict[str, Any]:
        """The versions of the documents that were in front of whoever decided."""
        return {
            key: numbers
            for key, value in task.request.data.items()
            if (numbers := version_numbers(value)) is not None
            and (task.step.inputs is None or key in task.step.inputs)
        }

    def _outside_done(
        self, now: int, request: OpenRequest, activation: int, *, fails: bool
    ) -> None:
        token = request.marking.token(activation)
        if token is None or request.is_over:
            return
        step = self.graph[token.step]
        answer = (
            StepFailed("failed", "", 1) if fails else self.outside.answer(step, request, now, token)  # type: ignore[arg-type]
        )
        if isinstance(answer, StepFailed):
            self.apply(request, fx.Fail(activation, answer), now, step=token.step, outcome="failed")
        else:
            if isinstance(step, WaitStep):
                request.rounds_before = request.marking.rounds
            event = fx.Finish(activation, "done", answer)
            self.apply(request, event, now, step=token.step, outcome="done")

    def _try_again(self, now: int, request: OpenRequest, activation: int) -> None:
        token = request.marking.token(activation)
        if token is not None and token.stuck is not None:
            request.tried_again.add(activation)
            self.apply(request, fx.Retry(activation), now, step=token.step, outcome="retry")

    def _settle_merge(self, now: int, request: OpenRequest, block: int, values: Any) -> None:
        running = request.marking.block(block)
        if running is not None and running.conflict:
            event = fx.ResolveMerge(block, values)
            self.apply(request, event, now, step=running.step, outcome="merge_resolved")

    # -- effects --------------------------------------------------------------------------

    def _on_opened(self, request: OpenRequest, effect: fx.ActivationOpened, now: int) -> None:
        step = self.graph[effect.step]
        is_human = isinstance(step, HumanStep)
        record = TaskRecord(step=effect.step, number=effect.round, enabled=now, is_human=is_human)
        request.record.tasks.append(record)
        if not isinstance(step, HumanStep):
            request.outside[effect.activation] = record
            return
        record.due = self.limits.due(effect.step, request, now, effect.rows)
        task = OpenTask(
            request=request,
            activation=effect.activation,
            key=effect.step,
            step=step,
            record=record,
            came_from=effect.came_from,
            graph=self.graph,
            rows=effect.rows,
        )
        request.tasks[effect.activation] = task
        self.later(now, self._open_task, task)
        self.limits.begin(task)

    def _open_task(self, now: int, task: OpenTask) -> None:
        goal = task.request.goal
        if goal is None or task.key not in goal.expiring:
            self.people.open(task, now)

    def _ask(self, now: int, task: OpenTask) -> bool:
        return self.limits.ask(now, task, self.people.get_ready)

    def _expire(self, now: int, task: OpenTask) -> None:
        request = task.request
        if request.tasks.get(task.activation) is task:
            event = fx.Expire(task.activation)
            self.apply(request, event, now, step=task.key, outcome=EXPIRED)

    def _on_completed(self, request: OpenRequest, effect: fx.ActivationCompleted, now: int) -> None:
        task = request.tasks.pop(effect.activation, None)
        record = task.record if task else request.outside.pop(effect.activation, None)
        if record is not None:
            record.completed, record.outcome = now, effect.outcome
        if task is not None:
            self.people.close(task, now)

    def _on_cancelled(self, request: OpenRequest, effect: fx.ActivationCancelled, now: int) -> None:
        task = request.tasks.pop(effect.activation, None)
        record = task.record if task else request.outside.pop(effect.activation, None)
        if record is not None:
            record.completed = now
        if task is not None:
            self.people.close(task, now)

    def _on_outside(self, request: OpenRequest, effect: fx.ExternalWorkRequested, now: int) -> None:
        step = self.graph[effect.step]
        token = request.marking.token(effect.activation)
        rows = token.rows if token is not None else ()
        data = self.graph.data_at(effect.step, rows, request.data, request.marking.chains)
        ends = self.outside.ends_at(effect.step, step, data, now)  # type: ignore[arg-type]
        if effect.activation in request.tried_again:
            fails = False
        elif request.goal is not None:
            fails = effect.step in request.goal.failing
        else:
            fails = self.outside.fails(effect.step)
        self._expect_end(request, effect.activation, ends, fails)

    def _expect_end(self, request: OpenRequest, activation: int, ends: int, fails: bool) -> None:
        request.ends[activation] = ends = max(ends, self.now)
        self.later(ends, self._finish_outside, request, activation, fails)

    def _follow_waits(self, request: OpenRequest, now: int) -> None:
        """Let waits end where the dates that they wait for lie now."""
        for token in request.marking.tokens if self.graph.date_fields else ():
            step, before = self.graph[token.step], request.ends.get(token.id)
            if not isinstance(step, WaitStep) or step.until is None or before is None:
                continue
            chains = request.marking.chains
            data = self.graph.data_at(token.step, token.rows, request.data, chains)
            if find_wait_trouble(self.graph, token.step, step, data) is None:
                ends = self.outside.ends_at(token.step, step, data, now)
                if ends != before:
                    self._expect_end(request, token.id, ends, fails=False)

    def _finish_outside(self, now: int, request: OpenRequest, activation: int, fails: bool) -> None:
        if request.ends.get(activation) != now:
            return  # its date is another by now
        self._outside_done(now, request, activation, fails=fails)

    def _on_stuck(self, request: OpenRequest, effect: fx.ActivationStuck, now: int) -> None:
        failed = isinstance(effect.trouble, StepFailed)
        code = effect.trouble.code
        request.note(
            Trouble(
                kind="automation_fails" if failed else "incident",
                step=effect.step,
                at=now,
                cause=code,
                parameters=effect.trouble.parameters,
            )
        )
        if failed and code != SUM_FAILED:
            self._owner_will(now, self._try_again, request, effect.activation)

    def _on_conflict(self, request: OpenRequest, effect: fx.MergeConflicted, now: int) -> None:
        block = request.marking.block(effect.block)
        parameters = {"fields": sorted(effect.fields), "block": block.step if block else ""}
        request.note(
            Trouble(
                kind="merge_conflict",
                step=effect.join,
                at=now,
                cause=",".join(sorted(effect.fields)),
                parameters=parameters,
            )
        )
        chosen = {key: next(iter(values.values())) for key, values in effect.fields.items()}
        self._owner_will(now, self._settle_merge, request, effect.block, chosen)

    def _owner_will(self, now: int, happens: Callable[..., None], *parts: Any) -> None:
        moment = self.open_time.add(now, OWNER_TAKES)
        self.later(now + OWNER_TAKES if moment is None else moment, happens, *parts)

    def _on_route(self, request: OpenRequest, effect: fx.RouteTaken, now: int) -> None:
        """Which rule was taken, and which were asked before it and did not hold; of a table each
        row and each way."""
        table = next((t for t in self.conditions.tables if t.step == effect.step), None)
        if table is not None:
            for row in table.rows:
                key = (effect.step, ROW, row.name)
                request.record.note_answer(key, holds=int(row.name) in effect.rows)
            for link in table.links:
                key = (effect.step, link.kind, link.name)
                request.record.note_answer(key, holds=link.name == effect.route)
            return
        for link in self.graph.leaving[effect.step]:
            taken = link.name == effect.route
            request.record.note_answer((effect.step, link.kind, link.name), holds=taken)
            if taken:
                return

    def _on_block(self, request: OpenRequest, effect: fx.BlockOpened, now: int) -> None:
        step = self.graph[effect.step]
        assert isinstance(step, ParallelStep)
        opened = {branch_index(branch) for branch in effect.branches}
        for index, branch in enumerate(step.branches):
            if branch.when is not None:
                key = (effect.step, "branch", str(index + 1))
                request.record.note_answer(key, holds=index in opened)

    def _on_ended(self, request: OpenRequest, effect: fx.RequestEnded, now: int) -> None:
        request.record.ended, request.record.result = now, effect.result
        request.record.visited[effect.step] = 1
        self._close_tasks(request, now)
        request.is_over = True


_STOPPING = ("never_ends", "nobody", "quorum_unreachable", "barred", "incident", "automation_fails")
"""After these a request may stand still for good."""

_EFFECTS: dict[type, Callable[[Simulation, OpenRequest, Any, int], None]] = {
    fx.ActivationOpened: Simulation._on_opened,
    fx.ActivationCompleted: Simulation._on_completed,
    fx.ActivationCancelled: Simulation._on_cancelled,
    fx.ExternalWorkRequested: Simulation._on_outside,
    fx.ActivationStuck: Simulation._on_stuck,
    fx.MergeConflicted: Simulation._on_conflict,
    fx.RouteTaken: Simulation._on_route,
    fx.BlockOpened: Simulation._on_block,
    fx.RequestEnded: Simulation._on_ended,
}
