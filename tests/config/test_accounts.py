"""Accounts: signing in, limits, a forgotten password, a second factor, the company's sign-in."""

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.core.cache import caches
from django.test import Client, override_settings
from django.urls import clear_url_caches

from tests.config.company_sign_in import Company, come, company
from tests.factories import NOW, make_group, make_user
from tests.second_factor import code_of
from workflows.access.services.tokens import make_service_account
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]
SECRET = "a-Long-pass-9"


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    caches["default"].clear()
    yield
    caches["default"].clear()


@pytest.fixture
def ann(db: None) -> User:
    user = make_user("ann", email="ann@example.com")
    user.set_password(SECRET)
    user.save()
    return user


def sign_in(client: Client, name: str = "ann", password: str = SECRET, **more: Any) -> Any:
    return client.post("/accounts/login/", {"username": name, "password": password}, **more)


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


@pytest.mark.parametrize("name", ["ann", "ann@example.com", "ANN@example.com"])
def test_somebody_signs_in_by_name_or_mail_address(client: Client, ann: User, name: str) -> None:
    assert sign_in(client, name).status_code == 302
    assert who(client) == str(ann.pk)


def test_a_closed_account_is_told_so_and_stays_out(client: Client, ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(is_active=False)
    sign_in(client)
    assert who(client) is None


def test_nobody_signs_up(client: Client, db: None) -> None:
    answer = client.post(
        "/accounts/signup/", {"username": "eve", "password1": SECRET, "password2": SECRET}
    )
    assert answer.status_code == 302
    assert not User.objects.filter(username="eve").exists()


def test_the_admin_has_no_door_of_its_own(client: Client, ann: User) -> None:
    answer = client.post("/admin/login/", {"username": "ann", "password": SECRET})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")
    assert who(client) is None


def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(
    client: Client, ann: User
) -> None:
    for _ in range(5):
        sign_in(client, password="wrong")
    answer = sign_in(client)
    assert "Too many failed" in answer.content.decode()
    assert who(client) is None


def test_sixteen_clients_at_once_from_one_place_are_slowed_down(client: Client, ann: User) -> None:
    for n in range(40):
        sign_in(Client(), name=f"nobody{n}")
    assert "Too many" in sign_in(client).content.decode()
    assert who(client) is None


def test_each_refused_sign_in_is_a_line_that_holds_no_password_and_no_unknown_name(
    client: Client, ann: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="handoff.accounts"):
        sign_in(client, password="hunter2\nforged")
        sign_in(client, name="my-Secret-typed-here", password="x")
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "A sign-in as 'ann' was refused, from 127.0.0.1.",
        "A sign-in as a name that nobody has was refused, from 127.0.0.1.",
    ]


def test_who_is_not_staff_changes_the_password(client: Client, ann: User) -> None:
    sign_in(client)
    new = "another-Long-one-7"
    answer = client.post(
        "/accounts/password/change/", {"oldpassword": SECRET, "password1": new, "password2": new}
    )
    assert answer.status_code == 302
    assert who(client) == str(ann.pk), "changing it does not sign anybody out"
    ann.refresh_from_db()
    assert ann.check_password(new)


def test_a_forgotten_password_is_chosen_anew_by_a_link_that_works_once(
    client: Client, ann: User
) -> None:
    client.post("/accounts/password/reset/", {"email": "ann@example.com"})
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
    assert link is not None
    page = client.get(link[1], follow=True)
    new = "another-Long-one-7"
    client.post(page.request["PATH_INFO"], {"password1": new, "password2": new})
    ann.refresh_from_db()
    assert ann.check_password(new)
    assert 'type="password"' not in Client().get(link[1], follow=True).content.decode()


def test_who_has_no_account_learns_nothing_from_the_page(client: Client, ann: User) -> None:
    told = [
        client.post("/accounts/password/reset/", {"email": address}, follow=True).content
        for address in ("ann@example.com", "nobody@example.com")
    ]
    assert told[0] == told[1]


def test_a_second_factor_is_asked_for_once_it_is_there(client: Client, ann: User) -> None:
    sign_in(client)
    client.post("/accounts/reauthenticate/", {"password": SECRET})
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    made = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    assert made.status_code == 302, made.content
    other = Client()
    assert sign_in(other)["Location"].startswith("/accounts/2fa/authenticate/")
    assert who(other) is None
    caches["default"].clear()  # the code that is shown was used
    other.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert who(other) == str(ann.pk)


# -- service accounts -------------------------------------------------------------------------


@pytest.fixture
def robot(ann: User) -> User:
    """A program's account to which somebody gave a password and an address of mail."""
    service = make_service_account(
        username="robot",
        purpose="Pays.",
        owner=make_user("root", is_superuser=True),
        by=User.objects.get(username="root"),
        now=NOW,
    )
    service.user.email = "robot@example.com"
    service.user.set_password(SECRET)
    service.user.save()
    return service.user


@pytest.mark.parametrize("name", ["robot", "robot@example.com"])
def test_nobody_signs_in_as_a_service_account_by_a_password(
    client: Client, robot: User, name: str
) -> None:
    sign_in(client, name)
    assert who(client) is None


def test_nobody_signs_in_as_a_service_account_by_a_link_that_was_mailed(
    client: Client, robot: User
) -> None:
    client.post("/accounts/password/reset/", {"email": "robot@example.com"})
    for letter in mail.outbox:
        for link in re.findall(r"https?://[^/]+(/accounts/password/reset/key/\S+)", letter.body):
            form = client.get(link, follow=True)
            where = form.redirect_chain[-1][0] if form.redirect_chain else link
            client.post(where, {"password1": "An-other-9-word", "password2": "An-other-9-word"})
    assert who(client) is None
    for password in (SECRET, "An-other-9-word"):
        sign_in(client, "robot", password)
        assert who(client) is None


def test_the_company_opens_no_service_account_by_its_address_of_mail(
    client: Client, boss: Company, robot: User
) -> None:
    robot.groups.add(make_group("payers"))
    make_group("finance")
    boss.claims = {
        "sub": "7",
        "preferred_username": "eve",
        "email": "robot@example.com",
        "email_verified": True,
        "groups": ["finance"],
    }
    with override_settings(
        SOCIALACCOUNT_EMAIL_AUTHENTICATION=True,
        SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT=True,
    ):
        come(client)
    assert who(client) is None
    assert [group.name for group in robot.groups.all()] == ["payers"]
    assert not SocialAccount.objects.exists()


# -- the company's own sign-in ----------------------------------------------------------------


@pytest.fixture
def boss() -> Iterator[Company]:
    """The company's server, and a site that knows it."""
    with company() as ours:
        app = {
            "provider_id": "company",
            "name": "Acme",
            "client_id": "handoff",
            "secret": "s",
            "settings": {"server_url": ours.url, "oauth_pkce_enabled": True},
        }
        with override_settings(
            OIDC_ISSUER=ours.url,
            OIDC_GROUPS_CLAIM="groups",
            SOCIALACCOUNT_PROVIDERS={"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}},
            ROOT_URLCONF="tests.config.urls_with_company",
        ):
            clear_url_caches()
            yield ours
    clear_url_caches()


def test_the_company_brings_an_account_with_the_groups_of_its_claim(
    client: Client, boss: Company
) -> None:
    make_group("finance")
    boss.claims = {
        "sub": "1",
        "preferred_username": "fin",
        "email": "fin@example.com",
        "email_verified": True,
        "groups": ["finance", "not-here"],
    }
    come(client)
    fin = User.objects.get(username="fin")
    assert who(client) == str(fin.pk)
    assert [group.name for group in fin.groups.all()] == ["finance"]
    assert not fin.is_staff
    assert not fin.has_usable_password()


def test_whom_the_company_takes_out_of_a_group_is_out_at_the_next_sign_in(
    client: Client, boss: Company
) -> None:
    make_group("finance")
    boss.claims = {"sub": "1", "preferred_username": "fin", "groups": ["finance"]}
    come(client)
    client.logout()
    boss.claims["groups"] = []
    come(client)
    assert not User.objects.get(username="fin").groups.exists()
    client.logout()
    make_user("keeper").groups.add(make_group("finance"))
    del boss.claims["groups"]
    come(client)
    assert User.objects.get(username="keeper").groups.exists()


def test_a_name_that_is_taken_here_opens_nothing_of_its_owner(
    client: Client, boss: Company, ann: User
) -> None:
    boss.claims = {"sub": "9", "preferred_username": "ann", "email": "x@example.com"}
    come(client)
    assert who(client) != str(ann.pk)


def test_an_address_that_the_company_does_not_vouch_for_opens_no_account(
    client: Client, boss: Company, ann: User
) -> None:
    boss.claims = {
        "sub": "9",
        "preferred_username": "eve",
        "email": "ann@example.com",
        "email_verified": False,
    }
    come(client)
    assert who(client) != str(ann.pk)


def test_an_account_that_was_closed_here_stays_closed(client: Client, boss: Company) -> None:
    boss.claims = {"sub": "1", "preferred_username": "fin"}
    come(client)
    client.logout()
    User.objects.filter(username="fin").update(is_active=False)
    come(client)
    assert who(client) is None
