"""The calls on work: the inbox, and the commands on one task."""

import pytest
from django.utils import timezone

from tests.approvals.api.calls import Api, problem, seen_by, unchanged
from tests.approvals.office import ask, ask_approved, correct_amount
from tests.factories import open_task
from workflows.execution.models import WorkItem
from workflows.execution.services import corrections
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

People = dict[str, User]


def test_the_inbox_comes_oldest_due_first_in_pages(people: People) -> None:
    tasks = [open_task(ask(people["sam"], title=f"No. {n}"), "manager_review") for n in range(5)]
    api = Api(people["mia"])
    first = api.get("/inbox", limit=2).json()
    second = api.get("/inbox", limit=2, cursor=first["next"]).json()
    third = api.get("/inbox", limit=2, cursor=second["next"]).json()
    found = [item["id"] for page in (first, second, third) for item in page["items"]]
    assert found == [task.pk for task in tasks]
    assert third["next"] is None
    item = first["items"][0]
    assert item["step"] == "Manager review"
    assert item["mine"] is True
    assert item["due"] == f"{tasks[0].due_at:%Y-%m-%dT%H:%M:%SZ}"


def test_an_inbox_shows_nobody_elses_work(people: People) -> None:
    ask(people["sam"])
    assert Api(people["fred"]).get("/inbox").json() == {"items": [], "next": None}


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "x"}])
def test_a_cursor_or_limit_that_is_none_is_refused(people: People, query: dict[str, str]) -> None:
    problem(Api(people["mia"]).get("/inbox", **query), 422)


def test_a_task_is_taken_worked_on_rested_and_given_back(people: People) -> None:
    request = ask_approved(people)
    pk, api = open_task(request, "budget_check").pk, Api(people["fred"])
    answers = [api.post(f"/work-items/{pk}/{name}") for name in ("claim", "start", "pause")]
    said = [(answer.json()["state"], answer.json()["holder"]) for answer in answers]
    assert said == [("claimed", "fred"), ("started", "fred"), ("paused", "fred")]
    with unchanged():
        problem(Api(people["fay"]).post(f"/work-items/{pk}/claim"), 403, "is with Fred Bauer")
        problem(api.post(f"/work-items/{pk}/claim"), 409, "taken already")
    assert api.post(f"/work-items/{pk}/release").json()["holder"] is None


def test_a_decision_answers_with_the_task_and_where_its_request_stands(people: People) -> None:
    request = ask(people["sam"])
    pk = open_task(request, "manager_review").pk
    api = Api(people["mia"])
    seen = seen_by(api, request, pk)
    answer = api.post(
        f"/work-items/{pk}/decide", {"outcome": "reject", "comment": "Too dear.", "seen": seen}
    )
    assert answer.status_code == 200
    said = answer.json()
    assert (said["state"], said["outcome"]) == ("done", "reject")
    assert said["request"]["result"] == "rejected"
    assert WorkItem.objects.get(pk=pk).comment == "Too dear."


def test_a_decision_fills_in_the_steps_fields(people: People) -> None:
    request = ask_approved(people)
    pk, api = open_task(request, "legal_review").pk, Api(people["lena"])
    with unchanged():
        body = {"outcome": "approve", "data": {"amount": "1"}}
        problem(api.post(f"/work-items/{pk}/decide", body), 422, "does not change Amount")
    seen = seen_by(api, request, pk)
    body = {"outcome": "approve", "data": {"cost_centre": "4711"}, "seen": seen}
    assert api.post(f"/work-items/{pk}/decide", body).status_code == 200
    assert (
        Api(people["sam"]).get(f"/instances/{request.reference}").json()["data"]["cost_centre"]
        == "4711"
    )


def test_what_cannot_be_decided_is_refused_in_words(people: People) -> None:
    request = ask(people["sam"])
    pk = open_task(request, "manager_review").pk
    mia, sam = Api(people["mia"]), Api(people["sam"])
    with unchanged():
        path = f"/work-items/{pk}/decide"
        problem(mia.post(path, {"outcome": "explode"}), 422, "not an outcome")
        problem(mia.post(path, {"outcome": "reject"}), 422, "needs a comment")
        problem(mia.post(path, {"outcome": "approve", "comment": "x" * 10_001}), 422)
        problem(mia.post(path, {}), 422, "body.outcome")
        problem(sam.post(path, {"outcome": "approve"}), 403, "somebody else")


def test_an_approval_says_what_was_seen_and_a_change_in_between_is_told(people: People) -> None:
    request = ask(people["sam"], amount="100.00")
    pk, api = open_task(request, "manager_review").pk, Api(people["mia"])
    path, seen = f"/work-items/{pk}/decide", seen_by(api, request, pk)
    with unchanged():
        problem(api.post(path, {"outcome": "approve"}), 422, "`seen`")
        problem(api.post(path, {"outcome": "approve", "seen": "0" * 64}), 409, "not what stands")
    correct_amount(request, people["omar"])
    with unchanged():
        said = problem(api.post(path, {"outcome": "approve", "seen": seen}), 409)
    assert said["type"] == "urn:handoff:changed-since"
    assert "'Amount' is 900.00 EUR now; you saw 100.00 EUR." in said["detail"]
    now = seen_by(api, request, pk)
    assert api.post(path, {"outcome": "approve", "seen": now}).status_code == 200
    event = TrailEvent.objects.filter(command="decide").latest("pk")
    assert event.seen["digest"] == now
    assert event.seen["values"]["amount"] == "900.00"


def test_what_an_approval_does_not_show_may_change(people: People) -> None:
    request = ask(people["sam"])
    pk, api = open_task(request, "manager_review").pk, Api(people["mia"])
    seen = seen_by(api, request, pk)
    corrections.set_values(
        request.pk,
        actor=people["omar"],
        data={"cost_centre": "4711"},
        reason="Known now.",
        now=timezone.now(),
    )
    body = {"outcome": "approve", "seen": seen}
    assert api.post(f"/work-items/{pk}/decide", body).status_code == 200


def test_who_comes_second_is_told_who_was_first(people: People) -> None:
    request = ask_approved(people)
    pk = open_task(request, "budget_check").pk
    fred, fay = Api(people["fred"]), Api(people["fay"])
    assert fred.post(f"/work-items/{pk}/decide", {"outcome": "done"}).status_code == 200
    with unchanged():
        answer = fay.post(f"/work-items/{pk}/decide", {"outcome": "done"})
        said = problem(answer, 409, "Fred Bauer was first")
    assert said["type"] == "urn:handoff:wrong-state"


@pytest.mark.parametrize("command", ["claim", "start", "pause", "release", "decide"])
def test_what_waits_for_a_message_is_nobodys_to_do(people: People, command: str) -> None:
    reference = Api(people["sam"]).post(
        "/instances", {"workflow": "delivery", "data": {"order": "A-1"}}
    )
    (waits,) = (
        Api(people["sam"]).get(f"/instances/{reference.json()['reference']}").json()["work_items"]
    )
    assert (waits["step"], waits["role"]) == ("arrival", None)
    body = {"outcome": "fine"} if command == "decide" else None
    with unchanged():
        answer = Api(people["sue"]).post(f"/work-items/{waits['id']}/{command}", body)
        problem(answer, 404)
        answer = Api(people["olivia"]).post(f"/work-items/{waits['id']}/{command}", body)
        problem(answer, 422, "not done by a person")


def test_a_number_beyond_all_numbers_is_no_task(people: People) -> None:
    api = Api(people["mia"])
    for pk in ("0", "9" * 40):
        problem(api.post(f"/work-items/{pk}/claim"), 404)
    problem(api.post("/work-items/one/claim"), 404)
