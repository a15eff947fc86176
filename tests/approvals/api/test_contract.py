"""The OpenAPI document against the running API: whatever is sent, the answer is documented."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import Settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.approvals.api.calls import PURCHASE, token_for
from tests.approvals.api.test_not_mine import delivery
from tests.approvals.office import ask
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.people.models import User

pytestmark = pytest.mark.django_db

People = dict[str, User]
DOCUMENT = Path(__file__).parents[3] / "docs" / "openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FEW, MANY = 10, 400


def test_the_document_that_is_kept_is_the_one_that_is_served(db: None) -> None:
    kept = json.loads(DOCUMENT.read_text())
    assert kept == Client().get("/api/v1/openapi.json").json()


def operations() -> list[str]:
    """By the document that is kept, since each worker asks before its first test."""
    paths = json.loads(DOCUMENT.read_text())["paths"].values()
    return sorted(operation["operationId"] for path in paths for operation in path.values())


@cache
def read_document() -> Any:
    """Once a process: with it our whole source is read, for values that it compares with."""
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


@pytest.fixture
def schema(people: People, settings: Settings) -> Iterator[Any]:
    """The document, over an API with work in every state, and nobody called too often."""
    for _ in range(3):
        ask(people["sam"])
    delivery(people)
    settings.API_RATE = settings.API_RATE_ANONYMOUS = "1000000/m"
    settings.ALLOWED_HOSTS = ["*"]
    # The API answers inside the test's transaction, so its connection stays open between calls
    # (Django's own test client sees to that, and undoes it; the WSGI application does neither).
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield read_document()
    for signal in signals:
        signal.connect(close_old_connections)


def real(case: Any, choose: Any) -> None:
    """Put what there is in the place of some of what was made up."""
    known = {
        "reference": [r.reference for r in WorkflowInstance.objects.all()],
        "task_id": list(WorkItem.objects.values_list("pk", flat=True)),
        "workflow": ["purchase-approval", "delivery"],
    }
    for name in (case.path_parameters or {}).keys() & known.keys():
        if choose.draw(st.booleans()):
            # By a number of a fixed range: what there is grows while the calls are made.
            there = known[name]
            case.path_parameters[name] = there[choose.draw(st.integers(0, 999)) % len(there)]
    if not isinstance(case.body, dict) or choose.draw(st.booleans()):
        return
    likely = {
        "workflow": "purchase-approval",
        "data": PURCHASE,
        "outcome": "approve",
        "message": "goods_arrived",
        "correlation": {"order": "A-1"},
        "reason": "Because.",
    }
    for name in case.body.keys() & likely.keys():
        if choose.draw(st.booleans()):
            case.body[name] = likely[name]


@pytest.mark.parametrize("number", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("name", operations())
def test_whatever_is_sent_the_answer_is_documented(
    schema: Any, people: People, name: str, mode: GenerationMode, number: int
) -> None:
    operation = schema.find_operation_by_id(name)
    tokens = [token_for(people[who]) for who in ("olivia", "mia", "sam", "stranger")]

    @seed(20261123)
    @examples(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), choose=st.data())
    def check(case: Any, choose: Any) -> None:
        real(case, choose)
        token = choose.draw(st.sampled_from(tokens))
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        case.validate_response(answer, checks=CHECKS)

    check()
