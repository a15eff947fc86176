"""A message finds its request by values, each read as the field reads it; who holds the wait's
role may send it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.approvals.api.calls import Api, problem, unchanged
from tests.automation.driving import plain
from tests.engine.driving import task
from tests.factories import NOW, make_user
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import everything, make_people, person, publish, refused
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services.messages import incoming as messages

pytestmark = pytest.mark.django_db

FIELDS = HEAD["fields"] | {
    "order_no": {"type": "integer"},
    "price": {"type": "number"},
    "year": {"type": "choice", "choices": ["2024", "2025"]},
    "day": {"type": "date"},
    "at": {"type": "datetime"},
}
VALUES: dict[str, Any] = {
    "order_no": 4711,
    "amount": "1200",
    "note": "0042",
    "price": "12.50",
    "urgent": True,
    "year": "2024",
    "day": "2026-03-05",
    "at": "2026-03-05T10:00:00Z",
    "helper": "ann",
}
OTHER = (
    VALUES
    | {"order_no": 7, "amount": "1", "note": "42", "price": 2.5, "urgent": False}
    | {"year": 2025, "day": "2026-03-06", "at": "2026-03-05T11:00:00Z", "helper": "bob"}
)


def goods(**wait: Any) -> dict[str, Any]:
    arrival = {"kind": "wait", "message": "goods_in", "to": "check", **wait}
    check = task(ok="done", no=NO, stop=STOP)
    data = plain("goods", {"arrival": arrival, "check": check}, fields=FIELDS)
    data["start"]["fields"] = list(VALUES)
    return data


def waiting(**values: Any) -> WorkflowInstance:
    return requests.start("goods", actor=person("rita"), now=NOW, data=values or VALUES)


def open_office(**wait: Any) -> None:
    make_people()
    publish(goods(**wait))


def correlate(by: str = "olga", **correlation: Any) -> WorkflowInstance:
    return messages.correlate(
        "goods", "goods_in", actor=person(by), now=NOW, correlation=correlation
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("order_no", 4711),
        ("order_no", "4711"),
        ("order_no", " 4711 "),
        ("order_no", 4711.0),
        ("amount", 1200),
        ("amount", "1200"),
        ("amount", "1200.00"),
        ("amount", 1200.0),
        ("price", "12.5"),
        ("price", "12.50"),
        ("price", 12.5),
        ("price", Decimal("12.50")),
        ("note", "0042"),
        ("note", " 0042 "),
        ("urgent", True),
        ("urgent", "yes"),
        ("year", "2024"),
        ("year", 2024),
        ("day", "2026-03-05"),
        ("at", "2026-03-05T11:00:00+01:00"),
        ("helper", " ann "),
    ],
)
def test_a_value_finds_the_request_that_the_call_by_reference_takes(key: str, value: Any) -> None:
    open_office()
    waiting(**OTHER)
    wanted = waiting()
    found = correlate(**{key: value})
    assert found.reference == wanted.reference
    second = waiting()
    by_name = messages.receive_message(
        second.reference, "goods_in", actor=person("olga"), now=NOW, correlation={key: value}
    )
    assert by_name.pk == second.pk


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("order_no", 4712),
        ("order_no", "4711x"),
        ("order_no", True),
        ("note", "42"),
        ("note", 42),
        ("note", "00\x0042"),
        ("note", "\ud800"),
        ("price", "12.500"),
        ("amount", 12.0),
        ("urgent", False),
        ("year", 2026),
        ("nope", "1"),
        ("paper", "x"),
    ],
)
def test_a_value_that_no_request_has_finds_none(key: str, value: Any) -> None:
    open_office()
    waiting()
    before = everything()
    with pytest.raises(NotFound):
        correlate(**{key: value})
    assert everything() == before


def test_a_number_of_an_old_record_is_found_too() -> None:
    open_office()
    wanted = waiting()
    old = wanted.data | {"price": "12.345", "amount": "1200.00"}
    WorkflowInstance.objects.filter(pk=wanted.pk).update(data=old)
    assert correlate(price=12.345, order_no="4711").pk == wanted.pk


def test_each_version_reads_the_value_as_its_own_field_does() -> None:
    open_office()
    first = waiting(amount="1", note="4711")
    data = goods()
    data["fields"] = FIELDS | {"note": {"type": "integer"}}
    publish(data)
    second = waiting(amount="1", note=42)
    assert correlate(note=4711).pk == first.pk
    assert correlate(note="042").pk == second.pk


def test_a_tuple_is_no_value_and_two_requests_are_too_many() -> None:
    open_office()
    waiting()
    waiting()
    with refused(WrongState, "Several"):
        correlate(order_no="4711")
    with refused(InvalidInput, "order_no"):
        correlate(order_no=[4711])


# -- who may send it --------------------------------------------------------------------------


def test_who_holds_the_waits_role_may_send_the_message_and_see_no_more_of_it() -> None:
    open_office(role="bosses")
    erp = make_user("erp", groups=["bosses"])
    api, request = Api(erp), waiting()
    path = f"/instances/{request.reference}"
    problem(api.get(path), 404)
    assert api.post(f"{path}/message", {"message": "goods_in"}).status_code == 200
    assert WorkItem.objects.open().get(request=request).step.key == "check"
    another = waiting()
    said = {"workflow": "goods", "message": "goods_in", "correlation": {"order_no": "4711"}}
    answer = api.post("/messages", said)
    assert (answer.status_code, answer.json()["reference"]) == (200, another.reference)


@pytest.mark.parametrize("who", ["max", "ann", "cat"])
def test_a_role_found_in_the_request_is_that_requests_alone(who: str) -> None:
    open_office(role="helper")
    request = waiting()
    if who == "ann":
        assert correlate(by=who, order_no=4711).pk == request.pk
        return
    before = everything()
    with refused(NotFound, "waits"):
        correlate(by=who, order_no=4711)
    with refused(NotFound, request.reference):
        messages.receive_message(request.reference, "goods_in", actor=person(who), now=NOW)
    assert everything() == before


def test_nobody_else_is_told_that_there_is_such_a_request() -> None:
    open_office(role="bosses")
    request, stranger = waiting(), Api(make_user("stranger"))
    said = {"workflow": "goods", "message": "goods_in", "correlation": {"order_no": 4711}}
    with unchanged():
        problem(
            stranger.post(f"/instances/{request.reference}/message", {"message": "goods_in"}), 404
        )
        there = problem(stranger.post("/messages", said), 404)
        none = problem(stranger.post("/messages", said | {"workflow": "no-such"}), 404)
        problem(stranger.post("/messages", said | {"correlation": {"nope": 1}}), 404)
    assert there["detail"].replace("goods", "no-such", 1) == none["detail"]


def test_the_role_of_one_wait_says_nothing_of_another_message_or_of_a_wait_that_is_over() -> None:
    open_office(role="bosses")
    request = waiting()
    with refused(NotFound, request.reference):
        messages.receive_message(request.reference, "payment", actor=person("mona"), now=NOW)
    messages.receive_message(request.reference, "goods_in", actor=person("mona"), now=NOW)
    with pytest.raises((WrongState, NotFound)):
        messages.receive_message(request.reference, "goods_in", actor=person("mona"), now=NOW)


def test_a_wait_without_a_role_is_the_requesters() -> None:
    open_office()
    request = waiting()
    with refused(NotFound, request.reference):
        messages.receive_message(request.reference, "goods_in", actor=person("mona"), now=NOW)
    assert correlate(by="rita", order_no=4711).pk == request.pk


def test_a_wait_with_a_role_is_not_the_requesters() -> None:
    open_office(role="bosses")
    waiting()
    with pytest.raises(NotAllowed):
        correlate(by="rita", order_no=4711)
