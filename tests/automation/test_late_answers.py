"""An answer that nobody waits for any more changes nothing, and what it said is kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests.automation.driving import Course, Reply, connect, ordering, plain, receiver, work_off
from tests.engine.driving import task
from tests.factories import NOW
from tests.telling import told_of, work_out_notices
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import make_people, person
from workflows.automation.http.client import HttpAnswer
from workflows.automation.http.responses import LONGEST_WAIT, requested_wait
from workflows.engine.format.actions import ActionResult, action
from workflows.engine.routing.step_troubles import StepFailed
from workflows.execution.services import instances as requests
from workflows.execution.services.automation_steps import fail_waiting_step, open_work_of_instance
from workflows.notices.choices import NoticeEvent
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.trail.models import TrailEvent

HALF = timedelta(minutes=30)


def answer(after: str, date: str = "") -> HttpAnswer:
    return HttpAnswer(503, {"retry-after": after} | ({"date": date} if date else {}), b"")


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("after", "date", "seconds"),
    [
        ("600", "", 600),
        (" 600 ", "", 600),
        ("0", "", 0),
        ("", "", 0),
        ("-5", "", 0),
        ("soon", "", 0),
        ("9" * 30, "", LONGEST_WAIT),
        (http_date(NOW + HALF), "", 1800),
        (http_date(NOW - HALF), "", 0),
        (http_date(NOW + timedelta(days=4000)), "", LONGEST_WAIT),
        # the other side's clock runs two hours ahead, or behind
        (http_date(NOW + 5 * HALF), http_date(NOW + 4 * HALF), 1800),
        (http_date(NOW - 3 * HALF), http_date(NOW - 4 * HALF), 1800),
        # a clock that is a year off is not believed
        (http_date(NOW + HALF), http_date(NOW + timedelta(days=365)), 1800),
        ("Sunday, 01-Mar-26 10:00:00 GMT", "", 0),
        ("Mon, 99 Mar 2026 10:00:00 GMT", "", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "", LONGEST_WAIT),
    ],
)
def test_who_asks_to_be_left_alone_is(after: str, date: str, seconds: float) -> None:
    assert requested_wait(answer(after, date), NOW) == seconds


@pytest.mark.django_db
def test_a_date_after_which_to_come_again_is_heeded() -> None:
    busy = Reply(503, headers={"Retry-After": http_date(NOW + HALF)})
    make_people()
    with receiver(busy) as there:
        connect(there.url, owner=person("olga"))
        course = Course.of(ordering())
        course.work()
        (waiting,) = course.waiting
        assert waiting.run_after == NOW + HALF
        assert course.work(minutes=29) == "order"
        assert course.work(minutes=1) == "check"


SLOW = {
    "kind": "automation",
    "action": "tests.slow_order",
    "outputs": {"note": "$.number"},
    "on_error": STOP,
    "to": "check",
}
meanwhile: list[Any] = []


@action("tests.slow_order")
def slow_order(job: Any) -> ActionResult:
    """While it works, something else happens to its request."""
    while meanwhile:
        meanwhile.pop()(job)
    return ActionResult(answer={"number": "PO-7"}, status=201, answer_text='{"number": "PO-7"}')


def ordered_while(happens: Callable[[Any], Any]) -> tuple[Course, Attempt]:
    """A request whose call was out while something happened, and its only attempt."""
    make_people()
    course = Course.of(plain("slow", {"order": SLOW, "check": task(ok="done", no=NO, stop=STOP)}))
    meanwhile.append(happens)
    work_off(NOW)
    return course, Attempt.objects.get()


@pytest.mark.django_db
def test_the_answer_to_a_request_that_was_cancelled_meanwhile_is_kept() -> None:
    course, row = ordered_while(
        lambda job: requests.cancel(
            job.request_id, actor=person("olga"), reason="Too late.", now=job.now
        )
    )
    assert (row.state, row.code, row.status) == ("succeeded", "answered_late", 201)
    assert "note: PO-7" in row.message
    assert "PO-7" in row.answer
    assert course.flow.refresh().state == "cancelled"
    assert course.flow.request.data.get("note") is None
    said = TrailEvent.objects.get(request=row.request, command="late_answer")
    assert said.changes == {"step": "order", "attempt": 1, "action": "tests.slow_order"}
    work_out_notices(NOW)
    assert sorted(told_of(NoticeEvent.ANSWERED_LATE)) == ["dan", "olga"]
    assert "note: PO-7" in row_on_page(row, "olga")
    assert "PO-7" not in row_on_page(row, "rita")


def row_on_page(row: Attempt, name: str) -> str:
    """What the page of the attempt's request says to somebody."""
    client = Client()
    client.force_login(person(name))
    page: str = client.get(f"/requests/{row.request.reference}/").content.decode()
    return page


@pytest.mark.django_db
def test_the_answer_to_a_call_whose_request_went_on_meanwhile_is_told() -> None:
    """Another worker has the turn, has failed by now, and the request went its error way."""

    def overtake(job: Any) -> None:
        OutboxMessage.objects.filter(request=job.request_id, kind="attempt").update(
            state="delivered", ticket="", taken_until=None
        )
        with transaction.atomic():
            case = open_work_of_instance(job.request_id, now=job.now)
            [token] = case.marking.tokens
            fail_waiting_step(case, token.id, StepFailed("timed_out", "Too slow.", 5))

    course, row = ordered_while(overtake)
    assert (row.state, row.code, row.status) == ("lost", "answered_late", 201)
    assert course.flow.refresh().result == "stopped"
    assert TrailEvent.objects.filter(request=row.request, command="late_answer").count() == 1
    work_out_notices(NOW)
    assert sorted(told_of(NoticeEvent.ANSWERED_LATE)) == ["dan", "olga"]


@pytest.mark.django_db
def test_the_answer_to_a_call_whose_turn_another_worker_has_is_kept() -> None:
    taken = {"state": "taken", "ticket": "somebody else's"}
    course, row = ordered_while(
        lambda job: OutboxMessage.objects.filter(request=job.request_id).update(
            **taken, taken_until=datetime(2027, 1, 1, tzinfo=UTC)
        )
    )
    assert (row.state, row.code, row.status) == ("lost", "answered_late", 201)
    assert "note: PO-7" in row.message
    assert course.flow.where == "order"
    assert not TrailEvent.objects.filter(command="late_answer").exists()
    assert course.flow.refresh().data.get("note") is None


@pytest.mark.django_db
def test_the_answer_to_a_request_that_was_suspended_meanwhile_is_kept() -> None:
    course, row = ordered_while(
        lambda job: requests.suspend(
            job.request_id, actor=person("olga"), reason="Wait.", now=job.now
        )
    )
    assert "PO-7" in row.message
    assert row.status == 201
    assert course.flow.refresh().data.get("note") is None
