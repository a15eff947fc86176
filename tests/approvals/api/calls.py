"""What these tests lean on: an office whose people call by token, and 'nothing changed'."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.test import Client
from django.utils import timezone

from tests.approvals.office import open_office
from tests.factories import publish_map
from tests.workflows.support import everything
from workflows.access.models import ApiToken
from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.access.services.tokens import make_token
from workflows.execution.models import WorkflowInstance
from workflows.people.models import User

API = "/api/v1"
ALL = [key for key, _ in ApiToken.SCOPES]

DELIVERY = {
    "format": 1,
    "key": "delivery",
    "name": "Delivery",
    "owner": "olivia",
    "deputy": "omar",
    "roles": {"staff": {"groups": ["staff"]}},
    "fields": {
        "order": {"type": "text", "required": True},
        "weight": {"type": "number"},
        "note": {"type": "text"},
        "region": {"type": "choice", "choices": ["EU", "US"]},
    },
    "start": {
        "role": "staff",
        "fields": ["order", "note", "region", "weight"],
        "triggers": [{"kind": "webhook"}],
        "first": "arrival",
    },
    "steps": {
        "arrival": {
            "kind": "wait",
            "message": "goods_arrived",
            "outputs": ["note"],
            "to": "check",
        },
        "check": {
            "kind": "task",
            "role": "staff",
            "expected": "1h",
            "due": "1d",
            "outcomes": {
                "fine": "received",
                "broken": {"to": "returned", "exception": True},
                "wrong": {"to": "returned", "exception": True},
            },
        },
        "received": {"kind": "end", "result": "received", "reopen": "check"},
        "returned": {"kind": "end", "result": "returned"},
    },
}
"""A delivery waits for a message; webhooks start it too."""


def open_api_office() -> dict[str, User]:
    """The people, and both maps published."""
    people = open_office()
    publish_map(DELIVERY)
    return people


def token_for(user: User, *scopes: str, **given: Any) -> str:
    """The text of a new token of this person; of all scopes where none is named."""
    values: dict[str, Any] = {"name": "test", "expires_at": None, "by": None, "now": timezone.now()}
    with suppress_fact_recording():
        return make_token(user=user, scopes=scopes or ALL, **values | given)[1]


class Api:
    """Calls with a person's token, or with no token."""

    def __init__(self, user: User | None = None, *scopes: str, token: str = "") -> None:
        self.client = Client(raise_request_exception=False)
        text = token or (token_for(user, *scopes) if user else "")
        self.headers = {"Authorization": f"Bearer {text}"} if text else {}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"{API}{path}", query, headers=self.headers)

    def post(self, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        """A POST with this body as JSON, and an idempotency key if one is given."""
        sent = self.headers | headers | ({"Idempotency-Key": key} if key else {})
        text = b"" if body is None else json.dumps(body).encode()
        return self.client.post(f"{API}{path}", text, content_type="application/json", headers=sent)


def seen_by(api: "Api", request: WorkflowInstance, task: int) -> str:
    """The digest that this task's representation carries."""
    items = api.get(f"/instances/{request.reference}").json()["work_items"]
    return next(str(one["seen"]) for one in items if one["id"] == task)


PURCHASE = {"amount": "1200.00", "region": "EU", "manager": "mia"}


def start_body(**changes: Any) -> dict[str, Any]:
    """What starts a purchase."""
    return {"workflow": "purchase-approval", "data": PURCHASE, "title": "Two laptops"} | changes


def problem(answer: Any, status: int, *words: str) -> Mapping[str, Any]:
    """The problem document that this answer is; it has these words in its sentence."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    said: Mapping[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(said)
    assert said["status"] == status
    for word in words:
        assert word in said["detail"], said
    return said


@contextmanager
def unchanged() -> Iterator[None]:
    """Every row stays as it was; tokens apart, which note that they were used."""
    before = everything()
    before.pop(ApiToken._meta.db_table)
    yield
    after = everything()
    for table, rows in before.items():
        assert after[table] == rows, f"{table} changed"
