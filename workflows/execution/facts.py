"""What is kept of incidents: why a step cannot go on, and how that came to its end."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from workflows.engine.routing.cancel_reasons import CANCEL_REASONS, CancelReasonField
from workflows.engine.routing.step_troubles import (
    BudgetExceeded,
    ChainInCircle,
    ChainTooShort,
    HoldUnclear,
    NoDate,
    NoRoom,
    RuleFailed,
    StepFailed,
    StepTrouble,
)
from workflows.engine.values.records import Fact, FactFamily, fact_to_json
from workflows.execution.choices import IncidentCode, ResolutionCode, StaffingGap
from workflows.outbox.delivery_problems import DELIVERY_PROBLEMS, DeliveryProblem

# -- why a step cannot go on ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NobodyCanFinish(StepTrouble):
    """A task that nobody can finish any more: which, why, and whom or what that names."""

    CODE = IncidentCode.NOBODY.value
    step: str
    gap: StaffingGap
    person: str = ""
    field: str = ""
    needed: int = 0
    votes: int = 0


@dataclass(frozen=True, slots=True)
class BranchesDisagree(StepTrouble):
    """Branches gave different values to fields, and a person has to choose."""

    CODE = IncidentCode.MERGE_CONFLICT.value
    join: str
    fields: list[str]


@dataclass(frozen=True, slots=True)
class NotDelivered(StepTrouble):
    """The message that a step waits for was given up."""

    CODE = IncidentCode.NOT_DELIVERED.value
    problem: Annotated[
        DeliveryProblem, PlainValidator(DELIVERY_PROBLEMS.from_json), PlainSerializer(fact_to_json)
    ]


@dataclass(frozen=True, slots=True)
class ChildCancelled(StepTrouble):
    """The request that a step waits for was cancelled."""

    CODE = IncidentCode.CHILD_CANCELLED.value
    reference: str


@dataclass(frozen=True, slots=True)
class ActionUnknown(StepTrouble):
    """The map names an action that this site does not have."""

    CODE = IncidentCode.ACTION_UNKNOWN.value
    action: str


INCIDENT_FACTS = FactFamily[StepTrouble](
    *(NobodyCanFinish, RuleFailed, NoDate, BranchesDisagree),
    *(NotDelivered, ChildCancelled, ActionUnknown),
    *(NoRoom, BudgetExceeded, HoldUnclear),
    *(ChainTooShort, ChainInCircle),
    other=StepFailed,
)
"""What an incident may say; an action's own codes are those of `StepFailed`."""


def parse_closing(code: str, parameters: Any) -> Fact:
    """Why a task was closed undecided: cancelled, or failed. Raises RecordUnreadable."""
    family: FactFamily[Any] = CANCEL_REASONS if code in CANCEL_REASONS.types else INCIDENT_FACTS
    closing: Fact = family.parse(code, parameters)
    return closing


# -- how it came to its end -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resolution(Fact):
    """How an incident ended."""


@dataclass(frozen=True, slots=True)
class Reassigned(Resolution):
    """The task was put into somebody's hands."""

    CODE = ResolutionCode.REASSIGNED.value
    person: str


@dataclass(frozen=True, slots=True)
class StepDone(Resolution):
    """The step was done after all."""

    CODE = ResolutionCode.DONE.value


@dataclass(frozen=True, slots=True)
class NotNeeded(Resolution):
    """The work is not needed any more."""

    CODE = ResolutionCode.NOT_NEEDED.value
    why: CancelReasonField


@dataclass(frozen=True, slots=True)
class StepRetried(Resolution):
    """The step was tried again."""

    CODE = ResolutionCode.TRIED_AGAIN.value


@dataclass(frozen=True, slots=True)
class BranchChosen(Resolution):
    """A person chose between the branches."""

    CODE = ResolutionCode.BRANCH_CHOSEN.value


@dataclass(frozen=True, slots=True)
class TaskStaffed(Resolution):
    """Somebody is there now who can finish the task."""

    CODE = ResolutionCode.STAFFED.value


RESOLUTIONS = FactFamily[Resolution](
    Reassigned, StepDone, NotNeeded, StepRetried, BranchChosen, TaskStaffed
)
