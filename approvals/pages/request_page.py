"""The page of one request: its four answers, its values, and its record as far as one may read
it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from approvals.pages.conversation import (
    FollowerLine,
    describe_comments,
    describe_followers,
)
from approvals.pages.decisions import voter_usernames
from approvals.pages.field_values import (
    DisplayedValue,
    displayed_values,
    superseded_documents,
    usernames_in_fields,
    visible_documents,
)
from approvals.pages.hold_lines import HoldLine, describe_held
from approvals.pages.position_texts import (
    RequestAnswers,
    completion_sentences,
    describe_position,
    request_state_text,
)
from approvals.pages.questions import describe_questions
from approvals.pages.request_picture import draw_request_picture, picture_key
from approvals.pages.request_record import (
    IncidentDetails,
    Merge,
    PastStep,
    describe_incidents,
    describe_merge_record,
    describe_past_steps,
)
from approvals.pages.request_steering import (
    ApprovalBypass,
    describe_approval_bypasses,
    describe_course_changes,
    usernames_in,
)
from approvals.pages.request_way import RequestWay, WayState, describe_way
from approvals.pages.timeline import Happenings, Timeline, timeline_of_request
from approvals.ui.formats import approval_asked_again_sentences, outdated_approval_sentences
from workflows.conversation.models import Comment
from workflows.conversation.queries.comments import (
    COMMENTS,
    comments_of,
    documents_and_comment_files,
)
from workflows.conversation.queries.following import FOLLOWERS, follows_of_request
from workflows.definitions.diagrams.parts import MapDiagram
from workflows.documents.models import Document
from workflows.documents.queries.instance_documents import DOCUMENTS
from workflows.engine.format.definition import Definition
from workflows.engine.routing.void_approvals import approvals_asked_again, outdated_approvals
from workflows.execution.models import Incident, KeptMessage, WorkflowInstance, WorkItem
from workflows.execution.queries.actor_facets import (
    actor_facets,
    capacity_over,
    may_audit_request,
)
from workflows.execution.queries.automatic_steps import (
    AutomaticStepStatuses,
    automatic_step_statuses,
)
from workflows.execution.queries.completion_estimates import (
    FINISHED_REQUESTS,
    REQUEST_FORECASTS,
    estimate_completion,
)
from workflows.execution.queries.facets import read_facets
from workflows.execution.queries.instance_record import (
    RECORD_FACETS,
    RequestFamily,
    attempts_of,
    course_rows_of,
    incidents_of,
    merges_of,
    people_read_with,
    read_absences_of_people,
    request_family_of,
    tasks_of,
    trail_of,
)
from workflows.execution.queries.position import InstancePosition, build_position
from workflows.execution.queries.questions import QUESTIONS, questions_on_request
from workflows.execution.queries.sight.attempts import conceal_attempts
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.services.capacities import collect_barred_step_ids, find_steering_refusal
from workflows.execution.services.corrections import fields_to_put_right, find_correction_refusal
from workflows.execution.services.messages.keeping import kept_messages_of
from workflows.execution.services.read_only_work import read_only_unit_of_work
from workflows.execution.services.unit_of_work import UnitOfWork
from workflows.links.queries.public_entries import address_behind
from workflows.links.queries.status_links import STATUS_LINKS
from workflows.outbox.models import Attempt
from workflows.people.models import User
from workflows.people.queries.person_names import full_names_of
from workflows.trail.models import TrailEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a person may do with a request beside working on its tasks: read its whole record, and
    steer it. `kept_away` says why one who answers for it may not."""

    answers_for_it: bool
    audits: bool
    manages: bool
    kept_away: str
    barred_step_ids: Collection[int]


@dataclass(frozen=True, slots=True)
class SteeringLink:
    """The page of a change of course, by its name in the address, and what leads there."""

    key: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPage:
    """Everything on the page of a request."""

    version: int
    state: str
    answers: RequestAnswers
    done_when: str
    family: RequestFamily
    values: list[DisplayedValue]
    documents: list[Document]
    way: RequestWay
    picture: MapDiagram
    picture_key: list[tuple[WayState, str, str]]
    timeline: Timeline
    followers: FollowerLine
    sight_is_offered: bool
    troubles: list[IncidentDetails]
    attempts: list[Attempt]
    merges: list[Merge]
    gone_past: list[ApprovalBypass]
    asked_again: list[str]
    outdated: list[str]
    holds: list[HoldLine]
    kept_messages: list[KeptMessage]
    trail: list[TrailEvent]
    standing: Standing
    courses: list[SteeringLink]
    public_address: str


REQUEST_FACETS = (
    *RECORD_FACETS,
    *(COMMENTS, FOLLOWERS, DOCUMENTS, QUESTIONS, STATUS_LINKS, FINISHED_REQUESTS),
    REQUEST_FORECASTS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RequestReading:
    """What the parts of the page are worked out from, each read once."""

    user: User
    now: datetime
    until: datetime | None
    work: UnitOfWork
    standing: Standing
    tasks: Sequence[WorkItem]
    incidents: Sequence[Incident]
    position: InstancePosition
    documents: list[Document]
    comments: list[Comment]
    comment_files: Mapping[int, list[Document]]
    course_rows: list[TrailEvent]
    names: Mapping[str, str]
    attempts: list[Attempt]
    hidden: frozenset[str]

    @property
    def instance(self) -> WorkflowInstance:
        return self.position.instance

    @property
    def definition(self) -> Definition:
        return self.position.map.graph.definition


def request_page(
    user: User, request: WorkflowInstance, now: datetime, until: datetime | None = None
) -> RequestPage:
    """The page as this person may read it; what happened goes until a moment. The number of
    statements does not depend on how much happened."""
    reading = _read_request(user, request, now, until)
    position, standing, definition = reading.position, reading.standing, reading.definition
    values = displayed_values(
        definition,
        request,
        documents=reading.documents,
        names=reading.names,
        hidden=reading.hidden,
    )
    steps = describe_past_steps(position, reading.tasks, now, reading.names)
    request_way = describe_way(position, steps, now)
    happenings = _describe_happenings(reading, steps)
    outdated = outdated_approvals(reading.work.marking)
    return RequestPage(
        version=position.map.number,
        state=request_state_text(request),
        answers=describe_position(position, now, audits=standing.audits, reader=user),
        done_when=completion_sentences(estimate_completion(position, now), now),
        family=request_family_of(user, request),
        values=values,
        documents=superseded_documents(reading.documents, values),
        way=request_way,
        picture=draw_request_picture(position, request_way, reading.tasks),
        picture_key=picture_key(request_way),
        timeline=timeline_of_request(request, definition, happenings, until),
        followers=describe_followers(follows_of_request(request), user),
        sight_is_offered=bool(definition.mentions_give_sight),
        troubles=[trouble for trouble in happenings.troubles if trouble.is_open],
        attempts=reading.attempts,
        merges=[merge for merge in happenings.merges if merge.row.closed_at is None],
        gone_past=describe_approval_bypasses(position, reading.course_rows),
        asked_again=approval_asked_again_sentences(
            approvals_asked_again(reading.work.map.graph, reading.work.marking, request.data),
            definition,
        ),
        outdated=outdated_approval_sentences(outdated, definition),
        holds=describe_held(user, request, position.map),
        kept_messages=kept_messages_of(request, now),
        trail=trail_of(request) if standing.audits else [],
        standing=standing,
        courses=available_steering_commands(position, reading.work, user, now, standing),
        public_address=address_behind(request) if standing.answers_for_it else "",
    )


def _read_request(
    user: User, request: WorkflowInstance, now: datetime, until: datetime | None
) -> _RequestReading:
    read_facets(request, [*REQUEST_FACETS, *actor_facets()], user, now)
    read_absences_of_people(request, [request.requester, request.template.owner], now)
    work = read_only_unit_of_work(request, user, now)
    standing = find_standing(work, user)
    tasks, incidents = tasks_of(request), incidents_of(request)
    position = build_position(request, tasks, incidents, _statuses_of(request, tasks))
    course_rows = course_rows_of(request, until=until)
    comments = comments_of(request, until=until)
    documents, comment_files = documents_and_comment_files(request, comments)
    hidden = hidden_fields(user, request, position.map)
    documents = visible_documents(documents, hidden)
    return _RequestReading(
        user=user,
        now=now,
        until=until,
        work=work,
        standing=standing,
        tasks=tasks,
        incidents=incidents,
        position=position,
        documents=documents,
        comments=comments,
        comment_files=comment_files,
        course_rows=course_rows,
        names=_names_on_page(request, position.map.graph.definition, tasks, course_rows),
        attempts=conceal_attempts(
            attempts_of(request, position.map) if standing.audits else [], hidden
        ),
        hidden=hidden,
    )


def _names_on_page(
    request: WorkflowInstance,
    definition: Definition,
    tasks: Sequence[WorkItem],
    course_rows: Sequence[TrailEvent],
) -> Mapping[str, str]:
    """The names of all whom fields, votes and changes of course name by their logins. One
    statement, or none where all of them have or had tasks, or did what is told."""
    return full_names_of(
        [
            *usernames_in_fields(definition.fields, request.data),
            *voter_usernames(tasks),
            *usernames_in(course_rows),
        ],
        [request.requester, request.template.owner, *people_read_with(tasks)],
    )


def _describe_happenings(reading: _RequestReading, steps: Sequence[PastStep]) -> Happenings:
    """What happened on the request, of each kind."""
    request, position, now = reading.instance, reading.position, reading.now
    user, steers = reading.user, reading.standing.manages
    return Happenings(
        steps=steps,
        comments=describe_comments(reading.comments, reading.comment_files, user, now),
        questions=describe_questions(
            questions_on_request(request), user, steers=steers, beside=request
        ),
        changes=describe_course_changes(position, reading.course_rows, reading.names),
        troubles=describe_incidents(position.map, reading.incidents, reading.attempts),
        merges=[
            describe_merge_record(position.map, row, reading.hidden) for row in merges_of(request)
        ],
        documents=reading.documents,
        attempts=reading.attempts,
    )


def _statuses_of(request: WorkflowInstance, tasks: Sequence[WorkItem]) -> AutomaticStepStatuses:
    versions = {request.pk: request.version_id}
    return automatic_step_statuses(versions, tasks, with_failures=True)


def find_standing(work: UnitOfWork, user: User) -> Standing:
    """As what the person stands to the request."""
    answers_for_it = capacity_over(work.instance, user) is not None
    kept_away = find_steering_refusal(work, user) if answers_for_it else None
    manages = answers_for_it and kept_away is None
    return Standing(
        answers_for_it=answers_for_it,
        audits=answers_for_it or may_audit_request(work.instance, user),
        manages=manages,
        kept_away=str(kept_away or ""),
        barred_step_ids=collect_barred_step_ids(work, user) if manages else (),
    )


def _may_be_extended(position: InstancePosition, now: datetime) -> bool:
    """Whether the map lets a request as a whole be given more time, it has not been yet, and its
    time is not up."""
    request = position.instance
    extend = position.map.graph.definition.extend
    record = request.deadline_record or {}
    given = len(record.get("extended", ()))
    is_late = request.deadline_at < now and "stands_since" not in record
    is_dated = request.state == WorkflowInstance.RUNNING and bool(record) and not is_late
    return extend is not None and is_dated and given < (extend.times or 1)


def _may_correct(work: UnitOfWork, user: User, standing: Standing) -> bool:
    """Whether there are values that this person may put right where the request stands now."""
    is_running = work.instance.state == WorkflowInstance.RUNNING
    is_free = standing.manages and find_correction_refusal(work, user) is None
    return is_running and is_free and bool(fields_to_put_right(work.map.graph.definition))


def available_steering_commands(
    position: InstancePosition,
    work: UnitOfWork,
    user: User,
    now: datetime,
    standing: Standing,
) -> list[SteeringLink]:
    """Which changes of course this person can ask for now."""
    request, manages = position.instance, standing.manages
    may_cancel = manages or request.requester_id == user.pk
    is_complete = request.state == WorkflowInstance.COMPLETED
    possible = [
        ("cancel", gettext("Cancel the request"), request.is_live and may_cancel),
        (
            "suspend",
            gettext("Suspend the request"),
            manages and request.state == WorkflowInstance.RUNNING,
        ),
        (
            "resume",
            gettext("Resume the request"),
            manages and request.state == WorkflowInstance.SUSPENDED,
        ),
        (
            "correct",
            gettext("Correct values"),
            _may_correct(work, user, standing),
        ),
        ("extend", gettext("Give it more time"), manages and _may_be_extended(position, now)),
        (
            "reopen",
            gettext("Reopen the request"),
            manages and is_complete and bool(position.reopens_at),
        ),
    ]
    return [SteeringLink(key, label) for key, label, is_possible in possible if is_possible]
