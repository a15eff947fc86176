"""One case of a log, driven through the services in one transaction: all of it, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import transaction

from reporting.logs.rows import LogRow
from reporting.mapping import IGNORE, REQUESTER, START, Activities, Decision, Meaning, how_to_write
from workflows.engine.errors import HandoffError, InvalidInput
from workflows.models import Incident, TemplateVersion, WorkflowInstance
from workflows.services import corrections, requests, tasks
from workflows.services.locks import open_tasks
from workflows.services.log_people import LogPeople
from workflows.services.maps import VersionMap
from workflows.services.moments import Moments

FROM_LOG = "Shown by the log."
"""The comment of a decision that needs one, since a log carries none."""


YEARS = range(1900, 9000)


@dataclass(eq=False)
class Refusal(Exception):
    """A case that the map does not allow, with the line of the log and the reason."""

    case_id: str
    row: int
    reason: str


@dataclass(slots=True)
class Course:
    """A case on its way: its request once there is one, and what its data columns last said."""

    rows: Sequence[tuple[LogRow, Meaning]]
    request: WorkflowInstance | None = None
    said: dict[str, str] = field(default_factory=dict)
    decisions: int = 0


@dataclass(frozen=True)
class CaseReplay:
    """Replays cases on one version of a workflow."""

    map: VersionMap
    version: TemplateVersion
    activities: Activities
    people: LogPeople

    def drive(self, rows: Sequence[LogRow]) -> tuple[WorkflowInstance, int]:
        """Replay a case; its request and how many decisions were made. Raises Refusal."""
        row = rows[0]
        try:
            with transaction.atomic():
                course = Course(self._readable(rows))
                for row, meaning in course.rows:
                    self._row(course, row, meaning)
        except HandoffError as problem:
            raise Refusal(row.case_id, row.line, str(problem)) from None
        assert course.request is not None
        return course.request, course.decisions

    def _readable(self, rows: Sequence[LogRow]) -> list[tuple[LogRow, Meaning]]:
        """The rows that say something, with what they mean."""
        told: list[tuple[LogRow, Meaning]] = []
        for position, row in enumerate(rows, start=1):
            meaning = self.activities.meaning(row.activity, last=position == len(rows))
            if meaning is None:
                reason = how_to_write(self.activities.definition, row.activity)
                raise Refusal(row.case_id, row.line, reason)
            if meaning != IGNORE:
                _check_years(row)
                told.append((row, meaning))
        if not told:
            reason = "No row of the case starts it or decides anything."
            raise Refusal(rows[0].case_id, rows[0].line, reason)
        return told

    def _row(self, course: Course, row: LogRow, meaning: Meaning) -> None:
        if meaning == START:
            if course.request is not None:
                raise InvalidInput("The row starts the request, which is running already.")
            self._start(course, row)
            return
        assert isinstance(meaning, tuple)
        if course.request is None:
            if any(later == START for _, later in course.rows):
                raise InvalidInput("The row comes before the one that starts the request.")
            self._start(course, row)
        self._decide(course, row, meaning)

    def _start(self, course: Course, row: LogRow) -> None:
        known = WorkflowInstance.objects.filter(
            template_id=self.version.template_id, case_ref=row.case_id
        )
        if known.exists():
            raise InvalidInput(
                f"Case '{row.case_id}' is in '{self.version.template.key}' already; take it out of"
                " the log, or replay on another key."
            )
        is_start = course.rows[0][1] == START
        course.said.update(row.data)
        course.request = requests.start_on(
            self.version,
            actor=self._person(row, row.resource),
            now=row.last if is_start else row.enabled or row.start or row.last,
            data={**self._found_people(course), **row.data},
            title=row.case_id,
            source=WorkflowInstance.REPLAY,
            case_ref=row.case_id,
            complete=False,
        )

    def _found_people(self, course: Course) -> dict[str, str]:
        """For each role that a field finds, the first whom the log shows in it: known from the
        start, so that the task comes to that person."""
        found: dict[str, str] = {}
        for row, meaning in course.rows:
            for decision in meaning if isinstance(meaning, tuple) else ():
                role = self.activities.role_of(decision)
                name = decision.who or row.resource
                if role is not None and role.field and name and name != REQUESTER:
                    self.people.person(name)
                    found.setdefault(role.field, name)
        return found

    def _decide(self, course: Course, row: LogRow, meaning: tuple[Decision, ...]) -> None:
        request = course.request
        assert request is not None
        item, decision = self._open(request, row, meaning)
        step = self.map.human(decision.step)
        new = {key: text for key, text in row.data.items() if course.said.get(key) != text}
        course.said.update(new)
        writes = {key: text for key, text in new.items() if key in (step.outputs or [])}
        self._learn(request, row, {key: text for key, text in new.items() if key not in writes})
        route = step.outcomes[decision.outcome]
        done = tasks.decide(
            item,
            actor=self._performer(request, row, decision),
            outcome=decision.outcome,
            now=row.last,
            comment=FROM_LOG if route.comment == "required" else "",
            data=writes,
            moments=Moments(enabled=row.enabled, started=row.start),
        )
        course.request = done.request
        course.decisions += 1

    def _learn(self, request: WorkflowInstance, row: LogRow, data: dict[str, str]) -> None:
        """What a log says beside its steps' outputs is set all the same, and recorded."""
        if data:
            corrections.set_values(request.pk, actor=None, data=data, reason=FROM_LOG, now=row.last)

    def _open(
        self, request: WorkflowInstance, row: LogRow, meaning: tuple[Decision, ...]
    ) -> tuple[int, Decision]:
        """The open task that the row decides. Refuses with the open steps where there is none."""
        there = {self.map.step_keys[step]: task for task, step in open_tasks(request.pk)}
        for decision in meaning:
            if decision.step in there:
                return there[decision.step], decision
        wanted = " or ".join(f"'{decision.step}'" for decision in meaning)
        raise InvalidInput(f"{wanted} cannot be reached; {_where(request, list(there))}")

    def _performer(self, request: WorkflowInstance, row: LogRow, decision: Decision) -> User:
        if decision.who == REQUESTER:
            assert request.requester is not None
            return request.requester
        return self._person(row, decision.who or row.resource)

    def _person(self, row: LogRow, name: str) -> User:
        if not name:
            raise InvalidInput(
                "The row names no resource, and a decision is somebody's; fill the column in, or"
                " say `as: NAME` in the mapping file."
            )
        return self.people.person(name)


def _check_years(row: LogRow) -> None:
    """Refuse moments from which no due date can be reckoned."""
    for moment in (row.enabled, row.start, row.end):
        if moment is not None and moment.year not in YEARS:
            reason = f"The time {moment:%Y-%m-%d} is outside the years 1900 to 8999; correct it."
            raise Refusal(row.case_id, row.line, reason)


def _where(request: WorkflowInstance, steps: list[str]) -> str:
    if not request.is_live:
        return f"the request has ended as {request.result}, and no step is open."
    if steps:
        return f"open steps: {', '.join(steps)}."
    incident = Incident.objects.filter(request=request, state=Incident.OPEN).first()
    waits = f" The request waits on an incident: {incident.message}" if incident else ""
    return f"no step is open.{waits}"
