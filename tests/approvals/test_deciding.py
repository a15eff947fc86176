"""The decision page: what it shows, whom it lets decide, and what it says when it refuses."""

import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.approvals.office import (
    ask,
    ask_approved,
    correct_amount,
    decide,
    everything,
    opened,
    page_text,
    post,
    signed_in,
)
from tests.factories import NOW, open_task
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.language.formats import moment_text
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def test_it_shows_the_steps_inputs_formatted_by_type(people: dict[str, User]) -> None:
    files = {"quote": ContentFile(b"x" * 2048, name="offer.pdf")}
    request = ask(people["sam"], files=files, amount="12345.5", needed_by="2026-02-01", urgent="no")
    text = page_text(signed_in(people["mia"]), open_task(request, "manager_review"))
    for said in ("12,345.50 EUR", "1 Feb 2026", "Mia Lopez", "offer.pdf", "version 1, 2 KB"):
        assert said in text
    assert "Is this needed, and is the price fair?" in text
    assert "not given" in text


def test_a_get_changes_nothing(people: dict[str, User]) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    before = everything()
    client = signed_in(people["mia"])
    assert client.get(f"/tasks/{task.pk}/?outcome=approve").status_code == 200
    assert client.head(f"/tasks/{task.pk}/").status_code == 200
    assert everything() == before


def test_each_outcome_is_a_button_with_its_label_and_where_it_leads(
    people: dict[str, User],
) -> None:
    text = page_text(signed_in(people["mia"]), open_task(ask(people["sam"]), "manager_review"))
    assert re.search(r'value="return"[^>]*>Send back<', text)
    assert "required for “Send back” and “Reject”" in text
    assert "leads to “Legal review” and “Budget check”" in text
    assert "Finance review" not in text  # 1,200 EUR of the EU: the rule is decided
    assert "leads to “rejected” (which ends the request)" in text
    assert ">Submit<" not in text


def test_deciding_says_what_happens_next(people: dict[str, User]) -> None:
    task = open_task(ask(people["sam"]), "manager_review")
    client = signed_in(people["mia"])
    answer = post(client, task, "approve", comment="Good")
    assert answer.status_code == 302
    assert answer.url == "/"
    task.refresh_from_db()
    assert (task.outcome, task.comment, task.decided_by) == ("approve", "Good", people["mia"])
    text = client.get("/").content.decode()
    assert "→ Approve. It is at “Legal review” and “Budget check”" in text
    assert "Anybody in finance can take it" in text


def test_the_last_decision_says_how_it_ended(people: dict[str, User]) -> None:
    client = signed_in(people["mia"])
    post(client, open_task(ask(people["sam"]), "manager_review"), "reject", comment="No")
    assert "It is complete: rejected." in client.get("/").content.decode()


def test_a_quorum_says_how_many_are_still_needed(people: dict[str, User]) -> None:
    request = ask_approved(people, amount="20000")
    client = signed_in(people["fred"])
    post(client, open_task(request, "finance_review"), "approve", comment="Fine by me")
    assert "1 more person has to agree" in client.get("/").content.decode()
    text = page_text(signed_in(people["fay"]), open_task(request, "finance_review"))
    assert "1 of 2 people have agreed" in text
    assert "Fred Bauer: Approve" in text
    assert "Fine by me" in text
    again = page_text(client, open_task(request, "finance_review"))
    assert "You have already agreed" in again
    assert 'name="outcome"' not in again


def test_it_shows_what_was_decided_before(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "approve", comment="Buy two of them")
    text = page_text(signed_in(people["lena"]), open_task(request, "legal_review"))
    assert "Mia Lopez" in text
    assert "Buy two of them" in text


def test_a_missing_comment_is_said_once_and_nothing_typed_is_lost(
    people: dict[str, User],
) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "return", comment="Too dear")
    task = open_task(request, "revise")
    decide(request, "revise", people["sam"], "resubmit", data={"amount": "800"})
    task = open_task(request, "manager_review")
    before = everything()
    answer = post(signed_in(people["mia"]), task, "reject", comment="  ")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert text.count("needs a comment; say why in a sentence") == 1
    assert everything() == before


def test_a_wrong_value_is_told_beside_its_field_and_kept(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "return", comment="Too dear")
    task, before = open_task(request, "revise"), everything()
    client = signed_in(people["sam"])
    answer = post(client, task, "resubmit", **{"f-amount": "1,200", "comment": "My words"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "This can be read as 1200.00 or as 1.20." in text
    assert 'value="1,200"' in text
    assert "My words" in text
    assert everything() == before


def test_a_step_writes_only_what_its_person_changed(people: dict[str, User]) -> None:
    """Two branches fill in the same field: who leaves it alone does not disagree."""
    request = ask_approved(people, needed_by="2026-02-01")
    budget = open_task(request, "budget_check")
    client = signed_in(people["fred"])
    page = opened(client, budget)
    decide(request, "legal_review", people["lena"], "approve", data={"cost_centre": "L-1"})
    values = {"f-cost_centre": "", "f-needed_by": "2026-02-01"}
    answer = post(client, budget, "done", opened=page, **values)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Cost centre&#x27; is L-1 now; you saw empty." in text
    fresh = re.search(r'name="opened" value="([^"]+)"', text)
    assert fresh is not None
    assert post(client, budget, "done", opened=fresh[1], **values).status_code == 302
    request.refresh_from_db()
    assert request.result == "approved"
    assert request.data["cost_centre"] == "L-1"
    assert request.trail.filter(command="decide").last().changes["given"] == {}


def test_outputs_are_filled_in_and_files_uploaded(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    decide(request, "manager_review", people["mia"], "return", comment="Add the offer")
    file = SimpleUploadedFile("offer.pdf", b"new offer")
    answer = post(
        signed_in(people["sam"]),
        open_task(request, "revise"),
        "resubmit",
        **{"f-amount": "950", "f-quote": file},
    )
    assert answer.status_code == 302
    request.refresh_from_db()
    assert request.data["amount"] == "950.00"
    assert request.data["quote"]["name"] == "offer.pdf"


def test_who_is_second_is_told_who_was_first_and_when(people: dict[str, User]) -> None:
    request = ask_approved(people)
    task = open_task(request, "budget_check")
    slow = signed_in(people["fay"])
    page = opened(slow, task)
    decide(request, "budget_check", people["fred"], "done", now=NOW + timedelta(hours=1))
    before = everything()
    answer = post(slow, task, "done", opened=page, comment="Mine")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert text.count("Fred Bauer was first: &#x27;Budget check&#x27; → Done, 2 Mar 2026, ") == 1
    assert 'name="outcome"' not in text
    assert everything() == before
    assert slow.get(f"/tasks/{task.pk}/").status_code == 409


def test_a_task_that_is_over_says_by_whom_in_the_readers_words(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    task = open_task(request, "manager_review")
    decide(request, "manager_review", people["mia"], "return", comment="Which one?")
    hers = page_text(signed_in(people["mia"]), task)
    assert f"You decided this on {moment_text(NOW)}: Send back." in hers
    assert "Mia Lopez decided this on" in page_text(signed_in(people["sam"]), task)
    left = open_task(request, "revise")
    requests.cancel(request.pk, actor=people["sam"], reason="No need", now=NOW)
    assert "This is not needed any more: " in page_text(signed_in(people["sam"]), left)


def test_who_is_second_and_still_sees_the_request_reads_it_on_the_page(
    people: dict[str, User],
) -> None:
    request = ask_approved(people, amount="20000")
    decide(request, "finance_review", people["fred"], "approve")
    decide(request, "finance_review", people["fay"], "approve")
    task = open_task(request, "legal_review")
    slow = signed_in(people["lena"])
    page = opened(slow, task)
    people["lena"].groups.add(*people["fay"].groups.all())
    decide(request, "legal_review", people["leo"], "approve")
    before = everything()
    answer = post(slow, task, "approve", opened=page)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert text.count("Leo Martin was first") == 1
    assert "Decided and said before" in text
    assert everything() == before


def shown_anew(client: Client, task: WorkItem, page: str, changed: str) -> str:
    """A decision on an old page changes nothing; the comment stays, beside what has changed. What
    the new page remembers."""
    before = everything()
    answer = post(client, task, "approve", opened=page, comment="Good price")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert changed in text
    assert "Good price" in text
    assert everything() == before
    fresh = re.search(r'name="opened" value="([^"]+)"', text)
    assert fresh is not None
    return fresh[1]


def test_a_document_that_changed_meanwhile_must_be_seen_first(people: dict[str, User]) -> None:
    request = ask(people["sam"], files={"quote": ContentFile(b"one", name="offer.pdf")})
    task = open_task(request, "manager_review")
    client = signed_in(people["mia"])
    page = opened(client, task)
    WorkflowInstance.objects.filter(pk=request.pk).update(
        data=request.data | {"quote": request.data["quote"] | {"version": 2}}
    )
    assert shown_anew(client, task, page, "is now version 2; you saw version 1") != page


def test_a_value_that_changed_meanwhile_is_named_and_the_comment_stays(
    people: dict[str, User],
) -> None:
    request = ask(people["sam"], amount="100.00")
    task = open_task(request, "manager_review")
    client = signed_in(people["mia"])
    page = opened(client, task)
    correct_amount(request, people["omar"])
    changed = "Amount&#x27; is 900.00 EUR now; you saw 100.00 EUR."
    fresh = shown_anew(client, task, page, changed)
    assert post(client, task, "approve", opened=fresh).status_code == 302


def test_work_began_when_the_page_was_opened(people: dict[str, User]) -> None:
    request = requests.start(
        "purchase-approval",
        actor=people["sam"],
        now=timezone.now() - timedelta(hours=3),
        data={"amount": "5", "region": "EU", "manager": "mia"},
    )
    task = open_task(request, "manager_review")
    client = signed_in(people["mia"])
    page = opened(client, task)
    at = timezone.now()
    post(client, task, "approve", opened=page)
    task.refresh_from_db()
    assert task.started_at is not None
    assert task.started_at <= at


def test_take_start_pause_and_give_back(people: dict[str, User]) -> None:
    request = ask_approved(people)
    task = open_task(request, "budget_check")
    client = signed_in(people["fred"])
    for command, state, offered in (
        ("claim", "claimed", "Start work"),
        ("start", "started", "Pause"),
        ("pause", "paused", "Go on with the work"),
        ("start", "started", "Give it back"),
        ("release", "enabled", "Take it"),
    ):
        assert client.post(f"/tasks/{task.pk}/{command}/").status_code == 302
        task.refresh_from_db()
        assert task.state == state
        assert offered in page_text(client, task)


def test_a_command_that_does_not_fit_is_refused_on_the_page(people: dict[str, User]) -> None:
    request = ask_approved(people)
    task = open_task(request, "budget_check")
    client = signed_in(people["fred"])
    before = everything()
    assert client.post(f"/tasks/{task.pk}/pause/").status_code == 409
    assert client.post(f"/tasks/{task.pk}/fly/").status_code == 404
    assert everything() == before
    tasks.claim(task.pk, actor=people["fay"], now=NOW)
    before = everything()
    answer = client.post(f"/tasks/{task.pk}/claim/")
    assert answer.status_code in (403, 404)
    assert everything() == before


def test_a_task_of_a_suspended_request_cannot_be_decided(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    task = open_task(request, "manager_review")
    client = signed_in(people["mia"])
    page = opened(client, task)
    requests.suspend(request.pk, actor=people["olivia"], reason="Freeze", now=NOW)
    before = everything()
    answer = post(client, task, "approve", opened=page)
    assert answer.status_code == 409
    assert answer.content.decode().count("This request is suspended") == 1
    assert everything() == before


def test_the_statements_of_the_page_do_not_grow_with_the_request(people: dict[str, User]) -> None:
    request = ask(people["sam"], files={"quote": ContentFile(b"x", name="offer.pdf")})
    client = signed_in(people["mia"])
    counts = []
    for _ in range(3):
        task = open_task(request, "manager_review")
        page_text(client, task)
        with CaptureQueriesContext(connection) as said:
            page_text(client, task)
        counts.append(len(said))
        decide(request, "manager_review", people["mia"], "return", comment="Again")
        decide(request, "revise", people["sam"], "resubmit")
    assert counts == [4, 4, 4]  # earlier decisions, and its document, come with the request
