"""Why open work is not needed any more: a code, and what its sentence names."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from workflows.engine.values.records import Fact, FactFamily, fact_to_json


@dataclass(frozen=True, slots=True)
class CommandCause(Fact):
    """What led to a command (had a request suspended, say), where that was not a person alone."""


@dataclass(frozen=True, slots=True)
class WorkflowWasPaused(CommandCause):
    """The workflow was paused, and its requests with it."""

    CODE = "workflow_paused"


@dataclass(frozen=True, slots=True)
class WorkflowWasResumed(CommandCause):
    """The workflow was resumed, and its requests with it."""

    CODE = "workflow_resumed"


@dataclass(frozen=True, slots=True)
class WorkflowWasRetired(CommandCause):
    """The workflow was taken out of use, and its requests with it."""

    CODE = "workflow_retired"


@dataclass(frozen=True, slots=True)
class ShownByLog(CommandCause):
    """A replayed log shows it: a log carries no comments and no reasons."""

    CODE = "shown_by_log"


@dataclass(frozen=True, slots=True)
class CancelReason(Fact):
    """Why an activation or a block was cancelled. Steps are named by their titles of then."""


def _parse_cancel_reason(record: Any) -> CancelReason:
    return CANCEL_REASONS.from_json(record)


CancelReasonField = Annotated[
    CancelReason, PlainValidator(_parse_cancel_reason), PlainSerializer(fact_to_json)
]
"""A field of another record that says why."""


@dataclass(frozen=True, slots=True)
class ParentGaveUp(CommandCause):
    """The step that waited for the request is not needed any more."""

    CODE = "parent_gave_up"
    why: CancelReasonField


COMMAND_CAUSES = FactFamily[CommandCause](
    WorkflowWasPaused, WorkflowWasResumed, WorkflowWasRetired, ParentGaveUp, ShownByLog
)


def _parse_cause(record: Any) -> CommandCause | None:
    return None if record is None else COMMAND_CAUSES.from_json(record)


def _write_cause(cause: CommandCause | None) -> Any:
    return None if cause is None else fact_to_json(cause)


CommandCauseField = Annotated[
    CommandCause | None, PlainValidator(_parse_cause), PlainSerializer(_write_cause)
]


@dataclass(frozen=True, slots=True)
class BlockLeftFor(CancelReason):
    """The parallel block was left for a step outside it."""

    CODE = "block_left"
    step: str


@dataclass(frozen=True, slots=True)
class EnoughArrived(CancelReason):
    """Enough branches came to the join."""

    CODE = "enough_arrived"
    join: str


@dataclass(frozen=True, slots=True)
class RowRefused(CancelReason):
    """Somebody refused at one row or in one person's turn, and the others are not asked."""

    CODE = "row_refused"
    step: str


@dataclass(frozen=True, slots=True)
class InstanceEnded(CancelReason):
    """The request came to an end."""

    CODE = "request_ended"
    result: str


@dataclass(frozen=True, slots=True)
class InstanceCancelled(CancelReason):
    """The request was called off: in a person's words, and with what had it called off."""

    CODE = "request_cancelled"
    reason: str
    cause: CommandCauseField = None


@dataclass(frozen=True, slots=True)
class SentElsewhere(CancelReason):
    """A person sent the work to another step."""

    CODE = "sent_elsewhere"
    step: str


@dataclass(frozen=True, slots=True)
class AwaitsApproval(CancelReason):
    """An approval is asked again first."""

    CODE = "awaits_approval"
    step: str


@dataclass(frozen=True, slots=True)
class PutBackOnVersion(CancelReason):
    """The request was put back on the version from which it had been moved."""

    CODE = "put_back"


@dataclass(frozen=True, slots=True)
class ApprovalRestored(CancelReason):
    """The values are again what was approved."""

    CODE = "approval_restored"


@dataclass(frozen=True, slots=True)
class ApprovalRefused(CancelReason):
    """An approval that was asked again was not given."""

    CODE = "approval_refused"
    step: str


@dataclass(frozen=True, slots=True)
class TriedAgain(CancelReason):
    """The step was tried again, as another activation."""

    CODE = "tried_again"


CANCEL_REASONS = FactFamily[CancelReason](
    *(BlockLeftFor, EnoughArrived, InstanceEnded, InstanceCancelled, SentElsewhere),
    *(AwaitsApproval, ApprovalRestored, ApprovalRefused, TriedAgain, PutBackOnVersion),
    RowRefused,
)
