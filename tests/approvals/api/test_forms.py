"""What a start form and a task ask for, as a program reads it."""

from typing import Any

import jsonschema_rs
import pytest

from tests.approvals.api.calls import Api, problem, start_body
from tests.approvals.office import ask_approved
from tests.factories import open_task
from workflows.engine.values.field_types.base import FIELD_TYPES
from workflows.engine.values.fields import json_schema_of_fields
from workflows.people.models import User

pytestmark = pytest.mark.django_db

People = dict[str, User]


def test_a_start_form_says_what_it_takes(people: People) -> None:
    form = Api(people["sam"]).get("/workflows/purchase-approval/form").json()
    schema: dict[str, Any] = form["data_schema"]
    assert jsonschema_rs.meta.is_valid(schema)
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid(start_body()["data"])
    assert "amount" in schema["required"]
    assert schema["properties"]["region"]["enum"]
    for wrong in ({"amount": "much"}, {"amount": "1.00", "colour": "red"}, {}):
        assert not validator.is_valid(wrong)
    assert (form["step"], form["outcomes"]) == (None, [])


def test_a_task_says_what_its_step_fills_in_and_how_it_goes_out(people: People) -> None:
    request = ask_approved(people)
    task = open_task(request, "budget_check")
    form = Api(people["fred"]).get(f"/work-items/{task.pk}/form").json()
    assert form["step"] == "budget_check"
    assert "done" in form["outcomes"]
    assert set(form["data_schema"]["required"]) <= set(form["data_schema"]["properties"])
    problem(Api(people["sam"]).get("/workflows/no-such/form"), 404)


@pytest.mark.parametrize("name", FIELD_TYPES.names())
def test_every_type_of_fields_has_a_schema(name: str) -> None:
    class Spec:
        type, choices, currency, required, label = name, ["a", "b"], None, True, None

    schema = json_schema_of_fields(["x"], {"x": Spec()}, ["x"])
    assert jsonschema_rs.meta.is_valid(schema)
