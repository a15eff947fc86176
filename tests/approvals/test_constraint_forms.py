"""Forms say beside each field what it asks for, and keep what was typed."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.approvals.office import signed_in
from tests.factories import make_user, publish_map
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db

FORM: dict[str, Any] = {
    "format": 1,
    "key": "trip",
    "name": "Trip",
    "owner": "olivia",
    "deputy": "omar",
    "roles": {"staff": {"groups": ["staff"]}},
    "fields": {
        "days": {"type": "integer", "min": 1, "max": 30, "label": "Days"},
        "first": {"type": "date", "min": "2026-01-01", "label": "First day"},
        "last": {"type": "date", "min": "first", "label": "Last day"},
        "code": {"type": "text", "pattern": "[A-Z]{2}-[0-9]{2}", "help": "On your card"},
        "mail": {"type": "email"},
        "lead": {"type": "user", "in": ["finance"], "never": "requester"},
    },
    "start": {
        "role": "staff",
        "fields": ["days", "first", "last", "code", "mail", "lead"],
        "first": "look",
    },
    "steps": {
        "look": {
            "kind": "task",
            "role": "staff",
            "expected": "1h",
            "due": "1d",
            "outputs": ["first"],
            "outcomes": {
                "done": "ended",
                "stop": {"to": "stopped", "exception": True},
                "drop": {"to": "stopped", "exception": True},
            },
        },
        "ended": {"kind": "end", "result": "ended"},
        "stopped": {"kind": "end", "result": "stopped"},
    },
}


@pytest.fixture
def sam() -> User:
    publish_map(FORM)
    return make_user("sam", groups=["staff", "finance"])


def send(client: Client, **typed: str) -> Any:
    fields = {f"f-{key}": value for key, value in typed.items()}
    return client.post("/start/trip/", {"title": "Oslo", **fields})


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("days", "31", "30 or less"),
        ("first", "2025-12-31", "Write 1 Jan 2026 or a later date."),
        ("code", "ab-12", "AA-11"),
        ("mail", "lena@", "lena@example.com"),
    ],
)
def test_what_a_field_asks_for_stands_beside_it_and_what_was_typed_stays(
    sam: User, key: str, value: str, word: str
) -> None:
    page = send(signed_in(sam), **{key: value})
    assert page.status_code == 422
    said = page.content.decode()
    error = re.search(rf'id="id_f-{key}_error">([^<]*)<', said)
    assert error
    assert word in error[1]
    assert f'value="{value}"' in said
    assert not WorkflowInstance.objects.exists()


def test_two_fields_are_held_against_each_other(sam: User) -> None:
    said = send(signed_in(sam), first="2026-05-02", last="2026-05-01").content.decode()
    assert "Write a date that is not before &#x27;First day&#x27;." in said


def test_a_task_is_held_against_what_the_request_knows(sam: User) -> None:
    client = signed_in(sam)
    send(client, first="2026-05-01", last="2026-05-02")
    request = WorkflowInstance.objects.get()
    task = request.work_items.get()
    page = client.get(f"/tasks/{task.pk}/").content.decode()
    opened = re.search(r'name="opened" value="([^"]*)"', page)
    assert opened
    typed = {"opened": opened[1], "outcome": "done", "f-first": "2026-05-03"}
    answer = client.post(f"/tasks/{task.pk}/", typed)
    assert answer.status_code == 422
    assert "Last day" in answer.content.decode()
    request.refresh_from_db()
    assert request.data["first"] == "2026-05-01"


def test_the_browser_is_told_beforehand(sam: User) -> None:
    page = signed_in(sam).get("/start/trip/").content.decode()
    assert 'pattern="[A-Z]{2}\\u002d[0-9]{2}"' in page
    assert re.search(r'<input type="date" name="f-first"[^>]* min="2026-01-01"', page)
    assert "On your card. In the form of AA-11." in page
    assert "From 1 to 30." in page


def test_only_those_who_can_be_chosen_are_offered(sam: User) -> None:
    make_user("fred", groups=["finance"])
    page = signed_in(sam).get("/start/trip/").content.decode()
    offered = re.findall(r'<option value="(\w+)"', page.partition('name="f-lead"')[2])
    assert "fred" in offered
    assert "sam" not in offered
    assert "lena" not in offered


def test_limits_of_amounts_are_said_in_their_currency_as_the_reader_writes(sam: User) -> None:
    fields = FORM["fields"] | {
        "cost": {"type": "money", "currency": "EUR", "min": 1, "max": 1500.5, "label": "Cost"}
    }
    start = FORM["start"] | {"fields": ["days", "cost"]}
    publish_map(FORM | {"key": "cost", "fields": fields, "start": start})
    client = signed_in(sam)
    for language, hint, why in (
        ("en", "From 1.00 EUR to 1,500.50 EUR.", "Write 1,500.50 EUR or less."),
        ("de", "Von 1,00 EUR bis 1.500,50 EUR.", "1.500,50 EUR"),
    ):
        headers = {"accept-language": language}
        assert hint in client.get("/start/cost/", headers=headers).content.decode()
        sent = {"f-days": "2", "f-cost": "1501"}
        refused = client.post("/start/cost/", sent, headers=headers)
        assert refused.status_code == 422
        assert why in refused.content.decode()
    assert not WorkflowInstance.objects.exists()


def test_a_number_that_is_asked_about_comes_back_as_it_was_typed(sam: User) -> None:
    fields = FORM["fields"] | {
        "cost": {"type": "money", "currency": "KWD", "label": "Cost"},
        "lines": {
            "type": "list",
            "columns": {"price": {"type": "money", "currency": "KWD", "label": "Price"}},
        },
    }
    start = FORM["start"] | {"fields": ["cost", "lines"]}
    publish_map(FORM | {"key": "dinars", "fields": fields, "start": start})
    client, headers = signed_in(sam), {"accept-language": "de"}
    sent = {"f-cost": "1.250", "f-lines-rows": "1", "f-lines-0-price": "1.250"}
    page = client.post("/start/dinars/", sent, headers=headers).content.decode()
    for name in ("f-cost", "f-lines-0-price"):
        assert re.search(rf'name="{name}" value="1\.250"', page), name
        assert f'name="{name}-means"' in page


@pytest.mark.parametrize(
    ("language", "typed", "kept"),
    [
        ("en", "1.250", "1.250"),
        ("de", "1,250", "1.250"),
        ("de", "1.250", None),
        ("en", "1,250", None),
        ("de", "1.250,500", "1250.500"),
    ],
)
def test_what_a_dinar_has_behind_its_point_is_read_as_the_reader_writes_it(
    sam: User, language: str, typed: str, kept: str | None
) -> None:
    fields = FORM["fields"] | {"cost": {"type": "money", "currency": "KWD", "label": "Cost"}}
    start = FORM["start"] | {"fields": ["cost"]}
    publish_map(FORM | {"key": "dinars", "fields": fields, "start": start})
    headers = {"accept-language": language}
    answer = signed_in(sam).post("/start/dinars/", {"f-cost": typed}, headers=headers)
    assert answer.status_code == (302 if kept else 422)
    if kept:
        assert WorkflowInstance.objects.get().data["cost"] == kept
    else:
        assert 'name="f-cost-means"' in answer.content.decode()
