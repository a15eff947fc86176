"""Deciding from a mail: once, as one person, on what was shown; and never by looking."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml
from allauth.mfa.models import Authenticator
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from tests.approvals.office import (
    PURCHASE,
    ask,
    ask_approved,
    correct_amount,
    decide,
    everything,
    open_office,
    signed_in,
)
from tests.factories import NOW, open_task
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.links.models import DecisionLink, StatusLink
from workflows.links.queries.addresses import decision_link_token, status_link_token
from workflows.links.services.decision_links import (
    forget_decision_links,
    make_decision_link,
)
from workflows.links.services.status_links import make_status_link
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_calls_before() -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()


def link_for(request: WorkflowInstance, step: str, person: User) -> DecisionLink:
    link = make_decision_link(open_task(request, step), person, timezone.now())
    assert link is not None
    return link


def path_of(link: DecisionLink) -> str:
    return f"/decide/{decision_link_token(link)}"


def opened(link: DecisionLink) -> str:
    text = Client().get(path_of(link)).content.decode()
    found = re.search(r'name="opened" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def press(link: DecisionLink, outcome: str, **values: Any) -> Any:
    if "opened" not in values:
        values["opened"] = opened(link)
    return Client(enforce_csrf_checks=True).post(path_of(link), {"outcome": outcome, **values})


def test_a_scanner_that_opens_every_link_decides_nothing(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    link = link_for(request, "manager_review", people["mia"])
    before, rows = everything(), list(DecisionLink.objects.values())
    for _ in range(5):
        for answer in (Client().get(path_of(link)), Client().head(path_of(link))):
            assert answer.status_code == 200
            assert not answer.cookies
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cache-Control"] == "private, no-store"
    assert Client().get(f"{path_of(link)}?outcome=approve").status_code == 200
    for method in ("put", "delete", "patch"):
        assert getattr(Client(), method)(path_of(link)).status_code == 405
    assert (everything(), list(DecisionLink.objects.values())) == (before, rows)
    assert press(link, "approve").status_code == 302


def test_it_decides_once_as_its_person_and_the_trail_says_by_which_door(
    people: dict[str, User],
) -> None:
    request = ask(people["sam"])
    link = link_for(request, "manager_review", people["mia"])
    page = Client().get(path_of(link)).content.decode()
    assert "You decide here as Mia Lopez" in page
    assert "1,200.00 EUR" in page
    assert press(link, "approve", comment="From the train").status_code == 302
    row = TrailEvent.objects.get(command="decide")
    assert (row.actor, row.channel, row.comment) == (people["mia"], "mail_link", "From the train")
    assert row.seen["digest"] == link.seen
    after = Client().get(path_of(link)).content.decode()
    assert "This link was used on" in after
    assert "1,200.00" not in after
    before = everything()
    again = Client().post(path_of(link), {"outcome": "reject", "comment": "x"})
    assert again.status_code in (200, 409)
    assert everything() == before


def test_what_is_missing_is_asked_for_on_the_page_and_leaves_the_link_usable(
    people: dict[str, User],
) -> None:
    link = link_for(ask(people["sam"]), "manager_review", people["mia"])
    before = everything()
    for values in ({"outcome": "reject"}, {"outcome": ""}, {"outcome": "nonsense"}):
        answer = press(link, **values)
        assert answer.status_code == 422, values
    assert press(link, "approve", opened="forged").status_code == 422
    other = link_for(ask(people["sue"]), "manager_review", people["mia"])
    assert press(link, "approve", opened=opened(other)).status_code == 422
    assert everything()[1] != before[1]  # the second request only
    link.refresh_from_db()
    assert link.used_at is None
    assert press(link, "reject", comment="Too dear").status_code == 302


def test_after_somebody_else_decided_it_says_who(people: dict[str, User]) -> None:
    request = ask_approved(people)
    link = link_for(request, "budget_check", people["fred"])
    sent = opened(link)
    decide(request, "budget_check", people["fay"], "done")
    answer = Client().get(path_of(link))
    assert re.search(r"fay", answer.content.decode(), re.IGNORECASE)
    assert f"/tasks/{link.task_id}/" in answer.content.decode()
    before = everything()
    assert press(link, "done", opened=sent).status_code == 409
    assert everything() == before


def test_after_a_change_it_decides_nothing(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    link = link_for(request, "manager_review", people["mia"])
    sent = opened(link)
    correct_amount(request, people["olivia"], "9000.00")
    answer = Client().get(path_of(link))
    assert answer.status_code == 409
    assert "has changed since" in answer.content.decode()
    assert "9,000" not in answer.content.decode()
    before = everything()
    answer = press(link, "approve", opened=sent)
    assert (answer.status_code, everything()) == (409, before)
    assert "is 9000.00" in answer.content.decode()
    fresh = link_for(request, "manager_review", people["mia"])
    assert fresh.pk != link.pk
    assert press(fresh, "approve").status_code == 302


def test_what_was_typed_before_somebody_else_decided_is_shown_to_be_copied_and_not_kept(
    people: dict[str, User],
) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "approve")
    link = link_for(request, "budget_check", people["fred"])
    sent = opened(link)
    decide(request, "budget_check", people["fay"], "done")
    before = everything()
    answer = press(link, "done", opened=sent, comment="Long <b>thoughts</b>.")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Long &lt;b&gt;thoughts&lt;/b&gt;.</textarea>" in text
    assert sent not in text
    assert everything() == before
    assert "thoughts" not in Client().get(path_of(link)).content.decode()


def test_whoever_may_not_decide_any_more_decides_nothing(people: dict[str, User]) -> None:
    request = ask_approved(people)
    link = link_for(request, "budget_check", people["fred"])
    sent = opened(link)
    people["fred"].groups.clear()
    before = everything()
    assert Client().get(path_of(link)).status_code in (404, 409)
    assert press(link, "done", opened=sent).status_code in (403, 409)
    assert everything() == before
    people["fred"].is_active = False
    people["fred"].save()
    before = everything()
    assert Client().get(path_of(link)).status_code == 403
    assert press(link, "done", opened=sent).status_code == 403
    assert everything() == before


def test_separation_of_duties_holds_by_mail_too(people: dict[str, User]) -> None:
    request = ask(people["sam"], manager="sam")
    task = open_task(request, "manager_review")
    link = make_decision_link(task, people["sam"], timezone.now())
    assert link is not None
    assert Client().get(path_of(link)).status_code == 409


def test_it_runs_out_and_is_forgotten_later(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    long_ago = timezone.now() - timedelta(days=8)
    link = make_decision_link(open_task(request, "manager_review"), people["mia"], long_ago)
    assert link is not None
    assert "ran out on" in Client().get(path_of(link)).content.decode()
    assert forget_decision_links(timezone.now()) == 0
    assert forget_decision_links(timezone.now() + timedelta(days=40)) == 1


def test_tampered_and_foreign_links_open_nothing(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    link = link_for(request, "manager_review", people["mia"])
    other = make_status_link(request, by=people["sam"], now=timezone.now())
    token = decision_link_token(link)
    foreign = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        link.name,
        f"{link.name}.",
        status_link_token(other),
        status_link_token(StatusLink(name=link.name)),
        token.replace(link.name, "0" * 32),
    ]
    for text in foreign:
        assert Client().get(f"/decide/{text}").status_code == 404
        assert Client().post(f"/decide/{text}", {"outcome": "approve"}).status_code == 404
    assert Client().get(f"/status/{token}").status_code == 404


def test_nobody_gets_a_link_who_has_a_second_factor_or_where_it_is_off(
    people: dict[str, User], settings: Any
) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    settings.DECIDE_BY_MAIL = False
    assert make_decision_link(task, people["mia"], NOW) is None
    settings.DECIDE_BY_MAIL = True
    link = make_decision_link(task, people["mia"], timezone.now())
    assert link is not None
    assert make_decision_link(task, people["mia"], timezone.now()) == link
    Authenticator.objects.create(user=people["mia"], type="totp", data={})
    assert make_decision_link(task, people["mia"], NOW) is None
    assert Client().get(path_of(link)).status_code == 403


def test_steps_that_ask_for_a_file_and_maps_that_say_no_have_none() -> None:
    people = open_office()
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "return", comment="Which?")
    assert make_decision_link(open_task(request, "revise"), people["sam"], NOW) is None
    open_office(decide_by_mail=False)
    task = open_task(ask(people["sam"]), "manager_review")
    assert make_decision_link(task, people["mia"], NOW) is None


def test_documents_are_named_and_not_given_out(people: dict[str, User]) -> None:
    files = {"quote": ContentFile(b"x" * 2048, name="offer.pdf")}
    request = ask(people["sam"], files=files)
    page = Client().get(path_of(link_for(request, "manager_review", people["mia"])))
    assert "offer.pdf" in page.content.decode()
    assert "/documents/" not in page.content.decode()


def test_a_request_that_is_suspended_says_so(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    link = link_for(request, "manager_review", people["mia"])
    requests.suspend(request.pk, actor=people["olivia"], reason="x", now=NOW)
    answer = Client().get(path_of(link))
    assert answer.status_code == 409
    assert "suspended" in answer.content.decode()


def test_no_log_holds_what_opens_it(
    people: dict[str, User], caplog: pytest.LogCaptureFixture
) -> None:
    link = link_for(ask(people["sam"]), "manager_review", people["mia"])
    token = decision_link_token(link)
    Client().get(f"/decide/{token}x")
    Client().post(f"/decide/{token}", {"outcome": ""})
    assert "/decide/…" in caplog.text
    assert token.rpartition(".")[2] not in caplog.text


def test_the_site_behaves_to_who_is_signed_in_as_to_a_stranger(people: dict[str, User]) -> None:
    link = link_for(ask(people["sam"]), "manager_review", people["mia"])
    page = signed_in(people["stranger"]).get(path_of(link)).content.decode()
    assert "You decide here as Mia Lopez" in page
    assert yaml.safe_load(PURCHASE)["name"] in page
