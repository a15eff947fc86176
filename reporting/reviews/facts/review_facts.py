"""The facts of one review as it keeps them; `format` counts up when their shape changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter

from reporting.reviews.facts.choices import ComparedFigure, MeasureUnit, SavingsBasis
from reporting.reviews.facts.measures import (
    IncidentCountDetails,
    Measure,
    MeasureDetails,
    RouteDescription,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPeriod:
    """The time that a review looks at."""

    since: datetime
    until: datetime
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """Requests that ended in the period. A request went well when it came to an end by a route
    that the map does not mark as an exception; it had an error when a step was done again in it,
    or an incident was opened."""

    started: int
    ended: int
    successful: int
    exceptions: int
    cancelled: int
    with_errors: int
    open_now: int
    success_rate: float | None
    error_rate: float | None
    successes_30_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationSummary:
    """How long many things took, in seconds."""

    n: int
    median_s: float
    p90_s: float
    mean_s: float
    max_s: float
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingMinutes:
    """People's working time in requests that ended in the period."""

    requests: int = 0
    total: float = 0.0
    per_request: float | None = None
    median: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How it was before the workflow, where the map says so."""

    minutes_per_request: float | None
    error_rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureComparison:
    """A figure now, in the review before, and before the workflow; None where it is not known."""

    figure: ComparedFigure
    unit: MeasureUnit
    now: int | float | None
    last: int | float | None
    baseline: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStepFacts:
    """One step of the map in force."""

    step: str
    name: str
    kind: str
    used: int
    skipped: int
    median_s: float | None
    p90_s: float | None
    expected_s: float | None
    gap_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRouteFacts:
    """One route of the map in force that work can take or not."""

    key: str
    step: str
    to: str
    kind: str
    route: RouteDescription
    exception: bool
    taken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BypassedApproval:
    """How often work was sent on by hand past an approval that had not been given."""

    step: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedMoney:
    """What the saved (or lost) minutes are worth at the average hour of this work."""

    currency: str
    per_hour: float
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """Minutes against the baseline, and what they are worth."""

    basis: SavingsBasis
    minutes: float | None = None
    each: float | None = None
    money: tuple[SavedMoney, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FixResult:
    """What became of a finding that the last review decided to fix: its figure then and now."""

    key: str
    unit: MeasureUnit
    before: float
    after: float | None
    helped: bool
    reason: str
    decided_by: str
    finding: MeasureDetails
    now: MeasureDetails | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFacts:
    """All facts of one workflow and period."""

    format: Literal[1] = 1
    workflow: str
    name: str
    version: int
    working_day_s: int
    owner: str | None
    deputy: str | None
    period: ReviewPeriod
    gathered_at: datetime
    runs: RunCounts
    cycle: DurationSummary | None
    minutes: WorkingMinutes
    baseline: Baseline
    against: tuple[FigureComparison, ...]
    steps: tuple[ReviewStepFacts, ...]
    ways: tuple[ReviewRouteFacts, ...]
    past_approvals: tuple[BypassedApproval, ...]
    saved: Savings
    measures: tuple[Measure, ...]
    fixes: tuple[FixResult, ...] = field(default=())

    @property
    def findings(self) -> list[Measure]:
        """What somebody should decide on, the most pressing kinds first."""
        return [measure for measure in self.measures if measure.is_finding]

    @property
    def incidents(self) -> list[IncidentCountDetails]:
        """Incidents by code, the most frequent first."""
        details = (measure.details for measure in self.measures)
        return [each for each in details if isinstance(each, IncidentCountDetails)]

    def with_fixes(self, fixes: tuple[FixResult, ...]) -> "ReviewFacts":
        """The same facts with what became of the last review's fixes."""
        return replace(self, fixes=fixes)

    def to_json(self) -> dict[str, Any]:
        """As a review stores them."""
        data: dict[str, Any] = _facts_adapter.dump_python(self, mode="json")
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ReviewFacts":
        """As they were stored. ValueError where they are not of this format."""
        return _facts_adapter.validate_python(data)


_facts_adapter: TypeAdapter[ReviewFacts] = TypeAdapter(ReviewFacts)
