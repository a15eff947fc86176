"""What every page has, and what a supervisor may ask."""

import pytest
from django.test import Client

from tests.factories import make_user


@pytest.mark.django_db
def test_healthz_answers_without_signing_in(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_every_page_has_a_strict_policy_and_only_the_admin_a_wider_one(client: Client) -> None:
    page = client.get("/accounts/login/").headers["Content-Security-Policy"]
    admin = client.get("/admin/login/").headers["Content-Security-Policy"]
    assert "unsafe" not in page
    assert "default-src 'self'" in page
    assert "unsafe-eval" in admin


@pytest.mark.django_db
def test_a_wrong_password_is_answered_in_words(client: Client) -> None:
    page = client.post("/accounts/login/", {"username": "nobody", "password": "wrong"})
    assert "do not match" in page.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/requests/", "/start/", "/reports/"])
def test_pages_ask_a_stranger_to_sign_in(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
@pytest.mark.usefixtures("lenient_templates")
def test_signing_out_is_a_post(client: Client) -> None:
    client.force_login(make_user("ann"))
    client.get("/accounts/logout/")
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session
