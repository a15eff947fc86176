"""What is kept of each simulated request: its tasks, its moments, and what went wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workflows.engine.rehearsal.conditions import ConditionKey

TroubleKind = Literal[
    "never_ends",
    "nobody",
    "quorum_unreachable",
    "barred",
    "incident",
    "automation_fails",
    "merge_conflict",
]
"""What a run meets; the other kinds of findings are seen only over many runs."""


@dataclass(slots=True, kw_only=True)
class TaskRecord:
    """One activation of a step, in seconds since 1970. `completed` is None while it is open, and
    `outcome` where it was called off. With a quorum `who` is whoever completed it, and `started`
    when the first began."""

    step: str
    number: int
    enabled: int
    due: int | None = None
    started: int | None = None
    completed: int | None = None
    outcome: str | None = None
    who: str | None = None
    worked: int = 0
    extended: int = 0
    """How often it was given more time."""
    is_human: bool = True

    @property
    def is_late(self) -> bool:
        """Whether it was completed after it was due."""
        return self.due is not None and self.completed is not None and self.completed > self.due


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened in a run: when, at which step, by whom, how it was decided, and
    which steps are open after it."""

    at: int
    step: str | None
    who: str | None
    outcome: str
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What a run met that nobody planned for: its kind, where, and what its sentence names."""

    kind: TroubleKind
    step: str
    at: int
    cause: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Answers:
    """What a condition said in one run, over all the times that it was asked."""

    held: bool = False
    failed: bool = False


@dataclass(slots=True, kw_only=True)
class RunRecord:
    """One simulated request. `met` says of each condition that was asked whether it held,
    did not, or both."""

    number: int
    started: int
    requester: str | None
    name: str = ""
    """Of a request that ran before."""
    due: int | None = None
    """When it is due as a whole."""
    extended: int = 0
    ended: int | None = None
    result: str | None = None
    tasks: list[TaskRecord] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    met: dict[ConditionKey, Answers] = field(default_factory=dict)
    visited: dict[str, int] = field(default_factory=dict)
    """The steps that it came to, each with its highest round."""

    worked: dict[str, int] = field(default_factory=dict)
    """The seconds that each person worked on it."""
    rework: dict[str, int] = field(default_factory=dict)
    """The same, counted anew after each wait: what comes round each year is no rework."""

    def note_answer(self, key: ConditionKey, *, holds: bool) -> None:
        """Keep what a condition said."""
        answers = self.met.setdefault(key, Answers())
        answers.held |= holds
        answers.failed |= not holds

    @property
    def is_late(self) -> bool:
        """Whether it ended after it was due as a whole."""
        return self.due is not None and self.ended is not None and self.ended > self.due

    @property
    def most_rounds(self) -> int:
        """The rounds of the step that was come to most often, with no wait in between."""
        return max(self.rework.values(), default=0)
