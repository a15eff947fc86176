"""A command that is sent twice with one `Idempotency-Key` is done once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.approvals.api.calls import Api, open_api_office, problem, start_body, unchanged
from tests.approvals.office import ask_approved
from tests.factories import open_task
from tests.workflows.support import only_on_postgres
from tests.workflows.test_races import CLIENTS, together
from workflows.access.models import IdempotentReply
from workflows.access.services.idempotency import forget_replies
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

People = dict[str, User]


@pytest.mark.django_db
def test_the_same_key_and_call_gives_the_same_answer_and_starts_nothing(people: People) -> None:
    api = Api(people["sam"])
    first = api.post("/instances", start_body(), key="k-1")
    assert "Idempotent-Replayed" not in first.headers
    with unchanged():
        again = api.post("/instances", start_body(), key="k-1")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]


@pytest.mark.django_db
def test_every_command_answers_again(people: People) -> None:
    request = ask_approved(people)
    task, fred = f"/work-items/{open_task(request, 'budget_check').pk}", Api(people["fred"])
    for name, body in (("claim", None), ("decide", {"outcome": "done"})):
        first = fred.post(f"{task}/{name}", body, key=f"k-{name}")
        again = fred.post(f"{task}/{name}", body, key=f"k-{name}")
        assert first.status_code == again.status_code == 200
        assert again.json() == first.json()
        assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.django_db
def test_a_key_is_good_for_one_call_only(people: People) -> None:
    api = Api(people["sam"])
    reference = api.post("/instances", start_body(), key="k-1").json()["reference"]
    with unchanged():
        other = api.post("/instances", start_body(title="Three"), key="k-1")
        problem(other, 422, "used for another call")
        path = f"/instances/{reference}/cancel"
        problem(api.post(path, {"reason": "No."}, key="k-1"), 422, "used for another call")


@pytest.mark.django_db
def test_each_person_has_keys_of_their_own(people: People) -> None:
    for name in ("sam", "sue"):
        assert Api(people[name]).post("/instances", start_body(), key="k").status_code == 201
    assert WorkflowInstance.objects.count() == 2


@pytest.mark.django_db
def test_a_refusal_is_not_kept_so_the_call_may_come_again(people: People) -> None:
    api = Api(people["sam"])
    with unchanged():
        problem(api.post("/instances", start_body(data={}), key="k-1"), 422)
    assert api.post("/instances", start_body(), key="k-1").status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["a b", "x" * 201, "ö", "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(people: People, key: str) -> None:
    api = Api(people["sam"])
    with unchanged():
        problem(api.post("/instances", start_body(), key=key), 422, "Idempotency-Key")


@pytest.mark.django_db
def test_answers_are_forgotten_after_a_week(people: People) -> None:
    now = timezone.now()
    api = Api(people["sam"])
    for key, days in (("old", 8), ("young", 6)):
        api.post("/instances", start_body(), key=key)
        IdempotentReply.objects.filter(key=key).update(created_at=now - timedelta(days=days))
    assert forget_replies(now) == 1
    assert [reply.key for reply in IdempotentReply.objects.all()] == ["young"]


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
@only_on_postgres
def test_of_eight_calls_at_once_one_is_done_and_all_get_its_answer() -> None:
    people = open_api_office()
    callers = [Api(people["sam"]) for _ in range(CLIENTS)]
    with together() as run:
        for turn in range(10):
            key = f"k-{turn}"
            answers = run(
                [lambda a=a, key=key: a.post("/instances", start_body(), key=key) for a in callers]
            )
            assert {answer.status_code for answer in answers} == {201}
            assert len({answer.json()["reference"] for answer in answers}) == 1
            again = [answer.headers.get("Idempotent-Replayed") for answer in answers]
            assert sorted(again, key=str) == [None] + ["true"] * (CLIENTS - 1)
            assert WorkflowInstance.objects.count() == turn + 1
