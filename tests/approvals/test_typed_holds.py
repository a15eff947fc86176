"""What is taken is named before it is asked for: while a form is filled in, and when it is sent."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, make_user, open_task
from tests.table_rows import read_rows
from tests.workflows.resource_scenes import (
    desk_step,
    make_budget,
    make_room,
    publish_room_map,
    room_map,
    start_event,
)
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.execution.services import work_items
from workflows.resources.models import Hold
from workflows.trail.models import TrailEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

BOOKS = {"resource": "room", "from": "starts", "until": "ends"}
SPENDS = {"budget": "cost_centre", "amount": "total"}
AT_TEN = {"room": "blue", "starts": "2026-03-05T10:00Z", "ends": "2026-03-05T11:00Z"}
HALF_PAST = {
    "f-room": "blue",
    "f-starts": "2026-03-05T10:30",
    "f-ends": "2026-03-05T11:30",
    "title": "Our event",
}
FORM = "/start/event/"
ONCE = re.compile(r'name="once" value="([^"]+)"')
SEEN = re.compile(r'name="holds_seen" value="([0-9a-f]*)"')


def publish_and_take(steps: Mapping[str, Any], **more: Any) -> WorkflowInstance:
    """A map, and a request of Rosa's that has the blue room for an hour and 60 of 100."""
    make_room("blue", name="The blue room")
    make_budget("4711", name="Marketing", amount="100.00")
    version = publish_room_map(room_map(steps, **more))
    return start_event(version, **AT_TEN, cost_centre="4711", total="60.00")


def asked(client: Client, address: str, sent: Mapping[str, str]) -> list[dict[str, Any]]:
    """What the page's script is told; nothing is written by that."""
    models = (WorkflowInstance, WorkItem, Hold, TrailEvent)
    before = [read_rows(model) for model in models]
    answer = client.post(address, {**sent, "which_fields": "1"})
    assert [read_rows(model) for model in models] == before
    lines: list[dict[str, Any]] = answer.json()["holds"]
    return lines


def test_a_start_form_names_who_has_the_room_as_far_as_one_may_know(client: Client) -> None:
    make_user("ria")
    roles = {"desk": {"users": ["dana"]}, "asks": {"users": ["rosa", "ria"]}}
    taken = publish_and_take({"take": desk_step(books=BOOKS)}, roles=roles)
    client.force_login(make_user("rosa"))
    (line,) = asked(client, FORM, HALF_PAST)
    assert "The blue room" in line["text"]
    assert taken.reference in line["others"][0]
    assert line["href"].endswith("/blue/?week=2026-03-05")
    assert asked(client, FORM, {**HALF_PAST, "f-starts": "2026-03-05T11:00"}) == []
    assert asked(client, FORM, {**HALF_PAST, "f-ends": ""}) == []
    client.force_login(make_user("ria"))
    (line,) = asked(client, FORM, HALF_PAST)
    assert line["others"] == []
    assert "it is taken then (5 Mar 2026, 10:00" in line["text"]
    assert taken.reference not in str(line)


def test_a_form_without_a_script_comes_back_once_with_what_is_taken(client: Client) -> None:
    taken = publish_and_take({"ask": desk_step(to="take"), "take": desk_step(books=BOOKS)})
    task = open_task(taken, "ask")
    work_items.decide(task.pk, actor=make_user("dana"), outcome="done", now=NOW)
    client.force_login(make_user("rosa"))
    page = client.get(FORM).content.decode()
    sent = {**HALF_PAST, "once": ONCE.search(page)[1], "holds_seen": ""}  # type: ignore[index]
    answer = client.post(FORM, sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was sent yet: not all of it can be had" in text
    assert f"{taken.reference}, " in text
    assert 'value="Our event"' in text
    assert 'value="2026-03-05T10:30"' in text
    assert WorkflowInstance.objects.count() == 1
    seen = SEEN.search(text)
    assert seen
    again = client.post(FORM, {**sent, "holds_seen": seen[1]})
    assert again.status_code == 302
    assert WorkflowInstance.objects.count() == 2


def test_a_form_that_is_sent_twice_is_not_told_of_its_own_booking(client: Client) -> None:
    publish_and_take({"take": desk_step(books=BOOKS)})
    client.force_login(make_user("rosa"))
    once = ONCE.search(client.get(FORM).content.decode())
    assert once
    sent = {**HALF_PAST, "f-starts": "2026-03-05T11:00", "once": once[1], "holds_seen": ""}
    first, second = client.post(FORM, sent), client.post(FORM, sent)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]


def test_what_is_left_of_a_budget_is_said_only_where_the_start_would_say_it(
    client: Client,
) -> None:
    publish_and_take({"take": desk_step(spends=SPENDS)})
    client.force_login(make_user("rosa"))
    too_much = {"f-cost_centre": "4711", "f-total": "41"}
    (line,) = asked(client, FORM, too_much)
    assert "40.00 EUR" in line["text"]
    assert asked(client, FORM, {**too_much, "f-total": "40"}) == []


def test_a_later_steps_budget_is_not_told_to_whoever_types(client: Client) -> None:
    publish_and_take({"ask": desk_step(to="take"), "take": desk_step(spends=SPENDS)})
    client.force_login(make_user("rosa"))
    assert asked(client, FORM, {"f-cost_centre": "4711", "f-total": "5000"}) == []


def test_a_task_is_told_of_what_its_person_changes_and_not_of_its_own(client: Client) -> None:
    fields = ["room", "starts", "ends"]
    taken = publish_and_take({"take": desk_step(outputs=fields, books=BOOKS)})
    later = {**AT_TEN, "starts": "2026-03-05T12:00Z", "ends": "2026-03-05T13:00Z"}
    mine = start_event(taken.version, **later)
    client.force_login(make_user("dana"))
    address = reverse("approvals:task", args=[open_task(mine, "take").pk])
    page = client.get(address).content.decode()
    assert "data-holds" in page
    opened = re.search(r'name="opened" value="([^"]+)"', page)
    assert opened
    sent = {"opened": opened[1], "f-room": "blue", "f-ends": "2026-03-05T13:00"}
    (line,) = asked(client, address, {**sent, "f-starts": "2026-03-05T10:30"})
    assert taken.reference in line["others"][0]
    assert asked(client, address, {**sent, "f-starts": "2026-03-05T12:30"}) == []
    assert asked(client, address, {**sent, "f-starts": "2026-03-05T12:00"}) == []


ROWS = {
    "lines": {
        "type": "list",
        "columns": {"from": {"type": "datetime"}, "until": {"type": "datetime"}},
    },
    "room": {"type": "resource", "of": "rooms"},
}


def test_two_rows_that_want_one_room_at_once_are_named(client: Client) -> None:
    make_room("blue", name="The blue room")
    split = {
        "kind": "parallel",
        "branches": [{"each": "lines", "as": "row", "to": "take"}],
        "join": "met",
    }
    take = desk_step(to="met", books={"resource": "room", "from": "row.from", "until": "row.until"})
    steps = {"split": split, "take": take, "met": {"kind": "join", "wait_for": "all", "to": "over"}}
    publish_room_map(room_map(steps, fields=ROWS))
    client.force_login(make_user("rosa"))
    sent = {
        "f-room": "blue",
        "f-lines-rows": "2",
        "f-lines-0-from": "2026-03-05T10:00",
        "f-lines-0-until": "2026-03-05T11:00",
        "f-lines-1-from": "2026-03-05T10:30",
        "f-lines-1-until": "2026-03-05T11:30",
    }
    (line,) = asked(client, FORM, sent)
    assert "The blue room" in line["text"]
    assert asked(client, FORM, {**sent, "f-lines-1-from": "2026-03-05T11:00"}) == []
