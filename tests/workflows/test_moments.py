"""The three moments of a task, its pauses, and the seconds between (wall clock and business)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import NOW, map_data, open_task, publish_map, purchase_people, start_request
from tests.workflows import drawn
from tests.workflows.support import Flow, begin, person, refused
from workflows.definitions.queries.definition_rows import definition_data_of
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.execution.models import WorkItem
from workflows.execution.services import work_items as tasks
from workflows.execution.services.task_clocks.task_times import TaskMoments

pytestmark = pytest.mark.django_db


def at(hours: float) -> datetime:
    """So many hours after the request was started."""
    return NOW + timedelta(hours=hours)


def flow_now(**changes: object) -> tuple[Flow, int]:
    """A request just started, and its first task's id."""
    flow = begin(drawn.sequential() | changes)
    return flow, flow.task("review").pk


def seconds(task: WorkItem) -> tuple[float | None, float | None]:
    """Waiting and working, in hours."""
    task.refresh_from_db()
    both = (task.waiting_seconds, task.working_seconds)
    return tuple(None if part is None else part / 3600 for part in both)  # type: ignore[return-value]


def decided(pk: int, by: str, hours: float, **more: object) -> WorkItem:
    return tasks.decide(pk, actor=person(by), outcome="ok", now=at(hours), **more)  # type: ignore[arg-type]


def test_a_task_is_there_from_the_moment_of_the_handoff() -> None:
    flow, pk = flow_now()
    assert flow.task("review").enabled_at == NOW
    decided(pk, "ann", 3)
    pay = flow.task("pay")
    assert (pay.enabled_at, pay.started_at, pay.due_at) == (at(3), None, at(51))


def test_claiming_takes_a_task_up() -> None:
    flow, pk = flow_now()
    task = tasks.claim(pk, actor=person("ann"), now=at(2))
    assert (task.state, task.assignee, task.in_queue) == ("claimed", person("ann"), False)
    assert flow.last().command == "claim"
    task = decided(pk, "ann", 5)
    assert (task.started_at, task.completed_at) == (at(2), at(5))
    assert seconds(task) == (2, 3)


def test_opening_and_then_deciding_takes_a_task_up_when_it_was_opened() -> None:
    _, pk = flow_now()
    assert seconds(decided(pk, "ann", 5, opened_at=at(4))) == (4, 1)


def test_deciding_without_opening_takes_no_working_time() -> None:
    _, pk = flow_now()
    assert seconds(decided(pk, "ann", 5)) == (5, 0)


@pytest.mark.parametrize(("opened", "waited"), [(-3, 0), (99, 5)])
def test_a_page_that_was_opened_before_the_handoff_or_later_than_now_counts_as_neither(
    opened: float, waited: float
) -> None:
    _, pk = flow_now()
    assert seconds(decided(pk, "ann", 5, opened_at=at(opened))) == (waited, 5 - waited)


def test_opening_does_not_move_a_claim() -> None:
    _, pk = flow_now()
    tasks.claim(pk, actor=person("ann"), now=at(1))
    assert seconds(decided(pk, "ann", 5, opened_at=at(4))) == (1, 4)


def test_pauses_are_not_working_time() -> None:
    _, pk = flow_now()
    ann = person("ann")
    tasks.claim(pk, actor=ann, now=at(1))
    tasks.start_work(pk, actor=ann, now=at(2))
    tasks.pause(pk, actor=ann, now=at(3))
    tasks.start_work(pk, actor=ann, now=at(10))
    tasks.pause(pk, actor=ann, now=at(11))
    task = tasks.start_work(pk, actor=ann, now=at(12))
    assert (task.state, task.paused_seconds) == ("started", 8 * 3600)
    assert seconds(decided(pk, "ann", 13)) == (1, 4)


def test_a_task_that_is_decided_while_it_rests_rested_until_then() -> None:
    _, pk = flow_now()
    tasks.start_work(pk, actor=person("ann"), now=at(1))
    tasks.pause(pk, actor=person("ann"), now=at(3))
    task = decided(pk, "ann", 9)
    assert seconds(task) == (1, 2)
    assert (task.paused_at, task.paused_seconds) == (None, 6 * 3600)


def test_work_can_begin_without_a_claim() -> None:
    flow, pk = flow_now()
    task = tasks.start_work(pk, actor=person("ann"), now=at(2))
    assert (task.state, task.assignee, task.started_at) == ("started", person("ann"), at(2))
    assert flow.last().command == "start_work"


def test_release_puts_a_task_back_and_forgets_who_began_it() -> None:
    flow, pk = flow_now()
    tasks.start_work(pk, actor=person("ann"), now=at(1))
    tasks.pause(pk, actor=person("ann"), now=at(2))
    task = tasks.release(pk, actor=person("ann"), now=at(3))
    assert (task.state, task.assignee, task.in_queue) == ("enabled", None, True)
    assert (task.started_at, task.paused_at, task.paused_seconds) == (None, None, 0)
    assert seconds(decided(pk, "bob", 5, opened_at=at(4))) == (4, 1)
    assert [row.command for row in flow.request.trail.all()] == [
        "start",
        "start_work",
        "pause",
        "release",
        "decide",
    ]


def test_a_task_that_is_somebodys_by_its_role_has_no_queue_to_go_back_to() -> None:
    flow, pk = flow_now()
    tasks.decide(pk, actor=person("ann"), outcome="back", comment="Not yet.", now=at(1))
    fix = flow.task("fix")
    assert (fix.assignee, fix.in_queue) == (person("rita"), False)
    tasks.claim(fix.pk, actor=person("rita"), now=at(2))
    with refused(InvalidInput, "yours by its role"):
        tasks.release(fix.pk, actor=person("rita"), now=at(3))


def test_commands_come_in_an_order_that_makes_sense() -> None:
    _, pk = flow_now()
    ann = person("ann")
    with refused(WrongState, "not taken"):
        tasks.release(pk, actor=ann, now=at(1))
    with refused(WrongState, "not in work"):
        tasks.pause(pk, actor=ann, now=at(1))
    tasks.claim(pk, actor=ann, now=at(1))
    with refused(WrongState, "taken already"):
        tasks.claim(pk, actor=ann, now=at(2))
    tasks.start_work(pk, actor=ann, now=at(2))
    with refused(WrongState, "in work already"):
        tasks.start_work(pk, actor=ann, now=at(3))
    tasks.pause(pk, actor=ann, now=at(3))
    with refused(WrongState, "not in work"):
        tasks.pause(pk, actor=ann, now=at(4))


@pytest.mark.parametrize("command", [tasks.claim, tasks.start_work, tasks.pause, tasks.release])
def test_a_task_that_another_has_is_left_alone(command: object) -> None:
    _, pk = flow_now()
    tasks.claim(pk, actor=person("ann"), now=at(1))
    for name, word in (("bob", "is with ann"), ("mona", "is with ann")):
        with refused(NotAllowed, word):
            command(pk, actor=person(name), now=at(2))  # type: ignore[operator]


def test_an_outcomes_role_does_not_let_one_handle_anothers_task() -> None:
    flow = begin(drawn.states())
    pk = flow.task("review").pk
    tasks.claim(pk, actor=person("ann"), now=at(1))
    for command in (tasks.start_work, tasks.pause, tasks.release):
        with refused(NotAllowed, "is with ann"):
            command(pk, actor=person("mona"), now=at(2))
    flow.decide("review", "force", "mona")


def test_business_seconds_count_in_the_workflows_calendar() -> None:
    """From Friday 16:00 to Monday 10:00 there are two working hours."""
    data = drawn.sequential()
    del data["calendar"]
    flow = begin(data)
    friday = datetime(2026, 3, 6, 16, tzinfo=UTC)
    monday = datetime(2026, 3, 9, 10, tzinfo=UTC)
    tasks.decide(flow.task("review").pk, actor=person("ann"), outcome="ok", now=friday)
    pay = flow.task("pay")
    assert pay.due_at == datetime(2026, 3, 10, 16, tzinfo=UTC), "2d are two working days"
    paid = {"actor": person("mona"), "outcome": "paid", "data": {"code": "1"}}
    opened_at = friday + timedelta(minutes=30)
    task = tasks.decide(pay.pk, now=monday, opened_at=opened_at, **paid)
    assert (task.waiting_seconds, task.waiting_business_seconds) == (1800, 1800)
    assert (task.working_seconds, task.working_business_seconds) == (65.5 * 3600, 1.5 * 3600)


def test_pauses_count_in_business_seconds_too() -> None:
    data = drawn.sequential()
    del data["calendar"]
    flow = begin(data)
    pk, ann = flow.task("review").pk, person("ann")
    tasks.start_work(pk, actor=ann, now=NOW)
    tasks.pause(pk, actor=ann, now=NOW + timedelta(hours=6))
    tasks.start_work(pk, actor=ann, now=NOW + timedelta(hours=25))
    task = tasks.decide(pk, actor=ann, outcome="ok", now=NOW + timedelta(hours=26))
    assert (task.paused_seconds, task.paused_business_seconds) == (19 * 3600, 3 * 3600)
    assert (task.working_seconds, task.working_business_seconds) == (7 * 3600, 7 * 3600)


def test_a_logs_own_moments_replace_the_tasks() -> None:
    _, pk = flow_now()
    moments = TaskMoments(enabled=at(1), started=at(2))
    task = decided(pk, "ann", 4, moments=moments)
    assert (task.enabled_at, task.started_at, task.completed_at) == (at(1), at(2), at(4))
    assert seconds(task) == (1, 2)


def test_what_a_log_does_not_know_stays_unknown() -> None:
    _, pk = flow_now()
    task = decided(pk, "ann", 4, moments=TaskMoments(enabled=at(1)))
    assert (task.started_at, *seconds(task)) == (None, None, None)


def test_each_voter_of_a_quorum_leaves_their_own_moment() -> None:
    flow = begin(drawn.quorum(2))
    pk = flow.task("review").pk
    decided(pk, "ann", 2, opened_at=at(1))
    task = decided(pk, "bob", 5, opened_at=at(4))
    assert task.votes[0]["at"].startswith("2026-03-02T11:00")
    assert (task.started_at, task.completed_at) == (at(1), at(5))


def test_a_task_is_due_a_month_after_a_date_of_its_request_and_the_file_comes_back() -> None:
    purchase_people()
    data = map_data()
    data["steps"]["manager_review"]["due"] = {"after": "needed_by", "by": "1mo"}
    version = publish_map(data)
    assert definition_data_of(version)["steps"]["manager_review"]["due"] == {
        "after": "needed_by",
        "by": "1mo",
    }
    request = start_request(version, needed_by="2026-01-31")
    task = open_task(request, "manager_review")
    assert task.due_at == datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
