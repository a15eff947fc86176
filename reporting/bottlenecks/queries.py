"""The bottleneck figures of a workflow, from its roll-ups: steps, hand-offs, roles, weeks.

A period is of whole days (UTC) and chooses tasks by when they were done, arrivals by when they
came. The number of statements does not depend on how much there is.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, TypeVar

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext

from reporting.metrics.native_rows import name_steps
from reporting.rollups.distributions import Spread
from reporting.rollups.models import DAY, WEEK, Freshness, RequestRollUp, RollUpCell, StepRollUp
from reporting.rollups.services import SPREADS, SUMS
from reporting.rollups.step_context import calendar_day_seconds, expected_step_microseconds
from workflows.definitions.models import Role, Step, TemplateVersion, WorkflowTemplate
from workflows.engine.format.definition import display_title

GAP, GAP_BEGIN, GAP_END = 60, 5, 26
"""Weeks in which nothing happens: a gap longer than the first is shortened to the others."""
NAMES = (
    *("waiting", "working", "waiting_business", "working_business", "taken_business"),
    "lead_in",
)
Kind = TypeVar("Kind", bound=Hashable)
Model = TypeVar("Model", bound=RollUpCell)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days from `since` (included) to `until` (not included); None: no bound."""

    since: date | None = None
    until: date | None = None

    def cells(self) -> Q:
        """The fewest cells that make up the span: whole weeks, and days at its edges."""
        first = self.since and self.since + timedelta(days=-self.since.weekday() % 7)
        last = self.until and self.until - timedelta(days=self.until.weekday())
        if first and last and last < first:
            return Q(grain=DAY, day__gte=self.since, day__lt=self.until)
        weeks, edges = Q(grain=WEEK), Q(pk__in=[])
        if first:
            weeks &= Q(day__gte=first)
            edges |= Q(grain=DAY, day__gte=self.since, day__lt=first)
        if last:
            weeks &= Q(day__lt=last)
            edges |= Q(grain=DAY, day__gte=last, day__lt=self.until)
        return weeks | edges


ONE_REQUESTER, ONE_NAMED = "requester", "named"
NOW = timedelta(days=21)
"""What was so in a week that began longer ago is not so now."""


@dataclass(slots=True)
class Totals:
    """Sums and spreads of any number of cells. Times in microseconds."""

    sums: list[int] = field(default_factory=lambda: [0] * len(SUMS))
    spreads: list[Spread] = field(default_factory=lambda: [Spread() for _ in NAMES])
    _quantiles: dict[str, tuple[float | None, float | None]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """What was worked out already: tables, bars and findings ask for the same."""

    def add_cell(self, sums: Iterable[int], spreads: Iterable[bytes]) -> None:
        """Take in a cell as the database gave it."""
        self._quantiles.clear()
        self.sums = [a + b for a, b in zip(self.sums, sums, strict=True)]
        for spread, cell in zip(self.spreads, spreads, strict=True):
            if cell:
                spread.add(bytes(cell))

    def add(self, other: "Totals") -> None:
        """Take in what another one has."""
        self._quantiles.clear()
        self.sums = [a + b for a, b in zip(self.sums, other.sums, strict=True)]
        for spread, other_spread in zip(self.spreads, other.spreads, strict=True):
            spread.values += other_spread.values
            spread.counts += other_spread.counts

    def __getattr__(self, name: str) -> int:
        """A sum by its column's name."""
        if name in SUMS:
            return self.sums[SUMS.index(name)]
        raise AttributeError(name)

    def spread(self, name: str) -> Spread:
        """The values of one measure."""
        return self.spreads[NAMES.index(name)]

    def at(self, name: str) -> tuple[float | None, float | None]:
        """Median and 90th percentile of one measure in seconds; None where nothing is known."""
        if name not in self._quantiles:
            half, most = self.spread(name).quantiles(0.5, 0.9) or (None, None)
            self._quantiles[name] = (
                None if half is None else half / 1_000_000,
                None if most is None else most / 1_000_000,
            )
        return self._quantiles[name]

    def share(self, name: str) -> float | None:
        """A count as a share of the tasks done."""
        return getattr(self, name) / self.completed if self.completed else None

    @property
    def is_exact(self) -> bool:
        """Whether every quantile is exact."""
        return all(spread.is_exact for spread in self.spreads)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """What is known of a step row of some version: its name in reports, and its version's."""

    title: str
    name: str
    """Its name on its map, which another step may have, too."""
    key: str
    position: int
    version: int
    role: str
    person: str
    """ONE_REQUESTER or ONE_NAMED where the role is one person, found anew for each request."""
    kind: str
    expected: float | None
    join_id: int | None
    """The row of the step that joins what this one opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyMoves:
    """Arrivals, completions and cancellations by step and week, from the beginning."""

    moves: Mapping[tuple[str, date], tuple[int, int, int]]

    def mondays(self) -> list[date]:
        """Every week from the first to the last, also those in which nothing happened; of a
        gap of more than a year only its first and last weeks."""
        active_mondays = sorted({monday for _, monday in self.moves})
        all_mondays: list[date] = active_mondays[:1]
        for earlier, later in pairwise(active_mondays):
            weeks: Sequence[int] = range(1, (later - earlier).days // 7 + 1)
            if len(weeks) > GAP:
                weeks = [*weeks[:GAP_BEGIN], *weeks[-GAP_END:]]
            all_mondays += [earlier + timedelta(weeks=number) for number in weeks]
        return all_mondays

    def open_at_end(self, steps: Iterable[str] | None = None) -> dict[date, int]:
        """What was open at each week's end: all that came, less all that left."""
        selected_steps = None if steps is None else set(steps)
        change: dict[date, int] = defaultdict(int)
        for (step, monday), (arrived, completed, cancelled) in self.moves.items():
            if selected_steps is None or step in selected_steps:
                change[monday] += arrived - completed - cancelled
        open_count, open_by_week = 0, {}
        for monday in self.mondays():
            open_count += change[monday]
            open_by_week[monday] = open_count
        return open_by_week


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTimes:
    """Of how many of some done tasks each time is known. It is a fact of each task: logs know of
    some when work began, of others only when it ended."""

    COUNTED: ClassVar = ("waiting", "working", "lead_in")

    tasks: int
    waiting: int
    working: int
    lead_in: int

    @property
    def kind(self) -> str:
        """'waiting', or 'lead_in' where no task says when work on it began."""
        return "waiting" if self.working or not self.lead_in else "lead_in"

    @property
    def is_mixed(self) -> bool:
        """Whether some tasks have a waiting and others only a lead-in."""
        return bool(self.working) and self.lead_in > 0


@dataclass(frozen=True, kw_only=True)
class Bottlenecks:
    """All figures of a workflow and period."""

    template: WorkflowTemplate
    span: Span
    version: int | None
    fresh: Freshness | None
    steps: Mapping[int, StepRow]
    versions: list[TemplateVersion]
    pairs: Mapping[tuple[int, str], Totals]
    requests: Mapping[str, Any]
    weeks: WeeklyMoves
    day: int
    """Seconds of a working day."""

    def by(self, kind: Callable[[int, str], Kind]) -> dict[Kind, Totals]:
        """The figures put together by what `kind` makes of a step's id and where it came from."""
        totals_by_kind: dict[Kind, Totals] = defaultdict(Totals)
        for (step, came_from), totals in self.pairs.items():
            totals_by_kind[kind(step, came_from)].add(totals)
        return totals_by_kind

    @property
    def newest_day(self) -> date | None:
        """The day up to which the figures of this period go."""
        rolled_up = self.fresh.rolled_up_to if self.fresh else None
        candidates = [rolled_up.date()] if rolled_up else []
        return min([*candidates, self.span.until] if self.span.until else candidates, default=None)

    def is_inside(self, monday: date) -> bool:
        """Whether a week is of this period, wholly or in part."""
        since, until = self.span.since, self.span.until
        after = since is None or monday + timedelta(days=6) >= since
        return after and (until is None or monday < until)

    def is_of_now(self, monday: date) -> bool:
        """Whether a week is so near to the end of the figures that it may be called 'now'."""
        day = self.newest_day
        return self.span.until is None and day is not None and day - monday < NOW

    @cached_property
    def known_times(self) -> KnownTimes:
        """Of how many of these tasks what is known."""
        every = self.pairs.values()
        counts = {name: sum(len(t.spread(name)) for t in every) for name in KnownTimes.COUNTED}
        return KnownTimes(tasks=sum(totals.completed for totals in every), **counts)

    def waited(self, totals: Totals) -> int:
        """What rankings go by: the waiting, or where no start is known at all, the lead-in."""
        return int(getattr(totals, self.known_times.kind))

    def by_step(self) -> dict[str, Totals]:
        """By step, the most time over what is expected first, then the most waiting."""
        totals_by_title = self.by(lambda step, _: self.steps[step].title)
        return self._rank_totals(totals_by_title)

    def _rank_totals(self, totals_by_name: dict[str, Totals]) -> dict[str, Totals]:
        return dict(
            sorted(
                totals_by_name.items(), key=lambda item: (-item[1].excess, -self.waited(item[1]))
            )
        )

    def by_handoff(self) -> dict[tuple[str, str], Totals]:
        """By step before and step, the most waiting first."""
        totals_by_pair = self.by(
            lambda step, before: (self.before(step, before), self.steps[step].title)
        )
        return dict(
            sorted(totals_by_pair.items(), key=lambda item: (-self.waited(item[1]), item[0]))
        )

    def by_role(self) -> dict[str, Totals]:
        """By role, the most time over what is expected first; steps that no person does apart."""
        return self._rank_totals(self.by(lambda step, _: self.steps[step].role))

    def by_version(self) -> dict[tuple[str, int], Totals]:
        """By step and version."""
        return self.by(lambda step, _: (self.steps[step].title, self.steps[step].version))

    def before(self, step: int, came_from: str) -> str:
        """The name of the step before."""
        if not came_from:
            return gettext("Start")
        title = self._step_titles.get((self.steps[step].version, came_from))
        return title or display_title(came_from, None)

    @cached_property
    def _step_titles(self) -> Mapping[tuple[int, str], str]:
        return {(row.version, row.key): row.title for row in self.steps.values()}

    def expected(self) -> dict[str, float]:
        """Business seconds that the newest version with this step expects of it."""
        ordered = sorted(self.steps.values(), key=lambda row: row.version)
        return {row.title: row.expected for row in ordered if row.expected}

    def open_now(self) -> dict[str, int]:
        """Open tasks by step, when it was last rolled up."""
        open_counts: dict[str, int] = defaultdict(int)
        for (step, _), (arrived, completed, cancelled) in self.weeks.moves.items():
            open_counts[step] += arrived - completed - cancelled
        return {step: count for step, count in open_counts.items() if count}


def collect_bottlenecks(
    template: WorkflowTemplate, span: Span, *, version: int | None = None, role: str | None = None
) -> Bottlenecks:
    """The figures of this period; of one version, or one role, where it is named."""
    versions = list(template.versions.exclude(state=TemplateVersion.DRAFT).order_by("number"))
    steps = _read_step_rows(template)
    only = Q()
    if version is not None:
        only &= Q(
            version__in=[candidate.pk for candidate in versions if candidate.number == version]
        )
    of_requests, only = only, only if role is None else only & Q(role=role)
    return Bottlenecks(
        template=template,
        span=span,
        version=version,
        fresh=Freshness.objects.filter(rolled_up_to__isnull=False).first(),
        steps=steps,
        versions=versions,
        pairs=_sum_step_pairs(StepRollUp.objects.filter(only, template=template), span),
        requests=_sum_requests(RequestRollUp.objects.filter(of_requests, template=template), span),
        weeks=_sum_weekly_moves(StepRollUp.objects.filter(only, template=template), steps),
        day=calendar_day_seconds(versions[-1].calendar) if versions else 28800,
    )


def _read_step_rows(template: WorkflowTemplate) -> dict[int, StepRow]:
    steps = list(Step.objects.filter(version__template=template).select_related("version", "role"))
    titles = name_steps(steps)
    return {step.pk: _build_step_row(step, titles[step.pk]) for step in steps}


def _build_step_row(step: Step, title: str) -> StepRow:
    role, expected = step.role, None
    if step.expected:
        expected = expected_step_microseconds(step) / 1_000_000
    return StepRow(
        title=title,
        name=str(step),
        key=step.key,
        position=step.position,
        version=step.version.number,
        role=role.key if role is not None else "",
        person=_single_person_kind(role),
        kind=step.kind,
        expected=expected,
        join_id=step.join_id,
    )


def _single_person_kind(role: Role | None) -> str:
    if role is None:
        return ""
    return ONE_REQUESTER if role.requester else ONE_NAMED if role.field else ""


def _sum_step_pairs(cells: QuerySet[StepRollUp], span: Span) -> dict[tuple[int, str], Totals]:
    totals_by_pair: dict[tuple[int, str], Totals] = {}
    rows = cells.filter(span.cells()).values_list("step_id", "came_from", *SUMS, *SPREADS)
    for step, came_from, *values in rows.order_by("step_id", "came_from"):
        totals = totals_by_pair.get((step, came_from))
        if totals is None:
            totals = totals_by_pair[step, came_from] = Totals()
        totals.add_cell(values[: len(SUMS)], values[len(SUMS) :])
    return totals_by_pair


def _sum_requests(cells: QuerySet[RequestRollUp], span: Span) -> dict[str, Any]:
    names = ("started", "finished", "cancelled", "repeated", "duration")
    sums: dict[str, Any] = dict.fromkeys(names, 0)
    durations = Spread()
    for *values, spread in cells.filter(span.cells()).values_list(*names, "duration_spread"):
        for name, value in zip(names, values, strict=True):
            sums[name] += value
        durations.add(bytes(spread))
    sums["quantiles"] = [value / 1_000_000 for value in durations.quantiles(0.5, 0.9)]
    return sums


def _sum_weekly_moves(cells: QuerySet[StepRollUp], steps: Mapping[int, StepRow]) -> WeeklyMoves:
    rows = cells.filter(grain=WEEK).order_by().values_list("step_id", "day")
    moves: dict[tuple[str, date], tuple[int, int, int]] = {}
    summed = rows.annotate(came=Sum("arrived"), done=Sum("completed"), left=Sum("cancelled"))
    for step, monday, *counts in summed:
        key = (steps[step].title, monday)
        arrived, completed, cancelled = (
            a + b for a, b in zip(moves.get(key, (0, 0, 0)), counts, strict=True)
        )
        moves[key] = (arrived, completed, cancelled)
    return WeeklyMoves(moves=moves)


def first_week(cells: QuerySet[StepRollUp]) -> date | None:
    """The Monday of the first week that is rolled up."""
    return cells.filter(grain=WEEK).order_by("day").values_list("day", flat=True).first()


def is_fresh(figures: Bottlenecks, *, now: datetime, within: timedelta) -> bool:
    """Whether the figures are not older than that."""
    moment = figures.fresh.rolled_up_to if figures.fresh else None
    return moment is not None and now - moment <= within
