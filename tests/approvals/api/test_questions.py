"""Asking, answering, taking back and passing on by the API."""

from typing import Any

import pytest

from tests.approvals.api.calls import Api, problem, unchanged
from tests.approvals.office import ask, ask_approved
from tests.factories import open_task
from workflows.execution.models import TaskQuestion, WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db

People = dict[str, User]


def ask_opinion(mia: Api, request: WorkflowInstance) -> Any:
    """Of a stranger; sent again it is the same question."""
    path = f"/work-items/{open_task(request, 'manager_review').pk}/ask-opinion"
    return mia.post(path, {"people": ["stranger"], "question": "Fair?"}, key="once")


def test_an_opinion_is_asked_once_however_often_it_is_sent(people: People) -> None:
    request, mia = ask(people["sam"]), Api(people["mia"])
    [item] = ask_opinion(mia, request).json()["items"]
    assert (item["kind"], item["state"], item["asked_of"]) == ("opinion", "open", "stranger")
    assert ask_opinion(mia, request).headers["Idempotent-Replayed"] == "true"
    assert TaskQuestion.objects.count() == 1
    [waiting] = Api(people["stranger"]).get("/questions").json()["items"]
    assert (waiting["id"], waiting["asked_by"]) == (item["id"], "mia")


def test_an_opinion_is_given_by_who_was_asked_and_read(people: People) -> None:
    request, mia, nora = ask(people["sam"]), Api(people["mia"]), Api(people["stranger"])
    [item] = ask_opinion(mia, request).json()["items"]
    path = f"/questions/{item['id']}"
    with unchanged():
        problem(mia.post(f"{path}/answer", {"answer": "Mine."}), 403, "nobody else")
        problem(Api(people["fred"]).post(f"{path}/answer", {"answer": "x"}), 404)
        problem(nora.post(f"{path}/answer", {"answer": " "}), 422, "Write")
    answered = nora.post(f"{path}/answer", {"answer": "Fair."}).json()
    assert (answered["state"], answered["after_decision"]) == ("answered", False)
    assert mia.get(f"/instances/{request.reference}").json()["questions"] == [answered]
    with unchanged():
        problem(nora.post(f"{path}/answer", {"answer": "No."}), 409, "already")
        problem(mia.post(f"{path}/withdraw"), 409, "already")


def test_the_requester_is_asked_and_the_task_says_so(people: People) -> None:
    request = ask(people["sam"])
    pk = open_task(request, "manager_review").pk
    mia, sam = Api(people["mia"]), Api(people["sam"])
    asked = mia.post(f"/work-items/{pk}/ask-requester", {"question": "Which?"}).json()
    [item] = sam.get(f"/instances/{request.reference}").json()["work_items"]
    assert (item["state"], item["holder"], item["holder_kind"]) == ("asked", "sam", "requester")
    with unchanged():
        problem(mia.post(f"/work-items/{pk}/start"), 409, "waits for the requester")
        problem(mia.post(f"/work-items/{pk}/ask-requester", {"question": "And?"}), 409)
        problem(sam.post(f"/questions/{asked['id']}/withdraw"), 403, "Only whoever asked")
    assert sam.post(f"/questions/{asked['id']}/answer", {"answer": "Thin."}).status_code == 200
    [item] = sam.get(f"/instances/{request.reference}").json()["work_items"]
    assert (item["state"], item["holder"]) == ("started", "mia")


def test_a_task_is_passed_on(people: People) -> None:
    request = ask_approved(people)
    pk = open_task(request, "legal_review").pk
    lena = Api(people["lena"])
    body = {"to": "leo", "reason": "Leo knows it."}
    with unchanged():
        problem(lena.post(f"/work-items/{pk}/reassign", body | {"to": "nobody"}), 422, "nobody")
        problem(lena.post(f"/work-items/{pk}/reassign", body | {"to": "fred"}), 403, "role")
        problem(Api(people["sam"]).post(f"/work-items/{pk}/reassign", body), 403)
    assert lena.post(f"/work-items/{pk}/reassign", body).json()["holder"] == "leo"


def test_asking_needs_the_scope_to_work(people: People) -> None:
    pk = open_task(ask(people["sam"]), "manager_review").pk
    api = Api(people["mia"], "read")
    with unchanged():
        problem(api.post(f"/work-items/{pk}/ask-requester", {"question": "Which?"}), 403)
        problem(
            api.post(f"/work-items/{pk}/ask-opinion", {"people": ["fred"], "question": "x"}), 403
        )


def test_questions_show_nobody_elses(people: People) -> None:
    pk = open_task(ask(people["sam"]), "manager_review").pk
    Api(people["mia"]).post(f"/work-items/{pk}/ask-requester", {"question": "Which?"})
    assert len(Api(people["sam"]).get("/questions").json()["items"]) == 1
    for other in ("mia", "fred", "stranger", "olivia"):
        assert Api(people[other]).get("/questions").json()["items"] == []
