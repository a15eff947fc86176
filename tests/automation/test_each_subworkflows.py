"""A subworkflow for each row: a request of its own each, whatever becomes of one of them."""

from datetime import datetime
from typing import Any

import pytest

from tests.automation.driving import Course, folded, plain
from tests.automation.test_started_workflows import child_map
from tests.engine.driving import join, task
from tests.workflows.drawn import NO, STOP
from tests.workflows.support import Flow, again, make_people, person, publish, refused
from workflows.engine.errors import InvalidInput
from workflows.engine.routing.rows import MOST_ROWS
from workflows.execution.models import MergeRecord, WorkflowInstance
from workflows.execution.services import incidents

pytestmark = pytest.mark.django_db

COLUMNS = {
    "item": {"type": "text"},
    "net": {"type": "money", "currency": "EUR"},
    "result": {"type": "text"},
}


def parent_map(wait_for: Any = "all", **step: Any) -> dict[str, Any]:
    sub = {
        "kind": "subworkflow",
        "workflow": "child",
        "data": {"amount": "{{ row.net }}"},
        "outputs": {"row.result": "$.result"},
        "to": "j",
    } | step
    branches = [{"each": "lines", "to": "sub"}]
    made = plain(
        "parent",
        {
            "p": {"kind": "parallel", "branches": branches, "join": "j"},
            "sub": sub,
            "j": join("check", wait_for),
            "check": task(ok="done", no=NO, stop=STOP),
        },
    )
    made["fields"] |= {"lines": {"type": "list", "columns": COLUMNS, "max_rows": MOST_ROWS}}
    made["start"]["fields"] += ["lines"]
    return made


def rows(count: int) -> list[dict[str, Any]]:
    return [{"item": f"Thing {n}", "net": f"{n}.00"} for n in range(1, count + 1)]


def parent(count: int, **map_parts: Any) -> Course:
    make_people()
    publish(child_map())
    return Course.of(parent_map(**map_parts), lines=rows(count))


def children(one: Course) -> list[WorkflowInstance]:
    return list(WorkflowInstance.objects.filter(parent=one.flow.request).order_by("pk"))


def decide(child: WorkflowInstance, now: datetime, outcome: str = "ok", **more: Any) -> None:
    Flow(child, now).decide("work", outcome, **more)


def results(one: Course) -> list[str | None]:
    return [row.get("result") for row in one.flow.data["lines"]]


def test_each_row_has_a_request_of_its_own_whose_end_is_written_into_the_row() -> None:
    one = parent(3)
    one.work()
    started = children(one)
    assert [child.data["amount"] for child in started] == ["1.00", "2.00", "3.00"]
    decide(started[1], one.now, "no", comment="No.")
    one.work(hours=1)
    assert results(one) == [None, "rejected", None]
    for child in (started[2], started[0]):
        decide(child, one.now)
    assert one.work(hours=1) == "check"
    assert results(one) == ["done", "rejected", "done"]
    assert folded(one)


def test_one_that_was_cancelled_is_an_incident_of_its_row_and_the_others_go_on() -> None:
    one = parent(3)
    one.work()
    first, second, third = children(one)
    Flow(second, one.now).command("cancel")
    for child in (first, third):
        decide(child, one.now)
    one.work(hours=1)
    incident = one.flow.incident()
    assert incident.code == "subworkflow_cancelled"
    assert results(one) == ["done", None, "done"]
    incidents.retry(incident.pk, actor=person("olga"), reason="Again.", now=one.now)
    one.work()
    decide(children(one)[3], one.now)
    assert children(one)[3].data["amount"] == "2.00"
    assert one.work(hours=1) == "check"
    assert results(one) == ["done"] * 3
    assert folded(one)


def test_one_that_cannot_start_is_an_incident_of_its_row_alone() -> None:
    make_people()
    publish(child_map())
    lines = [*rows(1), {"item": "Thing 2"}, *rows(1)]
    one = Course.of(parent_map(), lines=lines)
    one.work()
    incident = one.flow.incident()
    assert incident.activation not in {child.parent_activation for child in children(one)}
    assert len(children(one)) == 2


def test_those_of_a_cancelled_request_are_called_off() -> None:
    one = parent(3)
    one.work()
    decide(children(one)[0], one.now)
    one.flow.command("cancel")
    one.work(hours=1)
    assert [child.state for child in children(one)] == ["completed", "cancelled", "cancelled"]


def test_those_that_a_join_does_not_need_are_called_off_and_a_late_end_changes_nothing() -> None:
    one = parent(3, wait_for="any")
    one.work()
    first, second, third = children(one)
    decide(first, one.now)
    decide(second, one.now)  # it ends before anybody has told it that it is not needed
    assert one.work(hours=1) == "check"
    assert [child.refresh_from_db() or child.state for child in (second, third)] == [
        "completed",
        "cancelled",
    ]
    assert len([result for result in results(one) if result]) == 1
    (merge,) = MergeRecord.objects.filter(request=one.flow.request)
    assert (merge.state, len(merge.arrivals)) == ("fired", 1)
    assert one.work(hours=1) == "check"
    assert folded(one)


def test_no_list_starts_more_than_it_may_hold() -> None:
    make_people()
    publish(child_map())
    publish(parent_map())
    with refused(InvalidInput, "rows"):
        again("parent", lines=rows(MOST_ROWS + 1))
