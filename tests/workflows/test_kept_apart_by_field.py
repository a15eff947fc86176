"""Separation of duties for whoever a field names: an assistant files, the dean does not approve."""

import json
from typing import Any

import pytest

from tests.automation.driving import plain
from tests.workflows.support import (
    Flow,
    again,
    begin,
    digest_now,
    make_people,
    person,
    refused,
)
from tests.workflows.test_directory_roles import approve, codes, rebuilt, step, waits_for
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.errors import DefinitionProblem, NotAllowed
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition
from workflows.execution.services.corrections import set_values
from workflows.execution.services.staffing_watch import watch_queues
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def filed(**more: Any) -> dict[str, Any]:
    """Somebody files for a dean; the crew approves, and the dean may be one of the crew."""
    task = step("crew", "approve_it") | {"kind": "task", "outputs": ["dean"]}
    apart = step("crew", not_by=["requester", "field:dean"], **more)
    made = plain("hire", {"prepare": task, "approve_it": apart})
    made["fields"]["dean"] = {"type": "user", "required": True}
    made["start"]["fields"] = [*made["start"]["fields"], "dean"]
    return made


def at_approval(dean: str = "ann", by: str = "bob", **values: Any) -> Flow:
    flow = begin(filed(), dean=dean)
    flow.decide("prepare", "approve", by=by, data=values, seen=digest_now(flow, "prepare"))
    return flow


def test_whoever_the_field_names_is_kept_from_it_everywhere() -> None:
    flow = at_approval()
    assert waits_for("ann") == []
    assert waits_for("cat") == ["Approve it"]
    with refused(NotAllowed, "the person in 'Dean'"):
        approve(flow, "approve_it", "ann")
    approve(flow, "approve_it", "cat")
    assert flow.where == "= done"
    rebuilt(flow)


def test_another_value_keeps_another_person() -> None:
    flow = at_approval()
    values = {"dean": "cat"}
    set_values(
        flow.request.pk, actor=person("olga"), data=values, reason="Wrong.", now=flow.later()
    )
    assert (waits_for("cat"), waits_for("ann")) == ([], ["Approve it"])
    rebuilt(flow)
    approve(flow, "approve_it", "ann")


def test_who_takes_their_own_name_out_stays_kept_from_it() -> None:
    flow = at_approval(dean="ann", by="ann")
    with refused(NotAllowed, "the person in 'Dean'"):
        approve(flow, "approve_it", "ann")
    other = at_other("ann", dean="cat")
    for name in ("ann", "cat"):
        with refused(NotAllowed, "the person in 'Dean'"):
            approve(other, "approve_it", name)
    rebuilt(other)


def at_other(by: str, **values: Any) -> Flow:
    flow = again("hire", dean=by)
    flow.decide("prepare", "approve", by=by, data=values, seen=digest_now(flow, "prepare"))
    return flow


def test_a_login_that_changes_hands_still_means_who_was_named() -> None:
    flow = at_approval()
    ann = person("ann")
    ann.username = "ann.new"
    ann.save()
    with refused(NotAllowed, "the person in 'Dean'"):
        approve(flow, "approve_it", "ann.new")


def test_where_only_the_named_one_is_left_an_incident_says_so() -> None:
    flow = at_approval()
    User.objects.filter(username__in=("bob", "cat", "sid")).update(is_active=False)
    assert watch_queues(now=flow.later(minutes=1)) == 1
    assert flow.incident().parameters["gap"] == "barred"


def test_everybody_counts_without_whom_the_field_names() -> None:
    flow = begin(filed(quorum="all"), dean="ann")
    flow.decide("prepare", "approve", by="bob", data={}, seen=digest_now(flow, "prepare"))
    assert flow.task("approve_it").needed == 3
    rebuilt(flow)


def test_a_map_keeps_it_and_refuses_a_field_that_is_not_there() -> None:
    make_people()
    made = filed()
    definition = read_definition(json.dumps(made), name="map")
    assert definition.dump()["steps"]["approve_it"]["not_by"] == ["requester", "field:dean"]
    flow = begin(made, dean="ann")
    assert definition_of(flow.request.version).dump()["steps"] == definition.dump()["steps"]
    made["steps"]["approve_it"]["not_by"] = ["field:nobody"]
    with pytest.raises(DefinitionProblem, match="a field that names people"):
        read_definition(json.dumps(made), name="map")


def test_the_audit_types_it_and_asks_whether_it_is_filled_in() -> None:
    made = filed()
    assert not {code for code in codes(made) if code.startswith("not_by_field")}
    made["fields"]["dean"]["required"] = False
    made["steps"]["prepare"]["outputs"] = []
    assert "not_by_field_may_be_empty" in codes(made)
    made["steps"]["approve_it"]["not_by"] = ["requester", "field:amount"]
    assert "not_by_field_unfit" in codes(made)
    made = filed()
    made["roles"]["named"] = {"field": "dean"}
    made["steps"]["approve_it"]["role"] = "named"
    assert "nobody_left" in codes(made)
    Definition.model_validate(made)


# -- several people in one field --------------------------------------------------------------


def filed_for_several() -> dict[str, Any]:
    """As above, where several people may be named."""
    made = filed()
    made["fields"]["dean"] = {"type": "users", "required": True}
    return made


def test_everybody_whom_a_field_of_several_names_is_kept_from_it() -> None:
    assert not {code for code in codes(filed_for_several()) if code.startswith("not_by_field")}
    flow = begin(filed_for_several(), dean=["ann", "cat"])
    flow.decide("prepare", "approve", by="bob", data={}, seen=digest_now(flow, "prepare"))
    assert (waits_for("ann"), waits_for("cat")) == ([], [])
    assert waits_for("sid") == ["Approve it"]
    for name in ("ann", "cat"):
        with refused(NotAllowed, "the person in 'Dean'"):
            approve(flow, "approve_it", name)
    values = {"dean": ["cat", "sid"]}
    set_values(
        flow.request.pk, actor=person("olga"), data=values, reason="Wrong.", now=flow.later()
    )
    assert (waits_for("cat"), waits_for("sid"), waits_for("ann")) == ([], [], ["Approve it"])
    with refused(NotAllowed, "the person in 'Dean'"):
        approve(flow, "approve_it", "sid")
    rebuilt(flow)
    approve(flow, "approve_it", "ann")
    assert flow.where == "= done"
    rebuilt(flow)


def test_one_of_several_who_takes_their_own_name_out_stays_kept_from_it() -> None:
    flow = begin(filed_for_several(), dean=["ann", "cat"])
    left = {"dean": ["cat"]}
    flow.decide("prepare", "approve", by="ann", data=left, seen=digest_now(flow, "prepare"))
    for name in ("ann", "cat"):
        with refused(NotAllowed, "the person in 'Dean'"):
            approve(flow, "approve_it", name)
    approve(flow, "approve_it", "bob")
    rebuilt(flow)
