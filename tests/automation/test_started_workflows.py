"""Workflows that a step or an end starts: waited for, cancelled, refused, and without an end."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.automation.driving import Course, auto, folded, plain, work_off
from tests.engine.driving import task
from tests.factories import NOW
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import Flow, again, make_people, person, publish
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import incidents

pytestmark = pytest.mark.django_db


def child_map() -> dict[str, Any]:
    return plain("child", {"work": task(ok="done", no=NO, stop=STOP)})


def parent_map(**step: Any) -> dict[str, Any]:
    sub = {
        "kind": "subworkflow",
        "workflow": "child",
        "data": {"amount": "{{ amount }}"},
        "outputs": {"note": "$.result"},
        "to": "check",
    } | step
    return plain("parent", {"sub": sub, "check": task(ok="done", no=NO, stop=STOP)})


def parent(**step: Any) -> Course:
    make_people()
    publish(child_map())
    return Course.of(parent_map(**step))


def child_of(one: Course) -> WorkflowInstance:
    return WorkflowInstance.objects.get(parent=one.flow.request)


def flow_of(request: WorkflowInstance, now: datetime) -> Flow:
    return Flow(request, now)


def test_a_subworkflow_is_waited_for_and_its_end_gives_values() -> None:
    one = parent()
    assert one.work() == "sub"
    child = child_of(one)
    assert (child.data["amount"], child.requester) == ("100.00", person("rita"))
    flow_of(child, one.now).decide("work", "ok")
    assert one.work(hours=2) == "check"
    assert one.flow.data["note"] == "done"
    assert folded(one)


def test_a_workflow_may_start_itself_and_each_level_waits_for_the_next() -> None:
    """Pattern 22, recursion: how deep it goes is for the map's rules to say."""
    make_people()
    again = {"kind": "subworkflow", "workflow": "deep", "to": "done"}
    steps = {
        "look": task(ok="again", stop=STOP, no=NO, enough="done"),
        "again": again | {"data": {"amount": "{{ amount }}", "urgent": True}},
    }
    one = Course.of(plain("deep", steps))
    one.flow.decide("look", "ok")
    one.work()
    child = child_of(one)
    inner = flow_of(child, one.now)
    inner.decide("look", "ok")
    one.work(hours=2)
    innermost = WorkflowInstance.objects.get(parent=child)
    flow_of(innermost, one.now).decide("look", "enough")
    for _ in range(3):
        one.work(hours=1)
    states = WorkflowInstance.objects.filter(template__key="deep").values_list("state", flat=True)
    assert list(states) == ["completed"] * 3


def test_a_subworkflow_is_started_once_however_often_the_clock_comes_by() -> None:
    one = parent()
    for _ in range(3):
        one.work(hours=1)
    assert WorkflowInstance.objects.filter(template__key="child").count() == 1


def test_a_subworkflow_that_was_cancelled_is_an_incident_and_a_retry_starts_another() -> None:
    one = parent()
    one.work()
    flow_of(child_of(one), one.now).command("cancel")
    one.work(hours=2)
    incident = one.flow.incident()
    assert incident.code == "subworkflow_cancelled"
    incidents.retry(incident.pk, actor=person("olga"), reason="Again.", now=one.now)
    one.work()
    assert WorkflowInstance.objects.filter(template__key="child").count() == 2


def test_a_subworkflow_whose_parent_is_cancelled_is_called_off() -> None:
    one = parent()
    one.work()
    one.flow.command("cancel")
    one.work()
    assert child_of(one).state == "cancelled"


def test_a_subworkflow_that_cannot_start_is_an_incident_that_says_why() -> None:
    one = parent(data={"amount": "not money"})
    one.work()
    assert one.flow.incident().code == "start_refused"
    assert not WorkflowInstance.objects.filter(template__key="child").exists()


def test_another_workflow_is_started_and_not_waited_for() -> None:
    make_people()
    publish(child_map())
    told = {"workflow": "child", "data": {"amount": "{{ amount }}"}}
    one = Course.of(auto("start_workflow", told, outputs={"note": "$.reference"}))
    assert one.work() == "check"
    assert one.flow.data["note"] == child_of(one).reference


def test_maps_that_start_one_another_for_ever_come_to_an_end() -> None:
    make_people()
    told = {"workflow": "round", "data": {"amount": "1.00"}}
    step = {
        "kind": "automation",
        "action": "start_workflow",
        "with": told,
        "to": "done",
        "on_error": {"to": "check", "exception": True},
    }
    data = plain("round", {"do": step, "check": task(ok="done", no=NO, stop=STOP)})
    publish(plain("round", {"check": task(ok="done", no=NO, stop=STOP)}))
    one = Course.of(data)
    one.work()
    one.work(hours=1)
    assert 2 <= WorkflowInstance.objects.filter(template__key="round").count() <= 21
    assert WorkflowInstance.objects.filter(template__key="round", state="running").count() == 1


def test_the_end_of_a_workflow_starts_those_that_wait_for_it() -> None:
    make_people()
    publish(child_map())
    follower = plain("follower", {"look": task(ok="done", no=NO, stop=STOP)})
    follower["start"]["triggers"] = [
        {
            "kind": "workflow_end",
            "workflow": "child",
            "result": "done",
            "mapping": {"amount": "$.data.amount"},
            "data": {"urgent": True},
        }
    ]
    publish(follower)
    first, second = again("child", amount="7.00"), again("child")
    first.decide("work", "ok")
    second.decide("work", "no", comment="No.")
    work_off(NOW + timedelta(days=1))
    work_off(NOW + timedelta(days=1))
    (started,) = WorkflowInstance.objects.filter(template__key="follower")
    assert started.data == {"amount": "7.00", "urgent": True}
    assert (started.parent, started.source) == (first.request, "workflow")
