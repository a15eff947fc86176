"""What goes into and comes out of the API's calls."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from workflows.execution.choices import QuestionKind, QuestionState
from workflows.execution.queries.holders import HolderKind

Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""No NUL: no database keeps it."""
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Data = Annotated[
    dict[str, Any], Field(description="Values by field. Numbers may be written as texts.")
]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
CorrelatedName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}(\.[a-z][a-z0-9_]{0,59})?$")]
Correlation = Annotated[
    dict[CorrelatedName, Text | bool | int | float],
    Field(
        description="Values that fields of the request must have, or, under a dotted name, the row"
        " that the step is about.",
        max_length=20,
    ),
]


class StrictBody(Schema):
    """A body: what is not asked for is refused, so that a misspelt name is found."""

    model_config = ConfigDict(extra="forbid")


class StartIn(StrictBody):
    """A new request."""

    workflow: Slug
    data: Data = Field(default_factory=dict)
    title: Annotated[Text, Field(max_length=200)] = ""


class DecideIn(StrictBody):
    """A decision: one of the step's outcomes, and values for the fields that it fills in."""

    outcome: Annotated[Text, Field(min_length=1, max_length=80)]
    comment: Annotated[Text, Field(max_length=10_000)] = ""
    data: Data = Field(default_factory=dict)
    seen: Annotated[
        Text | None,
        Field(
            description="The task's `seen`: what was in front of the caller. An approval needs it.",
            max_length=64,
        ),
    ] = None


class ReasonIn(StrictBody):
    """Why it is done; kept in the trail."""

    reason: Annotated[Text, Field(min_length=1, max_length=2000)]


class CorrectionIn(ReasonIn):
    """The right values of a running request, by field, and why."""

    data: Annotated[Data, Field(min_length=1)]


class CommentTextIn(StrictBody):
    """What a comment says. `gives_sight` lets those whom it mentions see the request, where its map
    allows that."""

    text: Annotated[Text, Field(min_length=1, max_length=4000)]
    gives_sight: bool = False


class CarriedFileIn(StrictBody):
    """A file for a comment or an answer: its name, and its content in base64."""

    name: Annotated[Text, Field(min_length=1, max_length=255)]
    content: str


class CommentIn(CommentTextIn):
    """A comment, with what it carries."""

    files: Annotated[list[CarriedFileIn], Field(max_length=10)] = Field(default_factory=list)


class FollowIn(StrictBody):
    """What to follow: just one of a request (its reference), a workflow (its key) and a team of
    the caller's (its name)."""

    request: Annotated[Text, Field(max_length=40)] | None = None
    workflow: Annotated[Text, Field(max_length=60)] | None = None
    team: Annotated[Text, Field(max_length=150)] | None = None


class ReassignIn(ReasonIn):
    """Into whose hands a task is put (a username), and why."""

    to: Annotated[Text, Field(min_length=1, max_length=150)]


class ApproverIn(ReasonIn):
    """Who must agree besides (a username), and why."""

    person: Annotated[Text, Field(min_length=1, max_length=150)]


class QuestionIn(StrictBody):
    """What the requester is asked."""

    question: Annotated[Text, Field(min_length=1, max_length=4000)]


class OpinionsIn(QuestionIn):
    """Who is asked for an opinion (usernames), and what."""

    people: Annotated[
        list[Annotated[Text, Field(min_length=1, max_length=150)]],
        Field(min_length=1, max_length=10),
    ]


class AnswerIn(StrictBody):
    """What somebody says to what they were asked, with what the answer carries."""

    answer: Annotated[Text, Field(min_length=1, max_length=4000)]
    files: Annotated[list[CarriedFileIn], Field(max_length=10)] = Field(default_factory=list)


class MessageIn(StrictBody):
    """A message for a request that waits for it."""

    message: Annotated[Text, Field(min_length=1, max_length=80)]
    data: Data = Field(default_factory=dict)
    correlation: Correlation = Field(default_factory=dict)


class CorrelatedIn(StrictBody):
    """A message for whichever request of a workflow waits for it with this correlation."""

    workflow: Slug
    message: Annotated[Text, Field(min_length=1, max_length=80)]
    correlation: Annotated[Correlation, Field(min_length=1)]
    data: Data = Field(default_factory=dict)


class SignalIn(StrictBody):
    """A message for all requests of a workflow that wait for it, or will, and have these values."""

    message: Annotated[Text, Field(min_length=1, max_length=80)]
    data: Data = Field(default_factory=dict)
    where: Correlation = Field(default_factory=dict)
    after: Annotated[
        int,
        Field(ge=0, le=2**63 - 1, description="The `next` of the call before; 0 for the first."),
    ] = 0


class SignalledOut(Schema):
    """What became of a signal at one request; `reason` says why it was refused."""

    reference: str
    message: Literal["taken", "kept", "already_kept", "refused"]
    reason: str | None


class SignalOut(Schema):
    """How many requests took a signal, keep it, and refused it. Where there may be more than one
    call goes through, `next` is the `after` of the next call."""

    taken: int
    kept: int
    refused: int
    requests: list[SignalledOut]
    next: int | None


class RequestOut(Schema):
    """Where a request stands."""

    reference: str
    workflow: str
    title: str
    state: str
    result: str | None
    status_url: str
    deadline: Annotated[
        datetime | None, Field(description="When the request as a whole is due.")
    ] = None


class MessageOut(RequestOut):
    """Where the request of a message stands, and what became of the message: a step has taken it,
    or the request keeps it for one that is still to come (`already_kept`: it kept the same)."""

    message: Literal["taken", "kept", "already_kept"]
    kept_until: Annotated[
        datetime | None, Field(description="Until when it is kept; null: while the request runs.")
    ] = None


class KeptMessageOut(Schema):
    """A message that came before the step that waits for it, and the fields that it gives."""

    message: str
    sender: str
    fields: list[str]
    received_at: datetime
    kept_until: Annotated[
        datetime | None, Field(description="Until when it is kept; null: while the request runs.")
    ]


class FormOut(Schema):
    """What a start form or a step fills in. `data_schema` is the JSON schema of a call's `data`;
    `step` and `outcomes` are a task's."""

    workflow: str
    version: int
    step: str | None
    outcomes: list[str]
    data_schema: dict[str, Any]


class VoteOut(Schema):
    """What one of several people said of a task."""

    by: str
    acted_for: Annotated[
        str | None, Field(description="Who was away, and in whose place it was done.")
    ] = None
    outcome: str
    comment: str
    at: datetime


class AwayOut(Schema):
    """Somebody is away until a day, the last one; who stands in (a username), if anybody does."""

    until: date
    stands_in: str | None


class RowOut(Schema):
    """The row of a list, or the person, that a task is about: `index` is its place from 0, the
    innermost last where a branch stands in another."""

    index: list[int]
    label: str


class WorkItemOut(Schema):
    """One open (or just decided) task. `holder` is the username of who has it, or must resolve
    what keeps it; null while it is in the queue. `holder_kind` says which of these it is."""

    id: int
    step: str
    title: str
    role: str | None
    state: str
    holder: str | None
    holder_kind: HolderKind
    since: datetime | None
    due: datetime | None
    expires: Annotated[
        datetime | None, Field(description="When it expires, if nobody has done it by then.")
    ] = None
    needed: int
    agreed: int
    awaited: Annotated[
        list[str],
        Field(description="Who was asked to agree besides, and has not yet (usernames)."),
    ] = Field(default_factory=list)
    outcome: str | None
    decided_by: Annotated[str | None, Field(description="Who decided it (a username).")] = None
    acted_for: Annotated[
        str | None, Field(description="Who was away, and in whose place it was decided.")
    ] = None
    holder_away: Annotated[
        AwayOut | None, Field(description="That who has it is away, and who stands in.")
    ] = None
    votes: list[VoteOut] = Field(default_factory=list)
    seen: Annotated[
        str | None,
        Field(description="The digest of the values and documents that the step shows now."),
    ] = None
    row: Annotated[
        RowOut | None, Field(description="In a branch for each row: the row that it is about.")
    ] = None
    sign: Annotated[
        str | None,
        Field(
            description="What whoever decides signs for, with their password or second factor, on"
            " the task's page: a call does not decide it."
        ),
    ] = None


class TaskOut(WorkItemOut):
    """A task after a command on it, and where its request stands now."""

    request: RequestOut


class CarriedFileOut(Schema):
    """A file that a comment or an answer carries; `GET /documents/{id}` gives its content."""

    id: int
    name: str
    size: int
    sha256: str


class QuestionOut(Schema):
    """What one person asked another on a task, and what came back: `kind` is `opinion`, or
    `requester` where the task rests until it is answered."""

    id: int
    kind: QuestionKind
    state: QuestionState
    work_item: int
    asked_by: str
    asked_of: str
    question: str
    asked_at: datetime
    answer: str
    closed_at: datetime | None
    after_decision: bool
    files: list[CarriedFileOut]


class QuestionsOut(Schema):
    """Questions, oldest first."""

    items: list[QuestionOut]


class WaitingQuestionOut(Schema):
    """What waits for the caller's answer."""

    id: int
    kind: QuestionKind
    question: str
    asked_by: str
    asked_at: datetime
    reference: str
    title: str
    workflow: str
    step: str


class WaitingQuestionsOut(Schema):
    """What waits for the caller's answer: what holds a request up first, then the oldest; 50 at
    most."""

    items: list[WaitingQuestionOut]


class IncidentOut(Schema):
    """What holds the request up, and who has to put it right."""

    code: str
    message: str
    step: str
    owner: str | None
    since: datetime


class SignatureOut(Schema):
    """How a decision was signed: the name as the record prints it, what the signature means (a code
    or the map's own words), and with what: `password` or `second_factor`."""

    name: str
    meaning: str
    method: str


class TrailOut(Schema):
    """One recorded command: by which door, in which capacity and by which role it was done, and in
    whose place (`acted_for`, a username, where somebody who was away was stood in for).
    `changes` only for who may audit the workflow."""

    at: datetime
    command: str
    step: str
    round: int | None
    actor: str
    acted_for: str
    outcome: str
    comment: str
    from_state: str
    to_state: str
    channel: str
    capacity: str
    role: str
    votes: list[VoteOut]
    signature: SignatureOut | None = None
    changes: dict[str, Any] | None


class ResourceOut(Schema):
    """A room, a car, a budget: how many may have it at a time, or its currency."""

    key: str
    name: str
    kind: str
    group: str
    capacity: int
    calendar: str | None
    currency: str | None
    owner: str
    person: str | None
    in_use: bool


class ResourcesOut(Schema):
    """Resources, group by group."""

    resources: list[ResourceOut]


class TakenOut(Schema):
    """One time at which a resource is had, or one amount that is held or spent of a budget; whose
    it is, where the caller may know."""

    state: str
    starts: datetime | None
    until: datetime | None
    count: int | None
    amount: str | None
    request: str | None


class PeriodOut(Schema):
    """How much of a budget there is, is held, spent and left, from a first to a last day."""

    first_day: date
    last_day: date
    amount: str
    held: str
    spent: str
    left: str


class AwayTimeOut(Schema):
    """A time in which the person whose time is booked is away."""

    starts: datetime
    until: datetime


class BusyOut(Schema):
    """When a resource is had, or is somebody who is away; of a budget its periods besides."""

    resource: str
    taken: list[TakenOut]
    away: list[AwayTimeOut]
    periods: list[PeriodOut]


class HoldOut(Schema):
    """What a request has of a resource: for which step (in a branch for each row, for which rows,
    from 0), and whether it stays."""

    resource: str
    step: str
    rows: list[int]
    state: str
    starts: datetime | None
    until: datetime | None
    count: int | None
    amount: str | None
    currency: str | None


class DocumentOut(CarriedFileOut):
    """A version of a document field of a request."""

    field: str
    version: int
    uploaded_at: datetime


class InstanceOut(RequestOut):
    """A request with its values, its open work and its trail (the newest 200 rows)."""

    version: int
    requester: str
    source: str
    started_at: datetime
    completed_at: datetime | None
    data: dict[str, Any]
    documents: list[DocumentOut]
    work_items: list[WorkItemOut]
    incidents: list[IncidentOut]
    questions: list[QuestionOut]
    holds: list[HoldOut]
    kept_messages: list[KeptMessageOut]
    trail: list[TrailOut]


class CommentOut(Schema):
    """What somebody said about a request, as it reads now; a withdrawn comment has no text."""

    id: int
    writer: str
    text: str
    mentioned: list[str]
    written_at: datetime
    edited_at: datetime | None
    withdrawn_at: datetime | None
    files: list[CarriedFileOut]


class CommentsOut(Schema):
    """The comments on a request, oldest first."""

    comments: list[CommentOut]


class PersonOut(Schema):
    """Somebody: login, and full name."""

    login: str
    name: str


class PeopleOut(Schema):
    """Some people."""

    people: list[PersonOut]


class FollowOut(Schema):
    """Something that the caller follows: a request, a workflow or a team. Of a request that they
    may not see any more there is no reference."""

    id: int
    request: str | None
    workflow: str | None
    team: str | None
    since: datetime


class FollowsOut(Schema):
    """What the caller follows, the newest first."""

    follows: list[FollowOut]


class InboxItemOut(Schema):
    """One task of the caller's inbox. `mine`: they have it; else it is in a queue of theirs, or
    they would do it in place of `acted_for` (a username), who is away."""

    id: int
    step: str
    reference: str
    title: str
    workflow: str
    requester: str
    state: str
    since: datetime | None
    due: datetime | None
    mine: bool
    suspended: bool
    needed: int
    agreed: int
    acted_for: str | None
    row: Annotated[
        str | None, Field(description="What the row is called that the task is about.")
    ] = None


class InboxOut(Schema):
    """A page of the inbox; `next` is the cursor of the page behind it, if there is one."""

    items: list[InboxItemOut]
    next: str | None


class Wrong(Schema):
    """One thing that is not valid, and where."""

    where: str
    what: str


class Problem(Schema):
    """A refusal (RFC 9457). `detail` is a sentence that says what to do."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Wrong] = Field(default_factory=list)
