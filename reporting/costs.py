"""What runs cost: people's working time by the rates of their roles, and calls by connection.

Working time is business time (pauses left out) of tasks that people have done. A call is one
attempt, whether or not it went well. Money of different currencies is never added up.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate

from reporting.reviews.models import CallRate, RoleRate
from workflows.engine.definition import HUMAN_KINDS
from workflows.models import Attempt, Step, WorkflowInstance, WorkflowTemplate, WorkItem
from workflows.models.runs import DONE
from workflows.services.maps import cached_map

HOUR, MINUTE, CENT = Decimal(3600), Decimal(60), Decimal("0.01")
BY = "\N{MULTIPLICATION SIGN}"
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
        candidates = [self._roles.get(role, []), *(self._groups.get(one, []) for one in groups)]
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


def decimal(seconds: float) -> Decimal:
    """Seconds without the noise of binary fractions: whole microseconds."""
    return Decimal(round(seconds * 1_000_000)) / 1_000_000


def hours_cost(seconds: Decimal, price: Price) -> Decimal:
    """What so much working time costs."""
    return seconds * price.amount / HOUR


def groups_of(step: Step) -> list[str]:
    """The groups of a step's role."""
    return list(step.role.groups or []) if step.role else []


def connection_of(step: Step) -> str:
    """The connection that an automation calls; nothing where it calls none."""
    told = (step.config or {}).get("with") or {}
    return str(told.get("connection") or "")


# -- one request ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the table: what, how much of it, at what price, and the sum in words."""

    what: str
    words: str
    money: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCost:
    """What one request has cost so far."""

    lines: list[Line]
    totals: Money
    minutes: Decimal
    calls: int
    unpriced: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show yet."""
        return not self.lines


def request_cost(request: WorkflowInstance) -> RequestCost:
    """Each task that people have done and each connection that was called; two statements, and
    two more where the map calls anything."""
    may_call = _calls_anything(request)
    rates = Rates(calls=may_call)
    tasks = WorkItem.objects.filter(request=request, state=DONE, step__kind__in=HUMAN_KINDS)
    tasks = tasks.exclude(working_business_seconds=None).select_related("step__role")
    lines: list[Line] = []
    totals: Money = defaultdict(Decimal)
    minutes = Decimal()
    for task in tasks.order_by("id"):
        line, seconds = _task_line(task, rates)
        lines.append(line)
        minutes += seconds / MINUTE
    called = _calls_of(request) if may_call else {}
    for (step, connection, day), count in called.items():
        lines.append(_call_line(step, connection, count, rates.of_call(connection, day)))
    for line in lines:
        if line.money is not None:
            totals[line.currency] += line.money
    return RequestCost(
        lines=lines,
        totals=dict(totals),
        minutes=minutes,
        calls=sum(called.values()),
        unpriced=sum(line.money is None for line in lines),
    )


def _calls_anything(request: WorkflowInstance) -> bool:
    """Whether a step of the request's map names a connection; asked of the map in memory."""
    steps = cached_map(request.version_id).graph.steps.values()
    return any((getattr(step, "with_", None) or {}).get("connection") for step in steps)


def _task_line(task: WorkItem, rates: Rates) -> tuple[Line, Decimal]:
    assert task.working_business_seconds is not None
    assert task.completed_at is not None
    seconds = decimal(task.working_business_seconds)
    role = task.step.role.key if task.step.role else ""
    day = task.completed_at.astimezone(UTC).date()
    price = rates.of_role(role, groups_of(task.step), day)
    minutes = f"{seconds / MINUTE:.1f} min"
    if price is None:
        words = f"{minutes} of work; no rate for the role '{role}'"
        return Line(what=str(task.step), words=words, money=None, currency=""), seconds
    words = f"{minutes} {BY} {price.amount:.2f} {price.currency} an hour ({price.whose})"
    money = hours_cost(seconds, price)
    return Line(what=str(task.step), words=words, money=money, currency=price.currency), seconds


def _calls_of(request: WorkflowInstance) -> dict[tuple[str, str, date], int]:
    """How often each step called which connection, by day."""
    found: dict[tuple[str, str, date], int] = defaultdict(int)
    attempts = Attempt.objects.filter(request=request).select_related("step").order_by("id")
    for attempt in attempts:
        connection = connection_of(attempt.step)
        if connection:
            day = attempt.started_at.astimezone(UTC).date()
            found[str(attempt.step), connection, day] += 1
    return dict(found)


def _call_line(step: str, connection: str, count: int, price: Price | None) -> Line:
    calls = f"{count} call{'' if count == 1 else 's'} of {connection}"
    if price is None:
        return Line(what=step, words=f"{calls}; no rate for it", money=None, currency="")
    words = f"{calls} {BY} {plain(price.amount)} {price.currency}"
    return Line(what=step, words=words, money=count * price.amount, currency=price.currency)


def plain(amount: Decimal) -> str:
    """An amount with two decimals, and more only where it has them: '0.50', '0.0035'."""
    short = amount.normalize()
    exponent = short.as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{short:.{places}f}"


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
        for mine, more in ((self.people, other.people), (self.outside, other.outside)):
            for currency, money in more.items():
                mine[currency] = mine.get(currency, Decimal()) + money


def month_costs(
    templates: Iterable[WorkflowTemplate], *, since: datetime, until: datetime
) -> list[MonthCost]:
    """Costs by month and workflow, the newest month first; work and calls count when they ended
    (began) in the period. Six statements, whatever the number of requests."""
    by_id = {template.pk: template for template in templates}
    found: dict[tuple[str, int], MonthCost] = {}

    def cell(day: date, template: int) -> MonthCost:
        key = (f"{day:%Y-%m}", template)
        if key not in found:
            found[key] = MonthCost(month=key[0], template=by_id[template])
        return found[key]

    rates = Rates()
    requests = WorkflowInstance.objects.filter(template__in=by_id)
    steps = _steps(by_id)
    _add_work(requests, steps, rates, cell, since, until)
    _add_calls(requests, steps, rates, cell, since, until)
    done = requests.filter(
        state=WorkflowInstance.COMPLETED, completed_at__gte=since, completed_at__lt=until
    )
    days = done.annotate(day=TruncDate("completed_at", tzinfo=UTC)).order_by()
    for template, day, count in days.values_list("template_id", "day").annotate(n=Count("pk")):
        cell(day, template).finished += count
    return sorted(found.values(), key=lambda one: (_down(one.month), one.template.name))


def _down(month: str) -> int:
    return -int(month.replace("-", ""))


def _steps(templates: Iterable[int]) -> dict[int, Step]:
    steps = Step.objects.filter(version__template__in=list(templates))
    return {step.pk: step for step in steps.select_related("role")}


def _add_work(
    requests: QuerySet[WorkflowInstance], steps: Mapping[int, Step], rates: Rates, cell: Any,
    since: datetime, until: datetime,
) -> None:  # fmt: skip
    tasks = WorkItem.objects.filter(
        request__in=requests, state=DONE, step__kind__in=HUMAN_KINDS,
        completed_at__gte=since, completed_at__lt=until,
    ).exclude(working_business_seconds=None)  # fmt: skip
    days = tasks.annotate(day=TruncDate("completed_at", tzinfo=UTC)).order_by()
    columns = days.values_list("request__template_id", "step_id", "day")
    for template, step_id, day, total in columns.annotate(total=Sum("working_business_seconds")):
        step, month, seconds = steps[step_id], cell(day, template), decimal(total)
        price = rates.of_role(step.role.key if step.role else "", groups_of(step), day)
        month.seconds += seconds
        if price is not None:
            month.priced_seconds += seconds
            month.people[price.currency] += hours_cost(seconds, price)


def _add_calls(
    requests: QuerySet[WorkflowInstance], steps: Mapping[int, Step], rates: Rates, cell: Any,
    since: datetime, until: datetime,
) -> None:  # fmt: skip
    tried = Attempt.objects.filter(
        request__in=requests, started_at__gte=since, started_at__lt=until
    )
    days = tried.annotate(day=TruncDate("started_at", tzinfo=UTC)).order_by()
    columns = days.values_list("request__template_id", "step_id", "day")
    for template, step_id, day, count in columns.annotate(n=Count("pk")):
        connection = connection_of(steps[step_id])
        if not connection:
            continue
        month, price = cell(day, template), rates.of_call(connection, day)
        month.calls += count
        if price is not None:
            month.priced_calls += count
            month.outside[price.currency] += count * price.amount


def period_cost(template: WorkflowTemplate, *, since: datetime, until: datetime) -> MonthCost:
    """All that a workflow cost in a period, in one sum."""
    total = MonthCost(month="", template=template)
    for month in month_costs([template], since=since, until=until):
        total.add(month)
    return total
