"""What happened to a request in one line of time: its steps with their decisions, what people said
and asked, who changed its course, what held it up, what was put in, and how it ended."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from django.utils.translation import gettext

from approvals.pages.conversation import CommentLine
from approvals.pages.decisions import EarlierDecision
from approvals.pages.position_texts import ROWS_SHOWN
from approvals.pages.questions import QuestionLine
from approvals.pages.request_record import IncidentDetails, Merge, PastStep
from approvals.pages.request_steering import CourseChange
from approvals.ui.formats import person_name
from workflows.documents.models import Document
from workflows.engine.format.definition import Definition, display_title
from workflows.execution.choices import InstanceState
from workflows.execution.models import WorkflowInstance
from workflows.outbox.models import Attempt

MOST_ENTRIES = 100
"""So many things are on one page; what was before is on the next."""
STILL_OPEN = datetime.max.replace(tzinfo=UTC)
"""What is not over comes last."""


@dataclass(frozen=True, slots=True)
class FilesPutIn:
    """Documents that somebody put in at once; each with its field's title."""

    who: str
    documents: list[tuple[str, Document]]


@dataclass(frozen=True, slots=True)
class OpenRows:
    """A step that is open for many rows at once."""

    title: str
    steps: list[PastStep]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened, and when it was over: just one of these is there."""

    at: datetime
    step: PastStep | None = None
    rows: OpenRows | None = None
    decision: EarlierDecision | None = None
    comment: CommentLine | None = None
    asked: QuestionLine | None = None
    answered: QuestionLine | None = None
    change: CourseChange | None = None
    trouble: IncidentDetails | None = None
    merge: Merge | None = None
    files: FilesPutIn | None = None
    milestone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happenings:
    """What a line of time is made of, each kind in words already."""

    steps: Iterable[PastStep] = ()
    comments: Iterable[CommentLine] = ()
    questions: Iterable[QuestionLine] = ()
    changes: Iterable[CourseChange] = ()
    troubles: Iterable[IncidentDetails] = ()
    merges: Iterable[Merge] = ()
    documents: Iterable[Document] = ()
    attempts: Iterable[Attempt] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of the line of time, oldest first; `earlier` is the moment until which the page
    before it goes, where there is one, and `is_newest` whether nothing comes after it."""

    entries: list[TimelineEntry] = field(default_factory=list)
    earlier: datetime | None = None
    is_newest: bool = True


def timeline_of_request(
    instance: WorkflowInstance,
    definition: Definition,
    happenings: Happenings,
    until: datetime | None = None,
) -> Timeline:
    """The newest things that happened (until a moment), and what is open at the end. What stands
    apart at the top of the page, an open incident or merge, is not here. No statement."""
    entries = sorted(
        (
            _beginning(instance),
            *_steps(happenings.steps),
            *_said(happenings.comments),
            *_asked_and_answered(happenings.questions),
            *(TimelineEntry(at=change.at, change=change) for change in happenings.changes),
            *_over(happenings.troubles, happenings.merges),
            *_put_in(happenings.documents, definition),
            *_answered_late(happenings.attempts),
            *_ending(instance),
        ),
        key=lambda entry: entry.at,
    )
    return _newest_page(entries, until)


def timeline_of_decisions(
    decisions: Sequence[EarlierDecision], comments: Iterable[CommentLine]
) -> list[TimelineEntry]:
    """Decisions and comments by when they were given; a decision of which that is not known stands
    behind the one before it."""
    return sorted((*_dated_decisions(decisions), *_said(comments)), key=lambda entry: entry.at)


def _newest_page(entries: Sequence[TimelineEntry], until: datetime | None) -> Timeline:
    """The last entries until the moment; those of one moment are never parted."""
    due = [entry for entry in entries if until is None or entry.at <= until]
    if len(due) <= MOST_ENTRIES:
        return Timeline(due, None, until is None)
    begin = due[-MOST_ENTRIES].at
    page_entries = [entry for entry in due if entry.at >= begin]
    return Timeline(page_entries, begin - timedelta(microseconds=1), until is None)


# -- each kind --------------------------------------------------------------------------------


def _beginning(instance: WorkflowInstance) -> TimelineEntry:
    person = person_name(instance.requester, instance.requester_name)
    if person:
        began = gettext("%(person)s started the request.") % {"person": person}
    else:
        source = {"source": instance.get_source_display()}
        began = gettext("The request came by %(source)s.") % source
    return TimelineEntry(at=instance.started_at, milestone=began)


def _ending(instance: WorkflowInstance) -> Iterator[TimelineEntry]:
    """That it came to an end; a cancellation is a change of its course."""
    if instance.completed_at is not None and instance.state == InstanceState.COMPLETED:
        result = {"result": display_title(instance.result, None)}
        ended = gettext("The request is done: %(result)s.") % result
        yield TimelineEntry(at=instance.completed_at, milestone=ended)


def _answered_late(attempts: Iterable[Attempt]) -> Iterator[TimelineEntry]:
    """What was done outside when nothing waited for it any more: somebody may have to undo it."""
    for attempt in attempts:
        if attempt.is_late and attempt.finished_at is not None:
            told = gettext("“%(step)s”: %(message)s") % {
                "step": attempt.step,
                "message": attempt.message,
            }
            yield TimelineEntry(at=attempt.finished_at, milestone=told)


def _steps(steps: Iterable[PastStep]) -> Iterator[TimelineEntry]:
    """Each step; one that is open for many rows is one thing."""
    steps = list(steps)
    rows: dict[str, list[PastStep]] = {}
    for step in steps:
        if step.task.is_open and step.position.row:
            rows.setdefault(step.position.key, []).append(step)
    many = {key: open_rows for key, open_rows in rows.items() if len(open_rows) > ROWS_SHOWN}
    for open_rows in many.values():
        yield TimelineEntry(at=STILL_OPEN, rows=OpenRows(open_rows[0].position.title, open_rows))
    for step in steps:
        if not (step.task.is_open and step.position.row and step.position.key in many):
            yield TimelineEntry(at=_end_of_step(step), step=step)


def _end_of_step(step: PastStep) -> datetime:
    if step.task.is_open:
        return STILL_OPEN
    return step.task.completed_at or step.position.since or STILL_OPEN


def _said(comments: Iterable[CommentLine]) -> Iterator[TimelineEntry]:
    return (TimelineEntry(at=line.comment.written_at, comment=line) for line in comments)


def _asked_and_answered(questions: Iterable[QuestionLine]) -> Iterator[TimelineEntry]:
    """A question where it was asked, and what became of it where that was."""
    for line in questions:
        yield TimelineEntry(at=line.question.asked_at, asked=line)
        if line.question.closed_at is not None:
            yield TimelineEntry(at=line.question.closed_at, answered=line)


def _over(troubles: Iterable[IncidentDetails], merges: Iterable[Merge]) -> Iterator[TimelineEntry]:
    """Incidents that are over, by when they began; merges, by when they ended."""
    for trouble in troubles:
        if not trouble.is_open:
            yield TimelineEntry(at=trouble.row.opened_at, trouble=trouble)
    for merge in merges:
        if merge.row.closed_at is not None:
            yield TimelineEntry(at=merge.row.closed_at, merge=merge)


def _put_in(documents: Iterable[Document], definition: Definition) -> Iterator[TimelineEntry]:
    """Documents, those that one person put in at one moment together."""

    def occasion(document: Document) -> tuple[datetime, int]:
        return document.uploaded_at, document.uploaded_by_id or 0

    for (at, _), rows in groupby(sorted(documents, key=occasion), key=occasion):
        together = list(rows)
        person = person_name(together[0].uploaded_by, gettext("The system"))
        titled = [(_field_title(definition, document.field), document) for document in together]
        yield TimelineEntry(at=at, files=FilesPutIn(person, titled))


def _field_title(definition: Definition, key: str) -> str:
    declared = definition.all_fields.get(key)
    return display_title(key, declared.label if declared else None)


def _dated_decisions(decisions: Iterable[EarlierDecision]) -> Iterator[TimelineEntry]:
    last = datetime.min.replace(tzinfo=UTC)
    for decision in decisions:
        last = decision.at or last
        yield TimelineEntry(at=last, decision=decision)
