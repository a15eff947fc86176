"""Measures: one figure each, with the typed parameters of which its sentence is made when shown.

Each measure has a key that is the same in every review, so that the next one can say whether a
fix helped: the figure is there whether or not it is a finding.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from reporting.reviews.facts.choices import FindingKind, MeasureUnit, Office, OfficeState


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipDetails:
    """Who fills an office. `holder` is a username, or the key of a role with so many people."""

    kind: Literal[FindingKind.OWNERSHIP] = FindingKind.OWNERSHIP
    office: Office
    holder: str
    state: OfficeState
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleDetails:
    """How many requests went well lately."""

    kind: Literal[FindingKind.STALE] = FindingKind.STALE
    successes: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BottleneckDetails:
    """What a step takes, waiting and working together, in business seconds."""

    kind: Literal[FindingKind.BOTTLENECK] = FindingKind.BOTTLENECK
    step: str
    n: int
    median_s: float
    p90_s: float
    expected_s: float
    gap_s: float
    excess_s: float
    working_day_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCountDetails:
    """Incidents of one code, by the titles of their steps."""

    kind: Literal[FindingKind.INCIDENTS] = FindingKind.INCIDENTS
    code: str
    count: int
    open: int
    steps: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUseDetails:
    """How often requests used a step."""

    kind: Literal[FindingKind.STEP_UNUSED] = FindingKind.STEP_UNUSED
    step: str
    count: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDescription:
    """A route by the titles of its ends, with its rule's condition or its label; `is_otherwise`
    where it is taken if no rule holds, and the map calls it nothing else."""

    source: str
    target: str
    condition: str = ""
    label: str = ""
    is_otherwise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteUseDetails:
    """How often a route was taken of so many times that its step was passed."""

    kind: Literal[FindingKind.ROUTE_UNUSED, FindingKind.RULE_UNUSED]
    route: RouteDescription
    count: int
    passes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCaseCount:
    """Something happened in so many of the cases that came to a step."""

    step: str
    count: int
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedStepDetails(StepCaseCount):
    """The step was gone past."""

    kind: Literal[FindingKind.STEP_SKIPPED] = FindingKind.STEP_SKIPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class UnautomateDetails(StepCaseCount):
    """The automation needed a person, or went its error route."""

    kind: Literal[FindingKind.UNAUTOMATE] = FindingKind.UNAUTOMATE


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomateDetails(StepCaseCount):
    """The approval had its most frequent outcome."""

    kind: Literal[FindingKind.AUTOMATE] = FindingKind.AUTOMATE
    outcome: str


MeasureDetails = Annotated[
    OwnershipDetails
    | StaleDetails
    | BottleneckDetails
    | IncidentCountDetails
    | StepUseDetails
    | RouteUseDetails
    | SkippedStepDetails
    | UnautomateDetails
    | AutomateDetails,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure; `is_finding` when somebody should decide on it."""

    key: str
    step: str = ""
    figure: float
    unit: MeasureUnit
    is_finding: bool
    details: MeasureDetails = field()

    @property
    def kind(self) -> FindingKind:
        """What it looks at."""
        return self.details.kind


_details_adapter: TypeAdapter[MeasureDetails] = TypeAdapter(MeasureDetails)


def details_to_json(details: MeasureDetails) -> dict[str, Any]:
    """As a finding stores them."""
    data: dict[str, Any] = _details_adapter.dump_python(details, mode="json")
    return data


def details_from_json(data: Mapping[str, Any]) -> MeasureDetails:
    """As they were stored. ValueError where they are not of this shape."""
    return _details_adapter.validate_python(data)
