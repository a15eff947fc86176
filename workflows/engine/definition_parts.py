"""The small pieces of a definition file: names, durations, roles, fields, the start, the ways.

Each is strict and closed to unknown keys, so that a misspelt key is found when the file is read.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from workflows.engine.calendar import parse_duration
from workflows.engine.due import parse_span
from workflows.engine.numbers import MAX_DECIMALS, RoundingMode

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,79}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=4000)]
RuleText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Username = Annotated[str, StringConstraints(min_length=1, max_length=150)]
GroupName = Annotated[str, StringConstraints(min_length=1, max_length=150)]
Count = Annotated[int, Field(ge=1, le=1000)]


def _duration(text: str) -> str:
    parse_duration(text)
    return text


DurationText = Annotated[str, StringConstraints(max_length=20), AfterValidator(_duration)]


def _span(text: str) -> str:
    parse_span(text)
    return text


SpanText = Annotated[str, StringConstraints(max_length=20), AfterValidator(_span)]
"""A duration, or months and years of the calendar: `1mo`, `2y`."""


def _delay(text: str) -> str:
    """Pauses between attempts may be seconds too: `10s`."""
    digits = text[:-1]
    if text.endswith("s") and digits.isascii() and digits.isdigit() and len(digits) < 7:
        return text
    return _duration(text)


DelayText = Annotated[str, StringConstraints(max_length=20), AfterValidator(_delay)]


class Part(BaseModel):
    """A piece of a definition: strict, closed to unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_left_out(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: part for key, part in value.items() if part is not None}


class BaselineDef(Part):
    """How the work went before the workflow, for the review to compare with."""

    minutes_per_request: float | int | None = Field(None, ge=0)
    error_rate: float | int | None = Field(None, ge=0, le=1)


class RoleDef(Part):
    """Who owns a step: groups and users, or a rule that finds the person."""

    groups: list[GroupName] | None = None
    users: list[Username] | None = None
    field: Name | None = None
    requester: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_way_of_finding_people(self) -> "RoleDef":
        ways = [bool(self.groups or self.users), self.field is not None, bool(self.requester)]
        if sum(ways) > 1:
            raise ValueError(
                "a role is either groups and users, or a field, or the requester; keep one of them"
            )
        return self

    @property
    def is_static(self) -> bool:
        """Whether the people are listed (groups, users) rather than found in each request."""
        return self.field is None and not self.requester


FieldType = Literal[
    "text",
    "long_text",
    "number",
    "integer",
    "money",
    "boolean",
    "choice",
    "date",
    "datetime",
    "user",
    "document",
]


class FieldDef(Part):
    """A declared input or output of the workflow."""

    type: FieldType
    label: Line | None = None
    help: Text | None = None
    required: bool | None = None
    choices: list[Line] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None

    @model_validator(mode="after")
    def _choices_belong_to_choice(self) -> "FieldDef":
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("`choices` goes with `type: choice`, and only there; add or remove it")
        if self.choices and len(set(self.choices)) != len(self.choices):
            raise ValueError("a choice is listed twice; remove one of them")
        if self.currency and self.type != "money":
            raise ValueError("`currency` goes with `type: money`; remove it or change the type")
        return self


class TriggerDef(Part):
    """What starts a request besides the form."""

    kind: Literal["webhook", "schedule", "workflow_end"]
    cron: Line | None = None
    workflow: Slug | None = None
    result: Name | None = None
    data: dict[Name, Any] | None = None
    mapping: dict[Name, str] | None = None

    @model_validator(mode="after")
    def _each_kind_has_its_own(self) -> "TriggerDef":
        if (self.kind == "schedule") != (self.cron is not None):
            raise ValueError("`cron` goes with `kind: schedule`, and a schedule needs it")
        if (self.kind == "workflow_end") != (self.workflow is not None):
            raise ValueError("`workflow` goes with `kind: workflow_end`, which needs it")
        return self


class StartDef(Part):
    """Who may start a request, with which fields, and where it goes first."""

    role: Name | None = None
    fields: list[Name] | None = None
    triggers: list[TriggerDef] | None = None
    first: Key | None = None


class Way(Part):
    """A way to a step, written as the step's key alone where nothing else is said."""

    to: Key

    @model_validator(mode="before")
    @classmethod
    def _from_key_alone(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, str) else value

    @model_serializer(mode="wrap")
    def _to_key_alone(self, handler: Any) -> Any:
        written = handler(self)
        return written["to"] if set(written) == {"to"} else written

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        full = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [full["properties"]["to"], dict(full)], "description": cls.__doc__}


class RoundingDef(Part):
    """How many digits a number keeps after its point; the number of them alone is half up."""

    digits: Annotated[int, Field(ge=0, le=MAX_DECIMALS)]
    mode: RoundingMode | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_digits_alone(cls, value: Any) -> Any:
        return {"digits": value} if type(value) is int else value

    @model_serializer(mode="wrap")
    def _to_digits_alone(self, handler: Any) -> Any:
        written = handler(self)
        return written["digits"] if set(written) == {"digits"} else written

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        full = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [full["properties"]["digits"], dict(full)], "description": cls.__doc__}


class RouteDef(Way):
    """The way that an outcome takes; the step's key alone is enough."""

    comment: Literal["required"] | None = None
    exception: bool | None = None
    label: Line | None = None
    role: Name | None = None
    when: RuleText | None = None


class ErrorRouteDef(Way):
    """Where an automation goes when it is out of attempts; the step's key alone is enough."""

    exception: bool | None = None


class RuleDef(Part):
    """One line of a decision: where to go when this holds."""

    when: RuleText
    to: Key
    exception: bool | None = None


class BranchDef(Part):
    """One branch of a parallel step; without `when` it is always taken."""

    to: Key
    when: RuleText | None = None


class DueDef(Part):
    """A due date that is reckoned from a date of the request: `{after: received_on, by: 1mo}`."""

    after: Name
    by: SpanText


class OverdueDef(Part):
    """What happens when work is late. It reminds and adds people; it never decides."""

    remind_every: DurationText | None = None
    escalate_to: Name | None = None
    after: DurationText | None = None


class RetryDef(Part):
    """How often an automation tries again, and with what pauses between."""

    attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    first_delay: DelayText | None = None
    factor: Annotated[float | int, Field(ge=1, le=100)] | None = None
