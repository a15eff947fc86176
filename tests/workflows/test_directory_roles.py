"""Roles found in the directory of people: a manager, and a group that fields name."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group

from tests.automation.driving import plain
from tests.factories import make_group, make_user
from tests.workflows.drawn import NO
from tests.workflows.support import (
    Flow,
    begin,
    digest_now,
    make_people,
    nothing_changed,
    person,
    publish,
    refused,
)
from workflows.definitions.models import Role
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.audit import AnyPeople, audit_definition
from workflows.engine.errors import DefinitionProblem, NotAllowed
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition, write_definition
from workflows.execution.models import AddedPerson
from workflows.execution.queries.inbox import count_inbox_tasks, inbox_page
from workflows.execution.services import incidents
from workflows.execution.services import work_items as tasks
from workflows.execution.services.corrections import set_values
from workflows.execution.services.staffing_watch import watch_queues
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.notices.queries.task_people import find_task_audience
from workflows.people.queries.directory import SitePeople

pytestmark = pytest.mark.django_db

OUTCOMES = {"approve": "done", "reject": NO, "stop": {"to": "stopped", "exception": True}}


def step(role: str, to: str = "done", **more: Any) -> dict[str, Any]:
    return {
        "kind": "approval",
        "expected": "4h",
        "due": "2d",
        "role": role,
        "inputs": ["amount"],
        "outcomes": {**OUTCOMES, "approve": to},
        **more,
    }


def by_manager(**roles: Any) -> dict[str, Any]:
    """The requester's manager, then the manager of that one."""
    steps = {"first": step("manager", "second"), "second": step("above")}
    made = plain("leave", steps)
    made["roles"] |= {"manager": {"manager_of": "requester"}, "above": {"manager_of": "first"}}
    made["roles"] |= roles
    return made


def by_region(**more: Any) -> dict[str, Any]:
    """The finance group of a region."""
    made = plain("pay", {"check": step("finance", **more)})
    made["fields"]["region"] = {"type": "choice", "choices": ["north", "south"], "required": True}
    made["start"]["fields"] = [*made["start"]["fields"], "region"]
    made["roles"]["finance"] = {"groups": "finance-{{ region }}"}
    return made


def make_directory() -> None:
    """Mona is Rita's manager, Max is Mona's."""
    make_people()
    for below, above in (("rita", "mona"), ("mona", "max")):
        user = person(below)
        user.manager = person(above)
        user.save()


def make_finance() -> None:
    make_people()
    for name, group in (("nina", "north"), ("noah", "north"), ("sue", "south")):
        make_user(name, groups=[f"finance-{group}"])


def waits_for(name: str) -> list[str]:
    """What the person's inbox shows; its count says the same."""
    rows = [row.step for row in inbox_page(person(name)).rows]
    assert count_inbox_tasks(person(name)).value == len(rows)
    return rows


def approve(flow: Flow, key: str, by: str) -> None:
    flow.decide(key, "approve", by=by, seen=digest_now(flow, key))


def rebuilt(flow: Flow) -> None:
    marking, data = rebuild_from_trail(flow.refresh())
    assert (marking.to_json(), data) == (flow.request.marking, flow.request.data)


# -- managers ---------------------------------------------------------------------------------


def test_a_step_is_for_the_manager_of_who_asked_and_the_next_for_the_manager_of_who_decided() -> (
    None
):
    make_directory()
    flow = begin(by_manager(), by="rita")
    assert flow.task("first").assignee == person("mona")
    assert waits_for("mona") == ["First"]
    with refused(NotAllowed, "is with mona"):
        approve(flow, "first", "max")
    approve(flow, "first", "mona")
    assert flow.task("second").assignee == person("max")
    approve(flow, "second", "max")
    assert flow.where == "= done"
    rebuilt(flow)


def test_who_has_no_manager_is_an_incident_and_the_next_try_finds_the_one_of_then() -> None:
    make_people()
    flow = begin(by_manager(), by="rita")
    incident = flow.incident()
    assert (incident.code, incident.parameters["gap"]) == ("nobody", "nobody_found")
    rita = person("rita")
    rita.manager = person("mona")
    rita.save()
    incidents.retry(incident.pk, actor=person("olga"), reason="She has one.", now=flow.later())
    assert flow.task("first").assignee == person("mona")


def test_a_manager_who_is_another_by_now_has_lost_the_task_within_a_minute() -> None:
    make_directory()
    flow = begin(by_manager(), by="rita")
    rita = person("rita")
    rita.manager = person("max")
    rita.save()
    with refused(NotAllowed, "not in its role any more"):
        approve(flow, "first", "mona")
    assert watch_queues(now=flow.later(minutes=1)) == 1
    assert flow.incident().parameters["gap"] == "holder_left_role"
    incidents.retry(flow.incident().pk, actor=person("olga"), reason="Moved.", now=flow.later())
    assert flow.task("first").assignee == person("max")


def test_a_manager_whose_account_is_closed_is_an_incident() -> None:
    make_directory()
    flow = begin(by_manager(), by="rita")
    mona = person("mona")
    mona.is_active = False
    mona.save()
    assert watch_queues(now=flow.later(minutes=1)) == 1


def test_the_last_decider_counts_where_a_step_was_decided_twice() -> None:
    make_directory()
    make_user("zoe", manager=person("max"), groups=["crew"])
    ann = person("ann")
    ann.manager = person("mona")
    ann.save()
    steps = {
        "look": step("crew", "second"),
        "second": step("above") | {"outcomes": {**OUTCOMES, "back": "look"}},
    }
    made = plain("again", steps)
    made["roles"]["above"] = {"manager_of": "look"}
    flow = begin(made, by="rita")
    approve(flow, "look", "zoe")
    assert flow.task("second").assignee == person("max")
    flow.decide("second", "back", by="max", seen=digest_now(flow, "second"))
    approve(flow, "look", "ann")
    assert flow.task("second").assignee == person("mona")
    rebuilt(flow)


# -- groups by fields -------------------------------------------------------------------------


def test_the_group_of_what_is_chosen_has_the_task_and_no_other() -> None:
    make_finance()
    flow = begin(by_region(), by="rita", region="north")
    assert (waits_for("nina"), waits_for("noah"), waits_for("sue")) == (["Check"], ["Check"], [])
    (team,) = (p for p in find_task_audience(flow.task("check")).people.values() if len(p) == 2)
    assert team == {person("nina").pk, person("noah").pk}
    with refused(NotAllowed, "not in its role"):
        approve(flow, "check", "sue")
    tasks.claim(flow.task("check").pk, actor=person("nina"), now=flow.later())
    assert (waits_for("nina"), waits_for("noah")) == (["Check"], [])
    with refused(NotAllowed, "is with nina"):
        approve(flow, "check", "noah")
    tasks.release(flow.task("check").pk, actor=person("nina"), now=flow.later())
    assert waits_for("noah") == ["Check"]
    approve(flow, "check", "noah")
    assert flow.where == "= done"
    rebuilt(flow)


def test_a_group_of_one_is_given_the_task() -> None:
    make_finance()
    flow = begin(by_region(), by="rita", region="south")
    assert flow.task("check").assignee == person("sue")
    assert not AddedPerson.objects.exists()


def test_lists_follow_the_group_within_a_minute_and_rights_at_once() -> None:
    make_finance()
    flow = begin(by_region(), by="rita", region="north")
    make_user("nell", groups=["finance-north"])
    Group.objects.get(name="finance-north").user_set.remove(person("noah"))
    with refused(NotAllowed, "not in its role"):
        approve(flow, "check", "noah")
    assert watch_queues(now=flow.later(minutes=1)) == 0
    assert (waits_for("nell"), waits_for("noah")) == (["Check"], [])
    with nothing_changed():
        assert watch_queues(now=flow.later(minutes=1)) == 0
    approve(flow, "check", "nell")


def test_a_group_that_loses_everybody_is_an_incident_and_one_that_has_somebody_again_is_none() -> (
    None
):
    make_finance()
    flow = begin(by_region(), by="rita", region="north")
    Group.objects.get(name="finance-north").user_set.clear()
    assert watch_queues(now=flow.later(minutes=1)) == 1
    make_user("nell", groups=["finance-north"])
    watch_queues(now=flow.later(minutes=1))
    assert flow.task("check").assignee == person("nell")
    assert flow.incidents() == [("nobody", "resolved")]


def test_another_choice_moves_the_task_to_the_other_group() -> None:
    make_finance()
    make_user("sam", groups=["finance-south"])
    flow = begin(by_region(), by="rita", region="north")
    set_values(
        flow.request.pk,
        actor=person("olga"),
        data={"region": "south"},
        reason="Typed wrongly.",
        now=flow.later(),
    )
    assert (waits_for("nina"), waits_for("sue"), waits_for("sam")) == ([], ["Check"], ["Check"])


def test_a_quorum_counts_the_people_of_the_group() -> None:
    make_finance()
    flow = begin(by_region(quorum="all"), by="rita", region="north")
    assert flow.task("check").needed == 2
    approve(flow, "check", "nina")
    assert (waits_for("nina"), waits_for("noah")) == ([], ["Check"])
    approve(flow, "check", "noah")
    assert flow.where == "= done"
    rebuilt(flow)


# -- the map ----------------------------------------------------------------------------------


def codes(made: dict[str, Any], people: Any = None) -> set[str]:
    found = audit_definition(Definition.model_validate(made), people or AnyPeople())
    return {finding.code for finding in found}


def test_a_file_loads_and_dumps_as_it_was_written() -> None:
    make_finance()
    for made in (by_manager(), by_region()):
        definition = read_definition(json.dumps(made), name="map")
        assert definition.dump()["roles"] == made["roles"]
        assert read_definition(write_definition(definition), name="map") == definition
        version = publish(made)
        assert definition_of(version).dump()["roles"] == made["roles"]
    assert Role.objects.get(key="finance").groups is None


@pytest.mark.parametrize(
    "role",
    [
        {"manager_of": "Rita!"},
        {"groups": "finance"},
        {"column": "lines"},
        {"groups_by_fields": "finance-{{ region }}"},
        {"manager_of": "requester", "groups": ["crew"]},
    ],
)
def test_what_cannot_be_read_is_refused(role: dict[str, Any]) -> None:
    made = by_manager(manager=role)
    with pytest.raises(DefinitionProblem):
        read_definition(json.dumps(made), name="map")


def test_the_audit_asks_for_every_group_that_may_be_meant() -> None:
    make_finance()
    assert not {"group_choice_unknown", "group_choice_empty"} & codes(by_region(), SitePeople())
    made = by_region()
    made["fields"]["region"]["choices"].append("east")
    assert "group_choice_unknown" in codes(made, SitePeople())
    make_group("finance-east")
    assert "group_choice_empty" in codes(made, SitePeople())


@pytest.mark.parametrize(
    "role",
    [
        {"groups": "finance-{{ amount }}"},
        {"groups": "finance-{{ nothing }}"},
        {"groups": "finance-{{ region | shout }}"},
        {"manager_of": "done"},
        {"manager_of": "elsewhere"},
        {"column": "lines.person"},
    ],
)
def test_the_audit_refuses_settings_that_find_nobody(role: dict[str, Any]) -> None:
    made = by_region()
    made["roles"]["finance"] = role
    assert "role_setting_wrong" in codes(made)


def test_the_audit_counts_who_may_ask_and_has_no_manager() -> None:
    make_directory()
    found = audit_definition(Definition.model_validate(by_manager()), SitePeople())
    (finding,) = (finding for finding in found if finding.code == "manager_missing")
    assert finding.severity == "warning"
    assert finding.parameters["count"] == 1  # sid
