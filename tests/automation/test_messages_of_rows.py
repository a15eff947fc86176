"""Messages for waits within an each-branch: a correlation says which row is meant."""

from typing import Any

import pytest

from tests.automation.driving import work_off
from tests.engine.driving import task
from tests.workflows.drawn import NO
from tests.workflows.support import Flow, begin, person, refused
from tests.workflows.test_each_branches import agrees, each
from workflows.engine.errors import InvalidInput, NotFound, WrongState
from workflows.execution.models import KeptMessage
from workflows.execution.services import work_items as tasks
from workflows.execution.services.messages import incoming as messages

pytestmark = pytest.mark.django_db

LINES = [{"item": "Desk", "net": "9.00"}, {"item": "Chair", "net": "12.50"}]


def flow_with(**wait: Any) -> Flow:
    arrival = {"kind": "wait", "message": "in", "outputs": ["row.note"], "to": "j", **wait}
    ready = task(ok="arrival", no=NO)
    return begin(each({"each": "lines", "to": "ready"}, ready=ready, arrival=arrival), lines=LINES)


def send(flow: Flow, by: str = "rita", **correlation: Any) -> str:
    received = messages.send_message(
        flow.request.reference,
        "in",
        actor=person(by),
        now=flow.now,
        data={"row.note": "Here."},
        correlation={key.replace("_", ".", 1): value for key, value in correlation.items()},
    )
    return received.fate.value


def notes(flow: Flow) -> list[str | None]:
    return [row.get("note") for row in flow.refresh().data["lines"]]


def make_ready(flow: Flow) -> None:
    for item in flow.request.work_items.open().filter(step__key="ready").order_by("pk"):
        tasks.decide(item.pk, actor=person("ann"), outcome="ok", now=flow.later())


def test_of_several_open_waits_the_row_says_which_is_meant() -> None:
    flow = flow_with()
    make_ready(flow)
    with refused(WrongState, "several steps"):
        send(flow)
    assert send(flow, row_net=12.5) == "taken"
    assert notes(flow) == [None, "Here."]
    assert send(flow) == "taken"
    assert notes(flow) == ["Here.", "Here."]
    assert agrees(flow)


def test_an_early_message_says_its_row_and_waits_for_it() -> None:
    flow = flow_with()
    with refused(InvalidInput, "one row of several"):
        send(flow)
    assert send(flow, row_item=" Chair ") == "kept"
    assert send(flow, row_item="Chair") == "already_kept"
    make_ready(flow)
    work_off(flow.now)
    assert notes(flow) == [None, "Here."]
    assert not KeptMessage.objects.exists()
    assert agrees(flow)


def test_the_request_of_a_row_is_found_by_its_values() -> None:
    flow = flow_with()
    make_ready(flow)
    said = {"actor": person("olga"), "now": flow.now}
    with refused(NotFound, "with these values"):
        messages.correlate_message("each", "in", correlation={"row.item": "Lamp"}, **said)
    found = messages.correlate_message(
        "each", "in", correlation={"row.item": "Desk"}, data={"row.note": "Here."}, **said
    )
    assert (found.instance.pk, notes(flow)) == (flow.request.pk, ["Here.", None])
