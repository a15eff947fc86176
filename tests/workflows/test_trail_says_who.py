"""The trail says in which capacity the actor acted, by which role, and by which door."""

import pytest
from django.test import Client

from tests.approvals.api.calls import Api, open_api_office, start_body
from tests.approvals.api.test_hooks import ORDER, make_key, send, signed
from tests.factories import NOW, make_user
from tests.workflows import drawn
from tests.workflows.support import Flow, begin, person
from workflows.access.permissions import management_capacity
from workflows.access.services.tokens import make_token
from workflows.automation.services.delivery import deliver_due
from workflows.execution.models import AddedPerson
from workflows.execution.services import work_items as tasks
from workflows.outbox.models import OutboxMessage
from workflows.trail.models import TrailEvent
from workflows.trail.services.channel import channel_scope, current_channel

pytestmark = pytest.mark.django_db


def said(row: TrailEvent) -> tuple[str, str]:
    return row.capacity, row.role


def test_a_decision_names_the_role_that_the_actor_has() -> None:
    flow = begin(drawn.sequential())
    assert said(flow.last()) == ("requester", "")
    tasks.claim(flow.task("review").pk, actor=person("ann"), now=flow.later())
    assert said(flow.last()) == ("role", "crew")
    flow.decide("review", "back", comment="Why?")
    assert said(flow.last()) == ("role", "crew")
    flow.decide("fix", "again", by="rita")
    assert said(flow.last()) == ("role", "asker")


def test_an_outcome_of_another_role_names_that_role() -> None:
    flow = begin(drawn.states(), helper="cat")
    flow.decide("review", "to_work")
    assert said(flow.last()) == ("role", "crew")
    flow.decide("work", "park")
    flow.decide("parked", "mine", by="cat")
    assert said(flow.last()) == ("role", "helper")


def test_who_got_late_work_acts_by_escalation() -> None:
    flow = begin(drawn.sequential())
    AddedPerson.objects.create(
        work_item=flow.task("review"), user=person("mona"), role="bosses", added_at=NOW
    )
    flow.decide("review", "ok", by="mona")
    assert said(flow.last()) == ("escalation", "bosses")


@pytest.mark.parametrize(("who", "capacity"), [("olga", "owner"), ("dan", "deputy")])
def test_who_steers_is_never_said_to_have_the_steps_role(who: str, capacity: str) -> None:
    flow = begin(drawn.sequential())
    tasks.reassign(
        flow.task("review").pk, actor=person(who), to=person("bob"), reason="Ill.", now=flow.later()
    )
    assert said(flow.last()) == (capacity, "")
    flow.command("suspend", by=who)
    assert said(flow.last()) == (capacity, "")


def test_a_superuser_steers_for_the_site_and_the_clock_as_nobody() -> None:
    flow = begin(drawn.sequential())
    root = make_user("root", is_superuser=True)
    flow.command("suspend", by="root")
    assert said(flow.last()) == ("site", "")
    flow.command("resume", by=None)
    assert said(flow.last()) == ("", "")
    assert management_capacity(root, flow.request.template) == "site"
    assert management_capacity(person("ann"), flow.request.template) is None


def test_a_requester_cancels_as_the_requester() -> None:
    flow = begin(drawn.sequential())
    flow.command("cancel", by="rita")
    assert said(flow.last()) == ("requester", "")


# -- by which door ----------------------------------------------------------------------------


def test_a_call_within_is_direct_and_a_door_closes_behind_what_came_by_it() -> None:
    flow = begin(drawn.sequential())
    assert flow.last().channel == "direct"
    with channel_scope("page"), channel_scope("worker"):
        assert current_channel().channel == "worker"
    assert current_channel().channel == "direct"
    with pytest.raises(ValueError, match="window"), channel_scope("window"):
        pass


def test_a_token_and_its_maker_stand_beside_the_person_it_acts_for() -> None:
    sam = open_api_office()["sam"]
    row, text = make_token(user=sam, name="ERP", scopes=["start"], expires_at=None, by=sam, now=NOW)
    Api(token=text).post("/instances", start_body())
    event = TrailEvent.objects.get(command="start")
    assert (event.channel, event.actor_name) == ("api", "sam")
    assert (event.token, event.token_by) == (f"{row.pk}: ERP", "sam")
    browser = Client()
    browser.force_login(sam)
    browser.post(f"/requests/{event.reference}/cancel/", {"reason": "Not needed."})
    event = TrailEvent.objects.get(command="cancel")
    assert (event.channel, event.token, event.token_by) == ("page", "", "")


def test_a_webhook_names_its_key() -> None:
    people = open_api_office()
    key = make_key(people, created_by=people["olivia"])
    assert send(signed(ORDER)).status_code == 201
    event = TrailEvent.objects.get(command="start")
    assert (event.channel, event.token) == ("webhook", f"{key.pk}: the shop")
    assert (event.actor_name, event.token_by) == ("sam", "olivia")


def test_what_the_clock_does_is_said_to_be_the_clocks() -> None:
    late = drawn.sequential()
    late["steps"]["review"] |= {"due": "1d", "on_overdue": {"remind_every": "1d"}}
    flow = Flow(begin(late).request)
    moment = OutboxMessage.objects.get(kind="remind").run_after
    deliver_due(lambda: moment)
    event = TrailEvent.objects.get(command="remind")
    assert (event.channel, event.role, event.capacity) == ("clock", "", "")
    assert flow.where == "review"
