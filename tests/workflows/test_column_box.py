"""The table of the map editor in which a list's columns are said, a line for each."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from tests.browser_form import browser_form
from tests.factories import load_map, make_staff, make_user
from tests.workflows.support import nothing_changed
from tests.workflows.test_admin_maps import page_of, problems_of
from workflows.definitions.admin.field_boxes.column_box import ColumnsField
from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.definition_rows import definition_data_of

MAP: dict[str, Any] = {
    "format": 1,
    "key": "order",
    "name": "Order",
    "owner": "olga",
    "deputy": "dan",
    "roles": {"staff": {"groups": ["staff"]}},
    "fields": {
        "note": {"type": "text"},
        "lines": {
            "type": "list",
            "columns": {
                "item": {"type": "text", "required": True, "max_length": 40},
                "size": {"type": "choice", "choices": ["small", "large, very", "1"]},
                "pieces": {"type": "integer", "label": "How many", "min": 1, "max": 99},
                "price": {"type": "money", "currency": "EUR"},
                "net": {"type": "money", "currency": "EUR", "value": "pieces * price"},
            },
            "min_rows": 1,
        },
    },
    "start": {"role": "staff", "fields": ["note", "lines"], "first": "over"},
    "steps": {"over": {"kind": "end", "result": "over"}},
}

PARTS = ("templateversion", "field", "role", "step", "route")
SAID: list[dict[str, Any]] = [
    {"type": "text"},
    {"type": "text", "required": False, "help": "Say it, briefly: no more"},
    {"type": "text", "required": True, "pattern": "[A-Z]{2}, [0-9]+"},
    {"type": "choice", "choices": ["a", "b, c", "yes", "2", "[x]"]},
    {"type": "money", "currency": "EUR", "min": 0, "max": "limit"},
    {"type": "number", "min": "0.5", "value": "pieces * 2", "round": {"digits": 1, "mode": "up"}},
    {"type": "date", "min": "today + 5d", "max": "2027-01-31"},
    {"type": "user", "in": ["finance", "legal"]},
]


def box(said: list[dict[str, Any]] | None = None) -> ColumnsField:
    field = ColumnsField()
    field.keep(said)
    return field


def line(**cells: str) -> dict[str, str]:
    return {column.name: "" for column in box().columns} | cells


@pytest.mark.parametrize("said", SAID)
def test_a_column_comes_back_as_it_was_said_touched_or_not(said: dict[str, Any]) -> None:
    columns = [{"key": "it", **said}]
    shown = box().prepare_value(columns)
    assert box(columns).clean(shown) == columns
    assert box().clean(shown) == columns
    assert not box(columns).has_changed(columns, shown)


def test_a_new_line_is_a_column_and_an_empty_one_is_none() -> None:
    typed = [line(key="item"), line(), line(key="net", type="money", currency="EUR", max="10.5")]
    assert box().clean(typed) == [
        {"key": "item", "type": "text"},
        {"key": "net", "type": "money", "currency": "EUR", "max": 10.5},
    ]
    assert box().clean([line(), line()]) is None


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"label": "No key"}, "Give each column a key"),
        ({"key": "Item"}, "Column “Item”: "),
        ({"key": "it", "type": "list"}, "Column “it”: "),
        ({"key": "it", "type": "choice"}, "`choices` goes with"),
        ({"key": "it", "currency": "EUR"}, "`currency` goes with"),
        ({"key": "it", "min": "3"}, "Column “it”: "),
        ({"key": "it", "more": "max_length"}, "Write names with values"),
        ({"key": "it", "more": "min: [1"}, "Column “it”: "),
        ({"key": "it", "more": "visible_to: [a]"}, "Column “it”: visible_to"),
        ({"key": "it", "label": "A", "more": "label: B"}, "is said twice"),
        ({"key": "it", "more": "key: other"}, "Column “it”: key"),
    ],
)
def test_what_is_no_column_is_refused_with_its_key(cells: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        box().clean([line(**cells)])


def test_a_key_is_said_once() -> None:
    with pytest.raises(ValidationError, match="each key only once"):
        box().clean([line(key="it"), line(key="it")])


def open_page() -> tuple[Client, TemplateVersion, str]:
    """A draft, and its owner's browser at its page."""
    make_user("dan")
    client = Client()
    names = [f"{verb}_{model}" for verb in ("view", "add", "change", "delete") for model in PARTS]
    client.force_login(make_staff("olga", *names))
    version = load_map(MAP)
    return client, version, page_of(version)


def form_of(client: Client, page: str) -> dict[str, Any]:
    return browser_form(client.get(page), "templateversion_form")


@pytest.mark.django_db
def test_what_is_saved_untouched_stays_and_a_spare_line_adds_a_column() -> None:
    client, draft, page = open_page()
    before = definition_data_of(draft)
    form = form_of(client, page)
    assert form["fields-1-listed-0-key"] == "item"
    assert form["fields-1-listed-1-choices"] == "small, 'large, very', '1'"
    assert client.post(page, form).status_code == 302
    assert definition_data_of(TemplateVersion.objects.get(pk=draft.pk)) == before
    form = form_of(client, page)
    form |= {"fields-1-listed-5-key": "by", "fields-1-listed-5-type": "user"}
    form |= {"fields-1-listed-0-more": "max_length: 60"}
    answer = client.post(page, form)
    assert answer.status_code == 302, problems_of(answer)
    said = definition_data_of(TemplateVersion.objects.get(pk=draft.pk))["fields"]["lines"]
    assert list(said["columns"]) == ["item", "size", "pieces", "price", "net", "by"]
    assert said["columns"]["item"] == {"type": "text", "required": True, "max_length": 60}
    assert said["columns"]["by"] == {"type": "user"}


@pytest.mark.django_db
def test_what_is_no_column_is_said_there_and_nothing_is_saved() -> None:
    client, _, page = open_page()
    form = form_of(client, page)
    form["fields-1-listed-3-currency"] = "euro"
    with nothing_changed():
        answer = client.post(page, form)
    text = answer.content.decode()
    assert "Column “price”: currency" in text
    assert 'value="euro"' in text


@pytest.mark.django_db
def test_how_many_files_a_field_takes_is_said_beside_it() -> None:
    make_user("dan")
    client = Client()
    names = [f"{verb}_{model}" for verb in ("view", "add", "change", "delete") for model in PARTS]
    client.force_login(make_staff("olga", *names))
    bills = {"type": "documents", "accept": ["pdf"], "min_files": 2, "max_files": 20}
    draft = load_map(MAP | {"fields": MAP["fields"] | {"bills": bills}})
    page, before = page_of(draft), definition_data_of(draft)
    form = form_of(client, page)
    assert (form["fields-2-min_files"], form["fields-2-max_files"]) == ("2", "20")
    assert client.post(page, form).status_code == 302
    assert definition_data_of(TemplateVersion.objects.get(pk=draft.pk)) == before
    form = form_of(client, page) | {"fields-2-min_files": "", "fields-2-max_files": "5"}
    assert client.post(page, form).status_code == 302
    said = definition_data_of(TemplateVersion.objects.get(pk=draft.pk))["fields"]["bills"]
    assert said == {"type": "documents", "accept": ["pdf"], "max_files": 5}
    wrong = form_of(client, page) | {"fields-2-max_files": "51"}
    with nothing_changed():
        answer = client.post(page, wrong)
    assert answer.status_code == 200
    assert problems_of(answer)
