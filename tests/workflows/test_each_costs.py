"""What an each-branch of 200 rows costs beside one of 2, in statements: hardly more, whatever is
done to the request, and nothing that is done for each row by itself."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import Client

from tests.engine.driving import join, task
from tests.workflows.support import Flow, again, make_people, person, publish
from tests.workflows.test_each_branches import each, rows
from tests.workflows.test_statements import statements
from workflows.execution.models import FormDraft, Incident, WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks

pytestmark = pytest.mark.django_db

MORE = 2
"""So many statements more 200 rows may cost than 2."""
Act = Callable[[], object]


@pytest.fixture(autouse=True)
def maps(db: None) -> None:
    """Maps with a branch for each row: all awaited, one awaited, and a person in each row."""
    make_people()
    publish(each())
    steps = each()["steps"]
    publish(each() | {"key": "any", "steps": steps | {"j": join("after", "any")}})
    publish(each(check=task(ok="j", _role="named")) | {"key": "named"})


def first_task(flow: Flow) -> WorkItem:
    return flow.request.work_items.open().order_by("pk")[0]


def decision(flow: Flow, outcome: str = "ok", **more: Any) -> Act:
    """The decision of the first open row."""
    ann, pk, now = person("ann"), first_task(flow).pk, flow.later()
    return partial(tasks.decide, pk, actor=ann, outcome=outcome, now=now, **more)


def started(size: int) -> Act:
    rita, now = person("rita"), again("each", lines=rows(1)).later()
    data = {"amount": "100.00", "lines": rows(size)}
    return partial(requests.start, "each", actor=rita, now=now, data=data)


def decided(size: int) -> Act:
    return decision(again("each", lines=rows(size)), data={"row.note": "seen"})


def joined(size: int) -> Act:
    flow = again("each", lines=rows(size))
    for _ in range(size - 1):
        decision(flow)()
    return decision(flow)


def joined_by_one(size: int) -> Act:
    return decision(again("any", lines=rows(size)))


def left(size: int) -> Act:
    return decision(again("each", lines=rows(size)), "no", comment="No.")


def commanded(name: str, size: int) -> Act:
    flow = again("each", lines=rows(size))
    command, olga, now = getattr(requests, name), person("olga"), flow.later()
    return partial(command, flow.request.pk, actor=olga, reason="So.", now=now)


def cancelled_with_drafts(size: int) -> Act:
    flow = again("each", lines=rows(size))
    ann = person("ann")
    for item in flow.request.work_items.open():
        FormDraft.objects.create(work_item=item, writer=ann, content="…", saved_at=flow.now)
    olga, now = person("olga"), flow.later()
    return partial(requests.cancel, flow.request.pk, actor=olga, reason="So.", now=now)


def opened(address: str, by: str, size: int) -> Act:
    """A page, or an answer of the API."""
    flow = again("each", lines=rows(size))
    client = Client()
    client.force_login(person(by))
    place = address.format(request=flow.request.reference, task=first_task(flow).pk)
    assert client.get(place).status_code == 200
    return partial(client.get, place)


def found_nobody(size: int) -> Act:
    rita, data = person("rita"), {"amount": "100.00", "lines": rows(size)}
    now = again("named", lines=rows(1, who="bob")).later()
    return partial(requests.start, "named", actor=rita, now=now, data=data)


CASES: dict[str, Callable[[int], Act]] = {
    "start": started,
    "decision": decided,
    "join": joined,
    "join of any": joined_by_one,
    "leaving the block": left,
    "cancelling": partial(commanded, "cancel"),
    "cancelling with drafts": cancelled_with_drafts,
    "suspending": partial(commanded, "suspend"),
    "page of the request": partial(opened, "/requests/{request}/", "olga"),
    "page of the requester": partial(opened, "/requests/{request}/", "rita"),
    "page of a task": partial(opened, "/tasks/{task}/", "ann"),
    "request in the API": partial(opened, "/api/v1/instances/{request}", "olga"),
    "incidents of rows that name nobody": found_nobody,
}


@pytest.mark.parametrize("case", CASES)
def test_two_hundred_rows_cost_hardly_more_statements_than_two(case: str) -> None:
    few, many = (len(statements(CASES[case](size))) for size in (2, 200))
    assert many <= few + MORE, (case, few, many)


def test_rows_that_name_nobody_are_incidents_of_the_same_owner() -> None:
    flow = again("named", lines=[*rows(3), *rows(1, who="bob")])
    owners = Incident.objects.filter(request=flow.request).values_list("owner__username", flat=True)
    assert list(owners) == ["olga"] * 3
