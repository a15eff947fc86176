"""What hangs on a date of the request follows it: due dates, ends of waits, the request's own."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.approvals.office import signed_in
from tests.automation.driving import Course, folded, plain
from tests.engine.driving import task
from tests.factories import NOW
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import Flow, begin, make_people, person
from tests.workflows.test_each_branches import each
from tests.workflows.test_more_time import APRIL, FEBRUARY, MONTH, MORE, dsar
from tests.workflows.test_statements import statements
from workflows.execution.models import NEVER
from workflows.execution.services import questions
from workflows.execution.services import work_items as tasks
from workflows.execution.services.corrections import set_values
from workflows.execution.services.extensions import extend_request, extend_task
from workflows.outbox.models import OutboxMessage
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

MARCH = datetime(2027, 3, 31, 23, 59, tzinfo=UTC)
MAY = datetime(2027, 5, 31, 23, 59, tzinfo=UTC)


def correct(flow: Flow, **values: Any) -> None:
    set_values(
        flow.request.pk,
        actor=person("olga"),
        data=values,
        reason="It came on another day.",
        now=flow.later(),
    )
    flow.refresh()


def moved(flow: Flow) -> list[tuple[Any, ...]]:
    """What the newest row says of dates: of which step, from when, to when."""
    return [
        (note.get("step"), note.get("from"), note["to"])
        for note in flow.last().changes.get("date", ())
    ]


# -- the request as a whole ---------------------------------------------------------------------


def test_a_request_is_due_by_the_day_of_receipt_that_is_right_and_not_by_the_first_one() -> None:
    make_people()
    flow = begin(dsar(due=MONTH), received_on="2027-02-28")
    correct(flow, received_on="2027-01-31")
    assert flow.request.deadline_at == FEBRUARY
    assert moved(flow) == [(None, "2027-03-28T23:59:00+00:00", "2027-02-28T23:59:00+00:00")]
    assert folded(Course(flow))


def test_time_that_was_given_and_time_that_stood_still_are_kept_when_the_day_is_corrected() -> None:
    make_people()
    head = {"due": MONTH, "extend": MORE, "clock": "stops"}
    flow = begin(dsar(**head), received_on="2027-01-31")
    item = flow.task("answer")
    tasks.claim(item.pk, actor=person("ann"), now=flow.later())
    asked = questions.ask_requester(item.pk, actor=person("ann"), question="Who?", now=flow.later())
    questions.answer_question(asked.pk, actor=person("rita"), answer="Me.", now=flow.later(days=5))
    extend_request(flow.request.pk, actor=person("olga"), reason="Many.", now=flow.later())
    assert flow.refresh().deadline_at == APRIL + timedelta(days=5)
    correct(flow, received_on="2027-02-28")
    assert flow.request.deadline_at == datetime(2027, 6, 2, 23, 59, tzinfo=UTC)


def test_a_day_that_is_corrected_during_a_question_counts_once_it_is_answered() -> None:
    make_people()
    flow = begin(dsar(due=MONTH, clock="stops"), received_on="2027-01-31")
    item = flow.task("answer")
    tasks.claim(item.pk, actor=person("ann"), now=flow.later())
    asked = questions.ask_requester(item.pk, actor=person("ann"), question="Who?", now=flow.later())
    correct(flow, received_on="2027-03-01")
    questions.answer_question(asked.pk, actor=person("rita"), answer="Me.", now=flow.later(days=3))
    assert flow.refresh().deadline_at == datetime(2027, 4, 4, 23, 59, tzinfo=UTC)


def test_a_day_that_is_emptied_takes_no_due_date_away() -> None:
    make_people()
    flow = begin(dsar({"due": MONTH}, due=MONTH), received_on="2027-01-31")
    correct(flow, received_on=None)
    assert flow.data["received_on"] is None
    assert flow.request.deadline_at == flow.task("answer").due_at == FEBRUARY
    assert moved(flow) == []


def test_who_answers_for_the_workflow_is_told_at_the_corrected_moment_alone() -> None:
    make_people()
    due = {"after": "received_on", "by": "10cd"}
    course = Course.of(dsar(due=due), received_on="2026-03-20")
    correct(course.flow, received_on="2026-02-25")
    for _ in range(40):
        course.work(days=1)
    (row,) = TrailEvent.objects.filter(command="remind")
    assert row.recorded_at.date().isoformat() == "2026-03-08"


def test_what_is_reckoned_from_the_start_moves_with_no_value() -> None:
    make_people()
    flow = begin(dsar(due="1mo"), received_on="2027-01-31")
    before = flow.request.deadline_at
    correct(flow, received_on="2027-02-28")
    assert flow.request.deadline_at == before != NEVER


# -- tasks --------------------------------------------------------------------------------------


def test_an_open_task_and_the_lists_that_are_sorted_by_it_follow_the_date() -> None:
    make_people()
    flow = begin(dsar({"due": MONTH}), received_on="2027-02-28")
    correct(flow, received_on="2027-01-31")
    assert flow.task("answer").due_at == flow.request.due_at == FEBRUARY
    assert moved(flow) == [("answer", "2027-03-28T23:59:00+00:00", "2027-02-28T23:59:00+00:00")]


def test_a_task_that_opened_before_its_date_was_known_is_due_from_then_on() -> None:
    make_people()
    flow = begin(dsar({"due": MONTH}))
    assert flow.task("answer").due_at is None
    correct(flow, received_on="2027-01-31")
    assert flow.task("answer").due_at == FEBRUARY
    assert moved(flow) == [("answer", None, "2027-02-28T23:59:00+00:00")]


def test_a_task_keeps_the_time_that_it_was_given_and_is_given_no_more_by_a_correction() -> None:
    make_people()
    flow = begin(dsar({"due": MONTH, "extend": MORE}), received_on="2027-01-31")
    item = flow.task("answer")
    extend_task(item.pk, actor=person("olga"), reason="Many.", now=flow.later())
    correct(flow, received_on="2027-02-28")
    assert flow.task("answer").due_at == MAY - timedelta(days=3)
    assert flow.task("answer").due_record["extended"] == ["2mo"]


def test_a_task_that_may_not_be_extended_keeps_the_time_that_its_clock_stood_still() -> None:
    make_people()
    flow = begin(dsar({"due": MONTH}), received_on="2027-01-31")
    item = flow.task("answer")
    tasks.claim(item.pk, actor=person("ann"), now=flow.later())
    asked = questions.ask_requester(item.pk, actor=person("ann"), question="Who?", now=flow.later())
    questions.answer_question(asked.pk, actor=person("rita"), answer="Me.", now=flow.later(days=5))
    assert flow.task("answer").due_at == FEBRUARY + timedelta(days=5)
    correct(flow, received_on="2027-02-28")
    assert flow.task("answer").due_at == datetime(2027, 4, 2, 23, 59, tzinfo=UTC)


def test_reminders_and_notices_of_a_task_go_by_the_date_that_is_right() -> None:
    make_people()
    step = {"due": {"after": "received_on", "by": "10cd"}, "on_overdue": {"remind_every": "1w"}}
    course = Course.of(dsar(step, calendar="24/7"), received_on="2026-03-20")
    correct(course.flow, received_on="2026-02-25")
    for _ in range(9):
        course.work(days=1)
    (row,) = TrailEvent.objects.filter(command="remind")
    assert row.recorded_at.date().isoformat() == "2026-03-08"
    soon = OutboxMessage.objects.filter(kind="due", request=course.flow.request)
    assert "2026-03-06" in {f"{message.run_after:%Y-%m-%d}" for message in soon}


def test_a_date_that_another_branch_writes_moves_what_is_open_beside_it() -> None:
    make_people()
    data = plain(
        "beside",
        {
            "p": {"kind": "parallel", "branches": [{"to": "ask"}, {"to": "work"}], "join": "j"},
            "ask": task(ok="j", no=NO, stop=STOP) | {"outputs": ["received_on"]},
            "work": task(ok="j", no=NO, stop=STOP) | {"due": MONTH},
            "j": {"kind": "join", "to": "done"},
        },
        fields=HEAD["fields"] | {"received_on": {"type": "date"}},
    )
    flow = begin(data)
    flow.decide("ask", "ok", data={"received_on": "2027-01-31"})
    assert flow.task("work").due_at == FEBRUARY
    assert folded(Course(flow))


def test_the_task_of_a_row_follows_the_date_of_its_row_alone() -> None:
    make_people()
    data = each(
        {"each": "lines", "to": "check"},
        {"each": "lines", "as": "line", "to": "say_when"},
        say_when=task(ok="j", no=NO, stop=STOP) | {"outputs": ["line.by"]},
    )
    data["steps"]["check"] |= {"due": {"after": "row.by", "by": "7cd"}, "outputs": ["row.checked"]}
    flow = begin(data, lines=[{"item": f"Thing {n}", "by": "2027-01-01"} for n in range(3)])
    asked = flow.request.work_items.open().get(step__key="say_when", rows="1")
    day = {"line.by": "2027-02-01"}
    tasks.decide(asked.pk, actor=person("ann"), outcome="ok", now=flow.later(), data=day)
    checks = flow.request.work_items.open().filter(step__key="check").order_by("pk")
    due = checks.values_list("due_at", flat=True)
    assert [f"{moment:%m-%d}" for moment in due] == ["01-08", "02-08", "01-08"]
    assert folded(Course(flow))


def test_two_hundred_tasks_follow_a_date_in_as_many_statements_as_two() -> None:
    costs = []
    for count in (2, 200):
        data = each()
        data["key"] = f"each-{count}"
        late = {"remind_every": "1d", "escalate_to": "lead", "after": "1d"}
        data["steps"]["check"] |= {"due": {"after": "needed_on", "by": "7cd"}, "on_overdue": late}
        data["fields"] |= {"needed_on": {"type": "date"}}
        data["start"]["fields"] += ["needed_on"]
        data["roles"] |= {"lead": {"users": ["olga"]}}
        listed = [{"item": f"Thing {n}", "net": "9.00"} for n in range(count)]
        flow = begin(data, lines=listed, needed_on="2027-01-01")
        seen = statements(partial(correct, flow, needed_on="2027-02-01"))
        assert set(flow.request.work_items.open().values_list("due_at", flat=True)) == {
            datetime(2027, 2, 8, 23, 59, tzinfo=UTC)
        }
        costs.append(len(seen))
    assert costs[1] <= costs[0] + 2


# -- waits --------------------------------------------------------------------------------------


def waiting(until: Any, **head: Any) -> Course:
    make_people()
    steps = {
        "rest": {"kind": "wait", "until": until, "to": "answer"},
        "answer": task(ok="done", no=NO, stop=STOP),
    }
    fields = HEAD["fields"] | {"received_on": {"type": "date", "required": True}}
    data = plain("waiting", steps, fields=fields, **head)
    data["start"]["fields"] += ["received_on"]
    return Course.of(data, received_on="2026-03-20")


@pytest.mark.parametrize(
    ("until", "ends"),
    [
        ("received_on", {"days": 8}),
        ({"after": "received_on", "by": "2cd"}, {"days": 10}),
        ({"before": "received_on", "by": "2cd"}, {"days": 6}),
    ],
)
def test_a_wait_ends_by_the_date_that_is_right(until: Any, ends: dict[str, float]) -> None:
    course = waiting(until)
    correct(course.flow, received_on="2026-03-10")
    moment = NOW.replace(hour=0, minute=0) + timedelta(**ends)
    (note,) = moved(course.flow)
    assert note[:2] == ("rest", None)
    assert datetime.fromisoformat(note[2]) == moment
    course.flow.now = moment - timedelta(minutes=1)
    assert course.work() == "rest"
    assert course.work(minutes=2) == "answer"
    assert folded(course)


def test_a_wait_whose_date_is_put_off_does_not_end_at_the_old_one() -> None:
    course = waiting("received_on")
    correct(course.flow, received_on="2026-04-10")
    course.flow.now = datetime(2026, 3, 25, tzinfo=UTC)
    assert course.work() == "rest"
    course.flow.now = datetime(2026, 4, 10, tzinfo=UTC)
    assert course.work() == "answer"


def test_a_wait_whose_date_has_passed_by_the_correction_ends_at_once() -> None:
    course = waiting("received_on")
    correct(course.flow, received_on="2026-01-10")
    assert course.work() == "answer"


# -- on pages -----------------------------------------------------------------------------------


def test_the_record_says_which_dates_followed() -> None:
    people = make_people()
    people["olga"].is_staff = True
    people["olga"].save()
    flow = begin(dsar({"due": MONTH}, due=MONTH), received_on="2027-02-28")
    correct(flow, received_on="2027-01-31")
    page = signed_in(people["olga"]).get(f"/requests/{flow.request.reference}/").content.decode()
    assert "As a whole it is due 28 Feb 2027" in page
