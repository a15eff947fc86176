"""Lists in forms: a table that works without a script, and nothing that was typed is lost."""

import html
from typing import Any

import pytest
import yaml

from tests.approvals.office import signed_in
from tests.factories import make_user, publish_map
from tests.workflows.support import nothing_changed
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.format.definition import Definition
from workflows.execution.models import FormDraft, WorkflowInstance, WorkItem
from workflows.people.models import User

pytestmark = pytest.mark.django_db

MAP = """
format: 1
key: order
name: Order
owner: olga
deputy: dan
roles: {staff: {groups: [staff]}, buyers: {groups: [buyers]}}
fields:
  lines:
    type: list
    required: true
    columns:
      item: {type: text, label: Item, required: true}
      net: {type: money, currency: EUR, label: Net}
      urgent: {type: boolean}
      by: {type: user, role: buyers}
      at: {type: datetime}
    max_rows: 6
  who: {type: users}
  tags: {type: choices, choices: [small, large]}
start: {role: staff, fields: [lines, who, tags], first: check}
steps:
  check:
    kind: task
    role: buyers
    outputs: [lines, tags]
    expected: 4h
    outcomes:
      done: over
      give_up: {to: gone, exception: true}
      refuse: {to: gone, exception: true}
  over: {kind: end, result: over}
  gone: {kind: end, result: gone}
"""
FORM = "/start/order/"
ROW = {"f-lines-rows": "3", "f-lines-0-item": "Chair", "f-lines-0-net": "120"}


@pytest.fixture
def sam() -> User:
    make_user("bea", groups=["buyers"])
    make_user("olga")
    make_user("dan")
    publish_map(yaml.safe_load(MAP))
    return make_user("sam", groups=["staff"])


def start(sam: User, **sent: Any) -> WorkflowInstance:
    answer = signed_in(sam).post(FORM, {**ROW, **sent})
    assert answer.status_code == 302, answer.content.decode()
    return WorkflowInstance.objects.get()


def test_a_version_keeps_a_list_as_its_file_says_it(sam: User) -> None:
    version = publish_map(yaml.safe_load(MAP) | {"key": "again"})
    said = definition_of(version).dump()["fields"]
    assert said == Definition.model_validate(yaml.safe_load(MAP)).dump()["fields"]
    assert list(said["lines"]["columns"]) == ["item", "net", "urgent", "by", "at"]


def test_a_list_opens_with_empty_rows_that_do_not_count(sam: User) -> None:
    text = signed_in(sam).get(FORM).content.decode()
    assert 'name="f-lines-2-item"' in text
    assert 'name="f-lines-3-item"' not in text
    assert 'data-label="Net"' in text
    request = start(sam, **{"f-lines-1-item": "", "f-tags": ["large", "small"], "f-who": "bea\r\n"})
    assert request.data["lines"] == [{"item": "Chair", "net": "120.00"}]
    assert request.data["tags"] == ["small", "large"]
    assert request.data["who"] == ["bea"]


def test_every_kind_of_cell_is_read_as_a_field_of_its_own(sam: User) -> None:
    request = start(
        sam,
        **{
            "f-lines-1-item": "Desk",
            "f-lines-1-urgent": "yes",
            "f-lines-1-by": "bea",
            "f-lines-1-at": "2026-03-02T10:30",
        },
    )
    assert request.data["lines"][1] == {
        "item": "Desk",
        "urgent": True,
        "by": "bea",
        "at": "2026-03-02T10:30:00Z",
    }
    page = signed_in(sam).get(f"/requests/{request.reference}/").content.decode()
    assert '<td data-label="Item">Desk</td>' in page
    assert '<td data-label="Net">' in page


@pytest.mark.parametrize(
    ("button", "items"),
    [
        ({"f-lines-add": "1"}, ["Chair", "", "Desk", ""]),
        ({"f-lines-remove": "0"}, ["", "Desk"]),
        ({"f-lines-remove": "nonsense"}, ["Chair", "", "Desk"]),
    ],
)
def test_a_row_more_or_less_costs_nothing_that_was_typed(
    sam: User, button: dict[str, str], items: list[str]
) -> None:
    sent = {**ROW, "title": "Chairs", "f-lines-2-item": "Desk", "f-lines-2-net": "12,5", **button}
    with nothing_changed():
        answer = signed_in(sam).post(FORM, sent)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="Chairs"' in text
    assert 'value="12,5"' in text
    assert "Nothing was sent yet" not in text
    assert 'class="error"' not in text
    shown = [f'name="f-lines-{number}-item"' in text for number in range(len(items) + 1)]
    assert shown == [*[True] * len(items), False]
    for number, item in enumerate(items):
        assert not item or f'name="f-lines-{number}-item" value="{item}"' in text


def test_what_is_wrong_is_said_in_its_cell_and_the_rest_is_kept(sam: User) -> None:
    sent = {**ROW, "f-lines-1-net": "nine", "f-lines-2-item": "Desk", "f-lines-2-by": "sam"}
    answer = signed_in(sam).post(FORM, sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Row 2, Net: write an amount in EUR" in text
    assert "Row 2, Item: fill it in." in text
    assert 'value="nine"' in text
    assert not WorkflowInstance.objects.exists()


def test_all_that_is_wrong_in_cells_is_said_at_once_in_the_rows_as_they_stand(sam: User) -> None:
    data = yaml.safe_load(MAP)
    columns = data["fields"]["lines"]["columns"]
    columns["net"]["min"] = 10
    columns["from"] = {"type": "date", "label": "From"}
    columns["until"] = {"type": "date", "label": "Until", "min": "from"}
    publish_map(data | {"key": "bounded"})
    sent = {
        "f-lines-rows": "4",
        "f-lines-1-item": "Chair",
        "f-lines-1-net": "9",
        "f-lines-1-from": "2026-05-02",
        "f-lines-1-until": "2026-05-01",
        "f-lines-3-net": "5",
    }
    page = html.unescape(signed_in(sam).post("/start/bounded/", sent).content.decode())
    assert "Row 2, Net: write 10.00 EUR or more." in page
    assert "Row 2, Until: write a date that is not before 'From'." in page
    assert "Row 4, Item: fill it in." in page
    assert "Row 4, Net: write 10.00 EUR or more." in page
    assert page.count("Write 10.00 EUR or more.") == 2  # in the cells
    only = {**sent, "f-lines-3-item": "Desk", "f-lines-3-net": "50", "f-lines-1-net": "50"}
    page = html.unescape(signed_in(sam).post("/start/bounded/", only).content.decode())
    assert page.count("Row 2, Until: write a date that is not before 'From'.") == 1
    assert "Row 1," not in page  # the row that is empty counts in the form


def test_a_person_of_a_row_is_one_of_those_who_are_offered(sam: User) -> None:
    answer = signed_in(sam).post(FORM, {**ROW, "f-lines-0-by": "sam"})
    assert "&#x27;sam&#x27; is not one of those who can be chosen here" in answer.content.decode()
    assert not WorkflowInstance.objects.exists()


def test_a_number_in_a_cell_that_may_be_two_is_asked_about_as_the_reader_writes_it(
    sam: User,
) -> None:
    sam.language = "de"
    sam.save()
    answer = signed_in(sam).post(FORM, {**ROW, "f-lines-0-net": "12.500"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "12.500,00" in text
    assert "12500.00" not in text
    assert not WorkflowInstance.objects.exists()


def test_a_name_that_is_nobodys_is_not_said_to_be_missing(sam: User, large_company: None) -> None:
    data = yaml.safe_load(MAP)
    data["fields"]["lines"]["columns"]["by"]["required"] = True
    publish_map(data)
    text = signed_in(sam).post(FORM, {**ROW, "f-lines-0-by": "nobody-x"}).content.decode()
    assert "Row 1, By: Choose who is meant." in text
    assert "Row 1, By: fill it in." not in text


@pytest.fixture
def large_company() -> None:
    """More people than fit into a list to choose from: a box searches them."""
    for number in range(25):
        make_user(f"p{number}", groups=["buyers"])


@pytest.mark.usefixtures("large_company")
def test_a_name_that_is_nobodys_is_said_in_its_cell(sam: User) -> None:
    sent = {"f-lines-0-by": "nobody-x", "f-lines-1-item": "Desk", "f-lines-1-by": "p3"}
    text = signed_in(sam).post(FORM, {**ROW, **sent}).content.decode()
    cell = text[text.index('name="f-lines-0-by"') - 300 :]
    assert 'class="wrong"' in cell[:300]
    assert "Choose who is meant." in cell[: cell.index("f-lines-1-item")]
    assert "Row 1, By: Choose who is meant." in text
    assert "Row 2, By" not in text
    assert not WorkflowInstance.objects.exists()


@pytest.mark.usefixtures("large_company")
def test_a_table_reads_the_people_of_all_its_rows_at_once(
    sam: User, django_assert_max_num_queries: Any
) -> None:
    client, asked = signed_in(sam), []
    for rows in (1, 6):
        people = {f"f-lines-{number}-by": f"p{number}" for number in range(rows)}
        sent = {"f-lines-rows": str(rows), **people, "f-lines-0-item": "", "f-lines-add": "1"}
        client.post(FORM, sent)
        with django_assert_max_num_queries(200) as counted:
            client.post(FORM, sent)
        asked.append(len(counted))
    assert asked[0] == asked[1]


def test_a_phone_shows_what_a_column_takes_beside_each_cell(sam: User) -> None:
    text = signed_in(sam).get(FORM).content.decode()
    assert 'data-label="Item · required"' in text
    assert text.count('class="help in-card"') == 3


def test_a_list_that_is_required_is_not_left_empty(sam: User) -> None:
    answer = signed_in(sam).post(FORM, {"f-lines-rows": "3"})
    assert answer.status_code == 422
    assert "Fill in at least one row." in answer.content.decode()


def test_a_draft_keeps_the_rows(sam: User) -> None:
    client = signed_in(sam)
    client.post(FORM, {**ROW, "f-tags": "large", "f-tags-asked": "1", "save_draft": "1"})
    assert FormDraft.objects.exists()
    text = client.get(FORM).content.decode()
    assert 'name="f-lines-0-item" value="Chair"' in text
    assert 'value="large"' in text.split("checked")[0][-200:]


def test_a_step_writes_a_list_only_where_somebody_changed_it(sam: User) -> None:
    request = start(sam, **{"f-lines-0-at": "2026-03-02T10:30", "f-tags": "small"})
    task = WorkItem.objects.get()
    client = signed_in(User.objects.get(username="bea"))
    page = client.get(f"/tasks/{task.pk}/").content.decode()
    assert 'name="f-lines-0-at" value="2026-03-02T10:30"' in page
    opened = page.split('name="opened" value="')[1].split('"')[0]
    sent = {
        **ROW,
        "f-lines-0-net": "120.00",
        "f-lines-0-at": "2026-03-02T10:30",
        "f-tags-asked": "1",
        "opened": opened,
    }
    with nothing_changed():
        reshaped = client.post(f"/tasks/{task.pk}/", {**sent, "f-lines-add": "1"})
    assert reshaped.status_code == 200
    assert 'name="f-lines-3-item"' in reshaped.content.decode()
    client.post(f"/tasks/{task.pk}/", {**sent, "outcome": "done"})
    before = request.data["lines"]
    request.refresh_from_db()
    assert request.data["lines"] == before
    assert request.data["tags"] is None


PASTED = "Lamp\t12.50\tYes\r\n\r\nDesk\t300\t\r\n"


def test_rows_are_pasted_from_a_spreadsheet_without_a_script(sam: User) -> None:
    sent = {**ROW, "f-lines-pasted": PASTED, "f-lines-take": "1"}
    with nothing_changed():
        text = signed_in(sam).post(FORM, sent).content.decode()
    for number, item in enumerate(("Chair", "Lamp", "Desk")):
        assert f'name="f-lines-{number}-item" value="{item}"' in text
    assert 'name="f-lines-3-item"' not in text
    assert '<option value="yes" selected>' in text


def test_what_is_pasted_and_sent_at_once_counts(sam: User) -> None:
    pasted = "net\tItem\n12.50\tLamp\n"
    request = start(sam, **{"f-lines-pasted": pasted})
    assert request.data["lines"] == [
        {"item": "Chair", "net": "120.00"},
        {"item": "Lamp", "net": "12.50"},
    ]


def test_what_was_pasted_and_does_not_fit_is_said_and_kept(sam: User) -> None:
    pasted = "Lamp\t12.50\nDesk\t1\tyes\tbea\t\tand more"
    answer = signed_in(sam).post(FORM, {**ROW, "f-lines-pasted": pasted})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Row 2 of what was pasted has more cells than there are columns." in text
    assert "and more</textarea>" in text
    assert not WorkflowInstance.objects.exists()


@pytest.mark.parametrize(
    ("pasted", "why"),
    [
        ("\n".join(f"Lamp {number}" for number in range(6)), "these are 7 rows; keep it to 6."),
        (f"{'long ' * 50_000}", "That is too long to be pasted at once: 200,000 characters"),
    ],
)
def test_more_than_the_list_takes_is_not_pasted_and_nothing_of_it_is_lost(
    sam: User, pasted: str, why: str
) -> None:
    sent = {**ROW, "f-lines-pasted": pasted, "f-lines-take": "1"}
    text = signed_in(sam).post(FORM, sent).content.decode()
    assert why in text
    assert f"{pasted}</textarea>" in text
    assert 'name="f-lines-2-item"' in text
    assert 'name="f-lines-3-item"' not in text


def test_what_is_wrong_in_pasted_rows_is_said_with_row_and_column(sam: User) -> None:
    answer = signed_in(sam).post(FORM, {**ROW, "f-lines-pasted": "Lamp\tcheap"})
    text = answer.content.decode()
    assert "Row 2, Net: write an amount" in text
    assert 'value="cheap"' in text
