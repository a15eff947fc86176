"""Why a message could not be delivered, and what became of an attempt: a code, and what its
sentence names."""

from dataclasses import dataclass, field
from typing import Any

from workflows.engine.values.records import Fact, FactFamily, Sentence


@dataclass(frozen=True, slots=True)
class DeliveryProblem(Fact):
    """Why a message waits, is set aside or was given up."""


@dataclass(frozen=True, slots=True)
class CommandRefused(DeliveryProblem):
    """What the message asks for was refused."""

    CODE = "refused"
    text: Sentence


@dataclass(frozen=True, slots=True)
class ActionRefused(DeliveryProblem):
    """Somebody else's machine refused, or an action did; `error` is the action's own code."""

    CODE = "action_failed"
    error: str
    text: Sentence


@dataclass(frozen=True, slots=True)
class ErrorRaised(DeliveryProblem):
    """An error that nobody foresaw, as the program says it."""

    CODE = "error"
    error: str


@dataclass(frozen=True, slots=True)
class KindUnknown(DeliveryProblem):
    """No part of this version delivers messages of this kind."""

    CODE = "kind_unknown"


@dataclass(frozen=True, slots=True)
class NoObject(DeliveryProblem):
    """The payload is no object."""

    CODE = "payload_no_object"


@dataclass(frozen=True, slots=True)
class UnsoundPart(DeliveryProblem):
    """A part of the payload is missing, or of another type."""

    CODE = "payload_unsound"
    part: str


@dataclass(frozen=True, slots=True)
class NoRequest(DeliveryProblem):
    """The message names no request."""

    CODE = "no_request"


@dataclass(frozen=True, slots=True)
class NoStep(DeliveryProblem):
    """The message names no step of its request."""

    CODE = "no_step"


@dataclass(frozen=True, slots=True)
class HandoverBroken(DeliveryProblem):
    """A worker ended while it handed a notice over: it may have arrived, or not."""

    CODE = "handover_broken"


@dataclass(frozen=True, slots=True)
class GivenUp(DeliveryProblem):
    """A person gave it up, in their words; `before` is what the message said until then."""

    CODE = "given_up"
    by: str
    reason: str
    before: dict[str, Any]


@dataclass(frozen=True, slots=True)
class VersionLeft(DeliveryProblem):
    """The request was moved to another version, whose map sets timers of its own."""

    CODE = "version_left"


DELIVERY_PROBLEMS = FactFamily[DeliveryProblem](
    *(CommandRefused, ActionRefused, ErrorRaised, KindUnknown),
    *(NoObject, UnsoundPart, NoRequest, NoStep, HandoverBroken, GivenUp),
    VersionLeft,
)


# -- attempts ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttemptNote(Fact):
    """What became of one attempt."""


@dataclass(frozen=True, slots=True)
class AttemptFailed(AttemptNote):
    """The action failed; `error` is its own code, `text` what it says of it."""

    CODE = "failed"
    error: str
    text: Sentence

    @property
    def code(self) -> str:
        """The action's own code."""
        return self.error


@dataclass(frozen=True, slots=True)
class WorkerLost(AttemptNote):
    """The worker ended before an answer was written down."""

    CODE = "worker_lost"


@dataclass(frozen=True, slots=True)
class AnsweredLate(AttemptNote):
    """The answer came when nothing waited for it any more; `readings` is what it would have
    given, by fields."""

    CODE = "answered_late"
    readings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestSuspended(AttemptNote):
    """The request was suspended meanwhile; `late` is what the answer said, where one came."""

    CODE = "suspended"
    late: dict[str, Any] | None = None


ATTEMPT_NOTES = FactFamily[AttemptNote](
    WorkerLost, AnsweredLate, RequestSuspended, other=AttemptFailed
)
