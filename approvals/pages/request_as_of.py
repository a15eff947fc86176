"""A request as it was at a moment of the past, from the kept versions of its rows and its trail."""

from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils import timezone

from approvals.pages.conversation import describe_comments
from approvals.pages.decisions import voter_usernames
from approvals.pages.field_values import (
    DisplayedValue,
    displayed_values,
    superseded_documents,
    visible_documents,
)
from approvals.pages.position_texts import RequestAnswers, describe_position, request_state_text
from approvals.pages.questions import describe_questions
from approvals.pages.request_record import describe_merge_record, describe_past_steps
from approvals.pages.request_steering import describe_course_changes, usernames_in
from approvals.pages.timeline import Happenings, Timeline, timeline_of_request
from workflows.conversation.queries.comments import comments_of, files_of_comments
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import documents_of
from workflows.engine.errors import InvalidInput, NotFound
from workflows.engine.timing.dates import is_allowed_moment
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.instance_history import (
    find_instance_at,
    find_record_begin,
    find_rows_at,
    trail_until,
)
from workflows.execution.queries.instance_record import course_rows_of, merges_of
from workflows.execution.queries.position import InstancePosition, build_position
from workflows.execution.queries.questions import questions_on_request
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.language.formats import moment_text
from workflows.people.models import User
from workflows.people.queries.person_names import full_names_of
from workflows.trail.models import TrailEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSnapshot:
    """The request at that moment; `before` and `after` are the moments of the next commands."""

    at: datetime
    request: WorkflowInstance
    version: int
    state: str
    answers: RequestAnswers
    values: list[DisplayedValue]
    documents: list[Document]
    timeline: Timeline
    trail: list[TrailEvent]
    before: datetime | None
    after: datetime | None


def parse_past_moment(text: str, now: datetime) -> datetime:
    """The moment that an address names; a day means its end. Raises InvalidInput."""
    try:
        at = _parse_moment(text.strip())
    except (ValueError, OverflowError):
        raise InvalidInput(
            "'%(written)s' is not a moment; write it like 2026-03-31 or 2026-03-31T14:05.",
            written=text[:40],
        ) from None
    if at > now:
        raise InvalidInput(
            "%(moment)s has not come yet; choose a moment of the past.", moment=moment_text(at)
        )
    return at


def _parse_moment(text: str) -> datetime:
    if len(text) == len("2026-03-31"):
        return timezone.make_aware(datetime.combine(date.fromisoformat(text), time.max))
    at = datetime.fromisoformat(text)
    at = timezone.make_aware(at) if at.tzinfo is None else at
    if not is_allowed_moment(at, timezone.get_current_timezone()):
        raise ValueError(text)
    return timezone.localtime(at)


def request_snapshot_at(
    request: WorkflowInstance, at: datetime, *, audits: bool, reader: User
) -> RequestSnapshot:
    """The request as the rows of then have it. Raises NotFound where there were none yet."""
    then = _find_request_then(request, at)
    rows = find_rows_at(then, at)
    position = build_position(then, rows.tasks, rows.incidents)
    # Asked as of now: who may see a value today may see what it was, and nobody else.
    hidden = hidden_fields(reader, request) | hidden_fields(reader, then, position.map)
    uploaded = visible_documents(documents_of(then, until=at), hidden)
    definition = position.map.graph.definition
    values = displayed_values(definition, then, documents=uploaded, hidden=hidden)
    return RequestSnapshot(
        at=at,
        request=then,
        version=position.map.number,
        state=request_state_text(then),
        answers=describe_position(position, at),
        values=values,
        documents=superseded_documents(uploaded, values),
        timeline=timeline_of_request(
            then, definition, _happenings_until(position, rows.tasks, uploaded, at, hidden), at
        ),
        trail=trail_until(then, at) if audits else [],
        before=rows.before,
        after=rows.after,
    )


def _happenings_until(
    position: InstancePosition,
    tasks: list[WorkItem],
    documents: list[Document],
    at: datetime,
    hidden: frozenset[str],
) -> Happenings:
    """What had happened by then; for reading, so without a reader who could change any of it."""
    then = position.instance
    rows = course_rows_of(then, until=at)
    names = full_names_of([*voter_usernames(tasks), *usernames_in(rows)])
    comments = comments_of(then, until=at)
    return Happenings(
        steps=describe_past_steps(position, tasks, at, names),
        comments=describe_comments(comments, files_of_comments(comments), None, at),
        questions=describe_questions(questions_on_request(then), None),
        changes=describe_course_changes(position, rows, names),
        merges=[describe_merge_record(position.map, row, hidden) for row in merges_of(then)],
        documents=documents,
    )


def _find_request_then(request: WorkflowInstance, at: datetime) -> WorkflowInstance:
    then = find_instance_at(request, at)
    if then is not None:
        return then
    begin = find_record_begin(request)
    places = {"reference": request.reference, "moment": moment_text(at)}
    if begin is None:
        raise NotFound("%(reference)s was not there on %(moment)s.", **places)
    raise NotFound(
        "%(reference)s was not there on %(moment)s; its record begins on %(begin)s.",
        begin=moment_text(begin),
        **places,
    )
