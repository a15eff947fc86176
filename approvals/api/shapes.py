"""What goes into and comes out of the API's calls."""

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import ConfigDict, Field

Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""No NUL: no database keeps it."""
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Data = Annotated[
    dict[str, Any], Field(description="Values by field. Numbers may be written as texts.")
]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Correlation = Annotated[
    dict[Name, Text | bool | int | float],
    Field(description="Values that fields of the request must have.", max_length=20),
]


class Given(Schema):
    """A body: what is not asked for is refused, so that a misspelt name is found."""

    model_config = ConfigDict(extra="forbid")


class StartIn(Given):
    """A new request."""

    workflow: Slug
    data: Data = Field(default_factory=dict)
    title: Annotated[Text, Field(max_length=200)] = ""


class DecideIn(Given):
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


class ReasonIn(Given):
    """Why it is done; kept in the trail."""

    reason: Annotated[Text, Field(min_length=1, max_length=2000)]


class MessageIn(Given):
    """A message for a request that waits for it."""

    message: Annotated[Text, Field(min_length=1, max_length=80)]
    data: Data = Field(default_factory=dict)
    correlation: Correlation = Field(default_factory=dict)


class CorrelatedIn(Given):
    """A message for whichever request of a workflow waits for it with this correlation."""

    workflow: Slug
    message: Annotated[Text, Field(min_length=1, max_length=80)]
    correlation: Annotated[Correlation, Field(min_length=1)]
    data: Data = Field(default_factory=dict)


class RequestOut(Schema):
    """Where a request stands."""

    reference: str
    workflow: str
    title: str
    state: str
    result: str | None
    status_url: str


class VoteOut(Schema):
    """What one of several people said of a task."""

    by: str
    outcome: str
    comment: str
    at: datetime


class WorkItemOut(Schema):
    """One open (or just decided) task. `holder` is a username; null while it is in the queue."""

    id: int
    step: str
    title: str
    role: str | None
    state: str
    holder: str | None
    since: datetime | None
    due: datetime | None
    needed: int
    agreed: int
    outcome: str | None
    votes: list[VoteOut] = Field(default_factory=list)
    seen: Annotated[
        str | None,
        Field(description="The digest of the values and documents that the step shows now."),
    ] = None


class TaskOut(WorkItemOut):
    """A task after a command on it, and where its request stands now."""

    request: RequestOut


class IncidentOut(Schema):
    """What holds the request up, and who has to put it right."""

    code: str
    message: str
    step: str
    owner: str | None
    since: datetime


class TrailOut(Schema):
    """One recorded command: by which door, in which capacity and by which role it was done.
    `changes` only for who may audit the workflow."""

    at: datetime
    command: str
    step: str
    round: int | None
    actor: str
    outcome: str
    comment: str
    from_state: str
    to_state: str
    channel: str
    capacity: str
    role: str
    votes: list[VoteOut]
    changes: dict[str, Any] | None


class InstanceOut(RequestOut):
    """A request with its values, its open work and its trail (the newest 200 rows)."""

    version: int
    requester: str
    source: str
    started_at: datetime
    completed_at: datetime | None
    data: dict[str, Any]
    work_items: list[WorkItemOut]
    incidents: list[IncidentOut]
    trail: list[TrailOut]


class InboxItemOut(Schema):
    """One task of the caller's inbox. `mine`: they have it; else it is in a queue of theirs."""

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
