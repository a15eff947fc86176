"""Fields that are asked for under a condition, what they open with, and numbers as people write."""

import re
from typing import Any

import pytest
from django.utils import timezone

from tests.approvals.api.calls import Api, problem
from tests.approvals.office import signed_in
from tests.factories import NOW, make_user, open_task, publish_map
from tests.workflows.support import refused
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import corrections
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User

pytestmark = pytest.mark.django_db

FORM: dict[str, Any] = {
    "format": 1,
    "key": "kit",
    "name": "Kit",
    "owner": "olivia",
    "deputy": "omar",
    "roles": {"staff": {"groups": ["staff"]}},
    "fields": {
        "kind": {"type": "choice", "choices": ["laptop", "other"], "required": True},
        "tag": {"type": "text", "when": "kind == 'laptop'", "required": True, "label": "Tag"},
        "note": {"type": "text", "when": "tag == 'x'", "section": "More", "label": "Note"},
        "price": {"type": "money", "currency": "EUR", "section": "More", "label": "Price"},
        "why": {"type": "text", "required": {"when": "price > 100"}, "label": "Why"},
        "paper": {"type": "document", "when": "kind == 'other'"},
        "by": {"type": "date", "default": "today + 5d", "min": "today"},
        "boss": {"type": "user", "default": {"manager_of": "requester"}},
        "place": {"type": "text", "default": {"last_request": True}},
        "team": {"type": "text", "default": "Ops"},
    },
    "start": {
        "role": "staff",
        "fields": ["kind", "tag", "note", "price", "why", "paper", "by", "boss", "place", "team"],
        "first": "look",
    },
    "steps": {
        "look": {
            "kind": "task", "role": "staff", "expected": "1h", "due": "1d",
            "outputs": ["kind", "price", "why"],
            "outcomes": {
                "done": "ended",
                "stop": {"to": "stopped", "exception": True},
                "drop": {"to": "stopped", "exception": True},
            },
        },
        "ended": {"kind": "end", "result": "ended"},
        "stopped": {"kind": "end", "result": "stopped"},
    },
}  # fmt: skip


@pytest.fixture
def sam() -> User:
    publish_map(FORM)
    sam = make_user("sam", groups=["staff"])
    sam.manager = make_user("mia")
    sam.save()
    return sam


def start(sam: User, **data: Any) -> WorkflowInstance:
    return requests.start("kit", actor=sam, now=NOW, data=data)


def send(sam: User, **typed: str) -> Any:
    fields = {f"f-{key}": value for key, value in typed.items()}
    return signed_in(sam).post("/start/kit/", {"title": "Kit", **fields})


def test_what_is_asked_for_is_required_and_what_is_not_is_left(sam: User) -> None:
    with refused(InvalidInput, "Tag"):
        start(sam, kind="laptop")
    request = start(sam, kind="other", tag="left", note="left")
    assert "tag" not in request.data
    assert "note" not in request.data


def test_a_field_is_required_while_its_rule_holds(sam: User) -> None:
    with refused(InvalidInput, "Why"):
        start(sam, kind="other", price="100.01")
    start(sam, kind="other", price="100.00")
    request = start(sam, kind="other", price="100.01", why="Broken.")
    task = open_task(request, "look")
    with refused(InvalidInput, "Why"):
        tasks.decide(task.pk, actor=sam, outcome="done", now=NOW, data={"why": None})
    tasks.decide(task.pk, actor=sam, outcome="stop", now=NOW, data={"why": None})


def test_what_is_not_asked_for_any_more_is_emptied_one_after_the_other(sam: User) -> None:
    request = start(sam, kind="laptop", tag="x", note="n")
    assert request.data["note"] == "n"
    tasks.decide(
        open_task(request, "look").pk, actor=sam, outcome="done", now=NOW, data={"kind": "other"}
    )
    request.refresh_from_db()
    assert (request.data["tag"], request.data["note"]) == (None, None)
    assert rebuild_from_trail(request)[1] == request.data


def test_a_correction_empties_too(sam: User) -> None:
    request = start(sam, kind="laptop", tag="x")
    owner = make_user("olivia")
    corrections.set_values(
        request.pk, actor=owner, data={"kind": "other"}, now=NOW, reason="Wrong."
    )
    request.refresh_from_db()
    assert request.data["tag"] is None


def test_nobody_empties_a_field_of_another_step_that_is_asked_for(sam: User) -> None:
    request = start(sam, kind="laptop", tag="x")
    with refused(InvalidInput, "Tag"):
        tasks.decide(
            open_task(request, "look").pk, actor=sam, outcome="done", now=NOW, data={"tag": None}
        )


def test_a_form_without_a_script_says_the_condition_and_leaves_what_is_not_asked(sam: User) -> None:
    page = signed_in(sam).get("/start/kit/").content.decode()
    assert "Only asked for where" in page
    assert '<fieldset class="section"><legend>More</legend>' in page
    assert re.search(r'data-conditional="f-tag"[^>]*data-shown="no"', page)
    assert send(sam, kind="laptop").status_code == 422
    assert send(sam, kind="other", tag="left", note="left").status_code == 302
    assert WorkflowInstance.objects.get().data.get("tag") is None


def test_a_script_asks_which_fields_are_asked_for_and_nothing_is_written(sam: User) -> None:
    client = signed_in(sam)
    typed = {"f-kind": "laptop", "f-tag": "x", "f-price": "200", "which_fields": "1"}
    answer = client.post("/start/kit/", typed).json()
    assert {"f-tag", "f-note"} <= {*answer["shown"]}
    assert "f-paper" not in answer["shown"]
    assert {"f-kind", "f-tag", "f-why"} <= {*answer["required"]}
    answer = client.post("/start/kit/", typed | {"f-kind": "other"}).json()
    assert not {"f-tag", "f-note"} & {*answer["shown"]}
    assert not WorkflowInstance.objects.exists()


def test_what_is_left_out_gets_what_the_form_opens_with(sam: User) -> None:
    start(sam, kind="other", place="Oslo")
    request = start(sam, kind="other")
    assert request.data["by"] == "2026-03-07"
    assert request.data["boss"] == "mia"
    assert request.data["place"] == "Oslo"
    assert request.data["team"] == "Ops"
    assert start(sam, kind="other", team=None).data["team"] is None


def test_a_form_shows_what_it_opens_with_and_what_is_emptied_stays_empty(sam: User) -> None:
    page = signed_in(sam).get("/start/kit/").content.decode()
    assert re.search(r'name="f-team" value="Ops"', page)
    send(sam, kind="other", team="")
    data = WorkflowInstance.objects.get().data
    assert data["team"] is None
    assert data["boss"] is None


def test_a_default_that_is_not_taken_any_more_is_left(sam: User) -> None:
    sam.manager = None
    sam.save()
    request = start(sam, kind="other")
    assert request.data.get("boss") is None


def test_the_api_says_which_fields_have_conditions(sam: User) -> None:
    form = Api(sam).get("/workflows/kit/form").json()["data_schema"]
    assert form["required"] == ["kind"]
    assert "kind == 'laptop'" in form["properties"]["tag"]["description"]
    assert form["properties"]["team"]["default"] == "Ops"
    problem(
        Api(sam).post("/instances", {"workflow": "kit", "data": {"kind": "laptop"}}), 422, "Tag"
    )


# -- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "typed", "kept"),
    [
        ("de", "1.234,50", "1234.50"),
        ("de", "12,5", "12.50"),
        ("de", "1.234.567", "1234567.00"),
        ("de", "1234.50", "1234.50"),
        ("en", "1,234.50", "1234.50"),
        ("en", "1 234.50", "1234.50"),
        ("en", "12.5", "12.50"),
    ],
)
def test_an_amount_is_read_as_people_write_it(
    sam: User, language: str, typed: str, kept: str
) -> None:
    sam.language = language
    sam.save()
    assert send(sam, kind="other", price=typed, why="Because.").status_code == 302
    assert WorkflowInstance.objects.get().data["price"] == kept


def test_an_amount_of_two_readings_is_asked_about_and_nothing_typed_is_lost(sam: User) -> None:
    page = send(sam, kind="other", price="12.500", why="Because.").content.decode()
    assert 'value="12.500"' in page
    meanings = re.findall(r'name="f-price-means" value="([^"]*)"', page)
    assert meanings == ["12500.0", "12.500"]
    client = signed_in(sam)
    typed = {"title": "Kit", "f-kind": "other", "f-price": "12.500", "f-why": "Because."}
    wrong = client.post("/start/kit/", typed | {"f-price": "13.500", "f-price-means": "12500.0"})
    assert wrong.status_code == 422  # it was chosen for another text
    assert client.post("/start/kit/", typed | {"f-price-means": "12500.0"}).status_code == 302
    assert WorkflowInstance.objects.get().data["price"] == "12500.00"


def test_a_form_shows_amounts_as_they_are_typed_here_and_takes_them_back(sam: User) -> None:
    request = start(sam, kind="other", price="1234.50", why="x")
    sam.language = "de"
    sam.save()
    client = signed_in(sam)
    task = open_task(request, "look")
    page = client.get(f"/tasks/{task.pk}/").content.decode()
    assert 'name="f-price" value="1234,50"' in page
    opened = re.search(r'name="opened" value="([^"]*)"', page)
    assert opened
    typed = {"opened": opened[1], "outcome": "done", "f-price": "1234,50", "f-why": "x"}
    assert client.post(f"/tasks/{task.pk}/", typed | {"f-kind": "other"}).status_code == 302
    request.refresh_from_db()
    assert request.data["price"] == "1234.50"
    assert timezone.now() > NOW
