"""What the API says of questions, comments and those who take part in them."""

from datetime import datetime

from ninja import Schema

from workflows.execution.choices import QuestionKind, QuestionState


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
