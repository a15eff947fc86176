"""Lists and worked-out fields over the API: rows in, rows out, and the wrong cell by its place."""

from typing import Any

import pytest

from tests.approvals.api.calls import Api, problem, unchanged
from tests.factories import make_user, publish_map
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.people.models import User

pytestmark = pytest.mark.django_db

MAP: dict[str, Any] = {
    "format": 1,
    "key": "order",
    "name": "Order",
    "owner": "olivia",
    "deputy": "omar",
    "roles": {"staff": {"groups": ["staff"]}},
    "fields": {
        "lines": {
            "type": "list",
            "required": True,
            "max_rows": 3,
            "columns": {
                "item": {"type": "text", "required": True, "label": "Item", "max_length": 10},
                "pieces": {"type": "integer", "min": 1},
                "price": {"type": "money", "currency": "EUR"},
                "net": {"type": "money", "currency": "EUR", "value": "pieces * price"},
            },
        },
        "who": {"type": "users"},
        "total": {"type": "money", "currency": "EUR", "value": "sum(lines.net)"},
    },
    "start": {"role": "staff", "fields": ["lines", "who"], "first": "check"},
    "steps": {
        "check": {
            "kind": "task",
            "role": "staff",
            "outputs": ["lines"],
            "expected": "1h",
            "due": "1d",
            "outcomes": {
                "done": "over",
                "broken": {"to": "gone", "exception": True},
                "wrong": {"to": "gone", "exception": True},
            },
        },
        "over": {"kind": "end", "result": "over"},
        "gone": {"kind": "end", "result": "gone"},
    },
}
ROWS = [{"item": "Chair", "pieces": 2, "price": "12.5"}, {"item": "Lamp"}]
KEPT = [
    {"item": "Chair", "pieces": 2, "price": "12.50", "net": "25.00"},
    {"item": "Lamp"},
]


@pytest.fixture
def sam(people: dict[str, User]) -> Api:
    make_user("zoe")
    publish_map(MAP)
    return Api(people["sam"])


def start(api: Api, **data: Any) -> Any:
    return api.post("/instances", {"workflow": "order", "data": {"lines": ROWS, **data}})


def read_back(api: Api) -> Any:
    request = WorkflowInstance.objects.get()
    return api.get(f"/instances/{request.reference}").json()["data"]


def test_rows_are_started_with_decided_on_and_read_back(sam: Api) -> None:
    assert start(sam, who=["zoe"]).status_code == 201
    data = read_back(sam)
    assert (data["lines"], data["who"], data["total"]) == (KEPT, ["zoe"], "25.00")
    task = WorkItem.objects.get()
    rows = [*data["lines"], {"item": "Desk", "pieces": 1, "price": 300}]
    body = {"outcome": "done", "data": {"lines": rows}}
    answer = sam.post(f"/work-items/{task.pk}/decide", body)
    assert answer.status_code == 200, answer.content
    data = read_back(sam)
    assert data["lines"][2] == {"item": "Desk", "pieces": 1, "price": "300.00", "net": "300.00"}
    assert data["total"] == "325.00"


WRONG = [
    ([{"item": "A", "price": "cheap"}], ("row 1", "price")),
    ([*ROWS, {"pieces": 1}], ("row 3", "Item")),
    ([{"item": "A", "pieces": 0}], ("row 1", "pieces")),
    ([{"item": "A"}, {"item": "far too long"}], ("row 2", "Item", "at most 10")),
    ([{"item": "A", "colour": "red"}], ("row 1", "'colour'")),
    ([{"item": "A"}] * 4, ("3 rows",)),
    ("three chairs", ("list of rows",)),
    ([["A"]], ("row 1",)),
    ([], ("ines",)),
]


@pytest.mark.parametrize(("rows", "words"), WRONG)
def test_a_wrong_cell_is_refused_by_row_and_column_and_nothing_changes(
    sam: Api, rows: Any, words: tuple[str, ...]
) -> None:
    with unchanged():
        problem(start(sam, lines=rows), 422, *words)
    start(sam)
    task = WorkItem.objects.get()
    body = {"outcome": "done", "data": {"lines": rows}}
    with unchanged():
        problem(sam.post(f"/work-items/{task.pk}/decide", body), 422, *words)


def test_nobody_sends_what_is_worked_out(sam: Api) -> None:
    with unchanged():
        problem(start(sam, total="1.00"), 422, "worked out")
