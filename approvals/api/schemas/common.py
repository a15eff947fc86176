"""What most answers hold: where a request stands, and what is refused."""

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field


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
