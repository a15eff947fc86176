"""Somebody is needed, or named, in other ways than by a step's own role: quorums by roles, roles of
single outcomes, rows of lists, several people, and tasks to which they were added."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.automation.driving import plain
from tests.engine.driving import approval, join, task
from tests.factories import make_user
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import Flow, again, begin, make_people, person
from workflows.execution.services.agreement.added_approvers import add_approver
from workflows.people.lifecycle.off_boarding import HandoverPlan, off_board
from workflows.people.models import User
from workflows.people.queries.reach import (
    find_reach,
    find_steps_stranded_without,
    find_steps_stranded_without_group,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

LINES = {
    "type": "list",
    "columns": {"item": {"type": "text"}, "who": {"type": "user"}},
}


def boss() -> User:
    return make_user("boss", is_superuser=True, is_staff=True)


def stranded(name: str) -> list[tuple[str, int, int]]:
    steps = find_steps_stranded_without(person(name))
    return [(each.step.key, each.left, each.needed) for each in steps]


def with_roles(key: str, steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    data = plain(key, steps, fields=HEAD["fields"] | fields)
    data["roles"]["legal"] = {"groups": ["legal"]}
    return data


# -- roles beside the step's own ----------------------------------------------------------------


def test_a_quorum_by_roles_is_short_of_people_where_another_role_than_the_own_is() -> None:
    make_people()
    make_user("lee", groups=["legal"])
    agree = approval(ok="done", no=NO, stop=STOP, _quorum={"crew": 1, "legal": 1})
    begin(with_roles("by-roles", {"agree": agree}))
    assert stranded("lee") == [("agree", 0, 1)]
    assert stranded("ann") == []
    group = find_steps_stranded_without_group(Group.objects.get(name="legal"))
    assert [each.step.key for each in group] == ["agree"]


def test_an_outcome_of_a_role_of_its_own_is_short_of_people_too() -> None:
    make_people()
    make_user("lee", groups=["legal"])
    ask = task(ok={"to": "done", "role": "legal"}, back="done", no=NO, stop=STOP)
    begin(with_roles("outcome-role", {"ask": ask}))
    assert stranded("lee") == [("ask", 0, 1)]
    make_user("liz", groups=["legal"])
    assert stranded("lee") == []


# -- named in rows and lists --------------------------------------------------------------------


def by_rows() -> dict[str, Any]:
    """A line is checked by the person of its row, and signed by everybody who is named."""
    steps = {
        "split": {
            "kind": "parallel",
            "branches": [
                {"each": "lines", "as": "line", "to": "look"},
                {"each": "readers", "as": "reader", "to": "read"},
            ],
            "join": "together",
        },
        "look": task(ok="together", stop=STOP) | {"role": "of_line"},
        "read": task(ok="together", stop=STOP) | {"role": "of_reader"},
        "together": join("close"),
        "close": task(ok="done", no=NO, stop=STOP),
    }
    data = with_roles("by-rows", steps, lines=LINES, readers={"type": "users"})
    data["roles"] |= {"of_line": {"field": "line.who"}, "of_reader": {"field": "reader"}}
    data["start"]["fields"] = ["amount", "lines", "readers"]
    return data


def rows_running(**values: Any) -> Flow:
    make_people()
    given = {"lines": [{"item": "Desk", "who": "ann"}, {"item": "Lamp", "who": "bob"}]}
    return begin(by_rows(), **(given | {"readers": ["bob", "cat"]} | values))


def test_who_is_named_in_a_row_or_among_several_people_is_named() -> None:
    flow = rows_running()
    for name, fields in {"ann": ["lines"], "bob": ["lines", "readers"], "cat": ["readers"]}.items():
        reach = find_reach(person(name), now=flow.now)
        assert [named.field for named in reach.fields] == fields
        assert not reach.is_empty
    assert find_reach(person("max"), now=flow.now).fields == []


def test_a_list_without_branches_of_its_own_names_by_its_column() -> None:
    make_people()
    data = with_roles("by-column", {"ask": task(ok="done", no=NO, stop=STOP)}, lines=LINES)
    data["roles"]["named"] = {"column": "lines.who"}
    data["steps"]["ask"]["role"] = "named"
    data["start"]["fields"] = ["amount", "lines"]
    flow = begin(data, lines=[{"item": "Desk", "who": "ann"}])
    assert [n.field for n in find_reach(person("ann"), now=flow.now).fields] == ["lines"]
    plan = HandoverPlan(reason="Leaves.", successor=person("bob"))
    off_board(person("ann"), plan, by=boss(), now=flow.now)
    assert flow.refresh().data["lines"] == [{"item": "Desk", "who": "bob"}]
    assert find_reach(person("ann"), now=flow.now).fields == []


def test_what_branches_go_through_is_said_to_be_left_and_nothing_else_is_changed() -> None:
    flow = rows_running()
    lines = flow.data["lines"]
    plan = HandoverPlan(reason="Leaves.", successor=person("cat"), closes=False)
    result = off_board(person("ann"), plan, by=boss(), now=flow.later())
    assert f"{flow.request.reference}: lines" in [left.thing for left in result.left]
    assert flow.refresh().data["lines"] == lines


def test_the_name_alone_is_no_field_by_which_a_role_is_found() -> None:
    flow = rows_running(lines=[{"item": "ann", "who": "bob"}], readers=["cat"])
    reach = find_reach(person("ann"), now=flow.now)
    assert [named.field for named in reach.fields] == []


# -- added by hand ------------------------------------------------------------------------------


def test_a_task_to_which_they_were_added_waits_for_them() -> None:
    make_people()
    eve = make_user("eve")
    flow = begin(with_roles("more", {"agree": approval(ok="done", no=NO, stop=STOP)}))
    item = flow.task("agree")
    assert find_reach(eve, now=flow.now).added_to == []
    add_approver(item.pk, actor=person("ann"), person=eve, reason="So.", now=flow.later())
    reach = find_reach(eve, now=flow.now)
    assert reach.added_to == [item]
    assert not reach.is_empty
    flow.decide("agree", "stop")
    assert find_reach(eve, now=flow.now).added_to == []


def test_however_many_requests_it_is_read_in_the_same_statements() -> None:
    flow = rows_running()
    with CaptureQueriesContext(connection) as few:
        find_reach(person("bob"), now=flow.now)
    for _ in range(5):
        again("by-rows", lines=flow.data["lines"], readers=["bob"])
    with CaptureQueriesContext(connection) as many:
        found = find_reach(person("bob"), now=flow.now)
    assert len(found.fields) == 12
    assert len(many) <= len(few)
