"""An independent computation of the bottleneck figures, in plain Python, from the raw rows."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import quantiles
from typing import Any

from simple_history.utils import get_history_model_for_model

from workflows.definitions.models import Route, WorkflowTemplate
from workflows.execution.models import WorkItem

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def inside(moment: datetime | None, since: date | None, until: date | None) -> bool:
    """Whether a moment is in a span of days (UTC)."""
    if moment is None:
        return False
    day = moment.astimezone(UTC).date()
    return (since is None or day >= since) and (until is None or day < until)


def at(values: Iterable[float | None], share: float) -> float | None:
    """A quantile of type 7 (statistics' inclusive method), of the known values."""
    known = sorted(value for value in values if value is not None)
    if len(known) < 2:
        return known[0] if known else None
    return quantiles(known, n=100, method="inclusive")[round(share * 100) - 1]


class Raw:
    """All tasks of a workflow, as the database has them."""

    def __init__(self, template: WorkflowTemplate) -> None:
        self.items = list(
            WorkItem.objects.filter(request__template=template)
            .select_related("step__role", "step__version", "request")
            .order_by("id")
        )
        history: Any = get_history_model_for_model(WorkItem)
        self.cancelled = [
            row
            for row in history.objects.filter(state="cancelled").order_by("history_id")
            if row.request.template_id == template.pk
        ]
        self.exceptions = set(
            Route.objects.filter(
                step__version__template=template, kind="outcome", exception=True
            ).values_list("step_id", "name")
        )

    def done(self, since: date | None = None, until: date | None = None) -> list[WorkItem]:
        """Tasks done in a span."""
        return [
            item
            for item in self.items
            if item.state == "done" and inside(item.completed_at, since, until)
        ]

    def came(self, since: date | None = None, until: date | None = None) -> list[WorkItem]:
        """Tasks that came in a span."""
        return [
            item
            for item in self.items
            if inside(item.enabled_at or item.completed_at, since, until)
        ]


def taken(item: WorkItem) -> float | None:
    """Business seconds from enabling to end, pauses left out."""
    if item.waiting_business_seconds is None or item.working_business_seconds is None:
        return None
    return item.waiting_business_seconds + item.working_business_seconds


def grouped(items: Iterable[WorkItem], key: Callable[[WorkItem], Any]) -> dict[Any, list[WorkItem]]:
    """Tasks by anything."""
    found: dict[Any, list[WorkItem]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def total(values: Iterable[float | None]) -> float:
    """The sum of what is known."""
    return sum(value for value in values if value is not None)


def open_at_ends(raw: Raw) -> dict[date, int]:
    """What was open at each week's end, one task at a time."""
    moves: Counter[date] = Counter()
    for item in raw.came():
        moves[monday(item.enabled_at or item.completed_at)] += 1
    for item in raw.done():
        moves[monday(item.completed_at)] -= 1
    for row in raw.cancelled:
        moves[monday(row.history_date)] -= 1
    still, ends = 0, {}
    day = min(moves)
    while day <= max(moves):
        still += moves[day]
        ends[day] = still
        day += timedelta(weeks=1)
    return ends


def monday(moment: datetime | None) -> date:
    """The Monday of a moment's week (UTC)."""
    assert moment is not None
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def weekly_medians(items: Sequence[WorkItem], least: int) -> dict[date, float]:
    """The median business time taken by week, of weeks with so many tasks."""
    by = grouped(items, lambda item: monday(item.completed_at))
    return {
        day: found
        for day, rows in sorted(by.items())
        if len([row for row in rows if taken(row) is not None]) >= least
        and (found := at([taken(row) for row in rows], 0.5)) is not None
    }
