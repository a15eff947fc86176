"""Why a step cannot go on by itself: a code, and what its sentence names."""

from dataclasses import dataclass

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
