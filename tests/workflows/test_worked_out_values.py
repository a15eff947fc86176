"""Worked-out fields of running requests: at every door the same, and taken from nobody."""

from typing import Any

import pytest
import yaml

from tests.factories import NOW, make_user, publish_map
from tests.workflows.support import nothing_changed
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.errors import InvalidInput
from workflows.engine.format.definition import Definition
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import corrections, work_items
from workflows.execution.services import instances as requests
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User

pytestmark = pytest.mark.django_db

MAP = """
format: 1
key: order
name: Order
owner: olga
deputy: dan
roles: {staff: {groups: [staff]}, board: {groups: [board]}}
fields:
  lines:
    type: list
    columns:
      pieces: {type: integer}
      price: {type: money, currency: EUR}
      net: {type: money, currency: EUR, value: "pieces * price"}
  vat: {type: number, required: true}
  total: {type: money, currency: EUR, value: "sum(lines.net) * (1 + vat)", max: 1000}
start: {role: staff, fields: [lines, vat], first: agree}
steps:
  agree:
    kind: approval
    role: board
    inputs: [total]
    expected: 4h
    due: 2d
    outcomes:
      agree: fill
      refuse: {to: gone, exception: true}
      stop: {to: gone, exception: true}
  fill:
    kind: task
    role: staff
    outputs: [lines]
    expected: 4h
    outcomes: {done: over}
  over: {kind: end, result: over}
  gone: {kind: end, result: gone}
"""


@pytest.fixture
def people() -> dict[str, User]:
    make_user("dan")
    make_user("kim", groups=["staff", "board"])
    found = {
        "sam": make_user("sam", groups=["staff"]),
        "bo": make_user("bo", groups=["board"]),
        "olga": make_user("olga"),
    }
    publish_map(yaml.safe_load(MAP))
    return found


def start(people: dict[str, User], **data: Any) -> WorkflowInstance:
    given = {"lines": [{"pieces": 2, "price": "10"}], "vat": "0.19", **data}
    return requests.start("order", actor=people["sam"], now=NOW, data=given)


def test_the_version_keeps_what_is_worked_out(people: dict[str, User]) -> None:
    said = Definition.model_validate(yaml.safe_load(MAP))
    version = publish_map(yaml.safe_load(MAP) | {"key": "again"})
    assert definition_of(version).fields == said.fields


def test_a_started_request_has_it(people: dict[str, User]) -> None:
    request = WorkflowInstance.objects.get(pk=start(people).pk)
    assert request.data["total"] == "23.80"
    assert request.data["lines"] == [{"pieces": 2, "price": "10.00", "net": "20.00"}]


def test_who_sends_one_is_refused(people: dict[str, User]) -> None:
    with nothing_changed(), pytest.raises(InvalidInput, match="'Total' is worked out"):
        start(people, total="1.00")
    request = start(people)
    with nothing_changed(), pytest.raises(InvalidInput, match="'Total' is worked out"):
        corrections.set_values(
            request.pk, actor=people["olga"], data={"total": "1"}, now=NOW, reason="cheaper"
        )


def test_its_field_may_ask_something_of_it(people: dict[str, User]) -> None:
    with nothing_changed(), pytest.raises(InvalidInput, match="Total: "):
        start(people, lines=[{"pieces": 100, "price": "10"}])


def test_an_approval_that_showed_it_is_asked_again_when_it_changes(people: dict[str, User]) -> None:
    request = start(people)
    task = WorkItem.objects.get(request=request)
    work_items.decide(task.pk, actor=people["bo"], outcome="agree", now=NOW)
    fill = WorkItem.objects.exclude(pk=task.pk).get(request=request)
    rows = {"lines": [{"pieces": 3, "price": "10"}]}
    work_items.decide(fill.pk, actor=people["sam"], outcome="done", now=NOW, data=rows)
    request = WorkflowInstance.objects.get(pk=request.pk)
    assert request.data["total"] == "35.70"
    again = WorkItem.objects.order_by("pk").last()
    assert again is not None
    assert again.step.key == "agree"
    assert again.round == 2
    marking, data = rebuild_from_trail(request)
    assert marking.to_json() == request.marking
    assert data == request.data


def test_values_put_right_work_it_out_again(people: dict[str, User]) -> None:
    request = start(people)
    corrections.set_values(
        request.pk, actor=people["olga"], data={"vat": "0.07"}, now=NOW, reason="another rate"
    )
    request = WorkflowInstance.objects.get(pk=request.pk)
    assert request.data["total"] == "21.40"
    assert rebuild_from_trail(request)[1] == request.data
