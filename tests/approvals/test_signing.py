"""A step that is signed: who decides shows again who they are, and the record says so for good."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from tests.approvals.api.calls import Api, problem, unchanged
from tests.approvals.office import (
    PURCHASE,
    ask,
    decide,
    open_office,
    opened,
    page_text,
    post,
    signed_in,
)
from tests.emptying import lift
from tests.factories import NOW, open_task
from tests.second_factor import code_of, give_second_factor
from tests.telling import work_out_notices
from tests.workflows import tampering
from tests.workflows.support import everything, nothing_changed, refused
from workflows.engine.errors import NotAllowed
from workflows.execution.models import FormDraft, WorkItem
from workflows.execution.services.corrections import set_values
from workflows.execution.services.review_digest import digest_of_values
from workflows.execution.services.signing import Signature, SignatureMethod
from workflows.execution.services.task_clocks.task_times import TaskMoments
from workflows.links.services.decision_links import make_decision_link
from workflows.monitoring.messages import describe_trail_defect
from workflows.monitoring.queries.trail_verification import verify_trail
from workflows.notices.messages.letters import compose_letter
from workflows.notices.models import Notice
from workflows.people.models import User
from workflows.trail.changes import read_changes
from workflows.trail.models import TrailEvent
from workflows.trail.services.sealing import seal_all

pytestmark = pytest.mark.django_db
PASSWORD = "a-Long-pass-9"
WRONG = "zq-Wrong-pass-7"
OWN_WORDS = "I have checked the figures"


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    caches["default"].clear()
    yield
    caches["default"].clear()


@pytest.fixture
def people() -> dict[str, User]:
    return open_signed_office()


def open_signed_office(**meanings: str) -> dict[str, User]:
    steps = yaml.safe_load(PURCHASE)["steps"]
    for step, meaning in ({"manager_review": "approval"} | meanings).items():
        steps[step]["sign"] = meaning
    people = open_office(steps=steps)
    for user in people.values():
        user.set_password(PASSWORD)
        user.save()
    return people


def waiting(people: dict[str, User]) -> WorkItem:
    return open_task(ask(people["sam"]), "manager_review")


def signature_of(event: TrailEvent) -> Any:
    return read_changes(event).facts.signature


def last_decision() -> TrailEvent:
    return TrailEvent.objects.filter(command="decide").latest("pk")


# -- the page -----------------------------------------------------------------------------------


def test_the_page_says_as_whom_and_what_for_one_signs(people: dict[str, User]) -> None:
    text = page_text(signed_in(people["mia"]), waiting(people))
    assert "You sign as Mia Lopez (mia): “approval”." in " ".join(text.split())
    assert 'type="password" name="signature_secret"' in text
    assert 'autocomplete="current-password"' in text


def test_the_record_says_who_signed_what_for_how_and_what_they_saw(
    people: dict[str, User],
) -> None:
    task = waiting(people)
    answer = post(signed_in(people["mia"]), task, "approve", signature_secret=PASSWORD)
    assert answer.status_code == 302
    event = last_decision()
    signature = signature_of(event)
    assert (signature.name, signature.meaning, signature.method) == (
        "Mia Lopez",
        "approval",
        "password",
    )
    assert signature.digest == event.seen["digest"] == digest_of_values(event.seen["values"])


def test_a_task_that_is_signed_keeps_what_was_seen_too() -> None:
    people = open_signed_office(budget_check=OWN_WORDS)
    task = waiting(people)
    post(signed_in(people["mia"]), task, "approve", signature_secret=PASSWORD)
    budget = open_task(task.request, "budget_check")
    post(signed_in(people["fred"]), budget, "done", signature_secret=PASSWORD)
    event = last_decision()
    assert signature_of(event).meaning == OWN_WORDS
    assert event.seen["values"]["amount"] == "1200.00"
    text = signed_in(people["olivia"]).get(f"/requests/{task.request.reference}/").content.decode()
    assert f"Signed by Fred Bauer as “{OWN_WORDS}”, with the password." in text
    assert "Signed by Mia Lopez as “approval”, with the password." in text


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("", "Sign with your password."),
        ("   ", "Sign with your password."),
        (WRONG, "That is not your password"),
    ],
)
def test_without_the_right_password_nothing_is_decided_and_what_was_typed_stays(
    people: dict[str, User], secret: str, words: str
) -> None:
    task, client = waiting(people), signed_in(people["mia"])
    seen = opened(client, task)
    before = len(TrailEvent.objects.all())
    given = {"opened": seen, "comment": "Fair price.", "signature_secret": secret}
    answer = client.post(f"/tasks/{task.pk}/", {"outcome": "approve", **given})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert 'aria-invalid="true" aria-describedby="signature_help signature_error"' in text
    assert f'<p class="error" id="signature_error">{words}' in text
    assert "Fair price.</textarea>" in text
    assert WRONG not in text
    assert len(TrailEvent.objects.all()) == before
    task.refresh_from_db()
    assert task.is_open
    draft = FormDraft.objects.get()
    assert WRONG not in draft.content
    assert draft.work_item_id == task.pk


def test_a_wrong_password_changes_no_row(people: dict[str, User]) -> None:
    task, client = waiting(people), signed_in(people["mia"])
    seen = opened(client, task)
    with nothing_changed():
        given = {"opened": seen, "signature_secret": WRONG}
        assert client.post(f"/tasks/{task.pk}/", {"outcome": "approve", **given}).status_code == 422


def test_no_row_no_session_and_no_log_has_the_password(
    people: dict[str, User], caplog: pytest.LogCaptureFixture
) -> None:
    task, client = waiting(people), signed_in(people["mia"])
    caplog.set_level(logging.DEBUG)
    post(client, task, "approve", signature_secret=WRONG, comment="So be it.")
    save = {"save_draft": "1", "comment": "Later.", "signature_secret": PASSWORD}
    client.post(f"/tasks/{task.pk}/", {"opened": opened(client, task), **save})
    post(client, task, "approve", signature_secret=PASSWORD)
    rows = "\n".join(repr(row) for table in everything().values() for row in table)
    session = json.dumps(dict(client.session.items()), default=str)
    for secret in (PASSWORD, WRONG):
        assert secret not in rows
        assert secret not in session
        assert secret not in caplog.text


def test_a_form_that_comes_after_its_session_ended_is_kept_without_the_password(
    people: dict[str, User],
) -> None:
    task, client = waiting(people), signed_in(people["mia"])
    page = client.get(f"/tasks/{task.pk}/").content.decode()
    once = re.findall(r'name="once" value="([^"]+)"', page)[-1]
    seen = opened(client, task)
    client.logout()
    sent = {"outcome": "approve", "opened": seen, "once": once, "comment": "Fair."}
    client.post(f"/tasks/{task.pk}/", {**sent, "signature_secret": PASSWORD})
    client.force_login(people["mia"])
    text = client.get(f"/tasks/{task.pk}/").content.decode()
    assert PASSWORD not in text


def test_the_same_form_twice_is_one_decision_and_no_second_question(
    people: dict[str, User],
) -> None:
    task, client = waiting(people), signed_in(people["mia"])
    secret = give_second_factor(people["mia"])
    page = client.get(f"/tasks/{task.pk}/").content.decode()
    once = re.findall(r'name="once" value="([^"]+)"', page)[-1]
    sent = {"outcome": "approve", "opened": opened(client, task), "once": once}
    for _ in range(2):
        sent["signature_secret"] = code_of(secret)
        assert client.post(f"/tasks/{task.pk}/", sent).headers["Location"] == "/"
    assert TrailEvent.objects.filter(command="decide").count() == 1


def test_after_some_wrong_tries_even_the_right_password_has_to_wait(
    people: dict[str, User],
) -> None:
    task, client = waiting(people), signed_in(people["mia"])
    for _ in range(5):
        post(client, task, "approve", signature_secret=WRONG)
    answer = post(client, task, "approve", signature_secret=PASSWORD)
    assert "too many wrong tries" in answer.content.decode()
    assert not TrailEvent.objects.filter(command="decide").exists()
    login = {"username": "mia", "password": PASSWORD}
    assert Client().post("/accounts/login/", login).status_code == 200  # the same limit


# -- a second factor, and nothing at all --------------------------------------------------------


def test_who_has_a_second_factor_signs_with_it_and_not_with_the_password(
    people: dict[str, User],
) -> None:
    task, client = waiting(people), signed_in(people["mia"])
    secret = give_second_factor(people["mia"])
    assert "Code of your second factor" in page_text(client, task)
    for wrong in (PASSWORD, "000000"):
        answer = post(client, task, "approve", signature_secret=wrong)
        assert "not a code of your second factor" in answer.content.decode()
    assert post(client, task, "approve", signature_secret=code_of(secret)).status_code == 302
    assert signature_of(last_decision()).method == "second_factor"


def test_a_code_signs_once(people: dict[str, User]) -> None:
    first, second = waiting(people), waiting(people)
    client, secret = signed_in(people["mia"]), give_second_factor(people["mia"])
    code = code_of(secret)
    assert post(client, first, "approve", signature_secret=code).status_code == 302
    answer = post(client, second, "approve", signature_secret=code)
    assert "used already" in answer.content.decode()


def test_who_has_nothing_to_sign_with_is_told_what_to_set_up(people: dict[str, User]) -> None:
    task, mia = waiting(people), people["mia"]
    mia.set_unusable_password()
    mia.save()
    client = signed_in(mia)
    text = page_text(client, task)
    assert "Set up a second factor under your account" in text
    assert 'name="outcome"' not in text
    assert 'name="signature_secret"' not in text
    answer = post(client, task, "approve", signature_secret=PASSWORD)
    assert answer.status_code == 422
    assert "neither a password here nor a second factor" in answer.content.decode()


def test_who_may_not_decide_may_not_sign_either(people: dict[str, User]) -> None:
    task = waiting(people)
    seen = opened(signed_in(people["mia"]), task)
    with nothing_changed():
        client = signed_in(people["olivia"])
        given = {"opened": seen, "signature_secret": PASSWORD, "outcome": "approve"}
        client.post(f"/tasks/{task.pk}/", given)


@pytest.mark.parametrize("why", ["comment", "changed", "outcome"])
def test_a_code_is_not_used_up_where_the_decision_is_refused_for_another_reason(
    people: dict[str, User], why: str
) -> None:
    task, client = waiting(people), signed_in(people["mia"])
    secret = give_second_factor(people["mia"])
    code, seen = code_of(secret), opened(client, task)
    sent = {"outcome": "approve", "opened": seen, "signature_secret": code}
    if why == "comment":
        sent["outcome"] = "reject"
    elif why == "outcome":
        sent["outcome"] = "no_such"
    else:
        set_values(
            *(task.request.pk,),
            actor=people["olivia"],
            data={"amount": "1300.00"},
            reason="Mistyped.",
            now=timezone.now(),
        )
    with nothing_changed():
        answer = client.post(f"/tasks/{task.pk}/", sent)
    assert answer.status_code in (409, 422)
    assert "second factor now" not in answer.content.decode()
    assert post(client, task, "approve", signature_secret=code).status_code == 302
    assert signature_of(last_decision()).method == "second_factor"


# -- a record that was changed ------------------------------------------------------------------

APPROVAL, REVIEW = '"meaning": "approval"', '"meaning": "review"'
CHANGES = {
    "meaning": f"changes = REPLACE({{changes}}, '{APPROVAL}', '{REVIEW}')",
    "name": "changes = REPLACE({changes}, 'Mia Lopez', 'Lena Vogt')",
    "person": "actor_id = (SELECT id FROM workflows_user WHERE username = 'lena')",
    "outcome": "outcome = 'reject'",
    "time": "recorded_at = '2020-01-01 00:00:00.000001'",
    "seen": "seen = REPLACE({seen}, '1200.00', '9200.00')",
    "place": "step = 'budget_check'",
}


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_a_signature_does_not_fit_a_record_that_was_changed_and_sealed_anew(
    people: dict[str, User], what: str
) -> None:
    task = waiting(people)
    post(signed_in(people["mia"]), task, "approve", signature_secret=PASSWORD)
    seal_all(timezone.now)
    assert verify_trail(now=timezone.now()).broken == []
    event = last_decision()
    lift()
    tampering.change_and_write_anew(event.pk, CHANGES[what])
    result = verify_trail(now=timezone.now(), everything=True)
    assert [(one.kind, one.event) for one in result.broken] == [("signature_differs", event.pk)]
    assert "is not of this decision" in str(describe_trail_defect(result.broken[0]))


def test_a_signature_of_before_there_was_a_bound_digest_is_held_against_what_was_seen(
    people: dict[str, User],
) -> None:
    task = waiting(people)
    post(signed_in(people["mia"]), task, "approve", signature_secret=PASSWORD)
    seal_all(timezone.now)
    event = last_decision()
    bound = signature_of(event).bound
    lift()
    tampering.change_and_write_anew(
        event.pk, f"changes = REPLACE({{changes}}, '\"{bound}\"', 'null')"
    )
    assert verify_trail(now=timezone.now()).broken == []
    tampering.change_and_write_anew(event.pk, CHANGES["seen"])
    assert [one.kind for one in verify_trail(now=timezone.now()).broken] == ["signature_differs"]


# -- every other door ---------------------------------------------------------------------------


def test_the_service_takes_only_the_actors_own_signature_for_this_task(
    people: dict[str, User],
) -> None:
    task, other = waiting(people), waiting(people)
    mia, sam = people["mia"], people["sam"]
    by_password = {"method": SignatureMethod.PASSWORD}
    for signature in (
        None,
        Signature(signer=sam.pk, task=task.pk, **by_password),
        Signature(signer=mia.pk, task=other.pk, **by_password),
    ):
        with refused(NotAllowed, "signed by whoever decides it", "on its own page"):
            decide(task.request, "manager_review", mia, "approve", signature=signature)
    good = Signature(signer=mia.pk, task=task.pk, **by_password)
    with refused(Exception, "seen"):  # nobody signs without saying what was in front of them
        decide(task.request, "manager_review", mia, "approve", signature=good)


def test_a_step_that_is_not_signed_keeps_no_signature(people: dict[str, User]) -> None:
    task = waiting(people)
    post(signed_in(people["mia"]), task, "approve", signature_secret=PASSWORD)
    legal = open_task(task.request, "legal_review")
    post(signed_in(people["lena"]), legal, "approve")
    assert last_decision().step == "legal_review"
    assert signature_of(last_decision()) is None


def test_a_token_does_not_sign(people: dict[str, User]) -> None:
    task, mia = waiting(people), Api(people["mia"])
    [item] = mia.get(f"/instances/{task.request.reference}").json()["work_items"]
    assert item["sign"] == "approval"
    with unchanged():
        body = {"outcome": "approve", "seen": item["seen"]}
        problem(mia.post(f"/work-items/{task.pk}/decide", body), 403, "on its own page")


def test_several_at_once_are_not_signed(people: dict[str, User]) -> None:
    one, two = waiting(people), waiting(people)
    client = signed_in(people["mia"])
    page = client.get("/inbox/decide/", {"task": [one.pk, two.pk]}).content.decode()
    assert "2 of the tasks that you chose are signed" in " ".join(page.split())
    assert f'href="/tasks/{one.pk}/"' in page
    assert 'name="outcome"' not in page
    once = re.findall(r'name="once" value="([^"]+)"', page_text(client, one))[-1]
    sent = {f"opened-{one.pk}": opened(client, one), "task": one.pk, "once": once}
    client.post("/inbox/decide/", {**sent, "outcome": "approve"})
    assert not TrailEvent.objects.filter(command="decide").exists()


def test_no_mail_decides_what_is_signed(people: dict[str, User]) -> None:
    task = waiting(people)
    assert make_decision_link(task, people["mia"], timezone.now()) is None


def test_the_mail_of_a_task_that_is_signed_says_that_it_is(people: dict[str, User]) -> None:
    task = waiting(people)
    work_out_notices(timezone.now())
    notice = Notice.objects.filter(person=people["mia"], task=task).first()
    assert notice is not None
    letter = compose_letter(notice, timezone.now())
    assert letter is not None
    assert letter.link.endswith(f"/tasks/{task.pk}/")
    assert "sign it there with your password or second factor" in letter.link_words


def test_a_log_shows_no_signature_and_none_is_made_up(people: dict[str, User]) -> None:
    task = waiting(people)
    moments = TaskMoments(enabled=NOW, started=NOW)
    later = NOW + timedelta(hours=1)
    decide(task.request, "manager_review", people["mia"], "approve", moments=moments, now=later)
    assert signature_of(last_decision()) is None
    assert last_decision().changes["cause"]


def test_each_of_several_signs(people: dict[str, User]) -> None:
    people = open_signed_office(finance_review="review")
    request = ask(people["sam"], amount="20000.00")
    task = open_task(request, "manager_review")
    post(signed_in(people["mia"]), task, "approve", signature_secret=PASSWORD)
    finance = open_task(request, "finance_review")
    for name in ("fred", "fay"):
        post(signed_in(people[name]), finance, "approve", signature_secret=PASSWORD)
    events = TrailEvent.objects.filter(command="decide", step="finance_review").order_by("pk")
    assert [signature_of(event).name for event in events] == ["Fred Bauer", "Fay Chen"]
    text = signed_in(people["olivia"]).get(f"/requests/{request.reference}/").content.decode()
    assert "Signed by Fred Bauer as “review”" in text
    assert "Signed by Fay Chen as “review”" in text


# -- what is kept -------------------------------------------------------------------------------


def test_the_seal_covers_the_signature(people: dict[str, User]) -> None:
    post(signed_in(people["mia"]), waiting(people), "approve", signature_secret=PASSWORD)
    now = timezone.now() + timedelta(minutes=1)
    seal_all(lambda: now)
    assert verify_trail(now=now).broken_count == 0


def test_the_api_tells_of_the_signature(people: dict[str, User]) -> None:
    task = waiting(people)
    post(signed_in(people["mia"]), task, "approve", signature_secret=PASSWORD)
    trail = Api(people["sam"]).get(f"/instances/{task.request.reference}").json()["trail"]
    row = next(row for row in trail if row["command"] == "decide")
    assert row["signature"] == {
        "name": "Mia Lopez",
        "meaning": "approval",
        "method": "password",
    }
    assert all(row["signature"] is None for row in trail if row["command"] != "decide")


def test_the_csv_has_it_among_the_changes(people: dict[str, User]) -> None:
    post(signed_in(people["mia"]), waiting(people), "approve", signature_secret=PASSWORD)
    answer = signed_in(people["olivia"]).get("/reports/audit.csv")
    text = b"".join(answer.streaming_content).decode()
    assert '""signature"": {' in text or '""signature"":{' in text
    assert "Mia Lopez" in text


def test_the_page_of_the_trail_says_what_was_signed(people: dict[str, User]) -> None:
    task = waiting(people)
    post(signed_in(people["mia"]), task, "approve", signature_secret=PASSWORD)
    text = signed_in(people["olivia"]).get("/reports/trail/").content.decode()
    assert "Signed by Mia Lopez as “approval”, with the password." in text
