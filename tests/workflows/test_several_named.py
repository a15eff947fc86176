"""Roles of several people who are named in the request: in one field, or in a column of a list."""

from typing import Any

import pytest

from tests.automation.driving import plain
from tests.workflows.support import Flow, begin, nothing_changed, person, refused
from tests.workflows.test_directory_roles import approve, codes, rebuilt, step, waits_for
from workflows.engine.errors import NotAllowed
from workflows.execution.models import AddedPerson
from workflows.execution.services import work_items as tasks
from workflows.execution.services.corrections import set_values
from workflows.execution.services.staffing_watch import watch_queues

pytestmark = pytest.mark.django_db

TWO: dict[str, dict[str, Any]] = {
    "field": {"signers": ["ann", "cat"]},
    "column": {"lines": [{"who": "ann"}, {"who": "cat"}, {"who": "ann"}, {}]},
}
OTHER: dict[str, dict[str, Any]] = {
    "field": {"signers": ["bob", "cat"]},
    "column": {"lines": [{"who": "bob"}, {"who": "cat"}]},
}
ONE: dict[str, dict[str, Any]] = {
    "field": {"signers": ["bob"]},
    "column": {"lines": [{"who": "bob"}]},
}


def named_by(way: str, **more: Any) -> dict[str, Any]:
    """The people who are named sign it."""
    made = plain("sign", {"sign": step("signers", **more)})
    key = "signers" if way == "field" else "lines"
    fields = {
        "signers": {"type": "users", "required": True},
        "lines": {
            "type": "list",
            "required": True,
            "columns": {"what": {"type": "text"}, "who": {"type": "user"}},
        },
    }
    made["fields"][key] = fields[key]
    made["start"]["fields"] = [*made["start"]["fields"], key]
    made["roles"]["signers"] = {way: "signers" if way == "field" else "lines.who"}
    return made


def change(flow: Flow, values: dict[str, Any]) -> None:
    who = person("olga")
    set_values(flow.request.pk, actor=who, data=values, reason="Wrong.", now=flow.later())


both = pytest.mark.parametrize("way", ["field", "column"])


@both
def test_all_who_are_named_share_the_task_and_nobody_else_has_it(way: str) -> None:
    made = named_by(way)
    assert "role_field_unfit" not in codes(made)
    flow = begin(made, **TWO[way])
    assert (waits_for("ann"), waits_for("cat"), waits_for("bob")) == (["Sign"], ["Sign"], [])
    with refused(NotAllowed, "not in its role"):
        approve(flow, "sign", "bob")
    tasks.claim(flow.task("sign").pk, actor=person("cat"), now=flow.later())
    assert waits_for("ann") == []
    with refused(NotAllowed, "is with cat"):
        approve(flow, "sign", "ann")
    approve(flow, "sign", "cat")
    assert flow.where == "= done"
    rebuilt(flow)


@both
def test_another_value_is_for_others_at_once(way: str) -> None:
    flow = begin(named_by(way), **TWO[way])
    change(flow, OTHER[way])
    assert (waits_for("ann"), waits_for("bob"), waits_for("cat")) == ([], ["Sign"], ["Sign"])
    with refused(NotAllowed, "not in its role"):
        approve(flow, "sign", "ann")
    change(flow, ONE[way])
    assert flow.task("sign").assignee == person("bob")
    assert not AddedPerson.objects.exists()
    approve(flow, "sign", "bob")
    rebuilt(flow)


@both
def test_who_leaves_loses_it_within_a_minute_and_the_last_one_is_an_incident(way: str) -> None:
    flow = begin(named_by(way), **TWO[way])
    for name, opened in (("ann", 0), ("cat", 1)):
        leaver = person(name)
        leaver.is_active = False
        leaver.save()
        assert watch_queues(now=flow.later(minutes=1)) == opened
        with nothing_changed():
            assert watch_queues(now=flow.later(minutes=1)) == 0
    assert flow.incidents() == [("nobody", "open")]


@both
def test_everybody_who_is_named_counts_once(way: str) -> None:
    flow = begin(named_by(way, quorum="all"), **TWO[way])
    assert flow.task("sign").needed == 2
    approve(flow, "sign", "ann")
    assert (waits_for("ann"), waits_for("cat")) == ([], ["Sign"])
    approve(flow, "sign", "cat")
    assert flow.where == "= done"
    rebuilt(flow)
