"""One value has one reading at every door: form, API, webhook, message and log."""

from typing import Any

import pytest

from approvals.forms.field_forms import DeclaredForm
from tests.approvals.api.calls import DELIVERY, Api, open_api_office, problem, start_body, unchanged
from tests.approvals.api.test_hooks import make_key, send, signed
from tests.approvals.office import signed_in
from tests.factories import publish_map
from tests.workflows.support import everything
from workflows.engine.format.definition import Definition
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

pytestmark = pytest.mark.django_db

People = dict[str, User]
TWO_WAYS = ("12.500", "12,500", "1.234", "-12.500", "123.456")
BOTH = {
    "12.500": ("12500.00", "12.50"),
    "12,500": ("12500.00", "12.50"),
    "1.234": ("1234.00", "1.234"),
    "-12.500": ("-12500.00", "-12.50"),
    "123.456": ("123456.00", "123.456"),
}


@pytest.fixture
def people() -> People:
    return open_api_office()


def hooked(**fields: Any) -> None:
    """A delivery with these fields besides, started by webhooks too."""
    data = DELIVERY | {"fields": DELIVERY["fields"] | fields}
    data["start"] = DELIVERY["start"] | {"fields": list(data["fields"])}
    publish_map(data)


@pytest.mark.parametrize("typed", TWO_WAYS)
def test_an_amount_that_may_be_two_is_refused_with_both(people: People, typed: str) -> None:
    hooked(amount={"type": "money", "currency": "EUR"})
    make_key(people)
    form = {"title": "Forklift", "f-amount": typed, "f-region": "EU", "f-manager": "mia"}
    page = signed_in(people["sam"]).post("/start/purchase-approval/", form)
    assert page.status_code == 422
    said = page.content.decode()
    assert f'value="{typed}"' in said
    assert all(one in said for one in BOTH[typed])
    assert not WorkflowInstance.objects.exists()  # what was typed is kept as a draft, no more
    with unchanged():
        data = {"amount": typed, "region": "EU", "manager": "mia"}
        problem(Api(people["sam"]).post("/instances", start_body(data=data)), 422, *BOTH[typed])
        problem(send(signed({"order": "A", "amount": typed})), 422, *BOTH[typed])


def test_a_number_of_json_has_one_reading_and_keeps_its_digits(people: People) -> None:
    hooked(amount={"type": "money", "currency": "EUR"}, count={"type": "integer"})
    make_key(people)
    body = b'{"order": 4711, "note": 12.50, "amount": 12.500, "weight": 1.234, "count": 12.000}'
    assert send(signed(None, raw=body)).status_code == 201
    assert WorkflowInstance.objects.get().data == {
        "order": "4711",
        "note": "12.50",
        "amount": "12.50",
        "weight": "1.2340",
        "count": 12,
    }


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("order", 4711, "4711"),
        ("order", 2**53 + 1, "9007199254740993"),
        ("order", "0042", "0042"),
        ("region", "EU", "EU"),
        ("weight", 2, "2"),
        ("weight", 0.1, "0.1"),
        ("weight", "1234.567", "1234.567"),
    ],
)
def test_an_id_without_quotes_is_taken_as_its_digits(
    people: People, key: str, value: Any, kept: str
) -> None:
    data = {"order": "A"} | {key: value}
    answer = Api(people["sam"]).post("/instances", {"workflow": "delivery", "data": data})
    assert answer.status_code == 201, answer.content
    assert WorkflowInstance.objects.get().data[key] == kept


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("order", True),
        ("order", 1e300),
        ("order", ["A"]),
        ("order", {"a": 1}),
        ("order", 10**120),
        ("weight", True),
        ("weight", "1e400"),
        ("weight", "١٢"),
        ("weight", "NaN"),
        ("weight", "1 234"),
        ("weight", "1'234"),
        ("weight", [1]),
        ("weight", 10**16),
        ("region", 1),
        ("region", True),
    ],
)
def test_what_is_no_text_or_number_is_refused(people: People, key: str, value: Any) -> None:
    data = {"order": "A"} | {key: value}
    with unchanged():
        problem(Api(people["sam"]).post("/instances", {"workflow": "delivery", "data": data}), 422)


def test_a_request_reads_back_what_it_was_asked_for(people: People) -> None:
    """What GET says can be sent again."""
    api = Api(people["sam"])
    data = {"order": "A", "weight": 12.345, "note": "x", "region": "US"}
    first = api.post("/instances", {"workflow": "delivery", "data": data}).json()["reference"]
    told = api.get(f"/instances/{first}").json()["data"]
    second = api.post("/instances", {"workflow": "delivery", "data": told}).json()["reference"]
    assert api.get(f"/instances/{second}").json()["data"] == told


def test_a_form_takes_back_what_it_shows(people: People) -> None:
    """Numbers of three decimals, and moments to the second, as an older version kept them."""
    definition = Definition.model_validate(
        {
            "format": 1,
            "key": "x",
            "name": "X",
            "steps": {"end": {"kind": "end", "result": "x"}},
            "fields": {"rate": {"type": "number"}, "at": {"type": "datetime"}},
        }
    )
    shown = {"rate": "12.345", "at": "2026-03-05T10:00:25Z"}
    empty = DeclaredForm(definition, ["rate", "at"], opening_values=shown)
    typed = {f"f-{key}": empty[key].value() for key in shown}
    form = DeclaredForm(definition, ["rate", "at"], typed, opening_values=shown)
    assert form.is_valid(), form.errors
    assert form.changed() == {}
    before = everything()
    again = DeclaredForm(
        definition, ["rate", "at"], typed | {"f-rate": "12.346"}, opening_values=shown
    )
    assert "can be read as 12346 or as 12.3460" in str(again.errors["rate"])
    assert everything() == before


def test_a_time_that_the_clocks_leave_out_is_refused(people: People, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    definition = Definition.model_validate(
        {
            "format": 1,
            "key": "x",
            "name": "X",
            "steps": {"end": {"kind": "end", "result": "x"}},
            "fields": {"at": {"type": "datetime"}},
        }
    )
    left_out = DeclaredForm(definition, ["at"], {"f-at": "2026-03-29T02:30"})
    assert "There is no 02:30 on 2026-03-29" in str(left_out.errors["at"])
    twice = DeclaredForm(definition, ["at"], {"f-at": "2026-10-25T02:30"})
    assert twice.is_valid()
    assert twice.values() == {"at": "2026-10-25T00:30:00Z"}
