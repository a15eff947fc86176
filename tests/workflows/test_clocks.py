"""A machine whose clock is behind writes nothing before what is there, and no time is negative."""

from datetime import timedelta
from typing import Any

import pytest

from tests.automation.driving import plain
from tests.engine.driving import task
from tests.factories import NOW
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import Flow, begin, person
from workflows.execution.models import WorkItem
from workflows.execution.services import work_items as tasks
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

BEHIND = timedelta(hours=2)


def flow() -> Flow:
    one = {"one": task(ok="two", no=NO, stop=STOP), "two": task(ok="done", no=NO, stop=STOP)}
    return begin(plain("clocks", one))


def seconds(item: WorkItem) -> list[float]:
    item.refresh_from_db()
    kept = (
        item.waiting_seconds,
        item.working_seconds,
        item.waiting_business_seconds,
        item.working_business_seconds,
    )
    return [one for one in kept if one is not None]


def act(name: str, item: WorkItem, now: Any) -> WorkItem:
    command = getattr(tasks, name)
    more = {"outcome": "ok"} if name == "decide" else {}
    return command(item.pk, actor=person("ann"), now=now, **more)


@pytest.mark.parametrize("slow", ["claim", "start_work", "pause", "decide"])
def test_whichever_command_comes_from_a_slow_clock_no_time_is_negative(slow: str) -> None:
    this = flow()
    item = this.task("one")
    for name in ("claim", "start_work", "pause", "decide"):
        moment = this.later()
        act(name, item, moment - BEHIND if name == slow else moment)
    assert min(seconds(item)) >= 0
    times = list(TrailEvent.objects.order_by("id").values_list("recorded_at", flat=True))
    assert times == sorted(times)


def test_the_trail_says_by_how_much_the_clock_was_behind() -> None:
    this = flow()
    this.decide("one", "ok")
    item = this.task("two")
    act("decide", item, this.now - BEHIND)
    event = TrailEvent.objects.latest("id")
    assert event.changes["clock_behind_seconds"] == BEHIND.total_seconds()
    assert event.recorded_at == this.now
    assert this.refresh().completed_at == this.now


def test_a_clock_behind_at_the_cancellation_leaves_no_request_that_ended_before_it_began() -> None:
    this = flow()
    this.now = NOW - BEHIND
    this.command("cancel")
    assert this.request.completed_at is not None
    assert this.request.completed_at >= this.request.started_at


def test_two_clocks_a_moment_apart_are_not_worth_a_word() -> None:
    this = flow()
    act("decide", this.task("one"), NOW - timedelta(seconds=2))
    event = TrailEvent.objects.latest("id")
    assert "clock_behind_seconds" not in event.changes
    assert event.recorded_at == NOW
