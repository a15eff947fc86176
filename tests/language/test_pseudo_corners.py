"""What the walk over all addresses does not come to: refusals by their status, forms of accounts,
the map's picture, and a mail of each kind. None has a sentence that a translator cannot reach."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from reporting.reviews.facts.choices import ReviewState
from reporting.reviews.models import Review
from reporting.reviews.services import mails as review_mails
from tests.language.checking import check, sentences_of
from tests.language.pseudo import unmarked
from tests.language.site import make_person
from tests.rights.everything import Everything
from tests.second_factor import code_of
from workflows.access.services import accounts, tokens
from workflows.automation.services.delivery import deliver_due
from workflows.automation.triggers.schedules import notify_of_refused_start
from workflows.connections.models import WebhookKey
from workflows.connections.services import credentials
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.texts import text
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import incidents, staffing_watch
from workflows.people.models import User
from workflows.trail.services import daily_heads

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]
PASSWORD = "zq-correct-horse-7"
API = {"content_type": "application/json"}


def client_of(login: str, **options: Any) -> Client:
    """A browser in which this person is signed in."""
    client = Client(raise_request_exception=False, **options)
    client.force_login(User.objects.get(username=login))
    return client


def check_answers(answers: dict[str, Any]) -> None:
    """No answer has an unmarked sentence; a key is what it is an answer to."""
    check((name, sentence) for name, answer in answers.items() for sentence in sentences_of(answer))


# -- refusals ---------------------------------------------------------------------------------


def page_refusals(site: Everything) -> dict[str, Any]:
    """A page of each status that refuses."""
    owner, strict = client_of("zqowner"), client_of("zqowner", enforce_csrf_checks=True)
    reference, task = site.rows["reference"], site.rows["task_id"]
    over = WorkflowInstance.objects.filter(state="completed").first()
    assert over is not None
    reason = {"reason": "Επειδή."}
    return {
        "403": client_of("zqtina").post(f"/requests/{reference}/cancel/", reason),
        "403 csrf": strict.post(f"/requests/{reference}/cancel/", reason),
        "404": owner.get("/zqnothing/"),
        "404 request": owner.get("/requests/ZQ-0/"),
        "404 report": owner.get("/reports/workflow/zqnothing/"),
        "405": owner.delete("/requests/"),
        "409": owner.post(f"/requests/{over.reference}/suspend/", reason),
        "422": client_of("zqmia").post(f"/tasks/{task}/", {"outcome": "zqreject"}),
        "400": Client(raise_request_exception=False).get("/", headers={"host": "zq_bad host"}),
    }


def test_no_refusal_on_a_page_has_a_sentence_that_is_not_marked(site: Everything) -> None:
    answers = page_refusals(site)
    for name, answer in answers.items():
        assert str(answer.status_code) == name[:3], (name, answer.status_code)
    check_answers(answers)


def test_a_fault_of_ours_and_too_many_tries_have_no_sentence_that_is_not_marked(
    site: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("zq")

    monkeypatch.setattr("approvals.views.inbox.render", fail)
    broken = client_of("zqowner").get("/")
    tries = [
        Client().post("/accounts/login/", {"username": "zqowner", "password": "zq"})
        for _ in range(32)
    ]
    caches["default"].clear()
    assert broken.status_code == 500
    assert tries[-1].status_code == 429
    check_answers({"500": broken, "login": tries[0], "429": tries[-1]})


def api_refusals(site: Everything) -> dict[str, Any]:
    """An answer of the API of each status that refuses, and of each kind of wrong body."""
    client, task = client_of("zqmia"), site.rows["task_id"]
    decide = f"/api/v1/work-items/{task}/decide"
    bodies: list[Any] = [
        *({}, [], {"outcome": 1}, {"outcome": ""}, {"outcome": "zq", "zqmore": 1}),
        *({"outcome": "zqreject"}, {"outcome": "zqagree", "data": []}),
        {"outcome": "zqagree", "comment": "ω" * 10_001},
        {"outcome": "zq\x00"},
    ]
    return {
        **{f"422 {body}"[:40]: client.post(decide, body, **API) for body in bodies},
        "422 query": client.get("/api/v1/work-items?limit=0"),
        "422 number": client.get("/api/v1/work-items?limit=zq"),
        "400": client.post(decide, "{", **API),
        "401": Client().get("/api/v1/work-items"),
        "404": client.get("/api/v1/instances/ZQ-0"),
        "405": client.delete("/api/v1/work-items"),
        "413": client.post(decide, "ω" * 1_100_000, **API),
        "415": client.post(decide, {"outcome": "zqagree"}),
    }


def test_no_refusal_of_the_api_has_a_sentence_that_is_not_marked(site: Everything) -> None:
    answers = api_refusals(site)
    assert all(answer.status_code >= 400 for answer in answers.values())
    check_answers(answers)


# -- accounts ---------------------------------------------------------------------------------


def test_no_form_of_accounts_has_a_sentence_that_is_not_marked(site: Everything) -> None:
    person = make_person("zqkai")
    person.set_password(PASSWORD)
    person.save()
    check_answers(dict(_account_answers(person)))


def _account_answers(person: User) -> Iterator[tuple[str, Any]]:
    guest, client = Client(), Client()
    wrong = {"username": "zqkai", "password": "zqwrong"}
    yield "sign in, empty", guest.post("/accounts/login/", {})
    yield "sign in, wrong", guest.post("/accounts/login/", wrong)
    yield "reset, no address", guest.post("/accounts/password/reset/", {"email": "zq"})
    yield "reset", guest.post("/accounts/password/reset/", {"email": person.email}, follow=True)
    link = next(
        word for word in str(mail.outbox[-1].body).split() if "/password/reset/key/" in word
    )
    yield "reset link", guest.get(link, follow=True)
    yield "reset link, wrong", guest.get(link[:-3] + "zq/", follow=True)
    client.post("/accounts/login/", {"username": "zqkai", "password": PASSWORD})
    for name in ("", "password/change/", "2fa/", "logout/", "reauthenticate/"):
        yield name, client.get(f"/accounts/{name}", follow=True)
    yield "ask again, wrong", client.post("/accounts/reauthenticate/", {"password": "zqwrong"})
    yield "change, empty", client.post("/accounts/password/change/", {})
    yield (
        "change",
        client.post(
            "/accounts/password/change/",
            {"oldpassword": "zqwrong", "password1": "zq", "password2": "zqother"},
        ),
    )
    yield from _second_factor_answers(client)
    yield "signed out", client.post("/accounts/logout/", follow=True)


def _second_factor_answers(client: Client) -> Iterator[tuple[str, Any]]:
    activate = "/accounts/2fa/totp/activate/"
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(activate)
    yield "second factor", page
    yield "second factor, wrong", client.post(activate, {"code": "000000"})
    code = code_of(page.context["form"].secret)
    yield "second factor made", client.post(activate, {"code": code}, follow=True)
    other = Client()
    signed = {"username": "zqkai", "password": PASSWORD}
    yield "sign in, second factor", other.post("/accounts/login/", signed, follow=True)
    yield "wrong code", other.post("/accounts/2fa/authenticate/", {"code": "000000"})
    for name in ("", "recovery-codes/", "recovery-codes/generate/", "totp/deactivate/"):
        yield name, client.get(f"/accounts/2fa/{name}", follow=True)


# -- mails ------------------------------------------------------------------------------------


def test_no_kind_of_mail_has_a_sentence_that_is_not_marked(site: Everything, settings: Any) -> None:
    settings.AUDIT_HEAD_TO = ["zqaudit@zq.example"]
    settings.AUDIT_HEAD_CONNECTION = ""
    now = timezone.now()
    _cause_every_mail(site)
    deliver_due(lambda: now + timedelta(days=2))
    _hand_an_incident_over()
    deliver_due(lambda: now + timedelta(days=2))
    texts = [
        (f"mail: {message.subject}", line)
        for message in mail.outbox
        for line in (message.subject, str(message.body))
    ]
    subjects = {message.subject for message in mail.outbox}
    missing = [begin for begin in MAILS if not any(begin in subject for subject in subjects)]
    assert not missing, (missing, sorted(subjects))
    check((place, sentence) for place, line in texts if (sentence := unmarked(line)))


MAILS = (
    *("API token that acts", "was revoked", "Late:"),
    *(
        "Past an approval",
        "Incident at",
        "is yours now",
        "could not be started",
        "account was changed",
    ),
    *("account was changed", "webhook key", "eview", "head of the audit trail"),
)
"""A piece of the subject of each kind of mail."""


def _cause_every_mail(site: Everything) -> None:
    now = timezone.now()
    root, owner = User.objects.get(username="zqroot"), User.objects.get(username="zqowner")
    template = WorkflowTemplate.objects.get(key=site.rows["key"])
    accounts.set_account_password(owner, by=root, now=now)
    tokens.revoke_token(site.rows["token_id"], by=root, now=now)
    key = WebhookKey.objects.get(pk=site.rows["webhook"])
    credentials.rotate_webhook_key(key.pk, by=owner, now=now)
    credentials.revoke_webhook_key(key.pk, by=owner, now=now)
    version = template.versions.filter(state="published").get()
    notify_of_refused_start(version.pk, text("The start"), now)
    Review.objects.update(state=ReviewState.DUE)
    review_mails.mail_due_reviews(now=now)
    daily_heads.write_trail_head(now + timedelta(days=1))
    _go_past_an_approval(site)


def _go_past_an_approval(site: Everything) -> None:
    incidents.reroute(
        site.rows["incident_id"],
        actor=User.objects.get(username="zqowner"),
        to="zqorder",
        reason="Επειδή.",
        now=timezone.now(),
    )


def _hand_an_incident_over() -> None:
    User.objects.filter(username="zqowner").update(is_active=False)
    staffing_watch.watch_queues(now=timezone.now())
