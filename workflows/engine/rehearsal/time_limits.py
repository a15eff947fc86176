"""The limits that time sets in a simulation: due dates of tasks and of whole requests, more time
that is given, tasks that expire, late work, and clocks that stand still during a question."""

from collections.abc import Callable
from datetime import datetime
from random import Random

from workflows.engine.format.definition import HumanStep, TaskStep
from workflows.engine.format.parts import ExtendDef
from workflows.engine.rehearsal.clocks import OpenTime, to_moment, to_seconds
from workflows.engine.rehearsal.open_requests import OpenRequest, OpenTask
from workflows.engine.rehearsal.scenario import Scenario, StepTimes
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.rows import Rows
from workflows.engine.timing.due_dates import (
    due_moment,
    end_of_expiry,
    parse_span,
    put_off,
)
from workflows.engine.timing.due_records import (
    DueRecord,
    begin_record,
    due_of_record,
    follow_values,
)
from workflows.engine.timing.working_time import Calendar, Duration, parse_duration

Happens = Callable[..., None]


class TimeLimits:
    """When what is due, and what happens then. `later` does something at a later moment; `expire`
    and `escalate` take the moment and the task."""

    def __init__(
        self,
        *,
        graph: Graph,
        scenario: Scenario,
        calendar: Calendar,
        random: Random,
        time_of: Callable[[str], OpenTime],
        later: Happens,
        expire: Happens,
        escalate: Happens,
    ) -> None:
        self.graph, self.scenario, self.calendar = graph, scenario, calendar
        self.random, self.time_of, self.later = random, time_of, later
        self._expire_task, self._escalate_task = expire, escalate
        self._openings: dict[str, int] = {}

    # -- tasks ----------------------------------------------------------------------------

    def due(self, key: str, request: OpenRequest, now: int, rows: Rows = ()) -> int | None:
        """When a task is due that is there from now on."""
        step, calendar = self.graph.human(key), self.calendar.of_step(key)
        span = parse_span(step.due) if isinstance(step.due, str) else None
        if isinstance(span, Duration):
            return self.time_of(key).add(now, calendar.seconds(span))
        moment = due_moment(
            step.due,
            calendar=calendar,
            zone=self.graph.zone,
            data=self.graph.data_at(key, rows, request.data, request.marking.chains),
            now=to_moment(now),
        )
        return to_seconds(moment) if moment else None

    def begin(self, task: OpenTask) -> None:
        """A task is there, with its due date: what time will do to it."""
        if task.key in self.graph.date_fields:
            self._record_of(task)
        self._plan_escalation(task)
        self._plan_expiry(task)
        if task.step.extend is not None and task.record.due is not None:
            self.later(task.record.due, self._give_task_time, task)

    def _plan_escalation(self, task: OpenTask) -> None:
        moment = self._escalates_at(task)
        if moment is not None:
            self.later(moment, self._escalate, task)

    def _escalates_at(self, task: OpenTask) -> int | None:
        overdue = task.step.on_overdue
        if overdue is None or overdue.escalate_to is None or task.record.due is None:
            return None
        calendar = self.calendar.of_step(task.key)
        work = calendar.seconds(parse_duration(overdue.after)) if overdue.after else 0
        return self.time_of(task.key).add(task.record.due, work)

    def _escalate(self, now: int, task: OpenTask) -> None:
        if not task.is_escalated and not self._stands(task) and self._escalates_at(task) == now:
            task.is_escalated = True
            self._escalate_task(now, task)

    def _plan_expiry(self, task: OpenTask) -> None:
        step = task.step
        expires = step.expires if isinstance(step, TaskStep) else None
        if expires is None:
            return
        calendar, zone = self.calendar.of_step(task.key), self.graph.zone
        since, span = to_moment(task.record.enabled), parse_span(expires.after)
        task.expires_at = to_seconds(end_of_expiry(since, span, calendar=calendar, zone=zone))
        self.later(task.expires_at, self._expire, task)

    def _expire(self, now: int, task: OpenTask) -> None:
        if task.expires_at is not None and task.expires_at <= now and not self._stands(task):
            self._expire_task(now, task)

    # -- more time ------------------------------------------------------------------------

    def _give_task_time(self, now: int, task: OpenTask) -> None:
        """At the last moment, and as often as the map lets it be given."""
        due, extend, record = task.step.due, task.step.extend, self._record_of(task)
        is_too_late = task.is_over or task.record.due != now or self._stands(task)
        if is_too_late or due is None or record is None or not _may_extend(extend, record):
            return
        assert extend is not None
        task.due_record = record.extend(extend.by)
        task.record.extended += 1
        self._move_due(task)

    def _record_of(self, task: OpenTask) -> DueRecord | None:
        if task.due_record is None:
            task.due_record = begin_record(
                task.step.due,
                calendar=self.calendar.of_step(task.key),
                zone=self.graph.zone,
                data=task.data,
                now=to_moment(task.record.enabled),
            )
        return task.due_record

    def _move_due(self, task: OpenTask) -> None:
        due, record = task.step.due, task.due_record
        assert due is not None
        assert record is not None
        calendar, zone = self.calendar.of_step(task.key), self.graph.zone
        task.record.due = to_seconds(due_of_record(due, record, calendar=calendar, zone=zone))
        self._plan_escalation(task)
        if task.step.extend is not None:
            self.later(task.record.due, self._give_task_time, task)

    # -- a request as a whole -------------------------------------------------------------

    def follow(self, request: OpenRequest) -> None:
        """Let what hangs on dates of the request follow its values: the request's own due date, and
        those of its open tasks."""
        self._follow_deadline(request)
        for task in request.tasks.values() if self.graph.date_fields else ():
            if task.key in self.graph.date_fields:
                self._follow_due(task)

    def _follow_due(self, task: OpenTask) -> None:
        record = follow_values(
            task.due_record,
            task.step.due,
            calendar=self.calendar.of_step(task.key),
            zone=self.graph.zone,
            data=task.data,
            now=to_moment(task.record.enabled),
        )
        if record is not None and record != task.due_record:
            task.due_record = record
            self._move_due(task)

    def _follow_deadline(self, request: OpenRequest) -> None:
        head = self.graph.definition
        if head.due is None:
            return
        record = follow_values(
            request.deadline,
            head.due,
            calendar=self.calendar,
            zone=self.graph.zone,
            data=request.data,
            now=to_moment(request.record.started),
        )
        if record is not None and record != request.deadline:
            request.deadline = record
            self._set_deadline(request)

    def _set_deadline(self, request: OpenRequest) -> None:
        head, record = self.graph.definition, request.deadline
        assert head.due is not None
        assert record is not None
        moment = due_of_record(head.due, record, calendar=self.calendar, zone=self.graph.zone)
        request.record.due = to_seconds(moment)
        if head.extend is not None:
            self.later(request.record.due, self._give_request_time, request)

    def _give_request_time(self, now: int, request: OpenRequest) -> None:
        extend, record = self.graph.definition.extend, request.deadline
        if request.is_over or request.record.due != now or record is None:
            return
        if record.stands_since is not None or not _may_extend(extend, record):
            return
        assert extend is not None
        request.deadline = record.extend(extend.by)
        request.record.extended += 1
        self._set_deadline(request)

    # -- questions ------------------------------------------------------------------------

    def ask(self, now: int, task: OpenTask, answered: Happens) -> bool:
        """Whether the requester is asked something first, evenly: of a hundred tasks as many as is
        said. `answered` takes the moment of the answer and the task."""
        times = self.scenario.steps.get(task.key, StepTimes())
        if times.asks <= 0 or task.request.requester is None or self._is_requesters(task.step):
            return False
        number = self._openings[task.key] = self._openings.get(task.key, 0) + 1
        if int(number * times.asks + 0.5) == int((number - 1) * times.asks + 0.5):
            return False
        task.asked_since = now
        self._stop_deadline(task.request, now)
        rest = times.answering.draw(self.random)
        moment = self.time_of(task.key).add(now, rest)
        self.later(now + rest if moment is None else moment, self._answer, task, answered)
        return True

    def _is_requesters(self, step: HumanStep) -> bool:
        role = self.graph.definition.roles.get(step.role or "")
        return bool(role and role.is_requester)

    def _answer(self, now: int, task: OpenTask, answered: Happens) -> None:
        since, stood = task.asked_since, self._stands(task)
        task.asked_since = None
        if task.is_over or task.request.is_over or since is None:
            return
        self._start_deadline(task.request, now)
        if stood:
            self._move_task(task, to_moment(since), to_moment(now))
        elif task.step.clock != "runs":
            self._plan_escalation(task)
        answered(now, task)

    def _move_task(self, task: OpenTask, since: datetime, until: datetime) -> None:
        calendar, zone = self.calendar.of_step(task.key), self.graph.zone
        record = self._record_of(task)
        if record is not None:
            task.due_record = record.go_on(since, until, calendar, zone)
            self._move_due(task)
        step = task.step
        expires = step.expires if isinstance(step, TaskStep) else None
        if expires is not None and task.expires_at is not None:
            before, span = to_moment(task.expires_at), parse_span(expires.after)
            moved = put_off(before, span, since, until, calendar=calendar, zone=zone)
            task.expires_at = to_seconds(moved)
            self.later(task.expires_at, self._expire, task)

    def _stands(self, task: OpenTask) -> bool:
        """Whether its clock stands still."""
        return task.asked_since is not None and task.step.clock != "runs"

    def _stop_deadline(self, request: OpenRequest, now: int) -> None:
        record = request.deadline
        if self.graph.definition.clock != "stops" or record is None:
            return
        if record.stands_since is None:
            request.deadline = record.stand(to_moment(now))

    def _start_deadline(self, request: OpenRequest, now: int) -> None:
        """It goes on when no task is left on which the requester has the question."""
        record = request.deadline
        if record is None or record.stands_since is None or _is_asked(request):
            return
        since = datetime.fromisoformat(record.stands_since)
        request.deadline = record.go_on(since, to_moment(now), self.calendar, self.graph.zone)
        self._set_deadline(request)


def _may_extend(extend: ExtendDef | None, record: DueRecord) -> bool:
    return extend is not None and len(record.extended) < (extend.times or 1)


def _is_asked(request: OpenRequest) -> bool:
    return any(task.asked_since is not None for task in request.tasks.values())
