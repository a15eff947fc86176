"""Incidents on the request's page: who sees what, and the three ways on. A GET only asks."""

from typing import Any

import pytest
import yaml

from tests.approvals.office import PURCHASE, decide, everything, signed_in
from tests.factories import NOW, make_failed_attempt, publish_map
from workflows.access.conditions import AUDIT
from workflows.access.grant_models import TemplateUserPermission
from workflows.access.permissions import permission_named
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.routing.step_troubles import StepFailed
from workflows.execution.models import Incident, WorkflowInstance
from workflows.execution.services import automation_steps as outside
from workflows.execution.services import instances as requests
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.people.models import User

pytestmark = pytest.mark.django_db

WHY = {"reason": "Because"}
ANSWER = "<b>no such supplier</b>"


UNUSED = (
    *("size_check", "finance_review", "checks", "legal_review", "budget_check", "checks_done"),
)


def orders() -> dict[str, Any]:
    """The purchase map's review, followed by an order that is placed outside."""
    data = yaml.safe_load(PURCHASE)
    data |= {"key": "orders", "name": "Orders"}
    data["fields"]["po_number"] = {"type": "text", "label": "Order number", "required": True}
    steps = {key: step for key, step in data["steps"].items() if key not in UNUSED}
    steps["manager_review"]["outcomes"]["approve"] = "order"
    steps["order"] = {
        "kind": "automation",
        "action": "http",
        "to": "approved",
        "with": {"method": "POST", "url": "https://erp.example.com/orders"},
        "outputs": {"po_number": "$.number"},
        "retry": {"attempts": 2},
    }
    return data | {"steps": steps}


@pytest.fixture
def stuck(people: dict[str, User]) -> Incident:
    """A request whose order could not be placed, after two attempts."""
    return place_order_in_vain(people["sam"], people["mia"])


def place_order_in_vain(requester: User, manager: User) -> Incident:
    """A request of theirs whose order could not be placed, after two attempts."""
    publish_map(orders())
    given = {"amount": "5", "region": "EU", "manager": manager.get_username()}
    request = requests.start("orders", actor=requester, now=NOW, data=given)
    decide(request, "manager_review", manager, "approve")
    item = request.work_items.get(step__key="order")
    for number in (1, 2):
        make_failed_attempt(item, number=number, answer=ANSWER)
    case = outside.open_work_of_instance(request.pk, now=NOW)
    outside.fail_waiting_step(
        case, item.activation, StepFailed("http_500", "The order was not taken.")
    )
    return Incident.objects.get(request=request, state=Incident.OPEN)


def page(incident: Incident, who: User) -> str:
    answer = signed_in(who).get(f"/requests/{incident.request.reference}/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def addresses(incident: Incident) -> dict[str, str]:
    start = f"/incidents/{incident.pk}/"
    return {"Retry now": start, "Skip": f"{start}skip/", "Send to another step": f"{start}reroute/"}


def state(incident: Incident) -> str:
    return str(Incident.objects.values_list("state", flat=True).get(pk=incident.pk))


def everything_here() -> list[Any]:
    rows = [Incident, OutboxMessage, Attempt]
    return [*everything(), *(list(model.objects.order_by("pk").values()) for model in rows)]


def test_who_manages_sees_what_happened_what_was_tried_and_the_ways_on(
    people: dict[str, User], stuck: Incident
) -> None:
    text = page(stuck, people["olivia"])
    assert "Held up at “Order”" in text
    for words in ("The order was not taken.", "http_500", "Olivia Grant has to put it right"):
        assert words in text
    assert text.count("1234 ms") == 4, "two attempts, at the incident and under all attempts"
    assert "&lt;b&gt;no such supplier&lt;/b&gt;" in text
    for words, address in addresses(stuck).items():
        assert f'href="{address}">{words}</a>' in text


def test_others_see_only_that_it_waits_and_for_whom(
    people: dict[str, User], stuck: Incident
) -> None:
    for name in ("sam", "mia"):
        text = page(stuck, people[name])
        assert "Olivia Grant has to put it right" in text
        for words in (
            "The order was not taken.",
            "http_500",
            "1234 ms",
            "no such supplier",
            "/incidents/",
        ):
            assert words not in text


def test_who_may_only_audit_reads_the_attempts_and_has_no_buttons(
    people: dict[str, User], stuck: Incident
) -> None:
    TemplateUserPermission.objects.create(
        user=people["stranger"],
        content_object=stuck.request.template,
        permission=permission_named(WorkflowTemplate, AUDIT),
    )
    text = page(stuck, people["stranger"])
    assert "1234 ms" in text
    assert "/incidents/" not in text


def test_an_incident_is_retried(people: dict[str, User], stuck: Incident) -> None:
    before = OutboxMessage.objects.filter(kind="attempt").count()
    answer = signed_in(people["olivia"]).post(addresses(stuck)["Retry now"], WHY, follow=True)
    assert "tried again." in answer.content.decode()
    assert state(stuck) == "resolved"
    assert OutboxMessage.objects.filter(kind="attempt").count() == before + 1
    event = stuck.request.trail.get(command="retry")
    assert (event.actor_name, event.comment) == ("olivia", "Because")


def test_a_step_is_skipped_with_what_it_would_have_given(
    people: dict[str, User], stuck: Incident
) -> None:
    client, address = signed_in(people["omar"]), addresses(stuck)["Skip"]
    assert "Order number" in client.get(address).content.decode()
    answer = client.post(address, {"f-po_number": "PO-7", **WHY}, follow=True)
    assert "the step was skipped." in answer.content.decode()
    request = WorkflowInstance.objects.get(pk=stuck.request_id)
    assert (request.result, request.data["po_number"]) == ("approved", "PO-7")
    assert state(stuck) == "resolved"


def test_a_step_is_not_skipped_without_a_value_that_is_relied_on(
    people: dict[str, User], stuck: Incident
) -> None:
    before = everything_here()
    answer = signed_in(people["olivia"]).post(addresses(stuck)["Skip"], WHY)
    assert answer.status_code == 422
    assert "Fill this in." in answer.content.decode()
    assert everything_here() == before


def test_work_is_sent_to_another_step(people: dict[str, User], stuck: Incident) -> None:
    client, address = signed_in(people["olivia"]), addresses(stuck)["Send to another step"]
    assert '<option value="revise">Revise</option>' in client.get(address).content.decode()
    said = client.post(address, {"to": "revise", **WHY}, follow=True).content.decode()
    assert "sent on. It is at “Revise”" in said
    assert state(stuck) == "resolved"
    assert [task.step.key for task in stuck.request.work_items.open()] == ["revise"]


@pytest.mark.parametrize("to", ["", "order", "nowhere"])
def test_work_is_sent_only_to_a_step_of_the_list(
    people: dict[str, User], stuck: Incident, to: str
) -> None:
    before = everything_here()
    address = addresses(stuck)["Send to another step"]
    answer = signed_in(people["olivia"]).post(address, {"to": to, **WHY})
    assert answer.status_code == 422
    assert "Choose one" in answer.content.decode()
    assert everything_here() == before


def test_a_get_only_asks_and_a_reason_must_be_given(
    people: dict[str, User], stuck: Incident
) -> None:
    client, before = signed_in(people["olivia"]), everything_here()
    given = {"to": "revise", "f-po_number": "PO-7", "reason": " "}
    for address in addresses(stuck).values():
        answer = client.get(address, given | WHY)
        assert answer.status_code == 200
        assert "It is kept in the record." in answer.content.decode()
        refused = client.post(address, given)
        assert refused.status_code == 422
        assert "Give a reason" in refused.content.decode()
    assert everything_here() == before


def test_only_managers_mend(people: dict[str, User], stuck: Incident) -> None:
    before = everything_here()
    given = {"to": "revise", "f-po_number": "PO-7", **WHY}
    for name, status in (("mia", 403), ("sam", 403), ("stranger", 404)):
        for address in addresses(stuck).values():
            assert signed_in(people[name]).post(address, given).status_code == status
    assert everything_here() == before


def test_an_incident_that_is_over_is_mended_once(people: dict[str, User], stuck: Incident) -> None:
    client = signed_in(people["olivia"])
    client.post(addresses(stuck)["Retry now"], WHY)
    before = everything_here()
    given = {"to": "revise", "f-po_number": "PO-7", **WHY}
    for address in addresses(stuck).values():
        answer = client.post(address, given)
        assert answer.status_code == 409
        assert "This incident is over" in answer.content.decode()
    assert everything_here() == before
    text = page(stuck, people["olivia"])
    assert "Was held up at “Order”" in text
    assert "/incidents/" not in text


def test_what_a_person_does_cannot_be_skipped(people: dict[str, User]) -> None:
    given = {"amount": "5", "region": "EU", "manager": "sam"}
    request = requests.start("purchase-approval", actor=people["sam"], now=NOW, data=given)
    incident = Incident.objects.get(request=request)
    assert "/skip/" not in page(incident, people["olivia"])
    before = everything_here()
    answer = signed_in(people["olivia"]).post(addresses(incident)["Skip"], WHY)
    assert answer.status_code == 409
    assert "cannot be skipped" in answer.content.decode()
    assert everything_here() == before
