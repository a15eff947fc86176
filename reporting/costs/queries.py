"""What runs cost: people's working time by the rates of their roles, and calls by connection.

Working time is business time (pauses left out) of tasks that people have done. A call is one
attempt, whether or not it went well. Money of different currencies is never added up.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate

from reporting.costs.models import CallRate, RoleRate
from workflows.definitions.models import Step, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.engine.format.definition import HUMAN_KINDS
from workflows.execution.models import DONE, WorkflowInstance, WorkItem
from workflows.outbox.models import Attempt

HOUR, MINUTE, CENT = Decimal(3600), Decimal(60), Decimal("0.01")
Money = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Price:
    """An amount of one currency for an hour or a call, and whose rate it is."""

    amount: Decimal
    currency: str
    whose: str


class Rates:
    """All rates, read once: one statement for those of roles, one for those of calls if any."""

    def __init__(self, *, calls: bool = True) -> None:
        self._roles: dict[str, list[RoleRate]] = defaultdict(list)
        self._groups: dict[str, list[RoleRate]] = defaultdict(list)
        self._calls: dict[str, list[CallRate]] = defaultdict(list)
        for role in RoleRate.objects.select_related("group").order_by("-since"):
            kind = self._groups[role.group.name] if role.group else self._roles[role.role]
            kind.append(role)
        prices = CallRate.objects.select_related("connection").order_by("-since")
        for call in prices if calls else ():
            self._calls[call.connection.key].append(call)

    def of_role(self, role: str, groups: Iterable[str], day: date) -> Price | None:
        """An hour's price on a day: the role's own rate, else that of its first priced group."""
        candidates = [self._roles.get(role, []), *(self._groups.get(group, []) for group in groups)]
        for rates in candidates:
            for rate in rates:
                if rate.since <= day:
                    whose = rate.role or str(rate.group)
                    return Price(rate.per_hour, rate.currency, whose)
        return None

    def of_call(self, connection: str, day: date) -> Price | None:
        """A call's price on a day."""
        for rate in self._calls.get(connection, []):
            if rate.since <= day:
                return Price(rate.per_call, rate.currency, connection)
        return None


def exact_seconds(seconds: float) -> Decimal:
    """Seconds without the noise of binary fractions: whole microseconds."""
    return Decimal(round(seconds * 1_000_000)) / 1_000_000


def working_time_cost(seconds: Decimal, price: Price) -> Decimal:
    """What so much working time costs."""
    return seconds * price.amount / HOUR


def step_role_groups(step: Step) -> list[str]:
    """The groups of a step's role."""
    return list(step.role.groups or []) if step.role else []


def step_connection(step: Step) -> str:
    """The connection that an automation calls; nothing where it calls none."""
    call_settings = (step.config or {}).get("with") or {}
    return str(call_settings.get("connection") or "")


# -- one request ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCost:
    """Working time on a step, by the rate of its role; none where that has no rate."""

    step: str
    role: str
    seconds: Decimal
    price: Price | None

    @property
    def money(self) -> Decimal | None:
        """What it cost."""
        return None if self.price is None else working_time_cost(self.seconds, self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCost:
    """Calls of one connection by a step on one day, by its rate then; none where it has none."""

    step: str
    connection: str
    count: int
    price: Price | None

    @property
    def money(self) -> Decimal | None:
        """What they cost."""
        return None if self.price is None else self.count * self.price.amount


CostLine = WorkCost | CallCost
"""One row of the table: what, how much of it, and at what price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCost:
    """What one request has cost so far."""

    lines: list[CostLine]
    totals: Money
    minutes: Decimal
    calls: int
    unpriced: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show yet."""
        return not self.lines


def compute_request_cost(request: WorkflowInstance) -> RequestCost:
    """Each task that people have done and each connection that was called; two statements, and
    two more where the map calls anything."""
    may_call = _calls_anything(request)
    rates = Rates(calls=may_call)
    work = [_build_work_cost(task, rates) for task in _finished_human_tasks(request)]
    calls = _collect_call_costs(request, rates) if may_call else []
    lines: list[CostLine] = [*work, *calls]
    return RequestCost(
        lines=lines,
        totals=_sum_by_currency(lines),
        minutes=sum((line.seconds for line in work), Decimal()) / MINUTE,
        calls=sum(line.count for line in calls),
        unpriced=sum(line.price is None for line in lines),
    )


def _finished_human_tasks(request: WorkflowInstance) -> QuerySet[WorkItem]:
    tasks = WorkItem.objects.filter(request=request, state=DONE, step__kind__in=HUMAN_KINDS)
    timed_tasks = tasks.exclude(working_business_seconds=None).select_related("step__role")
    return timed_tasks.order_by("id")


def _sum_by_currency(lines: Iterable[CostLine]) -> Money:
    totals: Money = defaultdict(Decimal)
    for line in lines:
        if line.price is not None and line.money is not None:
            totals[line.price.currency] += line.money
    return dict(totals)


def _calls_anything(request: WorkflowInstance) -> bool:
    """Whether a step of the request's map names a connection; asked of the map in memory."""
    steps = cached_map(request.version_id).graph.steps.values()
    return any((getattr(step, "with_", None) or {}).get("connection") for step in steps)


def _build_work_cost(task: WorkItem, rates: Rates) -> WorkCost:
    assert task.working_business_seconds is not None
    assert task.completed_at is not None
    role = task.step.role.key if task.step.role else ""
    day = task.completed_at.astimezone(UTC).date()
    return WorkCost(
        step=str(task.step),
        role=role,
        seconds=exact_seconds(task.working_business_seconds),
        price=rates.of_role(role, step_role_groups(task.step), day),
    )


def _collect_call_costs(request: WorkflowInstance, rates: Rates) -> list[CallCost]:
    return [
        CallCost(
            step=step, connection=connection, count=count, price=rates.of_call(connection, day)
        )
        for (step, connection, day), count in _count_calls(request).items()
    ]


def _count_calls(request: WorkflowInstance) -> dict[tuple[str, str, date], int]:
    """How often each step called which connection, by day."""
    call_counts: dict[tuple[str, str, date], int] = defaultdict(int)
    attempts = Attempt.objects.filter(request=request).select_related("step").order_by("id")
    for attempt in attempts:
        connection = step_connection(attempt.step)
        if connection:
            day = attempt.started_at.astimezone(UTC).date()
            call_counts[str(attempt.step), connection, day] += 1
    return dict(call_counts)


# -- months -----------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class MonthCost:
    """One workflow in one month (UTC)."""

    month: str
    template: WorkflowTemplate
    finished: int = 0
    seconds: Decimal = Decimal()
    priced_seconds: Decimal = Decimal()
    calls: int = 0
    priced_calls: int = 0
    people: Money = field(default_factory=lambda: defaultdict(Decimal))
    outside: Money = field(default_factory=lambda: defaultdict(Decimal))

    @property
    def minutes(self) -> Decimal:
        """People's working time."""
        return self.seconds / MINUTE

    @property
    def unpriced_minutes(self) -> Decimal:
        """Working time of roles that have no rate."""
        return (self.seconds - self.priced_seconds) / MINUTE

    @property
    def unpriced_calls(self) -> int:
        """Calls of connections that have no rate."""
        return self.calls - self.priced_calls

    @property
    def currencies(self) -> list[str]:
        """The currencies in which something was paid."""
        return sorted({*self.people, *self.outside})

    def total(self, currency: str) -> Decimal:
        """People and calls together."""
        return self.people.get(currency, Decimal()) + self.outside.get(currency, Decimal())

    def add(self, other: "MonthCost") -> None:
        """Take in another month or workflow."""
        self.finished += other.finished
        self.seconds += other.seconds
        self.priced_seconds += other.priced_seconds
        self.calls += other.calls
        self.priced_calls += other.priced_calls
        for own_amounts, other_amounts in (
            (self.people, other.people),
            (self.outside, other.outside),
        ):
            for currency, money in other_amounts.items():
                own_amounts[currency] = own_amounts.get(currency, Decimal()) + money


@dataclass(slots=True)
class _MonthLedger:
    """The costs of each month and workflow, made when something is first entered."""

    templates: Mapping[int, WorkflowTemplate]
    costs: dict[tuple[str, int], MonthCost] = field(default_factory=dict)

    def find(self, day: date, template: int) -> MonthCost:
        """The month of a day."""
        key = (f"{day:%Y-%m}", template)
        if key not in self.costs:
            self.costs[key] = MonthCost(month=key[0], template=self.templates[template])
        return self.costs[key]

    def newest_first(self) -> list[MonthCost]:
        """All of them; those of one month by the workflow's name."""
        return sorted(
            self.costs.values(),
            key=lambda cost: (_descending_month(cost.month), cost.template.name),
        )


def compute_month_costs(
    templates: Iterable[WorkflowTemplate], *, since: datetime, until: datetime
) -> list[MonthCost]:
    """Costs by month and workflow, the newest month first; work and calls count when they ended
    (began) in the period. Six statements, whatever the number of requests."""
    ledger = _MonthLedger({template.pk: template for template in templates})
    rates, steps = Rates(), _read_steps_by_id(ledger.templates)
    requests = WorkflowInstance.objects.filter(template__in=ledger.templates)
    work = WorkItem.objects.filter(completed_at__gte=since, completed_at__lt=until)
    _add_work(ledger, work.filter(request__in=requests), steps, rates)
    calls = Attempt.objects.filter(started_at__gte=since, started_at__lt=until)
    _add_calls(ledger, calls.filter(request__in=requests), steps, rates)
    _add_ends(ledger, requests.filter(completed_at__gte=since, completed_at__lt=until))
    return ledger.newest_first()


def _descending_month(month: str) -> int:
    return -int(month.replace("-", ""))


def _read_steps_by_id(templates: Iterable[int]) -> dict[int, Step]:
    steps = Step.objects.filter(version__template__in=list(templates))
    return {step.pk: step for step in steps.select_related("role")}


def _add_work(
    ledger: _MonthLedger, tasks: QuerySet[WorkItem], steps: Mapping[int, Step], rates: Rates
) -> None:
    done = tasks.filter(state=DONE, step__kind__in=HUMAN_KINDS)
    timed = done.exclude(working_business_seconds=None)
    days = timed.annotate(day=TruncDate("completed_at", tzinfo=UTC)).order_by()
    columns = days.values_list("request__template_id", "step_id", "day")
    for template, step_id, day, total in columns.annotate(total=Sum("working_business_seconds")):
        step, month, seconds = steps[step_id], ledger.find(day, template), exact_seconds(total)
        price = rates.of_role(step.role.key if step.role else "", step_role_groups(step), day)
        month.seconds += seconds
        if price is not None:
            month.priced_seconds += seconds
            month.people[price.currency] += working_time_cost(seconds, price)


def _add_calls(
    ledger: _MonthLedger, attempts: QuerySet[Attempt], steps: Mapping[int, Step], rates: Rates
) -> None:
    days = attempts.annotate(day=TruncDate("started_at", tzinfo=UTC)).order_by()
    columns = days.values_list("request__template_id", "step_id", "day")
    for template, step_id, day, count in columns.annotate(n=Count("pk")):
        connection = step_connection(steps[step_id])
        if not connection:
            continue
        month, price = ledger.find(day, template), rates.of_call(connection, day)
        month.calls += count
        if price is not None:
            month.priced_calls += count
            month.outside[price.currency] += count * price.amount


def _add_ends(ledger: _MonthLedger, requests: QuerySet[WorkflowInstance]) -> None:
    done = requests.filter(state=WorkflowInstance.COMPLETED)
    days = done.annotate(day=TruncDate("completed_at", tzinfo=UTC)).order_by()
    for template, day, count in days.values_list("template_id", "day").annotate(n=Count("pk")):
        ledger.find(day, template).finished += count


def compute_period_cost(
    template: WorkflowTemplate, *, since: datetime, until: datetime
) -> MonthCost:
    """All that a workflow cost in a period, in one sum."""
    total = MonthCost(month="", template=template)
    for month in compute_month_costs([template], since=since, until=until):
        total.add(month)
    return total
