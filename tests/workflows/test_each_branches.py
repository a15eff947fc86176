"""Branches for each row through the services: tasks, people, values, costs, and the trail."""

from functools import partial
from typing import Any

import pytest

from tests.engine.driving import approval, join, task
from tests.factories import make_user
from tests.workflows.drawn import NO, drawn
from tests.workflows.support import Flow, again, begin, make_people, person, publish, refused
from tests.workflows.test_statements import statements
from workflows.automation.services.delivery import deliver_due
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.engine.format.definition import Definition
from workflows.engine.routing.marking import Marking
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.queries.position import find_position
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.corrections import set_values
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail

pytestmark = pytest.mark.django_db

COLUMNS = {
    "item": {"type": "text", "required": True},
    "net": {"type": "money", "currency": "EUR"},
    "by": {"type": "date"},
    "who": {"type": "user"},
    "checked": {"type": "boolean"},
    "note": {"type": "text"},
}


AFTER = task(ok="done", no=NO, stop={"to": "stopped", "exception": True})


def each(*branches: dict[str, Any], **steps: Any) -> dict[str, Any]:
    """A map whose first step opens branches for rows; `check` and `sign` are there if named."""
    own = {
        "check": approval(ok="j", no=NO, _outputs=["row.checked", "row.note"]),
        "sign": approval(ok="j", no={"to": "j", "exception": True}, _role="signer"),
        **steps,
    }
    listed = list(branches) or [{"each": "lines", "to": "check"}]
    used = {k: s for k, s in own.items() if k in steps or any(b["to"] == k for b in listed)}
    split = {"kind": "parallel", "branches": listed, "join": "j"}
    made = drawn("each", {"p": split, **used, "j": join("after"), "after": AFTER})
    made["fields"] |= {"lines": {"type": "list", "columns": COLUMNS, "max_rows": 1000}}
    made["fields"] |= {"people": {"type": "users"}}
    found = {"signer": {"field": "person"}, "named": {"field": "row.who"}}
    made["roles"] |= {k: role for k, role in found.items() if f"'{k}'" in repr(used)}
    made["start"]["fields"] += ["lines", "people"]
    made["steps"]["done"].pop("reopen")
    return made


def rows(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"item": f"Thing {n}", "net": "9.00", **more} for n in range(1, count + 1)]


SIGNING = {"each": "people", "as": "person", "to": "sign"}


def agrees(flow: Flow) -> bool:
    request = flow.refresh()
    return rebuild_from_trail(request) == (Marking.from_json(request.marking), request.data)


def test_a_map_is_kept_in_rows_and_comes_back() -> None:
    branch = {
        "each": "lines",
        "as": "row",
        "to": "check",
        "one_at_a_time": True,
        "when": "row.net > 1",
    }
    data = each(branch, SIGNING | {"stop_on": "refusal"})
    data["steps"]["j"]["wait_for"] = "60%"
    make_people()
    version = publish(data)
    assert definition_of(version) == Definition.model_validate(data)


def test_each_row_has_a_task_that_says_which_and_writes_into_it() -> None:
    flow = begin(each(), lines=rows(3))
    items = list(flow.request.work_items.open().order_by("pk"))
    assert [(item.rows, item.row_label, item.round) for item in items] == [
        ("0", "1: Thing 1", 1),
        ("1", "2: Thing 2", 1),
        ("2", "3: Thing 3", 1),
    ]
    assert agrees(flow)
    tasks.decide(
        items[1].pk,
        actor=person("ann"),
        outcome="ok",
        now=flow.later(),
        data={"row.checked": True, "row.note": "seen"},
    )
    assert flow.data["lines"][1] == {
        "item": "Thing 2", "net": "9.00", "checked": True, "note": "seen"
    }  # fmt: skip
    assert flow.last().changes["given"] == {"row.checked": True, "row.note": "seen"}
    assert agrees(flow)
    for item in (items[0], items[2]):
        tasks.decide(item.pk, actor=person("ann"), outcome="ok", now=flow.later())
    assert flow.where == "after"
    assert agrees(flow)
    assert flow.merge().state == "fired"


def test_people_of_a_list_sign_in_turn_and_nobody_else() -> None:
    flow = begin(
        each(SIGNING | {"one_at_a_time": True, "stop_on": "refusal"}), people=["ann", "bob", "cat"]
    )
    first = flow.task("sign")
    assert (first.assignee, first.row_label) == (person("ann"), "ann")
    with refused(NotAllowed):
        tasks.decide(first.pk, actor=person("bob"), outcome="ok", now=flow.later())
    flow.decide("sign", "ok", "ann")
    assert flow.task("sign").assignee == person("bob")
    flow.decide("sign", "no", "bob")
    assert flow.where == "after"
    assert WorkItem.objects.filter(request=flow.request, step__key="sign").count() == 2
    assert agrees(flow)


def test_a_column_names_who_does_it_and_until_when() -> None:
    check = task(ok="j", _role="named", _due={"after": "row.by", "by": "1d"})
    lines = [*rows(1, who="bob", by="2026-12-01"), *rows(1, who="cat", by="2026-12-05")]
    flow = begin(each(check=check), lines=lines)
    items = list(flow.request.work_items.open().order_by("pk"))
    assert [item.assignee for item in items] == [person("bob"), person("cat")]
    assert [item.due_at.date().isoformat() for item in items if item.due_at] == [
        "2026-12-02",
        "2026-12-06",
    ]


def test_a_column_that_names_nobody_is_an_incident_of_that_row() -> None:
    flow = begin(each(check=task(ok="j", _role="named")), lines=[*rows(1, who="bob"), *rows(1)])
    assert flow.incident().code == "nobody"
    assert find_position(flow.refresh()).steps[1].incident == flow.incident()


def test_what_was_seen_is_the_rows_and_the_requests_values() -> None:
    flow = begin(each(check=approval(ok="j", no=NO, _inputs=["row.item", "amount"])), lines=rows(2))
    item = flow.request.work_items.open().first()
    assert item is not None
    tasks.decide(item.pk, actor=person("ann"), outcome="ok", now=flow.later())
    assert flow.last().seen["values"] == {"row.item": "Thing 1", "amount": "100.00"}


def test_a_list_is_not_changed_by_hand_while_branches_go_through_it() -> None:
    flow = begin(each(), lines=rows(2))
    with refused(InvalidInput, "goes through its rows"):
        set_values(
            flow.request.pk,
            actor=person("olga"),
            data={"lines": rows(1)},
            reason="Fewer.",
            now=flow.later(),
        )
    with refused(InvalidInput, "row"):
        set_values(
            flow.request.pk,
            actor=person("olga"),
            data={"row.note": "x"},
            reason="So.",
            now=flow.later(),
        )


def test_a_step_writes_its_own_columns_and_of_its_own_row() -> None:
    flow = begin(each(check=task(ok="j", _outputs=["row.note"])), lines=rows(2))
    item = flow.request.work_items.open().first()
    assert item is not None
    for key, value in (("row.net", "1.00"), ("lines", []), ("row.nothing", "x")):
        with refused(InvalidInput):
            tasks.decide(
                item.pk, actor=person("ann"), outcome="ok", now=flow.later(), data={key: value}
            )


def test_separation_of_duties_is_about_the_row() -> None:
    steps = {
        "check": task(ok="look"),
        "look": approval(ok="j", no=NO, _not_by=["requester", "check"]),
    }
    flow = begin(each(**steps), lines=rows(2))
    one, two = flow.request.work_items.open().order_by("pk")
    tasks.decide(one.pk, actor=person("ann"), outcome="ok", now=flow.later())
    tasks.decide(two.pk, actor=person("bob"), outcome="ok", now=flow.later())
    looks = {i.rows: i for i in flow.request.work_items.open()}
    with refused(NotAllowed, "separation of duties"):
        tasks.decide(looks["0"].pk, actor=person("ann"), outcome="ok", now=flow.later())
    tasks.decide(looks["0"].pk, actor=person("bob"), outcome="ok", now=flow.later())
    tasks.decide(looks["1"].pk, actor=person("ann"), outcome="ok", now=flow.later())
    assert flow.where == "after"


def test_cancelling_suspending_and_leaving_close_all_rows() -> None:
    flow = begin(each(), lines=rows(3))
    flow.command("suspend")
    item = flow.request.work_items.open().first()
    assert item is not None
    with refused(WrongState):
        tasks.decide(item.pk, actor=person("ann"), outcome="ok", now=flow.later())
    flow.command("resume")
    tasks.decide(item.pk, actor=person("ann"), outcome="no", comment="No.", now=flow.later())
    assert flow.where == "= rejected"
    assert flow.merge().state == "left"
    assert agrees(flow)
    other = again("each", lines=rows(3))
    other.command("cancel")
    assert not other.request.work_items.open().exists()
    assert agrees(other)


def test_an_automation_and_a_subworkflow_are_about_their_row() -> None:
    work = {
        "kind": "automation",
        "action": "set_fields",
        "with": {"row.note": "row.item"},
        "to": "j",
    }
    flow = begin(each({"each": "lines", "to": "work"}, work=work), lines=rows(2))
    deliver_due(clock=flow.later)
    assert [row.get("note") for row in flow.data["lines"]] == ["Thing 1", "Thing 2"]
    assert flow.where == "after"
    assert agrees(flow)


def costs_of(flow: Flow, **values: Any) -> tuple[int, int, int]:
    """What it costs to open a request's branches, to decide in one, and to read where it is."""
    found: list[WorkflowInstance] = []
    rita, ann, now = person("rita"), person("ann"), flow.later()
    data = {"amount": "100.00"} | values

    def start() -> None:
        found.append(requests.start("each", actor=rita, now=now, data=data))

    opening = len(statements(start))
    (request,) = found
    count = len(values.get("lines") or values["people"])
    assert request.work_items.open().count() == count
    item = request.work_items.open().order_by("pk")[0]
    act = partial(tasks.decide, item.pk, actor=ann, outcome="ok", now=now)
    return opening, len(statements(act)), len(statements(partial(find_position, request)))


def test_two_hundred_rows_cost_hardly_more_statements_than_two() -> None:
    flow = begin(each(), lines=rows(1))
    few, many = costs_of(flow, lines=rows(2)), costs_of(flow, lines=rows(200))
    assert all(large <= small + 2 for small, large in zip(few, many, strict=True)), (few, many)


def test_so_do_two_hundred_people() -> None:
    names = ["ann", *(f"p{number}" for number in range(199))]
    for name in names[1:]:
        make_user(name, groups=("crew",))
    flow = begin(each(SIGNING), people=["ann"])
    few, many = costs_of(flow, people=names[:2]), costs_of(flow, people=names)
    assert all(large <= small + 2 for small, large in zip(few, many, strict=True)), (few, many)


def test_in_a_quorum_by_roles_people_count_for_those_of_their_row_alone() -> None:
    check = approval(ok="j", no=NO, _role="team", _quorum={"team": 1, "bosses": 1})
    data = each(check=check)
    region = {"type": "choice", "choices": ["north", "south"]}
    data["fields"]["lines"]["columns"] = {**COLUMNS, "region": region}
    data["roles"] |= {"team": {"groups": "team-{{ row.region }}"}}
    make_people()
    for name in ("tess", "theo"):
        make_user(name, groups=["team-north"])
    flow = begin(data, lines=rows(1, region="north"))
    flow.decide("check", "ok", by="tess")
    assert flow.last().changes["vote_roles"] == ["team"]
    with refused(WrongState, "1 of 'Bosses'"):
        flow.decide("check", "ok", by="theo")
    flow.decide("check", "ok", by="mona")
    assert flow.where == "after"
    assert agrees(flow)
