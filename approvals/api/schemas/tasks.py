"""What the API says of tasks."""

from datetime import date, datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field

from approvals.api.schemas.common import RequestOut
from workflows.execution.queries.holders import HolderKind


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
