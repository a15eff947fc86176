"""A start that has fallen due is owed by the workflow: whatever becomes of its version, it happens
once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.automation.driving import plain, work_off
from tests.automation.test_time import monthly, started
from tests.engine.driving import task
from tests.factories import NOW, load_map, make_user
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import make_people, person
from workflows.definitions.lifecycle import retirement as retire
from workflows.definitions.models import TemplateVersion
from workflows.definitions.services import publishing as definitions
from workflows.definitions.services.schedule_planning import ensure_schedules
from workflows.outbox.heartbeat_models import Trouble
from workflows.outbox.models import OutboxMessage

pytestmark = pytest.mark.django_db


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def publish(data: dict[str, Any], now: datetime) -> TemplateVersion:
    return definitions.publish(load_map(data).pk, actor=None, now=now)


def clock(now: datetime) -> None:
    """What the clock does at this moment."""
    work_off(now)
    ensure_schedules(now=now)
    work_off(now)


def runs() -> list[tuple[str, int]]:
    """The moment and the version of each request that a schedule started."""
    return [(one.title[-16:], one.version.number) for one in started()]


def reworded(data: dict[str, Any]) -> dict[str, Any]:
    data["steps"]["review"]["instructions"] = "Look at all of it."
    return data


def test_a_start_due_before_a_new_version_starts_on_the_new_one_and_once() -> None:
    make_people()
    publish(monthly(), NOW)
    publish(reworded(monthly()), at(4, 1, 9, 5))  # the clock was down since 08:55
    clock(at(4, 1, 9, 10))
    clock(at(4, 1, 9, 20))
    assert runs() == [("2026-04-01 09:00", 2)]
    clock(at(5, 1, 9, 10))
    assert runs()[1:] == [("2026-05-01 09:00", 2)]


def test_two_versions_after_the_moment_start_it_once_all_the_same() -> None:
    make_people()
    publish(monthly(), NOW)
    publish(reworded(monthly()), at(4, 1, 9, 5))
    publish(monthly(data={"amount": "7.00"}), at(4, 1, 9, 7))
    clock(at(4, 1, 9, 10))
    assert runs() == [("2026-04-01 09:00", 3)]
    assert started()[0].data == {"amount": "7.00"}


def test_where_the_new_version_has_another_time_the_moment_before_it_is_still_owed() -> None:
    make_people()
    publish(monthly(), NOW)
    publish(monthly("0 12 1 * *"), at(4, 1, 9, 5))
    clock(at(4, 1, 13))
    assert runs() == [("2026-04-01 09:00", 2), ("2026-04-01 12:00", 2)]


def test_a_moment_after_the_new_version_is_the_new_ones_alone() -> None:
    make_people()
    publish(monthly(), NOW)
    publish(monthly("0 10 1 * *"), at(3, 31, 9))
    clock(at(4, 1, 9, 30))
    assert runs() == []
    clock(at(4, 1, 10, 30))
    assert runs() == [("2026-04-01 10:00", 2)]


def test_a_schedule_that_the_new_version_has_not_any_more_ends_with_the_old_one() -> None:
    make_people()
    publish(monthly(), NOW)
    without = plain("monthly", {"review": task(ok="done", no=NO, stop=STOP)})
    publish(without, at(4, 1, 9, 5))
    clock(at(6, 2, 9))
    assert runs() == [("2026-04-01 09:00", 2)]


def test_several_moments_before_and_after_the_new_version_are_each_started_once() -> None:
    make_people()
    publish(monthly("0 * 1 4 *"), at(4, 1, 8, 30))
    publish(reworded(monthly("0 * 1 4 *")), at(4, 1, 10, 30))
    clock(at(4, 1, 12, 10))  # the clock was down since before nine
    clock(at(4, 1, 12, 20))
    assert sorted(runs()) == [(f"2026-04-01 {hour:02}:00", 2) for hour in (9, 10, 11, 12)]


def test_the_new_versions_first_moments_are_not_lost_where_the_clock_never_planned_them() -> None:
    make_people()
    publish(monthly("0 * 1 4 *"), at(4, 1, 8, 30))
    OutboxMessage.objects.filter(kind="schedule").delete()
    clock(at(4, 1, 11, 10))
    assert [moment for moment, _ in runs()] == [f"2026-04-01 {hour:02}:00" for hour in (9, 10, 11)]


def test_a_start_owed_by_a_workflow_that_was_retired_is_told_and_starts_nothing() -> None:
    make_user("olga", email="olga@example.org")
    make_people()
    version = publish(monthly(), NOW)
    retire.retire_workflow(
        version.template, actor=person("olga"), reason="Done.", running="finish", now=at(4, 1, 9, 5)
    )
    clock(at(4, 1, 9, 10))
    assert runs() == []
    assert "out of use" in OutboxMessage.objects.get(kind="schedule").last_error
    assert OutboxMessage.objects.filter(kind="mail", payload__to=person("olga").pk).count() == 1
    clock(at(5, 1, 9, 10))
    assert OutboxMessage.objects.filter(kind="schedule").count() == 1


def test_a_version_whose_schedule_cannot_be_read_stops_no_other() -> None:
    make_people()
    bad = publish(monthly(), NOW)
    publish({**monthly(), "key": "other", "name": "Other"}, NOW)
    OutboxMessage.objects.filter(kind="schedule").delete()
    OutboxMessage.objects.create(
        kind="schedule", run_after=NOW, created_at=NOW, key=f"schedule:{bad.pk}:0:whenever"
    )
    OutboxMessage.objects.update(state="dropped")
    assert ensure_schedules(now=NOW) == 1
    assert Trouble.objects.get().unit == f"version {bad.pk}"
    OutboxMessage.objects.filter(state="dropped").delete()
    assert ensure_schedules(now=NOW) == 1
    assert not Trouble.objects.exists()
