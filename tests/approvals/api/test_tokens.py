"""Tokens: made once, kept as digests, narrowed by scopes, expiring, revoked."""

import hashlib
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.approvals.api.calls import ALL, Api, problem, start_body, token_for, unchanged
from tests.approvals.office import ask, decide, signed_in
from tests.factories import make_staff, make_user, open_task
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.models import ApiToken
from workflows.services import tokens

pytestmark = pytest.mark.django_db

People = dict[str, User]
ADMIN = "/admin/workflows/apitoken/"


def test_only_the_digest_of_a_token_is_kept(people: People) -> None:
    text = token_for(people["sam"])
    row = ApiToken.objects.values().get()
    assert text.startswith("ho_")
    assert len(text) > 40
    assert row["digest"] == hashlib.sha256(text.encode()).hexdigest()
    assert not [value for value in row.values() if text in str(value)]


def test_a_revoked_token_opens_nothing(people: People) -> None:
    api = Api(people["sam"])
    assert api.get("/inbox").status_code == 200
    tokens.revoke(ApiToken.objects.get().pk, by=people["sam"], now=timezone.now())
    with unchanged():
        problem(api.post("/instances", start_body()), 401)


def test_an_expired_token_opens_nothing(people: People) -> None:
    api = Api(people["sam"])
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    problem(api.get("/inbox"), 401)


def test_a_token_of_somebody_who_left_opens_nothing(people: People) -> None:
    api = Api(people["sam"])
    User.objects.filter(username="sam").update(is_active=False)
    problem(api.get("/inbox"), 401)


@pytest.mark.parametrize("header", ["ho_x", "Bearer", "Bearer ", "Basic c2FtOnNhbQ==", "Bearer ö"])
def test_what_is_no_token_opens_nothing(people: People, header: str) -> None:
    problem(Client().get("/api/v1/inbox", headers={"Authorization": header}), 401)


@pytest.mark.parametrize("scope", ALL)
def test_a_token_does_what_its_scopes_say_and_nothing_else(people: People, scope: str) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "reject", comment="No.")
    task = open_task(ask(people["sue"]), "manager_review")
    calls = {
        "read": lambda who: who.get("/inbox"),
        "work": lambda who: who.post(f"/work-items/{task.pk}/claim"),
        "start": lambda who: who.post("/instances", start_body()),
        "course": lambda who: who.post(
            f"/instances/{request.reference}/reopen", {"reason": "After all."}
        ),
    }
    rightful = {"read": "sam", "work": "mia", "start": "sam", "course": "olivia"}
    for needed, call in calls.items():
        if needed == scope:
            assert call(Api(people[rightful[needed]], scope)).status_code in (200, 201)
        else:
            api = Api(people[rightful[needed]], scope)
            with unchanged():
                problem(call(api), 403, f"the scope '{needed}'")


def test_a_tokens_use_is_noted_once_a_minute(people: People) -> None:
    text, now = token_for(people["sam"]), timezone.now()

    def used(seconds: int) -> object:
        tokens.find(text, now + timedelta(seconds=seconds))
        return ApiToken.objects.get().last_used_at

    assert used(0) == now
    assert used(59) == now
    assert used(60) == now + timedelta(seconds=60)


def test_people_make_tokens_for_themselves_and_superusers_for_all(people: People) -> None:
    root = make_user("root", is_superuser=True)
    assert token_for(people["sam"], by=people["sam"])
    assert token_for(people["sam"], by=root)
    before = ApiToken.objects.count()
    with pytest.raises(NotAllowed, match="yourself"):
        token_for(people["sam"], by=people["mia"])
    assert ApiToken.objects.count() == before


def test_a_token_that_would_be_useless_is_not_made(people: People) -> None:
    sam, past = people["sam"], timezone.now() - timedelta(days=1)
    gone = make_user("gone", is_active=False)
    for user, given in (
        (sam, {"expires_at": past}),
        (sam, {"name": " "}),
        (sam, {"scopes": []}),
        (sam, {"scopes": ["read", "rule"]}),
        (gone, {}),
    ):
        values = {"name": "x", "expires_at": None, "by": None, "now": timezone.now()}
        with pytest.raises(InvalidInput):
            tokens.make_token(**{"user": user, "scopes": ["read"], **values, **given})
    assert not ApiToken.objects.exists()


def test_only_its_user_or_an_administrator_revokes_a_token(people: People) -> None:
    token_for(people["sam"])
    row, now = ApiToken.objects.get(), timezone.now()
    with pytest.raises(NotAllowed):
        tokens.revoke(row.pk, by=people["mia"], now=now)
    assert ApiToken.objects.get().revoked_at is None
    tokens.revoke(row.pk, by=make_staff("ada", "change_apitoken"), now=now)
    tokens.revoke(row.pk, by=people["sam"], now=now + timedelta(days=1))
    assert ApiToken.objects.get().revoked_at == now


# -- the admin --------------------------------------------------------------------------------


@pytest.fixture
def _lenient(request: pytest.FixtureRequest, settings: object) -> None:
    """Templates of Django's own admin name what is not there, so its pages are let do so."""
    engine = settings.TEMPLATES[0]  # type: ignore[attr-defined]
    options = {**engine["OPTIONS"], "string_if_invalid": ""}
    settings.TEMPLATES = [{**engine, "OPTIONS": options}]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_lenient")
def test_the_admin_shows_a_new_token_once(people: People) -> None:
    ada = make_staff("ada", "add_apitoken", "view_apitoken", "change_apitoken")
    client = signed_in(ada)
    form = {"user": ada.pk, "name": "my script", "scopes": ["read"], "expires_at_0": "",
            "expires_at_1": ""}  # fmt: skip
    page = client.post(f"{ADMIN}add/", form)
    assert "no-store" in page.headers["Cache-Control"]
    row = ApiToken.objects.get()
    assert (row.name, row.user, row.created_by, row.scopes) == ("my script", ada, ada, ["read"])
    text = page.context["text"]
    assert text in page.content.decode()
    assert Api(token=text).get("/inbox").status_code == 200
    for path in (ADMIN, f"{ADMIN}{row.pk}/change/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert text not in answer.content.decode()
        assert row.digest not in answer.content.decode()


@pytest.mark.usefixtures("_lenient")
def test_the_admin_makes_no_token_for_somebody_else(people: People) -> None:
    ada = make_staff("ada", "add_apitoken", "view_apitoken")
    form = {"user": people["sam"].pk, "name": "x", "scopes": ["read"]}
    with unchanged():
        assert signed_in(ada).post(f"{ADMIN}add/", form).status_code == 200
    assert not ApiToken.objects.exists()


@pytest.mark.usefixtures("_lenient")
def test_the_admin_revokes_by_post_alone(people: People) -> None:
    token_for(people["sam"])
    row, client = ApiToken.objects.get(), signed_in(make_staff("ada", "change_apitoken"))
    chosen = {"action": "revoke_selected", "_selected_action": row.pk}
    client.get(ADMIN, chosen)
    assert ApiToken.objects.get().revoked_at is None
    looks = signed_in(make_staff("vera", "view_apitoken"))
    looks.post(ADMIN, chosen)
    assert ApiToken.objects.get().revoked_at is None
    client.post(ADMIN, chosen)
    assert ApiToken.objects.get().revoked_at is not None


@pytest.mark.usefixtures("_lenient")
def test_who_lacks_the_permission_sees_no_tokens(people: People) -> None:
    token_for(people["sam"])
    client = signed_in(make_staff("otto", "view_workitem"))
    for path in (ADMIN, f"{ADMIN}add/", f"{ADMIN}{ApiToken.objects.get().pk}/change/"):
        assert client.get(path).status_code in (302, 403)
    assert ADMIN not in client.get("/admin/").content.decode()
