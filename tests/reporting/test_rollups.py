"""Roll-ups agree with the raw rows, however often and in whatever order they are made."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting.eventlogs.services.importing import import_log
from reporting.metrics.quantiles import quantile
from reporting.rollups.distributions import ERROR, FEW, SECOND, Spread, merge_packed, pack_values
from reporting.rollups.models import DAY, WEEK, Freshness, RequestRollUp, StepRollUp
from reporting.rollups.services import rebuild_roll_ups, refresh_roll_ups, roll_up_day, roll_up_days
from tests.factories import NOW, make_user, publish_map, start_request
from workflows.definitions.queries.compiled_versions import forget_maps
from workflows.demo.load import load_demo
from workflows.execution.models import WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks

DEMO_NOW = datetime(2026, 6, 17, 14, 20, tzinfo=UTC)
TIMES = st.lists(st.integers(min_value=0, max_value=400 * 86400 * SECOND), max_size=3 * FEW)


def cells() -> list[Any]:
    """All that is rolled up, in an order that does not depend on how it was made."""
    found = []
    for model in (StepRollUp, RequestRollUp):
        names = [f.attname for f in model._meta.concrete_fields if f.attname != "id"]
        rows = [tuple(map(plain, row)) for row in model._default_manager.values_list(*names)]
        found.append(sorted(rows, key=repr))
    return found


def plain(value: Any) -> Any:
    """PostgreSQL gives memoryviews."""
    return bytes(value) if isinstance(value, memoryview) else value


# -- what a cell holds ------------------------------------------------------------------------


@given(TIMES)
def test_few_values_are_kept_exactly(values: list[int]) -> None:
    spread = Spread()
    spread.add(pack_values(values[:FEW]))
    assert spread.is_exact
    assert sorted(spread.values) == sorted(values[:FEW])


@settings(max_examples=60)
@given(TIMES.filter(bool), st.floats(min_value=0, max_value=1))
def test_a_quantile_of_many_is_within_the_stated_error(values: list[int], share: float) -> None:
    many = values * (FEW // len(values) + 1)
    spread = Spread()
    spread.add(pack_values(many))
    wanted = quantile(sorted(many), share)
    assert not spread.is_exact
    assert abs(spread.quantiles(share)[0] - wanted) <= ERROR * wanted * 1.000001 + SECOND


@settings(max_examples=60)
@given(st.lists(TIMES, max_size=6))
def test_merged_cells_are_the_cell_of_all_values(parts: list[list[int]]) -> None:
    whole = [value for part in parts for value in part]
    assert merge_packed(pack_values(part) for part in parts) == pack_values(whole)
    assert merge_packed(pack_values(part) for part in reversed(parts)) == pack_values(whole)


def test_counts_of_many_millions_do_not_run_into_each_other() -> None:
    cell = pack_values([SECOND * 3] * (FEW + 1) + [SECOND * 4] * (FEW + 1))
    spread = Spread()
    for _ in range(30_000):
        spread.add(cell)
    assert len(spread) == 60_000 * (FEW + 1)


# -- days -------------------------------------------------------------------------------------


def decided(days: float, *, waits: float = 1) -> WorkItem:
    """A first task, done so many days after NOW."""
    item = start_request(publish_map()).work_items.get()
    return decide(item, days, waits=waits)


def decide(item: WorkItem, days: float, *, waits: float = 1) -> WorkItem:
    """The task, decided."""
    done = NOW + timedelta(days=days)
    tasks.decide(
        item.pk,
        actor=make_user("mia"),
        outcome="approve",
        now=done,
        opened_at=done - timedelta(days=waits),
    )
    return WorkItem.objects.get(pk=item.pk)


@pytest.mark.django_db
def test_a_day_rolled_up_twice_is_the_same() -> None:
    decided(3)
    day = (NOW + timedelta(days=3)).date()
    roll_up_days([NOW.date(), day])
    once = cells()
    roll_up_days([day, NOW.date()])
    roll_up_day(day)
    assert cells() == once


@pytest.mark.django_db
def test_a_task_done_late_is_found_on_the_day_it_was_done() -> None:
    item = start_request(publish_map()).work_items.get()
    refresh_roll_ups(now=NOW + timedelta(days=1))
    decide(item, 2)
    days = refresh_roll_ups(now=NOW + timedelta(days=40))
    done = StepRollUp.objects.get(grain=DAY, completed=1)
    assert done.day == (NOW + timedelta(days=2)).date()
    assert NOW.date() in days


@pytest.mark.django_db
def test_a_past_that_is_brought_in_later_is_found(tmp_path: Any) -> None:
    decided(0.5, waits=0.1)
    refresh_roll_ups(now=NOW)
    log = tmp_path / "old.csv"
    log.write_text(
        "case_id,activity,resource,enabled,start,end\n"
        "1,Check,ann,2024-01-02T08:00:00Z,2024-01-02T09:00:00Z,2024-01-02T10:00:00Z\n"
        "1,Pay,ben,2024-01-02T10:00:00Z,2024-01-05T09:00:00Z,2024-01-05T10:00:00Z\n"
    )
    import_log("an-old-log", log, now=NOW + timedelta(minutes=5), actor=None)
    days = refresh_roll_ups(now=NOW + timedelta(minutes=10))
    assert {date(2024, 1, 2), date(2024, 1, 5)} <= set(days)
    pay = StepRollUp.objects.get(grain=DAY, day=date(2024, 1, 5))
    assert (pay.step.name, pay.came_from) == ("Pay", "check")
    assert pay.waiting == 71 * 3600 * SECOND
    kept = cells()
    rebuild_roll_ups(now=NOW + timedelta(minutes=10))
    assert cells() == kept


@pytest.mark.django_db
def test_a_cancelled_task_leaves_the_queue_on_the_day_it_is_cancelled() -> None:
    request = start_request(publish_map())
    requests.cancel(
        request.pk, actor=make_user("olivia"), reason="not wanted", now=NOW + timedelta(days=9)
    )
    refresh_roll_ups(now=NOW + timedelta(days=10))
    found = {(c.day, c.arrived, c.cancelled) for c in StepRollUp.objects.filter(grain=DAY)}
    assert found == {(NOW.date(), 1, 0), ((NOW + timedelta(days=9)).date(), 0, 1)}
    ended = RequestRollUp.objects.get(grain=DAY, cancelled=1)
    assert ended.finished == 0


@pytest.mark.django_db
def test_rows_that_no_history_tells_of_are_found_by_comparing() -> None:
    item = decided(2)
    refresh_roll_ups(now=NOW + timedelta(days=3))
    moved = NOW - timedelta(days=30)
    WorkItem.objects.filter(pk=item.pk).update(enabled_at=moved, completed_at=moved)
    refresh_roll_ups(now=NOW + timedelta(days=3, hours=1))
    assert not StepRollUp.objects.filter(grain=DAY, day=moved.date()).exists()
    refresh_roll_ups(now=NOW + timedelta(days=4))
    cell = StepRollUp.objects.get(grain=DAY, day=moved.date())
    assert (cell.arrived, cell.completed) == (1, 1)


@pytest.mark.django_db
def test_the_statements_of_a_day_do_not_grow_with_its_rows() -> None:
    decided(3)
    day = (NOW + timedelta(days=3)).date()
    with CaptureQueriesContext(connection) as few:
        roll_up_day(day)
    for _ in range(6):
        decided(3)
    with CaptureQueriesContext(connection) as many:
        roll_up_day(day)
    assert len(many) == len(few) <= 14


@pytest.mark.django_db
def test_freshness_says_up_to_when() -> None:
    decided(1)
    refresh_roll_ups(now=NOW + timedelta(days=2))
    assert Freshness.objects.get().rolled_up_to == NOW + timedelta(days=2)


@pytest.mark.django_db
def test_a_rebuild_of_some_weeks_leaves_the_others_alone() -> None:
    item = decided(1)
    decided(30)
    refresh_roll_ups(now=NOW + timedelta(days=31))
    before = cells()
    StepRollUp.objects.filter(day__gte=(NOW + timedelta(days=20)).date()).delete()
    call_command(
        "roll_up", "--since", (NOW + timedelta(days=29)).date().isoformat(), stdout=StringIO()
    )
    assert cells() == before
    assert item.state == "done"


# -- the demo ---------------------------------------------------------------------------------


class TestTheDemo(TestCase):
    """A small demo, rolled up in the order of time and all at once."""

    @classmethod
    def setUpTestData(cls) -> None:
        """The company and its past."""
        forget_maps()
        load_demo(now=DEMO_NOW, seed=7, volume=0.1)

    def test_a_rebuild_gives_what_was_kept_day_by_day(self) -> None:
        for moment in evenings():
            refresh_roll_ups(now=moment)
        kept = cells()
        rebuild_roll_ups(now=DEMO_NOW)
        assert cells() == kept

    def test_days_in_any_order_give_the_same(self) -> None:
        days = rebuild_roll_ups(now=DEMO_NOW)
        kept = cells()
        random.Random(3).shuffle(days)
        for day in days:
            roll_up_days([day])
        assert cells() == kept

    def test_weeks_are_the_sums_of_their_days(self) -> None:
        rebuild_roll_ups(now=DEMO_NOW)
        for name in ("arrived", "completed", "cancelled", "overdue", "waiting", "excess"):
            by_day, by_week = (
                sum(StepRollUp.objects.filter(grain=grain).values_list(name, flat=True))
                for grain in (DAY, WEEK)
            )
            assert by_day == by_week
            assert by_day or name == "cancelled"

    def test_what_is_open_is_what_came_less_what_left(self) -> None:
        rebuild_roll_ups(now=DEMO_NOW)
        rows = StepRollUp.objects.filter(grain=DAY)
        still = sum(cell.arrived - cell.completed - cell.cancelled for cell in rows)
        assert still == WorkItem.objects.open().count() > 0


def evenings() -> Iterator[datetime]:
    """The end of every third day of the demo's past; its rows are all there already."""
    moment = DEMO_NOW - timedelta(days=30)
    while moment < DEMO_NOW:
        yield moment
        moment += timedelta(days=3)
    yield DEMO_NOW
