"""Why a step cannot go on by itself: a code, and what its sentence names."""

from dataclasses import dataclass, field

from workflows.engine.values.records import Fact, Sentence


@dataclass(frozen=True, slots=True)
class StepTrouble(Fact):
    """What a person has to put right. Steps are named by their titles of then."""


@dataclass(frozen=True, slots=True)
class RuleFailed(StepTrouble):
    """A rule could not be worked out."""

    CODE = "rule_failed"
    problem: Sentence


@dataclass(frozen=True, slots=True)
class NoDate(StepTrouble):
    """A wait has no date to wait for: its field is empty, or what is in it is none."""

    CODE = "no_date"
    step: str
    field: str
    value: str | None = None
    """The value that nobody can wait for, where there is one."""


@dataclass(frozen=True, slots=True)
class StepFailed(StepTrouble):
    """What a step asked of the outside came to nothing; `error` is the action's own code, `text`
    what the action says of it."""

    CODE = "step_failed"
    error: str
    text: Sentence
    tried: int = 0

    @property
    def code(self) -> str:
        """The action's own code."""
        return self.error


@dataclass(frozen=True, slots=True)
class NoRoom(StepTrouble):
    """What a step books is not free: when it is taken, and how many of it are."""

    CODE = "no_room"
    step: str
    resource: str
    starts: str
    ends: str
    wanted: int = 1
    free: int = 0
    taken: list[list[str]] = field(default_factory=list)
    key: str = ""
    """From when until when others have it, the first of them; ISO."""


@dataclass(frozen=True, slots=True)
class BudgetExceeded(StepTrouble):
    """A step draws more than is left of a budget."""

    CODE = "budget_exceeded"
    step: str
    budget: str
    wanted: str
    left: str
    currency: str


@dataclass(frozen=True, slots=True)
class HoldUnclear(StepTrouble):
    """Nothing can be held with these values: why (a code), and which fields or resource it is."""

    CODE = "hold_unclear"
    step: str
    why: str
    fields: list[str] = field(default_factory=list)
    resource: str = ""


@dataclass(frozen=True, slots=True)
class ChainTooShort(StepTrouble):
    """No chain of managers comes to somebody for whom its rule holds. `why` is a code: `nobody` is
    known from whom it would start; there is nobody above the last of `people` (`top`); or they are
    as many `levels` as there may be. `starts` and `people` are logins."""

    CODE = "chain_too_short"
    step: str
    until: str
    why: str
    starts: str = ""
    people: list[str] = field(default_factory=list)
    levels: int = 0


@dataclass(frozen=True, slots=True)
class ChainInCircle(StepTrouble):
    """The directory says of these people (logins) that each is above the one before, and the last
    is the first."""

    CODE = "chain_in_circle"
    step: str
    people: list[str] = field(default_factory=list)


RULE_FAILED, NO_DATE = RuleFailed.CODE, NoDate.CODE
