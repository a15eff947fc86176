"""Naming several people: ticks where few may be chosen, a search among many, with no script."""

import re
from collections.abc import Callable

import pytest
import yaml
from django.test import Client

from approvals.forms import people_boxes
from tests.approvals.office import signed_in
from tests.factories import make_user, publish_map
from workflows.execution.models import FormDraft, WorkflowInstance, WorkItem
from workflows.people.models import User

pytestmark = pytest.mark.django_db

MAP = """
format: 1
key: trip
name: Trip
owner: olga
deputy: dan
roles: {staff: {groups: [staff]}, crew: {groups: [crew]}}
fields:
  who: {type: users, required: true, label: Who goes}
  guides: {type: users, role: crew}
start: {role: staff, fields: [who, guides], first: check}
steps:
  check:
    kind: task
    role: staff
    outputs: [who]
    expected: 4h
    outcomes:
      done: over
      give_up: {to: gone, exception: true}
      refuse: {to: gone, exception: true}
  over: {kind: end, result: over}
  gone: {kind: end, result: gone}
"""
FORM = "/start/trip/"


@pytest.fixture
def set_most(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda count: monkeypatch.setattr(people_boxes, "MOST_PEOPLE_IN_A_LIST", count)


@pytest.fixture
def sam(set_most: Callable[[int], None]) -> Client:
    """Somebody's browser in an office that is too large for lists."""
    set_most(2)
    make_user("mia", first_name="Mia", last_name="Lopez", groups=["crew"])
    make_user("max", first_name="Max", last_name="Lopez")
    make_user("cleo", first_name="Cleo", last_name="Reed, Jr.", groups=["crew"])
    for name in ("olga", "dan"):
        make_user(name)
    publish_map(yaml.safe_load(MAP))
    return signed_in(make_user("sam", groups=["staff"]))


def started() -> WorkflowInstance:
    return WorkflowInstance.objects.get()


def test_few_are_ticked_and_many_are_searched_for(sam: Client) -> None:
    text = sam.get(FORM).content.decode()
    assert 'type="checkbox" name="f-guides" value="mia"' in text
    assert 'name="f-guides-0"' not in text
    assert 'type="checkbox" name="f-who"' not in text
    for number in range(3):
        assert f'name="f-who-{number}"' in text
    assert '<label for="id_f-who-0">' in text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"f-who-0": "mia", "f-who-1": "", "f-who-2": "max"}, ["mia", "max"]),
        ({"f-who-0": "Mia Lopez (mia)", "f-who-1": "mia"}, ["mia"]),
        ({"f-who-0": "Reed, Jr., Cleo (cleo)"}, ["cleo"]),
        ({"f-who-0": "Mia Lopez (mia), Max Lopez (max)"}, ["mia", "max"]),
        ({"f-who-0": "mia; max;"}, ["mia", "max"]),
        ({"f-who": ["max", "mia"], "f-who-0": "cleo"}, ["max", "mia", "cleo"]),
        ({"f-who-0": "Lopez", "f-who-0-of": "max"}, ["max"]),
    ],
)
def test_each_is_named_in_a_box_or_several_in_one(
    sam: Client, sent: dict[str, str], kept: list[str]
) -> None:
    answer = sam.post(FORM, {"f-who-asked": "1", **sent})
    assert answer.status_code == 302, answer.content.decode()
    assert started().data["who"] == kept


def test_who_is_not_known_yet_is_asked_for_beside_those_who_are(sam: Client) -> None:
    answer = sam.post(FORM, {"f-who-0": "mia", "f-who-1": "max lopez"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose who is meant." in text
    assert 'name="f-who" value="mia" checked' in text
    assert 'name="f-who-0" value="max lopez"' in text
    assert 'type="radio" name="f-who-0-of" value="max"' in text
    assert 'name="f-who-3"' in text
    assert not WorkflowInstance.objects.exists()


@pytest.mark.parametrize(
    ("name", "named"), [("f-who", ["mia", "max"]), ("f-guides", ["mia", "cleo"])]
)
def test_a_form_that_comes_back_keeps_the_order_in_which_they_were_named(
    sam: Client, name: str, named: list[str]
) -> None:
    """They may have to act in it. The one field is searched in, the other has all to tick."""
    sent = {"f-who-asked": "1", "f-guides-asked": "1", name: named}
    sam.post(FORM, sent | {"save_draft": "1"})
    text = sam.get(FORM).content.decode()
    assert re.findall(rf'name="{name}" value="(\w+)" checked', text) == named


def test_who_may_not_be_chosen_is_refused(sam: Client) -> None:
    answer = sam.post(FORM, {"f-who-0": "mia", "f-guides": ["mia", "max"]})
    assert answer.status_code == 422
    assert "max" in answer.content.decode()
    assert not WorkflowInstance.objects.exists()


def test_nobody_at_all_is_not_enough(sam: Client) -> None:
    answer = sam.post(FORM, {"f-who-asked": "1", "f-who-0": ""})
    assert "Name at least one." in answer.content.decode()
    assert not WorkflowInstance.objects.exists()


def test_a_draft_keeps_all_of_them(sam: Client) -> None:
    sent = {"f-who": "mia", "f-who-0": "max", "f-guides": "cleo", "f-guides-asked": "1"}
    sam.post(FORM, {**sent, "save_draft": "1"})
    assert FormDraft.objects.exists()
    text = sam.get(FORM).content.decode()
    for name, login in (("f-who", "mia"), ("f-who", "max"), ("f-guides", "cleo")):
        assert f'name="{name}" value="{login}" checked' in text


def test_a_step_takes_somebody_out_by_a_tick_that_is_gone(sam: Client) -> None:
    sam.post(FORM, {"f-who-0": "mia", "f-who-1": "max"})
    task = WorkItem.objects.get()
    page = sam.get(f"/tasks/{task.pk}/").content.decode()
    opened = page.split('name="opened" value="')[1].split('"')[0]
    assert 'name="f-who" value="mia" checked' in page
    sent = {"f-who-asked": "1", "f-who": "max", "f-who-0": "", "opened": opened}
    sam.post(f"/tasks/{task.pk}/", {**sent, "outcome": "done"})
    assert started().data["who"] == ["max"]
    assert User.objects.filter(username="mia").exists()
