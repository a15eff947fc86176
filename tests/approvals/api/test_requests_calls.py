"""The calls on requests: start, read, change the course."""

from typing import Any

import pytest

from tests.approvals.api.calls import PURCHASE, Api, problem, start_body, unchanged
from tests.approvals.office import ask, decide
from tests.factories import make_user, open_task
from workflows.definitions.queries.compiled_versions import cached_map
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.review_digest import digest_of_shown_values
from workflows.people.models import User

pytestmark = pytest.mark.django_db

People = dict[str, User]


def test_a_start_answers_with_the_reference_and_where_to_look(people: People) -> None:
    answer = Api(people["sam"]).post("/instances", start_body())
    assert answer.status_code == 201
    said = answer.json()
    request = WorkflowInstance.objects.get()
    assert said == {
        "reference": request.reference,
        "workflow": "purchase-approval",
        "title": "Two laptops",
        "state": "running",
        "result": None,
        "status_url": f"http://testserver/api/v1/instances/{request.reference}",
        "deadline": None,
    }
    assert answer.headers["Location"] == said["status_url"]
    assert request.source == "api"
    assert request.requester == people["sam"]


def test_amounts_come_and_go_as_texts_and_numbers_are_taken_as_written(people: People) -> None:
    api = Api(people["sam"])
    api.client.post(
        "/api/v1/instances",
        b'{"workflow": "purchase-approval",'
        b' "data": {"amount": 1234567890123.45, "region": "EU", "manager": "mia"}}',
        content_type="application/json",
        headers=api.headers,
    )
    (request,) = WorkflowInstance.objects.all()
    assert api.get(f"/instances/{request.reference}").json()["data"]["amount"] == "1234567890123.45"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": {**PURCHASE, "amount": "much"}}, "Amount: write an amount"),
        ({"data": {"region": "EU"}}, "Fill in Amount"),
        ({"data": {**PURCHASE, "colour": "red"}}, "no field 'colour'"),
        ({"data": {**PURCHASE, "manager": "nobody"}}, "no active person 'nobody'"),
        ({"data": {**PURCHASE, "quote": "text"}}, "upload a file"),
        ({"data": []}, "body.data"),
        ({"workflow": "No such"}, "body.workflow"),
        ({"title": "x" * 201}, "body.title"),
        ({"colour": "red"}, "body.colour"),
        ({"title": "a\x00b"}, "body.title"),
    ],
)
def test_what_cannot_be_started_is_refused_in_words(
    people: People, change: dict[str, Any], words: str
) -> None:
    api = Api(people["sam"])
    with unchanged():
        problem(api.post("/instances", start_body(**change)), 422, words)


def test_a_workflow_one_may_see_but_not_start_is_403_and_any_other_404(people: People) -> None:
    owner, nora = Api(people["olivia"]), Api(people["stranger"])
    with unchanged():
        problem(owner.post("/instances", start_body()), 403, "may not start")
        said = problem(nora.post("/instances", start_body()), 404)
        other = problem(nora.post("/instances", start_body(workflow="none")), 404)
        assert said["detail"] == other["detail"]


def test_a_request_says_where_it_is(people: People) -> None:
    request = ask(people["sam"])
    said = Api(people["sam"]).get(f"/instances/{request.reference}").json()
    task = open_task(request, "manager_review")
    assert said["state"] == "running"
    assert said["result"] is None
    assert said["data"]["amount"] == "1200.00"
    assert said["incidents"] == []
    (item,) = said["work_items"]
    assert item == {
        "id": task.pk,
        "step": "manager_review",
        "title": "Manager review",
        "role": "manager",
        "state": "enabled",
        "holder": "mia",
        "holder_kind": "person",
        "since": "2026-03-02T09:00:00Z",
        "due": f"{task.due_at:%Y-%m-%dT%H:%M:%SZ}",
        "expires": None,
        "row": None,
        "sign": None,
        "awaited": [],
        "needed": 1,
        "agreed": 0,
        "outcome": None,
        "decided_by": None,
        "acted_for": None,
        "holder_away": None,
        "votes": [],
        "seen": digest_of_shown_values(
            cached_map(request.version_id), "manager_review", request.data
        ),
    }


def test_the_trail_is_whole_for_auditors_and_as_on_the_page_for_others(people: People) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "approve", comment="Fine.")
    path = f"/instances/{request.reference}"
    Api(people["olivia"]).post(f"{path}/suspend", {"reason": "Wait."})
    whole = Api(people["olivia"]).get(path).json()["trail"]
    seen = Api(people["sam"]).get(path).json()["trail"]
    assert [row["command"] for row in whole] == ["start", "decide", "suspend"]
    assert whole[1]["changes"]
    assert [row["command"] for row in seen] == ["start", "decide"]
    assert seen[1]["comment"] == "Fine."
    assert {row["changes"] for row in seen} == {None}


def test_an_incident_says_who_has_to_put_it_right(people: People) -> None:
    request = ask(people["sam"], amount="20000.00")
    make_user("mia")
    people["fred"].groups.clear()
    people["fay"].groups.clear()
    decide(request, "manager_review", people["mia"], "approve")
    said = Api(people["sam"]).get(f"/instances/{request.reference}").json()
    assert [(one["step"], one["owner"]) for one in said["incidents"]] == [
        ("finance_review", "olivia")
    ]


def test_a_request_goes_through_suspend_resume_and_cancel(people: People) -> None:
    request, api = ask(people["sam"]), Api(people["olivia"])
    path = f"/instances/{request.reference}"
    assert api.post(f"{path}/suspend", {"reason": "Wait."}).json()["state"] == "suspended"
    problem(api.post(f"{path}/suspend", {"reason": "Wait."}), 409, "is suspended")
    assert api.post(f"{path}/resume", {"reason": "Go on."}).json()["state"] == "running"
    cancelled = Api(people["sam"]).post(f"{path}/cancel", {"reason": "Too late."})
    assert cancelled.json()["result"] == "cancelled"
    assert request.trail.latest("pk").comment == "Too late."


def test_a_finished_request_is_reopened_where_its_end_says(people: People) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "reject", comment="No.")
    path, api = f"/instances/{request.reference}", Api(people["olivia"])
    assert api.get(path).json()["result"] == "rejected"
    assert api.post(f"{path}/reopen", {"reason": "After all."}).json()["state"] == "running"


@pytest.mark.parametrize("course", ["cancel", "suspend", "resume", "reopen"])
def test_who_sees_a_request_and_does_not_manage_it_is_told_so(people: People, course: str) -> None:
    request = ask(people["sam"])
    api = Api(people["mia"])
    with unchanged():
        answer = api.post(f"/instances/{request.reference}/{course}", {"reason": "Because."})
        problem(answer, 403, "Only the workflow's owner or deputy")


@pytest.mark.parametrize("reason", ["", "   ", None, 7, "\x00"])
def test_a_course_needs_a_reason(people: People, reason: Any) -> None:
    request, api = ask(people["sam"]), Api(people["olivia"])
    with unchanged():
        problem(api.post(f"/instances/{request.reference}/cancel", {"reason": reason}), 422)


# -- messages ---------------------------------------------------------------------------------


def delivery(people: People, order: str = "A-1") -> str:
    body = {"workflow": "delivery", "data": {"order": order}}
    reference: str = Api(people["sam"]).post("/instances", body).json()["reference"]
    return reference


def test_a_message_lets_the_request_that_waits_for_it_go_on(people: People) -> None:
    reference, api = delivery(people), Api(people["sam"])
    path = f"/instances/{reference}/message"
    body = {"message": "goods_arrived", "data": {"note": "Two boxes."}}
    with unchanged():
        problem(api.post(path, body | {"message": "snow"}), 409, "snow")
        problem(api.post(path, body | {"correlation": {"order": "B"}}), 409)
    assert api.post(path, body).json()["reference"] == reference
    said = api.get(f"/instances/{reference}").json()
    assert [item["step"] for item in said["work_items"]] == ["check"]
    assert said["data"]["note"] == "Two boxes."


def test_a_message_fills_in_only_what_its_wait_declares(people: People) -> None:
    reference, api = delivery(people), Api(people["sam"])
    path = f"/instances/{reference}/message"
    for data in ({"weight": "3"}, {"order": "B-2"}, {"note": "x", "region": "EU"}):
        with unchanged():
            answer = api.post(path, {"message": "goods_arrived", "data": data})
            problem(answer, 422, "does not give")
    body = {"workflow": "delivery", "message": "goods_arrived", "correlation": {"order": "A-1"}}
    with unchanged():
        problem(api.post("/messages", body | {"data": {"weight": "3"}}), 422, "does not give")


def test_a_message_finds_the_request_by_its_values(people: People) -> None:
    delivery(people, "A-1")
    wanted, api = delivery(people, "A-2"), Api(people["sam"])
    body = {"workflow": "delivery", "message": "goods_arrived", "correlation": {"order": "A-2"}}
    with unchanged():
        problem(api.post("/messages", body | {"correlation": {"order": "A-3"}}), 404)
        problem(api.post("/messages", body | {"correlation": {}}), 422)
    assert api.post("/messages", body).json()["reference"] == wanted


@pytest.mark.parametrize("key", ["colour", "regex", "isnull", "in", "has_key", "iexact"])
@pytest.mark.parametrize("value", ["A-1", "[", 5, True])
def test_a_message_is_correlated_by_fields_and_nothing_else(
    people: People, key: str, value: Any
) -> None:
    delivery(people)
    api = Api(people["sam"])
    body = {"workflow": "delivery", "message": "goods_arrived", "correlation": {key: value}}
    with unchanged():
        problem(api.post("/messages", body), 422, f"no field '{key}'")
