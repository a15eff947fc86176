"""A form is taken once: twice clicked, or sent again from the back button, it makes one thing."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.approvals.office import (
    KEY,
    ask,
    everything,
    open_office,
    opened,
    signed_in,
)
from tests.factories import make_user, open_task
from tests.workflows.support import only_on_postgres
from workflows.access.models import IdempotentReply
from workflows.access.services.once_only_forms import SALT, new_form_key
from workflows.definitions.models import TemplateVersion
from workflows.execution.models import WorkflowInstance
from workflows.execution.services.questions import ask_opinions
from workflows.people.models import User
from workflows.people.services.absences import AbsencePlan, set_absence
from workflows.trail.models import TrailEvent

FORM = f"/start/{KEY}/"
GOOD = {"title": "Two laptops", "f-amount": "1200", "f-region": "EU", "f-manager": "mia"}


@pytest.fixture
def people(db: None) -> dict[str, User]:
    return open_office()


def keys_of(client: Client, path: str) -> list[str]:
    """The once-only keys on a page, in its order."""
    return re.findall(r'name="once" value="([^"]+)"', client.get(path).content.decode())


def test_the_same_form_sent_again_leads_to_what_the_first_made(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    sent = {**GOOD, "once": keys_of(client, FORM)[0]}
    first, again = client.post(FORM, sent), client.post(FORM, sent)
    request = WorkflowInstance.objects.get()
    assert (first.status_code, again.status_code) == (302, 302)
    assert first.url == again.url == f"/requests/{request.reference}/"
    assert f"{request.reference} started." in client.get(again.url).content.decode()


def test_sent_again_later_it_says_that_it_was_sent_already(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    sent = {**GOOD, "once": keys_of(client, FORM)[0]}
    client.post(FORM, sent)
    client.get("/")  # takes the first message away
    IdempotentReply.objects.update(created_at=timezone.now() - timedelta(hours=2))
    answer = client.post(FORM, sent)
    assert WorkflowInstance.objects.count() == 1
    assert "was sent already" in client.get(answer.url).content.decode()


def test_back_and_again_with_a_page_that_was_loaded_anew_asks_before_it_makes_another(
    people: dict[str, User],
) -> None:
    """A browser that keeps no page loads it again: with another key, and what was typed."""
    client = signed_in(people["sam"])
    client.post(FORM, {**GOOD, "once": keys_of(client, FORM)[0]})
    made = WorkflowInstance.objects.get()
    answer = client.post(FORM, {**GOOD, "once": keys_of(client, FORM)[0]})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "You sent the very same" in text
    assert f'href="/requests/{made.reference}/"' in text
    assert 'value="Two laptops"' in text
    assert WorkflowInstance.objects.get() == made
    [new] = re.findall(r'name="once" value="([^"]+)"', text)[:1]
    assert client.post(FORM, {**GOOD, "once": new}).status_code == 302  # they are meant
    assert WorkflowInstance.objects.count() == 2


def test_the_same_values_a_day_later_are_another_request(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    client.post(FORM, {**GOOD, "once": keys_of(client, FORM)[0]})
    IdempotentReply.objects.update(created_at=timezone.now() - timedelta(days=1))
    client.post(FORM, {**GOOD, "once": keys_of(client, FORM)[0]})
    assert WorkflowInstance.objects.count() == 2


def test_two_tabs_of_one_form_start_one_request_and_with_other_values_two(
    people: dict[str, User],
) -> None:
    client = signed_in(people["sam"])
    tabs = [keys_of(client, FORM)[0] for _ in range(3)]
    answers = [client.post(FORM, {**GOOD, "once": key}) for key in tabs[:2]]
    request = WorkflowInstance.objects.get()
    assert [answer.url for answer in answers] == [f"/requests/{request.reference}/"] * 2
    client.post(FORM, {**GOOD, "title": "Three laptops", "once": tabs[2]})
    assert WorkflowInstance.objects.count() == 2


def test_another_persons_same_values_are_their_own(people: dict[str, User]) -> None:
    clients = [signed_in(people[name]) for name in ("sam", "sue")]
    tabs = [(client, keys_of(client, FORM)[0]) for client in clients]
    for client, key in tabs:
        assert client.post(FORM, {**GOOD, "once": key}).status_code == 302
    assert WorkflowInstance.objects.count() == 2


def test_a_second_tab_of_a_decision_gives_the_same_answer_and_no_other_decision(
    people: dict[str, User],
) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    client, path = signed_in(people["mia"]), f"/tasks/{task.pk}/"
    tabs = [(opened(client, task), keys_of(client, path)[-1]) for _ in range(3)]
    answers = [
        client.post(path, {"outcome": "approve", "opened": seen, "once": key})
        for seen, key in tabs[:2]
    ]
    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [
        (302, "/"),
        (302, "/"),
    ]
    assert TrailEvent.objects.filter(command="decide").count() == 1
    sent = {"outcome": "reject", "comment": "No!", "opened": tabs[2][0], "once": tabs[2][1]}
    other = client.post(path, sent)
    assert other.status_code == 409  # something else was meant, and that is said
    assert "No!" in other.content.decode()
    assert TrailEvent.objects.filter(command="decide").count() == 1


def test_changed_and_sent_again_it_asks_before_it_makes_another(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    key = keys_of(client, FORM)[0]
    client.post(FORM, {**GOOD, "once": key})
    made = WorkflowInstance.objects.get()
    before = everything()
    answer = client.post(FORM, {**GOOD, "title": "Three laptops", "once": key})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "This form was sent already" in text
    assert f'href="/requests/{made.reference}/"' in text
    assert 'value="Three laptops"' in text
    assert everything() == before
    new = re.findall(r'name="once" value="([^"]+)"', text)[0]
    assert new != key
    client.post(FORM, {**GOOD, "title": "Three laptops", "once": new})
    assert WorkflowInstance.objects.count() == 2


def test_what_was_refused_leaves_its_key_as_good_as_new(people: dict[str, User]) -> None:
    client = signed_in(people["sam"])
    key = keys_of(client, FORM)[0]
    assert client.post(FORM, {**GOOD, "f-amount": "much", "once": key}).status_code == 422
    assert client.post(FORM, {**GOOD, "once": key}).status_code == 302
    assert WorkflowInstance.objects.count() == 1


@pytest.mark.parametrize("made_how", ["nonsense", "another person", "too old"])
def test_a_key_that_is_not_this_persons_or_too_old_is_refused_with_the_text_kept(
    people: dict[str, User], made_how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(people["sam"])
    key = {"nonsense": "x:y:z", "another person": new_form_key(people["sue"])}.get(made_how)
    if key is None:
        late = timezone.now().timestamp() - 8 * 86400
        monkeypatch.setattr(signing.time, "time", lambda: late)
        key = signing.dumps([people["sam"].pk, "k"], salt=SALT)
        monkeypatch.undo()
    answer = client.post(FORM, {**GOOD, "once": key})
    assert answer.status_code == 422
    assert 'value="Two laptops"' in answer.content.decode()
    assert not WorkflowInstance.objects.exists()


def test_approving_twice_tells_the_one_approver_what_the_click_did(
    people: dict[str, User],
) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    client = signed_in(people["mia"])
    sent = {
        "outcome": "approve",
        "opened": opened(client, task),
        "once": keys_of(client, f"/tasks/{task.pk}/")[-1],
    }
    answers = [client.post(f"/tasks/{task.pk}/", sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert TrailEvent.objects.filter(command="decide").count() == 1
    text = client.get("/").content.decode()
    assert "→ Approve." in text
    assert "was first" not in text


@pytest.mark.parametrize("course", ["cancel", "suspend"])
def test_a_course_is_changed_once(people: dict[str, User], course: str) -> None:
    request, client = ask(people["sam"]), signed_in(people["olivia"])
    path = f"/requests/{request.reference}/{course}/"
    sent = {"reason": "Not now", "once": keys_of(client, path)[0]}
    answers = [client.post(path, sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert TrailEvent.objects.filter(command=course).count() == 1


def test_taking_a_task_twice_from_one_page_takes_it_once(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    client = signed_in(people["mia"])
    task = open_task(request, "manager_review")
    path = f"/tasks/{task.pk}/start/"
    sent = {"once": keys_of(client, f"/tasks/{task.pk}/")[0]}
    assert [client.post(path, sent).status_code for _ in range(2)] == [302, 302]
    assert TrailEvent.objects.filter(command="start_work").count() == 1


def test_without_a_key_the_pages_own_token_tells_two_clicks_from_two_forms(
    people: dict[str, User],
) -> None:
    """A script, or a page from before an update, sends no key; its CSRF token stands for it."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["sam"])
    tokens = [
        re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(FORM).content.decode())
        for _ in range(2)
    ]
    for token in (tokens[0][-1], tokens[0][-1], tokens[1][-1]):
        client.post(FORM, {**GOOD, "csrfmiddlewaretoken": token})
    assert WorkflowInstance.objects.count() == 2


def test_a_script_that_sends_the_same_twice_within_two_minutes_starts_one(
    people: dict[str, User],
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["sam"])
    client.get(FORM)
    bare = client.cookies["csrftoken"].value
    for _ in range(2):
        client.post(FORM, {**GOOD, "csrfmiddlewaretoken": bare})
    assert WorkflowInstance.objects.count() == 1
    client.post(FORM, {**GOOD, "title": "A third", "csrfmiddlewaretoken": bare})
    IdempotentReply.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    client.post(FORM, {**GOOD, "csrfmiddlewaretoken": bare})
    assert WorkflowInstance.objects.count() == 3


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
@only_on_postgres
def test_of_two_clicks_at_once_one_starts_a_request_and_both_are_led_to_it() -> None:
    people = open_office()
    clients = [signed_in(people["sam"]) for _ in range(2)]
    for turn in range(5):
        key = keys_of(clients[0], FORM)[0]
        sent = {**GOOD, "title": f"Turn {turn}", "once": key}

        def click(client: Client, sent: dict[str, Any] = sent) -> str:
            try:
                return str(client.post(FORM, sent).headers.get("Location"))
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            places = set(pool.map(click, clients))
        request = WorkflowInstance.objects.get(title=f"Turn {turn}")
        assert places == {f"/requests/{request.reference}/"}


def test_the_admin_takes_a_button_of_one_page_once(people: dict[str, User]) -> None:
    """Two clicks on 'make a new draft' make one; the page loaded again makes another."""
    admin = make_user("root", is_staff=True, is_superuser=True)
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    version = TemplateVersion.objects.get()
    page = f"/admin/workflows/templateversion/{version.pk}/change/"
    tokens = [
        re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(page).content.decode())
        for _ in range(2)
    ]
    path = f"/admin/workflows/templateversion/{version.pk}/new-draft/"
    sent = [client.post(path, {"csrfmiddlewaretoken": t[0]}) for t in (tokens[0], tokens[0])]
    assert sent[0].url == sent[1].url
    assert TemplateVersion.objects.count() == 2
    client.post(path, {"csrfmiddlewaretoken": tokens[1][0]})
    assert TemplateVersion.objects.count() == 3
    assert client.get(path).url == page


def test_two_clicks_answer_a_question_and_end_an_absence_once(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    task, mia, nora = open_task(request, "manager_review"), people["mia"], people["stranger"]
    (question,) = ask_opinions(
        task.pk, actor=mia, people=[nora], question="Fair?", now=timezone.now()
    )
    today = timezone.now().date()
    plan = AbsencePlan(deputy=mia, first_day=today, last_day=today + timedelta(days=3))
    absence = set_absence(nora, plan, by=nora, now=timezone.now())
    client = signed_in(nora)
    for page, action, values in (
        (f"/questions/{question.pk}/", f"/questions/{question.pk}/", {"answer": "Yes."}),
        ("/away/", f"/away/{absence.pk}/end/", {}),
    ):
        sent = {**values, "once": keys_of(client, page)[0]}
        first, done = client.post(action, sent), TrailEvent.objects.count()
        again = client.post(action, sent)
        assert (first.status_code, again.status_code) == (302, 302), action
        assert first.url == again.url
        assert TrailEvent.objects.count() == done
