"""What each kind of message says: one frozen dataclass a kind, written and read by its fields.

A message that does not say what its kind needs is set aside, and nothing tries it again until
somebody has looked at it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from pydantic import AwareDatetime

from workflows.engine.routing.cancel_reasons import CancelReasonField
from workflows.engine.values.records import (
    RecordUnreadable,
    Sentence,
    record_from_json,
    record_to_json,
)
from workflows.notices.choices import NoticeEvent
from workflows.outbox.choices import MessageKind, PublicMailSubject
from workflows.outbox.delivery_problems import (
    DeliveryProblem,
    NoObject,
    NoRequest,
    NoStep,
    UnsoundPart,
)
from workflows.outbox.models import OutboxMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePayload:
    """What a message of one kind says."""

    KIND: ClassVar[MessageKind]
    OF_STEP: ClassVar[bool] = False
    """Whether it belongs to one activation of one request."""
    OF_REQUEST: ClassVar[bool] = False
    """Whether it belongs to a request."""

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return record_to_json(self)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """As it was kept. Raises RecordUnreadable."""
        return record_from_json(cls, data)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPayload(MessagePayload):
    """Run an automation; so many attempts were begun already."""

    KIND = MessageKind.ATTEMPT
    OF_STEP = True
    tried: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WakePayload(MessagePayload):
    """A wait is over."""

    KIND = MessageKind.WAKE
    OF_STEP = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindPayload(MessagePayload):
    """Remind those who have late work; nobody, where it is not due at this moment any more."""

    KIND = MessageKind.REMIND
    OF_STEP = True
    due: AwareDatetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalatePayload(MessagePayload):
    """Add people of another role to late work; none, where it is not due at this moment any more.
    Who stands in for those who have it was asked before, or is asked now."""

    KIND = MessageKind.ESCALATE
    OF_STEP = True
    is_deputy_asked: bool = False
    due: AwareDatetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirePayload(MessagePayload):
    """Let a task go the way that it goes when its time is up, if that is this moment still."""

    KIND = MessageKind.EXPIRE
    OF_STEP = True
    at: AwareDatetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePayload(MessagePayload):
    """Say that a request as a whole is due, if it still is at this moment."""

    KIND = MessageKind.DEADLINE
    OF_REQUEST = True
    at: AwareDatetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverPayload(MessagePayload):
    """A wait was come to for which a message may be kept."""

    KIND = MessageKind.HAND_OVER
    OF_STEP = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DropKeptPayload(MessagePayload):
    """The time of a message that a request keeps is over."""

    KIND = MessageKind.DROP_KEPT
    OF_REQUEST = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildPayload(MessagePayload):
    """Start the request that a subworkflow step waits for."""

    KIND = MessageKind.CHILD
    OF_STEP = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEndedPayload(MessagePayload):
    """The request that a subworkflow step waits for is over."""

    KIND = MessageKind.CHILD_ENDED
    OF_STEP = True
    child: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildCancelPayload(MessagePayload):
    """A subworkflow step is not needed any more, so its request is not either."""

    KIND = MessageKind.CHILD_CANCEL
    OF_STEP = True
    reason: CancelReasonField


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedPayload(MessagePayload):
    """A request is over."""

    KIND = MessageKind.ENDED
    OF_REQUEST = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPayload(MessagePayload):
    """A version starts after the end of a request, with values of its own and of that one."""

    KIND = MessageKind.START
    version: int
    after: int
    data: Mapping[str, Any]
    mapping: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePayload(MessagePayload):
    """A version's schedule (its place among the triggers) names this moment."""

    KIND = MessageKind.SCHEDULE
    version: int
    trigger: int
    at: AwareDatetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TellPayload(MessagePayload):
    """A row of the trail (its id) may be news for somebody. A trigger of the database writes these
    messages with the row, so no command pays a statement for it, and none can forget it."""

    KIND = MessageKind.TELL
    OF_REQUEST = True
    trail: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePayload(MessagePayload):
    """A task that is due at this moment is about to be, or is overdue by now."""

    KIND = MessageKind.DUE
    OF_STEP = True
    event: NoticeEvent
    due_at: AwareDatetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPayload(MessagePayload):
    """News to one person that is about no row of a request's trail. The sentences are put into
    their language when it is sent.

    `workflow` (an id) says what it is about; `address` stands for the person's own where they are
    told at an address of before.
    """

    KIND = MessageKind.MAIL
    to: int
    event: NoticeEvent
    subject: Sentence
    text: Sentence
    workflow: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePayload(MessagePayload):
    """A notice (its id) is to be sent."""

    KIND = MessageKind.NOTICE
    notice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPayload(MessagePayload):
    """What has gathered for a person since is to be sent together."""

    KIND = MessageKind.DIGEST
    person: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicMailPayload(MessagePayload):
    """Write to whoever filled in a public form (the entry's id): the link to confirm it by, that
    their request has started, or what became of it. The address is read when it is sent."""

    KIND = MessageKind.PUBLIC_MAIL
    entry: int
    about: PublicMailSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadPayload(MessagePayload):
    """The trail's head of a day goes to a place outside, by this way."""

    KIND = MessageKind.HEAD
    head: int
    way: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPayload(MessagePayload):
    """Somebody went, or came: see at once, and not only at the clock's next round, whether all
    work still has people. Written in the transaction in which they went."""

    KIND = MessageKind.WATCH


PAYLOADS: Mapping[str, type[MessagePayload]] = {
    payload.KIND: payload
    for payload in (
        *(AttemptPayload, WakePayload, RemindPayload, EscalatePayload, ExpirePayload),
        *(DeadlinePayload, HandOverPayload, DropKeptPayload),
        *(ChildPayload, ChildEndedPayload, ChildCancelPayload),
        *(EndedPayload, StartPayload, SchedulePayload, HeadPayload),
        *(TellPayload, DuePayload, MailPayload, NoticePayload, DigestPayload, WatchPayload),
        PublicMailPayload,
    )
}
"""What is said, by kind."""


P = TypeVar("P", bound=MessagePayload)


class UnreadableMessage(Exception):
    """A message does not say what its kind needs; `problem` says what is missing."""

    def __init__(self, problem: DeliveryProblem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def read_payload(message: OutboxMessage, payload_type: type[P]) -> P:
    """What a message of this kind says. Raises UnreadableMessage where it does not."""
    assert message.kind == payload_type.KIND, f"{message} holds no {payload_type.__name__}"
    if not isinstance(message.payload, dict):
        raise UnreadableMessage(NoObject())
    try:
        return payload_type.from_json(message.payload)
    except RecordUnreadable as problem:
        raise UnreadableMessage(UnsoundPart(part=problem.place)) from None


def require_readable(message: OutboxMessage) -> MessagePayload:
    """What a message says, whatever its kind. Raises UnreadableMessage where it cannot mean
    anything."""
    payload_type = PAYLOADS[message.kind]
    payload = read_payload(message, payload_type)
    needs_request = payload_type.OF_STEP or payload_type.OF_REQUEST
    if needs_request and message.request_id is None:
        raise UnreadableMessage(NoRequest())
    if payload_type.OF_STEP and message.activation is None:
        raise UnreadableMessage(NoStep())
    return payload
