"""The definition file as typed values: what may be written, and how it is written back.

A definition keeps apart what was left out and what was written, so that a file that is
loaded and dumped says the same as before. Whether the *map* makes sense is the audit's
business (`audit.py`); here is only whether the file can be read at all.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_serializer,
    model_validator,
)

from workflows.engine.calendar import calendar_named, parse_duration

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,79}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=4000)]
RuleText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Username = Annotated[str, StringConstraints(min_length=1, max_length=150)]
GroupName = Annotated[str, StringConstraints(min_length=1, max_length=150)]
Count = Annotated[int, Field(ge=1, le=1000)]


def _duration(text: str) -> str:
    parse_duration(text)
    return text


DurationText = Annotated[str, StringConstraints(max_length=20)]


class Part(BaseModel):
    """A piece of a definition: strict, closed to unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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


class RouteDef(Part):
    """A way to a step. Written as the step's key alone where nothing else is said."""

    to: Key
    comment: Literal["required"] | None = None
    exception: bool | None = None
    label: Line | None = None
    role: Name | None = None
    when: RuleText | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_key_alone(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, str) else value

    @model_serializer(mode="wrap")
    def _to_key_alone(self, handler: Any) -> Any:
        written = handler(self)
        return written["to"] if set(written) == {"to"} else written


class ErrorRouteDef(Part):
    """Where an automation goes when it is out of attempts."""

    to: Key
    exception: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_key_alone(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, str) else value


class RuleDef(Part):
    """One line of a decision: where to go when this holds."""

    when: RuleText
    to: Key
    exception: bool | None = None


class BranchDef(Part):
    """One branch of a parallel step; without `when` it is always taken."""

    to: Key
    when: RuleText | None = None


class OverdueDef(Part):
    """What happens when work is late. It reminds and adds people; it never decides."""

    remind_every: DurationText | None = None
    escalate_to: Name | None = None
    after: DurationText | None = None

    _durations = field_validator("remind_every", "after")(
        lambda value: _duration(value) if value is not None else value
    )


class RetryDef(Part):
    """How often an automation tries again, and with what pauses between."""

    attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    first_delay: DurationText | None = None
    factor: Annotated[float | int, Field(ge=1, le=100)] | None = None

    _durations = field_validator("first_delay")(
        lambda value: value if value is None else _retry_delay(value)
    )


def _retry_delay(text: str) -> str:
    """Delays between attempts may be seconds too: `10s`."""
    digits = text[:-1]
    if text.endswith("s") and digits.isascii() and digits.isdigit() and len(digits) < 7:
        return text
    return _duration(text)


class BaseStep(Part):
    """What every step may say."""

    name: Line | None = None


class HumanStep(BaseStep):
    """A step that people do: an approval or a task."""

    role: Name | None = None
    instructions: Text | None = None
    expected: DurationText | None = None
    due: DurationText | None = None
    inputs: list[Name] | None = None
    outputs: list[Name] | None = None
    not_by: list[Key] | None = None
    quorum: Count | Literal["all"] | None = None
    outcomes: Annotated[dict[Key, RouteDef], Field(min_length=1)]
    on_overdue: OverdueDef | None = None

    _durations = field_validator("expected", "due")(
        lambda value: _duration(value) if value is not None else value
    )


class ApprovalStep(HumanStep):
    """Somebody decides about what is in front of them."""

    kind: Literal["approval"]


class TaskStep(HumanStep):
    """Somebody does something; a state of a record is a task too."""

    kind: Literal["task"]


class DecisionStep(BaseStep):
    """Takes the first rule that holds, else `otherwise`."""

    kind: Literal["decision"]
    rules: list[RuleDef] | None = None
    otherwise: Key | None = None


class ParallelStep(BaseStep):
    """Opens every branch whose condition holds; its join waits for them."""

    kind: Literal["parallel"]
    branches: Annotated[list[BranchDef], Field(min_length=1)]
    join: Key | None = None


class JoinStep(BaseStep):
    """The merge check: fires once when enough branches have arrived and they agree."""

    kind: Literal["join"]
    wait_for: Count | Literal["all", "any"] | None = None
    to: Key


class AutomationStep(BaseStep):
    """Something outside is done, with retries, after the decision is safe."""

    kind: Literal["automation"]
    role: Name | None = None
    expected: DurationText | None = None
    action: Line
    with_: dict[str, Any] | None = Field(None, alias="with")
    outputs: dict[Name, str] | None = None
    retry: RetryDef | None = None
    on_error: ErrorRouteDef | None = None
    to: Key

    _durations = field_validator("expected")(
        lambda value: _duration(value) if value is not None else value
    )


class WaitStep(BaseStep):
    """Nobody acts; the request waits for a time or a message."""

    kind: Literal["wait"]
    role: Name | None = None
    for_: DurationText | None = Field(None, alias="for")
    until: Name | None = None
    message: Line | None = None
    to: Key

    _durations = field_validator("for_")(
        lambda value: _duration(value) if value is not None else value
    )

    @model_validator(mode="after")
    def _one_thing_to_wait_for(self) -> "WaitStep":
        if sum(x is not None for x in (self.for_, self.until, self.message)) != 1:
            raise ValueError("a wait step says exactly one of `for`, `until` or `message`")
        return self


class SubworkflowStep(BaseStep):
    """Starts a request of another workflow and waits for its end."""

    kind: Literal["subworkflow"]
    role: Name | None = None
    workflow: Slug
    data: dict[Name, Any] | None = None
    outputs: dict[Name, str] | None = None
    on_error: ErrorRouteDef | None = None
    to: Key


class EndStep(BaseStep):
    """The request is complete, with this result."""

    kind: Literal["end"]
    result: Name
    reopen: Key | None = None


Step = Annotated[
    ApprovalStep
    | TaskStep
    | DecisionStep
    | ParallelStep
    | JoinStep
    | AutomationStep
    | WaitStep
    | SubworkflowStep
    | EndStep,
    Field(discriminator="kind"),
]

OUTSIDE_KINDS = frozenset({"automation", "wait", "subworkflow"})
HUMAN_KINDS = frozenset({"approval", "task"})


class Link(Part):
    """A way between two steps with what it is: for graphs, tables and pictures."""

    source: str
    kind: Literal["outcome", "rule", "otherwise", "branch", "to", "on_error", "reopen"]
    name: str
    route: RouteDef

    @property
    def to(self) -> str:
        """The step this way leads to."""
        return self.route.to


class Definition(Part):
    """One workflow as its file says it."""

    format: Literal[1]
    key: Slug
    name: Line
    purpose: Text | None = None
    owner: Username | None = None
    deputy: Username | None = None
    review_every_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    baseline: BaselineDef | None = None
    calendar: Line | None = None
    roles: dict[Name, RoleDef] = Field(default_factory=dict)
    fields: dict[Name, FieldDef] = Field(default_factory=dict)
    start: StartDef | None = None
    steps: Annotated[dict[Key, Step], Field(min_length=1, max_length=2000)]

    @field_validator("calendar")
    @classmethod
    def _calendar_is_known(cls, value: str | None) -> str | None:
        if value is not None:
            calendar_named(value)
        return value

    @model_validator(mode="after")
    def _names_lead_somewhere(self) -> "Definition":
        for link in self.links():
            if link.to not in self.steps:
                raise ValueError(
                    f"step '{link.source}' goes to '{link.to}', and there is no such step;"
                    " correct the name or add the step"
                )
        for where, role in self._role_references():
            if role is not None and role not in self.roles:
                raise ValueError(
                    f"{where} names the role '{role}', and there is no such role;"
                    " correct the name or add it under `roles`"
                )
        self._other_steps_exist()
        return self

    def _other_steps_exist(self) -> None:
        if self.start and self.start.first and self.start.first not in self.steps:
            raise ValueError(
                f"the start goes to '{self.start.first}', and there is no such step;"
                " correct `start: first`"
            )
        for key, step in self.steps.items():
            if isinstance(step, ParallelStep) and step.join and step.join not in self.steps:
                raise ValueError(
                    f"step '{key}' names the join '{step.join}', and there is no such step;"
                    " correct the name or add the step"
                )
            if isinstance(step, HumanStep):
                for other in step.not_by or []:
                    if other != "requester" and other not in self.steps:
                        raise ValueError(
                            f"step '{key}' says `not_by: {other}`; write `requester`,"
                            " or the key of a step whose people may not act here"
                        )

    def _role_references(self) -> Iterator[tuple[str, str | None]]:
        if self.start:
            yield "the start", self.start.role
        for key, step in self.steps.items():
            yield f"step '{key}'", getattr(step, "role", None)
            if isinstance(step, HumanStep):
                for name, route in step.outcomes.items():
                    yield f"outcome '{name}' of step '{key}'", route.role
                if step.on_overdue:
                    yield f"`on_overdue` of step '{key}'", step.on_overdue.escalate_to

    def links(self) -> Iterator[Link]:
        """Every way between steps, in the file's order."""
        for key, step in self.steps.items():
            yield from _links_of(key, step)

    def dump(self) -> dict[str, Any]:
        """The definition as plain data, with only what was written in it."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def _links_of(key: str, step: Step) -> Iterator[Link]:
    def link(kind: Any, name: str, route: RouteDef | str) -> Link:
        way = RouteDef(to=route) if isinstance(route, str) else route
        return Link(source=key, kind=kind, name=name, route=way)

    if isinstance(step, HumanStep):
        for name, route in step.outcomes.items():
            yield link("outcome", name, route)
    elif isinstance(step, DecisionStep):
        for number, rule in enumerate(step.rules or [], start=1):
            yield link("rule", str(number), _route(rule.to, rule.when, rule.exception))
        if step.otherwise:
            yield link("otherwise", "otherwise", step.otherwise)
    elif isinstance(step, ParallelStep):
        for number, branch in enumerate(step.branches, start=1):
            yield link("branch", str(number), _route(branch.to, branch.when))
    elif isinstance(step, EndStep):
        if step.reopen:
            yield link("reopen", "reopen", step.reopen)
    else:
        yield link("to", "to", step.to)
        on_error = getattr(step, "on_error", None)
        if on_error:
            yield link("on_error", "on_error", _route(on_error.to, exception=on_error.exception))


def _route(to: str, when: str | None = None, exception: bool | None = None) -> RouteDef:
    written = {"to": to, "when": when, "exception": exception}
    return RouteDef.model_validate({k: value for k, value in written.items() if value is not None})


def not_by(step: HumanStep) -> list[str]:
    """Whose people may not act on this step: as written, else the requester for approvals."""
    if step.not_by is not None:
        return list(step.not_by)
    return ["requester"] if step.kind == "approval" else []  # type: ignore[attr-defined]


def title(key: str, name: str | None) -> str:
    """What people read where a step, field or outcome has no name of its own."""
    return name or key.replace("_", " ").replace("-", " ").capitalize()
