"""Nobody types for nothing: sessions slide, text is kept, and each refusal has a way on."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.ui import sessions
from approvals.ui import typed_text as typed
from tests.approvals.office import (
    KEY,
    ask,
    ask_approved,
    decide,
    everything,
    opened,
    signed_in,
)
from tests.approvals.test_once_only import keys_of
from tests.factories import open_task
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db
FORM = f"/start/{KEY}/"
GOOD = {"title": "Two laptops", "f-amount": "1200", "f-region": "EU", "f-manager": "mia"}
Later = Callable[[timedelta], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Lets time pass for sessions and kept text."""
    begun = time.time()

    def move(by: timedelta) -> None:
        for module in (sessions, typed):
            monkeypatch.setattr(module.time, "time", lambda: begun + by.total_seconds())

    return move


# -- sessions -----------------------------------------------------------------------------------


def test_whoever_is_active_stays_signed_in_past_the_idle_time(
    people: dict[str, User], later: Later
) -> None:
    client = signed_in(people["sam"])
    ends = client.session.get_expiry_date()
    later(timedelta(hours=2))
    answer = client.get("/")
    assert answer.cookies["sessionid"]["max-age"] == 12 * 60 * 60
    assert client.session.get_expiry_date() >= ends
    assert (
        client.session[sessions.LAST_SEEN_AT] - client.session[sessions.SIGNED_IN_AT] == 2 * 60 * 60
    )


def test_a_request_soon_after_another_writes_no_session(
    people: dict[str, User], later: Later
) -> None:
    client = signed_in(people["sam"])
    later(timedelta(minutes=20))
    with CaptureQueriesContext(connection) as asked:
        client.get("/")
    assert not [row for row in asked if "UPDATE" in row["sql"] and "session" in row["sql"]]


def test_after_the_longest_time_everybody_signs_in_again(
    people: dict[str, User], later: Later, settings: Any
) -> None:
    settings.SESSION_LONGEST = 24 * 60 * 60
    client = signed_in(people["sam"])
    later(timedelta(hours=23))
    assert client.get("/").status_code == 200
    later(timedelta(hours=25))
    assert client.get("/").url.startswith("/accounts/login/")


# -- text over a new signing in -----------------------------------------------------------------


def sent_without_a_session(by: User, path: str, values: dict[str, Any]) -> Client:
    """The browser of somebody whose session ended while they typed."""
    client = signed_in(by)
    values = {**values, "once": keys_of(client, path)[-1]}
    client.logout()
    answer = client.post(path, values)
    assert answer.url.startswith("/accounts/login/")
    return client


def test_what_was_typed_is_there_again_after_signing_in(people: dict[str, User]) -> None:
    file = SimpleUploadedFile("offer.pdf", b"offer")
    client = sent_without_a_session(people["sam"], FORM, {**GOOD, "f-quote": file})
    assert not WorkflowInstance.objects.exists()
    client.force_login(people["sam"])
    text = client.get(FORM).content.decode()
    assert 'value="Two laptops"' in text
    assert 'value="1200"' in text
    assert "Choose your files again: offer.pdf." in text
    key = re.findall(r'name="once" value="([^"]+)"', text)[0]
    assert client.post(FORM, {**GOOD, "once": key}).status_code == 302
    assert WorkflowInstance.objects.count() == 1
    assert "Two laptops" not in client.get(FORM).content.decode()


def test_a_comment_on_a_task_is_there_again(people: dict[str, User]) -> None:
    path = f"/tasks/{open_task(ask(people['sam']), 'manager_review').pk}/"
    given = {"outcome": "reject", "comment": "Far too dear"}
    client = sent_without_a_session(people["mia"], path, given)
    client.force_login(people["mia"])
    assert "Far too dear" in client.get(path).content.decode()


def test_it_is_kept_for_that_person_and_address_alone_and_not_for_long(
    people: dict[str, User], later: Later
) -> None:
    client = sent_without_a_session(people["sam"], FORM, GOOD)
    assert "Two laptops" not in str(dict(client.session))
    client.force_login(people["sue"])
    assert "Two laptops" not in client.get(FORM).content.decode()
    client = sent_without_a_session(people["sam"], FORM, GOOD)
    client.force_login(people["sam"])
    request = ask(people["sue"])
    assert "Two laptops" not in client.get("/start/").content.decode()
    assert client.get(f"/requests/{request.reference}/cancel/").status_code == 404
    later(timedelta(hours=2))
    late_page = client.get(FORM).content.decode()
    assert "You had been signed out" not in late_page
    assert "This is your draft of" in late_page  # of a start form, longer than of any other


def test_secrets_and_forms_without_a_key_of_ours_are_not_kept(people: dict[str, User]) -> None:
    client = sent_without_a_session(people["sam"], FORM, {**GOOD, "password": "hunter2"})
    client.force_login(people["sam"])
    client.get(FORM)
    assert "hunter2" not in typed.decrypt(client.session[typed.TYPED_FORM_KEY])
    fresh = Client()
    fresh.post(FORM, GOOD)
    assert typed.TYPED_FORM_KEY not in fresh.session


# -- ways on ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["claim", "start", "pause", "release"])
def test_a_button_s_address_leads_to_its_page(people: dict[str, User], command: str) -> None:
    """Whoever had to sign in again on the way comes by a GET."""
    task = open_task(ask(people["sam"]), "manager_review")
    client, before = signed_in(people["mia"]), everything()
    answer = client.get(f"/tasks/{task.pk}/{command}/")
    assert (answer.status_code, answer.url) == (302, f"/tasks/{task.pk}/")
    assert "Press the button here once more" in client.get(answer.url).content.decode()
    assert everything() == before


def test_a_comment_on_what_somebody_else_decided_is_shown_with_a_way_on(
    people: dict[str, User],
) -> None:
    request = ask_approved(people, amount="20000")
    for name in ("fred", "fay"):
        decide(request, "finance_review", people[name], "approve")
    task = open_task(request, "budget_check")
    client = signed_in(people["fred"])
    page = opened(client, task)
    decide(request, "budget_check", people["fay"], "done")
    given = {"outcome": "done", "comment": "I checked\nall of it", "f-cost_centre": "F-7"}
    answer = client.post(f"/tasks/{task.pk}/", {**given, "opened": page})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Fay Chen was first" in text
    assert "I checked\nall of it" in text
    assert "F-7" in text
    assert f'href="/requests/{request.reference}/"' in text


def test_every_refusal_shows_what_was_typed_and_where_to_go(people: dict[str, User]) -> None:
    request, before = ask(people["sam"]), everything()
    given = {"reason": "My long reason"}
    refused = {
        403: (people["sam"], f"/requests/{request.reference}/suspend/"),
        404: (people["stranger"], f"/requests/{request.reference}/cancel/"),
    }
    before = everything()
    for status, (who, path) in refused.items():
        answer = signed_in(who).post(path, given)
        text = answer.content.decode()
        assert answer.status_code == status
        assert "My long reason" in text
        assert 'href="/requests/"' in text
        assert 'href="/"' in text
    assert everything() == before


def test_a_form_without_a_token_shows_its_text_and_does_nothing(people: dict[str, User]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["sam"])
    answer = client.post(FORM, {**GOOD, "title": "<b>mine</b>"})
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "&lt;b&gt;mine&lt;/b&gt;" in text
    assert "Send the request" not in text
    assert not WorkflowInstance.objects.exists()


def test_a_method_that_an_address_does_not_take_is_a_page(people: dict[str, User]) -> None:
    answer = signed_in(people["sam"]).post("/start/", {"title": "Kept"})
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    assert "Kept" in answer.content.decode()
    assert 'href="/start/"' in answer.content.decode()


def test_a_fault_of_ours_shows_what_was_typed(
    people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(people["sam"])
    client.raise_request_exception = False
    monkeypatch.setattr("approvals.views.start_forms._start_request", lambda *_: 1 / 0)
    answer = client.post(FORM, {**GOOD, "title": "Do not lose me"})
    assert answer.status_code == 500
    assert "Do not lose me" in answer.content.decode()


def test_a_link_back_is_only_to_pages_of_ours(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    for came_from, there in (("http://testserver/start/", True), ("http://evil.example/", False)):
        text = client.get("/tasks/999999/", headers={"referer": came_from}).content.decode()
        assert ("Back to the page before" in text) is there
        assert ("evil.example" in text) is False


@pytest.mark.parametrize("address", ["/admin/", "/reports/nothing/"])
def test_a_refusal_leads_nobody_back_to_itself(people: dict[str, User], address: str) -> None:
    answer = signed_in(people["sam"]).get(address, follow=True)
    text = answer.content.decode()
    assert answer.status_code in (403, 404)
    assert "To the admin" not in text
    assert "To the reports" not in text
    assert "To your inbox" in text
