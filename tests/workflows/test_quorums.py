"""Quorums that say more than a number, driven through requests, lists and incidents."""

import json
from typing import Any

import pytest

from tests.automation.driving import plain
from tests.factories import make_user
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
from tests.workflows.test_directory_roles import codes, rebuilt, step, waits_for
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.errors import DefinitionProblem, WrongState
from workflows.engine.format.files import json_schema, read_definition
from workflows.execution.services import incidents
from workflows.execution.services.staffing_watch import watch_queues
from workflows.people.models import User
from workflows.people.queries.directory import SitePeople

pytestmark = pytest.mark.django_db


def asked_of(quorum: Any, role: str = "crew", **more: Any) -> dict[str, Any]:
    made = plain("many", {"agree": step(role, quorum=quorum, **more)})
    made["fields"]["how_many"] = {"type": "integer"}
    made["start"]["fields"] = [*made["start"]["fields"], "how_many"]
    made["roles"] |= {"finance": {"groups": ["finance"]}, "legal": {"groups": ["legal"]}}
    return made


def by_roles(quorum: dict[str, int] | None = None) -> Flow:
    """Fay is of finance, Leo of legal, Bo of both."""
    make_people()
    make_user("fay", groups=["finance"])
    make_user("leo", groups=["legal"])
    make_user("bo", groups=["finance", "legal"])
    return begin(asked_of(quorum or {"finance": 1, "legal": 1}, "finance"))


def agree(flow: Flow, by: str) -> None:
    flow.decide("agree", "approve", by=by, seen=digest_now(flow, "agree"))


# -- a share ----------------------------------------------------------------------------------


def test_a_share_is_of_who_is_in_the_role_and_not_kept_from_it_when_the_step_is_reached() -> None:
    flow = begin(asked_of("60%"), by="sid")  # of ann, bob, cat and sid, who asked
    assert flow.task("agree").needed == 2
    make_user("new", groups=["crew"])
    agree(flow, "ann")
    rebuilt(flow)
    agree(flow, "new")
    assert flow.where == "= done"
    rebuilt(flow)


def test_a_share_that_cannot_be_reached_any_more_is_an_incident() -> None:
    flow = begin(asked_of("100%"), by="sid")
    User.objects.filter(username="cat").update(is_active=False)
    assert watch_queues(now=flow.later(minutes=1)) == 1
    assert flow.incident().parameters["gap"] == "too_few"


# -- from a field -----------------------------------------------------------------------------


def test_a_field_says_how_many_when_the_step_is_reached() -> None:
    flow = begin(asked_of({"field": "how_many"}), how_many=2)
    assert flow.task("agree").needed == 2
    agree(flow, "ann")
    agree(flow, "bob")
    assert flow.where == "= done"
    rebuilt(flow)


@pytest.mark.parametrize("given", [{}, {"how_many": 0}, {"how_many": 1001}])
def test_a_field_that_says_no_number_is_an_incident_that_a_value_mends(
    given: dict[str, Any],
) -> None:
    flow = begin(asked_of({"field": "how_many"}), **given)
    incident = flow.incident()
    assert incident.code == "rule_failed"
    assert "How many" in incident.message
    incidents.retry(
        incident.pk,
        actor=person("olga"),
        data={"how_many": 1},
        reason="Forgotten.",
        now=flow.later(),
    )
    assert flow.task("agree").needed == 1
    agree(flow, "ann")
    assert flow.where == "= done"
    rebuilt(flow)


# -- by roles ---------------------------------------------------------------------------------


def test_each_role_gives_its_own_and_everybody_of_them_finds_the_task() -> None:
    flow = by_roles()
    assert [waits_for(name) for name in ("fay", "leo", "bo", "ann")] == [["Agree"]] * 3 + [[]]
    agree(flow, "leo")
    assert waits_for("leo") == []
    agree(flow, "fay")
    assert flow.where == "= done"
    rebuilt(flow)


def test_one_person_of_both_counts_once_and_for_whichever_lacks() -> None:
    flow = by_roles()
    agree(flow, "bo")
    assert flow.where == "agree"
    rebuilt(flow)
    agree(flow, "leo")
    assert flow.where == "= done"
    rebuilt(flow)


def test_a_second_of_a_role_that_is_full_is_refused_and_told_who_is_awaited() -> None:
    flow = by_roles()
    make_user("fia", groups=["finance"])
    agree(flow, "fay")
    with refused(WrongState, "it waits for others: 1 of 'Legal'"):
        agree(flow, "fia")
    flow.decide("agree", "stop", by="fia", seen=digest_now(flow, "agree"))
    assert flow.where == "= stopped"


def test_a_role_that_loses_everybody_is_an_incident_although_others_are_there() -> None:
    flow = by_roles({"finance": 1, "legal": 2})
    make_user("fia", groups=["finance"])
    assert watch_queues(now=flow.later(minutes=1)) == 0
    User.objects.filter(username="leo").update(is_active=False)
    assert watch_queues(now=flow.later(minutes=1)) == 1
    with nothing_changed():
        assert watch_queues(now=flow.later(minutes=1)) == 0


def test_who_joins_one_of_the_other_roles_finds_the_task_within_a_minute() -> None:
    flow = by_roles()
    make_user("lea", groups=["legal"])
    assert watch_queues(now=flow.later(minutes=1)) == 0
    assert waits_for("lea") == ["Agree"]
    agree(flow, "lea")


# -- the map ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quorum", ["60%", {"field": "how_many"}, {"finance": 1, "legal": 2}, "all", 2]
)
def test_a_map_keeps_its_quorum_as_it_was_written(quorum: Any) -> None:
    make_people()
    made = asked_of(quorum, "finance")
    definition = read_definition(json.dumps(made), name="map")
    assert definition.dump()["steps"]["agree"]["quorum"] == quorum
    for name in ("finance", "legal"):
        for number in range(3):
            make_user(f"{name}{number}", groups=[name])
    assert definition_of(publish(made)).dump()["steps"]["agree"]["quorum"] == quorum


@pytest.mark.parametrize(
    ("quorum", "words"),
    [
        ("0%", "a share of the role"),
        ({"finance": 1, "nobody": 1}, "roles that are declared"),
        ({"legal": 1}, "the step's own"),
        (0, "write a whole number"),
    ],
)
def test_a_quorum_that_cannot_be_is_refused_in_words(quorum: Any, words: str) -> None:
    with pytest.raises(DefinitionProblem, match=words):
        read_definition(json.dumps(asked_of(quorum, "finance")), name="map")


def test_the_schema_says_every_form() -> None:
    forms = json_schema()["$defs"]["ApprovalStep"]["properties"]["quorum"]["anyOf"]
    assert {form.get("type") for form in forms} == {"integer", "string", "object", "null"}


def test_the_audit_asks_whether_the_roles_can_give_so_many() -> None:
    make_people()
    make_user("bo", groups=["finance", "legal"])
    found = codes(asked_of({"finance": 1, "legal": 1}, "finance"), SitePeople())
    assert "quorum_too_large" in found
    make_user("leo", groups=["legal"])
    found = codes(asked_of({"finance": 1, "legal": 1}, "finance"), SitePeople())
    assert "quorum_too_large" not in found


def test_the_audit_types_the_field_that_says_how_many() -> None:
    assert "quorum_field_may_be_empty" in codes(asked_of({"field": "how_many"}))
    assert "quorum_field_unfit" in codes(asked_of({"field": "amount"}))
    assert "quorum_field_unfit" in codes(asked_of({"field": "nothing"}))
