"""The kinds of steps: what a map may say of each."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from workflows.engine.format.branches import BranchDef
from workflows.engine.format.directory_finders import PersonOfRequest as PartyName
from workflows.engine.format.parts import (
    CalendarName,
    Count,
    DefinitionPart,
    DueText,
    DurationText,
    ErrorRouteDef,
    ExpiryDef,
    ExtendDef,
    FieldPath,
    KeepText,
    Key,
    Line,
    LongText,
    Name,
    OverdueDef,
    Reason,
    RetryDef,
    RoundingDef,
    RouteDef,
    RuleDef,
    ShareText,
    Slug,
    SpanText,
    UntilText,
    Username,
)
from workflows.engine.format.quorums import Quorum, quorum_roles
from workflows.engine.format.resource_uses import BookingDef, SpendingDef
from workflows.engine.format.signing import SignatureMeaning
from workflows.engine.format.table_parts import (
    Aggregator,
    AskedName,
    CellValue,
    HitPolicy,
    TableRows,
)
from workflows.engine.texts import text

EXPIRED = "expired"
"""The outcome of a task whose time was up, and the name of the way that it takes."""
HUMAN_KINDS = frozenset({"approval", "task"})
ROUTING_KINDS = frozenset({"decision", "table", "parallel", "join"})
"""Kinds that do no work of their own: they only say where to go."""


class BaseStep(DefinitionPart):
    """What every step may say. Without an owner and a deputy they are the workflow's."""

    kind: str
    name: Line | None = None
    owner: Username | None = None
    deputy: Username | None = None


class HoldingStep(BaseStep):
    """A step that may book a resource, draw on a budget, and confirm what steps hold."""

    books: BookingDef | None = None
    spends: SpendingDef | None = None
    confirms: Annotated[list[Key], Field(min_length=1)] | None = None


class HumanStep(HoldingStep):
    """A step that people do: an approval or a task."""

    role: Name | None = None
    instructions: LongText | None = None
    expected: DurationText | None = None
    due: DueText | None = None
    clock: Literal["stops", "runs"] | None = None
    extend: ExtendDef | None = None
    calendar: CalendarName | None = None
    inputs: list[FieldPath] | None = None
    outputs: list[FieldPath] | None = None
    not_by: list[PartyName] | None = None
    not_by_reason: Reason | None = None
    quorum: Quorum | None = None
    outcomes: Annotated[dict[Key, RouteDef], Field(min_length=1)]
    on_overdue: OverdueDef | None = None
    reassign: Literal["anyone"] | None = None
    sign: SignatureMeaning | None = None


class ApprovalStep(HumanStep):
    """Somebody decides about what is in front of them."""

    kind: Literal["approval"]
    on_change: Literal["require", "warn", "keep"] | None = None
    on_new_version: Literal["require", "warn", "keep"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_approves_itself(cls, value: Any) -> Any:
        if isinstance(value, dict) and "expires" in value:
            raise ValueError(
                text(
                    "an approval does not expire: nobody but a person decides it; take `expires`"
                    " out, or make it a task"
                )
            )
        return value


class TaskStep(HumanStep):
    """Somebody does something; a state of a record is a task too."""

    kind: Literal["task"]
    expires: ExpiryDef | None = None

    @model_validator(mode="after")
    def _expiry_has_a_name_of_its_own(self) -> "TaskStep":
        if self.expires is not None and EXPIRED in self.outcomes:
            raise ValueError(
                text("`expired` is the outcome of a task whose time is up; rename the outcome")
            )
        return self


class DecisionStep(BaseStep):
    """Takes the first rule that holds, else `otherwise`."""

    kind: Literal["decision"]
    rules: Annotated[list[RuleDef], Field(min_length=1)] | None = None
    otherwise: Key | None = None


class TableStep(BaseStep):
    """A decision table: the row that holds sets fields and chooses the way."""

    kind: Literal["table"]
    inputs: list[AskedName] | None = None
    outputs: list[Name] | None = None
    hit: HitPolicy | None = None
    collect: dict[Name, Aggregator] | None = None
    rows: TableRows | None = None
    defaults: dict[Name, CellValue] | None = None
    exceptions: list[Key] | None = None
    to: Key | None = None
    otherwise: Key | None = None

    @property
    def row_targets(self) -> tuple[str, ...]:
        """The steps that rows lead to by themselves, each once, in the order of the rows."""
        return tuple(dict.fromkeys(row.to for row in self.rows or () if row.to))


class ParallelStep(BaseStep):
    """Opens every branch whose condition holds; its join waits for them."""

    kind: Literal["parallel"]
    branches: Annotated[list[BranchDef], Field(min_length=1)]
    join: Key | None = None


class JoinStep(BaseStep):
    """The merge check: fires once when enough branches have arrived and they agree."""

    kind: Literal["join"]
    wait_for: Count | Literal["all", "any"] | ShareText | None = None
    to: Key


class AutomationStep(HoldingStep):
    """Something outside is done, with retries, after the decision is safe."""

    kind: Literal["automation"]
    role: Name | None = None
    expected: DurationText | None = None
    calendar: CalendarName | None = None
    action: Line
    with_: dict[str, Any] | None = Field(None, alias="with")
    outputs: dict[FieldPath, str] | None = None
    round: dict[FieldPath, RoundingDef] | None = None
    retry: RetryDef | None = None
    on_error: ErrorRouteDef | None = None
    to: Key


class WaitStep(HoldingStep):
    """Nobody acts; the request waits for a time or a message."""

    kind: Literal["wait"]
    role: Name | None = None
    expected: DurationText | None = None
    calendar: CalendarName | None = None
    for_: SpanText | None = Field(None, alias="for")
    until: UntilText | None = None
    message: Line | None = None
    outputs: list[FieldPath] | None = None
    keep: KeepText | None = None
    to: Key

    @model_validator(mode="after")
    def _one_thing_to_wait_for(self) -> "WaitStep":
        if sum(x is not None for x in (self.for_, self.until, self.message)) != 1:
            raise ValueError(text("a wait step says exactly one of `for`, `until` or `message`"))
        if self.outputs and self.message is None:
            raise ValueError(text("only a wait for a message fills in fields; take `outputs` out"))
        if self.keep is not None and self.message is None:
            raise ValueError(text("only a wait for a message has one kept; take `keep` out"))
        return self


class SubworkflowStep(HoldingStep):
    """Starts a request of another workflow and waits for its end."""

    kind: Literal["subworkflow"]
    role: Name | None = None
    expected: DurationText | None = None
    calendar: CalendarName | None = None
    workflow: Slug
    data: dict[Name, Any] | None = None
    outputs: dict[FieldPath, str] | None = None
    round: dict[FieldPath, RoundingDef] | None = None
    on_error: ErrorRouteDef | None = None
    to: Key


class EndStep(BaseStep):
    """The request is complete, with this result."""

    kind: Literal["end"]
    result: Name
    reopen: Key | None = None
    confirms: Annotated[list[Key], Field(min_length=1)] | None = None


Step = Annotated[
    ApprovalStep
    | TaskStep
    | DecisionStep
    | TableStep
    | ParallelStep
    | JoinStep
    | AutomationStep
    | WaitStep
    | SubworkflowStep
    | EndStep,
    Field(discriminator="kind"),
]


def roles_of_step(step: HumanStep) -> tuple[str, ...]:
    """The roles whose people do a step: its own, and the others of a quorum by roles."""
    own = (step.role,) if step.role else ()
    return tuple(dict.fromkeys((*own, *quorum_roles(step.quorum))))


def excluded_parties(step: HumanStep) -> list[str]:
    """Whose people may not act on this step: as written, else the requester for approvals."""
    if step.not_by is not None:
        return list(step.not_by)
    return ["requester"] if step.kind == "approval" else []
