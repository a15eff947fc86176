"""Roll-ups: what each step did each day, kept so that a page over years reads only a few rows.

A day is made from that day's rows alone and replaces what was there, so it may be rolled up any
number of times. `docs/bottlenecks.md` says what each column counts.
"""

import time
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from django.db import transaction

from reporting.models import DAY, WEEK, Freshness, RequestRollUp, StaleCell, StepRollUp
from reporting.rollups_changes import (
    changed_days,
    days_that_differ,
    days_with_work,
    mark_stale,
    monday_of,
    newest_history,
)
from reporting.rollups_read import RequestDay, StepDay, requests_of, steps_of_day
from reporting.rollups_spread import merged, packed
from reporting.rollups_steps import StepFacts, facts_of
from workflows.services.heartbeats import Units, units

CellRow = TypeVar("CellRow", StepRollUp, RequestRollUp)

ONE_DAY = timedelta(days=1)
AT_A_TIME = 200
COMPARE_EVERY = timedelta(hours=20)
SUMS = (
    *("arrived", "completed", "cancelled", "overdue", "reworked", "exceptions"),
    *("waiting", "working", "waiting_business", "working_business", "excess", "lead_in"),
)
SPREADS = (
    *("waiting_spread", "working_spread"),
    *("waiting_business_spread", "working_business_spread", "taken_business_spread"),
    "lead_in_spread",
)
REQUEST_SUMS = ("started", "finished", "cancelled", "repeated", "duration")


def keep_fresh(*, now: datetime, within: float | None = None) -> list[date]:
    """Roll up today, yesterday, and every earlier day that has changed; returns those days.

    The first time everything is rolled up. What the histories do not tell (rows written by other
    means, a transaction that ended late) a comparison of counts finds once a day. With `within`
    it stops after so many seconds; what is left is done the next time.
    """
    fresh, _ = Freshness.objects.get_or_create(pk=1)
    newest = newest_history()
    if fresh.compared_at is None:
        days, compared = days_with_work() | {now.astimezone(UTC).date()}, True
    else:
        since = fresh.rolled_up_to or fresh.compared_at
        days = changed_days(after=fresh.seen_history) | _since(since, now)
        compared = now - fresh.compared_at >= COMPARE_EVERY
        days |= days_that_differ() if compared else set()
    with transaction.atomic():
        mark_stale(days)
        seen = {"seen_history": newest} | ({"compared_at": now} if compared else {})
        Freshness.objects.filter(pk=1).update(**seen)
    return roll_up_stale(now=now, within=within)


def rebuild(*, now: datetime, since: date | None = None) -> list[date]:
    """Make the roll-ups again from the raw rows (from the week of a day on), day by day: pages
    show the old figures of a day until its new ones are there."""
    Freshness.objects.get_or_create(pk=1)
    newest = newest_history()
    first = monday_of(since) if since else None
    kept = {
        day
        for model in (StepRollUp, RequestRollUp)
        for day in model._default_manager.values_list("day", flat=True).distinct().order_by()
    }
    days = {day for day in days_with_work() | kept if first is None or day >= first}
    with transaction.atomic():
        mark_stale(days)
        if first is None:
            Freshness.objects.filter(pk=1).update(seen_history=newest, compared_at=now)
    return roll_up_stale(now=now)


def roll_up_stale(*, now: datetime, within: float | None = None) -> list[date]:
    """Roll up what is marked, each day and each week in a transaction of its own, so that others
    get in between and a killed run goes on where it was. Returns the days.

    A day or week that cannot be made stays marked, is shown as set aside, and stops no other.
    """
    until = None if within is None else time.monotonic() + within
    with units("roll-up", now) as cells:
        made, is_through = _days(cells, until)
        if is_through:
            for week in StaleCell.objects.filter(grain=WEEK).order_by("day"):
                with cells.one(f"the week of {week.day}", in_one=False):
                    _roll_up_week(week.day, week.marked)
            Freshness.objects.filter(pk=1).update(rolled_up_to=now)
    return made


def _days(cells: Units, until: float | None) -> tuple[list[date], bool]:
    """The days that were made, and whether there was time for all of them."""
    made: list[date] = []
    failed: list[date] = []
    stale = StaleCell.objects.filter(grain=DAY).order_by("day")
    while some := list(stale.exclude(day__in=failed)[:AT_A_TIME]):
        for cell in some:
            if until is not None and time.monotonic() > until:
                return made, False
            failed.append(cell.day)
            with cells.one(cell.day, in_one=False):
                roll_up(cell.day, cell.marked)
                made.append(failed.pop())
    return made, True


def _since(moment: datetime, now: datetime) -> set[date]:
    """The days from the one before `moment` to today on which something happened, and in any case
    those at both ends."""
    first, last = moment.astimezone(UTC).date() - ONE_DAY, now.astimezone(UTC).date()
    return {first, first + ONE_DAY, last - ONE_DAY, last} | days_with_work(since=first)


def roll_up_days(days: Collection[date]) -> None:
    """Roll up these days, then the weeks that they are in."""
    for day in sorted(days):
        roll_up(day)
    for monday in sorted({monday_of(day) for day in days}):
        _roll_up_week(monday)


def roll_up(day: date, marked: int | None = None) -> None:
    """Replace one day's cells by what the raw rows say now; each row is read once.

    With a mark they are replaced only if the day is still marked so: who marked it again, or
    has rolled it up since, knows more than what was read here.
    """
    cells, requests = steps_of_day(day), requests_of(day)
    facts = facts_of({step for step, _ in cells})
    with transaction.atomic():
        if not _takes(DAY, day, marked):
            return
        StepRollUp.objects.filter(grain=DAY, day=day).delete()
        StepRollUp.objects.bulk_create(
            _step_cell(day, facts[step], came_from, found)
            for (step, came_from), found in sorted(cells.items())
        )
        RequestRollUp.objects.filter(grain=DAY, day=day).delete()
        RequestRollUp.objects.bulk_create(_request_cell(day, found) for found in requests)


def _takes(grain: str, day: date, marked: int | None) -> bool:
    """Take the mark away; False where it is not there any more."""
    if marked is None:
        return True
    return bool(StaleCell.objects.filter(grain=grain, day=day, marked=marked).delete()[0])


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
        lead_in=sum(found.known(found.lead_in)),
        lead_in_spread=packed(found.known(found.lead_in)),
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


def _roll_up_week(monday: date, marked: int | None = None) -> None:
    """Replace a week's cells by the sums of its days."""
    if marked is not None and StaleCell.objects.filter(grain=DAY, **_dates_of(monday)).exists():
        return  # a day of it was marked meanwhile: the week's turn comes after it
    steps: dict[tuple[int, str], list[StepRollUp]] = {}
    for cell in StepRollUp.objects.filter(**_days_of(monday)).order_by("id"):
        steps.setdefault((cell.step_id, cell.came_from), []).append(cell)
    requests: dict[int, list[RequestRollUp]] = {}
    for one in RequestRollUp.objects.filter(**_days_of(monday)).order_by("id"):
        requests.setdefault(one.version_id, []).append(one)
    with transaction.atomic():
        if not _takes(WEEK, monday, marked):
            return
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
    return {"grain": DAY, **_dates_of(monday)}


def _dates_of(monday: date) -> dict[str, object]:
    last = monday + timedelta(days=6) if monday <= date.max - timedelta(days=6) else date.max
    return {"day__gte": monday, "day__lte": last}


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
