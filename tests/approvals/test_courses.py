"""Changing a request's course: who is asked, who is refused, and that a GET only asks."""

import pytest
import yaml
from django.test import Client

from tests.approvals.office import PURCHASE, ask, ask_approved, decide, everything, signed_in
from tests.factories import NOW, open_task, publish_map
from workflows.execution.models import Incident, MergeRecord, WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.people.models import User

pytestmark = pytest.mark.django_db

WHY = {"reason": "Because"}


def state(request: WorkflowInstance) -> str:
    return str(WorkflowInstance.objects.values_list("state", flat=True).get(pk=request.pk))


def page(request: WorkflowInstance, course: str) -> str:
    return f"/requests/{request.reference}/{course}/"


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def follow(client: Client, path: str, **data: str) -> str:
    answer = client.post(path, data)
    assert answer.status_code == 302, text(answer)
    return text(client.get(answer.headers["Location"]))


def test_suspend_resume_cancel_by_the_owner(people: dict[str, User]) -> None:
    request, client = ask(people["sam"]), signed_in(people["olivia"])
    assert "is suspended." in follow(client, page(request, "suspend"), **WHY)
    assert state(request) == "suspended"
    assert "goes on." in follow(client, page(request, "resume"), **WHY)
    assert state(request) == "running"
    assert "was cancelled." in follow(client, page(request, "cancel"), **WHY)
    assert state(request) == "cancelled"
    assert request.trail.last().comment == "Because"


def test_reopen_goes_back_to_the_step_that_the_end_names(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "reject", comment="No")
    said = follow(signed_in(people["omar"]), page(request, "reopen"), **WHY)
    assert "is open again. It is at “Manager review” (round 2)." in said


def test_the_requester_may_cancel_but_not_suspend(people: dict[str, User]) -> None:
    request, client = ask(people["sam"]), signed_in(people["sam"])
    before = everything()
    for answer in (
        client.get(page(request, "suspend")),
        client.post(page(request, "suspend"), WHY),
    ):
        assert answer.status_code == 403
        assert "Only the owner or deputy" in text(answer)
    assert everything() == before
    follow(client, page(request, "cancel"), **WHY)
    assert state(request) == "cancelled"


@pytest.mark.parametrize("course", ["cancel", "suspend", "resume", "reopen"])
def test_who_only_works_on_a_request_cannot_change_its_course(
    people: dict[str, User], course: str
) -> None:
    request = ask(people["sam"])
    before = everything()
    assert signed_in(people["mia"]).post(page(request, course), WHY).status_code == 403
    assert signed_in(people["stranger"]).post(page(request, course), WHY).status_code == 404
    assert everything() == before


def test_a_get_only_asks(people: dict[str, User]) -> None:
    request, client = ask(people["sam"]), signed_in(people["olivia"])
    before = everything()
    for course in ("cancel", "suspend"):
        answer = client.get(page(request, course), WHY)
        assert answer.status_code == 200
        assert "It is kept in the record." in text(answer)
    assert client.get(page(request, "explode")).status_code == 404
    assert everything() == before


def test_a_reason_must_be_given(people: dict[str, User]) -> None:
    request, client = ask(people["sam"]), signed_in(people["olivia"])
    before = everything()
    answer = client.post(page(request, "cancel"), {"reason": "  "})
    assert answer.status_code == 422
    assert "Give a reason; it is kept in the record." in text(answer)
    assert everything() == before


def test_what_does_not_fit_the_state_is_said_on_the_page(people: dict[str, User]) -> None:
    request, client = ask(people["sam"]), signed_in(people["olivia"])
    before = everything()
    answer = client.post(page(request, "resume"), WHY)
    assert answer.status_code == 409
    assert "only a request that is suspended can be resumed" in text(answer)
    assert "Because" in text(answer)
    assert everything() == before


# -- reassigning ------------------------------------------------------------------------------


def test_the_owner_reassigns_a_task(people: dict[str, User]) -> None:
    """The manager's account is closed, so that nobody else could finish the task."""
    task = open_task(ask(people["sam"]), "manager_review")
    User.objects.filter(username="mia").update(is_active=False)
    client = signed_in(people["olivia"])
    assert "It is with Mia Lopez now." in text(client.get(f"/tasks/{task.pk}/reassign/"))
    said = follow(client, f"/tasks/{task.pk}/reassign/", to="fay", **WHY)
    assert "“Manager review” was reassigned. Fay Chen stands in. It is at “Manager review”." in said
    task.refresh_from_db()
    assert task.assignee == people["fay"]


@pytest.mark.parametrize(
    ("to", "status", "said"),
    [
        ("", 422, "Choose one."),
        ("ghost", 422, "There is no active person with this username."),
        ("sam", 403, "must be done by somebody else"),
        ("fay", 403, "is not in the role"),
    ],
)
def test_a_task_is_not_reassigned_to_just_anybody(
    people: dict[str, User], to: str, status: int, said: str
) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    before = everything()
    answer = signed_in(people["olivia"]).post(f"/tasks/{task.pk}/reassign/", {"to": to, **WHY})
    assert answer.status_code == status
    assert said in text(answer)
    assert everything() == before


def test_only_managers_reassign(people: dict[str, User]) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    before = everything()
    given = {"to": "fay", **WHY}
    for who, status in (("mia", 403), ("sam", 403), ("stranger", 404)):
        answer = signed_in(people[who]).post(f"/tasks/{task.pk}/reassign/", given)
        assert answer.status_code == status
    assert everything() == before


# -- merges -----------------------------------------------------------------------------------


def disagreeing(people: dict[str, User]) -> MergeRecord:
    """Two branches that gave different cost centres."""
    request = ask_approved(people)
    decide(request, "legal_review", people["lena"], "approve", data={"cost_centre": "L-1"})
    decide(request, "budget_check", people["fred"], "done", data={"cost_centre": "F-2"})
    return MergeRecord.objects.get(request=request, state="conflict")


def test_the_owner_chooses_between_branches(people: dict[str, User]) -> None:
    merge = disagreeing(people)
    client, path = signed_in(people["olivia"]), f"/merges/{merge.pk}/"
    assert "L-1" in text(client.get(path))
    branch = next(b for b, value in merge.conflicts["cost_centre"].items() if value == "L-1")
    said = follow(client, path, **{"choice-cost_centre": branch, **WHY})
    assert "the branches are merged. It is complete: approved." in said
    merge.request.refresh_from_db()
    assert merge.request.data["cost_centre"] == "L-1"


def test_the_owner_may_give_another_value(people: dict[str, User]) -> None:
    merge = disagreeing(people)
    given = {"choice-cost_centre": "other", "other-cost_centre": "X-9", **WHY}
    follow(signed_in(people["omar"]), f"/merges/{merge.pk}/", **given)
    merge.request.refresh_from_db()
    assert merge.request.data["cost_centre"] == "X-9"


def test_a_choice_must_be_made(people: dict[str, User]) -> None:
    merge = disagreeing(people)
    before = everything()
    answer = signed_in(people["olivia"]).post(f"/merges/{merge.pk}/", WHY)
    assert answer.status_code == 422
    assert "Choose a value for" in text(answer)
    assert everything() == before


def test_only_managers_choose_between_branches(people: dict[str, User]) -> None:
    merge = disagreeing(people)
    before = everything()
    given = {"choice-cost_centre": "1", **WHY}
    for who, status in (("sam", 403), ("lena", 403), ("stranger", 404)):
        assert signed_in(people[who]).post(f"/merges/{merge.pk}/", given).status_code == status
    assert signed_in(people["olivia"]).post("/merges/99999/", given).status_code == 404
    assert everything() == before


# -- incidents --------------------------------------------------------------------------------


def held_up(people: dict[str, User]) -> Incident:
    """A request whose rule cannot be evaluated: it asks for a field that is empty."""
    data = yaml.safe_load(PURCHASE)
    data["key"] = "small-things"
    data["fields"]["weight"] = {"type": "number", "label": "Weight"}
    data["steps"]["size_check"]["rules"] = [{"when": "weight > 10", "to": "finance_review"}]
    data["steps"]["revise"]["outputs"] = ["amount", "weight"]
    publish_map(data)
    given = {"amount": "5", "region": "EU", "manager": "mia"}
    request = requests.start("small-things", actor=people["sam"], now=NOW, data=given)
    decide(request, "manager_review", people["mia"], "approve")
    return Incident.objects.get(request=request, state="open")


def test_the_owner_puts_a_value_right_and_tries_again(people: dict[str, User]) -> None:
    incident = held_up(people)
    client, path = signed_in(people["olivia"]), f"/incidents/{incident.pk}/"
    request = incident.request
    assert "Held up at “Size check”" in text(client.get(f"/requests/{request.reference}/"))
    assert "Weight" in text(client.get(path))
    given = {"f-weight": "3", "f-amount": "5.00", "f-region": "EU", "f-manager": "mia"}
    said = follow(client, path, **given, **WHY)
    assert "tried again. It is at “Legal review” and “Budget check”" in said
    request.refresh_from_db()
    assert request.data["weight"] == "3"
    assert request.trail.last().changes["given"] == {"weight": "3"}


def test_a_wrong_value_mends_nothing(people: dict[str, User]) -> None:
    incident = held_up(people)
    before = everything()
    given = {"f-weight": "heavy", "f-amount": "5.00", "f-region": "EU", "f-manager": "mia"}
    answer = signed_in(people["olivia"]).post(f"/incidents/{incident.pk}/", {**given, **WHY})
    assert answer.status_code == 422
    assert "write a number" in text(answer).lower()
    assert everything() == before


def test_only_managers_mend_incidents(people: dict[str, User]) -> None:
    incident = held_up(people)
    before = everything()
    for who, status in (("sam", 403), ("mia", 403), ("stranger", 404)):
        answer = signed_in(people[who]).post(f"/incidents/{incident.pk}/", WHY)
        assert answer.status_code == status
    assert everything() == before
