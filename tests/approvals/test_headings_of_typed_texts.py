"""What was typed into a form that is not taken is headed by the words under which it was typed."""

import html
import re

import pytest
from django.test import Client

from approvals.ui.typed_labels import heading_of, read_labels
from tests.approvals.office import KEY, ask_approved, decide, everything, opened, signed_in
from tests.factories import open_task, parse_map, publish_map
from workflows.people.models import User

pytestmark = pytest.mark.django_db
FORM = f"/start/{KEY}/"
OFFER = """
format: 1
key: offer
name: Offer
owner: olivia
deputy: omar
roles: {staff: {groups: [staff]}}
fields:
  lines: {type: list, label: Things, columns: {item: {type: text, label: Thing}}}
start: {role: staff, fields: [lines], first: look}
steps:
  look:
    kind: task
    role: staff
    expected: 4h
    due: 2d
    outcomes:
      done: done
      refuse: {to: refused, exception: true}
      withdraw: {to: refused, exception: true}
  done: {kind: end, result: done}
  refused: {kind: end, result: refused}
"""


def said_by_page(client: Client, path: str) -> list[str]:
    """What a page's forms say of their fields, as a browser sends it along."""
    found = re.findall(r'name="labels" value="([^"]+)"', client.get(path).content.decode())
    return [html.unescape(text) for text in found]


def headings(text: str) -> dict[str, str]:
    """What is there to be copied, by its heading."""
    found = re.findall(r'<label for="typed-\d+">([^<]+)</label>\s*<textarea[^>]*>([^<]*)<', text)
    return {html.unescape(heading): html.unescape(typed) for heading, typed in found}


def test_a_start_that_is_refused_calls_what_was_typed_by_the_form_s_words(
    people: dict[str, User],
) -> None:
    sam = people["sam"]
    client = signed_in(sam)
    labels = said_by_page(client, FORM)
    sam.groups.clear()
    before = everything()
    sent = {"title": "Two laptops", "f-manager": "mia", "f-reason": "They are old"}
    answer = client.post(FORM, {**sent, "labels": labels})
    assert answer.status_code in (403, 404)
    assert everything() == before
    assert headings(answer.content.decode()) == {
        "Title": "Two laptops",
        "Your manager": "mia",
        "Why": "They are old",
    }


def test_a_decision_that_came_too_late_names_the_button_by_its_words(
    people: dict[str, User],
) -> None:
    request = ask_approved(people, amount="20000")
    for name in ("fred", "fay"):
        decide(request, "finance_review", people[name], "approve")
    task = open_task(request, "budget_check")
    client = signed_in(people["fred"])
    given = {"outcome": "done", "f-cost_centre": "F-7", "opened": opened(client, task)}
    labels = said_by_page(client, f"/tasks/{task.pk}/")
    decide(request, "budget_check", people["fay"], "done")
    before = everything()
    answer = client.post(f"/tasks/{task.pk}/", {**given, "labels": labels})
    assert answer.status_code == 409
    assert everything() == before
    assert headings(answer.content.decode()) == {"Outcome": "Done", "Cost centre": "F-7"}


def test_rows_are_headed_by_their_list_their_number_and_their_column(
    people: dict[str, User],
) -> None:
    publish_map(parse_map(OFFER))
    client = signed_in(people["sam"])
    labels = said_by_page(client, "/start/offer/")
    people["sam"].groups.clear()
    sent = {"f-lines-rows": "2", "f-lines-1-item": "A desk", "f-lines-pasted": "A lamp"}
    answer = client.post("/start/offer/", {**sent, "labels": labels})
    assert headings(answer.content.decode()) == {
        "Things, row 2: Thing": "A desk",
        "Things": "A lamp",
    }


def test_what_a_control_sends_besides_what_was_typed_is_not_shown() -> None:
    for part in ("f-bills-asked", "f-bills-kept", "f-lines-rows", "f-net-means", "f-lead-of"):
        assert heading_of(part, {}) == ""
    assert heading_of("f-row.bills-kept", {}) == ""
    assert heading_of("f-row.verdict", {}) == "Verdict"


def test_a_page_of_before_that_says_nothing_of_its_fields_is_read_all_the_same() -> None:
    assert heading_of("f-cost_centre", {}) == "Cost centre"
    assert heading_of("comment", {}) == "Comment"
    assert read_labels(["{", "[1]", '{"a": 1}', '{"f-a": "Amount"}']) == {"f-a": "Amount"}
