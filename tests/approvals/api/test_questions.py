"""Asking, answering, taking back and passing on by the API."""

import pytest

from tests.approvals.api.calls import Api, problem, unchanged
from tests.approvals.office import ask, decide
from tests.factories import open_task
from workflows.execution.models import TaskQuestion
from workflows.people.models import User

pytestmark = pytest.mark.django_db

People = dict[str, User]


def test_an_opinion_is_asked_read_and_given(people: People) -> None:
    request = ask(people["sam"])
    pk = open_task(request, "manager_review").pk
    mia, nora = Api(people["mia"]), Api(people["stranger"])
    asked = mia.post(
        f"/work-items/{pk}/ask-opinion", {"people": ["stranger"], "question": "Fair?"}, key="once"
    )
    [item] = asked.json()["items"]
    assert (item["kind"], item["state"], item["asked_of"]) == ("opinion", "open", "stranger")
    again = mia.post(
        f"/work-items/{pk}/ask-opinion", {"people": ["stranger"], "question": "Fair?"}, key="once"
    )
    assert again.headers["Idempotent-Replayed"] == "true"
    assert TaskQuestion.objects.count() == 1
    [waiting] = nora.get("/questions").json()["items"]
    assert (waiting["id"], waiting["asked_by"]) == (item["id"], "mia")
    with unchanged():
        problem(
            mia.post(f"/questions/{item['id']}/answer", {"answer": "Mine."}), 403, "nobody else"
        )
        problem(Api(people["fred"]).post(f"/questions/{item['id']}/answer", {"answer": "x"}), 404)
        problem(nora.post(f"/questions/{item['id']}/answer", {"answer": " "}), 422, "Write")
    answered = nora.post(f"/questions/{item['id']}/answer", {"answer": "Fair."}).json()
    assert (answered["state"], answered["after_decision"]) == ("answered", False)
    [kept] = mia.get(f"/instances/{request.reference}").json()["questions"]
    assert kept == answered
    with unchanged():
        problem(nora.post(f"/questions/{item['id']}/answer", {"answer": "No."}), 409, "already")
        problem(mia.post(f"/questions/{item['id']}/withdraw"), 409, "already")


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
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "approve")
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
