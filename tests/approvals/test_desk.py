"""What stands on a person's desk beside their tasks: what needs them as owner, and what they wait
for from others."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.ui.sessions import LAST_SEEN_AT, SIGNED_IN_AT
from reporting.reviews.services.opening import process_due_reviews
from tests.approvals.office import ask, ask_approved, decide, signed_in
from tests.approvals.test_incidents_pages import stuck as stuck
from tests.factories import NOW, open_task
from workflows.execution.models import Incident
from workflows.execution.queries.desk import read_desk
from workflows.execution.services import instances as requests
from workflows.execution.services import questions
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def text_of(user: User, address: str = "/") -> str:
    page = signed_in(user).get(address).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def links_of(user: User, section: str) -> list[str]:
    """Where the rows of a section lead."""
    groups = signed_in(user).get("/").context["desk"]
    return [item.link for group in groups if group.key == section for item in group.items]


def disagreement(people: dict[str, User]) -> Any:
    """A request whose branches gave different values."""
    request = ask_approved(people)
    decide(request, "legal_review", people["lena"], "approve", data={"cost_centre": "L-1"})
    decide(request, "budget_check", people["fred"], "done", data={"cost_centre": "F-1"})
    return request.merges.get(state="conflict")


def address_of_incident(stuck: Incident) -> str:
    return f"/requests/{stuck.request.reference}/#incident-{stuck.pk}"


def test_owner_and_deputy_see_what_needs_them_and_nobody_else_does(
    people: dict[str, User], stuck: Incident
) -> None:
    merge = disagreement(people)
    reviews = process_due_reviews(now=NOW + timedelta(days=400))
    (review,) = [begun for begun in reviews if begun.template.key == "purchase-approval"]
    expected = {
        address_of_incident(stuck),
        f"/merges/{merge.pk}/",
        f"/reports/reviews/{review.pk}/",
    }
    for name in ("olivia", "omar"):
        assert expected <= set(links_of(people[name], "desk-owned"))
        text = text_of(people[name])
        for sentence in ("Needs you as owner", "The order was not taken.", "Its review is due"):
            assert sentence in text
        for link in expected:
            assert signed_in(people[name]).get(link).status_code == 200
    for name in ("sam", "mia", "fred", "stranger"):
        assert links_of(people[name], "desk-owned") == []


def test_what_needs_an_owner_stays_while_a_request_rests_and_goes_with_it(
    people: dict[str, User], stuck: Incident
) -> None:
    merge, olivia = disagreement(people), people["olivia"]
    requests.suspend(stuck.request_id, actor=olivia, reason="Wait", now=NOW)
    assert {address_of_incident(stuck), f"/merges/{merge.pk}/"} == set(
        links_of(olivia, "desk-owned")
    )
    requests.cancel(stuck.request_id, actor=olivia, reason="Over", now=NOW)
    assert links_of(olivia, "desk-owned") == [f"/merges/{merge.pk}/"]
    requests.cancel(merge.request_id, actor=olivia, reason="Over", now=NOW)
    assert links_of(olivia, "desk-owned") == []


def test_what_was_passed_on_says_who_has_it_until_it_is_done(people: dict[str, User]) -> None:
    request = ask_approved(people)
    task = open_task(request, "budget_check")
    given = {"now": NOW, "reason": "Yours"}
    tasks.reassign(task.pk, actor=people["fred"], to=people["fay"], **given)
    assert "passed on by you; Fay Chen has it" in text_of(people["fred"])
    assert links_of(people["fred"], "desk-waiting") == [f"/tasks/{task.pk}/"]
    assert signed_in(people["fred"]).get(f"/tasks/{task.pk}/").status_code == 200
    assert links_of(people["fay"], "desk-waiting") == []
    tasks.release(task.pk, actor=people["fay"], now=NOW)
    assert "passed on by you; nobody has taken it" in text_of(people["fred"])
    tasks.reassign(task.pk, actor=people["olivia"], to=people["fay"], **given)
    assert links_of(people["olivia"], "desk-waiting") == [], "who steers does not wait"
    tasks.reassign(task.pk, actor=people["fay"], to=people["fred"], **given)
    assert links_of(people["fred"], "desk-waiting") == [], "it is with them again"
    assert links_of(people["fay"], "desk-waiting") == [f"/tasks/{task.pk}/"]
    decide(request, "budget_check", people["fred"], "done")
    assert links_of(people["fay"], "desk-waiting") == []


def test_what_was_asked_says_of_whom_until_it_is_answered(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    task, mia = open_task(request, "manager_review"), people["mia"]
    questions.ask_opinions(task.pk, actor=mia, people=[people["fred"]], question="Fair?", now=NOW)
    question = questions.ask_requester(task.pk, actor=mia, question="Which?", now=NOW)
    text = text_of(mia)
    assert "Waiting on others 2" in text
    assert "Fred Bauer was asked for an opinion" in text
    assert "Sam Okafor, who asked for it, was asked something" in text
    assert f"/questions/{question.pk}/" in links_of(mia, "desk-waiting")
    assert "Waiting on others" not in text_of(mia, "/?q=laptops"), "a search is for tasks"
    questions.answer_question(question.pk, actor=people["sam"], answer="Thin.", now=NOW)
    assert len(links_of(mia, "desk-waiting")) == 1


def test_the_desk_is_one_statement_whatever_is_on_it(
    people: dict[str, User], stuck: Incident
) -> None:
    for user in (people["stranger"], people["olivia"]):
        with CaptureQueriesContext(connection) as said:
            read_desk(user)
        assert len(said) == 1


def test_a_page_hears_that_it_has_changed_once_and_only_then(people: dict[str, User]) -> None:
    request = ask(people["sam"])
    client = signed_in(people["mia"])
    for query in ("", "?q=laptops&sort=newest"):
        news = client.get(f"/{query}").context["news"]
        assert client.get(news).status_code == 204
        other = signed_in(people["sue"]).get(news)
        assert other.status_code == 286, "what another has is not told apart from a change"
        assert "laptops" not in other.content.decode().replace("q=laptops", "")
    task = open_task(request, "manager_review")
    tasks.claim(task.pk, actor=people["mia"], now=NOW)
    answer = client.get(news)
    assert answer.status_code == 286, "htmx asks no more"
    text = answer.content.decode()
    assert "changed since you looked" in text
    assert 'href="/?q=laptops&amp;sort=newest"' in text
    assert "<html" not in text


def test_looking_quietly_keeps_nobody_signed_in(people: dict[str, User]) -> None:
    client = signed_in(people["mia"])
    news = client.get("/").context["news"]
    session = client.session
    session[SIGNED_IN_AT] = session[LAST_SEEN_AT] = int(time.time()) - 8 * 60 * 60
    session.save()
    before = client.session[LAST_SEEN_AT]
    client.get(news, headers={"HX-Request": "true"})
    assert client.session[LAST_SEEN_AT] == before
    client.get("/")
    assert client.session[LAST_SEEN_AT] > before
    client.logout()
    answer = client.get(news, headers={"HX-Request": "true"})
    assert answer.status_code == 286
    assert "You are signed out." in answer.content.decode()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="plans are PostgreSQL's")
def test_the_desk_reads_no_table_of_requests_tasks_or_trail_as_a_whole(
    people: dict[str, User], stuck: Incident
) -> None:
    with CaptureQueriesContext(connection) as said:
        read_desk(people["olivia"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {said.captured_queries[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "passed_on_by_person" in plan
    for table in ("workitem", "trailevent", "workflowinstance", "taskquestion", "incident"):
        assert f"Seq Scan on workflows_{table} " not in plan
