"""One message to all requests of a workflow that wait for it, or will: each for itself."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.approvals.api.calls import Api, problem, unchanged
from tests.automation.driving import Course, plain, work_off
from tests.automation.test_correlation import VALUES
from tests.automation.test_early_messages import begin_early, kept
from tests.engine.driving import task
from tests.factories import NOW, make_user
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import Flow, again, make_people, person, publish, refused
from workflows.engine.errors import NotFound
from workflows.execution.models import KeptMessage, WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.messages.signals import SignalReport, send_signal
from workflows.management.commands.send_signal import send_page

pytestmark = pytest.mark.django_db


def another(**values: Any) -> WorkflowInstance:
    data = {name: value for name, value in VALUES.items() if name != "note"} | values
    return requests.start("early", actor=person("rita"), now=NOW, data=data)


def check(request: WorkflowInstance) -> None:
    item = request.work_items.open().get()
    tasks.decide(item.pk, actor=person("ann"), outcome="ok", now=NOW)


def signal(by: str = "olga", **more: Any) -> SignalReport:
    more.setdefault("data", {"note": "All."})
    return send_signal("early", "goods_in", actor=person(by), now=NOW, **more)


def fates(report: SignalReport) -> dict[str, str | None]:
    return {line.reference: line.fate and line.fate.value for line in report.lines}


def three() -> tuple[Course, WorkflowInstance, WorkflowInstance]:
    course = begin_early()
    check(course.flow.request)
    return course, another(), another(order_no=7)


def test_each_request_takes_or_keeps_it_for_itself() -> None:
    waits, first, second = three()
    report = signal()
    assert fates(report) == {
        waits.flow.request.reference: "taken",
        first.reference: "kept",
        second.reference: "kept",
    }
    assert report.following is None
    assert waits.flow.where == "after"


def test_it_goes_to_those_alone_whose_values_fit() -> None:
    _, _, second = three()
    assert fates(signal(where={"order_no": " 7 "})) == {second.reference: "kept"}
    with refused(NotFound, "with these values"):
        signal(where={"order_no": "8"})


def test_what_one_refuses_stops_no_other() -> None:
    waits, first, second = three()
    full = waits.flow.refresh()
    WorkflowInstance.objects.filter(pk=full.pk).update(data=full.data | {"note": "There."})
    report = signal()
    assert fates(report)[full.reference] is None
    assert "already" in str(report.lines[0].refusal)
    assert [fates(report)[one.reference] for one in (first, second)] == ["kept", "kept"]


def test_it_is_sent_page_by_page() -> None:
    three()
    first = signal(most=2)
    assert (len(first.lines), bool(first.following)) == (2, True)
    rest = signal(most=2, after=first.following or 0)
    assert (len(rest.lines), rest.following) == (1, None)


def test_who_neither_sees_nor_is_awaited_learns_of_nothing() -> None:
    three()
    with refused(NotFound, "waits for"):
        signal(by="max")


def test_the_api_answers_with_what_became_of_it_once_a_key() -> None:
    waits, _, _ = three()
    api = Api(make_user("erp", is_superuser=True))
    said = {"message": "goods_in", "data": {"note": "All."}}
    answer = api.post("/workflows/early/signal", said, key="one").json()
    assert [answer[name] for name in ("taken", "kept", "refused", "next")] == [1, 2, 0, None]
    assert api.post("/workflows/early/signal", said, key="one").json() == answer
    assert kept(waits) == []
    stranger = Api(make_user("stranger"))
    with unchanged():
        there = problem(stranger.post("/workflows/early/signal", said), 404)
        none = problem(stranger.post("/workflows/no-such/signal", said), 404)
    assert there["detail"].replace("early", "no-such", 1) == none["detail"]


def test_the_command_says_it_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, second = three()
    said = ["early", "goods_in", "--as", "olga", "--where", "order_no=7", "--json"]
    call_command("send_signal", *said, "--data", '{"note": "All."}')
    (line,) = json.loads(capsys.readouterr().out)["requests"]
    assert (line["reference"], line["message"]) == (second.reference, "kept")
    for wrong in (["--data", "[]"], ["--where", "order_no"]):
        with pytest.raises(CommandError, match="Give"):
            call_command("send_signal", *said, *wrong)


def round_and_round() -> list[Flow]:
    """Three requests that come to the wait again and again, checked in between."""
    make_people()
    steps = {
        "check": task(ok="arrival", over="done", no=NO, stop=STOP),
        "arrival": {"kind": "wait", "message": "goods_in", "to": "check"},
    }
    publish(plain("round", steps))
    return [again("round") for _ in range(3)]


def test_a_command_that_was_broken_off_goes_on_and_no_request_gets_it_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flows = round_and_round()
    said = ["round", "goods_in", "--as", "olga", "--json", "--most", "1"]
    options = {"key": "round", "message": "goods_in", "once": "friday", "most": 1}
    send_page(person("olga"), options, {}, {}, 0)  # and then it was killed
    assert KeptMessage.objects.count() == 1
    flows[0].decide("check", "ok")
    work_off(timezone.now())
    assert (flows[0].where, KeptMessage.objects.count()) == ("check", 0)

    for _ in range(2):
        capsys.readouterr()
        call_command("send_signal", *said, "--once", "friday")
        told = json.loads(capsys.readouterr().out)["requests"]
        assert [(one["reference"], one["message"]) for one in told] == [
            (flow.request.reference, "kept") for flow in flows
        ]
        kept_now = KeptMessage.objects.values_list("request", flat=True)
        assert list(kept_now) == [flow.request.pk for flow in flows[1:]]


def test_a_key_that_was_used_for_another_signal_sends_nothing() -> None:
    round_and_round()
    call_command("send_signal", "round", "goods_in", "--as", "olga", "--once", "friday")
    KeptMessage.objects.all().delete()
    with unchanged(), pytest.raises(CommandError, match="another call"):
        call_command(
            *("send_signal", "round", "goods_in", "--as", "olga", "--once", "friday"),
            *("--where", "urgent=true"),
        )
    with unchanged(), pytest.raises(CommandError, match="at most 100"):
        call_command("send_signal", "round", "goods_in", "--as", "olga", "--once", "x" * 101)
