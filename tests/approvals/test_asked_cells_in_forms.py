"""Rows of a list in forms: what they open with, and cells that are asked for under a condition."""

import html
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from tests.approvals.api.calls import Api
from tests.approvals.office import post, signed_in
from tests.factories import make_user, publish_map
from tests.workflows.support import everything, nothing_changed
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.format.definition import Definition
from workflows.execution.models import FormDraft, WorkflowInstance, WorkItem
from workflows.people.models import User

pytestmark = pytest.mark.django_db

MAP = """
format: 1
key: travel
name: Travel
owner: olga
deputy: dan
roles: {staff: {groups: [staff]}, office: {groups: [office]}}
fields:
  lines:
    type: list
    required: true
    columns:
      kind: {type: choice, choices: [taxi, hotel], label: Kind, default: taxi}
      net: {type: money, currency: EUR, label: Net}
      vat: {type: number, label: VAT, default: 0.5}
      gross: {type: money, currency: EUR, value: "net * (1 + vat)"}
      nights: {type: integer, label: Nights, when: "kind == 'hotel'", required: true}
      receipt: {type: text, label: Receipt, required: {when: "gross > 50"}}
      seen: {type: boolean}
      over: {type: text, required: {when: "gross > 100"}}
      why: {type: text, label: Why, when: "seen == false", required: true}
    max_rows: 6
start: {role: staff, fields: [lines], first: split}
steps:
  split: {kind: parallel, branches: [{each: lines, as: line, to: check}], join: joined}
  check:
    kind: task
    role: office
    outputs: [line.seen, line.why, line.net, line.over]
    expected: 4h
    outcomes:
      done: joined
      refuse: {to: gone, exception: true}
      give_up: {to: gone, exception: true}
  joined: {kind: join, to: over}
  over: {kind: end, result: over}
  gone: {kind: end, result: gone}
"""
FORM = "/start/travel/"


@pytest.fixture
def sam() -> User:
    make_user("olga")
    make_user("dan")
    make_user("bea", groups=["office"])
    publish_map(yaml.safe_load(MAP))
    return make_user("sam", groups=["staff"])


@contextmanager
def nothing_but_a_draft() -> Iterator[None]:
    """What was typed is kept, and all else is as it was."""
    before = everything()
    yield
    after = everything()
    changed = {table for table, rows in before.items() if after[table] != rows}
    assert changed <= {FormDraft._meta.db_table}


def sent(*rows: dict[str, str]) -> dict[str, str]:
    """A form with these rows, as a browser sends it: what is not named stands as it opened."""
    form = {"f-lines-rows": str(len(rows))}
    for number, row in enumerate(rows):
        whole = {"kind": "taxi", "net": "", "vat": "0.5", "nights": "", "receipt": "", **row}
        form |= {f"f-lines-{number}-{key}": said for key, said in whole.items()}
    return form


def start(sam: User, *rows: dict[str, str]) -> Any:
    answer = signed_in(sam).post(FORM, sent(*rows))
    assert answer.status_code == 302, answer.content.decode()
    return WorkflowInstance.objects.latest("pk").data["lines"]


def test_a_version_keeps_it_as_its_file_says_it(sam: User) -> None:
    version = publish_map(yaml.safe_load(MAP) | {"key": "again"})
    said = definition_of(version).dump()["fields"]
    assert said == Definition.model_validate(yaml.safe_load(MAP)).dump()["fields"]


def test_rows_open_with_their_defaults_and_those_that_say_no_more_are_none(sam: User) -> None:
    text = signed_in(sam).get(FORM).content.decode()
    assert 'name="f-lines-2-vat" value="0.5"' in text
    assert '<option value="taxi" selected>' in text
    assert start(sam, {"net": "10"}, {}, {}) == [
        {"kind": "taxi", "net": "10.00", "vat": "0.5", "gross": "15.00"}
    ]
    with nothing_but_a_draft():
        answer = signed_in(sam).post(FORM, sent({}, {}))
    assert "Fill in at least one row." in html.unescape(answer.content.decode())


def test_what_opened_with_something_and_was_emptied_stays_empty(sam: User) -> None:
    assert start(sam, {"net": "10", "vat": "", "kind": ""}) == [{"net": "10.00"}]


def test_a_new_row_opens_with_them_too_by_the_button_and_when_pasted(sam: User) -> None:
    form = sent({"net": "10"}) | {"f-lines-add": "1"}
    text = signed_in(sam).post(FORM, form).content.decode()
    assert 'name="f-lines-1-vat" value="0.5"' in text
    pasted = {"f-lines-pasted": "Net\tNights\n7\t\n8\t2", "f-lines-take": "1"}
    text = signed_in(sam).post(FORM, sent({"net": "10"}, {}) | pasted).content.decode()
    assert 'name="f-lines-1-net" value="7"' in text
    assert 'name="f-lines-2-vat" value="0.5"' in text
    assert 'name="f-lines-3-net"' not in text


def test_a_start_without_a_form_gets_them_where_the_column_is_left_out(sam: User) -> None:
    rows = [
        *({"net": "10"}, {"net": "20", "vat": None, "kind": ""}, {"net": "1", "vat": 1}, {}),
        *({"seen": False, "kind": ""}, {"net": None}),
    ]
    answer = Api(sam).post("/instances", {"workflow": "travel", "data": {"lines": rows}})
    assert answer.status_code == 201, answer.content
    assert WorkflowInstance.objects.get().data["lines"] == [
        {"kind": "taxi", "net": "10.00", "vat": "0.5", "gross": "15.00"},
        {"net": "20.00"},
        {"kind": "taxi", "net": "1.00", "vat": "1", "gross": "2.00"},
        {"vat": "0.5", "seen": False},
    ]


def test_conditions_stand_under_the_headings_in_words(sam: User) -> None:
    text = html.unescape(signed_in(sam).get(FORM).content.decode())
    assert "Only asked for where “Kind” is hotel; else it is not kept." in text
    assert "Required where “Gross” is more than 50.00 EUR." in text
    assert 'data-cell="f-lines-0-nights"' in text
    assert 'data-cell="f-lines-0-receipt"' not in text


def test_what_is_required_in_its_row_is_said_in_its_cell(sam: User) -> None:
    with nothing_but_a_draft():
        answer = signed_in(sam).post(FORM, sent({"kind": "hotel"}, {"net": "40"}))
    text = html.unescape(answer.content.decode())
    assert "Row 1, Nights: fill it in." in text
    assert "Row 2, Receipt: fill it in." in text
    assert start(sam, {"kind": "hotel", "nights": "2"})[0]["nights"] == 2


def test_what_is_not_asked_for_is_left_with_what_is_wrong_in_it(sam: User) -> None:
    assert start(sam, {"net": "10", "nights": "three"}) == [
        {"kind": "taxi", "net": "10.00", "vat": "0.5", "gross": "15.00"}
    ]


def test_a_script_asks_which_cells_are_asked_for_and_nothing_is_written(sam: User) -> None:
    form = sent({"kind": "hotel"}, {"net": "10"}) | {"which_fields": "1"}
    with nothing_changed():
        answer = signed_in(sam).post(FORM, form)
    assert answer.json()["unasked_cells"] == [
        "f-lines-1-nights",
    ]


def test_a_row_that_opens_with_what_a_cell_is_asked_for_shows_that_cell(sam: User) -> None:
    plan = yaml.safe_load(MAP) | {"key": "trips"}
    plan["fields"]["lines"]["columns"]["kind"]["default"] = "hotel"
    publish_map(plan)
    form = sent({"kind": "hotel"}, {"kind": "hotel", "nights": "2"}) | {"which_fields": "1"}
    answer = signed_in(sam).post("/start/trips/", form)
    assert answer.json()["unasked_cells"] == []
    form.pop("which_fields")
    assert signed_in(sam).post("/start/trips/", form).status_code == 302
    [row] = WorkflowInstance.objects.get().data["lines"]
    assert row["nights"] == 2


def check_row(item: WorkItem, **typed: str) -> Any:
    """The page of a row's task, sent with this beside what stands in it."""
    stands = {"f-line.net": "10.00", "f-line.seen": "", "f-line.why": "", "f-line.over": ""}
    typed = {f"f-line.{key}": said for key, said in typed.items()}
    return post(signed_in(User.objects.get(username="bea")), item, "done", **{**stands, **typed})


def test_in_a_branch_a_column_is_asked_for_as_a_field_is(sam: User) -> None:
    start(sam, {"net": "10"})
    item = WorkItem.objects.get()
    bea = signed_in(User.objects.get(username="bea"))
    page = html.unescape(bea.get(f"/tasks/{item.pk}/").content.decode())
    assert "Only asked for where “Seen” is no; else it is not kept." in page
    with nothing_but_a_draft():
        text = html.unescape(check_row(item, seen="no").content.decode())
    assert "Fill in Why; this step must give it." in text
    answer = check_row(item, seen="yes", why="Because")
    assert answer.status_code == 302, answer.content.decode()
    [row] = WorkflowInstance.objects.get().data["lines"]
    assert row == {"kind": "taxi", "net": "10.00", "vat": "0.5", "gross": "15.00", "seen": True}


def test_in_a_branch_conditions_read_what_is_worked_out_from_what_is_being_written(
    sam: User,
) -> None:
    start(sam, {"net": "10"})
    item = WorkItem.objects.get()
    with nothing_but_a_draft():
        answer = check_row(item, net="80.00", seen="yes")
    assert answer.status_code == 422
    answer = check_row(item, net="80.00", seen="yes", over="Agreed")
    assert answer.status_code == 302, answer.content.decode()
    [row] = WorkflowInstance.objects.get().data["lines"]
    assert (row["gross"], row["over"]) == ("120.00", "Agreed")
