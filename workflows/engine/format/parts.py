"""The small pieces of a definition file: names, durations, the start, the ways.

Each is strict and closed to unknown keys, so that a misspelt key is found when the file is read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    Tag,
    ValidationInfo,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticKnownError, core_schema

from workflows.engine.format.trigger_kinds import PUBLIC_FORM, TRIGGER_KINDS
from workflows.engine.registries import Registry
from workflows.engine.texts import text
from workflows.engine.timing.due_dates import parse_span
from workflows.engine.timing.working_time import parse_duration
from workflows.engine.values.field_types.numbers import MAX_DECIMALS, RoundingMode

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,79}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
FieldPath = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}(\.[a-z][a-z0-9_]{0,59})?$")
]
"""A field of the request, or within an each-branch a column of its row: `row.net`."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
LongText = Annotated[str, StringConstraints(max_length=4000)]
RuleText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Username = Annotated[str, StringConstraints(min_length=1, max_length=150)]
ROW: Final = "row"
"""What a row is called in the steps of its branch, where the map gives it no other name."""
ShareText = Annotated[str, StringConstraints(pattern=r"^(100|[1-9][0-9]?)%$")]
"""A share of what there is, such as `60%`."""
Count = Annotated[int, Field(ge=1, le=1000)]


def _validate_duration(text: str) -> str:
    parse_duration(text)
    return text


DurationText = Annotated[str, StringConstraints(max_length=20), AfterValidator(_validate_duration)]


def _validate_span(text: str) -> str:
    parse_span(text)
    return text


SpanText = Annotated[str, StringConstraints(max_length=20), AfterValidator(_validate_span)]
"""A duration, or a stretch of the calendar: `1mo`, `2y`, `14cd`."""
KEEP_NOTHING = "none"
"""What a wait says instead of a span where a message that comes before it is refused."""


def _validate_keep(text: str) -> str:
    return text if text == KEEP_NOTHING else _validate_span(text)


KeepText = Annotated[str, StringConstraints(max_length=20), AfterValidator(_validate_keep)]
"""How long a message that comes early is kept; `none`: not at all."""
CalendarName = Literal["24/7"] | Slug
"""The calendar in which durations count."""


def _validate_delay(text: str) -> str:
    """Pauses between attempts may be seconds too: `10s`."""
    digits = text[:-1]
    if text.endswith("s") and digits.isascii() and digits.isdigit() and len(digits) < 7:
        return text
    return _validate_duration(text)


DelayText = Annotated[str, StringConstraints(max_length=20), AfterValidator(_validate_delay)]


class DefinitionPart(BaseModel):
    """A piece of a definition: strict, closed to unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_left_out(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: part for key, part in value.items() if part is not None}


class BaselineDef(DefinitionPart):
    """How the work went before the workflow, for the review to compare with."""

    minutes_per_request: float | int | None = Field(None, ge=0)
    error_rate: float | int | None = Field(None, ge=0, le=1)


TAKES_GONE: Final = "takes_gone"
"""In the context of reading: names of what is not installed any more are taken."""


@dataclass(frozen=True)
class Registered:
    """Annotates the name of an entry of a registry: which there are is asked at reading."""

    registry: Registry[Any]
    fits: Callable[[Any], bool] = lambda entry: True
    """Which entries can be named here."""

    def names(self) -> list[str]:
        return [name for name in self.registry if self.fits(self.registry[name])]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.with_info_after_validator_function(self._validate, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"enum": self.names(), "type": "string"}

    def _validate(self, name: str, info: ValidationInfo) -> str:
        if name not in self.registry and (info.context or {}).get(TAKES_GONE):
            return name
        if name not in self.registry or not self.fits(self.registry[name]):
            *names, last = (f"'{entry}'" for entry in self.names())
            raise PydanticKnownError("literal_error", {"expected": f"{', '.join(names)} or {last}"})
        return name


TriggerKindName = Annotated[str, Registered(TRIGGER_KINDS)]


class TriggerDef(DefinitionPart):
    """What starts a request besides the form."""

    kind: TriggerKindName
    cron: Line | None = None
    workflow: Slug | None = None
    result: Name | None = None
    data: dict[Name, Any] | None = None
    mapping: dict[Name, str] | None = None
    with_: dict[str, Any] | None = Field(None, alias="with")
    owner: Username | None = None
    deputy: Username | None = None

    @model_validator(mode="after")
    def _each_kind_has_its_own(self) -> "TriggerDef":
        kind = TRIGGER_KINDS[self.kind]
        if (kind.own_key == "cron") != (self.cron is not None):
            raise ValueError(text("`cron` goes with `kind: schedule`, and a schedule needs it"))
        if (kind.own_key == "workflow") != (self.workflow is not None):
            raise ValueError(text("`workflow` goes with `kind: workflow_end`, which needs it"))
        if self.with_ is not None and not kind.takes_settings:
            raise ValueError(
                text("a trigger of `kind: %(kind)s` has no `with`; take it out", kind=self.kind)
            )
        if self.kind == PUBLIC_FORM and self.mapping is not None:
            raise ValueError(
                text("`kind: public_form` asks for the start form's fields and has no `mapping`")
            )
        return self


class StartDef(DefinitionPart):
    """Who may start a request, with which fields, and where it goes first."""

    role: Name | None = None
    fields: list[Name] | None = None
    triggers: list[TriggerDef] | None = None
    first: Key | None = None

    @model_validator(mode="after")
    def _one_public_form(self) -> "StartDef":
        if [trigger.kind for trigger in self.triggers or ()].count(PUBLIC_FORM) > 1:
            raise ValueError(text("a map has one trigger of `kind: public_form` at most"))
        return self


class RouteTarget(DefinitionPart):
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
        cls, schema: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        full = handler.resolve_ref_schema(handler(schema))
        return {"anyOf": [full["properties"]["to"], dict(full)], "description": cls.__doc__}


class RoundingDef(DefinitionPart):
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
        cls, schema: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        full = handler.resolve_ref_schema(handler(schema))
        return {"anyOf": [full["properties"]["digits"], dict(full)], "description": cls.__doc__}


class RouteDef(RouteTarget):
    """The way that an outcome takes; the step's key alone is enough."""

    comment: Literal["required"] | None = None
    exception: bool | None = None
    label: Line | None = None
    role: Name | None = None
    when: RuleText | None = None


class ErrorRouteDef(RouteTarget):
    """Where an automation goes when it is out of attempts; the step's key alone is enough."""

    exception: bool | None = None


class ExpiryDef(DefinitionPart):
    """The way that a task goes by itself when nobody has done it so long after it was there."""

    after: SpanText
    to: Key
    exception: bool | None = None


class RuleDef(DefinitionPart):
    """One line of a decision: where to go when this holds."""

    when: RuleText
    to: Key
    exception: bool | None = None


class DueDef(DefinitionPart):
    """A moment that is reckoned from a date of the request: `{after: received_on, by: 1mo}`, or
    `{before: needed_by, by: 5d}`."""

    after: FieldPath | None = None
    before: FieldPath | None = None
    by: SpanText

    @model_validator(mode="after")
    def _one_direction(self) -> "DueDef":
        if (self.after is None) == (self.before is None):
            raise ValueError(text("say exactly one of `after` and `before`, and the field there"))
        return self

    @property
    def field(self) -> str:
        """The field from whose date it is reckoned."""
        return self.after or self.before or ""


def _written_how(value: Any) -> str:
    return "field" if isinstance(value, dict | DueDef) else "text"


DueText = Annotated[
    Annotated[SpanText, Tag("text")] | Annotated[DueDef, Tag("field")], Discriminator(_written_how)
]
"""When something is due: a span, or a moment that is reckoned from a field."""
UntilText = Annotated[
    Annotated[FieldPath, Tag("text")] | Annotated[DueDef, Tag("field")], Discriminator(_written_how)
]
"""Until when something waits: the date of a field, or a moment that is reckoned from one."""


class OverdueDef(DefinitionPart):
    """What happens when work is late. It reminds and adds people; it never decides."""

    remind_every: DurationText | None = None
    escalate_to: Name | None = None
    after: DurationText | None = None


class ExtendDef(DefinitionPart):
    """That more time may be given, with a reason: so much, and so often (once, unless it says)."""

    by: SpanText
    times: Annotated[int, Field(ge=1, le=10)] | None = None


class RequestOverdueDef(DefinitionPart):
    """What happens when a request as a whole is late: its owner and deputy are told again."""

    remind_every: DurationText | None = None


class RetryDef(DefinitionPart):
    """How often an automation tries again, and with what pauses between."""

    attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    first_delay: DelayText | None = None
    factor: Annotated[float | int, Field(ge=1, le=100)] | None = None


def display_title(key: str, name: str | None) -> str:
    """What people read where a step, field or outcome has no name of its own; of a column of a row
    (`row.reviewer`) without what the row is called."""
    return name or key.rpartition(".")[2].replace("_", " ").replace("-", " ").capitalize()
