"""Figures of requests that were moved to another version on their way."""

from datetime import timedelta

import pytest

from reporting.bottlenecks.queries import Span, collect_bottlenecks
from reporting.reviews.measuring.usage import unused_step_measures
from reporting.reviews.queries.period_rows import read_review_rows
from reporting.rollups.services import rebuild_roll_ups, refresh_roll_ups
from tests.factories import NOW
from tests.reporting.test_rollups import cells
from tests.workflows.moves import WAY, hiring, hiring_later, move, publish_target, undo
from tests.workflows.support import Flow, again, begin
from workflows.execution.models import WorkItem

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def at_every_place() -> list[Flow]:
    """A request at each place of the map, on days of its own."""
    flows = [begin(hiring(), helper="bob")]
    flows += [again("hiring", helper="bob") for _ in WAY]
    for number, flow in enumerate(flows):
        for one in WAY[:number]:
            step, outcome, by = one.split("/")
            flow.later(days=1)
            flow.decide(step, outcome, by)
    return flows


def test_roll_ups_brought_up_to_date_after_moves_are_those_made_from_nothing() -> None:
    flows = at_every_place()
    later = NOW + 20 * DAY
    refresh_roll_ups(now=later)
    to = publish_target(hiring_later())
    for flow in flows:
        flow.now = later
        move(flow, to)
    assert {flow.request.version.number for flow in flows} == {1, 2}
    refresh_roll_ups(now=later + DAY)
    kept = cells()
    rebuild_roll_ups(now=later + DAY)
    assert cells() == kept
    for flow in flows:
        if flow.request.version.number == 2:
            undo(flow)
    refresh_roll_ups(now=later + 2 * DAY)
    kept = cells()
    rebuild_roll_ups(now=later + 2 * DAY)
    assert cells() == kept


def moved_in_the_middle() -> Flow:
    """Screened and moved at the talk, which is the first of two there; then on to the block."""
    flow = begin(hiring(), helper="bob")
    flow.decide("screen", "ok")
    assert move(flow, publish_target(hiring_later(), talk="talk_one")) == "moves step_renamed"
    flow.decide("talk_one", "ok")
    flow.decide("talk_two", "ok")
    return flow


def test_every_task_of_a_moved_request_is_counted_once_under_its_own_step() -> None:
    flow = moved_in_the_middle()
    rebuild_roll_ups(now=flow.now)
    found = collect_bottlenecks(flow.request.template, Span())
    done = {key: totals.completed for key, totals in found.by_version().items()}
    assert done == {
        ("Screen", 1): 1,
        ("Talk one", 2): 1,
        ("Talk two", 2): 1,
        ("Check", 2): 0,
    }
    assert sum(done.values()) == WorkItem.objects.filter(state="done").count()
    assert found.open_now() == {found_step(flow, "check"): 1}
    assert found.requests["started"] == 1
    assert set(found.by_handoff()) == {
        ("Start", "Screen"),
        ("Screen", "Talk one"),
        ("Talk one", "Talk two"),
        ("Talk two", "Check"),
    }


def found_step(flow: Flow, key: str) -> str:
    """The step's title in reports."""
    return str(flow.task(key).step)


def test_a_review_counts_a_task_under_the_version_that_it_was_done_on() -> None:
    flow = moved_in_the_middle()
    rows = read_review_rows(flow.request.template, since=NOW - DAY, until=flow.now + DAY)
    assert [(task.step, task.version) for task in rows.tasks] == [
        ("screen", 1),
        ("talk_one", 2),
        ("talk_two", 2),
    ]
    assert rows.started == rows.open_now == 1


def test_a_request_that_was_moved_does_not_make_the_steps_behind_it_unused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reporting.reviews.measuring.usage.FEWEST_RUNS", 1)
    flow = moved_in_the_middle()
    flow.decide("check", "no", "mona", comment="No.")
    assert not flow.refresh().is_live
    assert unused_steps(flow) == set()
    whole = again("hiring")
    whole.now = flow.now
    whole.decide("sifting", "no", comment="No.")
    assert "offer" in unused_steps(whole)
    assert "check" not in unused_steps(whole)


def unused_steps(flow: Flow) -> set[str]:
    """The steps of which a review up to now says that nobody uses them."""
    rows = read_review_rows(flow.request.template, since=NOW - DAY, until=flow.now + DAY)
    return {measure.step for measure in unused_step_measures(rows) if measure.is_finding}
