"""Wherever a task is shown that expires, its people read when, and where the request goes then."""

import html
import re

import pytest
from django.test import Client
from django.utils import timezone

from approvals.pages.position_texts import describe_position
from tests.approvals.office import signed_in
from tests.automation.driving import Course
from tests.factories import NOW
from tests.workflows.support import person
from tests.workflows.test_expiry import course
from workflows.execution.queries.position import find_position
from workflows.execution.services import questions
from workflows.execution.services import work_items as tasks
from workflows.language.formats import moment_text
from workflows.links.queries.addresses import decision_link_token, status_link_token
from workflows.links.services.decision_links import make_decision_link
from workflows.links.services.status_links import make_status_link
from workflows.notices.messages.standing import describe_request_standing

pytestmark = pytest.mark.django_db


def read(name: str, path: str) -> str:
    text = html.unescape(re.sub("<[^>]+>", " ", signed_in(person(name)).get(path).content.decode()))
    return " ".join(text.split())


def said_of(one: Course) -> str:
    item = one.flow.task("answer")
    assert item.expires_at is not None
    moment = moment_text(item.expires_at)
    return f"If nobody does it by {moment}, it expires and goes on to “Tidy”."


def test_the_task_and_its_request_say_when_it_expires_and_where_it_goes_then() -> None:
    one = course()
    item, said = one.flow.task("answer"), said_of(one)
    assert said in read("ann", f"/tasks/{item.pk}/")
    asked_for = read("rita", f"/requests/{one.flow.request.reference}/")
    assert said in asked_for
    assert "“Expired” leads to" not in asked_for
    by_mail = make_decision_link(item, person("ann"), timezone.now())
    assert by_mail is not None
    by_mail_page = Client().get(f"/decide/{decision_link_token(by_mail)}").content.decode()
    assert said in html.unescape(by_mail_page)
    link = make_status_link(one.flow.request, by=person("rita"), days=7, now=timezone.now())
    assert said in read("ann", f"/status/{status_link_token(link)}")


def test_the_inbox_says_when_a_task_expires() -> None:
    one = course()
    item = one.flow.task("answer")
    assert item.expires_at is not None
    moment = moment_text(item.expires_at)
    assert f"Expires {moment}" in read("ann", "/")
    one.flow.command("suspend")
    assert f"Expires {moment}" not in read("ann", "/")


def test_mails_say_when_a_task_expires_and_offer_that_to_nobody_as_a_choice() -> None:
    one = course()
    answers = dict(describe_request_standing(find_position(one.flow.request), None, NOW))
    assert "4 Mar 2026" in answers["Expires"]
    assert "Expired" not in answers["What is next"]


def test_no_moment_is_said_while_the_clock_of_a_task_stands_still() -> None:
    one = course()
    item = one.flow.task("answer")
    tasks.claim(item.pk, actor=person("ann"), now=one.flow.later())
    questions.ask_requester(item.pk, actor=person("ann"), question="Which?", now=one.flow.later())
    said = describe_position(find_position(one.flow.request), one.now).next
    assert "When its time is up, it goes on to “Tidy”." in said
    assert "If nobody does it by" not in said
