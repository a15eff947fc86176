"""What is sent to the API's calls."""

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
