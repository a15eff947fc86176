"""What becomes of a running request when its workflow has another version, and why: codes, and
what their sentences name. Steps are named by their titles of then."""

from dataclasses import dataclass, field
from enum import StrEnum

from workflows.engine.values.records import Fact, FactFamily, Sentence


class Verdict(StrEnum):
    """What becomes of a request."""

    MOVES = "moves"
    STAYS = "stays"
    NEEDS_PERSON = "needs_person"


@dataclass(frozen=True, slots=True)
class MoveReason(Fact):
    """Why a request moves, stays or needs a person; `key` is the step that it is about."""

    VERDICT = Verdict.NEEDS_PERSON

    @property
    def step_key(self) -> str:
        """The key of the step that it is about; empty where it is about none."""
        return str(getattr(self, "key", ""))


# -- it moves ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SameSteps(MoveReason):
    """Where it stands is in both maps."""

    CODE = "same_steps"
    VERDICT = Verdict.MOVES


@dataclass(frozen=True, slots=True)
class StepRenamed(MoveReason):
    """The step where it stands has another key or is another one now, and which."""

    CODE = "step_renamed"
    VERDICT = Verdict.MOVES
    key: str
    step: str
    to: str


@dataclass(frozen=True, slots=True)
class IntoBlock(MoveReason):
    """Its step is a branch of a parallel block now: the block is opened around it. `begins` are
    the branches that begin with it, `counts` those that this request has done already."""

    CODE = "into_block"
    VERDICT = Verdict.MOVES
    key: str
    step: str
    block: str
    begins: list[str] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)


# -- it stays for now -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AlreadyThere(MoveReason):
    """It is on that version."""

    CODE = "already_there"
    VERDICT = Verdict.STAYS


@dataclass(frozen=True, slots=True)
class NotRunning(MoveReason):
    """It is over."""

    CODE = "not_running"
    VERDICT = Verdict.STAYS


@dataclass(frozen=True, slots=True)
class IsSuspended(MoveReason):
    """Somebody halted it; it moves when it goes on."""

    CODE = "suspended"
    VERDICT = Verdict.STAYS


@dataclass(frozen=True, slots=True)
class ToldByLog(MoveReason):
    """It is the past of a process, as a log told it."""

    CODE = "told_by_log"
    VERDICT = Verdict.STAYS


@dataclass(frozen=True, slots=True)
class OutsideUnderWay(MoveReason):
    """What its step asked of the outside is under way, and the new map asks for something else."""

    CODE = "outside_under_way"
    VERDICT = Verdict.STAYS
    key: str
    step: str


# -- a person has to look ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepRemoved(MoveReason):
    """The step where it stands is not in the new map."""

    CODE = "step_removed"
    key: str
    step: str


@dataclass(frozen=True, slots=True)
class StepSplit(MoveReason):
    """The step where it stands is several now."""

    CODE = "step_split"
    key: str
    step: str
    parts: list[str]


@dataclass(frozen=True, slots=True)
class KindChanged(MoveReason):
    """The step where it stands is of another kind now."""

    CODE = "kind_changed"
    key: str
    step: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class BlockChanged(MoveReason):
    """It stands inside a parallel block that has other branches now."""

    CODE = "block_changed"
    key: str
    block: str


@dataclass(frozen=True, slots=True)
class OutOfBlock(MoveReason):
    """It stands inside a parallel block, and its step is not in that block any more."""

    CODE = "out_of_block"
    key: str
    step: str
    block: str


@dataclass(frozen=True, slots=True)
class BranchUnclear(MoveReason):
    """Its step is in a parallel block now, and on more than one branch of it."""

    CODE = "branch_unclear"
    key: str
    step: str
    block: str


@dataclass(frozen=True, slots=True)
class BranchHalfDone(MoveReason):
    """Its step is a branch of a parallel block now, and of another branch some steps are done."""

    CODE = "branch_half_done"
    key: str
    step: str
    block: str
    branch: str


@dataclass(frozen=True, slots=True)
class JoinWouldPass(MoveReason):
    """Enough branches have come already for the join of the new map: work would be called off."""

    CODE = "join_would_pass"
    key: str
    block: str


@dataclass(frozen=True, slots=True)
class RuleUnclear(MoveReason):
    """Which branches begin cannot be worked out."""

    CODE = "rule_unclear"
    key: str
    block: str
    problem: Sentence


@dataclass(frozen=True, slots=True)
class ConflictOpen(MoveReason):
    """Branches disagree, and somebody has to choose first."""

    CODE = "conflict"
    key: str
    block: str


@dataclass(frozen=True, slots=True)
class VotesGiven(MoveReason):
    """Some of several people have agreed, and the new map shows, asks or needs something else."""

    CODE = "votes_given"
    key: str
    step: str
    votes: int


@dataclass(frozen=True, slots=True)
class ApprovalOwed(MoveReason):
    """An approval is asked again, and what waits for it is not where it was."""

    CODE = "approval_owed"
    key: str
    step: str


@dataclass(frozen=True, slots=True)
class FieldsMissing(MoveReason):
    """Fields that the new map requires are empty, and no step ahead fills them in."""

    CODE = "fields_missing"
    fields: list[str]


@dataclass(frozen=True, slots=True)
class FieldsUnreadable(MoveReason):
    """Values cannot be read as what the new map says that these fields are."""

    CODE = "fields_unreadable"
    fields: list[str]


@dataclass(frozen=True, slots=True)
class SteeringRefused(MoveReason):
    """Whoever moves it is kept from steering this request."""

    CODE = "steering_refused"
    why: Sentence


MOVE_REASONS = FactFamily[MoveReason](
    *(SameSteps, StepRenamed, IntoBlock, AlreadyThere, NotRunning, IsSuspended, ToldByLog),
    *(
        OutsideUnderWay,
        StepRemoved,
        StepSplit,
        KindChanged,
        BlockChanged,
        OutOfBlock,
        BranchUnclear,
    ),
    *(BranchHalfDone, JoinWouldPass, RuleUnclear, ConflictOpen, VotesGiven, ApprovalOwed),
    *(FieldsMissing, FieldsUnreadable, SteeringRefused),
)
