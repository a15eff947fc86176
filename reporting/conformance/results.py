"""What is found of many cases: how many fit, and where the others leave the map."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reporting.conformance.messages import deviation_sentence
from workflows.engine.conformance.case_check import CaseVerdict, Leave, LeaveCause


@dataclass(frozen=True, slots=True)
class DeviationKind:
    """One way to leave the map: where cases stood, what came, and why that does not fit."""

    steps: tuple[str, ...]
    activity: str
    cause: LeaveCause


@dataclass(slots=True)
class Deviation:
    """How many cases left the map in this way, and one of them."""

    kind: DeviationKind
    count: int
    example: str

    @property
    def step(self) -> str:
        """The keys of the steps at which the cases stood."""
        return ", ".join(self.kind.steps)

    def as_json(self, titles: Mapping[str, str]) -> dict[str, Any]:
        """As other programs read it."""
        return {
            "step": self.step,
            "activity": self.kind.activity,
            "count": self.count,
            "example": self.example,
            "message": deviation_sentence(self.kind, titles),
        }


@dataclass(slots=True)
class ConformanceResult:
    """The cases so far. `open` fit, and have not come to an end; `titles` are the names of the
    map's steps by key."""

    titles: Mapping[str, str]
    cases: int = 0
    fit: int = 0
    open: int = 0
    _deviations: dict[DeviationKind, Deviation] = field(default_factory=dict)

    def add(self, case: str, verdict: CaseVerdict, *, count: int = 1) -> None:
        """One more case, or so many that are all alike."""
        self.cases += count
        if verdict.leave is not None:
            self._add_leave(case, verdict.leave, count)
            return
        self.fit += count
        self.open += 0 if verdict.has_ended else count

    def _add_leave(self, case: str, leave: Leave, count: int) -> None:
        kind = DeviationKind(leave.steps, leave.activity, leave.cause)
        deviation = self._deviations.setdefault(kind, Deviation(kind, 0, case))
        deviation.count += count

    @property
    def left(self) -> int:
        """The cases that leave the map."""
        return self.cases - self.fit

    @property
    def share(self) -> float:
        """The share of cases that fit."""
        return self.fit / self.cases if self.cases else 1.0

    @property
    def deviations(self) -> list[Deviation]:
        """Where cases leave the map, the most frequent first."""
        return sorted(self._deviations.values(), key=lambda entry: -entry.count)

    def as_json(self) -> dict[str, Any]:
        """The result in the shape that other programs read."""
        return {
            "cases": self.cases,
            "fit": self.fit,
            "deviations": [entry.as_json(self.titles) for entry in self.deviations],
        }
