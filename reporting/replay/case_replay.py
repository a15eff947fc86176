"""One case of a log, driven through the services in one transaction: all of it, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from reporting.eventlogs.readers.rows import LogRow
from reporting.replay.activity_mapping import (
    IGNORE,
    REQUESTER,
    START,
    ActivityMapping,
    MappedDecision,
    Meaning,
    explain_unmapped_activity,
)
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.errors import HandoffError, InvalidInput
from workflows.engine.format.role_finders import FIELD
from workflows.engine.routing.cancel_reasons import ShownByLog
from workflows.engine.texts import Text, text
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.position import InstancePosition, find_position
from workflows.execution.services import corrections
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.expiry import record_expiry
from workflows.execution.services.task_clocks.task_times import TaskMoments
from workflows.execution.services.unit_of_work.locks import fetch_open_task_ids
from workflows.language.formats import join_alternatives
from workflows.people.models import User
from workflows.people.services.log_accounts import LogPeople

YEARS = range(1900, 9000)


@dataclass(eq=False)
class CaseRefusal(Exception):
    """A case that the map does not allow, with the line of the log and the reason."""

    case_id: str
    row: int
    text: Text

    @property
    def reason(self) -> str:
        """The reason, in the reader's language."""
        return str(self.text)


@dataclass(slots=True)
class CaseProgress:
    """A case on its way: its request once there is one, and what its data columns last said."""

    rows: Sequence[tuple[LogRow, Meaning]]
    request: WorkflowInstance | None = None
    last_values: dict[str, str] = field(default_factory=dict)
    decisions: int = 0


@dataclass(frozen=True)
class CaseReplay:
    """Replays cases on one version of a workflow."""

    map: VersionMap
    version: TemplateVersion
    activities: ActivityMapping
    people: LogPeople

    def drive(self, rows: Sequence[LogRow]) -> tuple[WorkflowInstance, int]:
        """Replay a case; its request and how many decisions were made. Raises Refusal."""
        row = rows[0]
        try:
            with transaction.atomic():
                course = CaseProgress(self._interpret_rows(rows))
                for row, meaning in course.rows:
                    self._replay_row(course, row, meaning)
        except HandoffError as problem:
            raise CaseRefusal(row.case_id, row.line, problem.text) from None
        assert course.request is not None
        return course.request, course.decisions

    def _interpret_rows(self, rows: Sequence[LogRow]) -> list[tuple[LogRow, Meaning]]:
        """The rows that say something, with what they mean."""
        meaningful_rows: list[tuple[LogRow, Meaning]] = []
        for position, row in enumerate(rows, start=1):
            meaning = self.activities.meaning(row.activity, last=position == len(rows))
            if meaning is None:
                reason = explain_unmapped_activity(self.activities.definition, row.activity)
                raise CaseRefusal(row.case_id, row.line, reason)
            if meaning != IGNORE:
                _check_years(row)
                meaningful_rows.append((row, meaning))
        if not meaningful_rows:
            reason = text("No row of the case starts it or decides anything.")
            raise CaseRefusal(rows[0].case_id, rows[0].line, reason)
        return meaningful_rows

    def _replay_row(self, course: CaseProgress, row: LogRow, meaning: Meaning) -> None:
        if meaning == START:
            if course.request is not None:
                raise InvalidInput("The row starts the request, which is running already.")
            self._start_request(course, row)
            return
        assert isinstance(meaning, tuple)
        if course.request is None:
            if any(later == START for _, later in course.rows):
                raise InvalidInput("The row comes before the one that starts the request.")
            self._start_request(course, row)
        self._apply_decision(course, row, meaning)

    def _start_request(self, course: CaseProgress, row: LogRow) -> None:
        existing_requests = WorkflowInstance.objects.filter(
            template_id=self.version.template_id, case_ref=row.case_id
        )
        if existing_requests.exists():
            raise InvalidInput(
                "Case '%(case_id)s' is in '%(key)s' already; take it out of the log, or replay on"
                " another key.",
                case_id=row.case_id,
                key=self.version.template.key,
            )
        is_start = course.rows[0][1] == START
        course.last_values.update(row.data)
        course.request = requests.start_on_version(
            self.version,
            actor=self._find_person(row, row.resource),
            now=row.last if is_start else row.enabled or row.start or row.last,
            data={**self._find_role_people(course), **self._said_values(row)},
            title=row.case_id,
            source=WorkflowInstance.REPLAY,
            case_ref=row.case_id,
            complete=False,
        )

    def _said_values(self, row: LogRow) -> dict[str, str]:
        """What a row says of fields; those that are worked out are worked out again."""
        worked_out = self.map.graph.definition.worked_out_keys
        return {key: value for key, value in row.data.items() if key not in worked_out}

    def _find_role_people(self, course: CaseProgress) -> dict[str, str]:
        """For each role that a field finds, the first whom the log shows in it: known from the
        start, so that the task comes to that person."""
        people_by_field: dict[str, str] = {}
        for row, meaning in course.rows:
            for decision in meaning if isinstance(meaning, tuple) else ():
                role = self.activities.role_of(decision)
                name = decision.performer or row.resource
                if decision.is_by_time:
                    continue
                field = role.settings.get(FIELD.name) if role is not None else None
                if field and name and name != REQUESTER:
                    self.people.person(name)
                    people_by_field.setdefault(field, name)
        return people_by_field

    def _apply_decision(
        self, course: CaseProgress, row: LogRow, meaning: tuple[MappedDecision, ...]
    ) -> None:
        request = course.request
        assert request is not None
        item, decision = self._find_open_task(request, row, meaning)
        step = self.map.human(decision.step)
        new = {
            key: value
            for key, value in self._said_values(row).items()
            if course.last_values.get(key) != value
        }
        course.last_values.update(new)
        outputs = () if decision.is_by_time else step.outputs or ()
        writes = {key: value for key, value in new.items() if key in outputs}
        self._record_other_values(
            request, row, {key: value for key, value in new.items() if key not in writes}
        )
        moments = TaskMoments(enabled=row.enabled, started=row.start)
        if decision.is_by_time:
            course.request = record_expiry(item, now=row.last, moments=moments)
            return
        done = tasks.decide(
            item,
            actor=self._find_performer(request, row, decision),
            outcome=decision.outcome,
            now=row.last,
            data=writes,
            moments=moments,
        )
        course.request = done.request
        course.decisions += 1

    def _record_other_values(
        self, request: WorkflowInstance, row: LogRow, data: dict[str, str]
    ) -> None:
        """What a log says beside its steps' outputs is set all the same, and recorded."""
        if data:
            corrections.set_values(
                request.pk, actor=None, data=data, cause=ShownByLog(), now=row.last
            )

    def _find_open_task(
        self, request: WorkflowInstance, row: LogRow, meaning: tuple[MappedDecision, ...]
    ) -> tuple[int, MappedDecision]:
        """The open task that the row decides. Where there is none: refuses with where it is."""
        open_task_ids = {
            self.map.step_keys[step]: task for task, step in fetch_open_task_ids(request.pk)
        }
        for decision in meaning:
            if decision.step in open_task_ids:
                return open_task_ids[decision.step], decision
        raise InvalidInput(
            "%(steps)s cannot be reached; %(position)s",
            steps=StepAlternatives(tuple(decision.step for decision in meaning)),
            position=_describe_position(find_position(request)),
        )

    def _find_performer(
        self, request: WorkflowInstance, row: LogRow, decision: MappedDecision
    ) -> User:
        if decision.performer == REQUESTER:
            assert request.requester is not None
            return request.requester
        return self._find_person(row, decision.performer or row.resource)

    def _find_person(self, row: LogRow, name: str) -> User:
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
            reason = text(
                "The time %(day)s is outside the years 1900 to 8999; correct it.",
                day=f"{moment:%Y-%m-%d}",
            )
            raise CaseRefusal(row.case_id, row.line, reason)


@dataclass(frozen=True, slots=True)
class StepAlternatives:
    """Steps of which one was to be open, as a part of a refusal."""

    steps: tuple[str, ...]

    def __str__(self) -> str:
        return join_alternatives([f"'{step}'" for step in self.steps])


def _describe_position(position: InstancePosition) -> Text:
    """Where the request is instead."""
    if not position.instance.is_live:
        return text(
            "the request has ended as %(result)s, and no step is open.",
            result=position.instance.result,
        )
    if position.steps:
        return text("open steps: %(steps)s.", steps=", ".join(step.key for step in position.steps))
    if not position.incidents:
        return text("no step is open.")
    return text(
        "no step is open. The request waits on an incident: %(incident)s",
        incident=position.incidents[0][1].message,
    )
