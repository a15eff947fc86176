"""Pages and answers of a request that is open for many rows."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.workflows.support import begin, person
from tests.workflows.test_each_branches import each, rows
from workflows.execution.queries.position import find_position
from workflows.execution.queries.ways_gone import find_ways_gone
from workflows.execution.services import work_items

pytestmark = pytest.mark.django_db


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(person(name))
    return client


def test_a_row_is_named_in_the_inbox_on_its_task_and_in_the_api() -> None:
    flow = begin(each(), lines=rows(2))
    client, item = signed_in("ann"), flow.request.work_items.open().order_by("pk")[1]
    assert "2: Thing 2" in client.get("/").content.decode()
    page = client.get(f"/tasks/{item.pk}/").content.decode()
    assert "Check · 2: Thing 2" in page
    assert 'name="f-row.note"' in page
    assert "Thing 1" not in page
    answer = client.get(f"/api/v1/instances/{flow.request.reference}").json()
    assert answer["work_items"][1]["row"] == {"index": [1], "label": "2: Thing 2"}
    assert client.get("/api/v1/inbox").json()["items"][0]["row"] == "1: Thing 1"


def test_where_a_request_is_says_how_many_rows_and_the_first_few() -> None:
    flow = begin(each(), lines=rows(200))
    page = signed_in("olga").get(f"/requests/{flow.request.reference}/").content.decode()
    assert "“Check” for 200 rows" in page
    assert "And 197 more rows at “Check”." in page
    assert "3: Thing 3" in page


def test_a_request_with_many_rows_is_told_shortly_and_each_row_can_be_reached() -> None:
    flow = begin(each(), lines=rows(200))
    items = list(flow.request.work_items.open().order_by("pk"))
    for item in items[:10]:
        work_items.decide(item.pk, actor=person("ann"), outcome="ok", now=flow.later())
    page = signed_in("olga").get(f"/requests/{flow.request.reference}/").content.decode()
    text = " ".join(page.split())
    assert "Waits for 200 of 200: Check, 200 rows." in text
    assert "Came before: Check, 7 rows" in text
    assert text.count("Came: Check, row") == 3
    assert "Came: Check, row 10" in text
    assert text.count("190 rows are open") == 1
    assert "Check · 150: Thing 150" not in text
    assert f'<a href="/tasks/{items[149].pk}/">150: Thing 150</a>' in text
    region = '<div class="long" tabindex="0" role="region" aria-label="Rows">'
    assert f'<p class="quiet">200 rows</p>{region}' in page


def test_a_list_that_scrolls_by_itself_can_always_be_scrolled_with_the_keys() -> None:
    flow = begin(each(), lines=rows(20))
    page = signed_in("olga").get(f"/requests/{flow.request.reference}/").content.decode()
    assert 'class="long"' not in page
    style = Path(settings.BASE_DIR, "static", "handoff.css").read_text()
    assert ".values .long" not in style
    assert ".values dd > .long" in style


def test_of_many_rows_those_that_the_reader_has_come_first() -> None:
    flow = begin(each(), lines=rows(20))
    mine = flow.request.work_items.open().order_by("pk")[12]
    work_items.claim(mine.pk, actor=person("ann"), now=flow.later())
    address = f"/requests/{flow.request.reference}/"
    for name, first in (("ann", "Check · 13: Thing 13"), ("olga", "Check · 1: Thing 1")):
        page = signed_in(name).get(address).content.decode()
        headings = re.findall(r"<h2[^>]*>\s*(Check · [^<]*?)\s*</h2>", page)
        assert headings[0] == first


def test_what_happened_and_what_was_decided_before_name_the_row() -> None:
    flow = begin(each(), lines=rows(2))
    items = flow.request.work_items.open().order_by("pk")
    for item in items:
        work_items.decide(item.pk, actor=person("ann"), outcome="ok", now=flow.later())
    page = signed_in("olga").get(f"/requests/{flow.request.reference}/").content.decode()
    assert "<strong>Check · 1: Thing 1</strong>" in page
    after = flow.request.work_items.open().get()
    page = signed_in("olga").get(f"/tasks/{after.pk}/").content.decode()
    assert "<strong>Check · 2: Thing 2</strong>" in page


def test_the_first_step_is_done_where_it_only_routes_and_the_request_has_gone_on() -> None:
    flow = begin(each(), lines=rows(2))
    tasks = list(flow.request.work_items.all())
    gone = find_ways_gone(find_position(flow.request), tasks)
    assert "p" in gone.passed
    assert "j" not in gone.passed


def test_rows_that_are_decided_at_once_are_told_apart() -> None:
    flow = begin(each(), lines=rows(2))
    client = signed_in("ann")
    items = list(flow.request.work_items.open().order_by("pk"))
    reference = flow.request.reference
    assert f"Choose Check · 2: Thing 2 of {reference}" in client.get("/").content.decode()
    chosen = {"task": [item.pk for item in items]}
    page = client.get("/inbox/decide/", chosen).content.decode()
    for row in ("1: Thing 1", "2: Thing 2"):
        assert f"{reference} · Check · {row}" in page
        assert f"Check · {row} of {reference}" in page
    opened = dict(re.findall(r'name="(opened-\d+)" value="([^"]+)"', page))
    sent = client.post("/inbox/decide/", chosen | opened | {"outcome": "ok", "comment": ""})
    said = sent.content.decode() if sent.status_code == 200 else ""
    for row in ("1: Thing 1", "2: Thing 2"):
        assert f"{reference} · {row}" in said
