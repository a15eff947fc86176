"""The three moments of a task, and the time between them in wall-clock and business seconds."""

from dataclasses import dataclass
from datetime import datetime

from workflows.engine.timing.working_time import Calendar
from workflows.execution.models import WorkItem


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMoments:
    """When work was there and when it was taken up, as a log knows it (None: the log does not)."""

    enabled: datetime | None = None
    started: datetime | None = None


def record_task_start(
    item: WorkItem, now: datetime, opened_at: datetime | None, moments: TaskMoments | None
) -> None:
    """Fill in `started_at`: claimed before, else when the person opened it, else just now."""
    if moments is not None:
        item.enabled_at = moments.enabled or item.enabled_at
        item.started_at = moments.started
        if moments.started is not None and item.enabled_at is not None:
            item.enabled_at = min(item.enabled_at, moments.started)
    elif item.started_at is None:
        since = item.enabled_at or now
        item.started_at = min(max(opened_at or now, since), now)


def measure_task_times(calendar: Calendar, item: WorkItem) -> None:
    """Fill in waiting and working of a finished task, as far as its moments are known."""
    if item.completed_at is None:
        return
    if item.paused_at is not None:
        close_pause(calendar, item, item.completed_at)
    if item.started_at is None:
        if item.enabled_at is not None:
            item.lead_in_seconds = (item.completed_at - item.enabled_at).total_seconds()
        return
    working, business = _measure_spent_seconds(calendar, item.started_at, item.completed_at)
    item.working_seconds = max(0.0, working - item.paused_seconds)
    item.working_business_seconds = max(0.0, business - item.paused_business_seconds)
    if item.enabled_at is not None:
        waited = _measure_spent_seconds(calendar, item.enabled_at, item.started_at)
        item.waiting_seconds, item.waiting_business_seconds = waited


def measure_elapsed_seconds(
    calendar: Calendar, start: datetime, end: datetime
) -> tuple[float, float]:
    """Wall-clock and business seconds between two moments."""
    return (end - start).total_seconds(), calendar.between(start, end).total_seconds()


def _measure_spent_seconds(
    calendar: Calendar, start: datetime, end: datetime
) -> tuple[float, float]:
    """Time that was spent on work of ours is never less than none, whatever the clocks said."""
    return measure_elapsed_seconds(calendar, start, max(start, end))


def close_pause(calendar: Calendar, item: WorkItem, now: datetime) -> None:
    """A task that is decided, or let rest in another way, while paused rested until now."""
    assert item.paused_at is not None
    rested, business = _measure_spent_seconds(calendar, item.paused_at, now)
    item.paused_seconds += rested
    item.paused_business_seconds += business
    item.paused_at = None


def unpause_task(calendar: Calendar, item: WorkItem, now: datetime) -> None:
    """Work goes on: the rest so far is counted."""
    assert item.paused_at is not None
    rested, business = _measure_spent_seconds(calendar, item.paused_at, now)
    item.unpause(rested=rested, rested_business=business)
