"""What a review reads, as plain values: requests, tasks, incidents and people of a period."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.format.definition import Link
from workflows.engine.routing.graph import Graph

LATELY = timedelta(days=30)
"""A workflow without a successful request in this time is stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """One request that is over; `was_moved` where it came to its version on its way."""

    id: int
    version: int
    started: datetime
    ended: datetime
    is_cancelled: bool
    is_success: bool
    was_moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedTask:
    """One task that was done, or called off while its request went on; its version is the one that
    the request was on then. Business seconds."""

    run: int
    version: int
    activation: int
    step: str
    kind: str
    outcome: str
    is_done: bool
    round: int
    waiting: float | None
    working: float | None

    @property
    def business_seconds(self) -> float | None:
        """From arrival to end, where both parts are known."""
        if self.waiting is None or self.working is None:
            return None
        return self.waiting + self.working


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedIncident:
    """One incident that was opened in the period."""

    run: int
    activation: int
    step: str
    code: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsiblePerson:
    """Owner or deputy as they are now; `groups` is how many groups they are in."""

    username: str
    is_active: bool
    groups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRows:
    """All of it. `ways` counts how often each way of the current map was taken, `passed` how
    often each of its routing steps was passed; `gone_past` how often work was sent on by hand past
    an approval, by its step's key."""

    template: WorkflowTemplate
    map: VersionMap
    in_use_since: datetime
    since: datetime
    until: datetime
    started: int
    open_now: int
    runs: list[EndedRun]
    successes_lately: int
    tasks: list[ReviewedTask]
    route_counts: Counter[tuple[str, str]]
    passed: Counter[str]
    rerouted: set[tuple[int, int]]
    gone_past: Counter[str]
    troubles: list[ReviewedIncident]
    owner: ResponsiblePerson | None
    deputy: ResponsiblePerson | None
    roles: Mapping[str, int]

    @property
    def graph(self) -> Graph:
        """The map in force."""
        return self.map.graph


def route_identity(link: Link) -> str:
    """What tells a way from the others of its step, also when rules move up or down."""
    if link.kind == "rule":
        return f"{link.route.when}"
    return link.to if link.kind == "branch" else link.name
