"""Tokens: made once, kept as digests, narrowed by scopes, expiring, revoked."""

import hashlib
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.approvals.api.calls import ALL, Api, problem, start_body, token_for, unchanged
from tests.approvals.office import ask, decide, signed_in
from tests.factories import make_group, make_staff, make_user, open_task
from workflows.access.models import ApiToken
from workflows.access.services import tokens
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound
from workflows.people.models import User
from workflows.trail.models import TrailEvent

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
    tokens.revoke_token(ApiToken.objects.get().pk, by=people["sam"], now=timezone.now())
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
        tokens.find_token(text, now + timedelta(seconds=seconds))
        return ApiToken.objects.get().last_used_at

    assert used(0) == now
    assert used(59) == now
    assert used(60) == now + timedelta(seconds=60)


def test_everybody_makes_their_own_tokens_and_nobody_another_persons(people: People) -> None:
    assert token_for(people["sam"], by=people["sam"])
    before = ApiToken.objects.count()
    for other in (people["mia"], make_user("root", is_superuser=True, is_staff=True)):
        for scope in ALL:
            with pytest.raises(NotAllowed, match="only they make it"):
                token_for(people["sam"], scope, by=other)
    assert ApiToken.objects.count() == before


def test_a_service_account_acts_as_itself_by_the_tokens_of_who_answers_for_it(
    people: People,
) -> None:
    root = make_user("root", is_superuser=True, is_staff=True)
    service = tokens.make_service_account(
        username="erp-robot",
        purpose="Books orders.",
        owner=people["omar"],
        by=root,
        now=timezone.now(),
    )
    assert token_for(service.user, by=people["omar"])
    assert token_for(service.user, by=root)
    with pytest.raises(NotAllowed):
        token_for(service.user, by=people["mia"])
    make_group("staff").user_set.add(service.user)
    api = Api(token=token_for(service.user, by=root))
    answer = api.post("/instances", start_body())
    assert answer.status_code == 201
    row = TrailEvent.objects.get(command="start")
    assert (row.actor_name, row.channel, row.token_by) == ("erp-robot", "api", "root")


def test_nobody_signs_in_as_a_service_account(people: People) -> None:
    root = make_user("root", is_superuser=True, is_staff=True)
    service = tokens.make_service_account(
        username="robot", purpose="x", owner=root, by=root, now=timezone.now()
    )
    service.user.set_password("a password all the same")
    service.user.save()
    assert not Client().login(username="robot", password="a password all the same")
    client = Client()
    client.force_login(service.user)
    assert client.get("/").status_code == 302


def test_only_administrators_make_service_accounts(people: People) -> None:
    clerk = make_staff("clerk", "add_serviceaccount")
    for by, owner in ((people["sam"], people["sam"]), (clerk, people["sam"])):
        with pytest.raises(NotAllowed):
            tokens.make_service_account(
                username="robot", purpose="x", owner=owner, by=by, now=timezone.now()
            )
    assert not User.objects.filter(username="robot").exists()
    assert tokens.make_service_account(
        username="robot", purpose="x", owner=clerk, by=clerk, now=timezone.now()
    )


def test_a_token_that_another_made_before_reads_and_does_nothing_else(people: People) -> None:
    api = Api(people["mia"])
    ApiToken.objects.update(created_by=make_user("root", is_superuser=True))
    task = open_task(ask(people["sam"]), "manager_review")
    assert api.get("/inbox").status_code == 200
    with unchanged():
        problem(api.post(f"/work-items/{task.pk}/claim"), 403, "scope")
        problem(api.post("/instances", start_body()), 403, "scope")


# -- my tokens --------------------------------------------------------------------------------


def test_everybody_makes_and_revokes_tokens_on_a_page_of_their_own(people: People) -> None:
    client = signed_in(people["mia"])
    sent = {"name": "my script", "scopes": ["read", "work"]}
    page = client.post("/tokens/", sent, follow=True)
    text = page.context["made"]["text"]
    assert text in page.content.decode()
    row = ApiToken.objects.get()
    assert (row.user, row.created_by, row.scopes) == (
        people["mia"],
        people["mia"],
        ["read", "work"],
    )
    assert text not in client.get("/tokens/").content.decode()
    assert Api(token=text).get("/inbox").status_code == 200
    stranger = signed_in(people["sam"])
    with unchanged():
        assert stranger.post(f"/tokens/{row.pk}/revoke/").status_code == 404
        assert client.get(f"/tokens/{row.pk}/revoke/").url == "/tokens/"
    assert client.post(f"/tokens/{row.pk}/revoke/").status_code == 302
    problem(Api(token=text).get("/inbox"), 401)


def test_of_two_clicks_one_makes_a_token_and_the_page_that_is_seen_shows_its_text(
    people: People,
) -> None:
    client = signed_in(people["mia"])
    key = re.findall(r'name="once" value="([^"]+)"', client.get("/tokens/").content.decode())[-1]
    sent = {"name": "my script", "scopes": ["read"], "once": key}
    for _ in range(2):
        assert client.post("/tokens/", sent).url == "/tokens/"
    text = client.get("/tokens/").context["made"]["text"]
    assert ApiToken.objects.count() == 1
    assert Api(token=text).get("/inbox").status_code == 200
    assert client.post("/tokens/", sent).status_code == 302
    assert text not in client.get("/tokens/").content.decode()
    session = client.session
    assert text not in str(dict(session.items()))


def test_the_text_of_a_new_token_lies_encrypted_until_it_is_shown(people: People) -> None:
    client = signed_in(people["mia"])
    client.post("/tokens/", {"name": "my script", "scopes": ["read"]})
    kept = str(dict(client.session.items()))
    text = client.get("/tokens/").context["made"]["text"]
    assert text
    assert text not in kept


def test_a_token_without_a_name_or_a_right_is_asked_for_again(people: People) -> None:
    client = signed_in(people["mia"])
    past = {"name": "x", "scopes": ["read"], "last_day": "2020-01-01"}
    for given in ({"name": "x"}, {"scopes": ["read"]}, {"name": "x", "scopes": ["rule"]}, past):
        assert client.post("/tokens/", given).status_code == 422
    assert not ApiToken.objects.exists()


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
    with pytest.raises(NotFound):
        tokens.revoke_token(row.pk, by=people["mia"], now=now)
    assert ApiToken.objects.get().revoked_at is None
    tokens.revoke_token(row.pk, by=make_staff("ada", "change_apitoken"), now=now)
    tokens.revoke_token(row.pk, by=people["sam"], now=now + timedelta(days=1))
    assert ApiToken.objects.get().revoked_at == now


# -- the admin --------------------------------------------------------------------------------


@pytest.mark.usefixtures("lenient_templates")
def test_the_admin_shows_a_new_token_once(people: People) -> None:
    ada = make_staff("ada", "add_apitoken", "view_apitoken", "change_apitoken")
    client = signed_in(ada)
    form = {
        "user": ada.pk,
        "name": "my script",
        "scopes": ["read"],
        "expires_at_0": "",
        "expires_at_1": "",
    }
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


@pytest.mark.usefixtures("lenient_templates")
def test_the_admin_makes_no_token_for_somebody_else(people: People) -> None:
    ada = make_staff("ada", "add_apitoken", "view_apitoken")
    form = {"user": people["sam"].pk, "name": "x", "scopes": ["read"]}
    with unchanged():
        assert signed_in(ada).post(f"{ADMIN}add/", form).status_code == 200
    assert not ApiToken.objects.exists()


@pytest.mark.usefixtures("lenient_templates")
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


@pytest.mark.usefixtures("lenient_templates")
def test_who_lacks_the_permission_sees_no_tokens(people: People) -> None:
    token_for(people["sam"])
    client = signed_in(make_staff("otto", "view_workitem"))
    for path in (ADMIN, f"{ADMIN}add/", f"{ADMIN}{ApiToken.objects.get().pk}/change/"):
        assert client.get(path).status_code in (302, 403)
    assert ADMIN not in client.get("/admin/").content.decode()
