"""What a step would send is shown to the letter, and nothing is sent."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.automation.driving import connect, plain, receiver
from tests.engine.driving import task
from tests.factories import make_user
from tests.workflows.drawn import HEAD, NO, STOP
from tests.workflows.support import begin, make_people, nothing_changed, person, publish
from workflows.automation.dry_run import example_values
from workflows.connections.models import Connection
from workflows.connections.secrets import encrypt
from workflows.definitions.models import Step
from workflows.engine.format.definition import FieldDef
from workflows.engine.values.field_types.base import FIELD_TYPES

pytestmark = pytest.mark.django_db
CALL = {
    "kind": "automation",
    "action": "http",
    "with": {
        "connection": "erp",
        "method": "POST",
        "path": "/orders/{{ request.reference }}",
        "query": {"urgent": "{{ urgent }}"},
        "headers": {"X-Note": "{{ note }}", "Authorization": "mine"},
        "json": {"amount": "{{ amount }}", "paper": "{{ paper }}"},
    },
    "to": "check",
}


def calling(**told: Any) -> dict[str, Any]:
    step = CALL | {"with": CALL["with"] | told}  # type: ignore[operator]
    return plain(
        "calling", {"check": task(ok="call", no=NO, stop=STOP), "call": step | {"to": "done"}}
    )


def page_of(name: str = "root", **query: str) -> str:
    client = Client()
    client.force_login(person(name))
    step = Step.objects.filter(key="call").latest("pk")
    answer = client.get(reverse("admin:dry_run_step", args=[step.pk]), query)
    assert answer.status_code == 200
    page: str = answer.content.decode()
    return page


@pytest.fixture
def office() -> Any:
    make_people()
    make_user("root", is_staff=True, is_superuser=True)
    with receiver() as there:
        secret = encrypt("very-secret")
        connect(there.url, owner=person("olga"), auth=Connection.BEARER, secret=secret)
        yield there
        assert not there.calls


def test_a_call_is_shown_for_the_values_of_a_request(office: Any) -> None:
    flow = begin(calling(), amount="1200.00", urgent=True)
    with nothing_changed():
        page = page_of(request=flow.request.reference)
    assert f"POST {office.url}/orders/{flow.request.reference}?urgent=true" in page
    body = re.search(r"\{&quot;(?:amount|paper).*?\}", page)  # the database may order the keys
    assert body is not None
    assert json.loads(unescape(body[0])) == {"amount": "1200.00", "paper": None}
    assert "Bearer •••" in page
    assert "X-Note" not in page
    assert "mine" not in page
    assert "very-secret" not in page


def test_a_call_is_shown_for_example_values(office: Any) -> None:
    publish(calling())
    page = page_of()
    assert "/orders/EX-1?urgent=true" in page
    assert "document.pdf" in page


def test_why_nothing_would_be_sent_is_said(office: Any) -> None:
    flow = begin(calling(json={"n": "{{ note | number }}"}), amount="1")
    assert "no number" in page_of()
    assert "It has no body" not in page_of()
    assert "no such request" in page_of(request="XX-99").lower() or "no request" in page_of(
        request="XX-99"
    )
    other = begin(plain("other", {"check": task(ok="done", no=NO, stop=STOP)}), amount="1")
    assert "There is no such request of this workflow" in page_of(request=other.request.reference)
    assert flow.request.reference


@pytest.mark.parametrize(
    "kind", [kind for kind in FIELD_TYPES if not FIELD_TYPES[kind].names_resource]
)
def test_each_type_of_field_has_an_example(kind: str) -> None:
    more: dict[str, Any] = {}
    if FIELD_TYPES[kind].has_choices:
        more = {"choices": ["EU", "US"]}
    if FIELD_TYPES[kind].holds_rows:
        more = {"columns": {"item": {"type": "text"}, "net": {"type": "money", "currency": "EUR"}}}
    spec = FieldDef.model_validate({"type": kind, **more})
    assert example_values({"x": spec}).get("x") not in (None, "", [], [{}])
    assert HEAD
