"""A branch through the requester's managers: tasks in turn, stand-ins, incidents, and the trail."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.engine.driving import approval, join, task
from tests.factories import make_user
from tests.workflows.drawn import drawn
from tests.workflows.support import Flow, again, make_people, person, publish, refused
from tests.workflows.test_statements import statements
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.audit import audit_definition
from workflows.engine.errors import NotAllowed
from workflows.engine.format.definition import Definition
from workflows.engine.routing.marking import Marking
from workflows.execution.models import WorkItem
from workflows.execution.queries.inbox import inbox_page
from workflows.execution.services import incidents
from workflows.execution.services.corrections import set_values
from workflows.execution.texts.incident_codes import incident_code_text
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.lifecycle.off_boarding import HandoverPlan, off_board
from workflows.people.models import User
from workflows.people.queries.directory import SitePeople
from workflows.people.queries.reach import find_reach
from workflows.people.services import absences
from workflows.people.services.absences import AbsencePlan

pytestmark = pytest.mark.django_db

CHAIN = {"chain_of": "requester", "until": "limit >= amount"}
TURNS = {"as": "approver", "to": "sign", "one_at_a_time": True, "stop_on": "refusal"}


def signed(each: Any = None, **sign: Any) -> dict[str, Any]:
    """A map whose managers sign in turn; then the crew works, or it is refused."""
    no = {"to": "j", "comment": "required", "exception": True}
    made = drawn(
        "signed",
        {
            "p": {"kind": "parallel", "branches": [{"each": each or CHAIN, **TURNS}], "join": "j"},
            "sign": approval(ok="j", no=no, _role="approver", **sign),
            "j": join("after"),
            "after": task(
                ok="done",
                no={"to": "rejected", "exception": True},
                stop={"to": "stopped", "exception": True},
            ),
        },
    )
    made["roles"]["approver"] = {"field": "approver"}
    made["steps"]["done"].pop("reopen")
    return made


def directory(**people: Any) -> None:
    """Rita's manager is Lea, hers Mia, hers Max; each may approve ten times as much."""
    make_people()
    below = person("rita")
    for name, limit in (("lea", 50), ("mia", 500), ("max", 5000)):
        boss = User.objects.filter(username=name).first() or make_user(name)
        boss.approval_limit = limit
        boss.save()
        below.manager = boss
        below.save()
        below = boss
    for name, said in people.items():
        User.objects.filter(username=name).update(**said)


def start(amount: str = "400.00", data: Any = None, **values: Any) -> Flow:
    publish(data or signed())
    return again("signed", amount=amount, **values)


def agrees(flow: Flow) -> bool:
    request = flow.refresh()
    return rebuild_from_trail(request) == (Marking.from_json(request.marking), request.data)


def chains(flow: Flow) -> list[list[str]]:
    return [list(chain) for chain in flow.refresh().chains.values()]


def retry(flow: Flow, **more: Any) -> None:
    incidents.retry(
        flow.incident().pk,
        actor=person("olga"),
        reason="The directory is right now.",
        now=flow.later(),
        **more,
    )


def test_a_map_with_a_chain_is_sound_kept_in_rows_and_comes_back() -> None:
    directory()
    data = signed({**CHAIN, "levels": 5})
    definition = Definition.model_validate(data)
    version = publish(data)
    assert definition_of(version) == definition
    found = [finding.code for finding in audit_definition(definition, SitePeople())]
    assert "chain_manager_missing" in found  # Sid may ask, and has none
    User.objects.filter(groups__name="staff").update(manager=person("lea"))
    assert not [f.code for f in audit_definition(definition, SitePeople()) if "chain" in f.code]


def test_each_manager_is_asked_in_turn_until_the_limit_covers_the_amount() -> None:
    directory()
    flow = start()
    item = flow.task("sign")
    assert (item.assignee, item.row_label, item.rows) == (person("lea"), "lea", "0")
    with refused(NotAllowed):
        flow.decide("sign", "ok", "mia")
    flow.decide("sign", "ok", "lea")
    assert flow.task("sign").assignee == person("mia")
    flow.decide("sign", "ok", "mia")
    assert flow.where == "after"
    assert agrees(flow)
    (note,) = flow.request.trail.get(command="start").changes["chain"]
    assert note == {
        "step": "p", "key": "p#0", "people": ["lea", "mia"], "until": "limit >= amount"
    }  # fmt: skip


def test_a_refusal_by_one_manager_ends_the_chain() -> None:
    directory()
    flow = start("4000.00")
    flow.decide("sign", "ok", "lea")
    flow.decide("sign", "no", "mia", comment="Too dear.")
    assert flow.where == "after"
    assert WorkItem.objects.filter(request=flow.request, step__key="sign").count() == 2
    assert agrees(flow)


def test_the_chain_stays_as_it_was_found_and_another_request_has_todays() -> None:
    directory()
    flow = start()
    User.objects.filter(username="lea").update(manager=person("max"))
    flow.decide("sign", "ok", "lea")
    assert flow.task("sign").assignee == person("mia")
    assert chains(again("signed", amount="400.00")) == [["lea", "max"]]
    assert agrees(flow)


def test_who_stands_in_for_a_manager_signs_in_their_place() -> None:
    directory()
    make_user("omar")
    flow = start()
    today = flow.now.date()
    plan = AbsencePlan(deputy=person("omar"), first_day=today, last_day=today + timedelta(days=9))
    absences.set_absence(person("lea"), plan, by=person("lea"), now=flow.now)
    assert [row.step for row in inbox_page(person("omar"), now=flow.later()).rows] == ["Sign"]
    flow.decide("sign", "ok", "omar")
    assert flow.last().changes["acted_for"] == person("lea").pk
    assert flow.task("sign").assignee == person("mia")
    assert agrees(flow)


def test_who_has_left_is_stepped_over() -> None:
    directory(lea={"is_active": False})
    assert chains(start("10.00")) == [["mia"]]


def test_where_no_limit_covers_it_the_owner_mends_the_directory_and_tries_again() -> None:
    directory()
    flow = start("6000.00")
    assert flow.open == []
    incident = flow.incident()
    assert (incident.code, incident.owner) == ("chain_too_short", person("olga"))
    assert incident_code_text(incident.code) == "no manager is far enough up"
    assert "lea, mia, max" in incident.message
    assert agrees(flow)
    retry(flow)
    assert flow.incident().code == "chain_too_short"
    User.objects.filter(username="max").update(approval_limit=9000)
    retry(flow)
    assert flow.incidents() == [("chain_too_short", "resolved")] * 2
    assert flow.task("sign").assignee == person("lea")
    assert chains(flow) == [["lea", "mia", "max"]]
    assert agrees(flow)


def test_the_value_may_be_mended_instead() -> None:
    directory()
    flow = start("6000.00")
    retry(flow, data={"amount": "30.00"})
    assert chains(flow) == [["lea"]]
    assert agrees(flow)


def test_a_circle_in_the_directory_is_an_incident_that_names_it() -> None:
    directory()
    User.objects.filter(username="max").update(manager=person("lea"), approval_limit=None)
    flow = start("6000.00")
    assert flow.incident().code == "chain_in_circle"
    assert "lea, mia, max, lea" in flow.incident().message
    assert agrees(flow)


def test_a_chain_may_start_from_a_field_that_is_filled_in_when_it_starts() -> None:
    directory()
    flow = start("4000.00", signed({**CHAIN, "chain_of": "field:helper"}), helper="mia")
    assert chains(flow) == [["max"]]
    assert agrees(flow)


def test_separation_of_duties_holds_for_managers_too() -> None:
    directory()
    flow = start("10.00", signed(_not_by=["requester", "field:helper"]), helper="lea")
    assert flow.incident().code == "nobody"
    with refused(NotAllowed):
        flow.decide("sign", "ok", "lea")


def test_an_approval_is_asked_again_of_the_same_manager() -> None:
    directory()
    flow = start("10.00")
    flow.decide("sign", "ok", "lea")
    set_values(
        flow.request.pk,
        actor=person("olga"),
        data={"amount": "20.00"},
        reason="Dearer.",
        now=flow.later(),
    )
    item = flow.task("sign")
    assert (item.assignee, item.rows) == (person("lea"), "0")
    assert agrees(flow)


def test_who_is_still_to_be_asked_is_said_before_their_account_closes() -> None:
    directory()
    flow = start()
    assert find_reach(person("mia"), now=flow.now).turns == [flow.request]
    assert find_reach(person("lea"), now=flow.now).turns == []
    root = make_user("root", is_superuser=True, is_staff=True)
    plan = HandoverPlan(reason="Leaves.", successor=person("max"))
    result = off_board(person("mia"), plan, by=root, now=flow.later())
    (left,) = result.left
    assert flow.request.reference in left.thing
    flow.decide("sign", "ok", "lea")
    assert flow.incident().code == "nobody"


def test_a_short_chain_costs_a_statement_and_a_long_one_a_few() -> None:
    def cost(amount: str) -> int:
        return len(statements(lambda: again("signed", amount=amount)))

    directory()
    start("10.00")
    assert cost("400.00") <= cost("10.00")
    names = ["max", *(f"above{n}" for n in range(5))]
    for below, name in pairwise(names):
        boss = make_user(name)
        User.objects.filter(username=below).update(manager=boss)
    User.objects.filter(username=names[-1]).update(approval_limit=99999)
    assert cost("90000.00") <= cost("10.00") + 4
