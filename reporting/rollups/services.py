"""Roll-ups: what each step did each day, kept so that a page over years reads only a few rows.

A day is made from that day's rows alone and replaces what was there, so it may be rolled up any
number of times. `docs/bottlenecks.md` says what each column counts.
"""

import time
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from django.db import transaction

from reporting.rollups.daily_rows import RequestDay, StepDay, read_request_days, read_step_days
from reporting.rollups.dirty_days import (
    BATCH,
    MARGIN,
    find_changed_days,
    find_days_with_work,
    find_differing_days,
    monday_of,
    newest_history_id,
)
from reporting.rollups.distributions import merge_packed, pack_values
from reporting.rollups.models import DAY, WEEK, Freshness, RequestRollUp, StaleCell, StepRollUp
from reporting.rollups.step_context import StepFacts, read_step_facts
from workflows.engine.timing.dates import FIRST_DAY, LAST_DAY
from workflows.outbox.services.heartbeats import RoundUnits, open_round_units

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


def refresh_roll_ups(*, now: datetime, within: float | None = None) -> list[date]:
    """Roll up today, yesterday, and every earlier day that has changed; returns those days.

    The first time everything is rolled up. What the histories do not tell (rows written by other
    means, a transaction that ended late) a comparison of counts finds once a day. With `within`
    it stops after so many seconds; what is left is done the next time.
    """
    fresh, _ = Freshness.objects.get_or_create(pk=1)
    # Read before the days are: what is written in between is looked at the next time, not missed.
    newest = newest_history_id()
    if fresh.compared_at is None:
        days, compared = find_days_with_work() | {now.astimezone(UTC).date()}, True
    else:
        since = fresh.rolled_up_to or fresh.compared_at
        days = find_changed_days(after=fresh.seen_history) | _recent_days(since, now)
        compared = now - fresh.compared_at >= COMPARE_EVERY
        days |= find_differing_days() if compared else set()
    with transaction.atomic():
        mark_stale(days)
        seen = {"seen_history": newest} | ({"compared_at": now} if compared else {})
        Freshness.objects.filter(pk=1).update(**seen)
    return roll_up_stale(now=now, within=within)


def rebuild_roll_ups(*, now: datetime, since: date | None = None) -> list[date]:
    """Make the roll-ups again from the raw rows (from the week of a day on), day by day: pages
    show the old figures of a day until its new ones are there."""
    Freshness.objects.get_or_create(pk=1)
    newest = newest_history_id()
    first = monday_of(since) if since else None
    existing_days = {
        day
        for model in (StepRollUp, RequestRollUp)
        for day in model._default_manager.values_list("day", flat=True).distinct().order_by()
    }
    days = {day for day in find_days_with_work() | existing_days if first is None or day >= first}
    with transaction.atomic():
        mark_stale(days)
        if first is None:
            Freshness.objects.filter(pk=1).update(seen_history=newest, compared_at=now)
    return roll_up_stale(now=now)


def mark_stale(days: Iterable[date]) -> None:
    """Have these days, and the weeks that they are in, rolled up again. Days outside the bounds
    are set aside: no report has them."""
    valid_days = {day for day in days if FIRST_DAY - MARGIN <= day <= LAST_DAY + MARGIN}
    mark = time.time_ns()
    cells = [StaleCell(grain=DAY, day=day, marked=mark) for day in sorted(valid_days)]
    weeks = sorted({monday_of(day) for day in valid_days})
    cells += [StaleCell(grain=WEEK, day=monday, marked=mark) for monday in weeks]
    StaleCell.objects.bulk_create(
        cells,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["grain", "day"],
        update_fields=["marked"],
    )


def roll_up_stale(*, now: datetime, within: float | None = None) -> list[date]:
    """Roll up what is marked, each day and each week in a transaction of its own, so that others
    get in between and a killed run goes on where it was. Returns the days.

    A day or week that cannot be made stays marked, is shown as set aside, and stops no other.
    """
    until = None if within is None else time.monotonic() + within
    with open_round_units("roll-up", now) as cells:
        rolled_up, is_through = _roll_up_stale_days(cells, until)
        if is_through:
            for week in StaleCell.objects.filter(grain=WEEK).order_by("day"):
                with cells.isolate_unit(f"the week of {week.day}", in_one=False):
                    _roll_up_week(week.day, week.marked)
            Freshness.objects.filter(pk=1).update(rolled_up_to=now)
    return rolled_up


def _roll_up_stale_days(cells: RoundUnits, until: float | None) -> tuple[list[date], bool]:
    """The days that were made, and whether there was time for all of them."""
    rolled_up: list[date] = []
    failed: list[date] = []
    stale = StaleCell.objects.filter(grain=DAY).order_by("day")
    while some := list(stale.exclude(day__in=failed)[:AT_A_TIME]):
        for cell in some:
            if until is not None and time.monotonic() > until:
                return rolled_up, False
            failed.append(cell.day)
            with cells.isolate_unit(cell.day, in_one=False):
                roll_up_day(cell.day, cell.marked)
                rolled_up.append(failed.pop())
    return rolled_up, True


def _recent_days(moment: datetime, now: datetime) -> set[date]:
    """The days from the one before `moment` to today on which something happened, and in any case
    those at both ends."""
    first, last = moment.astimezone(UTC).date() - ONE_DAY, now.astimezone(UTC).date()
    return {first, first + ONE_DAY, last - ONE_DAY, last} | find_days_with_work(since=first)


def roll_up_days(days: Collection[date]) -> None:
    """Roll up these days, then the weeks that they are in."""
    for day in sorted(days):
        roll_up_day(day)
    for monday in sorted({monday_of(day) for day in days}):
        _roll_up_week(monday)


def roll_up_day(day: date, marked: int | None = None) -> None:
    """Replace one day's cells by what the raw rows say now; each row is read once.

    With a mark they are replaced only if the day is still marked so: who marked it again, or
    has rolled it up since, knows more than what was read here.
    """
    cells, requests = read_step_days(day), read_request_days(day)
    facts = read_step_facts({step for step, _ in cells})
    with transaction.atomic():
        if not _take_mark(DAY, day, marked):
            return
        StepRollUp.objects.filter(grain=DAY, day=day).delete()
        StepRollUp.objects.bulk_create(
            _build_step_cell(day, facts[step], came_from, summary)
            for (step, came_from), summary in sorted(cells.items())
        )
        RequestRollUp.objects.filter(grain=DAY, day=day).delete()
        RequestRollUp.objects.bulk_create(_build_request_cell(day, summary) for summary in requests)


def _take_mark(grain: str, day: date, marked: int | None) -> bool:
    """Take the mark away; False where it is not there any more."""
    if marked is None:
        return True
    return bool(StaleCell.objects.filter(grain=grain, day=day, marked=marked).delete()[0])


def _build_step_cell(day: date, facts: StepFacts, came_from: str, step_day: StepDay) -> StepRollUp:
    return StepRollUp(
        template_id=facts.template,
        version_id=facts.version,
        step_id=facts.step,
        role=facts.role,
        grain=DAY,
        day=day,
        came_from=came_from,
        arrived=step_day.arrived,
        completed=step_day.completed,
        cancelled=step_day.cancelled,
        overdue=step_day.overdue,
        reworked=step_day.reworked,
        exceptions=step_day.exceptions_of(facts.exceptions),
        waiting=sum(step_day.known_values(step_day.waiting)),
        working=sum(step_day.known_values(step_day.working)),
        waiting_business=sum(step_day.known_values(step_day.waiting_business)),
        working_business=sum(step_day.known_values(step_day.working_business)),
        lead_in=sum(step_day.known_values(step_day.lead_in)),
        lead_in_spread=pack_values(step_day.known_values(step_day.lead_in)),
        excess=_sum_excess(step_day.taken, facts.expected),
        waiting_spread=pack_values(step_day.known_values(step_day.waiting)),
        working_spread=pack_values(step_day.known_values(step_day.working)),
        waiting_business_spread=pack_values(step_day.known_values(step_day.waiting_business)),
        working_business_spread=pack_values(step_day.known_values(step_day.working_business)),
        taken_business_spread=pack_values(step_day.taken),
    )


def _sum_excess(taken_times: Iterable[int], expected: int | None) -> int:
    """What the tasks took beyond what is expected of each; 0 where nothing is."""
    if not expected:
        return 0
    return sum(value - expected for value in taken_times if value > expected)


def _build_request_cell(day: date, request_day: RequestDay) -> RequestRollUp:
    return RequestRollUp(
        template_id=request_day.template,
        version_id=request_day.version,
        grain=DAY,
        day=day,
        started=request_day.started,
        finished=request_day.finished,
        cancelled=request_day.cancelled,
        repeated=request_day.repeated,
        duration=sum(request_day.durations),
        duration_spread=pack_values(request_day.durations),
    )


# -- weeks ------------------------------------------------------------------------------------


def _roll_up_week(monday: date, marked: int | None = None) -> None:
    """Replace a week's cells by the sums of its days."""
    if (
        marked is not None
        and StaleCell.objects.filter(grain=DAY, **_week_dates_filter(monday)).exists()
    ):
        return  # a day of it was marked meanwhile: the week's turn comes after it
    steps: dict[tuple[int, str], list[StepRollUp]] = {}
    for cell in StepRollUp.objects.filter(**_week_cells_filter(monday)).order_by("id"):
        steps.setdefault((cell.step_id, cell.came_from), []).append(cell)
    requests: dict[int, list[RequestRollUp]] = {}
    for request_cell in RequestRollUp.objects.filter(**_week_cells_filter(monday)).order_by("id"):
        requests.setdefault(request_cell.version_id, []).append(request_cell)
    with transaction.atomic():
        if not _take_mark(WEEK, monday, marked):
            return
        StepRollUp.objects.filter(grain=WEEK, day=monday).delete()
        StepRollUp.objects.bulk_create(
            _sum_week_cell(cells, monday, SUMS, SPREADS) for cells in steps.values()
        )
        RequestRollUp.objects.filter(grain=WEEK, day=monday).delete()
        RequestRollUp.objects.bulk_create(
            _sum_week_cell(cells, monday, REQUEST_SUMS, ("duration_spread",))
            for cells in requests.values()
        )


def _week_cells_filter(monday: date) -> dict[str, object]:
    return {"grain": DAY, **_week_dates_filter(monday)}


def _week_dates_filter(monday: date) -> dict[str, object]:
    last = monday + timedelta(days=6) if monday <= date.max - timedelta(days=6) else date.max
    return {"day__gte": monday, "day__lte": last}


def _sum_week_cell(
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
        setattr(week, name, merge_packed(getattr(cell, name) for cell in cells))
    return week
