"""Roll-ups: what each step did each day, kept so that a page over years reads only a few rows.

A day is made from that day's rows alone and replaces what was there, so it may be rolled up any
number of times. `docs/bottlenecks.md` says what each column counts.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Max, Min

from reporting.models import DAY, WEEK, Freshness, RequestRollUp, StepRollUp
from reporting.rollups_changes import changed_days, days_that_differ, newest_history
from reporting.rollups_read import RequestDay, StepDay, requests_of, steps_of_day
from reporting.rollups_spread import merged, packed
from reporting.rollups_steps import StepFacts, facts_of
from workflows.models import WorkflowInstance, WorkItem

CellRow = TypeVar("CellRow", StepRollUp, RequestRollUp)

ONE_DAY = timedelta(days=1)
COMPARE_EVERY = timedelta(hours=20)
SUMS = (
    *("arrived", "completed", "cancelled", "overdue", "reworked", "exceptions"),
    *("waiting", "working", "waiting_business", "working_business", "excess"),
)
SPREADS = (
    *("waiting_spread", "working_spread"),
    *("waiting_business_spread", "working_business_spread", "taken_business_spread"),
)
REQUEST_SUMS = ("started", "finished", "cancelled", "repeated", "duration")


def keep_fresh(*, now: datetime) -> list[date]:
    """Roll up today, yesterday, and every earlier day that has changed; returns those days.

    The first time everything is rolled up. What the histories do not tell (rows written by other
    means, a transaction that ended late) a comparison of counts finds once a day.
    """
    with transaction.atomic():
        fresh = _freshness()
        newest = newest_history()
        if fresh.rolled_up_to is None:
            days = all_days(now=now)
        else:
            days = changed_days(after=fresh.seen_history) | _since(fresh.rolled_up_to, now)
            if fresh.compared_at is None or now - fresh.compared_at >= COMPARE_EVERY:
                days |= days_that_differ()
                fresh.compared_at = now
        roll_up_days(days)
        fresh.rolled_up_to, fresh.seen_history = now, newest
        fresh.compared_at = fresh.compared_at or now
        fresh.save()
    return sorted(days)


def rebuild(*, now: datetime, since: date | None = None) -> list[date]:
    """Throw the roll-ups away (from a day on) and make them again from the raw rows."""
    with transaction.atomic():
        fresh = _freshness()
        newest = newest_history()
        first = since - timedelta(days=since.weekday()) if since else None
        for model in (StepRollUp, RequestRollUp):
            cells = model._default_manager.all()
            (cells.filter(day__gte=first) if first else cells).delete()
        days = {day for day in all_days(now=now) if first is None or day >= first}
        roll_up_days(days)
        if first is None or fresh.rolled_up_to is not None:
            fresh.rolled_up_to, fresh.seen_history, fresh.compared_at = now, newest, now
            fresh.save()
    return sorted(days)


def _freshness() -> Freshness:
    """The one row, locked, so that two workers never roll up at once."""
    Freshness.objects.get_or_create(pk=1)
    return Freshness.objects.select_for_update().get(pk=1)


def _since(moment: datetime, now: datetime) -> set[date]:
    """The days from the one before `moment` to today."""
    first, last = moment.astimezone(UTC).date() - ONE_DAY, now.astimezone(UTC).date()
    return {first + ONE_DAY * number for number in range(max((last - first).days, 1) + 1)}


def all_days(*, now: datetime) -> set[date]:
    """Every day from the first thing that happened to today."""
    tasks = WorkItem.objects.aggregate(
        one=Min("enabled_at"), two=Min("started_at"), three=Min("completed_at")
    )
    first_request = WorkflowInstance.objects.aggregate(first=Min("started_at"))["first"]
    last = WorkItem.objects.aggregate(one=Max("enabled_at"), two=Max("completed_at"))
    known = [moment for moment in (*tasks.values(), first_request) if moment is not None]
    if not known:
        return set()
    begin = min(known).astimezone(UTC).date()
    end = max(moment for moment in (*last.values(), now) if moment is not None)
    return {begin + ONE_DAY * n for n in range((end.astimezone(UTC).date() - begin).days + 1)}


def roll_up_days(days: Collection[date]) -> None:
    """Roll up these days, then the weeks that they are in."""
    for day in sorted(days):
        roll_up(day)
    for monday in sorted({day - timedelta(days=day.weekday()) for day in days}):
        _roll_up_week(monday)


def roll_up(day: date) -> None:
    """Replace one day's cells by what the raw rows say now; each row is read once."""
    cells, requests = steps_of_day(day), requests_of(day)
    facts = facts_of({step for step, _ in cells})
    with transaction.atomic():
        StepRollUp.objects.filter(grain=DAY, day=day).delete()
        StepRollUp.objects.bulk_create(
            _step_cell(day, facts[step], came_from, found)
            for (step, came_from), found in sorted(cells.items())
        )
        RequestRollUp.objects.filter(grain=DAY, day=day).delete()
        RequestRollUp.objects.bulk_create(_request_cell(day, found) for found in requests)


def _step_cell(day: date, facts: StepFacts, came_from: str, found: StepDay) -> StepRollUp:
    taken = found.taken
    expected = facts.expected
    return StepRollUp(
        template_id=facts.template,
        version_id=facts.version,
        step_id=facts.step,
        role=facts.role,
        grain=DAY,
        day=day,
        came_from=came_from,
        arrived=found.arrived,
        completed=found.completed,
        cancelled=found.cancelled,
        overdue=found.overdue,
        reworked=found.reworked,
        exceptions=found.exceptions_of(facts.exceptions),
        waiting=sum(found.known(found.waiting)),
        working=sum(found.known(found.working)),
        waiting_business=sum(found.known(found.waiting_business)),
        working_business=sum(found.known(found.working_business)),
        excess=sum(value - expected for value in taken if value > expected) if expected else 0,
        waiting_spread=packed(found.known(found.waiting)),
        working_spread=packed(found.known(found.working)),
        waiting_business_spread=packed(found.known(found.waiting_business)),
        working_business_spread=packed(found.known(found.working_business)),
        taken_business_spread=packed(taken),
    )


def _request_cell(day: date, found: RequestDay) -> RequestRollUp:
    return RequestRollUp(
        template_id=found.template,
        version_id=found.version,
        grain=DAY,
        day=day,
        started=found.started,
        finished=found.finished,
        cancelled=found.cancelled,
        repeated=found.repeated,
        duration=sum(found.durations),
        duration_spread=packed(found.durations),
    )


# -- weeks ------------------------------------------------------------------------------------


def _roll_up_week(monday: date) -> None:
    """Replace a week's cells by the sums of its days."""
    steps: dict[tuple[int, str], list[StepRollUp]] = {}
    for cell in StepRollUp.objects.filter(**_days_of(monday)).order_by("id"):
        steps.setdefault((cell.step_id, cell.came_from), []).append(cell)
    requests: dict[int, list[RequestRollUp]] = {}
    for one in RequestRollUp.objects.filter(**_days_of(monday)).order_by("id"):
        requests.setdefault(one.version_id, []).append(one)
    with transaction.atomic():
        StepRollUp.objects.filter(grain=WEEK, day=monday).delete()
        StepRollUp.objects.bulk_create(
            _added_up(cells, monday, SUMS, SPREADS) for cells in steps.values()
        )
        RequestRollUp.objects.filter(grain=WEEK, day=monday).delete()
        RequestRollUp.objects.bulk_create(
            _added_up(cells, monday, REQUEST_SUMS, ("duration_spread",))
            for cells in requests.values()
        )


def _days_of(monday: date) -> dict[str, object]:
    return {"grain": DAY, "day__gte": monday, "day__lt": monday + timedelta(days=7)}


def _added_up(
    cells: list[CellRow], monday: date, sums: Iterable[str], spreads: Iterable[str]
) -> CellRow:
    """One cell of a week; what is not added up is the same on all of its days."""
    week = type(cells[0])()
    for column in week._meta.concrete_fields:
        setattr(week, column.attname, getattr(cells[0], column.attname))
    week.pk, week.grain, week.day = None, WEEK, monday
    for name in sums:
        setattr(week, name, sum(getattr(cell, name) for cell in cells))
    for name in spreads:
        setattr(week, name, merged(getattr(cell, name) for cell in cells))
    return week
