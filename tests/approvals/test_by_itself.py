"""What pages say of steps that no person does: calls, waits, subworkflows; and of late work."""

from datetime import timedelta
from typing import Any

import pytest
import yaml

from tests.approvals.office import PURCHASE, ask, decide, page_text, signed_in
from tests.factories import NOW, make_failed_attempt, open_task, publish_map
from workflows.automation.services.delivery import deliver_due
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.language.formats import moment_text
from workflows.outbox.models import OutboxMessage
from workflows.people.models import User

pytestmark = pytest.mark.django_db

VALUES = {"amount": "5", "region": "EU", "manager": "mia"}
UNUSED = (
    *("size_check", "finance_review", "checks", "legal_review", "budget_check", "checks_done"),
)


def at_step(people: dict[str, User], step: dict[str, Any]) -> WorkflowInstance:
    """A request that has just come to a step of this kind, after its approval."""
    data = yaml.safe_load(PURCHASE) | {"key": "outside", "name": "Outside"}
    steps = {key: one for key, one in data["steps"].items() if key not in UNUSED}
    steps["manager_review"]["outcomes"]["approve"] = "by_itself"
    steps["by_itself"] = {"name": "By itself", "to": "approved"} | step
    publish_map(data | {"steps": steps})
    request = requests.start("outside", actor=people["sam"], now=NOW, data=VALUES, title="R")
    decide(request, "manager_review", people["mia"], "approve")
    return WorkflowInstance.objects.get(pk=request.pk)


CALL = {
    "kind": "automation",
    "action": "http",
    "retry": {"attempts": 5},
    "with": {"method": "POST", "url": "https://erp.example.com/orders"},
}


def seen(user: User, request: WorkflowInstance) -> str:
    answer = signed_in(user).get(f"/requests/{request.reference}/")
    assert answer.status_code == 200
    return answer.content.decode()


def listed(user: User) -> str:
    return signed_in(user).get("/requests/").content.decode()


def failed_once(request: WorkflowInstance, next_try: Any) -> None:
    make_failed_attempt(
        open_task(request, "by_itself"),
        milliseconds=None,
        status=503,
        code="status_503",
        parameters={"error": "status_503", "text": "The other side answered with status 503."},
    )
    OutboxMessage.objects.filter(request=request, kind="attempt").update(
        payload={"tried": 1},
        run_after=next_try,
        error_code="error",
        error_parameters={"error": "status 503"},
    )


# -- automations ------------------------------------------------------------------------------


def test_a_call_that_was_not_made_yet_is_about_to_be(people: dict[str, User]) -> None:
    request = at_step(people, CALL)
    assert "Its first attempt is about to be made." in seen(people["sam"], request)


def test_a_failed_attempt_says_when_the_next_one_is(people: dict[str, User]) -> None:
    request = at_step(people, CALL)
    later = request.started_at.replace(year=2100)
    failed_once(request, later)
    page, moment = seen(people["sam"], request), moment_text(later)
    assert f"The last attempt failed. Attempt 2 of 5 follows at {moment}." in page
    assert f"the system; attempt 2 of 5 follows at {moment}" in listed(people["sam"])


def test_what_went_wrong_outside_is_told_to_those_who_manage(people: dict[str, User]) -> None:
    request = at_step(people, CALL)
    failed_once(request, NOW)
    assert "(status_503: The other side answered" in seen(people["olivia"], request)
    assert "status_503" not in seen(people["sam"], request)
    assert "Attempt 2 of 5 is due now." in seen(people["sam"], request)


def test_an_attempt_that_is_being_made_is_counted(people: dict[str, User]) -> None:
    request = at_step(people, CALL)
    failed_once(request, NOW)
    OutboxMessage.objects.filter(request=request).update(state="taken", payload={"tried": 2})
    assert "Attempt 2 of 5 is being made." in seen(people["sam"], request)


def test_a_suspended_request_says_that_its_call_waits(people: dict[str, User]) -> None:
    request = at_step(people, CALL)
    requests.suspend(request.pk, actor=people["olivia"], reason="Holiday", now=NOW)
    deliver_due(lambda: NOW)
    assert "Nobody; it waits until the request is resumed." in seen(people["sam"], request)


# -- waits ------------------------------------------------------------------------------------


def test_a_wait_for_a_time_says_until_when(people: dict[str, User]) -> None:
    request = at_step(people, {"kind": "wait", "for": "2d"})
    until = OutboxMessage.objects.get(request=request, kind="wake").run_after
    assert f"Nobody; it waits until {moment_text(until)}." in seen(people["sam"], request)
    assert f"nobody; it waits until {moment_text(until)}" in listed(people["sam"])


@pytest.mark.parametrize(
    ("role", "sender"),
    [("finance", "anybody in finance"), ("requester", "the requester"), ("manager", "mia")],
)
def test_a_wait_for_a_message_says_which_and_from_whom(
    people: dict[str, User], role: str, sender: str
) -> None:
    request = at_step(people, {"kind": "wait", "message": "goods_in", "role": role})
    assert f"it waits for the message “goods_in” from {sender}." in seen(people["sam"], request)
    assert "nobody; it waits for the message “goods_in”" in listed(people["sam"])


# -- families ---------------------------------------------------------------------------------


def test_a_subworkflow_links_to_its_request_and_back(people: dict[str, User]) -> None:
    step = {"kind": "subworkflow", "workflow": "purchase-approval", "data": VALUES}
    request = at_step(people, step)
    assert "the system starts a request of “purchase-approval”" in seen(people["sam"], request)

    deliver_due(lambda: NOW)
    child = WorkflowInstance.objects.get(parent=request)
    text = seen(people["sam"], request)
    assert f"Nobody; it waits until {child.reference} has ended." in text
    assert text.count(f'href="/requests/{child.reference}/"') == 2
    assert f"waits for {child.reference}" in listed(people["sam"])
    back = seen(people["sam"], child)
    assert f'href="/requests/{request.reference}/"' in back
    assert "goes on when it has ended" in back


def test_a_family_is_shown_as_far_as_one_may_see_it(people: dict[str, User]) -> None:
    request, hers = ask(people["sam"]), ask(people["sue"])
    WorkflowInstance.objects.filter(pk=hers.pk).update(parent=request)
    assert f"/requests/{hers.reference}/" not in seen(people["sam"], request)
    assert f"/requests/{request.reference}/" not in seen(people["sue"], hers).split("<main")[1]
    assert f"/requests/{hers.reference}/" in seen(people["olivia"], request)
    assert "It was started by" in seen(people["olivia"], hers)


def test_a_request_that_nobody_asked_for_says_how_it_came(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    WorkflowInstance.objects.filter(pk=request.pk).update(
        requester=None, requester_name="", source=WorkflowInstance.SCHEDULE
    )
    assert "It came by schedule on" in seen(people["olivia"], request)
    everything = signed_in(people["olivia"]).get("/requests/?whose=all").content.decode()
    assert '<td data-label="Asked by"><div>nobody; it came by schedule</div></td>' in everything


# -- late work --------------------------------------------------------------------------------


def late(people: dict[str, User]) -> WorkflowInstance:
    """A request whose manager has left it lying until it was escalated."""
    data = yaml.safe_load(PURCHASE)
    data["steps"]["manager_review"]["on_overdue"] = {"escalate_to": "finance", "after": "1d"}
    publish_map(data)
    request = ask(people["sam"])
    deliver_due(lambda: NOW + timedelta(days=7))
    return request


def test_an_escalated_task_says_since_when_it_is_late_and_from_which_role(
    people: dict[str, User],
) -> None:
    task = open_task(late(people), "manager_review")
    assert task.due_at is not None
    text = page_text(signed_in(people["fred"]), task)
    assert (
        f"It has been late since {moment_text(task.due_at)}. So it was escalated to you on" in text
    )
    assert "you were added from the role “finance”" in text
    assert "was escalated to you" not in page_text(signed_in(people["mia"]), task)


def test_the_inbox_marks_what_was_escalated(people: dict[str, User]) -> None:
    late(people)
    text = signed_in(people["fred"]).get("/").content.decode()
    assert "Late, and escalated to you" in text
    assert "Take it" not in text
    assert "escalated" not in signed_in(people["mia"]).get("/").content.decode()
