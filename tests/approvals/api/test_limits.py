"""What is refused before a call is looked at: too often, too large, not JSON, no such address."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from config.urls import urlpatterns as ours
from tests.approvals.api.calls import Api, problem, start_body, token_for, unchanged
from tests.approvals.office import signed_in
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db

People = dict[str, User]


def test_each_token_has_a_rate_of_its_own(people: People, settings: Settings) -> None:
    settings.API_RATE = "3/d"
    one, other = Api(people["sam"]), Api(people["sam"])
    assert [one.get("/inbox").status_code for _ in range(4)] == [200, 200, 200, 429]
    with unchanged():
        answer = one.post("/instances", start_body())
        problem(answer, 429, "Too many calls")
    assert 1 <= int(answer.headers["Retry-After"]) <= 86400
    assert other.get("/inbox").status_code == 200


def test_who_shows_no_good_token_is_counted_by_address(people: People, settings: Settings) -> None:
    settings.API_RATE_ANONYMOUS = "2/d"
    good = Api(people["sam"])
    bad = Api(token="ho_wrong")
    assert [bad.get("/inbox").status_code for _ in range(3)] == [401, 401, 429]
    assert Api().post("/instances", start_body()).status_code == 429
    assert good.get("/inbox").status_code == 200


def test_a_forwarded_address_is_believed_only_from_a_known_proxy(
    people: People, settings: Settings
) -> None:
    settings.API_RATE_ANONYMOUS = "1/d"
    answers = [
        Client().get("/api/v1/inbox", headers={"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(2)
    ]
    assert [answer.status_code for answer in answers] == [401, 429]


def test_a_body_of_more_than_a_megabyte_is_refused(people: People) -> None:
    api = Api(people["sam"])
    with unchanged():
        problem(api.post("/instances", start_body(title="x" * 1024 * 1024)), 413, "1 MB")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x", ""])
def test_a_body_that_is_not_sent_as_json_is_refused(people: People, kind: str) -> None:
    api = Api(people["sam"])
    with unchanged():
        answer = api.client.post("/api/v1/instances", b"{}", content_type=kind, headers=api.headers)
        problem(answer, 415, "application/json")


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"NaN", b'{"a": Infinity}', b"[" * 100_000, b"1" * 5000]
)
def test_a_body_that_is_not_json_is_refused(people: People, body: bytes) -> None:
    api = Api(people["sam"])
    with unchanged():
        answer = api.client.post(
            "/api/v1/instances", body, content_type="application/json", headers=api.headers
        )
        problem(answer, 400, "not JSON")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b'"x"'])
def test_a_body_that_is_no_object_is_not_valid(people: People, body: bytes) -> None:
    api = Api(people["sam"])
    with unchanged():
        answer = api.client.post(
            "/api/v1/instances", body, content_type="application/json", headers=api.headers
        )
        assert problem(answer, 422)["errors"]


def test_an_unknown_address_or_method_is_answered_by_a_problem_document(people: People) -> None:
    api = Api(people["sam"])
    problem(api.get("/nothing"), 404)
    problem(api.client.get("/api/"), 404)
    answer = api.client.delete("/api/v1/inbox", headers=api.headers)
    problem(answer, 405, "Allow")
    assert answer.headers["Allow"] == "GET"


def test_a_refused_host_is_a_problem_too() -> None:
    problem(Client(headers={"Host": "evil.example"}).get("/api/v1/inbox"), 400)


def boom(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the password is hunter2")


urlpatterns = [path("api/boom", boom), *ours]


@pytest.mark.urls(__name__)
def test_an_error_of_ours_says_nothing_of_itself() -> None:
    answer = Client(raise_request_exception=False).get("/api/boom")
    problem(answer, 500)
    assert b"hunter2" not in answer.content
    assert b"Traceback" not in answer.content


def test_no_answer_is_kept_by_a_cache(people: People) -> None:
    api = Api(people["sam"])
    for path_ in ("/inbox", "/nothing"):
        assert api.get(path_).headers["Cache-Control"] == "private, no-store"


# -- the session ------------------------------------------------------------------------------


def test_who_is_signed_in_reads_without_a_token(people: People) -> None:
    assert signed_in(people["mia"]).get("/api/v1/inbox").status_code == 200


def test_a_session_writes_only_with_the_csrf_token(people: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["sam"])
    given = {"data": start_body(), "content_type": "application/json"}
    with unchanged():
        problem(client.post("/api/v1/instances", **given), 403, "X-CSRFToken")
    client.get("/")
    client.get("/start/purchase-approval/")
    token = client.cookies["csrftoken"].value
    answer = client.post("/api/v1/instances", **given, headers={"X-CSRFToken": token})
    assert answer.status_code == 201


def test_a_bad_token_is_not_made_good_by_a_session(people: People) -> None:
    client = signed_in(people["sam"])
    headers = {"Authorization": "Bearer ho_wrong"}
    problem(client.get("/api/v1/inbox", headers=headers), 401)


def test_a_token_acts_for_its_own_user_beside_a_session(people: People) -> None:
    client = signed_in(people["mia"])
    headers = {"Authorization": f"Bearer {token_for(people['sam'])}"}
    answer = client.post(
        "/api/v1/instances", start_body(), content_type="application/json", headers=headers
    )
    assert answer.status_code == 201
    assert WorkflowInstance.objects.get().requester == people["sam"]
