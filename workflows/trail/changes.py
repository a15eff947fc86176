"""What a row of the trail says was changed, as typed notes: how they are written and read.

`TrailEvent.changes` is one JSON object. Single facts have a key each; what a command may do several
times (open steps, take routes) is a list of notes under the note's kind. `CHANGES_VERSION` is kept
in the row and sealed with it, so that a later form can be told from this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import Field

from workflows.engine.routing.cancel_reasons import CancelReasonField, CommandCauseField
from workflows.engine.values.records import record_from_json, record_to_json
from workflows.trail.models import CHANGES_VERSION, TrailEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNote:
    """One thing that a command did."""

    KIND: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOpened(ChangeNote):
    """A step was activated, and waits for so many people; in an each-branch about a row."""

    KIND = "opened"
    activation: int
    step: str
    round: int
    needed: int
    row: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedFieldsChanged(ChangeNote):
    """These fields of an approval at this step changed; what follows is the note's kind."""

    step: str
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalReopened(ApprovedFieldsChanged):
    """The approval is asked again."""

    KIND = "asked_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedAfterApproval(ApprovedFieldsChanged):
    """Its step lets the request go on."""

    KIND = "changed_after"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAfterChange(ApprovedFieldsChanged):
    """Its step says that the approval holds, whatever comes."""

    KIND = "kept_after"


@dataclass(frozen=True, slots=True, kw_only=True)
class VotesDropped(ApprovedFieldsChanged):
    """Who had agreed has to agree again."""

    KIND = "votes_void"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteAdded(ChangeNote):
    """One of several people agreed."""

    KIND = "agreed"
    votes: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteWithdrawn(ChangeNote):
    """One of several people agrees no longer; so many are left."""

    KIND = "agreed_no_longer"
    votes: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproverJoined(ChangeNote):
    """Somebody (a login and an id) must agree besides, or in the place of one who was added before
    and cannot any more; so many in all."""

    KIND = "approver_added"
    person: str
    person_id: int
    needed: int
    instead_of: str = ""
    instead_of_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCancelled(ChangeNote):
    """Open work is not needed any more, and why."""

    KIND = "cancelled"
    activation: int
    step: str
    reason: CancelReasonField


@dataclass(frozen=True, slots=True, kw_only=True)
class WayTaken(ChangeNote):
    """A routing step was passed, and by which of its ways; of a table by which rows (from 1)."""

    KIND = "took"
    step: str
    way: str
    to: str
    rows: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSplit(ChangeNote):
    """A parallel step (the one that split) opened these branches, and of those that are one for
    each row so many."""

    KIND = "split"
    step: str
    block: int
    branches: list[str]
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFound(ChangeNote):
    """Through these managers (logins, from below) a branch of a parallel step goes: the rule is
    what holds for the last of them. `key` is under which the request's position keeps them."""

    KIND = "chain"
    step: str
    key: str
    people: list[str]
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchCame(ChangeNote):
    """A branch came to its join."""

    KIND = "arrived"
    block: int
    branch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchesDiffer(ChangeNote):
    """Branches disagree on these fields."""

    KIND = "conflict"
    join: str
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPassed(ChangeNote):
    """A join let the request go on, without these branches."""

    KIND = "merged"
    join: str
    not_needed: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockClosed(ChangeNote):
    """A parallel block was left before its join, and why."""

    KIND = "left"
    block: int
    reason: CancelReasonField


@dataclass(frozen=True, slots=True, kw_only=True)
class EndReached(ChangeNote):
    """The request came to an end."""

    KIND = "ended"
    step: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver(ChangeNote):
    """Something went from one person to another; nobody is an empty name."""

    before: Annotated[str, Field(alias="from")]
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssigneeChanged(HandedOver):
    """A task, to another person or into its queue; which, where a command may be about several."""

    KIND = "assignee"
    stands_in: bool = False
    activation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOpened(ChangeNote):
    """A step cannot go on by itself: the incident's code and what it names."""

    KIND = "incident"
    step: str
    code: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentHandedOn(HandedOver):
    """An incident."""

    KIND = "incident_owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUploaded(ChangeNote):
    """A file was put in: the field, its version, and its digest."""

    KIND = "uploaded"
    field: str
    version: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRecorded(ChangeNote):
    """The comment (the id of its row) that was written, edited or withdrawn; whom it mentions, and
    whom of these it gives sight of the request."""

    KIND = "comment"
    comment: int
    mentioned: list[str]
    given_sight: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked(ChangeNote):
    """Somebody (a login) was asked something on a task: the question's number and kind."""

    KIND = "asked"
    question: int
    kind: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionClosed(ChangeNote):
    """A question that somebody (a login) had asked is not open any more: it was answered, taken
    back, or is not needed; `is_after_decision` where its task was over by then."""

    KIND = "question_closed"
    question: int
    kind: str
    state: str
    asked_by: str
    to: str
    is_after_decision: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMoved(ChangeNote):
    """A task's due date moved by the working time (seconds) for which it was with the requester;
    moments in ISO."""

    KIND = "due"
    before: Annotated[str, Field(alias="from")]
    to: str
    working_seconds: int
    days: int | None = None
    """Days of the calendar, where the clock counts in them."""
    extended_by: str | None = None
    """More time that somebody gave it (`2mo`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFollowed(ChangeNote):
    """A moment that hangs on a date of the request followed it (ISO; none where there is none): of
    a task when it is due, of a wait when it ends, of no activation when the request is due."""

    KIND = "date"
    activation: int | None = None
    step: str | None = None
    before: Annotated[str | None, Field(alias="from")] = None
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChanged(ChangeNote):
    """The request went from one version (a number) to another; `steps` says which step of the one
    each step of the other is, as a file of steps does. `passes` are approvals of the new map that
    lie behind the request and were never asked."""

    KIND = "version"
    before: Annotated[int, Field(alias="from")]
    to: int
    steps: dict[str, Any]
    passes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMoved(ChangeNote):
    """Open work stands at a step of the new map, and needs so many people, without those who were
    added by hand; `is_others` where other people have it than before."""

    KIND = "moved"
    activation: int
    before: Annotated[str, Field(alias="from")]
    step: str
    needed: int
    is_others: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldNote(ChangeNote):
    """Of what a step holds of a resource (by its key), as a booking or a draw, and which fields
    said so."""

    step: str
    resource: str
    purpose: str
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTaken(HoldNote):
    """It is held from now on: from when until when (ISO) and how many, or how much."""

    KIND = "held"
    starts: str | None = None
    ends: str | None = None
    count: int | None = None
    amount: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldConfirmed(HoldNote):
    """It stays, whatever becomes of the request."""

    KIND = "hold_confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReturned(HoldNote):
    """It is free again, and why (a code)."""

    KIND = "hold_given_back"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRefused(ChangeNote):
    """What a step was reached for is not free (a code, and what it names); `hinders` where the
    step waits for it, because no person can choose otherwise there."""

    KIND = "hold_refused"
    activation: int
    step: str
    code: str
    parameters: dict[str, Any]
    hinders: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageNote(ChangeNote):
    """Of a message that came before its wait: its name, and who (a login) sent it."""

    message: str
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageKept(MessageNote):
    """It waits for its wait, until when (ISO) at most, and gives these fields."""

    KIND = "message_kept"
    until: str | None = None
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTaken(MessageNote):
    """Its wait has taken it; when it had come (ISO)."""

    KIND = "message_taken"
    received_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDropped(MessageNote):
    """No wait will take it any more, and why (a code)."""

    KIND = "message_dropped"
    why: str


NOTE_KINDS: Mapping[str, type[ChangeNote]] = {
    note.KIND: note
    for note in (
        *(StepOpened, ApprovalReopened, ChangedAfterApproval, KeptAfterChange),
        *(VotesDropped, VoteAdded, VoteWithdrawn, ApproverJoined),
        *(WorkCancelled, WayTaken, ChainFound, BlockSplit, BranchCame),
        *(BranchesDiffer, JoinPassed),
        *(BlockClosed, EndReached, AssigneeChanged, IncidentOpened, IncidentHandedOn),
        *(FileUploaded, CommentRecorded, QuestionAsked, QuestionClosed, DueMoved),
        DateFollowed,
        *(VersionChanged, TaskMoved),
        *(HoldTaken, HoldConfirmed, HoldReturned, HoldRefused),
        *(MessageKept, MessageTaken, MessageDropped),
    )
}
"""The notes that a row may hold, by their keys in `changes`."""

N = TypeVar("N", bound=ChangeNote)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRecord:
    """That a decision was signed: by whom, as their name is printed; what it means (a code, or the
    map's own words); how they showed again who they are (`password`, `second_factor`); the digest
    of what was in front of them, which the row's `seen` has too; and the digest of all that with
    who, which outcome, where and when (`bound`; none of before there was one)."""

    name: str
    meaning: str
    method: str
    digest: str
    bound: str | None = None


@dataclass(slots=True, kw_only=True)
class SingleFacts:
    """What a command says once at most.

    `given` are the values that it gave to fields; `requester` (an id) who asked, where that is not
    the actor; `acted_for` (an id) in whose place the actor acted; `vote_roles` for which roles of a
    quorum they count; `kept_apart` the people (ids) whom fields name and who are kept from steps;
    `started_by` the request that started this one; `reminded` and `added` the people who were
    told or added,
    `deputies_asked` those who stand in and were asked before a role; `nobody_in_role`
    the role that has nobody to add; `past_approvals` the approvals that were gone past; `failed`
    why a step failed (a code with parameters); `signature` how the decision was signed; `cause`
    what led to the command, where that was not a person alone; `clock_behind_seconds` how far this
    machine's clock is behind what was there; `known` what rules may ask from now on of the
    requester, and of what was decided before.
    """

    given: dict[str, Any] | None = None
    requester: int | None = None
    acted_for: int | None = None
    vote_roles: list[str] | None = None
    kept_apart: dict[str, Any] | None = None
    started_by: str | None = None
    reminded: list[str] | None = None
    added: list[str] | None = None
    deputies_asked: list[str] | None = None
    nobody_in_role: str | None = None
    past_approvals: list[str] | None = None
    failed: dict[str, Any] | None = None
    signature: SignatureRecord | None = None
    cause: CommandCauseField = None
    clock_behind_seconds: int | None = None
    known: dict[str, Any] | None = None


@dataclass(slots=True)
class TrailChanges:
    """What one command changed: collected while it works, and read back from its row."""

    facts: SingleFacts = field(default_factory=SingleFacts)
    notes: list[ChangeNote] = field(default_factory=list)

    def notes_of(self, note_type: type[N]) -> list[N]:
        """The notes of one kind, in their order."""
        return [note for note in self.notes if isinstance(note, note_type)]

    def to_json(self) -> dict[str, Any]:
        """As the row keeps it."""
        written = record_to_json(self.facts)
        for note in self.notes:
            written.setdefault(note.KIND, []).append(record_to_json(note))
        return written

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "TrailChanges":
        """As a request's row kept it. Raises RecordUnreadable."""
        notes = [
            record_from_json(note_type, entry)
            for kind, note_type in NOTE_KINDS.items()
            for entry in record.get(kind, ())
        ]
        return cls(record_from_json(SingleFacts, record), notes)


def read_changes(event: TrailEvent) -> TrailChanges:
    """What the command of a request's row changed."""
    assert event.changes_version == CHANGES_VERSION, f"row {event.pk} is of another form"
    return TrailChanges.from_json(event.changes)
