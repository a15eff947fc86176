"""What the API says of requests."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from approvals.api.schemas.common import RequestOut
from approvals.api.schemas.conversation import CarriedFileOut, QuestionOut
from approvals.api.schemas.resources import HoldOut
from approvals.api.schemas.tasks import VoteOut, WorkItemOut


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
